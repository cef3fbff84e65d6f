// SPDX-License-Identifier: GPL-2.0

//! An image for a falcon.

use crate::fw::core::falcon::Falcon as Layout;

/// The signatures that an image comes with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignatureTable {
    /// How many.
    pub count: u32,
    /// Bytes of one.
    pub size: u32,
    /// Where in the image one goes.
    pub image_offset: u32,
}

/// An image in memory that the device can read. Offsets count bytes; words are little-endian.
pub trait Image {
    /// What of it goes where.
    fn layout(&self) -> Layout;
    /// Bus address of its first byte.
    fn addr(&self) -> u64;
    /// Its bytes: all that the device may read.
    fn len(&self) -> u32;
    /// There is nothing in it.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A word of it; none where it has none.
    fn word(&self, offset: u32) -> Option<u32>;
    /// Writes a word; says whether there is one.
    fn set_word(&mut self, offset: u32, word: u32) -> bool;
    /// Its signatures, if it still wants one.
    fn signatures(&self) -> Option<SignatureTable>;
    /// A word of the signatures, which lie one behind the other.
    fn signature_word(&self, offset: u32) -> Option<u32>;
    /// One is in the image now: the others are not needed again (`nvkm_falcon_fw_dtor_sigs`).
    fn drop_signatures(&mut self);
    /// Bytes of the code that loads the image, if it is not loaded directly (`struct
    /// nvkm_falcon_fw.boot`).
    fn loader_size(&self) -> Option<u32>;
    /// A word of that code.
    fn loader_word(&self, offset: u32) -> Option<u32>;
    /// The device is to see what was written (`dma_sync_single_for_device`).
    fn sync(&mut self);
}
