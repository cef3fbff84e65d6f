// SPDX-License-Identifier: GPL-2.0

//! `acr/bl.bin`: the loader of FWSEC on Turing and GA100, with `nvfw_bl_desc`
//! (`include/nvfw/fw.h`).

use super::container::Container;
use super::error::{FwError, Reason};
use super::falcon::BLOCK;
use super::read::{Field, View};

const NAME: &str = "BL descriptor";
const START_TAG: Field = Field::new("start_tag", 0x00);
const CODE_OFF: Field = Field::new("code_off", 0x08);
const CODE_SIZE: Field = Field::new("code_size", 0x0c);

/// A parsed file. C takes nothing else of it: its data is made by the driver
/// (`tu102_gsp_fwsec_load_bld`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bl<'a> {
    /// Where in IMEM it starts, in blocks.
    pub start_tag: u16,
    /// The code.
    pub code: &'a [u8],
}

impl<'a> Bl<'a> {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Code outside of the data, or not in blocks; a tag that the falcon has no bits for.
    pub fn parse(file: &'a [u8]) -> Result<Self, FwError> {
        let container = Container::parse(file)?;
        let view = View::new(NAME, file, container.header_offset);
        let tag = view.u32(START_TAG)?;
        let start_tag = u16::try_from(tag).map_err(|_| {
            let (found, max) = (tag.into(), u16::MAX.into());
            view.error(START_TAG, Reason::Value { found, min: 0, max })
        })?;
        let size = view.u32(CODE_SIZE)?;
        view.multiple(CODE_SIZE, size, BLOCK)?;
        let start = view.u32(CODE_OFF)?;
        let code = view.part(CODE_OFF, container.data, start.into(), size.into())?;
        Ok(Self { start_tag, code })
    }

    /// Its start as an address (C: `boot_addr`).
    #[must_use]
    pub fn boot_addr(&self) -> u32 {
        u32::from(self.start_tag) << 8
    }
}
