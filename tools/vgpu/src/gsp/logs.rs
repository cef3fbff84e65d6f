// SPDX-License-Identifier: GPL-2.0
//! What GSP-RM writes into the driver's log buffers.
//!
//! A buffer is an array of words. The first says where the next entry goes, from 1 on, and is 0 until something was written;
//! entries follow it, first over the list of the buffer's pages that the driver left there (r535_gsp_libos_init() in
//! rm/r535/gsp.c), and from the last word on they go back to the first. A real card's entries are arguments for texts that only NVIDIA has; these
//! are texts of the model's own, without times, so that each run has the same. `LOGINIT` has what the bootloader says, `LOGRM` what RM
//! says, and `LOGINTR` stays empty.

use super::boot::Libos;
use crate::mem::{Bus, BusError};

/// Bytes of a word.
const WORD: u64 = 8;

/// One buffer.
#[derive(Debug, Clone, Copy)]
struct Log {
    addr: u64,
    words: u64,
    put: u64,
    entries: u64,
}

impl Log {
    fn of(libos: &Libos, name: &str) -> Option<Self> {
        let (addr, size) = libos.find(name)?;
        Some(Self {
            addr,
            words: size / WORD,
            put: 1,
            entries: 0,
        })
    }

    /// Writes an entry: the text, filled up with zeros, and a word that counts entries. The pointer goes last.
    fn write(&mut self, bus: &Bus, text: &str) -> Result<(), BusError> {
        if self.words < 2 {
            return Ok(());
        }
        self.entries += 1;
        let count = self.entries.to_le_bytes();
        for word in text.as_bytes().chunks(WORD as usize).chain([&count[..]]) {
            let mut b = [0; WORD as usize];
            b[..word.len()].copy_from_slice(word);
            bus.mem.write(self.addr + self.put * WORD, &b)?;
            self.put = if self.put + 1 < self.words {
                self.put + 1
            } else {
                1
            };
        }
        bus.mem.write(self.addr, &self.put.to_le_bytes())
    }
}

/// Both buffers, where the driver has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Logs {
    init: Option<Log>,
    rm: Option<Log>,
}

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// What runs before RM.
    Init,
    /// RM.
    Rm,
}

impl Logs {
    /// The buffers of a boot, with nothing in them.
    pub fn attach(libos: &Libos) -> Self {
        Self {
            init: Log::of(libos, "LOGINIT"),
            rm: Log::of(libos, "LOGRM"),
        }
    }

    /// Writes entries.
    ///
    /// # Errors
    /// A sentence, where there is no memory.
    pub fn write(&mut self, bus: &Bus, writer: Writer, texts: &[&str]) -> Result<(), String> {
        let (log, name) = match writer {
            Writer::Init => (&mut self.init, "LOGINIT"),
            Writer::Rm => (&mut self.rm, "LOGRM"),
        };
        let Some(log) = log else {
            return Ok(());
        };
        texts
            .iter()
            .try_for_each(|text| log.write(bus, text))
            .map_err(|e| format!("{name}: {e}"))
    }
}
