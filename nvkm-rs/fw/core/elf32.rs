// SPDX-License-Identifier: GPL-2.0

//! GSP-FMC's ELF file (Hopper and later): hash, public key, signature and image, which FSP is told
//! of.
//!
//! The file has exactly one shape, which `gh100_gsp_oneinit` (`nvkm/subdev/gsp/gh100.c`) demands
//! and this does: a header of known bytes, six sections, of which the first is nothing and the
//! second holds the names, the others of one type and with the same flags, each with the CRC of its
//! contents in `sh_info` (0: none).

use super::error::{Errno, FwError, Reason};
use super::read::{self, len64, place, Field, View};

const HEADER: &str = "FMC ELF header";
const SECTION: &str = "FMC section header";
const NAMES: &str = "FMC section names";
const SH_NAME: Field = Field::new("sh_name", 0x00);
const SH_TYPE: Field = Field::new("sh_type", 0x04);
const SH_FLAGS: Field = Field::new("sh_flags", 0x08);
const SH_OFFSET: Field = Field::new("sh_offset", 0x10);
const SH_SIZE: Field = Field::new("sh_size", 0x14);
const SH_INFO: Field = Field::new("sh_info", 0x1c);

/// The header as words, each with a name for it: `e_shoff` is where the header ends.
const WORDS: [(Field, u32); 13] = [
    (Field::new("e_ident magic", 0x00), 0x464c_457f),
    (
        Field::new("e_ident class, data, version", 0x04),
        0x0001_0101,
    ),
    (Field::new("e_ident", 0x08), 0),
    (Field::new("e_ident", 0x0c), 0),
    (Field::new("e_type, e_machine", 0x10), 0),
    (Field::new("e_version", 0x14), 1),
    (Field::new("e_entry", 0x18), 0),
    (Field::new("e_phoff", 0x1c), 0),
    (Field::new("e_shoff", 0x20), 0x34),
    (Field::new("e_flags", 0x24), 0),
    (Field::new("e_ehsize, e_phentsize", 0x28), 0x34),
    (Field::new("e_phnum, e_shentsize", 0x2c), 0x0028_0000),
    (Field::new("e_shnum, e_shstrndx", 0x30), 0x0001_0006),
];

const HEADER_SIZE: usize = 0x34;
const SECTION_SIZE: usize = 0x28;
/// Sections after the one that is nothing; the names are the first of these.
const INDEXES: [usize; 5] = [1, 2, 3, 4, 5];
const NAMES_INDEX: usize = 1;
/// Where the table ends and contents may begin.
const CONTENTS: u64 = 0x34 + 6 * 0x28;

/// SHT_STRTAB, SHT_PROGBITS
const TYPE_NAMES: u32 = 3;
const TYPE_DATA: u32 = 1;
/// SHF_STRINGS
const FLAGS_NAMES: u32 = 0x20;
/// SHF_MASKPROC, SHF_MASKOS, SHF_OS_NONCONFORMING and SHF_ALLOC
const FLAGS_DATA: u32 = 0xfff0_0102;

/// A parsed file. Whether hash, key and signature have the sizes that the chip's FSP takes is the
/// driver's to compare (`nvkm_fsp_verify_gsp_fmc`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fmc<'a> {
    /// Section `hash`
    pub hash: &'a [u8],
    /// Section `signature`
    pub signature: &'a [u8],
    /// Section `publickey`
    pub public_key: &'a [u8],
    /// Section `image`; not empty.
    pub image: &'a [u8],
}

impl<'a> Fmc<'a> {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It has not that shape, a section is missing or not what its CRC was made of. All are
    /// `NoData`, as in C.
    pub fn parse(file: &'a [u8]) -> Result<Self, FwError> {
        Self::read(file).map_err(|error| error.with_errno(Errno::NoData))
    }

    fn read(file: &'a [u8]) -> Result<Self, FwError> {
        let header = View::new(HEADER, file, 0);
        for (field, value) in WORDS {
            let found = header.u32(field)?;
            header.within(field, found.into(), value.into(), value.into())?;
        }
        for index in INDEXES {
            validate(file, index)?;
        }
        let names = contents(file, NAMES_INDEX)?;
        let names_offset = view(file, NAMES_INDEX).u32(SH_OFFSET)?;
        read::names_end(NAMES, names, place(names_offset.into()))?;
        let image = find(file, names, "image")?;
        if image.is_empty() {
            return Err(FwError::new(SECTION, "image", HEADER_SIZE, Reason::Missing));
        }
        Ok(Self {
            hash: find(file, names, "hash")?,
            signature: find(file, names, "signature")?,
            public_key: find(file, names, "publickey")?,
            image,
        })
    }
}

fn view(file: &[u8], index: usize) -> View<'_> {
    let at = index
        .saturating_mul(SECTION_SIZE)
        .saturating_add(HEADER_SIZE);
    View::new(SECTION, file, at)
}

fn contents(file: &[u8], index: usize) -> Result<&[u8], FwError> {
    let view = view(file, index);
    let (start, size) = (view.u32(SH_OFFSET)?, view.u32(SH_SIZE)?);
    view.part(SH_OFFSET, file, start.into(), size.into())
}

fn validate(file: &[u8], index: usize) -> Result<(), FwError> {
    let view = view(file, index);
    let (kind, flags) = match index {
        NAMES_INDEX => (TYPE_NAMES, FLAGS_NAMES),
        _ => (TYPE_DATA, FLAGS_DATA),
    };
    for (field, value) in [(SH_TYPE, kind), (SH_FLAGS, flags)] {
        view.within(field, view.u32(field)?.into(), value.into(), value.into())?;
    }
    view.within(
        SH_OFFSET,
        view.u32(SH_OFFSET)?.into(),
        CONTENTS,
        len64(file),
    )?;
    let contents = contents(file, index)?;
    let found = view.u32(SH_INFO)?;
    if found != 0 {
        let computed = crc32(contents);
        if found != computed {
            return Err(view.error(SH_INFO, Reason::Checksum { found, computed }));
        }
    }
    Ok(())
}

/// The contents of the first section of that name.
fn find<'a>(file: &'a [u8], names: &[u8], name: &'static str) -> Result<&'a [u8], FwError> {
    for index in INDEXES {
        let view = view(file, index);
        let at = view.u32(SH_NAME)?;
        view.part(SH_NAME, names, at.into(), 1)?;
        let from = usize::try_from(at).ok().and_then(|at| names.get(at..));
        let rest = from.and_then(|from| from.strip_prefix(name.as_bytes()));
        if rest.is_some_and(|rest| rest.first() == Some(&0)) {
            return contents(file, index);
        }
    }
    Err(FwError::new(SECTION, name, HEADER_SIZE, Reason::Missing))
}

/// The CRC that zlib and Ethernet use: polynomial 0xedb88320 from the low bit up, inverted before
/// and after.
///
/// (C: `crc32_le(~0, …) ^ ~0`.)
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        crc = step(step(crc));
    }
    !crc
}

/// Takes in four bits.
fn step(crc: u32) -> u32 {
    /// What four bits become after four steps of one bit.
    const NIBBLES: [u32; 16] = [
        0x0000_0000,
        0x1db7_1064,
        0x3b6e_20c8,
        0x26d9_30ac,
        0x76dc_4190,
        0x6b6b_51f4,
        0x4db2_6158,
        0x5005_713c,
        0xedb8_8320,
        0xf00f_9344,
        0xd6d6_a3e8,
        0xcb61_b38c,
        0x9b64_c2b0,
        0x86d3_d2d4,
        0xa00a_e278,
        0xbdbd_f21c,
    ];
    // CAST: four bits.
    let nibble = (crc & 0xf) as usize;
    (crc >> 4) ^ NIBBLES.get(nibble).copied().unwrap_or(0)
}
