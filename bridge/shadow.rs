// SPDX-License-Identifier: GPL-2.0

//! `bridge/shadow.h`, as Rust serves it.

#![allow(unreachable_pub)]

use core::{
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};

use kernel::{
    bindings::sg_table,
    error::{
        code::*,
        to_result,
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
    bindings::{
        self,
        nvkm_falcon_fw,
        nvkm_gsp, //
    },
    boot::io::Loadable,
    firmware::file_bytes,
    fw::command,
    memory::page_addrs,
    pages::SharedPages,
    state, //
};
use crate::{
    boot::core::io::Unit,
    fw::core::booter::Kind,
    rpc::core::element::{
        RpcHeader,
        ELEMENT_HEADER_SIZE,
        RPC_HEADER_SIZE, //
    },
    shadow::{
        Booter,
        Files,
        Shadow,
        Vbios, //
    },
};

pub(crate) mod ledger;
pub(crate) mod seen;

use seen::SeenRadix3;

/// The device's state.
///
/// # Safety
///
/// `state` came from `nvkm_rs_shadow_new`, or is NULL; `nvkm_rs_shadow_free` is not called while
/// the reference is used.
unsafe fn shadow<'a>(state: *mut c_void) -> Option<&'a Shadow> {
    // SAFETY: By the caller.
    unsafe { state.cast::<Shadow>().as_ref() }
}

/// A text of C's.
///
/// # Safety
///
/// `text` is NULL, or terminated and not changed while the reference is used.
unsafe fn text<'a>(text: *const c_char) -> &'a [u8] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: By the caller.
    unsafe { CStr::from_char_ptr(text.cast()) }.to_bytes()
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `gsp` outlives the state; `ver` is readable for `ver_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_new(
    gsp: *mut nvkm_gsp,
    ver: *const c_char,
    ver_len: usize,
) -> *mut c_void {
    // SAFETY: By the caller.
    unsafe { state::begin(gsp, ver, ver_len, Shadow::new) }
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` came from `nvkm_rs_shadow_new`, and nobody uses it any more.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_free(state: *mut c_void) {
    // SAFETY: By the caller.
    unsafe { state::end::<Shadow>(state) }
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive; C holds the files and has made everything of them; `signature` is NULL or
/// terminated, `image` points to the image's scatterlist, which is mapped.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_fw(
    state: *mut c_void,
    signature: *const c_char,
    brom: bool,
    image: *mut sg_table,
) {
    // SAFETY: By the caller.
    let Some(shadow) = (unsafe { shadow(state) }) else {
        return;
    };
    let gsp = shadow.gsp().as_ptr();
    // SAFETY: By the caller; C lets go of the files, and makes use of the images, after this call,
    // in the same thread.
    let files = unsafe {
        let booter = |name, file, image| Booter {
            name,
            file: file_bytes(file),
            image: Loadable::new(image).ok(),
        };
        Files {
            rm: file_bytes((*gsp).fws.rm),
            signature: text(signature),
            bootloader: file_bytes((*gsp).fws.bl),
            booters: [
                booter(
                    "booter-load",
                    (*gsp).fws.booter.load,
                    &raw mut (*gsp).booter.load,
                ),
                booter(
                    "booter-unload",
                    (*gsp).fws.booter.unload,
                    &raw mut (*gsp).booter.unload,
                ),
            ],
            kind: if brom { Kind::Brom } else { Kind::Turing },
        }
    };
    shadow.files(&files);

    // SAFETY: By the caller; the device only reads the image, which stays as long as the device.
    let seen = unsafe {
        let len = usize::try_from((*gsp).fw.len).unwrap_or(0);
        NonNull::new((*gsp).fw.img).and_then(|start| SharedPages::new(start, len))
    };
    shadow.image(&files, seen.as_ref());
    // SAFETY: By the caller; the table is finished, and stays as long as the device.
    let table = unsafe { SeenRadix3::new(&raw mut (*gsp).radix3) };
    // SAFETY: By the caller.
    shadow.image_table(table, |count| unsafe { page_addrs(image, count) });
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive; `fw` points to an image that `nvkm_gsp_fwsec_init()` has made and that nobody
/// uses yet; `name` is terminated.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_fwsec(
    state: *mut c_void,
    fw: *mut nvkm_falcon_fw,
    name: *const c_char,
    init_cmd: u32,
) {
    // SAFETY: By the caller.
    let (Some(shadow), name) = (unsafe { (shadow(state), text(name)) }) else {
        return;
    };
    let gsp = shadow.gsp().as_ptr();
    let name = core::str::from_utf8(name).unwrap_or("fwsec");
    let vbios = || -> Result<Vbios<'_>> {
        let (mut data, mut offset, mut size) = (ptr::null(), 0, 0);
        // SAFETY: By the invariants of the handle; the three are written.
        to_result(unsafe {
            bindings::nvkm_rust_fwsec_find(gsp, &mut data, &mut offset, &mut size)
        })?;
        let len = offset.checked_add(size).ok_or(EINVAL)?;
        if data.is_null() {
            return Err(EINVAL);
        }
        Ok(Vbios {
            // SAFETY: The VBIOS is in memory from `data` to its end, for as long as the device
            // lives, and nobody writes it.
            bytes: unsafe { slice::from_raw_parts(data, len) },
            offset,
            // SAFETY: As for `nvkm_rs_fw_fwsec`.
            command: unsafe { command(gsp, init_cmd) }?,
        })
    };
    // SAFETY: By the caller.
    let image = unsafe { Loadable::new(fw) };
    shadow.fwsec(name, image, vbios());
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_top(state: *mut c_void) {
    // SAFETY: By the caller.
    if let Some(shadow) = unsafe { shadow(state) } {
        shadow.top();
    }
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_layout(state: *mut c_void) {
    // SAFETY: By the caller.
    if let Some(shadow) = unsafe { shadow(state) } {
        shadow.layout();
    }
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_libos(state: *mut c_void) {
    // SAFETY: By the caller.
    if let Some(shadow) = unsafe { shadow(state) } {
        shadow.libos();
    }
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive; `fw` points to an image with its signatures that nobody else uses.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_signature(
    state: *mut c_void,
    fw: *mut nvkm_falcon_fw,
    sec2: bool,
    index: c_int,
) {
    // SAFETY: By the caller.
    let (Some(shadow), Ok(image)) = (unsafe { (shadow(state), Loadable::new(fw)) }) else {
        return;
    };
    let unit = if sec2 { Unit::Sec2 } else { Unit::Gsp };
    shadow.signature(unit, &image, index);
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive; what is to be saved is laid out, with its page table.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_save(state: *mut c_void, size: u64) {
    // SAFETY: By the caller.
    let Some(shadow) = (unsafe { shadow(state) }) else {
        return;
    };
    shadow.save(size);
    let gsp = shadow.gsp().as_ptr();
    // SAFETY: By the caller; it is freed after the resume, by the thread that is here.
    let table = unsafe { SeenRadix3::new(&raw mut (*gsp).sr.radix3) };
    // SAFETY: As above.
    let addrs = |count| unsafe { page_addrs(&raw mut (*gsp).sr.sgt, count) };
    shadow.saved_table(size, table, addrs);
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_resume(state: *mut c_void) {
    // SAFETY: By the caller.
    if let Some(shadow) = unsafe { shadow(state) } {
        shadow.resume();
    }
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_command(state: *mut c_void, function: u32, size: u32) {
    // SAFETY: By the caller.
    if let Some(shadow) = unsafe { shadow(state) } {
        shadow.command(function, size);
    }
}

/// `bridge/shadow.h`
///
/// # Safety
///
/// `state` is alive; `rpc` is readable for `size` bytes less an element's header, which nobody
/// writes meanwhile.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_shadow_element(
    state: *mut c_void,
    rpc: *const c_void,
    size: u32,
    next: u32,
) {
    // SAFETY: By the caller.
    let Some(shadow) = (unsafe { shadow(state) }) else {
        return;
    };
    let len = usize::try_from(size)
        .ok()
        .and_then(|size| size.checked_sub(ELEMENT_HEADER_SIZE));
    let Some(len) = len.filter(|_| !rpc.is_null()) else {
        return;
    };
    // SAFETY: By the caller.
    let message: &[u8] = unsafe { slice::from_raw_parts(rpc.cast(), len) };
    let Some((header, rest)) = message.split_first_chunk::<RPC_HEADER_SIZE>() else {
        return;
    };
    shadow.element(&RpcHeader::decode(header), rest, next);
}
