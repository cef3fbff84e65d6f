// SPDX-License-Identifier: GPL-2.0

//! Firmware files, whole and in parts.

use core::{
    ptr::{
        self,
        NonNull, //
    },
    slice,
};

use kernel::{
    bindings::firmware,
    error::{
        code::*,
        to_result,
        Result, //
    },
    ffi::c_void,
    prelude::*, //
};

use super::{
    bindings,
    handle::Gsp,
    memory::PAGE_SIZE, //
};

/// A firmware file that has been opened.
///
/// # Invariants
///
/// Points to a `struct firmware` that is the object's to give back.
pub(crate) struct Open(NonNull<firmware>);

impl Open {
    /// Gives it to C, who gives it back by `nvkm_firmware_put()`.
    pub(crate) fn into_ptr(self) -> *const firmware {
        core::mem::ManuallyDrop::new(self).0.as_ptr()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: By the invariants, and it is not used any more.
        unsafe { bindings::nvkm_firmware_put(self.0.as_ptr()) }
    }
}

/// The bytes of a file that C holds.
///
/// # Safety
///
/// `file` is NULL, or points to a `struct firmware` that is not given back while the slice is used,
/// and whose data is all of the file.
pub(super) unsafe fn file_bytes<'a>(file: *const firmware) -> &'a [u8] {
    // SAFETY: By the caller; firmware's data is readable for its size, and a file of no bytes may
    // have none.
    unsafe {
        if file.is_null() || (*file).data.is_null() {
            return &[];
        }
        slice::from_raw_parts((*file).data, (*file).size)
    }
}

/// A firmware file in memory, as a whole.
pub(crate) struct File(Open);

impl File {
    /// Reads it, without a word if it is not there: `name` is like `gsp/bootloader-570.144`.
    ///
    /// # Errors
    ///
    /// `ENOENT`
    pub(crate) fn get(gsp: Gsp, name: &CStr) -> Result<Self> {
        let mut file = ptr::null();
        // SAFETY: By the invariants of `gsp`; `name` is terminated.
        to_result(unsafe {
            bindings::nvkm_rust_fw_get(gsp.as_ptr(), name.as_char_ptr().cast(), &mut file)
        })?;
        // INVARIANT: The file is nobody else's yet.
        let open = NonNull::new(file.cast_mut()).map(Open).ok_or(ENOENT)?;
        Ok(Self(open))
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: It was read as a whole, and is not given back while `self` is borrowed.
        unsafe { file_bytes(self.0 .0.as_ptr()) }
    }

    /// The file alone, to be given to C.
    pub(crate) fn into_open(self) -> Open {
        self.0
    }
}

/// Reads a part of a firmware file: exactly `to`.
///
/// # Errors
///
/// `EIO`: it is shorter; otherwise why it cannot be read in parts (`ENOENT`, too, if it is
/// compressed).
pub(crate) fn read(gsp: Gsp, name: &CStr, offset: usize, to: &mut [u8]) -> Result {
    // SAFETY: By the invariants of `gsp`; `name` is terminated, `to` writable for its length, and
    // not kept.
    to_result(unsafe {
        bindings::nvkm_rust_fw_read(
            gsp.as_ptr(),
            name.as_char_ptr().cast(),
            offset,
            to.as_mut_ptr().cast(),
            to.len(),
            ptr::null_mut(),
        )
    })
}

/// The beginning of a firmware file.
///
/// The file that was opened for it has this buffer for its data, and C never looks there
/// (`bridge/fw.h`).
pub(crate) struct Head {
    buffer: KVec<u8>,
}

impl Head {
    /// Reads `size` bytes; the file stays open.
    ///
    /// # Errors
    ///
    /// As for [`read`]; `ENOMEM`.
    pub(crate) fn read(gsp: Gsp, name: &CStr, size: usize) -> Result<(Self, Open)> {
        let mut buffer = KVec::from_elem(0, size, GFP_KERNEL)?;
        let mut file = ptr::null();
        // SAFETY: By the invariants of `gsp`; `name` is terminated, and the buffer has `size`
        // bytes. Giving the file back does not touch its data, since that was the caller's.
        to_result(unsafe {
            bindings::nvkm_rust_fw_read(
                gsp.as_ptr(),
                name.as_char_ptr().cast(),
                0,
                buffer.as_mut_ptr().cast(),
                size,
                &mut file,
            )
        })?;
        // INVARIANT: The file is nobody else's yet.
        let open = NonNull::new(file.cast_mut()).map(Open).ok_or(ENOENT)?;
        Ok((Self { buffer }, open))
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }
}

/// Whole pages, as `vmalloc()` gives them, with the image at their beginning and zeroes behind it.
///
/// # Invariants
///
/// `start` is an allocation of `nvkm_rust_vmalloc()` of `len` bytes rounded up to a page, all
/// initialised, that this object owns.
pub(crate) struct Image {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: The allocation belongs to the object alone, and memory is not bound to a thread.
unsafe impl Send for Image {}

impl Image {
    /// Reads `len` bytes at `offset` of a firmware file.
    ///
    /// # Errors
    ///
    /// As for [`read`]; `ENOMEM`.
    pub(crate) fn read(gsp: Gsp, name: &CStr, offset: usize, len: usize) -> Result<Self> {
        let size = len.checked_next_multiple_of(PAGE_SIZE).ok_or(EINVAL)?;
        // SAFETY: Any size may be asked for.
        let start = unsafe { bindings::nvkm_rust_vmalloc(size) }.cast::<u8>();
        let start = NonNull::new(start).ok_or(ENOMEM)?;
        // SAFETY: `size` bytes from `start` on are ours; the file's part is less than that, and the
        // rest is cleared. Should reading fail, nothing looks at them.
        let ret = unsafe {
            ptr::write_bytes(start.as_ptr().add(len), 0, size - len);
            bindings::nvkm_rust_fw_read(
                gsp.as_ptr(),
                name.as_char_ptr().cast(),
                offset,
                start.as_ptr().cast(),
                len,
                ptr::null_mut(),
            )
        };
        // INVARIANT: Just allocated, and filled if `ret` is 0; dropped below if it is not, which
        // looks at nothing.
        let image = Self { start, len };
        to_result(ret).map(|()| image)
    }

    /// Where it is, and its bytes.
    pub(crate) fn place(&self) -> (*const u8, usize) {
        (self.start.as_ptr(), self.len)
    }

    /// Gives it to C, who frees it by `vfree()`.
    pub(crate) fn into_ptr(self) -> *mut c_void {
        core::mem::ManuallyDrop::new(self).start.as_ptr().cast()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: By the invariants it is ours, and not used after this.
        unsafe { bindings::nvkm_rust_vfree(self.start.as_ptr().cast()) }
    }
}
