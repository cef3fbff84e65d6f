// SPDX-License-Identifier: GPL-2.0

//! Where code and data lie in a falcon's image.

/// The fields of `struct nvkm_falcon_fw` that a file decides (`nvkm/include/nvkm/core/falcon.h`),
/// under the same names.
///
/// A field that C leaves alone for a kind of image is 0 here, as in C: the structure is zeroed
/// before.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Falcon {
    /// Code that is not secure: offset in the image.
    pub nmem_base_img: u32,
    /// Its address in IMEM.
    pub nmem_base: u32,
    /// Its bytes.
    pub nmem_size: u32,
    /// Secure code: offset in the image.
    pub imem_base_img: u32,
    /// Its address in IMEM.
    pub imem_base: u32,
    /// Its bytes.
    pub imem_size: u32,
    /// Data: offset in the image.
    pub dmem_base_img: u32,
    /// Its address in DMEM.
    pub dmem_base: u32,
    /// Its bytes.
    pub dmem_size: u32,
    /// Where in DMEM the signature lies.
    pub dmem_sign: u32,
    /// Where the falcon starts.
    pub boot_addr: u32,
    /// Versions that the image is signed for, against the fuse.
    pub fuse_ver: u32,
    /// Engines that the boot ROM may run it on.
    pub engine_id: u32,
    /// The fuse's number.
    pub ucode_id: u32,
}

/// Bytes of an IMEM block, and of a DMA transfer: the unit in which both are loaded
/// (`gm200_flcn_imem_pio`, `nvkm_falcon_dma_wr`).
pub const BLOCK: u32 = 0x100;

/// An image's signatures: which one is put into it is for the boot to find out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signatures<'a> {
    /// All of them, one after the other.
    pub table: &'a [u8],
    /// Where the table lies in the file (C: `sig_base_prd`).
    pub offset: usize,
    /// Bytes of one (C: `sig_size`).
    pub size: usize,
    /// How many (C: `sig_nr`).
    pub count: usize,
    /// Where in the image one goes (C: `sig_base_img`); there is room for it.
    pub image_offset: usize,
}

impl<'a> Signatures<'a> {
    /// One of them.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        let start = index.checked_mul(self.size)?;
        self.table.get(start..start.checked_add(self.size)?)
    }
}
