// SPDX-License-Identifier: GPL-2.0

//! `abi`: what firmware versions agree on with their driver, and what not.

#![forbid(unsafe_code)]

/// The kernel's own; host builds have the crate of that name.
pub(crate) use kernel::macros::paste;

#[allow(unexpected_cfgs, unused_imports)]
// Host builds have versions that this tree has no headers of.
pub(crate) mod core;
