// SPDX-License-Identifier: GPL-2.0

//! `bridge/gsp.h`, as Rust serves it.

#![allow(unreachable_pub)]

use core::slice;

use kernel::{
    error::{
        code::*,
        Error,
        Result, //
    },
    ffi::{
        c_char,
        c_int,
        c_void, //
    },
    prelude::*,
};

use super::{
    bindings::nvkm_gsp,
    compat,
    handle::{
        Gsp,
        Subsystem, //
    },
    ptr::to_int,
    state, //
};
use crate::{
    abi::core::running::Gcx,
    gsp::device::Services, //
};

pub(crate) mod acpi;
pub(crate) mod fields;
pub(crate) mod message;

/// The device's state.
///
/// # Safety
///
/// As for [`Gsp::new`]; `nvkm_rs_gsp_free` is not called while the reference is used.
unsafe fn gsp<'a>(gsp: *mut nvkm_gsp) -> Result<&'a Services> {
    // SAFETY: By the caller; `nvkm_rs_gsp_new` gives that type.
    unsafe { state::of(gsp, Subsystem::Gsp) }
}

/// `bridge/gsp.h`
///
/// # Safety
///
/// `gsp` outlives the state; `ver` is readable for `ver_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_gsp_new(
    gsp: *mut nvkm_gsp,
    ver: *const c_char,
    ver_len: usize,
) -> *mut c_void {
    // SAFETY: By the caller.
    unsafe { state::begin(gsp, ver, ver_len, Services::new) }
}

/// `bridge/gsp.h`
///
/// # Safety
///
/// `state` came from `nvkm_rs_gsp_new`, and nobody uses it any more.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_gsp_free(state: *mut c_void) {
    // SAFETY: By the caller.
    unsafe { state::end::<Services>(state) }
}

/// `bridge/gsp.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its gsp; its message queues are there.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_gsp_set_system_info(gsp: *mut nvkm_gsp) -> c_int {
    // SAFETY: By the caller.
    to_int(unsafe { self::gsp(gsp) }.and_then(Services::set_system_info))
}

/// `bridge/gsp.h`
///
/// # Safety
///
/// As for `nvkm_rs_gsp_set_system_info`; `setting` is NULL or terminated, and does not change
/// meanwhile.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_gsp_set_registry(
    gsp: *mut nvkm_gsp,
    setting: *const c_char,
) -> c_int {
    // SAFETY: By the caller.
    let setting = (!setting.is_null()).then(|| unsafe { CStr::from_char_ptr(setting.cast()) });
    // SAFETY: By the caller.
    to_int(unsafe { self::gsp(gsp) }.and_then(|gsp| gsp.set_registry(setting.map(CStr::to_bytes))))
}

/// `bridge/gsp.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its gsp; GSP-RM runs, and nobody else uses the fields that are
/// written.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_gsp_get_static_info(gsp: *mut nvkm_gsp) -> c_int {
    // SAFETY: By the caller.
    to_int(unsafe { self::gsp(gsp) }.and_then(Services::get_static_info))
}

/// `bridge/gsp.h`
///
/// # Safety
///
/// As for `nvkm_rs_gsp_get_static_info`, which came before.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_gsp_intr_get_table(gsp: *mut nvkm_gsp) -> c_int {
    // SAFETY: By the caller.
    to_int(unsafe { self::gsp(gsp) }.and_then(Services::interrupt_table))
}

/// `bridge/gsp.h`
///
/// # Safety
///
/// As for `nvkm_rs_gsp_intr_get_table`.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_gsp_gcx_ready(gsp: *mut nvkm_gsp) -> c_int {
    let bit = |ready: bool, bit: usize| if ready { bit } else { 0 };
    // SAFETY: By the caller.
    let ready = unsafe { self::gsp(gsp) }.and_then(Services::gcx_ready);
    match ready {
        // CAST: The two lowest bits.
        Ok(Gcx { gc6, gcoff }) => {
            (bit(gc6, compat::GC6_READY) | bit(gcoff, compat::GCOFF_READY)) as c_int
        }
        Err(error) => Error::to_errno(error),
    }
}

/// `bridge/gsp.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its gsp.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_gsp_drop(gsp: *mut nvkm_gsp) {
    // SAFETY: By the caller.
    if let Ok(gsp) = unsafe { self::gsp(gsp) } {
        gsp.drop_events();
    }
}

/// `bridge/gsp.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its gsp; `repv` is writable for `repc` bytes, if that is not more
/// than the message queue has, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_gsp_event(
    gsp: *mut nvkm_gsp,
    function: u32,
    repv: *mut c_void,
    repc: u32,
) -> c_int {
    // SAFETY: By the caller.
    let (handle, services) = unsafe { (Gsp::new(gsp), self::gsp(gsp)) };
    to_int(services.and_then(|services| {
        // C makes this number by taking a header's length off a message's, which may have been
        // less.
        let most = handle.map_or(0, Gsp::queue_size);
        if repc > most || repv.is_null() {
            return services.oversized(function, repc);
        }
        let len = usize::try_from(repc).map_err(|_| EINVAL)?;
        // SAFETY: By the caller and the check.
        let message = unsafe { slice::from_raw_parts_mut(repv.cast::<u8>(), len) };
        services.event(function, message)
    }))
}
