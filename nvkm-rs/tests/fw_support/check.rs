// SPDX-License-Identifier: GPL-2.0

//! What must hold of any bytes whatever: the parser says yes and all that it returns lies where C's loaders will look for it,
//! or no and the sentence names structure, field and place. Shared by the property tests and the fuzzer.

use nvkm_rs_core::fw::core::bl::Bl;
use nvkm_rs_core::fw::core::booter::{Booter, Kind};
use nvkm_rs_core::fw::core::bootloader::{Bootloader, UcodeDesc};
use nvkm_rs_core::fw::core::container::Container;
use nvkm_rs_core::fw::core::elf32::Fmc;
use nvkm_rs_core::fw::core::elf64::{self, Elf64Header, SectionTable};
use nvkm_rs_core::fw::core::error::{Errno, FwError};
use nvkm_rs_core::fw::core::falcon::{Falcon, Signatures};
use nvkm_rs_core::fw::core::fwsec::{Command, Fwsec, Version};
use nvkm_rs_core::fw::core::radix3::{Level, Radix3};

/// Reads a word as C does, but with a bound.
fn word(file: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(file[at..at + 4].try_into().unwrap())
}

fn wide(file: &[u8], at: usize) -> usize {
    u64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize
}

/// The words from a place on, as places.
fn words<const N: usize>(file: &[u8], at: usize) -> [usize; N] {
    std::array::from_fn(|i| word(file, at + i * 4) as usize)
}

/// That a slice is that part of the file.
fn is(slice: &[u8], file: &[u8], start: usize, size: usize) {
    let part = &file[start..start + size];
    assert!(std::ptr::eq(slice, part), "{start:#x}, {size:#x}");
}

/// That an error is a sentence with structure, field and place.
pub fn error(error: &FwError) {
    let text = error.to_string();
    let start = format!(
        "{}: {} at {:#x}: ",
        error.structure, error.field, error.offset
    );
    let rest = text.strip_prefix(&start).expect("structure, field, place");
    assert!(!error.structure.is_empty() && !error.field.is_empty() && !rest.is_empty());
    assert!(text.is_ascii() && text.len() < 200 && !text.contains('\n'));
    assert!(matches!(
        error.errno(),
        Errno::Invalid | Errno::NoEntry | Errno::NoData
    ));
}

/// Whether the parser took it; anything else that is wrong panics.
fn settle<T>(result: Result<T, FwError>) -> Option<T> {
    result.map_err(|wrong| error(&wrong)).ok()
}

/// Sections that are asked for.
pub const SECTIONS: [&str; 4] = [".fwimage", ".fwsignature_tu10x", ".shstrtab", ""];

/// GSP-RM, whole and piece by piece: both say the same.
pub fn rm(file: &[u8]) -> bool {
    let mut any = false;
    for name in SECTIONS {
        let whole = elf64::section(file, name.as_bytes());
        let pieces = section_by_pieces(file, name.as_bytes());
        match (whole, pieces) {
            (Ok(whole), Some(pieces)) => {
                assert!(std::ptr::eq(whole, pieces));
                first_of_name(file, name, whole);
                any = true;
            }
            (Err(wrong), pieces) => {
                error(&wrong);
                assert!(pieces.is_none(), "{wrong}");
            }
            (Ok(_), None) => panic!("found in the whole file alone"),
        }
    }
    any
}

fn section_by_pieces<'a>(file: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let header = settle(Elf64Header::parse(&file[..file.len().min(64)]))?;
    let at = usize::try_from(header.table_offset()).ok()?;
    let table = file.get(at..at.checked_add(header.table_size())?)?;
    let table = settle(SectionTable::parse(&header, table, None))?;
    // With the length unknown, whoever reads a piece learns that it is not there.
    let names = table.names();
    assert!(names.size <= elf64::NAMES_MAX);
    let found = settle(table.find(names.of(file)?, name))?;
    found.of(file)
}

/// As C's loop would find it.
fn first_of_name(file: &[u8], name: &str, found: &[u8]) {
    let table = wide(file, 0x28);
    let count = usize::from(u16::from_le_bytes([file[0x3c], file[0x3d]]));
    let names = usize::from(u16::from_le_bytes([file[0x3e], file[0x3f]]));
    let strings = wide(file, table + names * 64 + 0x18);
    for header in (0..count).map(|i| table + i * 64) {
        let at = &file[strings + word(file, header) as usize..];
        if at.starts_with(name.as_bytes()) && at[name.len()..].first() == Some(&0) {
            let (start, size) = (wide(file, header + 0x18), wide(file, header + 0x20));
            return is(found, file, start, size);
        }
    }
    panic!("'{name}' is not in the file");
}

/// GSP-FMC.
pub fn fmc(file: &[u8]) -> bool {
    let Some(fmc) = settle(Fmc::parse(file)) else {
        return false;
    };
    let [strings] = words(file, 0x34 + 0x28 + 0x10);
    for (name, found) in [
        ("hash\0", fmc.hash),
        ("signature\0", fmc.signature),
        ("publickey\0", fmc.public_key),
        ("image\0", fmc.image),
    ] {
        let header = (1..6).map(|i| 0x34 + i * 0x28).find(|header| {
            file[strings + word(file, *header) as usize..].starts_with(name.as_bytes())
        });
        let [start, size, _, crc] = words(file, header.expect(name) + 0x10);
        is(found, file, start, size);
        assert!(crc == 0 || crc == crc32(found) as usize, "{name}");
    }
    true
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| match crc & 1 {
            1 => (crc >> 1) ^ 0xedb8_8320,
            _ => crc >> 1,
        })
    })
}

/// All that a loader reads.
fn falcon(falcon: &Falcon, image: &[u8]) {
    let f = |value: u32| value as usize;
    let within = |start, size| assert!(f(start) + f(size) <= image.len(), "{falcon:?}");
    within(falcon.nmem_base_img, falcon.nmem_size);
    within(falcon.imem_base_img, falcon.imem_size);
    within(falcon.dmem_base_img, falcon.dmem_size);
}

fn signatures(signatures: &Signatures<'_>, image: &[u8]) {
    let Signatures {
        table, size, count, ..
    } = *signatures;
    assert!(count > 0 && size > 0 && size % 4 == 0 && table.len() == size * count);
    assert!(signatures.image_offset + size <= image.len());
    for index in 0..count {
        is(signatures.get(index).unwrap(), table, index * size, size);
    }
    assert_eq!(signatures.get(count), None);
}

/// The header of all but the ELF files.
pub fn container(file: &[u8]) -> bool {
    let Some(found) = settle(Container::parse(file)) else {
        return false;
    };
    let [_, _, _, header, data, size] = words(file, 0);
    is(found.data, file, data, size);
    let end = if header < data { data } else { file.len() };
    is(found.header, file, header, end - header);
    true
}

/// A booter of either kind.
pub fn booter(file: &[u8]) -> bool {
    let turing = settle(Booter::parse(file, Kind::Turing));
    let brom = settle(Booter::parse(file, Kind::Brom));
    for (booter, kind) in [(turing, Kind::Turing), (brom, Kind::Brom)] {
        let Some(Booter {
            image,
            signatures: table,
            falcon: f,
        }) = booter
        else {
            continue;
        };
        let [_, _, _, header, data, data_size] = words(file, 0);
        let [sig, sig_size, loc, patch, meta, _, count, load] = words(file, header);
        is(image, file, data, data_size);
        is(
            table.table,
            file,
            sig + word(file, patch) as usize,
            sig_size,
        );
        assert_eq!(table.count, word(file, count) as usize);
        assert_eq!(table.image_offset, word(file, loc) as usize);
        signatures(&table, image);
        falcon(&f, image);
        let [code, code_size, os_data, os_data_size, _, app, app_size] =
            words(file, load).map(|word| word as u32);
        let common = Falcon {
            imem_size: app_size,
            dmem_base_img: os_data,
            dmem_size: os_data_size,
            dmem_sign: word(file, loc) - os_data,
            ..Falcon::default()
        };
        let expected = match kind {
            Kind::Turing => Falcon {
                nmem_base: code,
                nmem_size: code_size,
                imem_base_img: code_size,
                imem_base: app,
                boot_addr: code,
                ..common
            },
            Kind::Brom => Falcon {
                imem_base_img: app,
                boot_addr: app,
                fuse_ver: word(file, meta),
                engine_id: word(file, meta + 4),
                ucode_id: word(file, meta + 8),
                ..common
            },
        };
        assert_eq!(f, expected);
    }
    turing.is_some() || brom.is_some()
}

/// The bootloader.
pub fn bootloader(file: &[u8]) -> bool {
    let Some(found) = settle(Bootloader::parse(file)) else {
        return false;
    };
    let [_, _, _, header, data, size] = words(file, 0);
    is(found.image, file, data, size);
    assert_eq!(found.desc_offset, header);
    let w: [usize; 14] = words(found.desc, 0);
    let w = w.map(|word| word as u32);
    let desc = UcodeDesc {
        app_version: w[7],
        manifest_offset: w[8],
        manifest_size: w[9],
        data_offset: w[10],
        data_size: w[11],
        code_offset: w[12],
        code_size: w[13],
    };
    if settle(found.check(&desc)).is_some() {
        for at in [8, 10, 12] {
            assert!(u64::from(w[at]) + u64::from(w[at + 1]) <= size as u64);
        }
    }
    true
}

/// The loader of FWSEC.
pub fn bl(file: &[u8]) -> bool {
    let Some(found) = settle(Bl::parse(file)) else {
        return false;
    };
    let [_, _, _, header, data, size] = words(file, 0);
    let [tag, _, code, code_size] = words(file, header);
    is(found.code, &file[data..data + size], code, code_size);
    assert!(code_size % 0x100 == 0 && !found.code.is_empty());
    assert_eq!(found.boot_addr() as usize, tag << 8);
    true
}

/// FWSEC: the descriptor, and both commands into a copy of the image.
pub fn fwsec(vbios: &[u8]) -> bool {
    let Some(found) = settle(Fwsec::parse(vbios)) else {
        return false;
    };
    let (image, f) = (found.image, found.falcon);
    is(image, vbios, found.image_offset, image.len());
    let padded = vec![0; image.len().next_multiple_of(0x100)];
    falcon(&f, &padded);
    match (found.version, &found.signatures) {
        (Version::V3, Some(table)) => {
            is(table.table, vbios, 0x2c, table.count * 384);
            assert!(0x2c + table.table.len() <= found.image_offset);
            signatures(table, image);
            assert_eq!(f.dmem_base_img + f.dmem_sign, table.image_offset as u32);
            assert!(f.fuse_ver.count_ones() as usize <= table.count);
        }
        (Version::V2, None) => {
            let code = f.imem_base as usize - word(vbios, 0x1c) as usize;
            assert!(code + f.imem_size as usize <= image.len());
        }
        _ => panic!("signatures belong to version 3"),
    }
    let frts = Command::Frts {
        addr: 0x1_7fe0_0000,
        size: 0x10_0000,
    };
    let mut all = true;
    for command in [frts, Command::Sb] {
        let mut copy = image.to_vec();
        copy.extend_from_slice(&[0xa5; 32]);
        let done = settle(found.patch(&mut copy, command)).is_some();
        all &= done;
        let data = f.dmem_base_img as usize..(f.dmem_base_img + found.dmem_load_size) as usize;
        assert_eq!(&copy[image.len()..], [0xa5; 32]);
        assert_eq!(
            copy[..data.start],
            image[..data.start],
            "code is not touched"
        );
        assert_eq!(copy[data.end..image.len()], image[data.end..]);
        let expected = match done {
            true => patched_by_c(image, data.clone(), found.interface_offset, command),
            false => image.to_vec(),
        };
        assert_eq!(copy[..image.len()], expected);
        let mut short = vec![0; data.end.saturating_sub(1)];
        assert!(found.patch(&mut short, command).is_err());
    }
    all
}

/// `nvkm_gsp_fwsec_patch`, which has no bounds: what was taken must not need any.
fn patched_by_c(
    image: &[u8],
    data: std::ops::Range<usize>,
    interface: u32,
    command: Command,
) -> Vec<u8> {
    let mut copy = image.to_vec();
    let data = &mut copy[data];
    let table = interface as usize;
    let (header, step) = (data[table + 1] as usize, data[table + 2] as usize);
    let entry = (0..data[table + 3] as usize)
        .map(|index| table + header + index * step)
        .find(|entry| word(data, *entry) == 4);
    let mapper = word(data, entry.expect("an entry for DMEM") + 4) as usize;
    let mut put = |at: usize, words: &[u32]| {
        for (index, word) in words.iter().enumerate() {
            data[at + index * 4..at + index * 4 + 4].copy_from_slice(&word.to_le_bytes());
        }
        word(data, mapper + 8) as usize
    };
    match command {
        Command::Frts { addr, size } => {
            let buffer = put(mapper + 0x2c, &[0x15]);
            let region = [1, 20, (addr >> 12) as u32, (size >> 12) as u32, 2];
            put(buffer, &[1, 24, 0, 0, 0, 2]);
            put(buffer + 24, &region);
        }
        Command::Sb => {
            let buffer = put(mapper + 0x2c, &[0x19]);
            put(buffer, &[1, 24, 0, 0, 0, 2]);
        }
    }
    copy
}

/// The table for an image whose size, and the number of whose addresses, are in the bytes.
pub fn radix3(bytes: &[u8]) -> bool {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(bytes) {
        *to = *from;
    }
    let size = u64::from_le_bytes(eight);
    let Some(radix3) = settle(Radix3::new(size)) else {
        assert!(size == 0 || size > 1 << 30);
        return false;
    };
    assert_eq!(radix3.image_pages() as u64, size.div_ceil(0x1000));
    let level2 = radix3.image_pages().div_ceil(512);
    assert_eq!(radix3.pages(Level::L2), level2);
    assert!((1..=512).contains(&level2));
    for level in [Level::L0, Level::L1, Level::L2] {
        let given = usize::from(*bytes.get(8).unwrap_or(&0)) << 2;
        // Up to a page of level 2: what is above that is the same again, and slow.
        let mut memory = vec![0xff; radix3.size(level).min(0x2000)];
        let addresses = (0..given as u64).map(|page| page << 12);
        let filled = settle(radix3.fill(level, memory.as_mut_slice(), addresses));
        let fits = radix3.size(level) <= 0x2000;
        assert_eq!(filled.is_some(), fits && given >= radix3.entries(level));
        if filled.is_some() {
            for (index, entry) in memory.chunks(8).enumerate() {
                let expected = if index < radix3.entries(level) {
                    index << 12
                } else {
                    0
                };
                assert_eq!(wide(entry, 0), expected);
            }
        }
    }
    true
}
