// SPDX-License-Identifier: GPL-2.0

//! Messages in driver memory, which travel through C as pointers to their payload.

use core::{
    ptr::NonNull,
    slice, //
};

use kernel::ffi::c_void;

use super::{
    bindings,
    ptr::is_err_or_null, //
};
use crate::rpc::core::element::{
    RpcHeader,
    ELEMENT_HEADER_SIZE,
    HEADERS_SIZE,
    RPC_HEADER_SIZE, //
};

/// An RPC header and its payload, zeroed when made.
///
/// It lies in memory as C lays a command out: element header, RPC header, payload. So a payload's
/// pointer leads back to the allocation, for commands and replies alike. The element header's room
/// keeps the buffer's length, which the C side does not look at; the device never sees this memory.
///
/// # Invariants
///
/// `start` points to an allocation of `nvkm_rust_alloc()` that this object owns, of
/// `ELEMENT_HEADER_SIZE + len` bytes, all initialised, with `len >= RPC_HEADER_SIZE`; its first
/// eight bytes hold `len`.
pub(crate) struct Buffer {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: The allocation belongs to the object alone, and memory is not bound to a thread.
unsafe impl Send for Buffer {}

impl Buffer {
    /// A buffer of `len` bytes of RPC header and payload; at least a header's worth are there.
    /// `None`: no memory.
    pub(crate) fn new(len: usize) -> Option<Self> {
        let len = len.max(RPC_HEADER_SIZE);
        let size = len.checked_add(ELEMENT_HEADER_SIZE)?;
        // SAFETY: Any size may be asked for.
        let start = NonNull::new(unsafe { bindings::nvkm_rust_alloc(size) }.cast::<u8>())?;
        // SAFETY: `start` is aligned as every allocation of the kernel is and has room for the
        // element header.
        unsafe { start.cast::<usize>().write(len) };
        // INVARIANT: The allocation is ours, zeroed, and its length has just been written.
        Some(Self { start, len })
    }

    /// The bytes from the RPC header on.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: By the invariants these bytes are within the allocation and initialised; `self`
        // is borrowed for as long as the slice lives, and nobody else has the allocation.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr().add(ELEMENT_HEADER_SIZE), self.len) }
    }

    /// The RPC header.
    pub(crate) fn header(&mut self) -> RpcHeader {
        let mut raw = [0; RPC_HEADER_SIZE];
        if let Some(bytes) = self.bytes().get(..RPC_HEADER_SIZE) {
            raw.copy_from_slice(bytes);
        }
        RpcHeader::decode(&raw)
    }

    /// Writes the RPC header.
    pub(crate) fn set_header(&mut self, header: &RpcHeader) {
        if let Some(bytes) = self.bytes().get_mut(..RPC_HEADER_SIZE) {
            bytes.copy_from_slice(&header.encode());
        }
    }

    /// The bytes after the RPC header.
    pub(crate) fn payload(&mut self) -> &mut [u8] {
        self.bytes().get_mut(RPC_HEADER_SIZE..).unwrap_or_default()
    }

    /// Gives the buffer to C, as a pointer to the payload.
    pub(crate) fn into_payload_ptr(self) -> *mut c_void {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: Both headers are within the allocation.
        unsafe { this.start.as_ptr().add(HEADERS_SIZE) }.cast()
    }

    /// Gives the buffer to C, as a pointer to the RPC header.
    pub(crate) fn into_rpc_ptr(self) -> *mut c_void {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: The element header is within the allocation.
        unsafe { this.start.as_ptr().add(ELEMENT_HEADER_SIZE) }.cast()
    }

    /// Takes a buffer back from C; `None` for NULL and `ERR_PTR`.
    ///
    /// # Safety
    ///
    /// `payload` came from [`Buffer::into_payload_ptr`] and was not given back since, or is NULL or
    /// an `ERR_PTR`.
    pub(crate) unsafe fn from_payload_ptr(payload: *mut c_void) -> Option<Self> {
        if is_err_or_null(payload) {
            return None;
        }
        // SAFETY: By the caller, the headers lie before the payload in one allocation.
        let start = NonNull::new(unsafe { payload.cast::<u8>().sub(HEADERS_SIZE) })?;
        // SAFETY: By the type's invariants, which held when the buffer was given away.
        let len = unsafe { start.cast::<usize>().read() };
        // INVARIANT: As they were.
        Some(Self { start, len })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: By the invariants the allocation is ours, and it is not used after this.
        unsafe { bindings::nvkm_rust_free(self.start.as_ptr().cast()) }
    }
}
