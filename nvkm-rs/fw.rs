// SPDX-License-Identifier: GPL-2.0

//! `fw`: firmware files to parsed images.

#![forbid(unsafe_code)]

pub(crate) mod core;
pub(crate) mod device;
