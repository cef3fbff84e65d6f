// SPDX-License-Identifier: GPL-2.0

//! What the tests of `boot` share: the virtual GPU behind `Io`, images in its memory, a device that does what a test says,
//! and nvkm's C as lists of accesses.

#![allow(dead_code)]

pub mod c;
pub mod check;
pub mod fake;
pub mod images;
pub mod virtual_gpu;

/// The virtual GPU's own host.
#[path = "../../../tools/vgpu/tests/support/mod.rs"]
pub mod model;

use std::fmt;

use nvkm_rs_core::boot::core::io::Unit;

/// What was done to a device.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Access {
    /// A register was read: address, value.
    Read(u32, u32),
    /// A register was written: address, value.
    Write(u32, u32),
    /// A unit's bit in PMC.
    Pmc(Unit, bool),
    /// Microseconds.
    Delay(u32),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(addr, value) => write!(f, "R {addr:#08x} {value:#010x}"),
            Self::Write(addr, value) => write!(f, "W {addr:#08x} {value:#010x}"),
            Self::Pmc(unit, on) => write!(f, "PMC {unit:?} {on}"),
            Self::Delay(micros) => write!(f, "delay {micros}"),
        }
    }
}

/// nouveau's numbers for the chips that the virtual GPU has.
pub const CHIPS: [(&str, u32); 8] = [
    ("tu102", 0x162),
    ("tu104", 0x164),
    ("tu106", 0x166),
    ("tu116", 0x168),
    ("ga100", 0x170),
    ("ga102", 0x172),
    ("ga106", 0x176),
    ("ad102", 0x192),
];

/// nouveau's number for a chip.
pub fn chipset(gpu: &str) -> u32 {
    CHIPS.iter().find(|chip| chip.0 == gpu).unwrap().1
}

/// A message for the sequencer with these words of commands.
pub fn message(words: &[u32]) -> Vec<u8> {
    let count = words.len() as u32;
    let header = [count, count, 0, 0, 0, 0, 0, 0, 0, 0];
    let all = header.iter().chain(words);
    all.flat_map(|word| word.to_le_bytes()).collect()
}
