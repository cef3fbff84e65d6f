// SPDX-License-Identifier: GPL-2.0

//! `bridge/selector.h`, as Rust serves it.

#![allow(unreachable_pub)]

use core::slice;

use kernel::{
    error::code::*,
    ffi::{
        c_char,
        c_int, //
    },
};

use crate::selector::core::Selection;

/// The bytes of a text that C gives.
///
/// # Safety
///
/// `text` is readable for `len` bytes while the slice is used, or `len` is 0.
pub(super) unsafe fn bytes<'a>(text: *const c_char, len: usize) -> &'a [u8] {
    if text.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: By the caller.
    unsafe { slice::from_raw_parts(text.cast(), len) }
}

/// `bridge/selector.h`
///
/// # Safety
///
/// `text` is readable for `len` bytes.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_selector_check(text: *const c_char, len: usize) -> c_int {
    // SAFETY: By the caller.
    match Selection::parse(unsafe { bytes(text, len) }) {
        Ok(_) => 0,
        Err(_) => EINVAL.to_errno(),
    }
}

/// `bridge/selector.h`
///
/// # Safety
///
/// `text` is readable for `len` bytes, `ver` for `ver_len`; `shadowed` is writable.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_selector_resolve(
    text: *const c_char,
    len: usize,
    ver: *const c_char,
    ver_len: usize,
    cannot: u32,
    shadowed: *mut u32,
) -> u32 {
    // SAFETY: By the caller.
    let (text, ver) = unsafe { (bytes(text, len), bytes(ver, ver_len)) };
    let resolved = Selection::parse(text)
        .unwrap_or_default()
        .resolve(ver, cannot);
    // SAFETY: By the caller.
    unsafe { shadowed.write(resolved.shadowed) };
    resolved.served
}
