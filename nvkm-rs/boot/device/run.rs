// SPDX-License-Identifier: GPL-2.0

//! The ways up and down: FWSEC, the booters, the start, what GSP-RM orders amid it, the stop,
//! suspend and resume.

use kernel::{
    error::code::*,
    prelude::*, //
};

use super::{
    super::core::{
        io::Unit,
        run::Boot as Runner,
        sequencer::{
            self,
            Resume, //
        },
    },
    errno,
    Boot, //
};
use crate::{
    abi::core::{
        arguments::SrMeta,
        names::{
            Event,
            Function, //
        },
    },
    bridge::{
        boot::{
            fields::{
                EndRadix3,
                MakeRadix3,
                Memory,
                PostInit, //
            },
            io::{
                Claim,
                Loadable,
                Registers, //
            },
        },
        handle::Level,
    },
};

/// What GSP-RM is given before it unloads for a suspend: without it, channels are reset after some
/// resumes (the reason is not known: see `r535_gsp_fini()` in nvkm/subdev/gsp/rm/r535/gsp.c).
const SETTLE_MICROS: u32 = 200_000;

impl Boot {
    /// What comes behind the making of the image in `nvkm_gsp_fwsec_frts()`.
    pub(crate) fn frts(&self, mut image: Loadable) -> Result {
        let _claim = Claim::new(self.gsp, Unit::Gsp)?;
        let (low, high) = self.falcon("fwsec-frts", |boot| boot.fwsec_frts(&mut image))?;
        self.gsp.log(
            Level::Debug,
            format_args!("fwsec-frts: WPR2 @ {low:08x} - {high:08x}"),
        );
        Ok(())
    }

    /// `nvkm_gsp_fwsec_sb()`
    pub(crate) fn sb(&self, mut image: Loadable) -> Result {
        let _claim = Claim::new(self.gsp, Unit::Gsp)?;
        self.falcon("fwsec-sb", |boot| boot.fwsec_sb(&mut image))
    }

    /// `tu102_gsp_init()`
    pub(crate) fn init(&self, mut booter: Loadable) -> Result {
        let resume = self.gsp.has_memory(Memory::SrMeta);
        let meta = if resume {
            self.rm_args(true)?;
            Memory::SrMeta
        } else {
            Memory::WprMeta
        };
        let meta = self.gsp.memory(meta).addr;
        let claim = Claim::new(self.gsp, Unit::Sec2)?;
        self.falcon("booter-load", |boot| boot.booter_load(&mut booter, meta))?;
        drop(claim);
        self.gsp.start()
    }

    /// `r535_gsp_init()`
    pub(crate) fn start(&self, postinit: PostInit, radix3: EndRadix3) -> Result {
        let gsp = self.gsp;
        let version = gsp.ucode().app_version;
        self.on_registers("RISC-V", |boot| boot.start(version))?;

        let done = self.abi.event_number(Event::GspInitDone).ok_or(EINVAL)?;
        let up = gsp.wait_for(done);
        if up.is_ok() {
            gsp.set_running(true);
        }
        if gsp.has_memory(Memory::SrMeta) {
            gsp.restore_frame_buffer();
            gsp.end_memory(Memory::SrMeta);
            gsp.end_save(radix3);
            return up;
        }
        up?;
        gsp.post_init(postinit)
    }

    /// `tu102_gsp_fini()`
    pub(crate) fn fini(&self, suspend: u32, booter: impl FnOnce() -> Result<Loadable>) -> Result {
        let stopped = self.gsp.stop(suspend);
        if suspend != 0 {
            stopped?;
        }
        // What fails from here on is said, and the next step taken all the same: WPR2 must not
        // stay.
        let _ = self.on_registers("reset", |boot| boot.reset_falcon());
        let _ = self.gsp.fwsec_sb();
        let _ = booter().and_then(|image| self.unload(image, suspend != 0));
        Ok(())
    }

    /// Takes WPR2 down; with `save` what was in it goes where the suspend's metadata says.
    fn unload(&self, mut image: Loadable, save: bool) -> Result {
        let _claim = Claim::new(self.gsp, Unit::Sec2)?;
        let meta = save.then(|| self.gsp.memory(Memory::SrMeta).addr);
        let ran =
            self.falcon_maybe("booter-unload", |boot| boot.booter_unload(&mut image, meta))?;
        if !ran {
            self.gsp.log(
                Level::Debug,
                format_args!("WPR2 not set - skipping booter unload"),
            );
        }
        Ok(())
    }

    /// `r535_gsp_fini()`
    pub(crate) fn stop(
        &self,
        suspend: u32,
        make_radix3: MakeRadix3,
        end_radix3: EndRadix3,
    ) -> Result {
        let gsp = self.gsp;
        if suspend != 0 {
            self.save(make_radix3, end_radix3)?;
            gsp.sleep(SETTLE_MICROS);
        }
        let unloading = self.unloading(suspend != 0);
        if unloading.is_err() && suspend != 0 {
            // It runs on, and what was to survive is where it was.
            gsp.restore_frame_buffer();
            gsp.end_memory(Memory::SrMeta);
            gsp.end_save(end_radix3);
        }
        unloading?;
        if !self.on_registers("unload", |boot| Ok(boot.wait_unloaded()))? {
            gsp.log(
                Level::Error,
                format_args!("rust: boot: GSP-RM does not say that it has stopped"),
            );
        }
        gsp.set_running(false);
        Ok(())
    }

    /// Tells GSP-RM that the driver goes, or sleeps.
    fn unloading(&self, suspend: bool) -> Result {
        let mut message = [0; 64];
        let size = self
            .abi
            .unloading(suspend, &mut message)
            .map_err(|fault| self.bad_argument(&fault))?;
        let function = self.abi.function(Function::UnloadingGuestDriver);
        self.gsp.call(function, message.get(..size).ok_or(EINVAL)?)
    }

    /// Makes room for what is to survive, and has it saved.
    fn save(&self, make_radix3: MakeRadix3, end_radix3: EndRadix3) -> Result {
        let gsp = self.gsp;
        let size = self
            .laid
            .lock()
            .as_ref()
            .and_then(|meta| self.abi.sr_data_size(meta))
            .ok_or(EINVAL)?;
        gsp.begin_save(size, make_radix3)?;
        let saved = self.save_meta(size).and_then(|()| {
            let saved = gsp.save_frame_buffer();
            if saved.is_err() {
                gsp.end_memory(Memory::SrMeta);
            }
            saved
        });
        if saved.is_err() {
            gsp.end_save(end_radix3);
        }
        saved
    }

    /// Makes what the booter is told at the resume.
    fn save_meta(&self, size: u64) -> Result {
        let mut sr = SrMeta::default();
        sr.data.addr = self.gsp.memory(Memory::SrRadix3).addr;
        sr.data.size = size;
        let memory = self.structure(|out| self.abi.sr_meta(&sr, out))?;
        self.gsp.keep_memory(Memory::SrMeta, memory)
    }

    /// `r535_gsp_msg_run_cpu_sequencer()`
    pub(crate) fn sequencer(&self, message: &[u8]) -> Result {
        let resume = Resume {
            libos: self.gsp.memory(Memory::Libos).addr,
            app_version: self.gsp.ucode().app_version,
        };
        let gsp = self.gsp;
        let trace = &mut |command: &sequencer::Command| {
            gsp.log(Level::Trace, format_args!("{command}"));
        };
        let mut registers = Registers::new(gsp);
        let mut runner = Runner {
            io: &mut registers,
            hal: self.hal,
        };
        let summary = sequencer::run(&mut runner, message, &resume, trace).map_err(|error| {
            gsp.log(Level::Error, format_args!("rust: boot: {error}"));
            errno(error.errno())
        })?;
        // C warns, and goes on.
        if let Some((position, timeout)) = summary.last_timeout {
            let count = summary.timeouts;
            gsp.log(
                Level::Error,
                format_args!(
                    "rust: boot: seq: {count} commands saw nothing, the last at word {position} \
                     {timeout}"
                ),
            );
        }
        Ok(())
    }
}
