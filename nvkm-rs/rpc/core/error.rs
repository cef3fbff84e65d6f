// SPDX-License-Identifier: GPL-2.0

//! What can go wrong, with what a person needs to know of it: each `Display` is one log line.

use ::core::fmt;

use super::element::{ElementHeader, RpcHeader, ELEMENT_PAGES_MAX, RPC_HEADER_SIZE, RPC_SIZE_MAX};
use super::join::JoinError;
use super::status::Errno;
use crate::abi::core::names::FunctionName;

/// A command could not be written. The queue is as it was before; no sequence number was spent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SendError {
    /// The device did not make room in time.
    TimedOut {
        /// Function of the command.
        function: u32,
        /// Pages needed.
        pages: u32,
        /// Pages that were free at last.
        free: u32,
    },
    /// The device's read pointer is outside of the ring.
    ReadPointer {
        /// The pointer as read.
        value: u32,
        /// Pages of the ring.
        count: u32,
    },
    /// The command fits neither an element nor the ring, or its length disagrees with its header.
    TooLarge {
        /// Function of the command.
        function: u32,
        /// Bytes of payload.
        payload: usize,
    },
    /// The ring's memory is smaller than the ring.
    Memory,
}

impl SendError {
    /// The errno for the caller.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::TimedOut { .. } => Errno::TimedOut,
            Self::TooLarge { .. } => Errno::MessageSize,
            Self::ReadPointer { .. } | Self::Memory => Errno::Io,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TimedOut {
                function,
                pages,
                free,
            } => write!(
                f,
                "command {}: timed out waiting for {pages} free pages, {free} are",
                FunctionName(function)
            ),
            Self::ReadPointer { value, count } => {
                write!(
                    f,
                    "command queue: read pointer {value:#x} is not below {count:#x}"
                )
            }
            Self::TooLarge { function, payload } => write!(
                f,
                "command {}: {payload:#x} bytes of payload cannot be sent",
                FunctionName(function)
            ),
            Self::Memory => write!(f, "command queue: its memory is smaller than its ring"),
        }
    }
}

/// What became of the message queue's read pointer after an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recovery {
    /// Unmoved: nothing could be read, or the device's write pointer is no pointer.
    Kept,
    /// Moved past the bad element; what comes after it is intact.
    Skipped {
        /// Pages of the element, by its `elem_count`.
        pages: u32,
    },
    /// Moved to the device's write pointer: where the next element begins is not known.
    Resynced {
        /// Pages given up.
        pages: u32,
    },
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => write!(f, "queue left as it is"),
            Self::Skipped { pages } => write!(f, "skipped {pages} pages"),
            Self::Resynced { pages } => {
                write!(f, "gave up {pages} pages, up to the write pointer")
            }
        }
    }
}

/// Both headers of a received element, as read once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Headers {
    /// The queue's header.
    pub element: ElementHeader,
    /// The RPC's header.
    pub rpc: RpcHeader,
}

impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "message {} (element {:#x}, seq {:#x})",
            FunctionName(self.rpc.function),
            self.element.sequence,
            self.rpc.sequence
        )
    }
}

/// A message could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecvError {
    /// Nothing arrived in time.
    TimedOut,
    /// The device's write pointer is outside of the ring.
    WritePointer {
        /// The pointer as read.
        value: u32,
        /// Pages of the ring.
        count: u32,
    },
    /// The RPC length is below its header's or above what an element or the ring can hold.
    Length {
        /// The headers as read.
        headers: Headers,
        /// Where the queue stands now.
        recovery: Recovery,
    },
    /// The element's count of pages is not the one that its length needs.
    ElementCount {
        /// The headers as read.
        headers: Headers,
        /// Pages by the RPC length.
        pages: u32,
        /// Where the queue stands now.
        recovery: Recovery,
    },
    /// The element's first page arrived and the rest of it did not in time.
    Incomplete {
        /// The headers as read.
        headers: Headers,
        /// Pages of the element.
        pages: u32,
        /// Where the queue stands now.
        recovery: Recovery,
    },
    /// The ring's memory is smaller than the ring, or a buffer is not as large as the message.
    Memory {
        /// Where the queue stands now.
        recovery: Recovery,
    },
}

impl RecvError {
    /// The errno for the caller.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::TimedOut | Self::Incomplete { .. } => Errno::TimedOut,
            Self::WritePointer { .. }
            | Self::Length { .. }
            | Self::ElementCount { .. }
            | Self::Memory { .. } => Errno::Io,
        }
    }

    /// Whether trying again at once would meet the same error.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.recovery() == Recovery::Kept
    }

    /// Where the queue stands now.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        match *self {
            Self::TimedOut | Self::WritePointer { .. } => Recovery::Kept,
            Self::Length { recovery, .. }
            | Self::ElementCount { recovery, .. }
            | Self::Incomplete { recovery, .. }
            | Self::Memory { recovery } => recovery,
        }
    }

    /// The headers of the offending element, where there are any.
    #[must_use]
    pub fn headers(&self) -> Option<&Headers> {
        match self {
            Self::Length { headers, .. }
            | Self::ElementCount { headers, .. }
            | Self::Incomplete { headers, .. } => Some(headers),
            Self::TimedOut | Self::WritePointer { .. } | Self::Memory { .. } => None,
        }
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => write!(f, "timed out waiting for a message"),
            Self::WritePointer { value, count } => {
                write!(
                    f,
                    "message queue: write pointer {value:#x} is not below {count:#x}"
                )
            }
            Self::Length { headers, recovery } => write!(
                f,
                "{headers}: length {:#x} is not within {RPC_HEADER_SIZE:#x} to {RPC_SIZE_MAX:#x}; \
                 {recovery}",
                headers.rpc.length
            ),
            Self::ElementCount {
                headers,
                pages,
                recovery,
            } => write!(
                f,
                "{headers}: element count {:#x} where length {:#x} needs {pages} of at most \
                 {ELEMENT_PAGES_MAX}; {recovery}",
                headers.element.elem_count, headers.rpc.length
            ),
            Self::Incomplete {
                headers,
                pages,
                recovery,
            } => write!(
                f,
                "{headers}: timed out waiting for all of its {pages} pages; {recovery}"
            ),
            Self::Memory { recovery } => {
                write!(
                    f,
                    "message queue: memory smaller than the message; {recovery}"
                )
            }
        }
    }
}

/// A command failed, in sending or in what came back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Error {
    /// It could not be written.
    Send(SendError),
    /// The reply could not be read.
    Recv(RecvError),
    /// The parts of a large reply do not fit together.
    Join(JoinError),
    /// The RM answered with an error. Always `EINVAL`, as in C: the caller's own status lies in the
    /// payload.
    Result {
        /// Function of the command.
        function: u32,
        /// `rpc_result`
        result: u32,
    },
    /// The reply is shorter than the caller needs.
    Short {
        /// Function of the command.
        function: u32,
        /// Its `length`.
        length: u32,
        /// Bytes that the caller needs.
        expected: u32,
    },
    /// No buffer for the reply; the reply is lost.
    NoMemory {
        /// Function of the command.
        function: u32,
    },
}

impl Error {
    /// The errno for the caller.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::Send(error) => error.errno(),
            Self::Recv(error) => error.errno(),
            Self::Join(_) | Self::Short { .. } => Errno::Io,
            Self::Result { .. } => Errno::Invalid,
            Self::NoMemory { .. } => Errno::NoMemory,
        }
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<RecvError> for Error {
    fn from(error: RecvError) -> Self {
        Self::Recv(error)
    }
}

impl From<JoinError> for Error {
    fn from(error: JoinError) -> Self {
        Self::Join(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(error) => error.fmt(f),
            Self::Recv(error) => error.fmt(f),
            Self::Join(error) => error.fmt(f),
            Self::Result { function, result } => {
                write!(
                    f,
                    "reply {}: rpc_result {result:#x}",
                    FunctionName(*function)
                )
            }
            Self::Short {
                function,
                length,
                expected,
            } => write!(
                f,
                "reply {}: length {length:#x} is less than the {expected:#x} needed",
                FunctionName(*function)
            ),
            Self::NoMemory { function } => {
                write!(
                    f,
                    "reply {}: no memory to receive it",
                    FunctionName(*function)
                )
            }
        }
    }
}
