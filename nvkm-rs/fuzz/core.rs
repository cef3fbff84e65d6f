// SPDX-License-Identifier: GPL-2.0

//! The part of the library that is fuzzed (see `nvkm-rs/host.rs` for the whole).

#![no_std]
#![forbid(unsafe_code)]

/// Firmware files (`nvkm-rs/fw/`).
#[path = "../fw"]
pub mod fw {
    pub mod core;
}
