// SPDX-License-Identifier: GPL-2.0

//! Large commands as several elements.

use ::core::iter::FusedIterator;
use ::core::ops::Range;

use super::element::PAYLOAD_MAX;
use crate::abi::core::names::CONTINUATION_RECORD;

/// One element of a command: its function, and which bytes of the payload it carries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// The command's own function in the first part, [`CONTINUATION_RECORD`] in the others.
    pub function: u32,
    /// Bytes of the whole payload, at most [`PAYLOAD_MAX`] of them.
    pub range: Range<usize>,
}

/// The elements of a command in order. There is always at least one.
#[derive(Clone, Debug)]
pub struct Split {
    function: Option<u32>,
    at: usize,
    len: usize,
}

impl Split {
    /// Plans a command of `len` bytes of payload.
    #[must_use]
    pub fn new(function: u32, len: usize) -> Self {
        Self {
            function: Some(function),
            at: 0,
            len,
        }
    }

    /// Whether a payload of `len` bytes needs more than one element.
    #[must_use]
    pub fn is_needed(len: usize) -> bool {
        len > PAYLOAD_MAX
    }
}

impl Iterator for Split {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let function = self.function.take();
        if function.is_none() && self.at >= self.len {
            return None;
        }
        let end = self.at.saturating_add(PAYLOAD_MAX).min(self.len);
        let range = self.at..end;
        self.at = end;
        Some(Part {
            function: function.unwrap_or(CONTINUATION_RECORD),
            range,
        })
    }
}

impl FusedIterator for Split {}
