// SPDX-License-Identifier: GPL-2.0
//! The container, both ways: with synthetic firmware, and with NVIDIA's files where they have been fetched. The reader here is
//! written from Documentation/gpu/nova/core/tlv.rst, and shares nothing with ours.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nvkm_nova::convert::back;
use nvkm_nova::convert::convert;
use nvkm_nova::convert::Converted;
use nvkm_nova::convert::Kind;
use nvkm_nova::convert::FILES;
use nvkm_nova::tlv::Tlv;
use nvkm_vgpu::chips::CHIPS;
use nvkm_vgpu::rm::layout::R570;
use nvkm_vgpu::synthfw;

const VERSION: &str = "570.144";

/// Reads a container as the document describes it.
fn by_the_document(file: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let (magic, mut rest) = file.split_at_checked(4)?;
    if magic != b"NVFW" {
        return None;
    }
    let mut found = BTreeMap::new();
    while !rest.is_empty() {
        let (head, tail) = rest.split_at_checked(8)?;
        let tag = String::from_utf8(head[..4].to_vec()).ok()?;
        let length = head[4..]
            .iter()
            .rev()
            .fold(0usize, |n, b| n * 256 + usize::from(*b));
        let (value, tail) = tail.split_at_checked(length)?;
        let (_filler, tail) = tail.split_at_checked((4 - length % 4) % 4)?;
        // "Duplicate tags are not allowed."
        if !tag
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            || found.insert(tag, value.to_vec()).is_some()
        {
            return None;
        }
        rest = tail;
    }
    Some(found)
}

/// What the document wants in each kind of file, and the size that it has; none for any.
fn wanted(kind: Kind) -> Vec<(&'static str, Option<usize>)> {
    let number = |tags: &[&'static str]| tags.iter().map(|t| (*t, Some(4))).collect::<Vec<_>>();
    let any = |tags: &[&'static str]| tags.iter().map(|t| (*t, None)).collect::<Vec<_>>();
    let mut all = any(&["VERS"]);
    match kind {
        Kind::Gsp => {
            all.extend(number(&["SIZE"]));
            all.extend(any(&["FILE", "SIGN"]));
        }
        Kind::Bootloader => {
            all.extend(number(&["CDOF", "DAOF", "MFOF", "APPV"]));
            all.extend(any(&["BLOB"]));
        }
        Kind::Booter => {
            all.extend(number(&[
                "DAOF", "DASZ", "CDOF", "CDSZ", "PLOC", "FUSE", "ENID", "UCID", "A0CO", "A0CS",
                "NSIG",
            ]));
            all.extend(any(&["SIGN", "BLOB"]));
        }
        Kind::GenBootloader => {
            all.extend(number(&["CDSZ", "STRT"]));
            all.extend(any(&["BLOB"]));
        }
        Kind::Fmc => {
            all.push(("HASH", Some(48)));
            all.extend(any(&["PKEY", "SIGN", "BLOB"]));
        }
    }
    all
}

/// Converts, reads by the document, converts back.
fn both_ways(kind: Kind, file: &[u8], chip: &str) {
    let made = convert(kind, file, chip, VERSION).unwrap();
    let written = made.tlv.write().unwrap();
    let read = by_the_document(&written).expect("the document's reader refuses it");
    for (tag, size) in wanted(kind) {
        let value = read
            .get(tag)
            .unwrap_or_else(|| panic!("{chip} {kind:?}: no {tag}"));
        assert!(!value.is_empty(), "{tag} is empty");
        assert!(
            size.is_none_or(|s| s == value.len()),
            "{tag}: {}",
            value.len()
        );
    }
    assert_eq!(read["VERS"], VERSION.as_bytes());
    if kind == Kind::Booter {
        let number = |tag: &str| u32::from_le_bytes(read[tag][..].try_into().unwrap()) as usize;
        // Each part lies in the image, and the signatures are of one size.
        for (at, size) in [("DAOF", "DASZ"), ("A0CO", "A0CS")] {
            assert!(number(at) + number(size) <= read["BLOB"].len());
        }
        assert_eq!(read["SIGN"].len() % number("NSIG"), 0);
        let signature = read["SIGN"].len() / number("NSIG");
        assert!(
            number("PLOC") >= number("DAOF") && number("PLOC") + signature <= read["BLOB"].len()
        );
    }
    let again = Converted {
        tlv: Tlv::read(&written).unwrap(),
        image: made.image.clone(),
    };
    assert!(
        back(kind, &again, chip).unwrap() == file,
        "{chip} {kind:?}: not the same file"
    );
}

fn kind_of(path: &str) -> Option<Kind> {
    let name = path
        .rsplit('/')
        .next()?
        .strip_suffix(&format!("-{VERSION}.bin"))?;
    FILES
        .iter()
        .find(|(theirs, ..)| *theirs == name)
        .map(|f| f.2)
}

#[test]
fn synthetic_files_go_both_ways() {
    let mut seen = 0;
    for chip in CHIPS {
        for (path, file) in synthfw::files(chip, &R570) {
            if let Some(kind) = kind_of(&path) {
                both_ways(kind, &file, chip.name);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, CHIPS.len() * 4);
}

/// `make host-tests` fetches them.
#[test]
fn nvidias_files_go_both_ways() {
    let build = std::env::var_os("BUILD").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../build")),
        PathBuf::from,
    );
    let base = build.join("firmware").join(VERSION).join("nvidia");
    let mut kinds = Vec::new();
    for chip in [
        "tu102", "tu116", "ga100", "ga102", "ad102", "gh100", "gb202",
    ] {
        for (theirs, _, kind) in FILES {
            let path = base
                .join(chip)
                .join("gsp")
                .join(format!("{theirs}-{VERSION}.bin"));
            let Ok(file) = std::fs::read(&path) else {
                assert!(
                    kind != Kind::Gsp,
                    "{} is missing; run 'make firmware-all'",
                    path.display()
                );
                continue;
            };
            both_ways(kind, &file, chip);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    assert_eq!(kinds.len(), 5, "every kind was there: {kinds:?}");
}

/// Files of every kind, of synthetic firmware and (for what it has none of) made here.
fn samples() -> Vec<(Kind, Vec<u8>)> {
    let chip = CHIPS.iter().find(|c| c.name == "tu104").unwrap();
    let files = synthfw::files(chip, &R570);
    let mut all: Vec<(Kind, Vec<u8>)> = files
        .iter()
        .filter_map(|(path, file)| Some((kind_of(path)?, file.clone())))
        .collect();
    // acr/bl.bin has the same form.
    let loader = files
        .iter()
        .find(|(path, _)| path.ends_with("bl.bin"))
        .unwrap();
    all.push((Kind::GenBootloader, loader.1.clone()));
    assert_eq!(all.len(), 5);
    all
}

#[test]
fn a_file_that_is_cut_short_is_refused_or_goes_both_ways() {
    for (kind, file) in samples() {
        let step = (file.len() / 700).max(1);
        let mut refused = 0;
        for len in (0..file.len())
            .step_by(step)
            .chain(file.len().saturating_sub(300)..file.len())
        {
            match convert(kind, &file[..len], "tu104", VERSION) {
                Err(e) => {
                    one_sentence(&format!("{e:#}"));
                    refused += 1;
                }
                Ok(made) => assert!(back(kind, &made, "tu104").unwrap() == file[..len]),
            }
        }
        assert!(refused > 0, "{kind:?}: nothing was refused");
    }
}

/// Numbers that point somewhere, one after the other, in every header.
#[test]
fn changed_headers_are_refused_or_go_both_ways() {
    for (kind, file) in samples() {
        let mut refused = 0;
        for at in (0..file.len().min(0x120))
            .step_by(4)
            .chain(tail(kind, &file))
        {
            for value in [0u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, u32::MAX - 3] {
                let mut changed = file.clone();
                changed[at..at + 4].copy_from_slice(&value.to_le_bytes());
                match convert(kind, &changed, "tu104", VERSION) {
                    Err(e) => {
                        one_sentence(&format!("{e:#}"));
                        refused += 1;
                    }
                    Ok(made) => assert!(back(kind, &made, "tu104").unwrap() == changed),
                }
            }
        }
        assert!(refused > 20, "{kind:?}: {refused} were refused");
    }
}

/// The section table of an ELF file is at its end.
fn tail(kind: Kind, file: &[u8]) -> std::iter::StepBy<std::ops::Range<usize>> {
    let from = if kind == Kind::Gsp {
        file.len() - 64 * 5
    } else {
        file.len()
    };
    (from..file.len() - 3).step_by(4)
}

fn one_sentence(text: &str) {
    assert!(
        !text.is_empty() && !text.contains('\n') && text.len() < 200,
        "{text}"
    );
}

#[test]
fn containers_that_are_broken_are_refused() {
    let (kind, file) = samples().remove(2);
    let made = convert(kind, &file, "tu104", VERSION).unwrap();
    let whole = made.tlv.write().unwrap();
    // A block's end is a file's, as far as the format goes; anywhere else it is not.
    let blocks: Vec<usize> = made
        .tlv
        .values()
        .iter()
        .scan(4usize, |at, (_, v)| {
            *at += 8 + v.len().next_multiple_of(4);
            Some(*at)
        })
        .collect();
    for len in 0..whole.len() {
        let read = Tlv::read(&whole[..len]);
        assert_eq!(read.is_ok(), blocks.contains(&len), "{len} bytes");
        assert_eq!(
            read.is_ok(),
            by_the_document(&whole[..len]).is_some_and(|f| f.contains_key("VERS"))
        );
        if let Err(e) = read {
            one_sentence(&format!("{e:#}"));
        }
    }
    let refused = |bytes: &[u8], why: &str| {
        let e = format!("{:#}", Tlv::read(bytes).unwrap_err());
        assert!(e.contains(why), "{e}");
    };
    let mut twice = whole.clone();
    twice.extend_from_slice(&whole[4..4 + 8 + 8]);
    refused(&twice, "is there twice");
    refused(b"NVFWvers\x01\0\0\0", "four capital letters");
    refused(b"NVFWVERS\x01\0\0\x001\0\0\x01", "fills VERS up");
    refused(b"NVFWSIZE\x04\0\0\0abcd", "no tag VERS");
    refused(b"NVFWVERS\x02\0\0\0a\n\0\0", "not printable");
    refused(b"NVFWVERS\xff\xff\xff\xff", "truncated");
    let many: Vec<u8> = (0..300u32)
        .flat_map(|n| {
            let tag = [
                b'A' + (n / 26 / 26) as u8,
                b'A' + (n / 26 % 26) as u8,
                b'A' + (n % 26) as u8,
                b'X',
            ];
            [&tag[..], &[0; 4]].concat()
        })
        .collect();
    refused(&[b"NVFW", &many[..]].concat(), "more than 256");
}

#[test]
fn a_value_that_was_changed_is_not_lost_on_the_way_back() {
    for (kind, file) in samples() {
        let made = convert(kind, &file, "tu104", VERSION).unwrap();
        for (n, (tag, _)) in made.tlv.values().iter().enumerate() {
            // What the file is made of may change: then the file does.
            if ["VERS", "BLOB", "FRNT", "BACK"].contains(&tag.to_string().as_str()) {
                continue;
            }
            let mut tlv = Tlv::default();
            for (m, (tag, value)) in made.tlv.values().iter().enumerate() {
                let mut value = value.clone();
                if m == n {
                    value[0] ^= 1;
                }
                tlv.bytes(&tag.0, value);
            }
            let changed = Converted {
                tlv,
                image: made.image.clone(),
            };
            let e = back(kind, &changed, "tu104").unwrap_err();
            one_sentence(&format!("{e:#}"));
        }
    }
}

#[test]
fn a_container_of_somebody_elses_cannot_be_made_back() {
    let mut tlv = Tlv::new(VERSION);
    tlv.bytes(b"BLOB", *b"code");
    let e = back(Kind::Booter, &Converted { tlv, image: None }, "tu104").unwrap_err();
    assert!(format!("{e:#}").contains("only files that this program made"));
}
