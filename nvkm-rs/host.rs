// SPDX-License-Identifier: GPL-2.0

//! The tier-0 trees of `nvkm-rs`, mounted as a library for host tests and for the virtual GPU's tools.
//!
//! The kernel mounts the same files in its own crate; nothing here is built into it.

#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

/// What the firmware's versions agree on, and what not (`nvkm-rs/abi/`).
pub mod abi {
    pub(crate) use paste::paste;

    pub mod core;
}

/// GSP boot (`nvkm-rs/boot/`).
pub mod boot {
    pub mod core;
}

/// Firmware files (`nvkm-rs/fw/`).
pub mod fw {
    pub mod core;
}

/// GSP services (`nvkm-rs/gsp/`).
pub mod gsp {
    pub mod core;
}

/// The message queues (`nvkm-rs/rpc/`).
pub mod rpc {
    pub mod core;
}

/// The setting that says who serves what (`nvkm-rs/selector/`).
pub mod selector {
    pub mod core;
}
