// SPDX-License-Identifier: GPL-2.0

//! Rust replacements for single nvkm subsystems, each switched on at run time (`nouveau.rust_gsp`).
//!
//! A subsystem is a module here, of the name that it has everywhere: its contract is
//! `bridge/<subsystem>.h`, its logic (`core`, tier 0) needs nothing but `::core` and runs in host
//! tests too, its glue (`device`) ties that to the kernel. `unsafe` stands in `bridge` alone.

#[path = "../bridge/bridge.rs"]
mod bridge;

mod abi;
mod boot;
mod fw;
mod gsp;
mod rpc;
mod selector;
mod shadow;

const __LOG_PREFIX: &[u8] = b"nouveau\0";
