// SPDX-License-Identifier: GPL-2.0

//! The setting's grammar: `0`, or words separated by commas, each
//!
//! | word | means |
//! |---|---|
//! | `1` | every subsystem that is ready, and can be served on the device's chip |
//! | `rpc` | that subsystem |
//! | `-rpc` | not that one (after `1`) |
//! | `rpc@570`, `1@570` | so for that firmware and newer ones; C for older ones |
//! | `shadow` | what Rust does not serve it computes beside C, where that has no side effects |
//!
//! Later words win. Tier 0: plain `::core`.

/// The subsystems, in the order of `enum nvkm_rust_subsys` (`nvkm/subdev/gsp/rust.h`), and whether
/// `1` means them.
pub const SUBSYSTEMS: &[(&str, bool)] = &[
    ("rpc", true),
    ("fw", true),
    ("boot", true),
    ("gsp", true), //
];

/// Those of them that can be computed beside C.
pub const SHADOWED: &[&str] = &["rpc", "fw", "boot"];

const COUNT: usize = SUBSYSTEMS.len();

/// A firmware version such as 570.144: numbers, most significant first; what is not said is 0.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version([u32; 4]);

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    ///
    /// [`Unknown`]: no numbers separated by dots, or more than four.
    pub fn parse(text: &[u8]) -> Result<Self, Unknown> {
        let mut version = Self::default();
        let mut slots = version.0.iter_mut();
        for part in text.split(|byte| *byte == b'.') {
            let slot = slots.next().ok_or(Unknown)?;
            if part.is_empty() {
                return Err(Unknown);
            }
            for digit in part {
                let digit = char::from(*digit).to_digit(10).ok_or(Unknown)?;
                *slot = slot
                    .checked_mul(10)
                    .and_then(|tens| tens.checked_add(digit))
                    .ok_or(Unknown)?;
            }
        }
        Ok(version)
    }
}

/// A word that is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unknown;

/// That Rust serves a subsystem.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Choice {
    /// From this firmware on.
    since: Version,
    /// It was asked for by its name: where it cannot be, that is an error.
    named: bool,
}

/// A setting: for each subsystem whether, and from which firmware on, Rust serves it; and whether
/// Rust is to look at what C does of the others.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    choices: [Option<Choice>; COUNT],
    shadow: bool,
}

/// What a setting means for a firmware, one bit a subsystem.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Resolved {
    /// Rust serves them.
    pub served: u32,
    /// C serves them, and Rust looks at what it does.
    pub shadowed: u32,
}

impl Selection {
    /// Reads a setting.
    ///
    /// # Errors
    ///
    /// [`Unknown`]: any word that is not understood makes the whole of it so.
    pub fn parse(text: &[u8]) -> Result<Self, Unknown> {
        let mut selection = Self::default();
        if text == b"0" {
            return Ok(selection);
        }
        for word in text.split(|byte| *byte == b',') {
            if word == b"shadow" {
                selection.shadow = true;
                continue;
            }
            let (word, on) = match word.strip_prefix(b"-") {
                Some(rest) => (rest, false),
                None => (word, true),
            };
            let mut halves = word.splitn(2, |byte| *byte == b'@');
            let name = halves.next().ok_or(Unknown)?;
            let since = match halves.next() {
                // "All but those for newer firmware" would be hard to read and is not needed.
                Some(_) if !on => return Err(Unknown),
                Some(version) => Version::parse(version)?,
                None => Version::default(),
            };
            let mut known = false;
            for ((subsystem, ready), slot) in SUBSYSTEMS.iter().zip(&mut selection.choices) {
                let named = subsystem.as_bytes() == name;
                if named || (name == b"1" && on && *ready) {
                    *slot = on.then_some(Choice { since, named });
                    known = true;
                }
            }
            if !known {
                return Err(Unknown);
            }
        }
        Ok(selection)
    }

    /// What the setting means for a firmware: nothing for a version that cannot be read. Those of
    /// `cannot` are not meant by `1`, and not looked at; by their names they are meant.
    #[must_use]
    pub fn resolve(&self, version: &[u8], cannot: u32) -> Resolved {
        let mut resolved = Resolved::default();
        let Ok(version) = Version::parse(version) else {
            return resolved;
        };
        let mut bit = 1;
        for ((name, _), choice) in SUBSYSTEMS.iter().zip(self.choices) {
            let can = cannot & bit == 0;
            let meant = |choice: Choice| choice.named || can;
            if choice.is_some_and(|choice| choice.since <= version && meant(choice)) {
                resolved.served |= bit;
            } else if self.shadow && can && SHADOWED.contains(name) {
                resolved.shadowed |= bit;
            }
            bit <<= 1_u32;
        }
        resolved
    }
}
