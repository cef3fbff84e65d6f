// SPDX-License-Identifier: GPL-2.0

//! `nvfw_bin_hdr`: what every file but the ELF ones begins with.

use super::error::FwError;
use super::read::{len64, place, Field, View};

const NAME: &str = "bin header";
const MAGIC: Field = Field::new("bin_magic", 0x00);
const VERSION: Field = Field::new("bin_ver", 0x04);
const HEADER_OFFSET: Field = Field::new("header_offset", 0x0c);
const DATA_OFFSET: Field = Field::new("data_offset", 0x10);
const DATA_SIZE: Field = Field::new("data_size", 0x14);

/// NVIDIA's PCI vendor id. Files from before GP102 have 0x3b1d14f0 and other headers; GSP never
/// meets them.
const MAGIC_VALUE: u32 = 0x10de;
/// The only version there has been.
const VERSION_VALUE: u32 = 1;

/// A file: a header of some kind, and data.
///
/// `bin_size` is not looked at: in the files of both releases it is the file's length rounded up to
/// 0x100.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Container<'a> {
    /// The whole file: offsets in headers count from its beginning.
    pub file: &'a [u8],
    /// Where the header begins.
    pub header_offset: usize,
    /// From there to the data, or to the file's end when the data lies before it.
    pub header: &'a [u8],
    /// Where the data begins.
    pub data_offset: usize,
    /// The data; not empty.
    pub data: &'a [u8],
}

impl<'a> Container<'a> {
    /// Reads `struct nvfw_bin_hdr` (`include/nvfw/fw.h`).
    ///
    /// # Errors
    ///
    /// Another magic or version; header or data outside of the file; no data.
    pub fn parse(file: &'a [u8]) -> Result<Self, FwError> {
        let view = View::new(NAME, file, 0);
        let only = |field, value: u32| {
            let found = view.u32(field)?;
            view.within(field, found.into(), value.into(), value.into())
        };
        only(MAGIC, MAGIC_VALUE)?;
        only(VERSION, VERSION_VALUE)?;

        let (start, size) = (view.u32(DATA_OFFSET)?, view.u32(DATA_SIZE)?);
        view.within(DATA_SIZE, size.into(), 1, len64(file))?;
        let data = view.part(DATA_OFFSET, file, start.into(), size.into())?;

        let at = view.u32(HEADER_OFFSET)?;
        let end = if at < start {
            u64::from(start)
        } else {
            len64(file)
        };
        let size = end.checked_sub(at.into()).unwrap_or(1);
        let header = view.part(HEADER_OFFSET, file, at.into(), size)?;
        Ok(Self {
            file,
            header_offset: place(at.into()),
            header,
            data_offset: place(start.into()),
            data,
        })
    }
}
