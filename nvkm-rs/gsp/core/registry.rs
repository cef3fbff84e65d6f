// SPDX-License-Identifier: GPL-2.0

//! RM's registry: keys that the driver wants, and those of its user.
//!
//! The user's are a text like `RMKey=1;RMOther=0x10;RMText=some`, without whitespace of any kind:
//! it is taken out before anything else, also from within. A value is a number if the kernel's
//! `kstrtol()` takes it for one, with base 0, and else a text. Of a number the lower half counts.

use crate::abi::core::services::{RegistryEntry, RegistryValue};

/// What the driver wants: RM may reset the secondary bus, is to keep the PCI configuration over a
/// reset, and boots on devices of which it has no name.
pub const REQUIRED: [RegistryEntry<'static>; 3] = [
    required(b"RMSecBusResetEnable"),
    required(b"RMForcePcieConfigSave"),
    required(b"RMDevidCheckIgnore"),
];

const fn required(key: &'static [u8]) -> RegistryEntry<'static> {
    RegistryEntry {
        key,
        value: RegistryValue::Dword(1),
    }
}

/// Most bytes of a key: with the 0 behind it, it has 64 in C.
pub const KEY_MAX: usize = 63;

/// What one part of the setting says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part<'a> {
    /// A key and its value.
    Entry(RegistryEntry<'a>),
    /// No key, no `=`, or no value.
    NoPair(&'a [u8]),
    /// A key that is too long, and its value.
    LongKey(&'a [u8], &'a [u8]),
}

/// The setting as it is read: without whitespace, each part with a 0 behind it.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a>(&'a [u8]);

impl<'a> Setting<'a> {
    /// Bytes that [`Setting::new`] wants for a text; none if they are absurdly many.
    #[must_use]
    pub fn room(text: &[u8]) -> Option<usize> {
        text.len().checked_add(1)
    }

    /// Puts a text into `room`, of at least [`Setting::room`] bytes. None if there are fewer. A 0
    /// ends the text.
    #[must_use]
    pub fn new(text: &[u8], room: &'a mut [u8]) -> Option<Self> {
        if room.len() <= text.len() {
            return None;
        }
        let mut rest = &mut *room;
        let mut put = |byte: u8| {
            if let Some((slot, more)) = ::core::mem::take(&mut rest).split_first_mut() {
                *slot = byte;
                rest = more;
            }
        };
        for byte in text.iter().take_while(|byte| **byte != 0) {
            match byte {
                b' ' | b'\t' | b'\n' => {}
                b';' => put(0),
                _ => put(*byte),
            }
        }
        put(0);
        let left = rest.len();
        room.get(..room.len().checked_sub(left)?).map(Self)
    }

    /// Its parts, in order. An empty text has one, which is empty.
    pub fn parts(self) -> impl Iterator<Item = Part<'a>> {
        self.0.split_inclusive(|byte| *byte == 0).map(part)
    }
}

/// Reads a part, with the 0 behind it.
fn part(terminated: &[u8]) -> Part<'_> {
    let text = terminated.strip_suffix(&[0]).unwrap_or(terminated);
    let mut halves = text.splitn(2, |byte| *byte == b'=');
    let (Some(key), Some(value)) = (halves.next(), halves.next()) else {
        return Part::NoPair(text);
    };
    if key.is_empty() || value.is_empty() {
        return Part::NoPair(text);
    }
    if key.len() > KEY_MAX {
        return Part::LongKey(key, value);
    }
    let behind = terminated.get(key.len().saturating_add(1)..);
    let value = match number(value) {
        Some(number) => RegistryValue::Dword(low(number)),
        None => RegistryValue::Text(behind.unwrap_or(&[0])),
    };
    Part::Entry(RegistryEntry { key, value })
}

/// The lower half, as C makes it of a `long`.
fn low(number: i64) -> u32 {
    u32::try_from(number & 0xffff_ffff).unwrap_or(0)
}

/// As `kstrtol()` reads a number with base 0; none where that fails.
#[must_use]
pub fn number(text: &[u8]) -> Option<i64> {
    let number = match text {
        [b'-', rest @ ..] => 0_i64.checked_sub_unsigned(unsigned(rest)?)?,
        [b'+', rest @ ..] => i64::try_from(unsigned(rest)?).ok()?,
        _ => i64::try_from(unsigned(text)?).ok()?,
    };
    // A long, which is a pointer's size.
    isize::try_from(number).ok().map(|_| number)
}

fn starts_hexadecimal(digits: &[u8]) -> bool {
    digits.first().is_some_and(u8::is_ascii_hexdigit)
}

/// Digits, up to the end; a last newline does not count.
fn unsigned(text: &[u8]) -> Option<u64> {
    let (digits, base) = match text {
        [b'0', b'x' | b'X', digits @ ..] if starts_hexadecimal(digits) => (digits, 16),
        [b'0', ..] => (text, 8),
        _ => (text, 10),
    };
    let digits = digits.strip_suffix(b"\n").unwrap_or(digits);
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, byte| {
        let value = match byte {
            b'0'..=b'9' => byte.wrapping_sub(b'0'),
            b'a'..=b'f' => byte.wrapping_sub(b'a').wrapping_add(10),
            b'A'..=b'F' => byte.wrapping_sub(b'A').wrapping_add(10),
            _ => return None,
        };
        let value = u64::from(value);
        (value < base)
            .then(|| sum.checked_mul(base)?.checked_add(value))
            .flatten()
    })
}
