// SPDX-License-Identifier: GPL-2.0

//! `bridge/rpc.h`, as Rust serves it.

#![allow(unreachable_pub)]

use core::ptr;

use kernel::{
    error::{
        code::*,
        Result, //
    },
    ffi::{
        c_char,
        c_int,
        c_void, //
    },
};

use super::{
    bindings::{
        nvkm_gsp,
        nvkm_gsp_msg_ntfy_func,
        nvkm_gsp_rpc_reply_policy, //
    },
    buffer::Buffer,
    handle::{
        Gsp,
        Subsystem, //
    },
    ptr::{
        err_ptr,
        nvfw_gsp_rpc,
        to_int, //
    },
    state,
};
use crate::rpc::device::Rpc;

/// C's function that wants to know of a message, and its first argument.
#[derive(Clone, Copy)]
pub(crate) struct Ntfy {
    func: nvkm_gsp_msg_ntfy_func,
    private: *mut c_void,
}

// SAFETY: C calls the function from any thread, and so may we.
unsafe impl Send for Ntfy {}

impl Ntfy {
    /// Calls it, if there is one: without, the message is dropped in silence.
    pub(crate) fn call(&self, function: u32, payload: &mut [u8]) {
        let (Some(func), Ok(len)) = (self.func, u32::try_from(payload.len())) else {
            return;
        };
        // SAFETY: Whoever added the function promised that it may be called with that argument
        // until the device goes; the payload is writable for `len` bytes, and the function does not
        // keep it. What it returns nobody uses.
        unsafe { func(self.private, function, payload.as_mut_ptr().cast(), len) };
    }
}

/// The device's state.
///
/// # Safety
///
/// As for [`Gsp::new`]; `nvkm_rs_rpc_free` is not called while the reference is used.
unsafe fn rpc<'a>(gsp: *mut nvkm_gsp) -> Result<&'a Rpc> {
    // SAFETY: By the caller; `nvkm_rs_rpc_new` gives that type.
    unsafe { state::of(gsp, Subsystem::Rpc) }
}

/// One of C's three results.
fn payload_ptr(result: Result<Option<Buffer>>) -> *mut c_void {
    match result {
        Ok(Some(buffer)) => buffer.into_payload_ptr(),
        Ok(None) => ptr::null_mut(),
        Err(error) => err_ptr(error),
    }
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `gsp` outlives the state; `ver` is readable for `ver_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_new(
    gsp: *mut nvkm_gsp,
    ver: *const c_char,
    ver_len: usize,
) -> *mut c_void {
    // SAFETY: By the caller. What frames messages is the same in all versions that are known.
    unsafe { state::begin(gsp, ver, ver_len, |gsp, _| Rpc::new(gsp)) }
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its rpc; `r535_gsp_shared_init()` has set up its queues.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_attach(gsp: *mut nvkm_gsp) -> c_int {
    // SAFETY: By the caller.
    let (handle, rpc) = unsafe { (Gsp::new(gsp), rpc(gsp)) };
    to_int(rpc.and_then(|rpc| {
        // SAFETY: By the caller; the state is freed before nvkm frees the queues' memory.
        let queues = handle.and_then(|gsp| unsafe { gsp.queues() });
        let (commands, messages) = queues.ok_or(EINVAL)?;
        rpc.attach(commands, messages)
    }))
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `state` came from `nvkm_rs_rpc_new`, and nobody uses it any more.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_free(state: *mut c_void) {
    // SAFETY: By the caller.
    unsafe { state::end::<Rpc>(state) }
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its rpc.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_get(
    gsp: *mut nvkm_gsp,
    function: u32,
    payload_size: u32,
) -> *mut c_void {
    // SAFETY: By the caller.
    let rpc = unsafe { rpc(gsp) };
    payload_ptr(rpc.and_then(|rpc| rpc.get(function, payload_size).map(Some)))
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its rpc; `payload` came from `nvkm_rs_rpc_get` and is not used
/// after this.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_push(
    gsp: *mut nvkm_gsp,
    payload: *mut c_void,
    policy: nvkm_gsp_rpc_reply_policy,
    repc: u32,
) -> *mut c_void {
    // SAFETY: By the caller.
    let (command, rpc) = unsafe { (Buffer::from_payload_ptr(payload), rpc(gsp)) };
    payload_ptr(rpc.and_then(|rpc| rpc.push(command.ok_or(EINVAL)?, policy, repc)))
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `repv` came from `nvkm_rs_rpc_push` or `nvkm_rs_rpc_get` and is not used after this, or is NULL
/// or an `ERR_PTR`.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_done(_gsp: *mut nvkm_gsp, repv: *mut c_void) {
    // SAFETY: By the caller.
    drop(unsafe { Buffer::from_payload_ptr(repv) });
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its rpc.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_recv(
    gsp: *mut nvkm_gsp,
    function: c_int,
    len: u32,
) -> *mut nvfw_gsp_rpc {
    // SAFETY: By the caller.
    let rpc = unsafe { rpc(gsp) };
    let received = rpc.and_then(|rpc| {
        let function = u32::try_from(function).map_err(|_| EINVAL)?;
        rpc.receive(function, len)
    });
    match received {
        Ok(Some(buffer)) => buffer.into_rpc_ptr().cast(),
        Ok(None) => ptr::null_mut(),
        Err(error) => err_ptr(error).cast(),
    }
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its rpc.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_poll(gsp: *mut nvkm_gsp, function: u32) -> c_int {
    // SAFETY: By the caller.
    let rpc = unsafe { rpc(gsp) };
    to_int(rpc.and_then(|rpc| rpc.receive(function, 0).map(drop)))
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its rpc; `func` may be called with `priv_` for as long.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_ntfy_add(
    gsp: *mut nvkm_gsp,
    function: u32,
    func: nvkm_gsp_msg_ntfy_func,
    private: *mut c_void,
) -> c_int {
    // SAFETY: By the caller.
    let rpc = unsafe { rpc(gsp) };
    to_int(rpc.and_then(|rpc| rpc.ntfy_add(function, Ntfy { func, private })))
}

/// `bridge/rpc.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its rpc.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_rpc_work(gsp: *mut nvkm_gsp) {
    // SAFETY: By the caller.
    if let Ok(rpc) = unsafe { rpc(gsp) } {
        rpc.work();
    }
}
