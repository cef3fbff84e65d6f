// SPDX-License-Identifier: GPL-2.0

//! What C has made, to be looked at.

use core::ptr::{
    self,
    NonNull, //
};

use kernel::{
    bindings::sg_table,
    error::{
        code::*,
        Result, //
    },
    ffi::c_void,
    prelude::*,
};

use crate::{
    abi::core::arguments::Range,
    boot::core::layout::{
        Layout,
        Top, //
    },
    bridge::{
        bindings::{
            self,
            nvkm_gsp_mem,
            nvkm_gsp_radix3, //
        },
        boot::fields::Memory,
        handle::Gsp,
        memory::PAGE_SIZE,
        pages::SharedPages,
    },
    fw::core::radix3::Level,
};

/// The pages of a table, in order.
struct Pages {
    virt: KVVec<*mut c_void>,
    dma: KVVec<u64>,
}

impl Pages {
    /// Those of a scatterlist.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINVAL`: what C mapped is not what it allocated.
    ///
    /// # Safety
    ///
    /// `table` points to a mapped scatterlist that is not freed while the object lives.
    unsafe fn new(table: *mut sg_table) -> Result<Self> {
        // SAFETY: By the caller; nothing is written, since there is room for no entry.
        let count =
            unsafe { bindings::nvkm_rust_sg_pages(table, ptr::null_mut(), ptr::null_mut(), 0) };
        let mut pages = Self {
            virt: KVVec::from_elem(ptr::null_mut(), count, GFP_KERNEL)?,
            dma: KVVec::from_elem(0, count, GFP_KERNEL)?,
        };
        // SAFETY: By the caller; both arrays have room for `count` entries.
        let found = unsafe {
            bindings::nvkm_rust_sg_pages(
                table,
                pages.virt.as_mut_ptr(),
                pages.dma.as_mut_ptr(),
                count,
            )
        };
        (found == count).then_some(pages).ok_or(EINVAL)
    }

    /// An entry of eight bytes in these pages.
    fn entry(&self, index: usize) -> Option<u64> {
        let (page, slot) = (index / (PAGE_SIZE / 8), index % (PAGE_SIZE / 8));
        let start = NonNull::new(*self.virt.get(page)?)?;
        // SAFETY: The page is mapped by whoever made the object; `slot` lies within it, and is
        // aligned.
        Some(unsafe { start.as_ptr().cast::<u64>().add(slot).read_volatile() })
    }
}

/// The table through which GSP sees an image, as C has made it.
pub(crate) struct SeenRadix3 {
    level0: SharedPages,
    level1: SharedPages,
    level1_addr: u64,
    level2: Pages,
}

impl SeenRadix3 {
    /// Looks at a table.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINVAL`: there is none.
    ///
    /// # Safety
    ///
    /// `rx3` points to a finished table that is not freed while the object lives.
    pub(in crate::bridge) unsafe fn new(rx3: *mut nvkm_gsp_radix3) -> Result<Self> {
        // SAFETY: By the caller.
        unsafe {
            Ok(Self {
                level0: pages(&raw const (*rx3).lvl0).ok_or(EINVAL)?,
                level1: pages(&raw const (*rx3).lvl1).ok_or(EINVAL)?,
                level1_addr: (*rx3).lvl1.addr,
                level2: Pages::new(&raw mut (*rx3).lvl2)?,
            })
        }
    }

    /// Pages of level 2.
    pub(crate) fn level2_pages(&self) -> usize {
        self.level2.dma.len()
    }

    /// Where level 1 is.
    pub(crate) fn level1_addr(&self) -> u64 {
        self.level1_addr
    }

    /// Where the pages of level 2 are.
    pub(crate) fn level2_addrs(&self) -> &[u64] {
        &self.level2.dma
    }

    /// An entry.
    pub(crate) fn entry(&self, level: Level, index: usize) -> Option<u64> {
        let pages = match level {
            Level::L0 => &self.level0,
            Level::L1 => &self.level1,
            Level::L2 => return self.level2.entry(index),
        };
        let mut entry = [0; 8];
        pages
            .read(index.checked_mul(8)?, &mut entry)
            .then_some(u64::from_le_bytes(entry))
    }
}

/// A memory's bytes, if there is such a memory.
///
/// # Safety
///
/// `memory` points to a memory that is not freed while the object lives.
unsafe fn pages(memory: *const nvkm_gsp_mem) -> Option<SharedPages> {
    // SAFETY: By the caller.
    let (data, size) = unsafe { ((*memory).data, (*memory).size) };
    // SAFETY: By the caller; `data` is `size` bytes.
    unsafe { SharedPages::new(NonNull::new(data.cast::<u8>())?, size) }
}

/// What C says of the frame buffer.
impl Gsp {
    /// What is not GSP-RM's of it.
    pub(crate) fn seen_top(self) -> Top {
        // SAFETY: By the invariants; these fields are written by the thread that is here.
        let fb = unsafe { &(*self.as_ptr()).fb };
        Top {
            frame_buffer: fb.size,
            vga_workspace: Range {
                addr: fb.bios.vga_workspace.addr,
                size: fb.bios.vga_workspace.size,
            },
            end: fb.bios.addr,
        }
    }

    /// Bytes that are not GSP-RM's.
    pub(crate) fn seen_bios_size(self) -> u64 {
        // SAFETY: As for `seen_top`.
        unsafe { (*self.as_ptr()).fb.bios.size }
    }

    /// Where everything is in it.
    pub(crate) fn seen_layout(self) -> Layout {
        // SAFETY: As for `seen_top`.
        let fb = unsafe { &(*self.as_ptr()).fb };
        let range = |addr, size| Range { addr, size };
        Layout {
            top: self.seen_top(),
            wpr2: range(fb.wpr2.addr, fb.wpr2.size),
            frts: range(fb.wpr2.frts.addr, fb.wpr2.frts.size),
            boot: range(fb.wpr2.boot.addr, fb.wpr2.boot.size),
            image: range(fb.wpr2.elf.addr, fb.wpr2.elf.size),
            heap: range(fb.wpr2.heap.addr, fb.wpr2.heap.size),
            non_wpr_heap: range(fb.heap.addr, fb.heap.size),
        }
    }

    /// A queue for commands: its pages and their number, and the driver's own pointer.
    pub(crate) fn seen_commands(self) -> Option<(SharedPages, u32, u32)> {
        let gsp = self.as_ptr();
        // SAFETY: By the invariants; `r535_gsp_shared_init()` has set the fields before anything is
        // sent, and they do not change.
        let (ptr, size, count, wptr) = unsafe {
            (
                (*gsp).shm.cmdq.ptr,
                (*gsp).shm.cmdq.size,
                (*gsp).cmdq.cnt,
                (*gsp).cmdq.wptr,
            )
        };
        let len = usize::try_from(count).ok()?.checked_mul(PAGE_SIZE)?;
        if wptr.is_null() || len.checked_add(PAGE_SIZE)? > usize::try_from(size).ok()? {
            return None;
        }
        let header = NonNull::new(ptr.cast::<u8>())?;
        // SAFETY: The queue has `len` bytes behind the page of its header, by the check; it is
        // freed after the last message.
        let pages = unsafe { SharedPages::new(header.add(PAGE_SIZE), len) }?;
        // SAFETY: As above; the pointer is aligned, since C reads it so.
        Some((pages, count, unsafe { wptr.read_volatile() }))
    }

    /// Bytes of a memory, to be looked at.
    ///
    /// # Errors
    ///
    /// `EINVAL`: there is none.
    pub(crate) fn look<T>(self, which: Memory, f: impl FnOnce(&SharedPages) -> T) -> Result<T> {
        self.with_memory(which, |memory| Ok(f(memory)))
    }
}
