// SPDX-License-Identifier: GPL-2.0

//! Large replies out of several elements.

use ::core::fmt;
use ::core::ops::Range;

use super::element::{RpcHeader, RPC_HEADER_SIZE, RPC_SIZE_MAX};
use crate::abi::core::names::{is_event, FunctionName, CONTINUATION_RECORD};

/// The parts of a large reply do not fit together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JoinError {
    /// A part carries more than is missing.
    TooLong {
        /// Bytes of payload in the part.
        part: usize,
        /// Bytes still missing.
        missing: usize,
    },
    /// A continuation record carries nothing.
    Empty,
    /// Another reply came where a continuation record should.
    NotContinuation {
        /// Its function.
        function: u32,
    },
    /// The whole is not what a split reply can be, or the first part's length is impossible.
    Length {
        /// Bytes of the whole, header included.
        total: u32,
        /// `length` of the first part.
        first: u32,
    },
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooLong { part, missing } => write!(
                f,
                "large reply: a part of {part:#x} bytes where {missing:#x} are missing"
            ),
            Self::Empty => write!(f, "large reply: an empty continuation record"),
            Self::NotContinuation { function } => write!(
                f,
                "large reply: {} in place of a continuation record",
                FunctionName(function)
            ),
            Self::Length { total, first } => write!(
                f,
                "large reply: a first part of {first:#x} bytes for {total:#x} in all"
            ),
        }
    }
}

/// What a message is to a reply that is being joined.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Accept {
    /// Its payload goes into this range of the whole message (which begins with the RPC header).
    Part(Range<usize>),
    /// An event that came in between: to be delivered on its own, the join goes on. NVIDIA's driver
    /// polls for each continuation record the way it polls for a reply, so the protocol permits it.
    Event,
}

/// Gathers a reply of known size from its first part and continuation records.
///
/// Each accepted part makes progress, and no part exceeds what is missing, so a join ends after at
/// most as many parts as there are bytes.
#[derive(Debug, Eq, PartialEq)]
pub struct Joiner {
    total: usize,
    have: usize,
}

impl Joiner {
    /// Whether a reply of `total` bytes, RPC header included, comes in parts.
    #[must_use]
    pub fn is_needed(total: u32) -> bool {
        usize::try_from(total).is_ok_and(|total| total > RPC_SIZE_MAX)
    }

    /// Begins with the first part; its payload belongs at the beginning of the whole.
    ///
    /// `total` counts the RPC header once and all payload.
    ///
    /// # Errors
    ///
    /// [`JoinError::Length`] when `total` is not large or the first part is longer than it.
    pub fn new(total: u32, first: &RpcHeader) -> Result<Self, JoinError> {
        let bad = JoinError::Length {
            total,
            first: first.length,
        };
        let have = usize::try_from(first.length).map_err(|_| bad)?;
        let whole = usize::try_from(total).map_err(|_| bad)?;
        if !Self::is_needed(total) || !(RPC_HEADER_SIZE..=RPC_SIZE_MAX).contains(&have) {
            return Err(bad);
        }
        Ok(Self { total: whole, have })
    }

    /// Bytes of the whole message.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// Bytes still missing.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.total.saturating_sub(self.have)
    }

    /// Judges the next message. For [`Accept::Part`] the caller copies the payload before it asks
    /// again.
    ///
    /// # Errors
    ///
    /// [`JoinError`]; the join is over then, the message itself still is whatever it is.
    pub fn accept(&mut self, header: &RpcHeader) -> Result<Accept, JoinError> {
        if header.function != CONTINUATION_RECORD {
            return if is_event(header.function) {
                Ok(Accept::Event)
            } else {
                Err(JoinError::NotContinuation {
                    function: header.function,
                })
            };
        }
        let part = header
            .payload_len()
            .filter(|part| *part > 0)
            .ok_or(JoinError::Empty)?;
        let missing = self.missing();
        let end = self
            .have
            .checked_add(part)
            .filter(|end| *end <= self.total)
            .ok_or(JoinError::TooLong { part, missing })?;
        let range = self.have..end;
        self.have = end;
        Ok(Accept::Part(range))
    }
}
