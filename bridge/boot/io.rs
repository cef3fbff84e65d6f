// SPDX-License-Identifier: GPL-2.0

//! A device's registers, and the falcons' images.

use kernel::error::{
    code::*,
    to_result,
    Result, //
};

use crate::{
    boot::core::{
        image::{
            Image,
            SignatureTable, //
        },
        io::{
            Io,
            Unit, //
        },
    },
    bridge::{
        bindings::{
            self,
            nvkm_falcon_fw, //
        },
        handle::{
            cpu,
            Gsp, //
        },
    },
    fw::core::falcon::Falcon,
};

/// Bytes of a page, the CPU's and GSP's (asserted in `rust_fw.c`).
const PAGE: u32 = 0x1000;

/// A device's registers.
pub(crate) struct Registers {
    gsp: Gsp,
    size: u32,
}

impl Registers {
    /// The registers of the device.
    pub(crate) fn new(gsp: Gsp) -> Self {
        // SAFETY: By the invariants of `gsp`.
        let size = unsafe { bindings::nvkm_rust_pri_size(gsp.as_ptr()) };
        Self { gsp, size }
    }

    /// Whether there is such a register.
    fn holds(&self, addr: u32) -> bool {
        addr % 4 == 0 && addr.checked_add(4).is_some_and(|end| end <= self.size)
    }
}

impl Io for Registers {
    fn size(&self) -> u32 {
        self.size
    }

    fn read(&mut self, addr: u32) -> u32 {
        if !self.holds(addr) {
            // As a register that nobody answers for.
            return u32::MAX;
        }
        // SAFETY: By the invariants of `gsp`; the address is that of a word within the mapped
        // registers.
        unsafe { bindings::nvkm_rust_rd32(self.gsp.as_ptr(), addr) }
    }

    fn write(&mut self, addr: u32, value: u32) {
        if self.holds(addr) {
            // SAFETY: As for reading.
            unsafe { bindings::nvkm_rust_wr32(self.gsp.as_ptr(), addr, value) }
        }
    }

    fn now(&mut self) -> u64 {
        cpu::now()
    }

    fn pause(&mut self) {
        cpu::pause();
    }

    fn delay(&mut self, microseconds: u32) {
        // SAFETY: Called where one may sleep, as the bridge's contract says.
        unsafe { bindings::nvkm_rust_delay(microseconds) }
    }

    fn pmc(&mut self, unit: Unit, on: bool) {
        // SAFETY: By the invariants of `gsp`; both falcons are constructed before GSP boots.
        unsafe { bindings::nvkm_rust_pmc(self.gsp.as_ptr(), sec2(unit), on) }
    }
}

/// How C's helpers name a unit.
fn sec2(unit: Unit) -> bool {
    matches!(unit, Unit::Sec2)
}

/// A falcon that nobody else uses.
pub(crate) struct Claim {
    gsp: Gsp,
    unit: Unit,
}

impl Claim {
    /// Claims a falcon.
    ///
    /// # Errors
    ///
    /// `EBUSY`: somebody uses it.
    pub(crate) fn new(gsp: Gsp, unit: Unit) -> Result<Self> {
        // SAFETY: By the invariants of `gsp`; both falcons are constructed before GSP boots.
        to_result(unsafe { bindings::nvkm_rust_falcon_claim(gsp.as_ptr(), sec2(unit)) })?;
        Ok(Self { gsp, unit })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // SAFETY: As for claiming, which it was.
        unsafe { bindings::nvkm_rust_falcon_release(self.gsp.as_ptr(), sec2(self.unit)) }
    }
}

/// A falcon's image, made by whoever serves fw.
///
/// The device only reads it: it is mapped `DMA_TO_DEVICE`.
///
/// # Invariants
///
/// `fw` points to a constructed `struct nvkm_falcon_fw`, or one that holds nothing, which nobody
/// else uses while the object lives: `fw.img` is NULL or `fw.len` bytes, `sigs` is NULL or `sig_nr
/// * sig_size`, `boot` is NULL or `boot_size`.
pub(crate) struct Loadable {
    fw: *mut nvkm_falcon_fw,
}

impl Loadable {
    /// The image behind C's pointer.
    ///
    /// # Errors
    ///
    /// `EINVAL`: there is none.
    ///
    /// # Safety
    ///
    /// `fw` is NULL or as the invariants say.
    pub(in crate::bridge) unsafe fn new(fw: *mut nvkm_falcon_fw) -> Result<Self> {
        // SAFETY: By the caller.
        if fw.is_null() || unsafe { (*fw).fw.img.is_null() } {
            return Err(EINVAL);
        }
        // INVARIANT: By the caller.
        Ok(Self { fw })
    }

    /// Its bytes as C counts them: what follows in its last page is not its.
    pub(crate) fn bytes(&self) -> u64 {
        u64::try_from(self.get().fw.len).unwrap_or(0)
    }

    /// The structure.
    fn get(&self) -> &nvkm_falcon_fw {
        // SAFETY: By the invariants; C does not write it meanwhile.
        unsafe { &*self.fw }
    }
}

/// Four bytes at an offset of `len` bytes from `start`.
///
/// # Safety
///
/// `start` is NULL or points to `len` bytes that nobody writes meanwhile.
unsafe fn word(start: *const u8, len: usize, offset: u32) -> Option<u32> {
    let offset = usize::try_from(offset).ok()?;
    if start.is_null() || offset.checked_add(4)? > len {
        return None;
    }
    // SAFETY: The range was checked.
    Some(u32::from_le(unsafe {
        start.add(offset).cast::<u32>().read_unaligned()
    }))
}

impl Image for Loadable {
    fn layout(&self) -> Falcon {
        let fw = self.get();
        Falcon {
            nmem_base_img: fw.nmem_base_img,
            nmem_base: fw.nmem_base,
            nmem_size: fw.nmem_size,
            imem_base_img: fw.imem_base_img,
            imem_base: fw.imem_base,
            imem_size: fw.imem_size,
            dmem_base_img: fw.dmem_base_img,
            dmem_base: fw.dmem_base,
            dmem_size: fw.dmem_size,
            dmem_sign: fw.dmem_sign,
            boot_addr: fw.boot_addr,
            fuse_ver: fw.fuse_ver,
            engine_id: fw.engine_id,
            ucode_id: fw.ucode_id,
        }
    }

    fn addr(&self) -> u64 {
        self.get().fw.phys
    }

    fn len(&self) -> u32 {
        // Whole pages are allocated, cleared behind the image or not, and mapped
        // (`nvkm_firmware_ctor()`).
        u32::try_from(self.get().fw.len)
            .ok()
            .and_then(|len| len.checked_next_multiple_of(PAGE))
            .unwrap_or(0)
    }

    fn word(&self, offset: u32) -> Option<u32> {
        let len = usize::try_from(self.len()).ok()?;
        // SAFETY: By the invariants, and the device only reads it.
        unsafe { word(self.get().fw.img, len, offset) }
    }

    fn set_word(&mut self, offset: u32, word: u32) -> bool {
        if self.word(offset).is_none() {
            return false;
        }
        let Ok(offset) = usize::try_from(offset) else {
            return false;
        };
        // SAFETY: There are four bytes, as reading them has shown; the image is ours to write.
        unsafe {
            self.get()
                .fw
                .img
                .add(offset)
                .cast::<u32>()
                .write_unaligned(word.to_le());
        }
        true
    }

    fn signatures(&self) -> Option<SignatureTable> {
        let fw = self.get();
        if fw.sigs.is_null() {
            return None;
        }
        Some(SignatureTable {
            count: u32::try_from(fw.sig_nr).unwrap_or(0),
            size: fw.sig_size,
            image_offset: fw.sig_base_img,
        })
    }

    fn signature_word(&self, offset: u32) -> Option<u32> {
        let table = self.signatures()?;
        let len = usize::try_from(table.count.checked_mul(table.size)?).ok()?;
        // SAFETY: By the invariants.
        unsafe { word(self.get().sigs, len, offset) }
    }

    fn drop_signatures(&mut self) {
        // SAFETY: By the invariants; `sigs` came from kmalloc, or is NULL.
        unsafe {
            bindings::nvkm_rust_kfree((*self.fw).sigs.cast());
            (*self.fw).sigs = core::ptr::null_mut();
        }
    }

    fn loader_size(&self) -> Option<u32> {
        let fw = self.get();
        (!fw.boot.is_null()).then_some(fw.boot_size)
    }

    fn loader_word(&self, offset: u32) -> Option<u32> {
        let len = usize::try_from(self.loader_size()?).ok()?;
        // SAFETY: By the invariants.
        unsafe { word(self.get().boot, len, offset) }
    }

    fn sync(&mut self) {
        // SAFETY: By the invariants the image is mapped.
        unsafe { bindings::nvkm_rust_falcon_sync(self.fw) }
    }
}
