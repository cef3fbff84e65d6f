// SPDX-License-Identifier: GPL-2.0
//! Firmware files that are not as the package has them.
//!
//! Broken ones that reach nouveau with `fw` in Rust: the device is refused with a sentence that names file, field
//! and offset, and the machine goes on. (What C does with some of them: `bad_input.rs`.)
//!
//! A GSP-RM file that is refused is to nouveau what one that is not there is: it tries the next version, and at last the
//! chip without GSP, which the model does not have.
//!
//! Needs a prepared build directory with `nouveau/on/nouveau.ko`; `make test` runs it with `--ignored`.

use std::fs;
use std::process::Command;

#[path = "support/machine.rs"]
mod machine;

use machine::*;

/// Probes with one changed file; gives what was said.
fn probe(name: &str, file: &str, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> Ended {
    let dir = firmware(&format!("{name}-fw"), file, change);
    let place = dir.display().to_string();
    let module = build().join("nouveau/on/nouveau.ko").display().to_string();
    let ended = vm(
        name,
        &[
            "--log",
            "--phases",
            "load,probe",
            "--firmware",
            &place,
            "--unchecked-fw",
            "--module",
            &module,
            "--params",
            "rust_gsp=fw",
        ],
    );
    let _ = fs::remove_dir_all(dir);
    ended
}

fn refused(ended: &Ended, sentence: &str) {
    ended.failed_with("phase probe: nouveau did not take the GPU", 150);
    assert!(
        ended.text.contains(sentence),
        "no '{sentence}' in {}",
        ended.text
    );
    for bad in ["Kernel panic", "Oops", "BUG:", "WARNING:", "KASAN"] {
        assert!(!ended.text.contains(bad), "{bad}: {}", ended.text);
    }
}

/// Writes a little-endian word.
fn put(bytes: &mut [u8], at: usize, word: u32) {
    bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
}

#[test]
#[ignore = "starts a virtual machine"]
fn gsp_cut_short() {
    let ended = probe("short", "gsp/gsp-570.144.bin", |bytes| {
        Some(bytes[..bytes.len() / 2].to_vec())
    });
    refused(&ended, "rust: fw: gsp/gsp-570.144.bin: ");
    assert!(ended.text.contains("cannot be read"), "{}", ended.text);
}

#[test]
#[ignore = "starts a virtual machine"]
fn gsp_without_sections() {
    let ended = probe("shnum", "gsp/gsp-570.144.bin", |mut bytes| {
        bytes[0x3c] = 0;
        bytes[0x3d] = 0;
        Some(bytes)
    });
    refused(
        &ended,
        "rust: fw: gsp-570.144.bin: ELF64 header: e_shnum at 0x3c: 0x0 where 0x1 to 0x100 can be",
    );
}

#[test]
#[ignore = "starts a virtual machine"]
fn gsp_without_the_signature() {
    let ended = probe("signature", "gsp/gsp-570.144.bin", |mut bytes| {
        let name = b".fwsignature_tu10x\0";
        let at = bytes.windows(name.len()).rposition(|w| w == name).unwrap();
        bytes[at + 1] = b'x';
        Some(bytes)
    });
    refused(
        &ended,
        "rust: fw: gsp-570.144.bin: ELF64 section header: sh_name at ",
    );
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_booter_with_its_signature_outside() {
    let ended = probe("booter", "gsp/booter_load-570.144.bin", |mut bytes| {
        // nvfw_bin_hdr.header_offset, then nvfw_hs_header_v2.patch_loc.
        let header = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
        put(&mut bytes, header + 8, 0x7fff_fff0);
        Some(bytes)
    });
    refused(
        &ended,
        "rust: fw: booter_load-570.144.bin: HS header v2: patch_loc at ",
    );
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_bootloader_with_its_image_outside() {
    let ended = probe("bootloader", "gsp/bootloader-570.144.bin", |mut bytes| {
        put(&mut bytes, 16, 0x7fff_fff0); // nvfw_bin_hdr.data_offset
        Some(bytes)
    });
    refused(&ended, "rust: fw: bootloader-570.144.bin: ");
}

#[test]
#[ignore = "starts a virtual machine"]
fn no_loader_of_fwsec() {
    let ended = probe("bl", "acr/bl.bin", |_| None);
    ended.failed_with("phase probe: nouveau did not take the GPU", 150);
}

/// Distributions compress firmware. It cannot be read piece by piece then: the image is copied, as in C, and that is counted.
#[test]
#[ignore = "starts a virtual machine"]
fn a_compressed_file_is_copied_and_counted() {
    let file = "gsp/gsp-570.144.bin";
    let dir = firmware("compressed-fw", file, Some);
    let plain = dir.join("570.144/nvidia").join(CHIP).join(file);
    let bytes = fs::metadata(&plain).unwrap().len();
    let zstd = Command::new("zstd")
        .args(["-q", "-1", "--rm"])
        .arg(&plain)
        .status();
    assert!(zstd.unwrap().success() && !plain.exists());
    let place = dir.display().to_string();
    let (seen, log) = with_rust(
        "compressed",
        "rust_gsp=fw",
        "load,probe,copy,counters,unload",
        &["--fw", VERSION, "--firmware", &place, "--unchecked-fw"],
    );
    let _ = fs::remove_dir_all(dir);
    let fw = seen[0]
        .lines()
        .find(|line| line.starts_with("fw: "))
        .unwrap();
    assert_eq!(field(fw, "owner"), "rust", "{fw}");
    assert_eq!(number(fw, "copies"), 1, "{fw}");
    let image = number(fw, "bytes");
    assert!(image > bytes / 2 && image < bytes, "{fw}");
    assert!(log.contains("rust: serves fw"), "{log}");
}
