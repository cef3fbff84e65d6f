// SPDX-License-Identifier: GPL-2.0

//! Writes the corpora to begin with: small synthetic files, so that no byte of NVIDIA's is needed. Usage: seeds DIRECTORY
//!
//! Not a part of the package: the package is instrumented, and only what has the fuzzer in it could be linked.

use std::path::Path;

#[path = "../tests/fw_support/make.rs"]
#[allow(dead_code)]
mod make;

/// A device (a random number, how many of its answers are at random, how fast its clock is, which chip), then a message of
/// the sequencer with these words of commands.
fn sequencer(chip: u8, wild: u8, words: &[u32]) -> Vec<u8> {
    let mut file = vec![1, 2, 3, 4, 5, 6, 7, 8, wild, 0x10, chip, 0, 0, 0, 0, 0];
    let count = words.len() as u32;
    let header = [count, count, 0, 0, 0, 0, 0, 0, 0, 0];
    let all = header.iter().chain(words);
    file.extend(all.flat_map(|word| word.to_le_bytes()));
    file
}

/// One of each command, as GSP-RM has them.
#[rustfmt::skip]
const COMMANDS: [u32; 27] = [
    2, 0x11_0040, 0x8000_0000, 0x8000_0000, 0, 0, // poll
    0, 0x11_0040, 0, // write
    5, // core reset
    4, 0x11_0624, 0, // save
    1, 0x11_0624, 0x80, 0x80, // modify
    3, 10, // delay
    6, // core start
    7, // core wait for halt
    8, // core resume
    2, 0x11_0118, 2, 2, 1000, // poll, not all of it
];

/// Words as bytes.
fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

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
    let seeds: [(&str, Vec<Vec<u8>>); 13] = [
        (
            // A device: where it stands, messages, each with what is changed of it.
            "receive",
            vec![
                vec![0, 3, 0, 6, 0, 0, 0, 0, 9, 1],
                vec![
                    5, 4, 0x31, 6, 1, 2, 3, 4, 120, 1, 6, 0xff, 0xff, 0xff, 0xff, 2,
                ],
                vec![
                    1, 2, 0xc2, 6, 1, 2, 3, 4, 9, 1, 2, 17, 0, 0, 0, 6, 0, 0, 0, 0, 7, 0, 0, 0,
                ],
            ],
        ),
        (
            // Pages, where the ring begins, events between parts, commands: their length, their bytes.
            "there_and_back",
            vec![
                vec![43, 62, 1, 1, 0xa0, 0x86, 1, 0, 5, 0x10, 0, 0, 0, 9],
                vec![0, 19, 0, 0, 0xb0, 0xff, 0, 0, 1],
            ],
        ),
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
            "sequencer",
            vec![
                sequencer(0, 0, &COMMANDS[..22]),
                sequencer(2, 0, &COMMANDS[..22]),
                sequencer(3, 128, &COMMANDS[..22]),
                sequencer(2, 0, &COMMANDS),
                sequencer(1, 255, &COMMANDS[6..22]),
            ],
        ),
        (
            "registry",
            [
                "RMKey=1;RMOther = 0x10;RMText=some",
                ";=1;a=;b=-08;c=+0X7fffffffffffffff;d=18446744073709551616",
            ]
            .map(|text| text.as_bytes().to_vec())
            .to_vec(),
        ),
        (
            "running",
            vec![
                // POST_EVENT with five bytes of data, a print, an Xid, and what has room for the largest answer.
                words(&[1, 2, 3, 4, 5, 6, 5, 1, 0x0504_0302, 6])[..37].to_vec(),
                words(&[0xf3d7_2201, 4, 0x6464_6464]),
                words(&[31; 67]),
                words(&[2; 542]),
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
