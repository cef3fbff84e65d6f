// SPDX-License-Identifier: GPL-2.0

//! The steps of GSP boot that run something on a falcon, and the GSP's way into RISC-V mode and
//! back.

use super::error::BootError;
use super::falcon::{halves, Falcon};
use super::hal::Hal;
use super::image::Image;
use super::io::{Io, Unit};
use super::registers::*;
use super::signature;
use crate::fw::core::falcon::Falcon as Layout;

/// How long what runs on a falcon may take (`gm200_flcn_fw_boot`).
pub(super) const RUN: u32 = 2_000_000;
/// How long RM may take to stop (`r535_gsp_fini`).
const UNLOAD: u32 = 2_000_000;
/// What the booter is told when it has nothing to keep (`tu102_gsp_fini`).
const NOTHING: (u32, u32) = (0xff, 0xff);

/// What an image is. Signatures are chosen by it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// FWSEC, on the GSP's falcon.
    Fwsec,
    /// A booter, on SEC2.
    Booter,
}

/// A device that is being booted.
pub struct Boot<'a, I: Io + ?Sized> {
    /// Its registers.
    pub io: &'a mut I,
    /// What differs between chips ([`super::hal::select`]).
    pub hal: &'static dyn Hal,
}

impl<I: Io + ?Sized> Boot<'_, I> {
    /// A unit's falcon.
    pub fn falcon(&mut self, unit: Unit) -> Falcon<'_> {
        Falcon::new(&mut self.io, unit, self.hal)
    }

    /// Puts an image into a falcon, runs it, and waits until it has stopped
    /// (`nvkm_falcon_fw_boot`). What the falcon left in its mailboxes comes back; a first one that
    /// is not 0 is a failure.
    ///
    /// # Errors
    ///
    /// The image cannot be loaded as it is, and nothing was done; the device does not do its part;
    /// what ran says so.
    pub fn run(
        &mut self,
        unit: Unit,
        kind: Kind,
        image: &mut dyn Image,
        mailboxes: (u32, Option<u32>),
    ) -> Result<(u32, u32), BootError> {
        let hal = self.hal;
        let mut falcon = self.falcon(unit);
        let limits = falcon.look();
        hal.check(image, limits)?;
        signature::patch(&mut falcon, kind, image)?;
        falcon.reset()?;
        image.sync();
        hal.load(&mut falcon, image, limits)?;
        hal.write_brom(&mut falcon, &image.layout());
        execute(&mut falcon, &image.layout(), mailboxes)
    }

    /// Runs FWSEC on the GSP.
    fn fwsec(&mut self, image: &mut dyn Image) -> Result<(u32, u32), BootError> {
        self.run(Unit::Gsp, Kind::Fwsec, image, (0, None))
    }

    /// Runs FWSEC with its command to make the FRTS region (`nvkm_gsp_fwsec_frts`). WPR2's two
    /// registers come back.
    ///
    /// # Errors
    ///
    /// As [`Boot::run`]; the command failed, or says it did not but made no region.
    pub fn fwsec_frts(&mut self, image: &mut dyn Image) -> Result<(u32, u32), BootError> {
        self.fwsec(image)?;
        let mut gsp = self.falcon(Unit::Gsp);
        let status: NV_PBUS_VBIOS_SCRATCH_0E = gsp.read();
        if status.is(NV_PBUS_VBIOS_SCRATCH_0E::FRTS_ERR_CODE) {
            return Err(BootError::Fwsec {
                command: "FWSEC-FRTS",
                seen: gsp.seen(status),
            });
        }
        let low: NV_PFB_PRI_MMU_WPR2_ADDR_LO = gsp.read();
        let high: NV_PFB_PRI_MMU_WPR2_ADDR_HI = gsp.read();
        if high.raw() == 0 {
            return Err(BootError::Wpr2 {
                expected: "there",
                seen: gsp.seen(high),
            });
        }
        Ok((low.raw(), high.raw()))
    }

    /// Runs FWSEC with its command to clean up after a secure boot (`nvkm_gsp_fwsec_sb`).
    ///
    /// # Errors
    ///
    /// As [`Boot::run`]; the command failed.
    pub fn fwsec_sb(&mut self, image: &mut dyn Image) -> Result<(), BootError> {
        self.fwsec(image)?;
        let mut gsp = self.falcon(Unit::Gsp);
        let status: NV_PBUS_VBIOS_SCRATCH_15 = gsp.read();
        match status.is(NV_PBUS_VBIOS_SCRATCH_15::SB_ERR_CODE) {
            true => Err(BootError::Fwsec {
                command: "FWSEC-SB",
                seen: gsp.seen(status),
            }),
            false => Ok(()),
        }
    }

    /// Runs the booter that loads RM: `meta_addr` is where it finds what to load, or what was kept
    /// over suspend (`tu102_gsp_booter_load`).
    ///
    /// # Errors
    ///
    /// As [`Boot::run`].
    pub fn booter_load(
        &mut self,
        image: &mut dyn Image,
        meta_addr: u64,
    ) -> Result<(u32, u32), BootError> {
        self.booter(image, halves(meta_addr))
    }

    /// Runs the booter that takes WPR2 down, if it is there; `meta_addr`, in suspend, is where to
    /// keep what is in it (`tu102_gsp_booter_unload`). Says whether the booter ran.
    ///
    /// # Errors
    ///
    /// As [`Boot::run`]; WPR2 is still there.
    pub fn booter_unload(
        &mut self,
        image: &mut dyn Image,
        meta_addr: Option<u64>,
    ) -> Result<bool, BootError> {
        let high: NV_PFB_PRI_MMU_WPR2_ADDR_HI = self.falcon(Unit::Gsp).read();
        if high.raw() == 0 {
            return Ok(false);
        }
        self.booter(image, meta_addr.map_or(NOTHING, halves))?;
        let mut gsp = self.falcon(Unit::Gsp);
        let high: NV_PFB_PRI_MMU_WPR2_ADDR_HI = gsp.read();
        match high.raw() {
            0 => Ok(true),
            _ => Err(BootError::Wpr2 {
                expected: "gone",
                seen: gsp.seen(high),
            }),
        }
    }

    /// Runs a booter on SEC2.
    fn booter(
        &mut self,
        image: &mut dyn Image,
        mailboxes: (u32, u32),
    ) -> Result<(u32, u32), BootError> {
        let mailboxes = (mailboxes.0, Some(mailboxes.1));
        self.run(Unit::Sec2, Kind::Booter, image, mailboxes)
    }

    /// Resets the GSP into RISC-V mode (`gsp->func->reset`).
    ///
    /// # Errors
    ///
    /// It does not come out of reset.
    pub fn reset(&mut self) -> Result<(), BootError> {
        let hal = self.hal;
        let mut gsp = self.falcon(Unit::Gsp);
        gsp.reset_engine()?;
        hal.select_riscv(&mut gsp);
        Ok(())
    }

    /// Tells RM's first code where libos' arguments are.
    pub fn hand_over(&mut self, libos: u64) {
        self.falcon(Unit::Gsp).write_mailboxes(libos);
    }

    /// Resets the GSP's falcon (`nvkm_falcon_reset`).
    ///
    /// # Errors
    ///
    /// It does not come out of reset, or does not become a falcon.
    pub fn reset_falcon(&mut self) -> Result<(), BootError> {
        self.falcon(Unit::Gsp).reset()
    }

    /// Says which RM it is, which lets it go on, and makes sure that it runs (`r535_gsp_init`).
    ///
    /// # Errors
    ///
    /// The RISC-V core does not run.
    pub fn start(&mut self, app_version: u32) -> Result<(), BootError> {
        let hal = self.hal;
        let mut gsp = self.falcon(Unit::Gsp);
        gsp.write(NV_PFALCON_FALCON_OS::new(app_version));
        hal.require_riscv(&mut gsp)
    }

    /// Waits until RM has stopped; says whether it has (`r535_gsp_fini`).
    pub fn wait_unloaded(&mut self) -> bool {
        let stopped = self
            .falcon(Unit::Gsp)
            .poll(UNLOAD, |mailbox: NV_PFALCON_FALCON_MAILBOX0| {
                mailbox.raw() == NV_PFALCON_FALCON_MAILBOX0::PROCESSOR_SUSPENDED
            });
        stopped.is_ok()
    }
}

/// Starts what is loaded, and waits until it has stopped (`gm200_flcn_fw_boot`).
fn execute(
    falcon: &mut Falcon<'_>,
    layout: &Layout,
    mailboxes: (u32, Option<u32>),
) -> Result<(u32, u32), BootError> {
    falcon.write(NV_PFALCON_FALCON_MAILBOX0::new(mailboxes.0));
    if let Some(mailbox1) = mailboxes.1 {
        falcon.write(NV_PFALCON_FALCON_MAILBOX1::new(mailbox1));
    }
    falcon.write(NV_PFALCON_FALCON_BOOTVEC::new(layout.boot_addr));
    falcon.start_directly();
    let halted = falcon.wait_for_halt(RUN);
    let mailbox0: NV_PFALCON_FALCON_MAILBOX0 = falcon.read();
    let mailbox1: NV_PFALCON_FALCON_MAILBOX1 = falcon.read();
    let mailboxes = (mailbox0.raw(), mailbox1.raw());
    let running = halted.err().map(|timeout| {
        let cpu = NV_PFALCON_FALCON_CPUCTL::new(timeout.value);
        (falcon.seen(cpu), timeout)
    });
    if running.is_some() || mailbox0.raw() != 0 {
        return Err(BootError::Failed {
            unit: falcon.unit(),
            mailboxes,
            running,
        });
    }
    Ok(mailboxes)
}
