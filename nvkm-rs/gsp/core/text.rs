// SPDX-License-Identifier: GPL-2.0

//! Bytes that others wrote, in the log.

use ::core::fmt::{self, Write};

/// Displays bytes: those that are no printable character of ASCII as `?`, so that nobody begins a
/// line of the log.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            let printable = matches!(byte, 0x20..=0x7e);
            f.write_char(if printable { char::from(*byte) } else { '?' })?;
        }
        Ok(())
    }
}
