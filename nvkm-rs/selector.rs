// SPDX-License-Identifier: GPL-2.0

//! `nouveau.rust_gsp`: what the user's words mean.

#![forbid(unsafe_code)]

#[allow(dead_code, unreachable_pub)]
pub(crate) mod core;
