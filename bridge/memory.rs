// SPDX-License-Identifier: GPL-2.0

//! Memory for the device, which C frees.

use core::ptr::{
    self,
    NonNull, //
};

use kernel::{
    bindings::sg_table,
    error::{
        code::*,
        to_result,
        Result, //
    },
    ffi::c_void,
    prelude::*, //
};

use super::{
    bindings::{
        self,
        nvkm_gsp_mem,
        nvkm_gsp_radix3, //
    },
    handle::Gsp,
    pages::SharedPages,
};
use crate::fw::core::radix3::Table;

/// Bytes of a page, the CPU's and GSP's (asserted in `rust_fw.c`).
pub(super) const PAGE_SIZE: usize = 0x1000;

/// Memory that the device reads, filled once.
pub(crate) struct DeviceMemory(nvkm_gsp_mem);

impl DeviceMemory {
    /// Coherent memory of `size` bytes.
    ///
    /// # Errors
    ///
    /// `EINVAL`: no bytes; `ENOMEM`.
    pub(crate) fn new(gsp: Gsp, size: usize) -> Result<Self> {
        if size == 0 {
            return Err(EINVAL);
        }
        let mut memory = nvkm_gsp_mem {
            dev: ptr::null_mut(),
            size: 0,
            data: ptr::null_mut(),
            addr: 0,
        };
        // SAFETY: By the invariants of `gsp`; `memory` is written before it is read.
        to_result(unsafe { bindings::nvkm_gsp_mem_ctor(gsp.as_ptr(), size, &mut memory) })?;
        Ok(Self(memory))
    }

    /// Its bus address.
    pub(crate) fn addr(&self) -> u64 {
        self.0.addr
    }

    /// Its bytes, to be written.
    ///
    /// # Errors
    ///
    /// `EINVAL`: it is not aligned, which coherent memory is.
    pub(crate) fn pages(&mut self) -> Result<SharedPages> {
        let start = NonNull::new(self.0.data.cast::<u8>()).ok_or(EINVAL)?;
        // SAFETY: By C's constructor `data` is `size` bytes of mapped memory; whoever asks drops
        // the pages before `self`.
        unsafe { SharedPages::new(start, self.0.size) }.ok_or(EINVAL)
    }

    /// Gives it to C, who frees it by `nvkm_gsp_mem_dtor()`.
    pub(crate) fn into_inner(self) -> nvkm_gsp_mem {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not used after this, nor dropped.
        unsafe { ptr::read(&this.0) }
    }
}

impl Drop for DeviceMemory {
    fn drop(&mut self) {
        // SAFETY: It was constructed, and is not used any more.
        unsafe { bindings::nvkm_gsp_mem_dtor(&mut self.0) }
    }
}

/// Single pages that the device reads, in the form of a scatterlist.
pub(crate) struct DevicePages {
    gsp: Gsp,
    table: sg_table,
    pages: KVVec<*mut c_void>,
    addrs: KVVec<u64>,
}

impl DevicePages {
    /// `count` pages.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(crate) fn new(gsp: Gsp, count: usize) -> Result<Self> {
        let bytes = count.checked_mul(PAGE_SIZE).ok_or(EINVAL)?;
        let pages = KVVec::from_elem(ptr::null_mut(), count, GFP_KERNEL)?;
        let addrs = KVVec::from_elem(0, count, GFP_KERNEL)?;
        let mut table = sg_table::default();
        // SAFETY: By the invariants of `gsp`; the table is written before it is read. On error
        // nothing is left in it.
        to_result(unsafe { bindings::nvkm_rust_sg(gsp.as_ptr(), bytes as u64, &mut table) })?;
        let mut this = Self {
            gsp,
            table,
            pages,
            addrs,
        };
        // SAFETY: The table has just been made and mapped; both arrays have room for `count`
        // entries.
        let found = unsafe {
            bindings::nvkm_rust_sg_pages(
                &mut this.table,
                this.pages.as_mut_ptr(),
                this.addrs.as_mut_ptr(),
                count,
            )
        };
        if found != count {
            return Err(EINVAL);
        }
        Ok(this)
    }

    /// The pages' bus addresses.
    pub(crate) fn addrs(&self) -> &[u64] {
        &self.addrs
    }

    /// Gives them to C, who frees them by `nvkm_gsp_sg_free()`.
    pub(crate) fn into_inner(self) -> sg_table {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not used after this, nor dropped: each field is read once. The vectors
        // are dropped here.
        unsafe {
            drop(ptr::read(&this.pages));
            drop(ptr::read(&this.addrs));
            ptr::read(&this.table)
        }
    }
}

impl Table for DevicePages {
    fn set(&mut self, index: usize, entry: [u8; 8]) -> bool {
        let (page, slot) = (index / (PAGE_SIZE / 8), index % (PAGE_SIZE / 8));
        let Some(start) = self.pages.get(page).and_then(|page| NonNull::new(*page)) else {
            return false;
        };
        // SAFETY: The page is mapped, and ours until the table is given to C; `slot` lies within
        // it, and is aligned.
        unsafe {
            start
                .as_ptr()
                .cast::<u64>()
                .add(slot)
                .write_volatile(u64::from_ne_bytes(entry));
        }
        true
    }
}

impl Drop for DevicePages {
    fn drop(&mut self) {
        // SAFETY: The table was made for that device, and is not used any more.
        unsafe { bindings::nvkm_gsp_sg_free(self.gsp.device(), &mut self.table) }
    }
}

/// The bus addresses of the pages of an image that C has mapped.
///
/// # Safety
///
/// `table` points to a mapped scatterlist.
///
/// # Errors
///
/// `EINVAL`: it has fewer than `count`; `ENOMEM`.
pub(super) unsafe fn page_addrs(table: *mut sg_table, count: usize) -> Result<KVVec<u64>> {
    let mut addrs = KVVec::from_elem(0, count, GFP_KERNEL)?;
    // SAFETY: By the caller; there is room for `count` entries.
    let found =
        unsafe { bindings::nvkm_rust_sg_pages(table, ptr::null_mut(), addrs.as_mut_ptr(), count) };
    (found >= count).then_some(addrs).ok_or(EINVAL)
}

/// Puts a finished table where C expects it.
///
/// # Safety
///
/// `rx3` points to a `struct nvkm_gsp_radix3` that holds nothing.
pub(super) unsafe fn set_radix3(
    rx3: *mut nvkm_gsp_radix3,
    levels: (DeviceMemory, DeviceMemory, DevicePages),
) {
    let value = nvkm_gsp_radix3 {
        lvl0: levels.0.into_inner(),
        lvl1: levels.1.into_inner(),
        lvl2: levels.2.into_inner(),
    };
    // SAFETY: By the caller.
    unsafe { rx3.write(value) };
}

/// `kmemdup()`: a copy for C, who frees it by `kfree()`.
///
/// # Errors
///
/// `EINVAL`: no bytes; `ENOMEM`.
pub(super) fn memdup(bytes: &[u8]) -> Result<NonNull<u8>> {
    if bytes.is_empty() {
        return Err(EINVAL);
    }
    // SAFETY: The bytes are readable for their length.
    let copy = unsafe { bindings::nvkm_rust_memdup(bytes.as_ptr().cast(), bytes.len()) };
    NonNull::new(copy.cast()).ok_or(ENOMEM)
}
