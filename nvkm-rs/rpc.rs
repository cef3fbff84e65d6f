// SPDX-License-Identifier: GPL-2.0

//! `rpc`: GSP-RM's message queues.

#![forbid(unsafe_code)]

pub(crate) mod core;
pub(crate) mod device;
