// SPDX-License-Identifier: GPL-2.0

//! The virtual GPU as the boot sees it, with all accesses on record.

use std::cell::Cell;
use std::rc::Rc;

use nvkm_rs_core::boot::core::hal;
use nvkm_rs_core::boot::core::io::{Io, Unit};
use nvkm_rs_core::boot::core::run::Boot;
use nvkm_vgpu::vbios::Shape;

use super::model::Host;
use super::{chipset, Access};

/// Bytes of a GPU's BAR0.
pub const BAR0: u32 = 16 << 20;

/// A virtual GPU.
pub struct Gpu {
    pub host: Host,
    pub name: &'static str,
    /// What was done to it, and at which step of the test.
    pub log: Vec<(usize, Access)>,
    /// The test's step.
    pub step: Rc<Cell<usize>>,
    /// Bytes of BAR0 that were read as the VBIOS are not on record.
    clock: u64,
}

impl Gpu {
    /// A chip after power-on, with a VBIOS of that shape.
    pub fn new(name: &'static str, shape: Shape) -> Self {
        Self {
            host: Host::with(name, "570.144", shape, false),
            name,
            log: Vec::new(),
            step: Rc::default(),
            clock: 0,
        }
    }

    /// The boot of it.
    pub fn boot(&mut self) -> Boot<'_, Self> {
        let hal = hal::select(chipset(self.name)).unwrap();
        Boot { io: self, hal }
    }

    /// What was done since the last time.
    pub fn take(&mut self) -> Vec<Access> {
        let log = std::mem::take(&mut self.log);
        log.into_iter().map(|(_, access)| access).collect()
    }

    /// What the model has to complain of.
    pub fn errors(&self) -> Vec<serde_json::Value> {
        self.host.report()["errors"].as_array().unwrap().clone()
    }

    /// Registers that the model does not know.
    pub fn unknown(&self) -> Vec<serde_json::Value> {
        let report = self.host.report();
        report["unknown_registers"].as_array().unwrap().clone()
    }

    fn note(&mut self, access: Access) {
        self.log.push((self.step.get(), access));
    }
}

impl Io for Gpu {
    fn size(&self) -> u32 {
        BAR0
    }

    fn read(&mut self, addr: u32) -> u32 {
        let value = self.host.rd(addr);
        self.note(Access::Read(addr, value));
        value
    }

    fn write(&mut self, addr: u32, value: u32) {
        self.note(Access::Write(addr, value));
        self.host.wr(addr, value);
    }

    fn now(&mut self) -> u64 {
        self.clock += 1000;
        self.clock
    }

    fn pause(&mut self) {}

    fn delay(&mut self, microseconds: u32) {
        self.clock += u64::from(microseconds) * 1000;
        self.note(Access::Delay(microseconds));
    }

    fn pmc(&mut self, unit: Unit, on: bool) {
        self.note(Access::Pmc(unit, on));
    }
}
