// SPDX-License-Identifier: GPL-2.0

//! The checksum of a queue element.
//!
//! C XORs all 64-bit words of the zero-padded element and folds the two halves together
//! (`r535_gsp_cmdq_push`). Zeroes add nothing, so the padding need not be seen here.

/// A checksum in the making: feed it the element's bytes in order, in pieces of any size.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Checksum {
    words: u64,
    /// Bytes of the current 64-bit word that were fed already, 0 to 7.
    phase: usize,
}

impl Checksum {
    /// The checksum of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next bytes of the element.
    pub fn update(&mut self, bytes: &[u8]) {
        let lead = match self.phase {
            0 => 0,
            phase => 8usize.saturating_sub(phase).min(bytes.len()),
        };
        let (head, body) = bytes.split_at_checked(lead).unwrap_or((bytes, &[]));
        self.partial(head);

        let chunks = body.chunks_exact(8);
        let tail = chunks.remainder();
        for chunk in chunks {
            if let Ok(word) = chunk.try_into() {
                self.words ^= u64::from_le_bytes(word);
            }
        }
        self.partial(tail);
    }

    /// Adds fewer bytes than finish the current word, or exactly as many.
    fn partial(&mut self, bytes: &[u8]) {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().skip(self.phase).zip(bytes) {
            *to = *from;
        }
        self.words ^= u64::from_le_bytes(word);
        self.phase = self.phase.wrapping_add(bytes.len()) & 7;
    }

    /// The value for the header's `checksum`; 0 over an element whose checksum is right.
    #[must_use]
    pub fn finish(self) -> u32 {
        // CAST: the upper half has been folded into the lower one, which is all that is wanted.
        (self.words ^ (self.words >> 32)) as u32
    }
}
