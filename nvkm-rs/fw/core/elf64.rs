// SPDX-License-Identifier: GPL-2.0

//! GSP-RM's ELF file: sections by name.
//!
//! The file is 24 to 64 MB and almost all of it is one section, so it can be read piece by piece:
//! the first 64 bytes give the place of the table of sections ([`Elf64Header`]), the table gives
//! the place of the names ([`SectionTable`]), and the names give the place of a section
//! ([`SectionTable::find`]). With the whole file in memory [`section`] does it all.
//!
//! Layouts: the ELF specification; `include/uapi/linux/elf.h`. What is looked at: section headers
//! alone, as C does (`r535_gsp_elf_section`); neither type nor flags of a section matter.

use super::error::{FwError, Reason};
use super::read::{self, len64, place, slice, Field, View};

const HEADER: &str = "ELF64 header";
const MAGIC: Field = Field::new("e_ident magic", 0x00);
const CLASS: Field = Field::new("e_ident[EI_CLASS]", 0x04);
const DATA: Field = Field::new("e_ident[EI_DATA]", 0x05);
const SHOFF: Field = Field::new("e_shoff", 0x28);
const SHENTSIZE: Field = Field::new("e_shentsize", 0x3a);
const SHNUM: Field = Field::new("e_shnum", 0x3c);
const SHSTRNDX: Field = Field::new("e_shstrndx", 0x3e);

const SECTION: &str = "ELF64 section header";
const NAMES: &str = "ELF64 section names";
const SH_NAME: Field = Field::new("sh_name", 0x00);
const SH_OFFSET: Field = Field::new("sh_offset", 0x18);
const SH_SIZE: Field = Field::new("sh_size", 0x20);

/// "\x7fELF"
const MAGIC_VALUE: u64 = 0x464c_457f;
/// ELFCLASS64
const CLASS_64: u64 = 2;
/// ELFDATA2LSB
const DATA_LITTLE: u64 = 1;
/// Bytes of a section header.
const ENTRY_SIZE: usize = 0x40;

/// Bytes of the file's header.
pub const HEADER_SIZE: usize = 0x40;
/// Most sections: the table is read into memory before it is known to be one. NVIDIA's files have 9
/// to 14.
pub const SECTIONS_MAX: u64 = 256;
/// Most bytes of names, for the same reason. NVIDIA's files have some 200.
pub const NAMES_MAX: u64 = 0x1_0000;

/// The file's header: where the table of sections is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Elf64Header {
    table_offset: u64,
    count: u16,
    names_index: u16,
}

impl Elf64Header {
    /// Reads the header from the file's first [`HEADER_SIZE`] bytes; more do not matter.
    ///
    /// # Errors
    ///
    /// Not a 64-bit little-endian ELF file, no or more than [`SECTIONS_MAX`] sections, section
    /// headers of another size, or no table of names.
    pub fn parse(bytes: &[u8]) -> Result<Self, FwError> {
        let view = View::new(HEADER, bytes, 0);
        let only = |field, found, value| view.within(field, found, value, value);
        only(MAGIC, view.u32(MAGIC)?.into(), MAGIC_VALUE)?;
        only(CLASS, view.u8(CLASS)?.into(), CLASS_64)?;
        only(DATA, view.u8(DATA)?.into(), DATA_LITTLE)?;
        only(SHENTSIZE, view.u16(SHENTSIZE)?.into(), 0x40)?;
        let count = view.u16(SHNUM)?;
        view.within(SHNUM, count.into(), 1, SECTIONS_MAX)?;
        let names_index = view.u16(SHSTRNDX)?;
        let last = u64::from(count).saturating_sub(1);
        view.within(SHSTRNDX, names_index.into(), 0, last)?;
        let header = Self {
            table_offset: view.u64(SHOFF)?,
            count,
            names_index,
        };
        // The table's end is a place, too.
        if header.table_end().is_none() {
            let (start, size) = (header.table_offset, header.table_size_u64());
            let len = u64::MAX;
            return Err(view.error(SHOFF, Reason::Outside { start, size, len }));
        }
        Ok(header)
    }

    /// Where the table of sections begins in the file.
    #[must_use]
    pub const fn table_offset(&self) -> u64 {
        self.table_offset
    }

    /// Bytes of the table of sections: at most [`SECTIONS_MAX`] headers.
    #[must_use]
    pub fn table_size(&self) -> usize {
        usize::from(self.count).saturating_mul(ENTRY_SIZE)
    }

    fn table_size_u64(&self) -> u64 {
        u64::from(self.count).saturating_mul(0x40)
    }

    fn table_end(&self) -> Option<u64> {
        self.table_offset.checked_add(self.table_size_u64())
    }
}

/// Where a section lies in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Section {
    /// Its number.
    pub index: u16,
    /// First byte.
    pub offset: u64,
    /// Bytes. `offset + size` is a `u64`, and within the file if its length was given.
    pub size: u64,
}

impl Section {
    /// Its bytes, of the whole file.
    #[must_use]
    pub fn of<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        slice(file, self.offset, self.size)
    }
}

/// The table of sections.
#[derive(Clone, Copy, Debug)]
pub struct SectionTable<'a> {
    header: Elf64Header,
    bytes: &'a [u8],
    file_size: Option<u64>,
    names: Section,
}

impl<'a> SectionTable<'a> {
    /// Takes the table: `bytes` are those at [`Elf64Header::table_offset`], and `file_size` is the
    /// file's length if it is known (whoever reads a file piece by piece learns only whether a
    /// piece was there).
    ///
    /// # Errors
    ///
    /// Fewer bytes than the table has; names outside of the file, or more than [`NAMES_MAX`] bytes
    /// of them.
    pub fn parse(
        header: &Elf64Header,
        bytes: &'a [u8],
        file_size: Option<u64>,
    ) -> Result<Self, FwError> {
        let none = Section {
            index: header.names_index,
            offset: 0,
            size: 0,
        };
        let mut table = Self {
            header: *header,
            bytes,
            file_size,
            names: none,
        };
        View::new(HEADER, &[], 0).part(SHNUM, bytes, 0, header.table_size_u64())?;
        table.names = table.section(header.names_index)?;
        let view = table.view(header.names_index);
        view.within(SH_SIZE, table.names.size, 0, NAMES_MAX)?;
        Ok(table)
    }

    /// Where the names lie in the file: at most [`NAMES_MAX`] bytes.
    #[must_use]
    pub const fn names(&self) -> Section {
        self.names
    }

    fn view(&self, index: u16) -> View<'a> {
        let at = usize::from(index).saturating_mul(ENTRY_SIZE);
        View::of_part(SECTION, self.bytes, at, place(self.header.table_offset))
    }

    fn section(&self, index: u16) -> Result<Section, FwError> {
        let view = self.view(index);
        let (offset, size) = (view.u64(SH_OFFSET)?, view.u64(SH_SIZE)?);
        let len = self.file_size.unwrap_or(u64::MAX);
        match offset.checked_add(size) {
            Some(end) if end <= len => Ok(Section {
                index,
                offset,
                size,
            }),
            _ => {
                let start = offset;
                Err(view.error(SH_OFFSET, Reason::Outside { start, size, len }))
            }
        }
    }

    /// Finds the first section of that name (as C does); `names` are the bytes of
    /// [`SectionTable::names`].
    ///
    /// # Errors
    ///
    /// None has that name, which is `NoEntry`; the name of one before it, or the section itself, is
    /// outside of where it should be; the names do not end with the end of a name (C would read
    /// on).
    pub fn find(&self, names: &[u8], name: &[u8]) -> Result<Section, FwError> {
        read::names_end(NAMES, names, place(self.names.offset))?;
        for index in 0..self.header.count {
            let view = self.view(index);
            let at = view.u32(SH_NAME)?;
            let from = usize::try_from(at).ok().and_then(|at| names.get(at..));
            let Some(from) = from.filter(|from| !from.is_empty()) else {
                let (start, len) = (at.into(), len64(names));
                let outside = Reason::Outside {
                    start,
                    size: 1,
                    len,
                };
                return Err(view.error(SH_NAME, outside));
            };
            if from
                .strip_prefix(name)
                .is_some_and(|rest| rest.first() == Some(&0))
            {
                return self.section(index);
            }
        }
        Err(self.view(0).error(SH_NAME, Reason::Missing))
    }

    /// The same section, if it has at most `most` bytes: for those who read it into memory.
    ///
    /// # Errors
    ///
    /// It has more.
    pub fn bounded(&self, section: Section, most: u64) -> Result<Section, FwError> {
        self.view(section.index)
            .within(SH_SIZE, section.size, 0, most)?;
        Ok(section)
    }
}

/// The bytes of the first section of that name, of a whole file.
///
/// # Errors
///
/// Those of the steps that it takes.
pub fn section<'a>(file: &'a [u8], name: &[u8]) -> Result<&'a [u8], FwError> {
    let header = Elf64Header::parse(file)?;
    let view = View::new(HEADER, file, 0);
    let bytes = view.part(SHOFF, file, header.table_offset, header.table_size_u64())?;
    let table = SectionTable::parse(&header, bytes, Some(len64(file)))?;
    // Both are known to lie in the file.
    let names = table.names().of(file).unwrap_or(&[]);
    let found = table.find(names, name)?;
    Ok(found.of(file).unwrap_or(&[]))
}
