// SPDX-License-Identifier: GPL-2.0

//! The part of the library that is fuzzed (see `nvkm-rs/host.rs` for the whole).

#![no_std]
#![forbid(unsafe_code)]
#![allow(unexpected_cfgs)]

/// What the firmware's versions agree on, and what not (`nvkm-rs/abi/`).
#[path = "../abi"]
pub mod abi {
    pub(crate) use paste::paste;

    pub mod core;
}

/// GSP boot (`nvkm-rs/boot/`).
#[path = "../boot"]
pub mod boot {
    pub mod core;
}

/// Firmware files (`nvkm-rs/fw/`).
#[path = "../fw"]
pub mod fw {
    pub mod core;
}

/// GSP services (`nvkm-rs/gsp/`).
#[path = "../gsp"]
pub mod gsp {
    pub mod core;
}

/// The message queues (`nvkm-rs/rpc/`).
#[path = "../rpc"]
pub mod rpc {
    pub mod core;
}
