// SPDX-License-Identifier: GPL-2.0

//! GSP-RM's message queues: everything of nouveau's `rm/r535/rpc.c` that is logic.
//!
//! Tier 0: plain `::core`, no allocation, no I/O, no `unsafe`, no panic on any input. The same tree
//! is mounted by the kernel's crate and by cargo, so paths in it are relative, and `::core` is
//! written with its leading colons because this module bears the same name. (Mount it as `mod
//! core;` within `rpc`: with a `#[path]` the compiler would look for its children beside it.)
//!
//! What it needs of the world it asks for by two traits: [`ring::RingMemory`] (a queue's pages, its
//! two pointers, barriers, a microsecond's pause) and [`host::Host`] (buffers, the doorbell, the
//! clock, event handlers, the log). From the bottom up:
//!
//! | module | what it knows |
//! |---|---|
//! | [`element`] | the two headers of a queue element, byte for byte |
//! | [`checksum`] | the element's checksum, computed piece by piece |
//! | [`ring`] | where things lie in a ring, what is used, what is free |
//! | [`command`] | writing a command into the ring |
//! | [`message`] | reading a message out of the ring that a device writes |
//! | [`split`], [`join`] | large commands and replies as records |
//! | [`policy`] | what a caller wants to know of the reply |
//! | [`status`], [`error`] | numbers with names, for people and for errno |
//! | [`history`] | the last messages in both directions, for the time-out's log |
//! | [`report`] | what the log and the counters learn |
//! | [`tracing`] | every element that passes, for whoever traces |
//! | [`host`] | what a session asks of the driver around it |
//! | [`shadow`] | a command that C has encoded, held against ours |
//! | [`session`] | all of the above as two calls: submit a command, drain the messages |
//!
//! # Trust
//!
//! The device writes the message queue's pages and the peer's half of both pairs of pointers. Rules
//! kept here: the driver's own pointer lives in driver memory and is only ever written out; every
//! word of the device's is read once, checked, then used (a trace reads it again, for the trace
//! alone); every error either leaves the queue as it was (nothing could be read) or moves the read
//! pointer, and says which ([`error::Recovery`]).
//!
//! # Where this differs from C on purpose
//!
//! - Sequence numbers are spent by an element that was written, not by one that timed out.
//! - A command waits for all of its pages before the first one is written.
//! - An event that arrives before or amid a large reply is delivered; C takes it for a part of the
//!   reply.
//! - A part of a large reply that crosses the ring's end is joined whole; C places its rest 0x20
//!   bytes late.
//! - A failed event (`rpc_result` not 0) does not fail the command that happens to be waiting.
//! - A late reply to a command that timed out is not taken for the reply to the next one.
//! - An oversized or undersized message is an error, not a null reply, and it leaves the queue.

// The kernel's crate mounts this below a private module and uses what it needs; the host library
// exports and tests all of it.
#![allow(dead_code, unreachable_pub)]

pub mod checksum;
pub mod command;
pub mod element;
pub mod error;
pub mod history;
pub mod host;
pub mod join;
pub mod message;
pub mod policy;
mod receive;
pub mod report;
pub mod ring;
pub mod session;
pub mod shadow;
pub mod split;
pub mod status;
pub mod tracing;
