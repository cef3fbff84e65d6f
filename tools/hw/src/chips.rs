// SPDX-License-Identifier: GPL-2.0
//! The chips that nouveau runs by GSP-RM, by the number in PMC_BOOT_0 (nvkm/engine/device/base.c).

use std::fmt;

/// A family, as nouveau's `card_type` groups them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// TU10x, TU11x.
    Turing,
    /// GA10x, GA100.
    Ampere,
    /// AD10x.
    Ada,
    /// GH100.
    Hopper,
    /// GB10x, GB20x.
    Blackwell,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Turing => "Turing",
            Family::Ampere => "Ampere",
            Family::Ada => "Ada",
            Family::Hopper => "Hopper",
            Family::Blackwell => "Blackwell",
        })
    }
}

/// A chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chip {
    /// nouveau's number for it (`device->chipset`).
    pub id: u32,
    /// Its name, as nouveau writes it and its firmware's directory is called.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// Whether `boot` in Rust knows it (nvkm-rs/boot/core/hal.rs).
    pub boot: bool,
}

const fn chip(id: u32, name: &'static str, family: Family, boot: bool) -> Chip {
    Chip {
        id,
        name,
        family,
        boot,
    }
}

/// All of them.
pub const CHIPS: [Chip; 24] = [
    chip(0x162, "tu102", Family::Turing, true),
    chip(0x164, "tu104", Family::Turing, true),
    chip(0x166, "tu106", Family::Turing, true),
    chip(0x167, "tu117", Family::Turing, true),
    chip(0x168, "tu116", Family::Turing, true),
    chip(0x170, "ga100", Family::Ampere, true),
    chip(0x172, "ga102", Family::Ampere, true),
    chip(0x173, "ga103", Family::Ampere, true),
    chip(0x174, "ga104", Family::Ampere, true),
    chip(0x176, "ga106", Family::Ampere, true),
    chip(0x177, "ga107", Family::Ampere, true),
    chip(0x180, "gh100", Family::Hopper, false),
    chip(0x192, "ad102", Family::Ada, true),
    chip(0x193, "ad103", Family::Ada, true),
    chip(0x194, "ad104", Family::Ada, true),
    chip(0x196, "ad106", Family::Ada, true),
    chip(0x197, "ad107", Family::Ada, true),
    chip(0x1a0, "gb100", Family::Blackwell, false),
    chip(0x1a2, "gb102", Family::Blackwell, false),
    chip(0x1b2, "gb202", Family::Blackwell, false),
    chip(0x1b3, "gb203", Family::Blackwell, false),
    chip(0x1b5, "gb205", Family::Blackwell, false),
    chip(0x1b6, "gb206", Family::Blackwell, false),
    chip(0x1b7, "gb207", Family::Blackwell, false),
];

/// What PMC_BOOT_0, or the driver's log, says of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// One of ours.
    Known(Chip),
    /// Another one, by its number.
    Other(u32),
    /// The register reads as all ones: the card sleeps, or its memory is switched off.
    Asleep,
}

/// The chip that a value of PMC_BOOT_0 means (bits 28:20, as `nvkm_device_ctor` reads it).
pub fn of_boot0(value: u32) -> Found {
    if value == u32::MAX {
        return Found::Asleep;
    }
    let id = (value & 0x1ff0_0000) >> 20;
    match CHIPS.iter().find(|c| c.id == id) {
        Some(chip) => Found::Known(*chip),
        None => Found::Other(id),
    }
}

/// The chip of a log line like `nouveau 0000:01:00.0: NVIDIA GA106 (b76000a1)`; the number is PMC_BOOT_0.
pub fn of_log(line: &str, address: &str) -> Option<Found> {
    let rest = line.strip_prefix("nouveau ")?.strip_prefix(address)?;
    let rest = rest.strip_prefix(": NVIDIA ")?;
    let (_, number) = rest.split_once('(')?;
    let value = u32::from_str_radix(number.split(')').next()?, 16).ok()?;
    Some(of_boot0(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot0_and_the_drivers_own_words() {
        let ga106 = *CHIPS.iter().find(|c| c.name == "ga106").unwrap();
        assert_eq!(of_boot0(0xb760_00a1), Found::Known(ga106));
        assert_eq!(of_boot0(0x1340_00a1), Found::Other(0x134));
        assert_eq!(of_boot0(u32::MAX), Found::Asleep);
        let line = "nouveau 0000:01:00.0: NVIDIA GA106 (b76000a1)";
        assert_eq!(of_log(line, "0000:01:00.0"), Some(Found::Known(ga106)));
        assert_eq!(of_log(line, "0000:02:00.0"), None);
        assert_eq!(
            of_log("nouveau 0000:01:00.0: bios: version 1", "0000:01:00.0"),
            None
        );
    }

    /// The list of the driver itself decides; this one must say the same.
    #[test]
    fn boot_in_rust_knows_the_same_chips() {
        let text = include_str!("../../../nvkm-rs/boot/core/hal.rs");
        let (_, select) = text.split_once("pub fn select(").unwrap();
        let mut known: Vec<u32> = select
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter_map(|w| u32::from_str_radix(w.strip_prefix("0x")?, 16).ok())
            .collect();
        known.sort_unstable();
        let mut ours: Vec<u32> = CHIPS.iter().filter(|c| c.boot).map(|c| c.id).collect();
        ours.sort_unstable();
        assert_eq!(ours, known);
    }
}
