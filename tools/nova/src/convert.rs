// SPDX-License-Identifier: GPL-2.0
//! linux-firmware's files to nova-core's containers, and back.
//!
//! What the container has a tag for is taken from the file's headers, as nvkm reads them. What it has none for goes along in
//! two tags of our own, `FRNT` and `BACK`: the file before its image and behind it. With them the way back gives the same
//! file; readers pass over tags that they do not know (tlv.rst).
//!
//! Layouts: `nvfw_bin_hdr`, `nvfw_bl_desc` (include/nvfw/fw.h), `nvfw_hs_header_v2`, `nvfw_hs_load_header_v2`
//! (include/nvfw/hs.h), `RM_RISCV_UCODE_DESC` (rm/r535/nvrm/gsp.h), all in drivers/gpu/drm/nouveau; FMC: gh100_gsp_oneinit()
//! in nvkm/subdev/gsp/gh100.c.

use std::ops::Range;

use anyhow::bail;
use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;

use crate::sections;
use crate::tlv::word;
use crate::tlv::Tlv;

/// Before the image, and behind it.
const FRONT: &[u8; 4] = b"FRNT";
const BACK: &[u8; 4] = b"BACK";
/// `nvfw_bin_hdr.bin_magic`
const BIN_MAGIC: u32 = 0x10de;
/// Where GSP-RM's image lies, beside its container (`FILE`).
pub const IMAGE: &str = "gsp.bin";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GSP-RM: an ELF file whose image goes into a file of its own.
    Gsp,
    /// The RISC-V bootloader of GSP.
    Bootloader,
    /// Booter, which loads or unloads.
    Booter,
    /// The falcon's loader of FWSEC.
    GenBootloader,
    /// Hopper's and Blackwell's FMC.
    Fmc,
}

/// The files by linux-firmware's name (before `-<version>.bin`) and nova-core's (before `.tlv`; nova-core's
/// firmware/{gsp,booter,fsp}.rs and firmware/fwsec/bootloader.rs say which).
pub const FILES: [(&str, &str, Kind); 6] = [
    ("gsp", "gsp", Kind::Gsp),
    ("bootloader", "gsp_bootloader", Kind::Bootloader),
    ("booter_load", "booter_load", Kind::Booter),
    ("booter_unload", "booter_unload", Kind::Booter),
    ("gen_bootloader", "gen_bootloader", Kind::GenBootloader),
    ("fmc", "fmc", Kind::Fmc),
];

/// A file of nova-core's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The container.
    pub tlv: Tlv,
    /// The image, if it is a file of its own.
    pub image: Option<Vec<u8>>,
}

/// A range of a file, checked.
fn range(file: &[u8], at: u32, size: u32, what: &str) -> Result<Range<usize>> {
    let (at, size) = (at as usize, size as usize);
    let end = at.checked_add(size).filter(|end| *end <= file.len());
    let end = end.with_context(|| {
        let length = file.len();
        format!("{what} ({size:#x} bytes at {at:#x}) lies outside of the file's {length:#x} bytes")
    })?;
    Ok(at..end)
}

/// A number of the file.
fn number(file: &[u8], at: u32, what: &str) -> Result<u32> {
    let range = range(file, at, 4, what)?;
    Ok(word(file, range.start).unwrap_or_default())
}

/// `nvfw_bin_hdr`: where the header is, where the data.
fn container(file: &[u8]) -> Result<(u32, Range<usize>)> {
    let field = |n: u32| number(file, n * 4, "the file's header");
    let (magic, version) = (field(0)?, field(1)?);
    ensure!(
        magic == BIN_MAGIC && version == 1,
        "it is no firmware container: magic {magic:#x}, version {version}"
    );
    Ok((field(3)?, range(file, field(4)?, field(5)?, "its data")?))
}

/// Numbers that follow each other in the file, by tag.
fn numbers(
    tlv: &mut Tlv,
    file: &[u8],
    at: u32,
    what: &str,
    tags: &[(&[u8; 4], u32)],
) -> Result<()> {
    for (tag, n) in tags {
        let at = at
            .checked_add(n * 4)
            .with_context(|| format!("{what} lies outside of the file"))?;
        tlv.number(tag, number(file, at, what)?);
    }
    Ok(())
}

fn booter(file: &[u8], tlv: &mut Tlv) -> Result<Range<usize>> {
    let (header, data) = container(file)?;
    let what = "nvfw_hs_header_v2";
    range(file, header, 36, what)?;
    let field = |n: u32| number(file, header + n * 4, what);
    let (signatures, size) = (field(0)?, field(1)?);
    let load = field(7)?;
    let tags: [(&[u8; 4], u32); 6] = [
        (b"CDOF", 0),
        (b"CDSZ", 1),
        (b"DAOF", 2),
        (b"DASZ", 3),
        (b"A0CO", 5),
        (b"A0CS", 6),
    ];
    let apps = number(file, load.saturating_add(16), "nvfw_hs_load_header_v2")?;
    ensure!(apps >= 1, "its load header has no application");
    numbers(tlv, file, load, "nvfw_hs_load_header_v2", &tags)?;
    tlv.number(b"PLOC", number(file, field(2)?, "patch_loc")?);
    let meta: [(&[u8; 4], u32); 3] = [(b"FUSE", 0), (b"ENID", 1), (b"UCID", 2)];
    numbers(tlv, file, field(4)?, "its metadata", &meta)?;
    let count = number(file, field(6)?, "num_sig")?;
    ensure!(
        count != 0 && size != 0 && size % count == 0,
        "{size} bytes are no table of {count} signatures"
    );
    tlv.number(b"NSIG", count);
    let first = signatures.checked_add(number(file, field(3)?, "patch_sig")?);
    let first = first.context("its signatures lie outside of the file")?;
    tlv.bytes(
        b"SIGN",
        &file[range(file, first, size, "its table of signatures")?],
    );
    Ok(data)
}

fn bootloader(file: &[u8], tlv: &mut Tlv) -> Result<Range<usize>> {
    let (header, data) = container(file)?;
    let tags: [(&[u8; 4], u32); 4] = [(b"CDOF", 12), (b"DAOF", 10), (b"MFOF", 8), (b"APPV", 7)];
    numbers(tlv, file, header, "RM_RISCV_UCODE_DESC", &tags)?;
    for tag in [b"CDOF", b"DAOF", b"MFOF"] {
        let at = tlv.get_number(tag)? as usize;
        ensure!(
            at < data.len(),
            "RM_RISCV_UCODE_DESC points behind the image, to {at:#x}"
        );
    }
    Ok(data)
}

fn gen_bootloader(file: &[u8], tlv: &mut Tlv) -> Result<Range<usize>> {
    let (header, data) = container(file)?;
    let what = "nvfw_bl_desc";
    range(file, header, 24, what)?;
    let field = |n: u32| number(file, header + n * 4, what);
    let (at, size) = (field(2)?, field(3)?);
    // The container has no tag for it: its code begins where its image does.
    ensure!(
        at == 0,
        "its code begins at {at:#x} of its data: there is no tag for that"
    );
    ensure!(
        size as usize <= data.len(),
        "its code of {size:#x} bytes is longer than its data"
    );
    tlv.number(b"CDSZ", size);
    tlv.number(b"STRT", field(0)?);
    Ok(data)
}

fn gsp(file: &[u8], chip: &str, tlv: &mut Tlv) -> Result<Range<usize>> {
    let all = sections::read(file)?;
    let image = all.range(".fwimage")?;
    let size = u32::try_from(image.len()).context("its image is longer than 32 bits can say")?;
    ensure!(size != 0, "its .fwimage is empty");
    let signature = all.range(&signature_section(chip)?)?;
    ensure!(!signature.is_empty(), "its signature is empty");
    tlv.text(b"FILE", IMAGE);
    tlv.number(b"SIZE", size);
    tlv.bytes(b"SIGN", &file[signature]);
    if let Ok(note) = all.range(".note.gnu.build-id") {
        // Elf64_Nhdr and "GNU\0" (elf(5)), then the id.
        let id = file[note].get(16..).unwrap_or_default();
        let digits: Vec<String> = id.iter().map(|b| format!("{b:02x}")).collect();
        tlv.text(b"BLID", &digits.concat());
    }
    Ok(image)
}

/// Chips of one group share a signature (`.sig_section` in nvkm/subdev/gsp/{tu102,tu116,ga100,ga102,ad102}.c and later).
fn signature_section(chip: &str) -> Result<String> {
    let group = match chip {
        "tu102" | "tu104" | "tu106" => "tu10x",
        "tu116" | "tu117" => "tu11x",
        "ga100" => "ga100",
        c if c.starts_with("ga10") => "ga10x",
        c if c.starts_with("ad10") => "ad10x",
        "gh100" => "gh100",
        c if c.starts_with("gb10") => "gb10x",
        c if c.starts_with("gb20") => "gb20x",
        _ => bail!("it is not known which signature of GSP-RM the chip '{chip}' takes"),
    };
    Ok(format!(".fwsignature_{group}"))
}

fn fmc(file: &[u8], tlv: &mut Tlv) -> Result<Range<usize>> {
    let all = sections::read(file)?;
    let image = all.range("image")?;
    let tags: [(&[u8; 4], &str); 3] = [
        (b"HASH", "hash"),
        (b"PKEY", "publickey"),
        (b"SIGN", "signature"),
    ];
    for (tag, name) in tags {
        let found = all.range(name)?;
        ensure!(!found.is_empty(), "its section {name} is empty");
        tlv.bytes(tag, &file[found]);
    }
    Ok(image)
}

/// Converts a file of linux-firmware's.
///
/// # Errors
///
/// It is not of that kind, or broken; one sentence.
pub fn convert(kind: Kind, file: &[u8], chip: &str, version: &str) -> Result<Converted> {
    let mut tlv = Tlv::new(version);
    let image = match kind {
        Kind::Gsp => gsp(file, chip, &mut tlv)?,
        Kind::Bootloader => bootloader(file, &mut tlv)?,
        Kind::Booter => booter(file, &mut tlv)?,
        Kind::GenBootloader => gen_bootloader(file, &mut tlv)?,
        Kind::Fmc => fmc(file, &mut tlv)?,
    };
    let (front, back) = (&file[..image.start], &file[image.end..]);
    let image = &file[image];
    let beside = match kind {
        Kind::Gsp => Some(image.to_vec()),
        _ => {
            tlv.bytes(b"BLOB", image);
            None
        }
    };
    tlv.bytes(FRONT, front);
    tlv.bytes(BACK, back);
    Ok(Converted { tlv, image: beside })
}

/// Makes linux-firmware's file again.
///
/// # Errors
///
/// The container was not made by [`convert`], or one of its values was changed since: one sentence.
pub fn back(kind: Kind, converted: &Converted, chip: &str) -> Result<Vec<u8>> {
    let tlv = &converted.tlv;
    let image = match &converted.image {
        Some(image) => {
            let size = tlv.get_number(b"SIZE")? as usize;
            ensure!(
                image.len() == size,
                "its image has {} bytes, and it says {size}",
                image.len()
            );
            image
        }
        None => tlv.get(b"BLOB")?,
    };
    let ours = "only files that this program made can be made back";
    let front = tlv.get(FRONT).context(ours)?;
    let tail = tlv.get(BACK).context(ours)?;
    let file = [front, image, tail].concat();
    // Values that were changed, but not in what our tags carry, would be lost without a word.
    let again = convert(kind, &file, chip, tlv.get_text(b"VERS")?)
        .context("its values and what it was made of do not agree")?;
    for (tag, value) in again.tlv.values() {
        ensure!(
            tlv.get(&tag.0)? == value,
            "its {tag} and what it was made of do not agree"
        );
    }
    Ok(file)
}
