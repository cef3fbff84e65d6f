// SPDX-License-Identifier: GPL-2.0

//! Each check of each parser: a file that is right but for one thing, and the sentence that says so.

mod fw_support;

use fw_support::make::{self, put16, put32, put64};
use nvkm_rs_core::fw::core::bl::Bl;
use nvkm_rs_core::fw::core::booter::{Booter, Kind};
use nvkm_rs_core::fw::core::bootloader::{Bootloader, UcodeDesc};
use nvkm_rs_core::fw::core::container::Container;
use nvkm_rs_core::fw::core::elf32::{crc32, Fmc};
use nvkm_rs_core::fw::core::elf64::{self, Elf64Header, SectionTable};
use nvkm_rs_core::fw::core::error::{Errno, FwError};
use nvkm_rs_core::fw::core::fwsec::{Command, Fwsec};

/// A change, and what is said of it.
type Case<'a> = (&'a dyn Fn(&mut Vec<u8>), &'a str);

/// Changes a good file and expects a sentence (or, with an empty one, that the change does not matter).
fn refused<T>(
    good: &[u8],
    parse: impl Fn(&[u8]) -> Result<T, FwError>,
    errno: Errno,
    cases: &[Case<'_>],
) {
    assert!(parse(good).is_ok());
    for (change, expected) in cases {
        let mut file = good.to_vec();
        change(&mut file);
        match parse(&file).map(|_| ()) {
            Ok(()) => assert_eq!("", *expected),
            Err(error) => {
                assert_eq!(error.to_string(), *expected);
                assert_eq!(error.errno(), errno, "{error}");
            }
        }
    }
}

/// Writes a word.
fn word(at: usize, value: u32) -> impl Fn(&mut Vec<u8>) {
    move |file| put32(file, at, value)
}

#[test]
fn elf64_headers() {
    let half = |at, value| move |file: &mut Vec<u8>| put16(file, at, value);
    let wide = |at, value| move |file: &mut Vec<u8>| put64(file, at, value);
    let names = make::ELF64_TABLE + 4 * 0x40;
    let image = make::ELF64_TABLE + 0x40;
    let good = make::rm();
    let len = good.len() as u64;
    refused(
        &good,
        |file| elf64::section(file, b".fwimage").map(|_| ()),
        Errno::Invalid,
        &[
            (&word(0, 0x464c_457e), "ELF64 header: e_ident magic at 0x0: 0x464c457e where 0x464c457f must be"),
            (&|f| f[4] = 1, "ELF64 header: e_ident[EI_CLASS] at 0x4: 0x1 where 0x2 must be"),
            (&|f| f[5] = 2, "ELF64 header: e_ident[EI_DATA] at 0x5: 0x2 where 0x1 must be"),
            (&half(0x3a, 0x48), "ELF64 header: e_shentsize at 0x3a: 0x48 where 0x40 must be"),
            (&half(0x3c, 0), "ELF64 header: e_shnum at 0x3c: 0x0 where 0x1 to 0x100 can be"),
            (&half(0x3c, 257), "ELF64 header: e_shnum at 0x3c: 0x101 where 0x1 to 0x100 can be"),
            (&half(0x3e, 5), "ELF64 header: e_shstrndx at 0x3e: 0x5 where 0x0 to 0x4 can be"),
            (&wide(0x28, u64::MAX - 5), "ELF64 header: e_shoff at 0x28: 0x140 bytes at 0xfffffffffffffffa do not fit in 0xffffffffffffffff bytes"),
            (&wide(0x28, len - 0x13f), &format!("ELF64 header: e_shoff at 0x28: 0x140 bytes at {:#x} do not fit in {len:#x} bytes", len - 0x13f)),
            (&|f| f.truncate(0x3f), "ELF64 header: e_shstrndx at 0x3e: 2 bytes do not fit before the end at 0x3f"),
            (&wide(names + 0x18, len), &format!("ELF64 section header: sh_offset at 0x158: 0x32 bytes at {len:#x} do not fit in {len:#x} bytes")),
            (&wide(names + 0x20, 0x1_0001), &format!("ELF64 section header: sh_offset at 0x158: 0x10001 bytes at {:#x} do not fit in {len:#x} bytes", len - 0x32)),
            (&wide(image + 0x18, u64::MAX), &format!("ELF64 section header: sh_offset at 0x98: 0x123 bytes at 0xffffffffffffffff do not fit in {len:#x} bytes")),
            (&wide(image + 0x20, len), &format!("ELF64 section header: sh_offset at 0x98: {len:#x} bytes at 0x180 do not fit in {len:#x} bytes")),
            (&word(image, 0x32), "ELF64 section header: sh_name at 0x80: 0x1 bytes at 0x32 do not fit in 0x32 bytes"),
            // A section behind the one that is looked for does not matter, nor do types.
            (&word(names - 0x40, 0x1000), ""),
            (&word(image + 4, 8), ""),
        ],
    );
}

#[test]
fn elf64_sections() {
    let file = make::rm();
    for name in ["", ".fwimag", ".fwimage2", "fwimage", ".fwsignature_ga10x"] {
        let found = elf64::section(&file, name.as_bytes());
        match name {
            // The null section's name, as in C.
            "" => assert_eq!(found, Ok(&[][..])),
            _ => {
                let error = found.unwrap_err();
                assert_eq!(error.errno(), Errno::NoEntry, "{name}");
                assert_eq!(
                    error.to_string(),
                    "ELF64 section header: sh_name at 0x40: not there"
                );
            }
        }
    }
    // Names may end in one another, and the first of two is taken.
    let file = make::elf64(&[(".a", b"1"), (".fwimage", b"22"), (".fwimage", b"333")]);
    assert_eq!(elf64::section(&file, b".fwimage"), Ok(&b"22"[..]));
    // A name must not run past the names: C would read on, and might take another section than this.
    let mut file = make::elf64(&[("x", b"1")]);
    let names = make::ELF64_TABLE + 2 * 0x40;
    let size = u64::from(make::get32(&file, names + 0x20));
    put64(&mut file, names + 0x20, size - 1);
    let error = elf64::section(&file, b"x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "ELF64 section names: last byte at 0x10c: 0x62 where 0x0 must be"
    );
    // No names at all: the first section has none.
    put64(&mut file, names + 0x20, 0);
    let error = elf64::section(&file, b"x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "ELF64 section header: sh_name at 0x40: 0x1 bytes at 0x0 do not fit in 0x0 bytes"
    );
}

#[test]
fn elf64_by_pieces() {
    let file = make::rm();
    let header = Elf64Header::parse(&file[..64]).unwrap();
    assert_eq!((header.table_offset(), header.table_size()), (0x40, 0x140));
    let error = SectionTable::parse(&header, &file[0x40..0x17f], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ELF64 header: e_shnum at 0x3c: 0x140 bytes at 0x0 do not fit in 0x13f bytes"
    );
    // Names that are too many to be read into memory.
    let mut long = file.clone();
    put64(&mut long, 0x140 + 0x20, 0x1_0001);
    let error = SectionTable::parse(&header, &long[0x40..0x180], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ELF64 section header: sh_size at 0x160: 0x10001 where 0x0 to 0x10000 can be"
    );
    // Nothing is known of the length, so a section may lie anywhere, but not around the end of the numbers.
    let mut far = file.clone();
    put64(&mut far, 0x80 + 0x18, 1 << 40);
    let table = SectionTable::parse(&header, &far[0x40..0x180], None).unwrap();
    let names = table.names().of(&far).unwrap().to_vec();
    let found = table.find(&names, b".fwimage").unwrap();
    assert_eq!((found.index, found.offset, found.size), (1, 1 << 40, 0x123));
    assert_eq!(found.of(&far), None);
    // Whoever reads it into memory says how much that may be.
    assert_eq!(table.bounded(found, 0x123), Ok(found));
    let error = table.bounded(found, 0x122).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ELF64 section header: sh_size at 0xa0: 0x123 where 0x0 to 0x122 can be"
    );
    put64(&mut far, 0x80 + 0x18, u64::MAX - 0x122);
    let table = SectionTable::parse(&header, &far[0x40..0x180], None).unwrap();
    let error = table.find(&names, b".fwimage").unwrap_err();
    assert_eq!(
        error.to_string(),
        "ELF64 section header: sh_offset at 0x98: 0x123 bytes at 0xfffffffffffffedd do not fit in 0xffffffffffffffff bytes"
    );
}

#[test]
fn fmc() {
    let good = make::fmc();
    let len = good.len();
    let at = |section: usize, field: usize| 0x34 + section * 0x28 + field;
    let image = make::get32(&good, at(5, 0x10)) as usize;
    let crc = make::get32(&good, at(5, 0x1c));
    let broken = {
        let mut image = good[image..].to_vec();
        image[7] ^= 1;
        crc32(&image)
    };
    // Every byte of the header is as it must be (C: memcmp).
    for byte in 0..0x34 {
        for bit in 0..8 {
            let mut file = good.clone();
            file[byte] ^= 1 << bit;
            let error = Fmc::parse(&file).unwrap_err();
            assert_eq!(
                (error.structure, error.offset),
                ("FMC ELF header", byte & !3)
            );
            assert_eq!(error.errno(), Errno::NoData);
        }
    }
    refused(
        &good,
        |file| Fmc::parse(file).map(|_| ()),
        Errno::NoData,
        &[
            (&word(0x20, 0x38), "FMC ELF header: e_shoff at 0x20: 0x38 where 0x34 must be"),
            (&word(at(1, 4), 1), "FMC section header: sh_type at 0x60: 0x1 where 0x3 must be"),
            (&word(at(1, 8), 0), "FMC section header: sh_flags at 0x64: 0x0 where 0x20 must be"),
            (&word(at(5, 4), 8), "FMC section header: sh_type at 0x100: 0x8 where 0x1 must be"),
            (&word(at(2, 8), 2), "FMC section header: sh_flags at 0x8c: 0x2 where 0xfff00102 must be"),
            (&word(at(3, 0x10), 0x123), &format!("FMC section header: sh_offset at 0xbc: 0x123 where 0x124 to {len:#x} can be")),
            (&word(at(3, 0x14), 0xffff_ffff), &format!("FMC section header: sh_offset at 0xbc: 0xffffffff bytes at 0x180 do not fit in {len:#x} bytes")),
            (&|f| f[image + 7] ^= 1, &format!("FMC section header: sh_info at 0x118: {crc:#010x} where the contents give {broken:#010x}")),
            // No checksum, no check.
            (&|f| { f[image + 7] ^= 1; put32(f, at(5, 0x1c), 0); }, ""),
            (&word(at(1, 0x14), 0x29), "FMC section names: last byte at 0x14c: 0x65 where 0x0 must be"),
            (&word(at(4, 0), 0x2a), "FMC section header: sh_name at 0xd4: 0x1 bytes at 0x2a do not fit in 0x2a bytes"),
            (&word(at(4, 0), 0), "FMC section header: publickey at 0x34: not there"),
            (&word(at(5, 0), 0), "FMC section header: image at 0x34: not there"),
            (&word(at(2, 0), 0), "FMC section header: hash at 0x34: not there"),
            (&word(at(3, 0), 0), "FMC section header: signature at 0x34: not there"),
            (&|f| { put32(f, at(5, 0x14), 0); put32(f, at(5, 0x1c), 0); }, "FMC section header: image at 0x34: not there"),
            (&|f| f.truncate(0x30), "FMC ELF header: e_shnum, e_shstrndx at 0x30: 4 bytes do not fit before the end at 0x30"),
        ],
    );
}

#[test]
fn checksums() {
    // The check value of CRC-32/ISO-HDLC, and the polynomial a bit at a time.
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    for len in 0..300 {
        let bytes = make::pattern(len, len as u32);
        assert_eq!(crc32(&bytes), make::crc32(&bytes));
    }
}

#[test]
fn containers() {
    let good = make::bl();
    refused(
        &good,
        |file| Container::parse(file).map(|_| ()),
        Errno::Invalid,
        &[
            (&word(0, 0x3b1d_14f0), "bin header: bin_magic at 0x0: 0x3b1d14f0 where 0x10de must be"),
            (&word(4, 2), "bin header: bin_ver at 0x4: 0x2 where 0x1 must be"),
            (&word(8, 0), ""),
            (&word(0xc, 0x381), "bin header: header_offset at 0xc: 0x1 bytes at 0x381 do not fit in 0x380 bytes"),
            (&word(0xc, 0x380), ""),
            (&word(0x10, 0x81), "bin header: data_offset at 0x10: 0x300 bytes at 0x81 do not fit in 0x380 bytes"),
            (&word(0x10, 0xffff_ffff), "bin header: data_offset at 0x10: 0x300 bytes at 0xffffffff do not fit in 0x380 bytes"),
            (&word(0x14, 0), "bin header: data_size at 0x14: 0x0 where 0x1 to 0x380 can be"),
            (&word(0x14, 0x301), "bin header: data_offset at 0x10: 0x301 bytes at 0x80 do not fit in 0x380 bytes"),
            (&|f| f.truncate(0x17), "bin header: data_size at 0x14: 4 bytes do not fit before the end at 0x17"),
            (&Vec::clear, "bin header: bin_magic at 0x0: 4 bytes do not fit before the end at 0x0"),
        ],
    );
    // A header behind the data reaches to the end.
    let mut file = good.clone();
    put32(&mut file, 0xc, 0x370);
    let container = Container::parse(&file).unwrap();
    assert_eq!(
        (container.header, container.header_offset),
        (&file[0x370..], 0x370)
    );
}

#[test]
fn booters() {
    use make::{BOOTER_LOAD as LOAD, BOOTER_LOC, BOOTER_NUM_SIG, BOOTER_PATCH_SIG};
    let good = make::booter(2, 384);
    let len = good.len() as u32;
    let both: &[Case<'_>] = &[
        (&word(0x20, len - 3), &format!("HS header v2: patch_loc at 0x20: 0x4 bytes at {:#x} do not fit in {len:#x} bytes", len - 3)),
        (&word(0x24, u32::MAX), &format!("HS header v2: patch_sig at 0x24: 0x4 bytes at 0xffffffff do not fit in {len:#x} bytes")),
        (&word(0x30, len), &format!("HS header v2: num_sig at 0x30: 0x4 bytes at {len:#x} do not fit in {len:#x} bytes")),
        (&word(BOOTER_NUM_SIG, 0), "HS header v2: num_sig at 0x54: 0x0 where 0x1 to 0x10 can be"),
        (&word(BOOTER_NUM_SIG, 17), "HS header v2: num_sig at 0x54: 0x11 where 0x1 to 0x10 can be"),
        (&word(BOOTER_NUM_SIG, 5), "HS header v2: sig_prod_size at 0x1c: 0x300 where a multiple of 0x14 must be"),
        (&word(0x1c, 0x302), "HS header v2: sig_prod_size at 0x1c: 0x302 where a multiple of 0x8 must be"),
        (&word(0x1c, 0), "HS header v2: sig_prod_size at 0x1c: 0x0 where a multiple of 0x8 must be"),
        (&word(0x18, len), &format!("HS header v2: sig_prod_offset at 0x18: 0x300 bytes at {:#x} do not fit in {len:#x} bytes", len + 8)),
        (&word(BOOTER_PATCH_SIG, u32::MAX), &format!("HS header v2: sig_prod_offset at 0x18: 0x300 bytes at 0x10000007f do not fit in {len:#x} bytes")),
        (&word(BOOTER_LOC, 0x481), "HS header v2: patch_loc at 0x40: 0x180 bytes at 0x481 do not fit in 0x600 bytes"),
        (&word(BOOTER_LOC, 0x2ff), "HS header v2: patch_loc at 0x40: 0x2ff where 0x300 to 0x600 can be"),
        (&word(0x34, len), &format!("HS header v2: header_offset at 0x34: 0x24 bytes at {len:#x} do not fit in {len:#x} bytes")),
        (&word(0x38, 35), "HS header v2: header_size at 0x38: 0x23 where 0x24 to 0xffffffff can be"),
        (&word(0x38, len), &format!("HS header v2: header_offset at 0x34: {len:#x} bytes at 0x58 do not fit in {len:#x} bytes")),
        (&word(LOAD + 0x10, 0), "HS load header v2: num_apps at 0x68: 0x0 where 0x1 to 0x10 can be"),
        (&word(LOAD + 0x10, 17), "HS load header v2: num_apps at 0x68: 0x11 where 0x1 to 0x10 can be"),
        (&word(LOAD + 0x10, 2), "HS header v2: header_size at 0x38: 0x24 where 0x34 to 0xffffffff can be"),
        (&word(LOAD + 0x18, 0), "HS load header v2: app[0].size at 0x70: 0x0 where a multiple of 0x100 must be"),
        (&word(LOAD + 0x18, 0x180), "HS load header v2: app[0].size at 0x70: 0x180 where a multiple of 0x100 must be"),
        (&word(LOAD + 0x08, 0x301), "HS load header v2: os_data_offset at 0x60: 0x300 bytes at 0x301 do not fit in 0x600 bytes"),
        (&word(LOAD + 0x0c, u32::MAX), "HS load header v2: os_data_offset at 0x60: 0xffffffff bytes at 0x300 do not fit in 0x600 bytes"),
    ];
    let parse = |kind| move |file: &[u8]| Booter::parse(file, kind).map(|_| ());
    for kind in [Kind::Turing, Kind::Brom] {
        refused(&good, parse(kind), Errno::Invalid, both);
    }
    refused(
        &good,
        parse(Kind::Turing),
        Errno::Invalid,
        &[
            (&word(LOAD + 4, 0), "HS load header v2: os_code_size at 0x5c: 0x0 where a multiple of 0x100 must be"),
            (&word(LOAD + 4, 0x80), "HS load header v2: os_code_size at 0x5c: 0x80 where a multiple of 0x100 must be"),
            (&word(LOAD + 4, 0x700), "HS load header v2: os_code_size at 0x5c: 0x700 bytes at 0x0 do not fit in 0x600 bytes"),
            (&word(LOAD + 4, 0x500), "HS load header v2: app[0].size at 0x70: 0x200 bytes at 0x500 do not fit in 0x600 bytes"),
            (&word(LOAD + 0xc, 0), "HS load header v2: os_data_size at 0x64: 0x0 where 0x1 to 0xffffffff can be"),
            // Neither where code goes nor the boot ROM's numbers are places in the image.
            (&word(LOAD + 0x14, u32::MAX), ""),
            (&word(LOAD, u32::MAX), ""),
            (&word(0x28, u32::MAX), ""),
            (&word(0x2c, 0), ""),
        ],
    );
    refused(
        &good,
        parse(Kind::Brom),
        Errno::Invalid,
        &[
            (&word(LOAD + 0x14, 0x401), "HS load header v2: app[0].offset at 0x6c: 0x200 bytes at 0x401 do not fit in 0x600 bytes"),
            (&|f| { put32(f, LOAD + 8, 0x280); put32(f, LOAD + 12, 0x300); }, "HS load header v2: os_data_offset at 0x60: 0x280 where a multiple of 0x100 must be"),
            (&word(LOAD + 0xc, 0x280), "HS load header v2: os_data_size at 0x64: 0x280 where a multiple of 0x100 must be"),
            (&word(LOAD + 0xc, 0), "HS load header v2: os_data_size at 0x64: 0x0 where a multiple of 0x100 must be"),
            (&word(0x28, len - 11), &format!("HS header v2: meta_data_offset at 0x28: 0xc bytes at {:#x} do not fit in {len:#x} bytes", len - 11)),
            (&word(0x2c, 11), "HS header v2: meta_data_size at 0x2c: 0xb where 0xc to 0xffffffff can be"),
            (&word(LOAD + 4, 0x80), ""),
        ],
    );
}

#[test]
fn bootloaders() {
    for (words, expected) in [
        (14, Ok(())),
        (
            13,
            Err("RM_RISCV_UCODE_DESC: size at 0x18: 0x38 bytes at 0x0 do not fit in 0x34 bytes"),
        ),
    ] {
        let file = make::bootloader(words);
        let result = Bootloader::parse(&file).map(|_| ());
        assert_eq!(
            result.map_err(|error| error.to_string()),
            expected.map_err(str::to_owned)
        );
    }
    let file = make::bootloader(21);
    let bootloader = Bootloader::parse(&file).unwrap();
    let good = UcodeDesc {
        app_version: u32::MAX,
        manifest_offset: 0xf0,
        manifest_size: 0x10,
        data_offset: 0x100,
        data_size: 0,
        code_offset: 0,
        code_size: 0x100,
    };
    assert_eq!(bootloader.check(&good), Ok(()));
    for (desc, expected) in [
        (UcodeDesc { manifest_size: 0x11, ..good }, "RM_RISCV_UCODE_DESC: manifestOffset at 0x18: 0x11 bytes at 0xf0 do not fit in 0x100 bytes"),
        (UcodeDesc { data_offset: 0x101, ..good }, "RM_RISCV_UCODE_DESC: monitorDataOffset at 0x18: 0x0 bytes at 0x101 do not fit in 0x100 bytes"),
        (UcodeDesc { code_offset: u32::MAX, ..good }, "RM_RISCV_UCODE_DESC: monitorCodeOffset at 0x18: 0x100 bytes at 0xffffffff do not fit in 0x100 bytes"),
    ] {
        assert_eq!(bootloader.check(&desc).unwrap_err().to_string(), expected);
    }
}

#[test]
fn fwsec_loader() {
    refused(
        &make::bl(),
        |file| Bl::parse(file).map(|_| ()),
        Errno::Invalid,
        &[
            (
                &word(0x40, 0x1_0000),
                "BL descriptor: start_tag at 0x40: 0x10000 where 0x0 to 0xffff can be",
            ),
            (
                &word(0x48, 0x201),
                "BL descriptor: code_off at 0x48: 0x100 bytes at 0x201 do not fit in 0x300 bytes",
            ),
            (
                &word(0x4c, 0),
                "BL descriptor: code_size at 0x4c: 0x0 where a multiple of 0x100 must be",
            ),
            (
                &word(0x4c, 0x120),
                "BL descriptor: code_size at 0x4c: 0x120 where a multiple of 0x100 must be",
            ),
            (
                &word(0x4c, 0x300),
                "BL descriptor: code_off at 0x48: 0x300 bytes at 0x40 do not fit in 0x300 bytes",
            ),
            (
                &word(0xc, 0x37d),
                "BL descriptor: start_tag at 0x37d: 4 bytes do not fit before the end at 0x380",
            ),
        ],
    );
}

#[test]
fn fwsec_descriptors() {
    let parse = |file: &[u8]| Fwsec::parse(file).map(|_| ());
    let good = make::fwsec_v2(0);
    let len = good.len();
    refused(
        &good,
        parse,
        Errno::Invalid,
        &[
            (&word(0, make::hdr(0x3c, 0x200)), "FWSEC descriptor: Hdr at 0x0: 0x200 where 0x201 to 0x301 can be"),
            (&word(0, make::hdr(0x3c, 0x401)), "FWSEC descriptor: Hdr at 0x0: 0x401 where 0x201 to 0x301 can be"),
            (&word(0, make::hdr(0x3c, 0x101)), "FWSEC descriptor: Hdr at 0x0: 0x101 where 0x201 to 0x301 can be"),
            // C looks at no other bit of the low byte.
            (&word(0, make::hdr(0x3c, 0x2ff)), ""),
            (&word(0, make::hdr(0x3b, 0x201)), "FWSEC descriptor v2: Hdr at 0x0: 0x3b where 0x3c to 0xffff can be"),
            (&word(0, make::hdr(0x3d, 0x201)), &format!("FWSEC descriptor v2: IMEMLoadSize at 0x18: 0x450 bytes at 0x3d do not fit in {len:#x} bytes")),
            (&word(0x18, 0xffff_ff00), "FWSEC descriptor v2: IMEMLoadSize at 0x18: 0x100000150 where 0x1 to 0x7fffffff can be"),
            (&word(0x24, 0x201), "FWSEC descriptor v2: IMEMSecSize at 0x24: 0x201 where 0x0 to 0x200 can be"),
            (&word(0x20, 0x351), "FWSEC descriptor v2: IMEMSecBase at 0x20: 0x100 bytes at 0x351 do not fit in 0x450 bytes"),
            (&word(0x1c, 0x101), "FWSEC descriptor v2: IMEMSecBase at 0x20: 0x100 where 0x101 to 0xffffffff can be"),
            // Virtual addresses may begin anywhere.
            (&|f| { put32(f, 0x1c, 0x8000); put32(f, 0x20, 0x8350); }, ""),
            (&word(0x28, 0x201), "FWSEC descriptor v2: DMEMOffset at 0x28: 0x250 bytes at 0x201 do not fit in 0x450 bytes"),
            (&|f| { put32(f, 0x18, 0); put32(f, 0x30, 0); }, "FWSEC descriptor v2: IMEMLoadSize at 0x18: 0x0 where 0x1 to 0x7fffffff can be"),
            (&|f| f.truncate(0x33), "FWSEC descriptor v2: DMEMLoadSize at 0x30: 4 bytes do not fit before the end at 0x33"),
            (&Vec::clear, "FWSEC descriptor: Hdr at 0x0: 4 bytes do not fit before the end at 0x0"),
        ],
    );
    let good = make::fwsec_v3(2, 0);
    let len = good.len();
    let size = make::hdr(0x2c + 2 * 384, 0x301);
    refused(
        &good,
        parse,
        Errno::Invalid,
        &[
            (&word(0, make::hdr(0x2b, 0x301)), "FWSEC descriptor v3: Hdr at 0x0: 0x2b where 0x2c to 0xffff can be"),
            (&word(0, size - 0x1_0000), "FWSEC descriptor v3: SignatureCount at 0x27: 0x300 bytes at 0x2c do not fit in 0x32b bytes"),
            (&word(0, size + 0x1_0000), &format!("FWSEC descriptor v3: IMEMLoadSize at 0x14: 0x450 bytes at 0x32d do not fit in {len:#x} bytes")),
            (&word(0x14, 0x1f0), "FWSEC descriptor v3: IMEMLoadSize at 0x14: 0x1f0 where a multiple of 0x100 must be"),
            (&word(0x20, 0xffff_ffff), "FWSEC descriptor v3: IMEMLoadSize at 0x14: 0x1000001ff where 0x1 to 0x7fffffff can be"),
            (&|f| f[0x27] = 0, "FWSEC descriptor v3: SignatureCount at 0x27: 0x0 where 0x2 to 0xff can be"),
            (&|f| { f[0x27] = 0; f[0x28] = 0; }, "FWSEC descriptor v3: SignatureCount at 0x27: 0x0 where 0x1 to 0xff can be"),
            (&|f| f[0x28] = 0x15, "FWSEC descriptor v3: SignatureCount at 0x27: 0x2 where 0x3 to 0xff can be"),
            (&word(8, 0xd1), "FWSEC descriptor v3: PKCDataOffset at 0x8: 0x180 bytes at 0xd1 do not fit in 0x250 bytes"),
            (&word(8, 0xd0), ""),
            (&|f| f.truncate(0x2b), "FWSEC descriptor v3: IMEMLoadSize at 0x14: 0x450 bytes at 0x32c do not fit in 0x2b bytes"),
        ],
    );
}

#[test]
fn fwsec_commands() {
    let data = 0x3c + make::FWSEC_IMEM;
    let interface = data + make::FWSEC_INTERFACE;
    let frts = Command::Frts {
        addr: 0,
        size: 1 << 44,
    };
    let patch = |command| {
        move |file: &[u8]| {
            let fwsec = Fwsec::parse(file)?;
            fwsec.patch(&mut fwsec.image.to_vec(), command)
        }
    };
    let good = make::fwsec_v2(0);
    // Places count from the image's beginning: data begins at 0x200 in it.
    refused(
        &good,
        patch(Command::Sb),
        Errno::Invalid,
        &[
            (&word(0x10, 0x250), "FWSEC interface table: ver at 0x450: 1 bytes do not fit before the end at 0x450"),
            (&|f| f[interface] = 2, "FWSEC interface table: ver at 0x220: 0x2 where 0x1 must be"),
            (&|f| f[interface + 3] = 1, "FWSEC interface table: cnt at 0x223: not there"),
            (&|f| { put32(f, 0x10, 0x24f); f[data + 0x24f] = 1; }, "FWSEC interface table: hdr at 0x450: 1 bytes do not fit before the end at 0x450"),
            (&word(interface + 16, 0x221), "FWSEC DMEM mapper: init_cmd at 0x44d: 4 bytes do not fit before the end at 0x450"),
            (&word(interface + 16, u32::MAX), "FWSEC DMEM mapper: init_cmd at 0x10000022b: 4 bytes do not fit before the end at 0x450"),
            (&word(data + make::FWSEC_MAPPER + 8, 0x239), "FWSEC DMEM mapper: cmd_in_buffer_offset at 0x248: 0x18 bytes at 0x239 do not fit in 0x250 bytes"),
        ],
    );
    let error = patch(frts)(&good).unwrap_err();
    assert_eq!(
        error.to_string(),
        "FWSEC DMEM mapper: init_cmd at 0x26c: 0x100000000 where 0x0 to 0xffffffff can be"
    );
    let fwsec = Fwsec::parse(&good).unwrap();
    let error = fwsec.patch(&mut [0; 0x44f], Command::Sb).unwrap_err();
    assert_eq!(
        error.to_string(),
        "FWSEC image: copy at 0x0: 0x250 bytes at 0x200 do not fit in 0x44f bytes"
    );
}
