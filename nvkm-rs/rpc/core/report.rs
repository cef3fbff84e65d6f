// SPDX-License-Identifier: GPL-2.0

//! What a session tells the log, what it counts, and which replies it no longer waits for.

use ::core::fmt;

use super::element::RpcHeader;
use super::error::{Error, RecvError, SendError};
use super::host::Awaited;
use crate::abi::core::names::FunctionName;

/// Numbers of a session since it began. They wrap.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Elements written.
    pub sent: u64,
    /// Elements received whole and well-formed.
    pub received: u64,
    /// Messages delivered to a handler.
    pub events: u64,
    /// Well-formed messages that nobody wanted.
    pub unwanted: u64,
    /// Messages that were lost because they were malformed or there was no memory for them.
    pub dropped: u64,
    /// Replies that came after their command had timed out.
    pub late: u64,
    /// Elements whose checksum was wrong.
    pub checksums: u64,
    /// Commands and messages that ended in an error.
    pub errors: u64,
}

/// Something for the log, one line each.
#[derive(Clone, Copy, Debug)]
pub enum Report<'a> {
    /// A command could not be written.
    Send(&'a SendError),
    /// A message could not be read.
    Receive(&'a RecvError),
    /// A command gets no reply.
    Reply(&'a Awaited, &'a Error),
    /// A message's checksum is off by a value; the message is used nevertheless.
    Checksum(&'a RpcHeader, u32),
    /// A reply came too late.
    Late(&'a RpcHeader),
    /// A continuation record came where nothing was to be continued. (The rest of a large reply
    /// that the caller only polled for comes this way.)
    Stray(&'a RpcHeader),
    /// A message that nobody waits for says that something failed.
    Failed(&'a RpcHeader),
    /// A message was lost for want of memory.
    NoMemory(&'a RpcHeader),
    /// A message has no handler.
    Unwanted(&'a RpcHeader),
}

/// How loud a report is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// Nothing is wrong, but somebody who looks for trouble wants to know.
    Debug,
    /// Something is odd.
    Warning,
    /// Something failed.
    Error,
}

impl Report<'_> {
    /// How loud it is.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::Stray(_) => Level::Debug,
            Self::Checksum(..) | Self::Late(_) | Self::Unwanted(_) => Level::Warning,
            Self::Send(_)
            | Self::Receive(_)
            | Self::Reply(..)
            | Self::Failed(_)
            | Self::NoMemory(_) => Level::Error,
        }
    }

    /// Whether the messages before it help: after a time-out.
    #[must_use]
    pub fn wants_history(&self) -> bool {
        match self {
            Self::Send(error) => matches!(error, SendError::TimedOut { .. }),
            Self::Reply(_, error) => matches!(
                error,
                Error::Recv(RecvError::TimedOut | RecvError::Incomplete { .. })
            ),
            _ => false,
        }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (header, what) = match self {
            Self::Send(error) => return error.fmt(f),
            Self::Receive(error) => return error.fmt(f),
            Self::Reply(awaited, error) => {
                return write!(f, "no reply to {}: {error}", FunctionName(awaited.function));
            }
            Self::Checksum(header, off) => {
                return write!(
                    f,
                    "message {}: checksum off by {off:#x}",
                    FunctionName(header.function)
                );
            }
            Self::Late(header) => (header, "came after its command had timed out"),
            Self::Stray(header) => (header, "continues nothing"),
            Self::Failed(header) => (header, "reports a failure that nobody waits for"),
            Self::NoMemory(header) => (header, "lost, no memory"),
            Self::Unwanted(header) => (header, "has no handler"),
        };
        write!(
            f,
            "message {} (length {:#x}, seq {:#x}, result {:#x}) {what}",
            FunctionName(header.function),
            header.length,
            header.sequence,
            header.rpc_result
        )
    }
}

/// Commands whose reply is still due though nobody waits for it any longer.
///
/// Replies are matched by function alone, as in C: not all firmware is known to give sequence
/// numbers back. So a reply is called late only when it carries exactly the numbers of a command
/// that timed out, and not those of the one that is waiting.
#[derive(Debug)]
pub(super) struct Late {
    entries: [Option<(u32, u32, u32)>; Self::DEPTH],
    next: usize,
}

impl Late {
    const DEPTH: usize = 8;

    /// None are due.
    pub(super) const fn new() -> Self {
        Self {
            entries: [None; Self::DEPTH],
            next: 0,
        }
    }

    /// A reply is due that nobody waits for.
    pub(super) fn due(&mut self, awaited: &Awaited) {
        let Some((first, last)) = awaited.sequence else {
            return;
        };
        if let Some(slot) = self.entries.get_mut(self.next) {
            *slot = Some((awaited.function, first, last));
        }
        self.next = match self.next.saturating_add(1) {
            Self::DEPTH => 0,
            next => next,
        };
    }

    /// Whether a message is a late reply, and not the one awaited. It is due no longer then.
    pub(super) fn is_late(&mut self, awaited: &Awaited, header: &RpcHeader) -> bool {
        let within = |first: u32, last: u32| {
            // Numbers wrap: compare distances.
            header.sequence.wrapping_sub(first) <= last.wrapping_sub(first)
        };
        if awaited
            .sequence
            .is_some_and(|(first, last)| within(first, last))
        {
            return false;
        }
        for slot in &mut self.entries {
            if slot.is_some_and(|(function, first, last)| {
                function == header.function && within(first, last)
            }) {
                *slot = None;
                return true;
            }
        }
        false
    }
}
