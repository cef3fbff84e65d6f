// SPDX-License-Identifier: GPL-2.0
//! Synthetic firmware: files that drivers accept as GSP firmware and that contain nothing of NVIDIA's.
//!
//! Only containers matter, because the model does not execute what is inside. Shapes: r535_gsp_elf_section() and
//! r535_gsp_rm_boot_ctor() in nvkm/subdev/gsp/rm/r535/gsp.c, tu102_gsp_booter_ctor(), ga102_gsp_booter_ctor(),
//! nvkm_gsp_fwsec_v2(); structures: nvfw/{fw,hs}.h, RM_RISCV_UCODE_DESC of nvrm/gsp.h.

use crate::chips::{Chip, Family};
use crate::mem::{put16, put32, put64};
use crate::rm::layout::Layout;

/// Bytes of the RM image.
const IMAGE: usize = 64 << 10;
/// `nvfw_bin_hdr.bin_magic`
const MAGIC: u32 = 0x10de;

/// A file: path below the firmware directory, content.
pub type File = (String, Vec<u8>);

/// All files that a driver asks for on that chip with that firmware.
pub fn files(chip: &Chip, layout: &Layout) -> Vec<File> {
    let gsp = |name: &str| format!("nvidia/{}/gsp/{name}-{}.bin", chip.name, layout.version);
    let mut files = vec![
        (gsp("gsp"), rm_image(chip, layout)),
        (gsp("bootloader"), bootloader()),
        (gsp("booter_load"), booter(chip.family, 1)),
        (gsp("booter_unload"), booter(chip.family, 2)),
    ];
    if !chip.family.has_brom() {
        files.push((format!("nvidia/{}/acr/bl.bin", chip.name), loader()));
    }
    files
}

/// Bytes that are not zero and not the same everywhere, so that a misplaced block is seen.
fn pattern(len: usize, seed: u32) -> Vec<u8> {
    (0..len as u32)
        .map(|i| (i.wrapping_mul(0x9e37_79b9).wrapping_add(seed) >> 24) as u8)
        .collect()
}

/// The ELF file: the image, its version, and a signature section.
fn rm_image(chip: &Chip, layout: &Layout) -> Vec<u8> {
    let mut image = pattern(IMAGE, 1);
    let text = format!("\0synthetic GSP-RM {}\0", layout.version);
    image[0x100..0x100 + text.len()].copy_from_slice(text.as_bytes());
    let version = format!("{}\0", layout.version).into_bytes();
    let sections = [
        (".fwimage", image),
        (".fwversion", version),
        (chip.signature_section, pattern(0x1000, 2)),
    ];
    elf(&sections)
}

/// An ELF64 file with these sections and nothing else.
fn elf(sections: &[(&str, Vec<u8>)]) -> Vec<u8> {
    const HEADER: usize = 64;
    let mut names = vec![0u8];
    let mut table = vec![0; HEADER]; // section 0 is empty
    let mut body = vec![0; HEADER];
    let mut add = |name: &str, kind: u32, data: &[u8], body: &mut Vec<u8>, names: &mut Vec<u8>| {
        let at = names.len() as u32;
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        body.resize(body.len().next_multiple_of(16), 0);
        let mut h = vec![0; HEADER];
        put32(&mut h, 0x00, at);
        put32(&mut h, 0x04, kind);
        put64(&mut h, 0x18, body.len() as u64);
        put64(&mut h, 0x20, data.len() as u64);
        put64(&mut h, 0x30, 1);
        table.extend_from_slice(&h);
        body.extend_from_slice(data);
    };
    for (name, data) in sections {
        add(name, 1, data, &mut body, &mut names);
    }
    // The string table holds its own name.
    let mut strings = names.clone();
    strings.extend_from_slice(b".shstrtab\0");
    add(".shstrtab", 3, &strings, &mut body, &mut names);
    body.resize(body.len().next_multiple_of(16), 0);
    let table_at = body.len() as u64;
    body.extend_from_slice(&table);

    body[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\0");
    put16(&mut body, 0x10, 1);
    put16(&mut body, 0x12, 243); // EM_RISCV
    put32(&mut body, 0x14, 1);
    put64(&mut body, 0x28, table_at);
    put16(&mut body, 0x34, HEADER as u16);
    put16(&mut body, 0x3a, HEADER as u16);
    put16(&mut body, 0x3c, sections.len() as u16 + 2);
    put16(&mut body, 0x3e, sections.len() as u16 + 1);
    body
}

/// `nvfw_bin_hdr` in front of a header and data.
fn container(header_at: usize, header: &[u8], data_at: usize, data: &[u8]) -> Vec<u8> {
    let mut f = vec![0; data_at];
    f[header_at..header_at + header.len()].copy_from_slice(header);
    f.extend_from_slice(data);
    let size = f.len() as u32;
    for (i, v) in [
        MAGIC,
        1,
        size,
        header_at as u32,
        data_at as u32,
        data.len() as u32,
    ]
    .into_iter()
    .enumerate()
    {
        put32(&mut f, i * 4, v);
    }
    f
}

/// RISC-V bootloader: RM_RISCV_UCODE_DESC (21 words) and code.
fn bootloader() -> Vec<u8> {
    let mut d = vec![0; 21 * 4];
    put32(&mut d, 0x00, 5); // version
    put32(&mut d, 0x08, 0x1000); // bootloaderSize
    put32(&mut d, 0x1c, 0x0057_4e59); // appVersion
    put32(&mut d, 0x20, 0x800); // manifestOffset
    put32(&mut d, 0x24, 0x400); // manifestSize
    put32(&mut d, 0x28, 0xc00); // monitorDataOffset
    put32(&mut d, 0x2c, 0x400); // monitorDataSize
    put32(&mut d, 0x34, 0x800); // monitorCodeSize
    container(0x18, &d, 0x80, &pattern(0x1000, 3))
}

/// Booter: `nvfw_hs_header_v2`, its indirections, `nvfw_hs_load_header_v2`, image.
fn booter(family: Family, seed: u32) -> Vec<u8> {
    // One signature of 16 bytes on Turing (AES), two of 384 (RSA-3K) with the boot ROM.
    let (signature, count) = if family.has_brom() { (384, 2) } else { (16, 1) };
    let (header, signatures) = (0x18, 0x100);
    let mut h = vec![0; signatures + signature * count - header];
    // Offsets below are from the beginning of the file.
    let mut word = |at: usize, v: u32| put32(&mut h, at - header, v);
    for (i, v) in [
        signatures as u32,          // sig_prod_offset
        (signature * count) as u32, // sig_prod_size
        0x40, // patch_loc: where it says where in the image the signature goes
        0x44, // patch_sig
        0x48, // meta_data_offset
        12,   // meta_data_size
        0x54, // num_sig
        0x58, // header_offset
        36,   // header_size
    ]
    .into_iter()
    .enumerate()
    {
        word(header + i * 4, v);
    }
    // The image: 0x100 bytes of loader code, 0x200 of secure code, 0x400 of data with the signature at its beginning.
    word(0x40, 0x300);
    word(0x44, 0);
    word(0x48, 1); // fuse version
    word(0x4c, 1); // engine id: SEC2
    word(0x50, 3); // ucode id
    word(0x54, count as u32);
    for (i, v) in [0, 0x100, 0x300, 0x400, 1, 0x100, 0x200, 0, 0]
        .into_iter()
        .enumerate()
    {
        word(0x58 + i * 4, v);
    }
    h[signatures - header..].copy_from_slice(&pattern(signature * count, seed + 10));
    let data_at = (signatures + signature * count).next_multiple_of(0x100);
    container(header, &h, data_at, &pattern(0x700, seed))
}

/// Turing's loader of FWSEC, acr/bl.bin: `nvfw_bl_desc` and code.
fn loader() -> Vec<u8> {
    let mut d = vec![0; 24];
    put32(&mut d, 0x00, 0xfd); // start_tag
    put32(&mut d, 0x0c, 0x200); // code_size
    put32(&mut d, 0x10, 0x200); // data_off
    put32(&mut d, 0x14, 0x100); // data_size
    container(0x100, &d, 0x200, &pattern(0x300, 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chips::{find, CHIPS};
    use crate::mem::{le16, le32, le64};
    use crate::rm::layout::{R535, R570};

    /// Finds a section the way nouveau does.
    fn section<'a>(elf: &'a [u8], name: &str) -> Option<&'a [u8]> {
        let table = le64(elf, 0x28) as usize;
        let header = |i: usize| &elf[table + i * 64..table + i * 64 + 64];
        let strings = le64(header(usize::from(le16(elf, 0x3e))), 0x18) as usize;
        (0..usize::from(le16(elf, 0x3c))).find_map(|i| {
            let h = header(i);
            let at = strings + le32(h, 0) as usize;
            let end = at + elf[at..].iter().position(|b| *b == 0)?;
            (&elf[at..end] == name.as_bytes()).then(|| {
                let from = le64(h, 0x18) as usize;
                &elf[from..from + le64(h, 0x20) as usize]
            })
        })
    }

    #[test]
    fn elf_has_what_drivers_look_for() {
        for chip in CHIPS {
            for layout in [&R535, &R570] {
                let (path, elf) = files(chip, layout).remove(0);
                assert!(path.ends_with(&format!("{}/gsp/gsp-{}.bin", chip.name, layout.version)));
                assert_eq!(section(&elf, ".fwimage").unwrap().len(), IMAGE);
                let version = format!("{}\0", layout.version);
                assert_eq!(section(&elf, ".fwversion").unwrap(), version.as_bytes());
                assert!(section(&elf, chip.signature_section).is_some());
                assert_eq!(section(&elf, ".nothing"), None);
            }
        }
    }

    #[test]
    fn containers_point_inside_themselves() {
        for chip in ["tu104", "ga106"] {
            let all = files(find(chip).unwrap(), &R570);
            assert_eq!(all.len(), if chip == "tu104" { 5 } else { 4 });
            for (path, f) in &all[1..] {
                assert_eq!(le32(f, 0), MAGIC, "{path}");
                assert_eq!(le32(f, 8) as usize, f.len(), "{path}");
                let end = le32(f, 16) + le32(f, 20);
                assert_eq!(end as usize, f.len(), "{path}");
                if path.contains("booter") {
                    let count = le32(f, le32(f, 0x30) as usize);
                    let sigs = (le32(f, 0x18), le32(f, 0x1c));
                    assert!(count > 0 && sigs.0 + sigs.1 <= le32(f, 16), "{path}");
                    let h = le32(f, 0x34) as usize;
                    let (data, size) = (le32(f, h + 8), le32(f, h + 12));
                    assert_eq!(data + size, le32(f, 20), "{path}");
                    assert_eq!((le32(f, h + 24), size), (0x200, 0x400));
                }
            }
        }
    }
}
