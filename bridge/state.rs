// SPDX-License-Identifier: GPL-2.0

//! A subsystem's state, which C keeps for a device as a pointer of no type.

use kernel::{
    error::{
        code::*,
        Result, //
    },
    ffi::{
        c_char,
        c_void, //
    },
    prelude::*, //
};

use super::{
    bindings::nvkm_gsp,
    compat,
    handle::{
        Gsp,
        Subsystem, //
    },
    ptr::err_ptr,
    selector::bytes, //
};
use crate::abi::core::{
    select,
    Abi, //
};

/// Gives a state to C, or an `ERR_PTR`.
pub(super) fn give<T>(state: Result<Pin<KBox<T>>>) -> *mut c_void {
    match state {
        // SAFETY: C does not move what the pointer points to, and gives it to `end` alone.
        Ok(state) => KBox::into_raw(unsafe { Pin::into_inner_unchecked(state) }).cast(),
        Err(error) => err_ptr(error),
    }
}

/// Begins a state for the version of the firmware that was found, and gives it to C.
///
/// # Safety
///
/// As for [`Gsp::new`]; `ver` is readable for `ver_len` bytes.
pub(super) unsafe fn begin<T>(
    gsp: *mut nvkm_gsp,
    ver: *const c_char,
    ver_len: usize,
    new: impl FnOnce(Gsp, &'static dyn Abi) -> Result<Pin<KBox<T>>>,
) -> *mut c_void {
    // SAFETY: By the caller; `nvkm_rust_latch()` comes before.
    let (gsp, ver) = unsafe { (Gsp::new(gsp), bytes(ver, ver_len)) };
    give(
        gsp.ok_or(EINVAL)
            .and_then(|gsp| new(gsp, select(ver).ok_or_else(compat::eopnotsupp)?)),
    )
}

/// Ends a state; NULL is none.
///
/// # Safety
///
/// `state` is NULL or came from [`give`] for that type, and nobody uses it any more.
pub(super) unsafe fn end<T>(state: *mut c_void) {
    if !state.is_null() {
        // SAFETY: By the caller it came out of a pinned box, and stayed where it was.
        drop(unsafe { Pin::new_unchecked(KBox::from_raw(state.cast::<T>())) });
    }
}

/// The device's state.
///
/// # Errors
///
/// `EINVAL`: no device; `ENODEV`: Rust does not serve that subsystem there.
///
/// # Safety
///
/// As for [`Gsp::new`]; `T` is what that subsystem gave, and it is not ended while the reference is
/// used.
pub(super) unsafe fn of<'a, T>(gsp: *mut nvkm_gsp, subsystem: Subsystem) -> Result<&'a T> {
    // SAFETY: By the caller.
    let gsp = unsafe { Gsp::new(gsp) }.ok_or(EINVAL)?;
    // SAFETY: The state is NULL or what `give` made a pointer of, and by the caller lives.
    unsafe { gsp.state(subsystem).cast::<T>().as_ref() }.ok_or(ENODEV)
}
