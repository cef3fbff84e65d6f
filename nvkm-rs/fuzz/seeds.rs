// SPDX-License-Identifier: GPL-2.0

//! Writes the corpora to begin with: small synthetic files, so that no byte of NVIDIA's is needed. Usage: seeds DIRECTORY
//!
//! Not a part of the package: the package is instrumented, and only what has the fuzzer in it could be linked.

use std::path::Path;

#[path = "../tests/fw_support/make.rs"]
#[allow(dead_code)]
mod make;

fn main() -> std::io::Result<()> {
    let Some(top) = std::env::args().nth(1) else {
        eprintln!("usage: seeds DIRECTORY");
        std::process::exit(64);
    };
    let without_checksums = |mut file: Vec<u8>| {
        // The fuzzer cannot compute them.
        for section in 2..6 {
            make::put32(&mut file, 0x34 + section * 0x28 + 0x1c, 0);
        }
        file
    };
    let radix3 = |size: u64, given: u8| [&size.to_le_bytes()[..], &[given]].concat();
    let seeds: [(&str, Vec<Vec<u8>>); 8] = [
        (
            "rm",
            vec![
                make::rm(),
                make::elf64(&[(".fwimage", b"1"), (".fwimage", b"2")]),
            ],
        ),
        ("fmc", vec![make::fmc(), without_checksums(make::fmc())]),
        ("container", vec![make::bl(), make::bootloader(19)]),
        ("booter", vec![make::booter(1, 16), make::booter(2, 384)]),
        (
            "bootloader",
            vec![make::bootloader(19), make::bootloader(21)],
        ),
        ("bl", vec![make::bl()]),
        (
            "fwsec",
            vec![
                make::fwsec_v2(16),
                make::fwsec_v3(1, 0),
                make::fwsec_v3(3, 16),
            ],
        ),
        (
            "radix3",
            vec![
                radix3(1, 1),
                radix3(0x20_0000, 0xff),
                radix3(0x20_0001, 0xff),
            ],
        ),
    ];
    for (target, files) in seeds {
        let dir = Path::new(&top).join(target);
        std::fs::create_dir_all(&dir)?;
        for (index, file) in files.iter().enumerate() {
            std::fs::write(dir.join(format!("seed-{index}")), file)?;
        }
    }
    Ok(())
}
