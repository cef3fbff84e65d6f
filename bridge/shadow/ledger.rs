// SPDX-License-Identifier: GPL-2.0

//! What was compared, and what differs.

use core::fmt::{
    self,
    Write as _, //
};

use kernel::error::Error;

use crate::bridge::{
    bindings,
    handle::{
        Gsp,
        Subsystem, //
    },
    pages::SharedPages,
};

/// Bytes of a name, and a 0.
const NAME: usize = 48;

/// Most bytes compared at once.
const CHUNK: usize = 256;

/// Where a subsystem's comparisons are counted. A name is `group.field`.
#[derive(Clone, Copy)]
pub(crate) struct Ledger {
    gsp: Gsp,
    subsystem: Subsystem,
}

impl Ledger {
    /// That of a subsystem.
    pub(crate) fn new(gsp: Gsp, subsystem: Subsystem) -> Self {
        Self { gsp, subsystem }
    }

    /// Compares a value; whether both have the same.
    pub(crate) fn same(&self, group: &str, field: &str, c: u64, rust: u64) -> bool {
        self.compared();
        if c != rust {
            self.report(group, field, c, rust);
        }
        c == rust
    }

    /// Rust could not compute what C could.
    pub(crate) fn refused(&self, group: &str, field: &str, error: Error) {
        self.compared();
        // CAST: An errno as the kernel writes it: a small negative number.
        self.report(group, field, 0, i64::from(error.to_errno()) as u64);
    }

    /// Compares bytes with those in memory, from an offset on; a difference is a word of up to
    /// eight bytes.
    pub(crate) fn bytes(
        &self,
        group: &str,
        field: &str,
        memory: &SharedPages,
        offset: usize,
        rust: &[u8],
    ) -> bool {
        self.pieces(group, field, memory, [(offset, rust)])
    }

    /// Compares pieces of a memory, as one value.
    pub(crate) fn pieces<T: AsRef<[u8]>>(
        &self,
        group: &str,
        field: &str,
        memory: &SharedPages,
        pieces: impl IntoIterator<Item = (usize, T)>,
    ) -> bool {
        self.compared();
        for (offset, piece) in pieces {
            if let Some((c, rust)) = difference(memory, offset, piece.as_ref()) {
                self.report(group, field, c, rust);
                return false;
            }
        }
        true
    }

    /// Counts a value.
    pub(crate) fn compared(&self) {
        // SAFETY: By the invariants of `gsp`.
        unsafe {
            bindings::nvkm_rust_shadow_compared(self.gsp.as_ptr(), self.subsystem as u32, 1);
        }
    }

    /// Tells of a difference in what was counted.
    pub(crate) fn report(&self, group: &str, field: &str, c: u64, rust: u64) {
        let mut name = Name {
            bytes: [0; NAME],
            len: 0,
        };
        // It fails only where the name is cut.
        let _ = write!(name, "{group}.{field}");
        // SAFETY: By the invariants of `gsp`; the name is terminated, since its last byte is never
        // written.
        unsafe {
            bindings::nvkm_rust_shadow_report(
                self.gsp.as_ptr(),
                self.subsystem as u32,
                name.bytes.as_ptr().cast(),
                c,
                rust,
            );
        }
    }
}

/// The first words that differ; a memory that is too small is one.
fn difference(memory: &SharedPages, offset: usize, rust: &[u8]) -> Option<(u64, u64)> {
    let mut at = offset;
    for expected in rust.chunks(CHUNK) {
        let mut found = [0; CHUNK];
        let Some(found) = found.get_mut(..expected.len()) else {
            return Some((0, 0));
        };
        if !memory.read(at, found) {
            return Some((0, word(expected)));
        }
        if found != expected {
            let mut words = found.chunks(8).zip(expected.chunks(8));
            let differ = words.find(|(found, expected)| found != expected);
            return differ.map(|(found, expected)| (word(found), word(expected)));
        }
        at = at.saturating_add(CHUNK);
    }
    None
}

/// Up to eight bytes as a little-endian number.
pub(crate) fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

/// A name being made; its last byte stays 0.
struct Name {
    bytes: [u8; NAME],
    len: usize,
}

impl fmt::Write for Name {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.len..NAME - 1).ok_or(fmt::Error)?;
        let fits = room.len().min(text.len());
        for (to, from) in room.iter_mut().zip(text.as_bytes()) {
            *to = *from;
        }
        self.len += fits;
        if fits == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}
