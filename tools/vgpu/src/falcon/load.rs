// SPDX-License-Identifier: GPL-2.0
//! What a driver loaded into a Falcon's memories since the last reset, by port or by DMA.

use super::{Falcon, MEM_SIZE};

/// Where a piece was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Instruction memory.
    Imem,
    /// Instruction memory, marked secure.
    Secure,
    /// Data memory.
    Dmem,
}

impl Place {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Place::Imem => "imem",
            Place::Secure => "imem secure",
            Place::Dmem => "dmem",
        }
    }
}

/// A piece that was loaded without a gap.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Where.
    pub place: Place,
    /// Offset in that memory.
    pub at: usize,
    /// What is there when it is looked at.
    pub data: Vec<u8>,
}

/// For each word of both memories: what it was loaded as.
pub struct Loaded {
    imem: Vec<Option<Place>>,
    dmem: Vec<Option<Place>>,
}

impl Default for Loaded {
    fn default() -> Self {
        Self {
            imem: vec![None; MEM_SIZE / 4],
            dmem: vec![None; MEM_SIZE / 4],
        }
    }
}

impl Loaded {
    /// Bytes were loaded; what lies beyond the memory's end was not.
    pub fn note(&mut self, place: Place, at: usize, len: usize) {
        let map = match place {
            Place::Imem | Place::Secure => &mut self.imem,
            Place::Dmem => &mut self.dmem,
        };
        let (from, to) = (at / 4, at.saturating_add(len).div_ceil(4).min(map.len()));
        if let Some(words) = map.get_mut(from..to) {
            words.fill(Some(place));
        }
    }

    /// Nothing is loaded.
    pub fn clear(&mut self) {
        self.imem.fill(None);
        self.dmem.fill(None);
    }
}

impl Falcon {
    /// All that was loaded since the last reset, in the order of the memories.
    pub fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (map, memory) in [
            (&self.pieces.imem, &self.imem),
            (&self.pieces.dmem, &self.dmem),
        ] {
            let mut at = 0;
            for run in map.chunk_by(|a, b| a == b) {
                let range = at * 4..(at + run.len()) * 4;
                at += run.len();
                if let Some(place) = run[0] {
                    pieces.push(Piece {
                        place,
                        at: range.start,
                        data: memory[range].to_vec(),
                    });
                }
            }
        }
        pieces
    }

    /// Where and how the core starts: the boot vector, then what the boot ROM checks the signature with (0x1210 where it
    /// is in DMEM, 0x119c engine mask, 0x1198 ucode id, 0x1180 algorithm).
    pub fn start_words(&self) -> [u32; 5] {
        let [algorithm, ucode, engines, signature] = self.brom;
        [self.bootvec, signature, engines, ucode, algorithm]
    }
}
