// SPDX-License-Identifier: GPL-2.0

//! Small synthetic files, each as its parser wants it: nothing of NVIDIA's in them. Also the seeds of the fuzzer, so this
//! file needs nothing of the others.

/// Bytes that differ from place to place, so that a slice from the wrong place is seen.
pub fn pattern(len: usize, seed: u32) -> Vec<u8> {
    (0..len as u32)
        .map(|i| (i.wrapping_mul(0x9e37_79b9).wrapping_add(seed) >> 24) as u8)
        .collect()
}

pub fn put16(to: &mut [u8], at: usize, value: u16) {
    to[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

pub fn put32(to: &mut [u8], at: usize, value: u32) {
    to[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

pub fn put64(to: &mut [u8], at: usize, value: u64) {
    to[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

pub fn get32(from: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(from[at..at + 4].try_into().unwrap())
}

/// Words from a place on.
pub fn words(to: &mut [u8], at: usize, words: &[u32]) {
    for (i, word) in words.iter().enumerate() {
        put32(to, at + i * 4, *word);
    }
}

/// Where [`elf64`] puts its table of sections: right behind the header, so that a short file has one.
pub const ELF64_TABLE: usize = 0x40;

/// An ELF64 file with a null section, these sections, and the names.
pub fn elf64(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let count = sections.len() + 2;
    let mut names = vec![0u8];
    let mut file = vec![0; ELF64_TABLE + count * 0x40];
    for (i, (name, data)) in sections.iter().enumerate() {
        let header = ELF64_TABLE + (i + 1) * 0x40;
        put32(&mut file, header, names.len() as u32);
        put32(&mut file, header + 4, 1);
        let at = file.len() as u64;
        put64(&mut file, header + 0x18, at);
        put64(&mut file, header + 0x20, data.len() as u64);
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        file.extend_from_slice(data);
    }
    let header = ELF64_TABLE + (count - 1) * 0x40;
    put32(&mut file, header, names.len() as u32);
    names.extend_from_slice(b".shstrtab\0");
    put32(&mut file, header + 4, 3);
    let at = file.len() as u64;
    put64(&mut file, header + 0x18, at);
    put64(&mut file, header + 0x20, names.len() as u64);
    file.extend_from_slice(&names);

    file[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\0");
    put64(&mut file, 0x28, ELF64_TABLE as u64);
    put16(&mut file, 0x34, 0x40);
    put16(&mut file, 0x3a, 0x40);
    put16(&mut file, 0x3c, count as u16);
    put16(&mut file, 0x3e, count as u16 - 1);
    file
}

/// GSP-RM in small.
pub fn rm() -> Vec<u8> {
    elf64(&[
        (".fwimage", &pattern(0x123, 1)),
        (".fwversion", b"570.144\0"),
        (".fwsignature_tu10x", &pattern(0x40, 2)),
    ])
}

/// The checksum of a section, a bit at a time.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        for bit in 0..8 {
            let low = (crc ^ u32::from(byte >> bit)) & 1;
            crc = (crc >> 1) ^ (0xedb8_8320 * low);
        }
    }
    !crc
}

/// GSP-FMC in small: names, then `hash`, `signature`, `publickey`, `image`.
pub fn fmc() -> Vec<u8> {
    const TABLE: usize = 0x34;
    let mut file = vec![0; TABLE + 6 * 0x28];
    file[..7].copy_from_slice(b"\x7fELF\x01\x01\x01");
    words(
        &mut file,
        0x14,
        &[1, 0, 0, 0x34, 0, 0x34, 0x28 << 16, 0x1_0006],
    );
    let names = b"\0.shstrtab\0hash\0signature\0publickey\0image\0";
    let contents = [
        (1, names.to_vec()),
        (11, pattern(48, 1)),
        (16, pattern(96, 2)),
        (26, pattern(97, 3)),
        (36, pattern(0x100, 4)),
    ];
    for (i, (name, contents)) in contents.iter().enumerate() {
        let header = TABLE + (i + 1) * 0x28;
        let (kind, flags, crc) = match i {
            0 => (3, 0x20, 0),
            _ => (1, 0xfff0_0102, crc32(contents)),
        };
        file.resize(file.len().next_multiple_of(4), 0);
        let (at, size) = (file.len() as u32, contents.len() as u32);
        words(
            &mut file,
            header,
            &[*name, kind, flags, 0, at, size, 0, crc, 4, 0],
        );
        file.extend_from_slice(contents);
    }
    file
}

/// `nvfw_bin_hdr`, a header, data.
pub fn container(header_at: usize, header: &[u8], data_at: usize, data: &[u8]) -> Vec<u8> {
    let mut file = vec![0; data_at];
    file[header_at..header_at + header.len()].copy_from_slice(header);
    file.extend_from_slice(data);
    let size = file.len().next_multiple_of(0x100) as u32;
    let (header, data_at, data) = (header_at as u32, data_at as u32, data.len() as u32);
    words(&mut file, 0, &[0x10de, 1, size, header, data_at, data]);
    file
}

/// Where [`booter`] puts its things.
pub const BOOTER_HEADER: usize = 0x18;
pub const BOOTER_LOC: usize = 0x40;
pub const BOOTER_PATCH_SIG: usize = 0x44;
pub const BOOTER_META: usize = 0x48;
pub const BOOTER_NUM_SIG: usize = 0x54;
pub const BOOTER_LOAD: usize = 0x58;
pub const BOOTER_SIGNATURES: usize = 0x80;

/// A booter with `count` signatures of `size` bytes, which begin 8 bytes into their table; its image has 0x100 bytes of
/// loader, 0x200 of secure code, 0x300 of data with the signature at 0x20.
pub fn booter(count: usize, size: usize) -> Vec<u8> {
    let total = count * size;
    let mut file = vec![0; BOOTER_SIGNATURES + 8];
    file.extend_from_slice(&pattern(total, 5));
    let data_at = file.len().next_multiple_of(0x10);
    file.resize(data_at, 0);
    let header = [
        BOOTER_SIGNATURES as u32,
        total as u32,
        BOOTER_LOC as u32,
        BOOTER_PATCH_SIG as u32,
        BOOTER_META as u32,
        12,
        BOOTER_NUM_SIG as u32,
        BOOTER_LOAD as u32,
        36,
    ];
    words(&mut file, BOOTER_HEADER, &header);
    words(&mut file, BOOTER_LOC, &[0x320, 8, 0x11, 1, 3, count as u32]);
    words(
        &mut file,
        BOOTER_LOAD,
        &[0, 0x100, 0x300, 0x300, 1, 0x100, 0x200, 0, 0],
    );
    let headers = file[BOOTER_HEADER..].to_vec();
    container(BOOTER_HEADER, &headers, data_at, &pattern(0x600, 6))
}

/// A bootloader whose descriptor has `words` words.
pub fn bootloader(desc_words: usize) -> Vec<u8> {
    let desc: Vec<u8> = (0..desc_words as u32)
        .flat_map(|i| (i * 4).to_le_bytes())
        .collect();
    container(0x18, &desc, 0x18 + desc.len(), &pattern(0x100, 7))
}

/// The FWSEC loader.
pub fn bl() -> Vec<u8> {
    let mut desc = vec![0; 24];
    words(&mut desc, 0, &[0xfd, 0, 0x40, 0x100, 0x200, 0x100]);
    container(0x40, &desc, 0x80, &pattern(0x300, 8))
}

/// A descriptor's first word: its size, its version and whether it has one.
pub fn hdr(size: u32, version: u32) -> u32 {
    (size << 16) | version
}

/// Where things lie in the data of a FWSEC image.
pub const FWSEC_INTERFACE: usize = 0x20;
pub const FWSEC_MAPPER: usize = 0x40;
pub const FWSEC_BUFFER: usize = 0x80;
pub const FWSEC_DMEM: usize = 0x250;
pub const FWSEC_IMEM: usize = 0x200;

/// Code, then data with the interface table: an entry that is not the mapper's, then that.
fn fwsec_image() -> Vec<u8> {
    let mut image = pattern(FWSEC_IMEM + FWSEC_DMEM, 9);
    let data = &mut image[FWSEC_IMEM..];
    data[FWSEC_INTERFACE..FWSEC_INTERFACE + 4].copy_from_slice(&[1, 4, 8, 2]);
    let mapper = FWSEC_MAPPER as u32;
    words(data, FWSEC_INTERFACE + 4, &[1, 0xdead, 4, mapper]);
    put32(data, FWSEC_MAPPER + 8, FWSEC_BUFFER as u32);
    image
}

/// FWSEC with a descriptor of version 2, and `behind` more bytes of VBIOS.
pub fn fwsec_v2(behind: usize) -> Vec<u8> {
    let (imem, dmem) = (FWSEC_IMEM as u32, FWSEC_DMEM as u32);
    let mut vbios = vec![0; 0x3c];
    let desc = [
        hdr(0x3c, 0x201),
        imem + dmem,
        imem + dmem,
        0,
        FWSEC_INTERFACE as u32,
        0x1000,
        imem,
        0,
        0x100,
        0x100,
        imem,
        0x2000,
        dmem,
        0,
        0,
    ];
    words(&mut vbios, 0, &desc);
    vbios.extend_from_slice(&fwsec_image());
    vbios.extend_from_slice(&pattern(behind, 10));
    vbios
}

/// FWSEC with a descriptor of version 3 and signatures for as many versions.
pub fn fwsec_v3(signatures: usize, behind: usize) -> Vec<u8> {
    let (imem, dmem) = (FWSEC_IMEM as u32, FWSEC_DMEM as u32);
    let mut vbios = vec![0; 0x2c];
    let size = (0x2c + signatures * 384) as u32;
    let desc = [
        hdr(size, 0x301),
        imem + dmem,
        0x90,
        FWSEC_INTERFACE as u32,
        0x1000,
        imem,
        0,
        0x2000,
        dmem,
        0x0400 | (9 << 16) | ((signatures as u32) << 24),
        (1 << signatures) - 1,
    ];
    words(&mut vbios, 0, &desc);
    vbios.extend_from_slice(&pattern(signatures * 384, 11));
    vbios.extend_from_slice(&fwsec_image());
    vbios.extend_from_slice(&pattern(behind, 10));
    vbios
}
