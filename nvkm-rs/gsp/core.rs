// SPDX-License-Identifier: GPL-2.0

//! GSP services: everything of nouveau's `rm/*/gsp.c` that is logic and no firmware version's.
//!
//! Tier 0: plain `::core`, no allocation, no I/O, no `unsafe`, no panic on any input. The same tree
//! is mounted by the kernel's crate and by cargo, so paths in it are relative, and `::core` is
//! written with its leading colons because this module bears the same name. (Mount it as `mod
//! core;` within `gsp`.)
//!
//! | module | what it knows |
//! |---|---|
//! | [`registry`] | the keys that RM is given, and the user's setting (`NVreg_RegistryDwords`) |
//! | [`regions`] | which of the frame buffer's regions can be used |
//! | [`text`] | bytes of others in the log |
//!
//! What messages look like is `abi`'s to know.

// The kernel's crate mounts this below a private module and uses what it needs; the host library
// exports and tests all of it.
#![allow(dead_code, unreachable_pub)]

pub mod regions;
pub mod registry;
pub mod text;
