// SPDX-License-Identifier: GPL-2.0

//! `bridge/boot.h`, as Rust serves it.

#![allow(unreachable_pub)]

use core::slice;

use kernel::{
    bindings::sg_table,
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
        nvkm_falcon_fw,
        nvkm_gsp,
        nvkm_gsp_radix3, //
    },
    handle::{
        Gsp,
        Subsystem, //
    },
    ptr::to_int,
    state,
};
use crate::boot::{
    core::hal,
    device::Boot, //
};

pub(crate) mod fields;
pub(crate) mod io;
pub(crate) mod logs;

use io::Loadable;

/// The device's state.
///
/// # Safety
///
/// As for [`Gsp::new`]; `nvkm_rs_boot_free` is not called while the reference is used.
unsafe fn boot<'a>(gsp: *mut nvkm_gsp) -> Result<&'a Boot> {
    // SAFETY: By the caller; `nvkm_rs_boot_new` gives that type.
    unsafe { state::of(gsp, Subsystem::Boot) }
}

/// `bridge/boot.h`
#[no_mangle]
pub extern "C" fn nvkm_rs_boot_knows(chipset: u32) -> bool {
    hal::select(chipset).is_some()
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
    // SAFETY: By the caller.
    unsafe { state::begin(gsp, ver, ver_len, Boot::new) }
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

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its boot; its firmware files are loaded.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_oneinit(gsp: *mut nvkm_gsp) -> c_int {
    // SAFETY: By the caller.
    let boot = unsafe { boot(gsp) };
    to_int(boot.and_then(Boot::oneinit))
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its boot; `print` may be called until the device goes.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_libos(
    gsp: *mut nvkm_gsp,
    print: Option<unsafe extern "C" fn(*mut c_void, u32, *mut c_void, u32) -> c_int>,
    keep: bool,
) -> c_int {
    // SAFETY: By the caller.
    let boot = unsafe { boot(gsp) };
    to_int(boot.and_then(|boot| boot.libos(print, keep)))
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its boot; `fw` is a constructed image that nobody else uses.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_frts(gsp: *mut nvkm_gsp, fw: *mut nvkm_falcon_fw) -> c_int {
    // SAFETY: By the caller.
    let (boot, image) = unsafe { (boot(gsp), Loadable::new(fw)) };
    to_int(boot.and_then(|boot| boot.frts(image?)))
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its boot.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_sb(gsp: *mut nvkm_gsp) -> c_int {
    // SAFETY: By the caller; the image is the device's, of which this thread alone makes use.
    let (boot, image) = unsafe { (boot(gsp), image(gsp, Gsp::sb)) };
    to_int(boot.and_then(|boot| boot.sb(image?)))
}

/// One of the device's images.
///
/// # Safety
///
/// As for [`Gsp::new`]; nobody else uses the image while the object lives.
unsafe fn image(gsp: *mut nvkm_gsp, which: fn(Gsp) -> *mut nvkm_falcon_fw) -> Result<Loadable> {
    // SAFETY: By the caller.
    unsafe { Loadable::new(which(Gsp::new(gsp).ok_or(EINVAL)?)) }
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its boot; it was initialised once.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_init(gsp: *mut nvkm_gsp) -> c_int {
    // SAFETY: By the caller; the image is the device's, of which this thread alone makes use.
    let (boot, image) = unsafe { (boot(gsp), image(gsp, Gsp::booter_load)) };
    to_int(boot.and_then(|boot| boot.init(image?)))
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its boot; both functions are C's for that device.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_start(
    gsp: *mut nvkm_gsp,
    postinit: Option<unsafe extern "C" fn(*mut nvkm_gsp) -> c_int>,
    radix3_dtor: Option<unsafe extern "C" fn(*mut nvkm_gsp, *mut nvkm_gsp_radix3)>,
) -> c_int {
    // SAFETY: By the caller.
    let boot = unsafe { boot(gsp) };
    to_int(boot.and_then(|boot| boot.start(postinit.ok_or(EINVAL)?, radix3_dtor.ok_or(EINVAL)?)))
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its boot; GSP-RM runs.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_fini(gsp: *mut nvkm_gsp, suspend: u32) -> c_int {
    // SAFETY: By the caller.
    let boot = unsafe { boot(gsp) };
    // SAFETY: By the caller; the image is the device's, of which this thread alone makes use.
    let booter = || unsafe { image(gsp, Gsp::booter_unload) };
    to_int(boot.and_then(|boot| boot.fini(suspend, booter)))
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its boot; both functions are C's for that device.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_stop(
    gsp: *mut nvkm_gsp,
    suspend: u32,
    radix3: Option<
        unsafe extern "C" fn(*mut nvkm_gsp, *mut sg_table, u64, *mut nvkm_gsp_radix3) -> c_int,
    >,
    radix3_dtor: Option<unsafe extern "C" fn(*mut nvkm_gsp, *mut nvkm_gsp_radix3)>,
) -> c_int {
    // SAFETY: By the caller.
    let boot = unsafe { boot(gsp) };
    to_int(
        boot.and_then(|boot| boot.stop(suspend, radix3.ok_or(EINVAL)?, radix3_dtor.ok_or(EINVAL)?)),
    )
}

/// `bridge/boot.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its boot; `msg` is readable for `len` bytes, which nobody writes
/// meanwhile.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_boot_sequencer(
    gsp: *mut nvkm_gsp,
    msg: *const c_void,
    len: u32,
) -> c_int {
    // SAFETY: By the caller.
    let boot = unsafe { boot(gsp) };
    to_int(boot.and_then(|boot| {
        if msg.is_null() {
            return Err(EINVAL);
        }
        let len = usize::try_from(len).map_err(|_| EINVAL)?;
        // SAFETY: By the caller.
        boot.sequencer(unsafe { slice::from_raw_parts(msg.cast(), len) })
    }))
}
