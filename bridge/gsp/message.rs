// SPDX-License-Identifier: GPL-2.0

//! Messages and controls of whoever serves `rpc` and `ctrl`: C's tables lead there.

use core::{
    ptr::NonNull,
    slice, //
};

use kernel::{
    error::{
        code::*,
        from_err_ptr,
        Result, //
    },
    ffi::c_void,
};

use super::super::{
    bindings,
    handle::Gsp,
    offsets, //
};
use crate::{
    abi::core::running::Shape,
    rpc::core::element::{
        RpcHeader,
        RPC_HEADER_SIZE, //
    },
};

/// What gives a reply back.
type Done = unsafe extern "C" fn(*mut bindings::nvkm_gsp, *mut c_void);

/// A reply, in driver memory.
///
/// # Invariants
///
/// `at` points to `len` readable bytes that nobody else uses until they are given back by `done`,
/// as `at`.
pub(crate) struct Reply {
    gsp: Gsp,
    at: NonNull<c_void>,
    len: usize,
    done: Done,
}

impl Reply {
    /// Takes over what C gave: NULL is no reply.
    ///
    /// # Safety
    ///
    /// `reply` is NULL, an `ERR_PTR`, or points into a reply of which `before` bytes, an RPC header
    /// first, lie before it, and that `done` gives back.
    unsafe fn new(
        gsp: Gsp,
        reply: *mut c_void,
        before: usize,
        asked: usize,
        done: Done,
    ) -> Result<Self> {
        let at = NonNull::new(from_err_ptr(reply)?).ok_or(EIO)?;
        let mut header = [0; RPC_HEADER_SIZE];
        // SAFETY: By the caller; whoever made the reply has taken the header along.
        unsafe {
            at.as_ptr()
                .cast::<u8>()
                .sub(before)
                .copy_to_nonoverlapping(header.as_mut_ptr(), RPC_HEADER_SIZE);
        }
        // What RM says that it is, but not more than what was asked for.
        let said = usize::try_from(RpcHeader::decode(&header).length).unwrap_or(0);
        let len = said.saturating_sub(before).min(asked);
        // INVARIANT: Whoever gave the reply has read a message of that length.
        Ok(Self { gsp, at, len, done })
    }

    /// Its bytes, at most as many as were asked for.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: By the invariants.
        unsafe { slice::from_raw_parts(self.at.as_ptr().cast(), self.len) }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        // SAFETY: By the invariants; it is not used after this.
        unsafe { (self.done)(self.gsp.as_ptr(), self.at.as_ptr()) }
    }
}

impl Gsp {
    /// Sends an empty message of `size` bytes, and waits for the answer, which should have as many.
    ///
    /// # Errors
    ///
    /// `EIO`: no answer; the queue's.
    pub(crate) fn ask(self, function: u32, size: usize) -> Result<Reply> {
        let argc = u32::try_from(size).map_err(|_| EMSGSIZE)?;
        // SAFETY: By the invariants; what comes is an RPC's payload, behind its header.
        unsafe {
            let reply = bindings::nvkm_rust_gsp_ask(self.as_ptr(), function, argc);
            Reply::new(
                self,
                reply,
                RPC_HEADER_SIZE,
                size,
                bindings::nvkm_rust_gsp_done,
            )
        }
    }

    /// Calls a control of RM's own subdevice, with `question` and behind it zeroes.
    ///
    /// # Errors
    ///
    /// `EIO`: no answer; the control's.
    pub(crate) fn control(self, shape: Shape, question: &[u8]) -> Result<Reply> {
        let size = u32::try_from(shape.size).map_err(|_| EMSGSIZE)?;
        let len = u32::try_from(question.len()).map_err(|_| EMSGSIZE)?;
        // SAFETY: By the invariants; what comes are a control's parameters, behind both headers.
        unsafe {
            let reply = bindings::nvkm_rust_gsp_ctrl(
                self.as_ptr(),
                shape.command,
                question.as_ptr().cast(),
                len,
                size,
            );
            Reply::new(
                self,
                reply,
                RPC_HEADER_SIZE + offsets::CONTROL_HEADER_SIZE,
                shape.size,
                bindings::nvkm_rust_gsp_ctrl_done,
            )
        }
    }

    /// Gives an event's data to all who wait for it; how many there are, or none if there is no
    /// such client.
    pub(crate) fn notify(self, client: u32, event: u32, data: &mut [u8]) -> Option<u32> {
        let len = u32::try_from(data.len()).ok()?;
        // SAFETY: By the invariants; the data is writable for its length, and those who get it do
        // not keep it.
        let found = unsafe {
            bindings::nvkm_rust_gsp_notify(
                self.as_ptr(),
                client,
                event,
                data.as_mut_ptr().cast(),
                len,
            )
        };
        u32::try_from(found).ok()
    }

    /// Keeps what the PMU printed; false if there is no log, or no room in it.
    pub(crate) fn keep_print(self, text: &[u8]) -> bool {
        let Ok(len) = u32::try_from(text.len()) else {
            return false;
        };
        // SAFETY: By the invariants; the text is readable for its length.
        unsafe { bindings::nvkm_rust_gsp_print(self.as_ptr(), text.as_ptr().cast(), len) }
    }
}
