// SPDX-License-Identifier: GPL-2.0

//! The same facts, found by other means: ELF files by the `object` crate, the rest as a list of words that follows what C
//! does line by line, without checks (a file that is wrong makes these panic).

use object::read::elf::{ElfFile32, ElfFile64};
use object::{LittleEndian, Object, ObjectSection};
use serde_json::{json, Map, Value};

use super::files::Kind;
use super::{numbers, part};

/// The names of GSP-RM's sections that a driver may ask for.
pub fn names(file: &[u8]) -> Vec<String> {
    let elf = ElfFile64::<LittleEndian>::parse(file).expect("an ELF64 file");
    elf.sections()
        .map(|section| section.name().expect("a name").to_owned())
        .filter(|name| name.starts_with(".fw"))
        .collect()
}

/// What is in a file.
pub fn read(kind: Kind, file: &[u8]) -> Option<Value> {
    Some(match kind {
        Kind::Rm => rm(file),
        Kind::Fmc => fmc(file),
        Kind::BooterTuring => booter(file, false),
        Kind::BooterBrom => booter(file, true),
        Kind::Bootloader => bootloader(file),
        Kind::Bl => bl(file),
        Kind::Foreign => return None,
    })
}

fn rm(file: &[u8]) -> Value {
    let elf = ElfFile64::<LittleEndian>::parse(file).expect("an ELF64 file");
    let mut sections = Map::new();
    for section in elf.sections() {
        let name = section.name().expect("a name");
        if name.starts_with(".fw") {
            let (start, size) = section.file_range().expect("a place in the file");
            sections.insert(name.into(), part(file, start as usize, size as usize));
        }
    }
    let image = elf.section_by_name(".fwimage").expect("an image").size();
    let pages = image.div_ceil(4096);
    json!({
        "sections": sections,
        "radix3": numbers([
            ("image_pages", pages),
            ("level2_size", (pages * 8).div_ceil(4096) * 4096),
        ]),
    })
}

fn fmc(file: &[u8]) -> Value {
    let elf = ElfFile32::<LittleEndian>::parse(file).expect("an ELF32 file");
    let section = |name| {
        let section = elf.section_by_name(name).expect("a section");
        let (start, size) = section.file_range().expect("a place in the file");
        part(file, start as usize, size as usize)
    };
    json!({
        "hash": section("hash"),
        "signature": section("signature"),
        "publickey": section("publickey"),
        "image": section("image"),
    })
}

/// The word at a place in the file.
pub fn le32(file: &[u8], at: usize) -> u32 {
    (0..4).map(|i| u32::from(file[at + i]) << (8 * i)).sum()
}

/// As many words from a place on.
fn words<const N: usize>(file: &[u8], at: u32) -> [u32; N] {
    std::array::from_fn(|i| le32(file, at as usize + i * 4))
}

fn booter(file: &[u8], brom: bool) -> Value {
    let [_magic, _version, _size, header, data, data_size] = words(file, 0);
    let [sig, sig_size, loc, patch, meta, _, count, load, _] = words(file, header);
    let ([loc], [patch], [count]) = (words(file, loc), words(file, patch), words(file, count));
    let [os_code, os_code_size, os_data, os_data_size, _, app, app_size] = words(file, load);
    let mut id = [0; 3];
    let (nmem, imem, boot) = if brom {
        id = words(file, meta);
        ([0; 3], [app, 0, app_size], app)
    } else {
        let nmem = [0, os_code, os_code_size];
        (nmem, [os_code_size, app, app_size], os_code)
    };
    json!({
        "image": part(file, data as usize, data_size as usize),
        "signatures": {
            "table": part(file, (sig + patch) as usize, sig_size as usize),
            "size": sig_size / count,
            "count": count,
            "image_offset": loc,
        },
        "falcon": {
            "nmem": nmem,
            "imem": imem,
            "dmem": [os_data, 0, os_data_size, loc - os_data],
            "boot_addr": boot,
            "brom": id,
        },
    })
}

fn bootloader(file: &[u8]) -> Value {
    let [_magic, _version, _size, desc, data, data_size] = words(file, 0);
    let words: [u32; 14] = words(file, desc);
    json!({
        "desc": part(file, desc as usize, (data - desc) as usize),
        "image": part(file, data as usize, data_size as usize),
        "app_version": words[7],
        "manifest": words[8..10],
        "data": words[10..12],
        "code": words[12..14],
    })
}

fn bl(file: &[u8]) -> Value {
    let [_magic, _version, _size, desc, data, _] = words(file, 0);
    let [tag, _, code, code_size] = words(file, desc);
    json!({
        "start_tag": tag,
        "boot_addr": tag << 8,
        "code": part(file, (data + code) as usize, code_size as usize),
    })
}
