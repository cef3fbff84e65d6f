// SPDX-License-Identifier: GPL-2.0

//! What the code under test makes of a file, in the form of the goldens.

use nvkm_rs_core::fw::core::bl::Bl;
use nvkm_rs_core::fw::core::booter::{self, Booter};
use nvkm_rs_core::fw::core::bootloader::{Bootloader, UcodeDesc};
use nvkm_rs_core::fw::core::elf32::Fmc;
use nvkm_rs_core::fw::core::elf64::{self, Elf64Header, SectionTable};
use nvkm_rs_core::fw::core::error::FwError;
use nvkm_rs_core::fw::core::falcon::{Falcon, Signatures};
use nvkm_rs_core::fw::core::radix3::{Level, Radix3};
use serde_json::{json, Map, Value};

use super::files::Kind;
use super::{numbers, offset_in, part};

fn piece(file: &[u8], slice: &[u8]) -> Value {
    part(file, offset_in(file, slice), slice.len())
}

/// `None` for what no parser is for; `names` are the sections that GSP-RM is asked for.
pub fn read(kind: Kind, file: &[u8], names: &[String]) -> Result<Option<Value>, FwError> {
    Ok(Some(match kind {
        Kind::Rm => rm(file, names)?,
        Kind::Fmc => fmc(file)?,
        Kind::BooterTuring => booter(file, booter::Kind::Turing)?,
        Kind::BooterBrom => booter(file, booter::Kind::Brom)?,
        Kind::Bootloader => bootloader(file)?,
        Kind::Bl => bl(file)?,
        Kind::Foreign => return Ok(None),
    }))
}

fn rm(file: &[u8], names: &[String]) -> Result<Value, FwError> {
    // Whole, and piece by piece as the kernel does: header, table, names, section.
    let header = Elf64Header::parse(&file[..elf64::HEADER_SIZE])?;
    let at = header.table_offset() as usize;
    let table = SectionTable::parse(&header, &file[at..at + header.table_size()], None)?;
    let range = table.names();
    let strings = &file[range.offset as usize..][..range.size as usize];
    let mut sections = Map::new();
    for name in names {
        let whole = elf64::section(file, name.as_bytes())?;
        let found = table.find(strings, name.as_bytes())?;
        assert_eq!(
            (offset_in(file, whole) as u64, whole.len() as u64),
            (found.offset, found.size),
            "{name}"
        );
        sections.insert(name.clone(), piece(file, whole));
    }
    let radix3 = Radix3::new(elf64::section(file, b".fwimage")?.len() as u64)?;
    Ok(json!({
        "sections": sections,
        "radix3": numbers([
            ("image_pages", radix3.image_pages() as u64),
            ("level2_size", radix3.size(Level::L2) as u64),
        ]),
    }))
}

fn fmc(file: &[u8]) -> Result<Value, FwError> {
    let fmc = Fmc::parse(file)?;
    Ok(json!({
        "hash": piece(file, fmc.hash),
        "signature": piece(file, fmc.signature),
        "publickey": piece(file, fmc.public_key),
        "image": piece(file, fmc.image),
    }))
}

/// Signatures in the form of the goldens.
pub fn signatures(file: &[u8], signatures: &Signatures<'_>) -> Value {
    assert_eq!(signatures.offset, offset_in(file, signatures.table));
    json!({
        "table": piece(file, signatures.table),
        "size": signatures.size,
        "count": signatures.count,
        "image_offset": signatures.image_offset,
    })
}

/// The falcon's fields in the form of the goldens.
pub fn falcon(falcon: &Falcon) -> Value {
    let Falcon {
        nmem_base_img,
        nmem_base,
        nmem_size,
        imem_base_img,
        imem_base,
        imem_size,
        dmem_base_img,
        dmem_base,
        dmem_size,
        dmem_sign,
        boot_addr,
        fuse_ver,
        engine_id,
        ucode_id,
    } = *falcon;
    json!({
        "nmem": [nmem_base_img, nmem_base, nmem_size],
        "imem": [imem_base_img, imem_base, imem_size],
        "dmem": [dmem_base_img, dmem_base, dmem_size, dmem_sign],
        "boot_addr": boot_addr,
        "brom": [fuse_ver, engine_id, ucode_id],
    })
}

fn booter(file: &[u8], kind: booter::Kind) -> Result<Value, FwError> {
    let booter = Booter::parse(file, kind)?;
    Ok(json!({
        "image": piece(file, booter.image),
        "signatures": signatures(file, &booter.signatures),
        "falcon": falcon(&booter.falcon),
    }))
}

fn bootloader(file: &[u8]) -> Result<Value, FwError> {
    let bootloader = Bootloader::parse(file)?;
    assert_eq!(bootloader.desc_offset, offset_in(file, bootloader.desc));
    // Decoding is the ABI layer's; both versions of the descriptor have these words in the same places.
    let word = |at: usize| {
        let bytes = bootloader.desc[at * 4..at * 4 + 4].try_into().unwrap();
        u32::from_le_bytes(bytes)
    };
    let desc = UcodeDesc {
        app_version: word(7),
        manifest_offset: word(8),
        manifest_size: word(9),
        data_offset: word(10),
        data_size: word(11),
        code_offset: word(12),
        code_size: word(13),
    };
    bootloader.check(&desc)?;
    Ok(json!({
        "desc": piece(file, bootloader.desc),
        "image": piece(file, bootloader.image),
        "app_version": desc.app_version,
        "manifest": [desc.manifest_offset, desc.manifest_size],
        "data": [desc.data_offset, desc.data_size],
        "code": [desc.code_offset, desc.code_size],
    }))
}

fn bl(file: &[u8]) -> Result<Value, FwError> {
    let bl = Bl::parse(file)?;
    Ok(json!({
        "start_tag": bl.start_tag,
        "boot_addr": bl.boot_addr(),
        "code": piece(file, bl.code),
    }))
}
