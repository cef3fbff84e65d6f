// SPDX-License-Identifier: GPL-2.0

//! One device's boot: tier 0 tied to the kernel. Here what is made once; [`run`] starts and stops
//! it.

mod run;
mod trace;

use core::fmt;

use kernel::{
    error::code::*,
    new_mutex,
    prelude::*,
    sync::Mutex, //
};

use super::core::{
    error::{
        BootError,
        Errno, //
    },
    hal::{
        self,
        Hal, //
    },
    layout::{
        Layout,
        Reserved,
        Sizes,
        Top, //
    },
    libos::{
        self,
        shared, //
    },
    run::Boot as Runner,
};
use crate::{
    abi::core::{
        arguments::{
            LibosRegion,
            RmArgs,
            WprMeta, //
        },
        field::Fault,
        names::Event,
        sizing::Rm,
        Abi,
    },
    bridge::{
        bindings::nvkm_gsp_msg_ntfy_func,
        boot::{
            fields::Memory,
            io::Registers,
            logs::{
                self,
                Closed,
                Unopened, //
            },
        },
        compat,
        handle::{
            Gsp,
            Level, //
        },
        memory::DeviceMemory,
    },
};

/// Bytes of FRTS, where a chip has it.
const FRTS_SIZE: u64 = 0x10_0000;

/// The largest of the structures that are written to memory of their own.
const STRUCTURE_MAX: usize = 0x200;

/// The state for a device.
#[pin_data]
pub(crate) struct Boot {
    gsp: Gsp,
    abi: &'static dyn Abi,
    hal: &'static dyn Hal,
    /// How the frame buffer is laid out, once it is.
    #[pin]
    laid: Mutex<Option<WprMeta>>,
    #[pin]
    logs: Mutex<Option<Logs>>,
}

/// The kernel's errno.
fn errno(errno: Errno) -> Error {
    match errno {
        Errno::Invalid => EINVAL,
        Errno::Io => EIO,
        Errno::TimedOut => ETIMEDOUT,
        Errno::NotSupported => compat::enosys(),
    }
}

/// Bytes of what goes into WPR2, which others have made already; none for an absurd frame buffer.
pub(crate) fn sizes(gsp: Gsp, abi: &dyn Abi, hal: &dyn Hal, frame_buffer: u64) -> Option<Sizes> {
    Some(Sizes {
        frts: if hal.has_frts() { FRTS_SIZE } else { 0 },
        boot: gsp.memory(Memory::Bootloader).size,
        image: gsp.image_size(),
        heap: abi
            .sizing()
            .wpr_heap(hal.libos(), Rm::Tu10x, frame_buffer)?,
    })
}

/// What the booter is told of a layout, and of what lies in system memory.
pub(crate) fn meta(gsp: Gsp, layout: &Layout) -> WprMeta {
    let mut meta = layout.meta();
    meta.radix3.addr = gsp.memory(Memory::Radix3).addr;
    meta.radix3.size = layout.image.size;
    meta.bootloader = gsp.memory(Memory::Bootloader);
    meta.ucode = gsp.ucode();
    meta.signature = gsp.memory(Memory::Signature);
    meta
}

/// What RM is told of the queues.
pub(crate) fn arguments(gsp: Gsp, resume: bool) -> Result<RmArgs> {
    Ok(RmArgs {
        shared: gsp.memory(Memory::Shared).addr,
        pages: u32::try_from(shared::PAGES)?,
        commands: shared::COMMANDS,
        messages: shared::MESSAGES,
        resume,
    })
}

impl Boot {
    /// The state for the version that `abi` is the interface of.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP`: a chip that boots in another way; `ENOMEM`.
    pub(crate) fn new(gsp: Gsp, abi: &'static dyn Abi) -> Result<Pin<KBox<Self>>> {
        let hal = hal::select(gsp.chipset()).ok_or_else(compat::eopnotsupp)?;
        KBox::pin_init(
            pin_init!(Self {
                gsp,
                abi,
                hal,
                laid <- new_mutex!(None),
                logs <- new_mutex!(None),
            }),
            GFP_KERNEL,
        )
    }

    /// Says what went wrong, and gives its errno.
    fn bad(&self, what: &str, error: &BootError) -> Error {
        self.gsp
            .log(Level::Error, format_args!("rust: boot: {what}: {error}"));
        errno(error.errno())
    }

    /// The same of an argument that does not fit.
    fn bad_argument(&self, fault: &Fault) -> Error {
        self.gsp
            .log(Level::Error, format_args!("rust: boot: {fault}"));
        EINVAL
    }

    /// Runs on the device's registers.
    fn on_registers<T>(
        &self,
        what: &str,
        f: impl FnOnce(&mut Runner<'_, Registers>) -> Result<T, BootError>,
    ) -> Result<T> {
        let mut registers = Registers::new(self.gsp);
        let mut runner = Runner {
            io: &mut registers,
            hal: self.hal,
        };
        f(&mut runner).map_err(|error| self.bad(what, &error))
    }

    /// Memory for the device with one of the version's structures in it.
    fn structure(
        &self,
        write: impl FnOnce(&mut [u8]) -> Result<usize, Fault>,
    ) -> Result<DeviceMemory> {
        let mut bytes = [0; STRUCTURE_MAX];
        let size = write(&mut bytes).map_err(|fault| self.bad_argument(&fault))?;
        let mut memory = DeviceMemory::new(self.gsp, size)?;
        if !memory.pages()?.write(0, bytes.get(..size).ok_or(EINVAL)?) {
            return Err(EINVAL);
        }
        Ok(memory)
    }

    /// `tu102_gsp_oneinit()`
    pub(crate) fn oneinit(&self) -> Result {
        let gsp = self.gsp;
        let hal = self.hal;
        let no_room = |error: &dyn fmt::Display| {
            gsp.log(Level::Error, format_args!("rust: boot: {error}"));
            ENOSPC
        };

        let frame_buffer = gsp.frame_buffer();
        let reserved = Reserved::read(
            &mut Registers::new(gsp),
            gsp.has_display(),
            hal.locks_memory(),
        );
        let top = Top::new(frame_buffer, reserved).map_err(|error| no_room(&error))?;
        gsp.set_top(&top);

        gsp.make_booter(false)?;
        gsp.make_booter(true)?;
        gsp.set_up()?;

        let sizes = sizes(gsp, self.abi, hal, top.frame_buffer).ok_or(EINVAL)?;
        let layout = Layout::new(top, sizes).map_err(|error| no_room(&error))?;
        gsp.set_layout(&layout);
        let meta = self.keep_meta(&layout)?;

        if layout.frts.size != 0 {
            gsp.fwsec_frts()?;
        }

        let libos = gsp.memory(Memory::Libos).addr;
        *self.laid.lock() = Some(meta);
        self.on_registers("reset into RISC-V", |boot| {
            boot.reset()?;
            boot.hand_over(libos);
            Ok(())
        })
    }

    /// Makes what the booter is told (`tu102_gsp_wpr_meta_init()`).
    fn keep_meta(&self, layout: &Layout) -> Result<WprMeta> {
        let gsp = self.gsp;
        let meta = meta(gsp, layout);
        let memory = self.structure(|out| self.abi.wpr_meta(&meta, out))?;
        gsp.keep_memory(Memory::WprMeta, memory)?;
        Ok(meta)
    }

    /// `r535_gsp_libos_init()`
    pub(crate) fn libos(&self, print: nvkm_gsp_msg_ntfy_func, keep: bool) -> Result {
        let gsp = self.gsp;
        let mut libos_memory = DeviceMemory::new(gsp, libos::ARGS_SIZE)?;
        let args = libos_memory.pages()?;
        let mut at = 0_usize;
        let mut add = |name: &'static str, which: Memory| -> Result {
            let region = LibosRegion {
                name,
                memory: gsp.memory(which),
            };
            let mut bytes = [0; 64];
            let size = self
                .abi
                .libos_region(&region, &mut bytes)
                .map_err(|fault| self.bad_argument(&fault))?;
            if !args.write(at, bytes.get(..size).ok_or(EINVAL)?) {
                return Err(EINVAL);
            }
            at = at.checked_add(size).ok_or(EINVAL)?;
            Ok(())
        };

        let logs = [Memory::LogInit, Memory::LogIntr, Memory::LogRm];
        for (name, which) in libos::LOGS.into_iter().zip(logs) {
            let mut log = DeviceMemory::new(gsp, libos::LOG_SIZE)?;
            let pages = log.pages()?;
            let size = libos::LOG_SIZE as u64;
            if !libos::page_list(log.addr(), size, libos::LOG_LIST)
                .all(|(offset, entry)| pages.write(offset, &entry))
            {
                return Err(EINVAL);
            }
            gsp.keep_memory(which, log)?;
            add(name, which)?;
        }

        self.queues()?;
        gsp.keep_memory(Memory::RmArgs, DeviceMemory::new(gsp, libos::RMARGS_SIZE)?)?;
        self.rm_args(false)?;
        add(libos::RMARGS, Memory::RmArgs)?;
        gsp.keep_memory(Memory::Libos, libos_memory)?;

        if print.is_some() {
            self.open_logs(print, keep)?;
        }
        Ok(())
    }

    /// `r535_gsp_shared_init()`
    fn queues(&self) -> Result {
        let mut memory = DeviceMemory::new(self.gsp, usize::try_from(shared::SIZE)?)?;
        let pages = memory.pages()?;
        let commands = usize::try_from(shared::COMMANDS)?;
        let listed = shared::list(memory.addr()).all(|(offset, entry)| pages.write(offset, &entry));
        let headed = shared::commands_header().into_iter().all(|(place, value)| {
            commands
                .checked_add(place.offset)
                .is_some_and(|offset| pages.write(offset, &value.to_le_bytes()))
        });
        if !listed || !headed {
            return Err(EINVAL);
        }
        self.gsp.keep_memory(Memory::Shared, memory)?;
        self.gsp.set_queues()
    }

    /// Says in RM's arguments where the queues are, and whether it comes back from a suspend
    /// (`set_rmargs`).
    fn rm_args(&self, resume: bool) -> Result {
        let args = arguments(self.gsp, resume)?;
        let mut bytes = [0; 256];
        let size = self
            .abi
            .rm_args(&args, &mut bytes)
            .map_err(|fault| self.bad_argument(&fault))?;
        let bytes = bytes.get(..size).ok_or(EINVAL)?;
        self.gsp.with_memory(Memory::RmArgs, |memory| {
            memory.write(0, bytes).then_some(()).ok_or(EINVAL)
        })
    }

    /// `r535_gsp_libos_debugfs_init()`. A device without its log files boots.
    fn open_logs(&self, print: nvkm_gsp_msg_ntfy_func, keep: bool) -> Result {
        let gsp = self.gsp;
        if let Err(why) = logs::open(gsp) {
            let error = |line: fmt::Arguments<'_>| gsp.log(Level::Error, line);
            match why {
                Unopened::Directory => gsp.with_name(|name| {
                    error(format_args!("failed to create {name} debugfs root"));
                }),
                Unopened::File(name) => {
                    error(format_args!("failed to create {name} debugfs entry"));
                }
                Unopened::Memory => error(format_args!("no memory for GSP-RM's log files")),
            }
            return Ok(());
        }
        *self.logs.lock() = Some(Logs { gsp, keep });
        if let Some(event) = self.abi.event_number(Event::UcodeLibosPrint) {
            gsp.add_handler(event, print)?;
        }
        gsp.log(
            Level::Debug,
            format_args!("created debugfs GSP-RM logging entries"),
        );
        if keep {
            gsp.log(
                Level::Info,
                format_args!("logging buffers will be retained on failure"),
            );
        }
        Ok(())
    }
}

/// The device's log files; `keep` if they are to stay when it goes.
struct Logs {
    gsp: Gsp,
    keep: bool,
}

impl Drop for Logs {
    fn drop(&mut self) {
        let gsp = self.gsp;
        let warn = |line: fmt::Arguments<'_>| gsp.log(Level::Warn, line);
        match logs::close(gsp, self.keep) {
            Closed::Gone => {}
            Closed::Empty => warn(format_args!("all logging buffers are empty")),
            Closed::Lost => warn(format_args!("failed to migrate logging buffers")),
            Closed::Kept => gsp.with_name(|name| {
                warn(format_args!(
                    "logging buffers migrated to /sys/kernel/debug/nouveau/{name}"
                ));
            }),
        }
    }
}
