// SPDX-License-Identifier: GPL-2.0

//! `gsp`: what the driver tells GSP-RM, asks of it, and hears from it.

#![forbid(unsafe_code)]

pub(crate) mod core;
pub(crate) mod device;
