// SPDX-License-Identifier: GPL-2.0

//! The tracepoints that C and Rust share (`nvkm/subdev/gsp/trace.h`).

use core::ptr;

use kernel::ffi::{
    c_char,
    c_int,
    c_void, //
};

use super::{
    bindings::{
        self,
        nvkm_device,
        nvkm_gsp,
        nvkm_trace_rpc, //
    },
    handle::Gsp,
};
use crate::rpc::core::{
    error::Headers,
    history::Direction,
    tracing::{
        Piece,
        PIECE, //
    },
};

/// Declares how a tracepoint of nvkm's is emitted, and whether anybody listens.
///
/// The kernel's `declare_trace!` looks for it in the kernel's own bindings alone; this is the same
/// with ours.
macro_rules! tracepoint {
    ($(#[$attr:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?), $enabled:ident) => {
        /// Whether anybody listens to it: a static branch.
        #[inline(always)]
        fn $enabled() -> bool {
            #[cfg(CONFIG_TRACEPOINTS)]
            // SAFETY: The static key of a tracepoint may always be asked.
            return unsafe {
                kernel::macros::paste! {
                    kernel::jump_label::static_branch_unlikely!(
                        bindings::[<__tracepoint_ $name>],
                        kernel::bindings::tracepoint,
                        key
                    )
                }
            };
            #[cfg(not(CONFIG_TRACEPOINTS))]
            false
        }

        $(#[$attr])*
        #[inline(always)]
        unsafe fn $name($($arg: $ty),*) {
            #[cfg(CONFIG_TRACEPOINTS)]
            if $enabled() {
                kernel::macros::paste! {
                    // SAFETY: By the caller.
                    unsafe { bindings::[<rust_do_trace_ $name>]($($arg),*) }
                }
            }
            #[cfg(not(CONFIG_TRACEPOINTS))]
            {
                $(let _ = $arg;)*
            }
        }
    };
}

tracepoint! {
    /// # Safety
    ///
    /// `gsp` is alive; `payload` is readable for `size` bytes.
    fn nvkm_gsp_rpc(
        gsp: *const nvkm_gsp,
        sent: bool,
        rpc: *const nvkm_trace_rpc,
        payload: *const c_void,
        size: u32,
    ), rpc_head_enabled
}

tracepoint! {
    /// # Safety
    ///
    /// `gsp` is alive; `bytes` is readable for `size` bytes.
    fn nvkm_gsp_rpc_data(
        gsp: *const nvkm_gsp,
        sent: bool,
        rpc: *const nvkm_trace_rpc,
        at: u32,
        bytes: *const c_void,
        size: u32,
    ), rpc_data_enabled
}

tracepoint! {
    /// # Safety
    ///
    /// `device` is alive, `phase` terminated.
    fn nvkm_gsp_boot(
        device: *const nvkm_device,
        phase: *const c_char,
        status: c_int,
    ), boot_enabled
}

/// Whether anybody wants to know of elements.
#[inline(always)]
pub(crate) fn rpc_enabled() -> bool {
    rpc_head_enabled() || rpc_data_enabled()
}

/// A part of an element passed.
pub(crate) fn element(gsp: Gsp, piece: &Piece<'_>) {
    let Headers { element, rpc } = piece.headers;
    let (Ok(at), Ok(size)) = (u32::try_from(piece.at), u32::try_from(piece.bytes.len())) else {
        return;
    };
    let fields = nvkm_trace_rpc {
        elem_seq: element.sequence,
        elems: element.elem_count,
        function: rpc.function,
        length: rpc.length,
        sequence: rpc.sequence,
        result: rpc.rpc_result,
    };
    let sent = piece.direction == Direction::Sent;
    let (gsp, fields) = (gsp.as_ptr().cast_const(), ptr::from_ref(&fields));
    let bytes = piece.bytes.as_ptr().cast();
    if at == 0 {
        // SAFETY: The handle's GSP is alive, and so is the slice.
        unsafe { nvkm_gsp_rpc(gsp, sent, fields, bytes, size) };
    }
    if size > 0 {
        // SAFETY: As above.
        unsafe { nvkm_gsp_rpc_data(gsp, sent, fields, at, bytes, size) };
    }
}

/// A step of boot, suspend or unload has ended.
pub(crate) fn boot(gsp: Gsp, phase: &str, status: c_int) {
    if !boot_enabled() {
        return;
    }
    // One byte stays 0.
    let mut text = [0; 32];
    for (to, from) in text.iter_mut().take(31).zip(phase.bytes()) {
        *to = from;
    }
    // SAFETY: The handle's GSP is alive, so its device is; the text is terminated.
    unsafe { nvkm_gsp_boot(gsp.device().cast_const(), text.as_ptr().cast(), status) };
}

const _: () = assert!(PIECE == bindings::NVKM_TRACE_DATA as usize);
