// SPDX-License-Identifier: GPL-2.0

//! What C lays out and hands over, beside what Rust would.
//!
//! Each step begins with what C has left of the one before, so that a difference is told where it
//! arises, and once.

use kernel::{
    error::code::*,
    prelude::*, //
};

use super::Shadow;
use crate::{
    abi::core::{
        arguments::{
            LibosRegion,
            Range,
            SrMeta, //
        },
        field::Fault,
    },
    boot::{
        core::{
            falcon::Falcon,
            image::Image,
            io::Unit,
            layout::{
                Layout,
                Reserved,
                Top, //
            },
            libos::{
                self,
                shared, //
            },
            run::Kind,
        },
        device,
    },
    bridge::{
        boot::{
            fields::Memory,
            io::{
                Loadable,
                Registers, //
            },
        },
        handle::Subsystem,
        pages::SharedPages,
        shadow::ledger::Ledger,
    },
};

/// The largest of the structures that are compared.
const STRUCTURE_MAX: usize = 0x200;

/// Compares a structure with the beginning of a memory.
fn structure(
    ledger: Ledger,
    group: &str,
    memory: &SharedPages,
    write: impl FnOnce(&mut [u8]) -> Result<usize, Fault>,
) {
    let mut bytes = [0; STRUCTURE_MAX];
    let Some(bytes) = write(&mut bytes).ok().and_then(|size| bytes.get(..size)) else {
        return ledger.refused(group, "structure", EINVAL);
    };
    ledger.bytes(group, "structure", memory, 0, bytes);
}

impl Shadow {
    /// What of the frame buffer is not GSP-RM's.
    pub(crate) fn top(&self) {
        let (ledger, gsp) = (self.ledger(Subsystem::Boot), self.gsp);
        let Some(hal) = self.hal else {
            return;
        };
        let reserved = Reserved::read(
            &mut Registers::new(gsp),
            gsp.has_display(),
            hal.locks_memory(),
        );
        let seen = gsp.seen_top();
        let Ok(top) = Top::new(seen.frame_buffer, reserved) else {
            return ledger.refused("fb", "top", ENOSPC);
        };
        for (field, c, rust) in [
            ("vga_addr", seen.vga_workspace.addr, top.vga_workspace.addr),
            ("vga_size", seen.vga_workspace.size, top.vga_workspace.size),
            ("bios_addr", seen.end, top.end),
            ("bios_size", gsp.seen_bios_size(), top.vga_workspace.size),
        ] {
            ledger.same("fb", field, c, rust);
        }
    }

    /// Where the rest goes, and what the booter is told of it.
    pub(crate) fn layout(&self) {
        let (ledger, gsp) = (self.ledger(Subsystem::Boot), self.gsp);
        let Some(hal) = self.hal else {
            return;
        };
        let seen = gsp.seen_layout();
        let sizes = device::sizes(gsp, self.abi, hal, seen.top.frame_buffer);
        match sizes.map(|sizes| Layout::new(seen.top, sizes)) {
            Some(Ok(layout)) => ranges(ledger, &seen, &layout),
            Some(Err(_)) => ledger.refused("fb", "layout", ENOSPC),
            None => ledger.refused("fb", "layout", EINVAL),
        }

        let meta = device::meta(gsp, &seen);
        let looked = gsp.look(Memory::WprMeta, |memory| {
            structure(ledger, "wpr_meta", memory, |out| {
                self.abi.wpr_meta(&meta, out)
            });
        });
        if let Err(error) = looked {
            ledger.refused("wpr_meta", "memory", error);
        }
    }

    /// What libos and RM are handed.
    pub(crate) fn libos(&self) {
        let ledger = self.ledger(Subsystem::Boot);
        for (group, looked) in [
            ("libos", self.regions()),
            ("loginit", self.log(Memory::LogInit, "loginit")),
            ("logintr", self.log(Memory::LogIntr, "logintr")),
            ("logrm", self.log(Memory::LogRm, "logrm")),
            ("shm", self.queues()),
            ("rmargs", self.arguments(false)),
        ] {
            if let Err(error) = looked {
                ledger.refused(group, "memory", error);
            }
        }
    }

    /// The regions that libos is told of.
    fn regions(&self) -> Result {
        let (ledger, gsp) = (self.ledger(Subsystem::Boot), self.gsp);
        let [init, intr, rm] = libos::LOGS;
        let regions = [
            (init, Memory::LogInit),
            (intr, Memory::LogIntr),
            (rm, Memory::LogRm),
            (libos::RMARGS, Memory::RmArgs),
        ];
        gsp.look(Memory::Libos, |memory| {
            let mut at = 0_usize;
            for (name, which) in regions {
                let region = LibosRegion {
                    name,
                    memory: gsp.memory(which),
                };
                let mut bytes = [0; 64];
                let size = self.abi.libos_region(&region, &mut bytes);
                let Some(bytes) = size.ok().and_then(|size| bytes.get(..size)) else {
                    return ledger.refused("libos", name, EINVAL);
                };
                ledger.bytes("libos", name, memory, at, bytes);
                at = at.saturating_add(bytes.len());
            }
        })
    }

    /// The list of a log buffer's pages.
    fn log(&self, which: Memory, group: &str) -> Result {
        let ledger = self.ledger(Subsystem::Boot);
        let Range { addr, .. } = self.gsp.memory(which);
        let list = libos::page_list(addr, super::wide(libos::LOG_SIZE), libos::LOG_LIST);
        self.gsp.look(which, |memory| {
            ledger.pieces(group, "list", memory, list);
        })
    }

    /// The queues' shared memory.
    fn queues(&self) -> Result {
        let ledger = self.ledger(Subsystem::Boot);
        let list = shared::list(self.gsp.memory(Memory::Shared).addr);
        let commands = usize::try_from(shared::COMMANDS)?;
        self.gsp.look(Memory::Shared, |memory| {
            ledger.pieces("shm", "list", memory, list);
            for (place, value) in shared::commands_header() {
                let at = commands.saturating_add(place.offset);
                ledger.bytes("cmdq", place.name, memory, at, &value.to_le_bytes());
            }
        })
    }

    /// RM's arguments.
    fn arguments(&self, resume: bool) -> Result {
        let ledger = self.ledger(Subsystem::Boot);
        let args = device::arguments(self.gsp, resume)?;
        let group = if resume { "rmargs_resume" } else { "rmargs" };
        self.gsp.look(Memory::RmArgs, |memory| {
            structure(ledger, group, memory, |out| self.abi.rm_args(&args, out));
        })
    }

    /// Which signature goes into an image: C has just read the same fuse.
    pub(crate) fn signature(&self, unit: Unit, image: &Loadable, index: i32) {
        let ledger = self.ledger(Subsystem::Boot);
        let (Some(hal), Some(table)) = (self.hal, image.signatures()) else {
            return;
        };
        let (kind, group) = match unit {
            Unit::Gsp => (Kind::Fwsec, "fwsec"),
            Unit::Sec2 => (Kind::Booter, "booter"),
        };
        let mut registers = Registers::new(self.gsp);
        let mut falcon = Falcon::new(&mut registers, unit, hal);
        let rust = hal.signature(&mut falcon, kind, &image.layout(), table.count);
        // An errno of C's, and a refusal of ours, are no index.
        let none = u64::MAX;
        let c = u64::try_from(index).unwrap_or(none);
        let rust = rust.ok().filter(|index| *index < table.count);
        ledger.same(group, "signature", c, rust.map_or(none, u64::from));
    }

    /// How much is saved at suspend, and what the booter is told of it.
    pub(crate) fn save(&self, size: u64) {
        let (ledger, gsp) = (self.ledger(Subsystem::Boot), self.gsp);
        let meta = device::meta(gsp, &gsp.seen_layout());
        match self.abi.sr_data_size(&meta) {
            Some(rust) => {
                ledger.same("sr", "size", size, rust);
            }
            None => ledger.refused("sr", "size", EINVAL),
        }

        let mut sr = SrMeta::default();
        sr.data.addr = gsp.memory(Memory::SrRadix3).addr;
        sr.data.size = size;
        let looked = gsp.look(Memory::SrMeta, |memory| {
            structure(ledger, "sr_meta", memory, |out| self.abi.sr_meta(&sr, out));
        });
        if let Err(error) = looked {
            ledger.refused("sr_meta", "memory", error);
        }
    }

    /// What RM is told when it comes back.
    pub(crate) fn resume(&self) {
        if let Err(error) = self.arguments(true) {
            self.ledger(Subsystem::Boot)
                .refused("rmargs_resume", "memory", error);
        }
    }
}

/// Compares a layout, from the top down. The first difference is told: what lies below follows from
/// it.
fn ranges(ledger: Ledger, c: &Layout, rust: &Layout) {
    let fields = [
        ("frts_size", c.frts.size, rust.frts.size),
        ("frts_addr", c.frts.addr, rust.frts.addr),
        ("boot_size", c.boot.size, rust.boot.size),
        ("boot_addr", c.boot.addr, rust.boot.addr),
        ("elf_size", c.image.size, rust.image.size),
        ("elf_addr", c.image.addr, rust.image.addr),
        ("heap_addr", c.heap.addr, rust.heap.addr),
        ("heap_size", c.heap.size, rust.heap.size),
        ("wpr2_addr", c.wpr2.addr, rust.wpr2.addr),
        ("wpr2_size", c.wpr2.size, rust.wpr2.size),
        (
            "non_wpr_heap_size",
            c.non_wpr_heap.size,
            rust.non_wpr_heap.size,
        ),
        (
            "non_wpr_heap_addr",
            c.non_wpr_heap.addr,
            rust.non_wpr_heap.addr,
        ),
    ];
    let _ = fields
        .into_iter()
        .all(|(field, c, rust)| ledger.same("fb", field, c, rust));
}
