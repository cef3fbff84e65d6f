// SPDX-License-Identifier: GPL-2.0

//! Images for falcons.

use core::ptr::NonNull;

use kernel::{
    error::{
        code::*,
        to_result,
        Result, //
    },
    ffi::{
        c_char,
        c_int, //
    },
    prelude::*,
};

use super::{
    bindings::{
        self,
        nvkm_falcon,
        nvkm_falcon_fw,
        nvkm_falcon_fw_nvkm_falcon_fw_func as nvkm_falcon_fw_func, //
    },
    handle::Gsp,
    memory::memdup,
};
use crate::fw::core::falcon::{
    Falcon,
    Signatures, //
};

/// A falcon's image in the making.
///
/// # Invariants
///
/// `fw` points to a zeroed `struct nvkm_falcon_fw` that outlives the object, `func`, `falcon` and
/// `name` to what outlives the image.
pub(crate) struct FalconImage {
    gsp: Gsp,
    func: *const nvkm_falcon_fw_func,
    falcon: *mut nvkm_falcon,
    name: *const c_char,
    fw: NonNull<nvkm_falcon_fw>,
}

impl FalconImage {
    /// An image that is not there yet.
    ///
    /// # Safety
    ///
    /// `fw` is NULL or points to a zeroed `struct nvkm_falcon_fw` that outlives the object; `func`,
    /// `falcon` and `name` are what `nvkm_falcon_fw_ctor()` wants.
    pub(super) unsafe fn new(
        gsp: Gsp,
        func: *const nvkm_falcon_fw_func,
        falcon: *mut nvkm_falcon,
        name: *const c_char,
        fw: *mut nvkm_falcon_fw,
    ) -> Option<Self> {
        // INVARIANT: By the caller.
        Some(Self {
            gsp,
            func,
            falcon,
            name,
            fw: NonNull::new(fw)?,
        })
    }

    /// The image's name.
    pub(crate) fn name(&self) -> &[u8] {
        // SAFETY: By the invariants it is terminated.
        unsafe { CStr::from_char_ptr(self.name.cast()) }.to_bytes()
    }

    /// Makes the image of a copy of these bytes, and says what of it goes where.
    ///
    /// # Errors
    ///
    /// `EINVAL`: more bytes than C can count; `ENOMEM`.
    pub(crate) fn fill(&mut self, image: &[u8], layout: &Falcon) -> Result {
        let len = u32::try_from(image.len()).map_err(|_| EINVAL)?;
        let fw = self.fw.as_ptr();
        // SAFETY: By the invariants; the image is copied.
        to_result(unsafe {
            bindings::nvkm_falcon_fw_ctor(
                self.func,
                self.name,
                self.gsp.device(),
                true,
                image.as_ptr().cast(),
                len,
                self.falcon,
                fw,
            )
        })?;
        // SAFETY: By the invariants `fw` is ours to write.
        unsafe {
            (*fw).nmem_base_img = layout.nmem_base_img;
            (*fw).nmem_base = layout.nmem_base;
            (*fw).nmem_size = layout.nmem_size;
            (*fw).imem_base_img = layout.imem_base_img;
            (*fw).imem_base = layout.imem_base;
            (*fw).imem_size = layout.imem_size;
            (*fw).dmem_base_img = layout.dmem_base_img;
            (*fw).dmem_base = layout.dmem_base;
            (*fw).dmem_size = layout.dmem_size;
            (*fw).dmem_sign = layout.dmem_sign;
            (*fw).boot_addr = layout.boot_addr;
            (*fw).fuse_ver = layout.fuse_ver;
            (*fw).engine_id = layout.engine_id;
            (*fw).ucode_id = layout.ucode_id;
        }
        Ok(())
    }

    /// Keeps a copy of the signatures, of which one will go into the image. `file` is what they lie
    /// in, from its beginning.
    ///
    /// # Errors
    ///
    /// `EINVAL`: they do not lie in it, or C cannot count them; `ENOMEM`.
    pub(crate) fn sign(&mut self, file: &[u8], signatures: &Signatures<'_>) -> Result {
        let word = |value: usize| u32::try_from(value).map_err(|_| EINVAL);
        let count = c_int::try_from(signatures.count).map_err(|_| EINVAL)?;
        let bytes = signatures
            .count
            .checked_mul(signatures.size)
            .ok_or(EINVAL)?;
        let end = signatures.offset.checked_add(bytes).ok_or(EINVAL)?;
        if end > file.len() {
            return Err(EINVAL);
        }
        // SAFETY: By the invariants; the table lies within `file`, and is copied.
        to_result(unsafe {
            bindings::nvkm_falcon_fw_sign(
                self.fw.as_ptr(),
                word(signatures.image_offset)?,
                word(signatures.size)?,
                file.as_ptr(),
                count,
                word(signatures.offset)?,
                0,
                0,
            )
        })
    }

    /// Gives it a copy of the loader that brings it into the falcon.
    ///
    /// # Errors
    ///
    /// `EINVAL`: no bytes, or more than C can count; `ENOMEM`.
    pub(crate) fn set_loader(&mut self, code: &[u8], boot_addr: u32) -> Result {
        let size = u32::try_from(code.len()).map_err(|_| EINVAL)?;
        let copy = memdup(code)?;
        let fw = self.fw.as_ptr();
        // SAFETY: By the invariants `fw` is ours to write; `nvkm_falcon_fw_dtor()` frees the copy.
        unsafe {
            (*fw).boot = copy.as_ptr();
            (*fw).boot_size = size;
            (*fw).boot_addr = boot_addr;
        }
        Ok(())
    }

    /// Leaves it to C if it was made, and else frees what there is of it.
    ///
    /// # Errors
    ///
    /// Those of the making.
    pub(crate) fn keep_if(self, made: Result) -> Result {
        if made.is_err() {
            // SAFETY: By the invariants; what was not made is zero, and nothing to it.
            unsafe { bindings::nvkm_falcon_fw_dtor(self.fw.as_ptr()) }
        }
        made
    }
}
