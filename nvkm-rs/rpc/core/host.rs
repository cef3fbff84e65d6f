// SPDX-License-Identifier: GPL-2.0

//! The driver around a session.

use super::element::RpcHeader;
use super::history::History;
use super::report::Report;
use super::ring::RingMemory;
use super::tracing::Piece;

/// What a session needs of the driver around it.
pub trait Host {
    /// The command queue's memory.
    type Commands: RingMemory;
    /// The message queue's memory.
    type Messages: RingMemory;
    /// A buffer that holds one message.
    type Buffer;

    /// The command queue's memory.
    fn commands(&mut self) -> &mut Self::Commands;

    /// The message queue's memory.
    fn messages(&mut self) -> &mut Self::Messages;

    /// Tells the GSP that the command queue's write pointer moved.
    fn doorbell(&mut self);

    /// The time in nanoseconds, for the history.
    fn now(&mut self) -> u64;

    /// A zeroed buffer of `size` bytes, or `None`.
    fn allocate(&mut self, size: usize) -> Option<Self::Buffer>;

    /// The bytes of a buffer, as many as were asked for.
    fn bytes(buffer: &mut Self::Buffer) -> &mut [u8];

    /// Delivers a message that is nobody's reply: RPC header, then payload, `header.length` bytes
    /// in all. Returns whether anybody wanted it.
    fn event(&mut self, header: &RpcHeader, message: Self::Buffer) -> bool;

    /// Something for the log. `history` is what led there, for the reports that ask for it
    /// ([`Report::wants_history`]).
    fn report(&mut self, report: &Report<'_>, history: &History);

    /// Whether elements are traced now.
    fn traced(&mut self) -> bool {
        false
    }

    /// A part of an element, where they are.
    fn trace(&mut self, _piece: &Piece<'_>) {}
}

/// The reply that is waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Awaited {
    /// Its function.
    pub function: u32,
    /// Least bytes of RPC header and payload; 0 to drop the reply when it comes. More than an
    /// element holds: the reply comes in parts that make exactly this many bytes.
    pub length: u32,
    /// First and last sequence number of the command's elements, where there was a command.
    pub sequence: Option<(u32, u32)>,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drained {
    /// Messages taken out of the queue, bad ones included.
    pub messages: u32,
    /// The limit was reached before the queue was empty: come again.
    pub more: bool,
}
