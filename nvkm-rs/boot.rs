// SPDX-License-Identifier: GPL-2.0

//! `boot`: GSP boot: from the layout of the frame buffer to GSP-RM that answers, and back.

#![forbid(unsafe_code)]

pub(crate) mod core;
pub(crate) mod device;
