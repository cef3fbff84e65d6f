// SPDX-License-Identifier: GPL-2.0

//! C's ways to say what went wrong: three results in one pointer (a pointer, `ERR_PTR`, `NULL`),
//! and an errno.

use core::ptr;

use kernel::{
    error::{
        Error,
        Result, //
    },
    ffi::{
        c_int,
        c_void, //
    },
};

/// An errno, as C returns it.
pub(super) fn to_int(result: Result) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => Error::to_errno(error),
    }
}

/// `ERR_PTR(error)`.
pub(crate) fn err_ptr(error: Error) -> *mut c_void {
    // CAST: An errno is a small negative number; as an address it lies in the last page, as
    // `ERR_PTR` has it.
    ptr::without_provenance_mut(error.to_errno() as isize as usize)
}

/// `IS_ERR_OR_NULL(ptr)`: the addresses of the last 4095 bytes are errors (`MAX_ERRNO` in
/// include/linux/err.h).
pub(crate) fn is_err_or_null(ptr: *const c_void) -> bool {
    ptr.is_null() || ptr.addr() >= usize::MAX - 4094
}

/// C's `struct nvfw_gsp_rpc`, never looked into from here.
#[allow(non_camel_case_types)]
#[repr(C)]
pub(crate) struct nvfw_gsp_rpc {
    _private: [u8; 0],
}
