// SPDX-License-Identifier: GPL-2.0

//! The last messages in both directions, for the log of a time-out (as NVIDIA's own driver prints
//! them).

use ::core::fmt;

use super::element::RpcHeader;
use crate::abi::core::names::FunctionName;

/// Which way a message went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// To the GSP.
    Sent,
    /// From the GSP.
    Received,
}

/// One message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// When, in nanoseconds of the caller's clock.
    pub time: u64,
    /// Number of the message among all that were recorded. It wraps.
    pub number: u32,
    /// Which way.
    pub direction: Direction,
    /// Function or event.
    pub function: u32,
    /// Bytes of RPC header and payload.
    pub length: u32,
    /// RPC sequence number.
    pub sequence: u32,
    /// `rpc_result`
    pub result: u32,
}

impl fmt::Display for Entry {
    /// One log line without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (arrow, what) = match self.direction {
            Direction::Sent => ("->", "sent"),
            Direction::Received => ("<-", "received"),
        };
        let (seconds, micros) = seconds(self.time);
        write!(
            f,
            "{arrow} {:>6} {what:<8} {seconds}.{micros:06} {} length {:#x} seq {:#x}",
            self.number,
            FunctionName(self.function),
            self.length,
            self.sequence
        )?;
        match self.direction {
            Direction::Received if self.result != 0 => write!(f, " result {:#x}", self.result),
            _ => Ok(()),
        }
    }
}

/// Whole seconds and microseconds of a time in nanoseconds; times past 136 years are not told
/// apart.
///
/// Done by shift and subtract: the kernel has no 64-bit division on 32-bit machines.
fn seconds(time: u64) -> (u32, u32) {
    const SECOND: u64 = 1_000_000_000;
    let mut rest = time;
    let mut seconds: u32 = 0;
    for bit in (0..32).rev() {
        let unit = SECOND.wrapping_shl(bit);
        if let Some(less) = rest.checked_sub(unit) {
            rest = less;
            seconds |= 1u32.wrapping_shl(bit);
        }
    }
    (seconds, u32::try_from(rest).unwrap_or(0) / 1_000)
}

/// Messages kept for each direction.
pub const DEPTH: usize = 16;

/// The last [`DEPTH`] entries of one direction.
#[derive(Debug)]
struct Recent {
    entries: [Option<Entry>; DEPTH],
    /// Where the next entry goes: the oldest one.
    next: usize,
}

impl Recent {
    const EMPTY: Self = Self {
        entries: [None; DEPTH],
        next: 0,
    };

    fn record(&mut self, entry: Entry) {
        if let Some(slot) = self.entries.get_mut(self.next) {
            *slot = Some(entry);
        }
        self.next = match self.next.saturating_add(1) {
            DEPTH => 0,
            next => next,
        };
    }

    /// Oldest first.
    fn iter(&self) -> impl Iterator<Item = &Entry> + '_ {
        let (new, old) = self
            .entries
            .split_at_checked(self.next)
            .unwrap_or((&[], &self.entries));
        old.iter().chain(new).flatten()
    }
}

/// The last [`DEPTH`] messages of each direction, so that a flood of events does not wash out the
/// commands.
#[derive(Debug)]
pub struct History {
    sent: Recent,
    received: Recent,
    number: u32,
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

impl History {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sent: Recent::EMPTY,
            received: Recent::EMPTY,
            number: 0,
        }
    }

    /// Records a message.
    pub fn record(&mut self, direction: Direction, header: &RpcHeader, time: u64) {
        let entry = Entry {
            number: self.number,
            time,
            direction,
            function: header.function,
            length: header.length,
            sequence: header.sequence,
            result: header.rpc_result,
        };
        self.number = self.number.wrapping_add(1);
        match direction {
            Direction::Sent => self.sent.record(entry),
            Direction::Received => self.received.record(entry),
        }
    }

    /// All that is kept, in the order in which it happened.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> + '_ {
        let mut sent = self.sent.iter().peekable();
        let mut received = self.received.iter().peekable();
        ::core::iter::from_fn(move || match (sent.peek(), received.peek()) {
            (Some(s), Some(r)) if precedes(r, s) => received.next(),
            (Some(_), _) => sent.next(),
            (None, _) => received.next(),
        })
    }
}

/// Whether `a` was recorded before `b`; the numbers of all entries kept lie close together, but may
/// wrap.
fn precedes(a: &Entry, b: &Entry) -> bool {
    a.number.wrapping_sub(b.number) > u32::MAX / 2
}

impl fmt::Display for History {
    /// One line a message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in self.iter() {
            writeln!(f, "{entry}")?;
        }
        Ok(())
    }
}
