// SPDX-License-Identifier: GPL-2.0

//! A device that is ready for everything, but for one register, which does what a test says; and a clock that does, too.

use std::collections::BTreeMap;

use nvkm_rs_core::boot::core::hal;
use nvkm_rs_core::boot::core::io::{Io, Unit};
use nvkm_rs_core::boot::core::run::Boot;

use super::{chipset, Access};

/// The register that is not ready.
#[derive(Clone, Copy, Debug)]
pub struct Stuck {
    pub addr: u32,
    /// What it reads.
    pub pending: u32,
    /// What it reads in the end.
    pub ready: u32,
    /// Reads until then; for ever if none.
    pub after: Option<u64>,
}

/// A device.
#[derive(Clone, Debug)]
pub struct Fake {
    /// What registers read; what was written, where nothing is said.
    pub registers: BTreeMap<u32, u32>,
    pub stuck: Option<Stuck>,
    /// What the choice of core reads after a reset.
    pub core: Option<u32>,
    /// Bytes of BAR0.
    pub size: u32,
    /// Nanoseconds, and how many more there are each time that someone looks.
    pub clock: u64,
    pub tick: u64,
    /// Reads of the register that is stuck.
    pub reads: u64,
    /// When it was read last.
    pub last: u64,
    /// Times that a poll paused.
    pub pauses: u64,
    /// Everything, in order, for as long as it is little.
    pub log: Vec<Access>,
    /// Where an access was outside of BAR0 or not at a word.
    pub stray: Option<u32>,
}

/// Accesses that are kept.
const KEPT: usize = 4096;

impl Default for Fake {
    fn default() -> Self {
        let mut registers = BTreeMap::new();
        for base in [0x11_0000, 0x84_0000] {
            registers.extend([
                // Ready for a reset, not clearing; and so before GA102.
                (base + 0x0f4, 0x8000_0000),
                (base + 0x10c, 0),
                // It has stopped.
                (base + 0x100, 0x10),
                // 64 KB each.
                (base + 0x108, 0x0002_0100),
                // DMA is idle.
                (base + 0x118, 2),
                // RISC-V runs, both ways.
                (base + 0x1240, 1),
                (base + 0x1388, 0x80),
            ]);
        }
        // The booter has handed over; WPR2 is there.
        registers.insert(0x11_80f8, 1 << 26);
        registers.insert(0x1f_a828, 0x100);
        Self {
            registers,
            stuck: None,
            core: None,
            size: 16 << 20,
            clock: 1_000_000_007,
            tick: 1000,
            reads: 0,
            last: 0,
            pauses: 0,
            log: Vec::new(),
            stray: None,
        }
    }
}

impl Fake {
    /// A device that reads that at that address.
    pub fn says(addr: u32, value: u32) -> Self {
        Self {
            stuck: Some(Stuck {
                addr,
                pending: value,
                ready: value,
                after: None,
            }),
            ..Self::default()
        }
    }

    /// The boot of a chip.
    pub fn boot(&mut self, gpu: &str) -> Boot<'_, Self> {
        let hal = hal::select(chipset(gpu)).unwrap();
        Boot { io: self, hal }
    }

    fn note(&mut self, addr: u32, access: Access) {
        if addr & 3 != 0 || addr.checked_add(4).is_none_or(|end| end > self.size) {
            self.stray = Some(addr);
        }
        if self.log.len() < KEPT {
            self.log.push(access);
        }
    }
}

impl Io for Fake {
    fn size(&self) -> u32 {
        self.size
    }

    fn read(&mut self, addr: u32) -> u32 {
        let mut value = self.registers.get(&addr).copied().unwrap_or(0);
        if let Some(stuck) = self.stuck.filter(|stuck| stuck.addr == addr) {
            value = match stuck.after {
                Some(after) if self.reads >= after => stuck.ready,
                _ => stuck.pending,
            };
            self.reads += 1;
            self.last = self.clock;
        }
        self.note(addr, Access::Read(addr, value));
        value
    }

    fn write(&mut self, addr: u32, value: u32) {
        self.note(addr, Access::Write(addr, value));
        if let (0x03c0, 1, Some(core)) = (addr & 0xffff, value & 1, self.core) {
            self.registers.insert(addr - 0x03c0 + 0x1668, core);
        }
        match addr & 0xffff {
            // What runs leaves 0 for a status, and the registers above are the device's.
            0x0040 => self.registers.insert(addr, 0),
            0x00f4 | 0x0100 | 0x0108 | 0x010c | 0x0118 | 0x1240 | 0x1388 => None,
            // A choice of core is made at once.
            0x1668 => self.registers.insert(addr, value | 1),
            _ => self.registers.insert(addr, value),
        };
    }

    fn now(&mut self) -> u64 {
        self.clock = self.clock.wrapping_add(self.tick);
        self.clock
    }

    fn pause(&mut self) {
        self.pauses += 1;
    }

    fn delay(&mut self, microseconds: u32) {
        self.clock = self.clock.wrapping_add(u64::from(microseconds) * 1000);
        self.note(0, Access::Delay(microseconds));
    }

    fn pmc(&mut self, unit: Unit, on: bool) {
        self.note(0, Access::Pmc(unit, on));
    }
}
