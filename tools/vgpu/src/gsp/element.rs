// SPDX-License-Identifier: GPL-2.0
//! An element as it goes into the message queue: an RPC, and words of its headers that are not what they should be.

use crate::gsp::queue::{self, Rpc, MAX_PAYLOAD, PAGE};
use crate::gsp::CONTINUATION_RECORD;
use crate::mem::{le32, put32};

/// Offsets of words in an element (`GSP_MSG_QUEUE_ELEMENT`, `rpc_message_header_v`: nvrm/gsp.h).
pub mod word {
    /// `checkSum`
    pub const CHECKSUM: usize = 0x20;
    /// `seqNum`
    pub const SEQUENCE: usize = 0x24;
    /// `elemCount`
    pub const COUNT: usize = 0x28;
    /// `header_version`
    pub const VERSION: usize = 0x30;
    /// `signature`
    pub const SIGNATURE: usize = 0x34;
    /// `length`
    pub const LENGTH: usize = 0x38;
    /// `function`
    pub const FUNCTION: usize = 0x3c;
    /// `rpc_result`
    pub const RESULT: usize = 0x40;
    /// `rpc_result_private`
    pub const RESULT_PRIVATE: usize = 0x44;
    /// `sequence`
    pub const RPC_SEQUENCE: usize = 0x48;
}

/// One element to post.
#[derive(Debug, Clone, Default)]
pub struct Element {
    /// What it carries.
    pub rpc: Rpc,
    /// Counts as asynchronous.
    pub event: bool,
    words: Vec<(usize, u32)>,
    unsealed: bool,
    announced: Option<u32>,
}

impl Element {
    /// An honest element; a payload that does not fit is cut.
    pub fn of(rpc: Rpc) -> Self {
        Self {
            rpc,
            ..Self::default()
        }
    }

    /// An honest event.
    pub fn event(function: u32, payload: Vec<u8>) -> Self {
        Self {
            event: true,
            ..Self::of(crate::gsp::event(function, payload))
        }
    }

    /// The elements of a message: the first and its continuation records.
    pub fn split(rpc: &Rpc, event: bool) -> Vec<Self> {
        let mut parts = rpc.payload.chunks(MAX_PAYLOAD);
        let first = Rpc {
            payload: parts.next().unwrap_or_default().to_vec(),
            ..rpc.clone()
        };
        let rest = parts.map(|p| Rpc {
            function: CONTINUATION_RECORD,
            payload: p.to_vec(),
            ..rpc.clone()
        });
        std::iter::once(first)
            .chain(rest)
            .map(|rpc| Self {
                event,
                ..Self::of(rpc)
            })
            .collect()
    }

    /// With a word of its headers set; the checksum still fits.
    #[must_use]
    pub fn with(mut self, offset: usize, value: u32) -> Self {
        self.words.push((offset, value));
        self
    }

    /// The checksum is what it was before words were set.
    #[must_use]
    pub fn unsealed(mut self) -> Self {
        self.unsealed = true;
        self
    }

    /// The write pointer moves by so many pages, not by those that it takes.
    #[must_use]
    pub fn announced(mut self, pages: u32) -> Self {
        self.announced = Some(pages);
        self
    }

    /// The bytes: whole pages.
    pub fn bytes(&self, sequence: u32) -> Vec<u8> {
        let mut bytes = queue::encode(&self.rpc, sequence);
        for (offset, value) in &self.words {
            put32(&mut bytes, *offset, *value);
        }
        if !self.words.is_empty() && !self.unsealed {
            let kept = le32(&bytes, word::CHECKSUM);
            let sum = queue::checksum(&bytes);
            put32(&mut bytes, word::CHECKSUM, kept ^ sum);
        }
        bytes
    }

    /// By how many pages the write pointer moves.
    pub fn pages(&self, bytes: &[u8]) -> u32 {
        self.announced.unwrap_or((bytes.len() / PAGE) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_honest_one_is_what_the_queue_encodes() {
        let rpc = crate::gsp::event(0x1006, vec![7; 5000]);
        let element = Element::of(rpc.clone());
        let bytes = element.bytes(9);
        assert_eq!(bytes, queue::encode(&rpc, 9));
        assert_eq!(element.pages(&bytes), 2);
    }

    #[test]
    fn a_lie_is_sealed_unless_it_is_to_be_seen() {
        let rpc = crate::gsp::event(0x1006, vec![7; 40]);
        let lie = Element::of(rpc).with(word::LENGTH, 0xffff_ffff);
        let bytes = lie.bytes(1);
        assert_eq!(le32(&bytes, word::LENGTH), 0xffff_ffff);
        assert_eq!(queue::checksum(&bytes), 0);
        assert_ne!(queue::checksum(&lie.unsealed().bytes(1)), 0);
    }

    #[test]
    fn a_long_message_has_continuations() {
        let rpc = crate::gsp::event(76, vec![1; MAX_PAYLOAD + 1]);
        let parts = Element::split(&rpc, false);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[1].rpc.function, CONTINUATION_RECORD);
        assert_eq!(parts[1].rpc.payload.len(), 1);
    }
}
