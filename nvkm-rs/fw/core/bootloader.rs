// SPDX-License-Identifier: GPL-2.0

//! `bootloader-*.bin`: GSP-RM's first code, and `RM_RISCV_UCODE_DESC` about it.
//!
//! The descriptor's layout belongs to the firmware's version, so it is handed on as bytes. Its
//! length tells versions apart: 19 words (version 4: Turing and GA100, and all of its offsets are
//! 0), 21 words (version 5).

use super::container::Container;
use super::error::FwError;
use super::read::{Field, View};

const NAME: &str = "RM_RISCV_UCODE_DESC";
/// The last field that C reads, `monitorCodeOffset`, and its size.
const DESC_SIZE_MIN: u64 = 0x38;
const SIZE: Field = Field::new("size", 0);

/// A parsed file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bootloader<'a> {
    /// The descriptor: all bytes between it and the image.
    pub desc: &'a [u8],
    /// Where it lies in the file.
    pub desc_offset: usize,
    /// The image.
    pub image: &'a [u8],
}

/// What of the descriptor the driver passes on, decoded by whoever knows the layout.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UcodeDesc {
    /// `appVersion`
    pub app_version: u32,
    /// `manifestOffset`
    pub manifest_offset: u32,
    /// `manifestSize`
    pub manifest_size: u32,
    /// `monitorDataOffset`
    pub data_offset: u32,
    /// `monitorDataSize`
    pub data_size: u32,
    /// `monitorCodeOffset`
    pub code_offset: u32,
    /// `monitorCodeSize`
    pub code_size: u32,
}

impl<'a> Bootloader<'a> {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Those of the container; a descriptor that ends before the fields that are needed of it.
    pub fn parse(file: &'a [u8]) -> Result<Self, FwError> {
        let container = Container::parse(file)?;
        let view = View::new(NAME, file, container.header_offset);
        view.part(SIZE, container.header, 0, DESC_SIZE_MIN)?;
        Ok(Self {
            desc: container.header,
            desc_offset: container.header_offset,
            image: container.data,
        })
    }

    /// Checks that what the descriptor says lies in the image. (What has no size may lie at its
    /// end.)
    ///
    /// # Errors
    ///
    /// Manifest, data or code does not.
    pub fn check(&self, desc: &UcodeDesc) -> Result<(), FwError> {
        // Only the layer that knows the layout could say where in the descriptor the field is.
        let view = View::new(NAME, &[], self.desc_offset);
        for (name, start, size) in [
            ("manifestOffset", desc.manifest_offset, desc.manifest_size),
            ("monitorDataOffset", desc.data_offset, desc.data_size),
            ("monitorCodeOffset", desc.code_offset, desc.code_size),
        ] {
            view.part(Field::new(name, 0), self.image, start.into(), size.into())?;
        }
        Ok(())
    }
}
