// SPDX-License-Identifier: GPL-2.0

//! No input makes a parser say yes to what is not there, or no without saying where: synthetic and real files, cut, flipped
//! and overwritten. What must hold is in `fw_support/check.rs`; that nothing panics is also shown by `no_panic_fw.rs`.

mod fw_support;

use fw_support::files::{self, Kind};
use fw_support::{check, make};
use proptest::prelude::*;

type Check = fn(&[u8]) -> bool;

/// Each parser with files that it takes, and how many of their first bytes are headers.
fn samples() -> Vec<(&'static str, Check, Vec<u8>, usize)> {
    vec![
        ("rm", check::rm, make::rm(), 0x180),
        ("fmc", check::fmc, make::fmc(), 0x150),
        ("container", check::container, make::bl(), 0x18),
        (
            "booter, one signature",
            check::booter,
            make::booter(1, 16),
            0x90,
        ),
        (
            "booter, two signatures",
            check::booter,
            make::booter(2, 384),
            0x90,
        ),
        (
            "bootloader v4",
            check::bootloader,
            make::bootloader(19),
            0x64,
        ),
        (
            "bootloader v5",
            check::bootloader,
            make::bootloader(21),
            0x6c,
        ),
        ("bl", check::bl, make::bl(), 0x58),
        ("fwsec v2", check::fwsec, make::fwsec_v2(0x30), 0x3c),
        ("fwsec v3", check::fwsec, make::fwsec_v3(3, 0x30), 0x2c),
        (
            "fwsec v3, one signature",
            check::fwsec,
            make::fwsec_v3(1, 0),
            0x2c,
        ),
        (
            "radix3",
            check::radix3,
            vec![1, 0, 0x20, 0, 0, 0, 0, 0, 0xff],
            9,
        ),
    ]
}

/// The check for NVIDIA's files.
fn check_of(kind: Kind) -> Check {
    match kind {
        Kind::Rm => check::rm,
        Kind::Fmc => check::fmc,
        Kind::BooterTuring | Kind::BooterBrom => check::booter,
        Kind::Bootloader => check::bootloader,
        Kind::Bl => check::bl,
        Kind::Foreign => unreachable!("not among ours"),
    }
}

#[test]
fn samples_are_taken() {
    for (name, check, file, _) in samples() {
        assert!(check(&file), "{name}");
    }
}

#[test]
fn samples_cut_at_every_length() {
    for (_, check, file, _) in samples() {
        for len in 0..file.len() {
            check(&file[..len]);
        }
    }
}

#[test]
fn samples_with_every_bit_flipped() {
    for (_, check, mut file, _) in samples() {
        flip(check, &mut file, 0..usize::MAX);
    }
}

/// Each 32-bit word of the headers as each of the values at which a comparison turns.
#[test]
fn samples_with_edge_values() {
    for (_, check, file, headers) in samples() {
        let len = file.len() as u32;
        let edges = [0, 1, 2, 3, 4, 7, 8, 0xff, 0x100, 0x101, 0xfff, 0x1000];
        let far = [0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff];
        let near = [len.wrapping_sub(4), len.wrapping_sub(1), len, len + 1];
        for at in 0..headers.saturating_sub(3) {
            for value in edges.into_iter().chain(far).chain(near) {
                let mut file = file.clone();
                make::put32(&mut file, at, value);
                check(&file);
            }
        }
    }
}

/// Flips each bit of a range in turn.
fn flip(check: Check, file: &mut [u8], range: std::ops::Range<usize>) {
    for at in range.start..range.end.min(file.len()) {
        for bit in 0..8 {
            file[at] ^= 1 << bit;
            check(file);
            file[at] ^= 1 << bit;
        }
    }
}

/// Small files at every length; large ones around the ends of all that they are made of.
#[test]
fn real_files_cut() {
    for (path, kind) in files::ours() {
        let file = files::read(&path);
        let check = check_of(kind);
        assert!(check(&file), "{path}");
        let lengths: Vec<usize> = match kind {
            Kind::Rm | Kind::Fmc => boundaries(kind, &file)
                .into_iter()
                .flat_map(|at| at.saturating_sub(66)..at.saturating_add(66).min(file.len()))
                .collect(),
            _ => (0..file.len()).collect(),
        };
        for len in lengths {
            // The data is last in each of these, so that nothing can be missed.
            assert!(!check(&file[..len]), "{path}, cut to {len:#x}");
        }
    }
}

/// Where what an ELF file is made of begins and ends.
fn boundaries(kind: Kind, file: &[u8]) -> Vec<usize> {
    let wide = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize;
    let word = |at: usize| make::get32(file, at) as usize;
    let mut all = vec![0, 0x34, 0x40, file.len()];
    match kind {
        Kind::Rm => {
            let table = wide(0x28);
            for header in (table..file.len()).step_by(64) {
                let (start, size) = (wide(header + 0x18), wide(header + 0x20));
                all.extend([header, start, start + size]);
            }
        }
        _ => {
            for header in (1..6).map(|i| 0x34 + i * 0x28) {
                let (start, size) = (word(header + 0x10), word(header + 0x14));
                all.extend([header, start, start + size]);
            }
        }
    }
    all
}

/// Every bit of the headers of NVIDIA's files. (One FMC, which is checked slowly.)
#[test]
fn real_files_with_flipped_bits() {
    let mut fmc = false;
    for (path, kind) in files::ours() {
        let mut file = files::read(&path);
        let check = check_of(kind);
        match kind {
            Kind::Rm => {
                let len = file.len();
                let table = u64::from_le_bytes(file[0x28..0x30].try_into().unwrap()) as usize;
                flip(check, &mut file, 0..0x40);
                // The names lie in front of the table.
                flip(check, &mut file, table - 0x200..len);
            }
            Kind::Fmc if fmc => {}
            Kind::Fmc => {
                fmc = true;
                flip(check, &mut file, 0..0x150);
            }
            _ => {
                let headers = make::get32(&file, 0x10) as usize;
                flip(check, &mut file, 0..headers.min(0x80));
                flip(check, &mut file, headers.saturating_sub(0x40)..headers);
            }
        }
    }
}

/// What is done to a file.
#[derive(Clone, Debug)]
enum Change {
    Byte(usize, u8),
    Word(usize, u32),
    Cut(usize),
    Add(usize, u8),
    Copy(usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let word = prop_oneof![0..0x1000u32, any::<u32>(), Just(u32::MAX)];
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        // Mostly where headers are, and aligned.
        (0..0x60usize, word.clone()).prop_map(|(at, word)| Change::Word(at * 4, word)),
        (any::<usize>(), word).prop_map(|(at, word)| Change::Word(at, word)),
        any::<usize>().prop_map(Change::Cut),
        (0..64usize, any::<u8>()).prop_map(|(count, byte)| Change::Add(count, byte)),
        (any::<usize>(), any::<usize>(), 1..64usize)
            .prop_map(|(from, to, len)| Change::Copy(from, to, len)),
    ]
}

fn apply(file: &mut Vec<u8>, change: &Change) {
    let len = file.len().max(1);
    match *change {
        Change::Byte(at, byte) => {
            if let Some(to) = file.get_mut(at % len) {
                *to = byte;
            }
        }
        Change::Word(at, word) => {
            let at = at % len;
            if at + 4 <= file.len() {
                make::put32(file, at, word);
            }
        }
        Change::Cut(at) => file.truncate(at % len),
        Change::Add(count, byte) => file.resize(file.len() + count, byte),
        Change::Copy(from, to, count) => {
            let (from, to) = (from % len, to % len);
            let count = count.min(file.len().saturating_sub(from.max(to)));
            file.copy_within(from..from + count, to);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn samples_changed(which in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..6)) {
        let all = samples();
        let (_, check, mut file, _) = all[which.index(all.len())].clone();
        for change in &changes {
            apply(&mut file, change);
        }
        check(&file);
    }

    #[test]
    fn rubbish(which in any::<prop::sample::Index>(), file in prop::collection::vec(any::<u8>(), 0..512)) {
        let all = samples();
        all[which.index(all.len())].1(&file);
    }
}
