// SPDX-License-Identifier: GPL-2.0

//! `bridge/fw.h`, as Rust serves it.

#![allow(unreachable_pub)]

use core::{
    ptr,
    slice, //
};

use kernel::{
    bindings::{
        firmware,
        sg_table, //
    },
    error::{
        code::*,
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
        nvkm_falcon,
        nvkm_falcon_fw,
        nvkm_falcon_fw_nvkm_falcon_fw_func as nvkm_falcon_fw_func,
        nvkm_gsp,
        nvkm_gsp_radix3, //
    },
    falcon::FalconImage,
    firmware::file_bytes,
    handle::{
        Gsp,
        Subsystem, //
    },
    memory::{
        memdup,
        page_addrs,
        set_radix3, //
    },
    ptr::to_int,
    state,
};
use crate::fw::{
    core::{
        booter::Kind,
        fwsec::Command, //
    },
    device::Fw,
};

/// `NVFW_FALCON_APPIF_DMEMMAPPER_CMD_FRTS` and `_SB` (nvkm/subdev/gsp/fwsec.c).
const CMD_FRTS: u32 = 0x15;
const CMD_SB: u32 = 0x19;

impl Gsp {
    /// Whether the chip's FSP takes a hash, a public key and a signature of so many bytes.
    pub(crate) fn fmc_fits(self, hash: usize, public_key: usize, signature: usize) -> bool {
        let word = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        // SAFETY: By the invariants; the device's subdevices are constructed before the GSP is set
        // up.
        unsafe {
            bindings::nvkm_rust_fmc_fits(
                self.as_ptr(),
                word(hash),
                word(public_key),
                word(signature),
            )
        }
    }
}

/// The device's state.
///
/// # Safety
///
/// As for [`Gsp::new`]; `nvkm_rs_fw_free` is not called while the reference is used.
unsafe fn fw<'a>(gsp: *mut nvkm_gsp) -> Result<&'a Fw> {
    // SAFETY: By the caller; `nvkm_rs_fw_new` gives that type.
    unsafe { state::of(gsp, Subsystem::Fw) }
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` outlives the state; `ver` is readable for `ver_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_new(
    gsp: *mut nvkm_gsp,
    ver: *const c_char,
    ver_len: usize,
) -> *mut c_void {
    // SAFETY: By the caller.
    unsafe { state::begin(gsp, ver, ver_len, Fw::new) }
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `state` came from `nvkm_rs_fw_new`, and nobody uses it any more.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_free(state: *mut c_void) {
    // SAFETY: By the caller.
    unsafe { state::end::<Fw>(state) }
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its fw; `name` and `ver` are terminated, `pfw` is writable.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_load(
    gsp: *mut nvkm_gsp,
    name: *const c_char,
    _ver: *const c_char,
    pfw: *mut *const firmware,
) -> c_int {
    // SAFETY: By the caller.
    let (fw, name) = unsafe { (fw(gsp), CStr::from_char_ptr(name.cast())) };
    to_int(fw.and_then(|fw| {
        let open = match name.to_str().map_err(|_| EINVAL)? {
            "gsp" => fw.load_rm()?,
            name => fw.load(name)?.into_open(),
        };
        // SAFETY: By the caller.
        unsafe { pfw.write(open.into_ptr()) };
        Ok(())
    }))
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its fw; nobody uses what `nvkm_rs_fw_section` gave.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_release(gsp: *mut nvkm_gsp) {
    // SAFETY: By the caller.
    if let Ok(fw) = unsafe { fw(gsp) } {
        fw.release();
    }
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its fw; `name` is terminated, `pdata` and `psize` are writable.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_section(
    gsp: *mut nvkm_gsp,
    name: *const c_char,
    pdata: *mut *const u8,
    psize: *mut u64,
) -> c_int {
    // SAFETY: By the caller.
    let (fw, name) = unsafe { (fw(gsp), CStr::from_char_ptr(name.cast())) };
    to_int(fw.and_then(|fw| {
        // SAFETY: `fws.rm` is NULL or what `nvkm_rs_fw_load` gave. Where that is the file's header
        // alone, its bytes are not looked at: whether they are is the state's to know, which also
        // keeps them.
        let whole = || unsafe { file_bytes((*gsp).fws.rm) };
        let (data, size) = fw.section(whole, name.to_bytes())?;
        // SAFETY: By the caller.
        unsafe {
            pdata.write(data);
            psize.write(size as u64);
        }
        Ok(())
    }))
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its fw.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_take(
    gsp: *mut nvkm_gsp,
    src: *const c_void,
    len: usize,
) -> *mut c_void {
    // SAFETY: By the caller.
    match unsafe { fw(gsp) } {
        Ok(fw) => fw
            .take(src.cast(), len)
            .map_or(ptr::null_mut(), |image| image.into_ptr()),
        Err(_) => ptr::null_mut(),
    }
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its fw; `sgt` points to a mapped scatterlist, `rx3` to a table
/// that holds nothing.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_radix3(
    gsp: *mut nvkm_gsp,
    sgt: *mut sg_table,
    size: u64,
    rx3: *mut nvkm_gsp_radix3,
) -> c_int {
    // SAFETY: By the caller.
    let fw = unsafe { fw(gsp) };
    to_int(fw.and_then(|fw| {
        // SAFETY: By the caller.
        let levels = fw.radix3(size, |count| unsafe { page_addrs(sgt, count) })?;
        // SAFETY: By the caller.
        unsafe { set_radix3(rx3, levels) };
        Ok(())
    }))
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its fw; `file` is NULL or a firmware file.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_bootloader(gsp: *mut nvkm_gsp, file: *const firmware) -> c_int {
    // SAFETY: By the caller.
    let (fw, file) = unsafe { (fw(gsp), file_bytes(file)) };
    to_int(fw.and_then(|fw| {
        let (memory, desc) = fw.bootloader(file)?;
        // SAFETY: By the caller; C reads these fields after this call, in the same thread.
        unsafe {
            (*gsp).boot.fw = memory.into_inner();
            (*gsp).boot.code_offset = desc.code_offset;
            (*gsp).boot.data_offset = desc.data_offset;
            (*gsp).boot.manifest_offset = desc.manifest_offset;
            (*gsp).boot.app_version = desc.app_version;
        }
        Ok(())
    }))
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its fw; `blob` is NULL or a firmware file; `func`, `name`,
/// `falcon` and `image` are what `nvkm_falcon_fw_ctor()` wants.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_booter(
    gsp: *mut nvkm_gsp,
    func: *const nvkm_falcon_fw_func,
    name: *const c_char,
    blob: *const firmware,
    falcon: *mut nvkm_falcon,
    image: *mut nvkm_falcon_fw,
    brom: bool,
) -> c_int {
    // SAFETY: By the caller.
    let (fw, file) = unsafe { (fw(gsp), file_bytes(blob)) };
    let kind = if brom { Kind::Brom } else { Kind::Turing };
    to_int(fw.and_then(|fw| {
        // SAFETY: By the caller.
        let image = unsafe {
            let gsp = Gsp::new(gsp).ok_or(EINVAL)?;
            FalconImage::new(gsp, func, falcon, name, image)
        };
        fw.booter(image.ok_or(EINVAL)?, file, kind)
    }))
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its fw; `file` is NULL or a firmware file.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_fmc(gsp: *mut nvkm_gsp, file: *const firmware) -> c_int {
    // SAFETY: By the caller.
    let (fw, file) = unsafe { (fw(gsp), file_bytes(file)) };
    to_int(fw.and_then(|fw| {
        let (fmc, memory) = fw.fmc(file)?;
        // C frees each of them as soon as it is there, whatever fails after it.
        // SAFETY: By the caller; C reads these fields after this call, in the same thread.
        unsafe {
            (*gsp).fmc.fw = memory.into_inner();
            (*gsp).fmc.hash = memdup(fmc.hash)?.as_ptr();
            (*gsp).fmc.pkey = memdup(fmc.public_key)?.as_ptr();
            (*gsp).fmc.sig = memdup(fmc.signature)?.as_ptr();
        }
        Ok(())
    }))
}

/// FWSEC's command of a number.
///
/// # Errors
///
/// `EINVAL`: there is none.
///
/// # Safety
///
/// `gsp` is alive; C has laid out the frame buffer where the command says where in it, in the same
/// thread.
pub(super) unsafe fn command(gsp: *mut nvkm_gsp, init_cmd: u32) -> Result<Command> {
    match init_cmd {
        // SAFETY: By the caller.
        CMD_FRTS => Ok(unsafe {
            Command::Frts {
                addr: (*gsp).fb.wpr2.frts.addr,
                size: (*gsp).fb.wpr2.frts.size,
            }
        }),
        CMD_SB => Ok(Command::Sb),
        _ => Err(EINVAL),
    }
}

/// `bridge/fw.h`
///
/// # Safety
///
/// `gsp` is alive and Rust serves its fw; `func`, `name` and `image` are what
/// `nvkm_falcon_fw_ctor()` wants.
#[no_mangle]
pub unsafe extern "C" fn nvkm_rs_fw_fwsec(
    gsp: *mut nvkm_gsp,
    func: *const nvkm_falcon_fw_func,
    image: *mut nvkm_falcon_fw,
    name: *const c_char,
    init_cmd: u32,
) -> c_int {
    // SAFETY: By the caller.
    let fw = unsafe { fw(gsp) };
    to_int(fw.and_then(|fw| {
        let (mut data, mut offset, mut size) = (ptr::null(), 0, 0);
        // SAFETY: By the caller; the three are written.
        let found =
            unsafe { bindings::nvkm_rust_fwsec_find(gsp, &mut data, &mut offset, &mut size) };
        let (Ok(()), false) = (kernel::error::to_result(found), data.is_null()) else {
            return Err(fw.no_fwsec());
        };
        let len = offset.checked_add(size).ok_or(EINVAL)?;
        // SAFETY: The VBIOS is in memory from `data` to its end, for as long as the device lives,
        // and nobody writes it.
        let vbios = unsafe { slice::from_raw_parts(data, len) };
        // SAFETY: By the caller.
        let command = unsafe { command(gsp, init_cmd) }?;
        // SAFETY: By the caller.
        let image = unsafe {
            let handle = Gsp::new(gsp).ok_or(EINVAL)?;
            FalconImage::new(handle, func, &raw mut (*gsp).falcon, name, image)
        };
        fw.fwsec(image.ok_or(EINVAL)?, vbios, offset, command)
    }))
}
