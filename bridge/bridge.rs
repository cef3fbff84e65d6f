// SPDX-License-Identifier: GPL-2.0

//! Where Rust and nvkm's C meet: all that is `unsafe` in this driver's Rust is in here.
//!
//! Both directions are generated, C to Rust by bindgen (`bindings`), Rust to C by cbindgen (a
//! header for each module that exports something). The contract, in kernel-doc, is in
//! `bridge/<subsystem>.h`.

pub(crate) mod boot;
pub(crate) mod buffer;
mod command;
pub(crate) mod compat;
pub(crate) mod falcon;
pub(crate) mod firmware;
pub(crate) mod fw;
pub(crate) mod gsp;
pub(crate) mod handle;
mod layout;
pub(crate) mod memory;
pub(crate) mod pages;
pub(crate) mod ptr;
pub(crate) mod rpc;
pub(crate) mod selector;
pub(crate) mod shadow;
mod state;
pub(crate) mod trace;

/// nvkm's own headers, as this kernel compiles them.
#[allow(
    clippy::all,
    clippy::as_underscore,
    clippy::cast_lossless,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    clippy::undocumented_unsafe_blocks,
    improper_ctypes,
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]
pub(crate) mod bindings {
    use kernel::{
        bindings::*,
        ffi, //
    };

    include!(concat!(env!("NVKM_GENERATED"), "/bindings.rs"));
}

/// Where the C compiler puts the fields that are read here (`bridge/offsets/`).
#[allow(dead_code)] // Used in assertions, which the compiler does not count.
mod offsets {
    include!(concat!(env!("NVKM_GENERATED"), "/offsets.rs"));
}
