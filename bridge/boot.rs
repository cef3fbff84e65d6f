// SPDX-License-Identifier: GPL-2.0

//! `bridge/boot.h`, as Rust serves it.

#![allow(unreachable_pub)]

use kernel::{
    error::{
        code::*,
        Result, //
    },
    ffi::{
        c_char,
        c_void, //
    },
};

use super::{
    bindings::nvkm_gsp,
    exports::bytes,
    handle::{
        Gsp,
        Subsystem, //
    },
    state,
};
use crate::{
    abi::core::select,
    boot::device::Boot, //
};

/// The device's state.
///
/// # Safety
///
/// As for [`Gsp::new`]; `nvkm_rs_boot_free` is not called while the reference is used.
#[expect(dead_code)]
unsafe fn boot<'a>(gsp: *mut nvkm_gsp) -> Result<&'a Boot> {
    // SAFETY: By the caller; `nvkm_rs_boot_new` gives that type.
    unsafe { state::of(gsp, Subsystem::Boot) }
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` outlives the state; `ver` is readable for `ver_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_new(
    gsp: *mut nvkm_gsp,
    ver: *const c_char,
    ver_len: usize,
) -> *mut c_void {
    // SAFETY: By the caller; `nvkm_rust_latch()` comes before.
    let (gsp, ver) = unsafe { (Gsp::new(gsp), bytes(ver, ver_len)) };
    state::give(gsp.ok_or(EINVAL).and_then(|gsp| {
        let abi = select(ver).ok_or(EOPNOTSUPP)?;
        Boot::new(gsp, abi)
    }))
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `state` came from `nvkm_rs_boot_new`, and nobody uses it any more.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_free(state: *mut c_void) {
    // SAFETY: By the caller.
    unsafe { state::end::<Boot>(state) }
}
