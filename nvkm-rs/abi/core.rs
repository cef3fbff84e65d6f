// SPDX-License-Identifier: GPL-2.0

//! What NVIDIA's GSP firmware and its driver agree on, for several firmware versions at once.
//!
//! NVIDIA promises nothing about this interface: sizes of memory, layout and encoding of messages,
//! and the steps of bringing the firmware up change from one version to the next. Everything that
//! changes is behind [`Abi`]; drivers ask [`select`] for the one that a firmware speaks and name no
//! version.
//!
//! Tier 0: plain `::core`, no allocation, no I/O, no `unsafe`, no panic on any input. From the
//! bottom up:
//!
//! | module | what it knows |
//! |---|---|
//! | [`versions`] | the versions, their order, NVIDIA's own types of each (generated) |
//! | [`field`] | writing and reading single fields of NVIDIA's types as bytes |
//! | [`framing`] | headers of a queue and its elements: the same in all versions, by assertion |
//! | [`names`] | function and event numbers with names |
//! | [`sizing`] | how much memory the firmware wants |
//! | [`arguments`] | what is handed over at boot |
//! | [`services`] | what is told and asked by message after that |
//! | [`interface`] | the trait |
//! | [`running`] | what is asked and heard while the firmware runs, the trait's other half |
//! | [`implementation`], `answers` | one implementation a version, differences marked |
//!
//! # Adding a version
//!
//! `make abi-new VERSION=` makes the types and lists what changed. Then: its place in the order and
//! its module in [`versions`], a line each in [`framing`] and [`names`], which hold it to what all
//! versions have in common, and one each at the end of [`implementation`] and `answers`. The
//! compiler names what is gone, and the list what is new. `make abi-lines` counts.

// The kernel's crate uses what the ready subsystems need; the host library exports and tests all of
// it.
#![allow(dead_code, unreachable_pub)]

#[macro_use]
pub mod versions;
#[macro_use]
pub mod field;

mod answers;
pub mod arguments;
pub mod framing;
mod implementation;
pub mod interface;
pub mod names;
pub mod running;
pub mod services;
pub mod sizing;

pub use implementation::{select, VERSIONS};
pub use interface::Abi;
