// SPDX-License-Identifier: GPL-2.0

//! Every parser against every file of NVIDIA's that it may meet: nouveau's two releases for all chips from Turing to
//! Blackwell, and the release of the distribution's own NVIDIA driver between them.
//!
//! What the parsers find is compared with what other code finds (`fw_support/reference.rs`) and with goldens
//! (`data/fw-goldens.json`: sizes, places and hashes, derived facts; no byte of NVIDIA's). For families that the virtual
//! GPU lacks this is the reference.
//!
//! After a review of why they changed, `FW_GOLDENS=write cargo test … --test fw_real` writes the goldens anew.

mod fw_support;

use std::collections::BTreeMap;
use std::path::Path;

use fw_support::files::{self, Kind, VERSIONS};
use fw_support::{ours, reference, sha256};
use serde_json::{json, Map, Value};

fn goldens() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fw-goldens.json")
}

#[test]
fn every_file_is_as_it_was_and_as_others_read_it() {
    let mut all = Map::new();
    for (path, kind) in files::ours() {
        let file = files::read(&path);
        let names = match kind {
            Kind::Rm => reference::names(&file),
            _ => Vec::new(),
        };
        let read = match ours::read(kind, &file, &names) {
            Ok(read) => read.expect("a parser"),
            Err(error) => panic!("{path}: {error}"),
        };
        assert_eq!(Some(&read), reference::read(kind, &file).as_ref(), "{path}");
        let entry = json!({
            "kind": format!("{kind:?}"),
            "size": file.len(),
            "sha256": sha256(&file),
            "parsed": read,
        });
        all.insert(path, entry);
    }
    if std::env::var_os("FW_GOLDENS").is_some_and(|what| what == "write") {
        // A line a file, for whoever reviews the change.
        let lines: Vec<_> = all
            .iter()
            .map(|(path, entry)| format!("\"{path}\": {entry}"))
            .collect();
        let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
        std::fs::write(goldens(), text).expect("goldens are written");
        return;
    }
    let known = std::fs::read_to_string(goldens()).expect("goldens");
    let known: Value = serde_json::from_str(&known).expect("goldens are JSON");
    let known = known.as_object().expect("an object");
    for (path, entry) in &all {
        assert_eq!(known.get(path), Some(entry), "{path}");
    }
    assert_eq!(known.len(), all.len(), "a file is gone");
}

#[test]
fn every_file_is_somebodys() {
    let mut count: BTreeMap<Kind, u32> = BTreeMap::new();
    for version in VERSIONS {
        for (path, _) in files::paths(version) {
            let kind = files::kind(&path);
            *count.entry(kind).or_default() += 1;
            assert!(
                kind != Kind::Foreign || files::reason(&path).is_some(),
                "{path}: no parser reads it, and no reason is known"
            );
        }
    }
    for kind in [
        Kind::Rm,
        Kind::Fmc,
        Kind::BooterTuring,
        Kind::BooterBrom,
        Kind::Bootloader,
        Kind::Bl,
        Kind::Foreign,
    ] {
        assert!(count.contains_key(&kind), "{kind:?}: {count:?}");
    }
}

/// The names that C asks for (`sig_section` of `nvkm/subdev/gsp/*.c`), in the file that its chip asks for.
#[test]
fn signatures_of_all_families() {
    for (version, chip, section) in [
        ("535.113.01", "tu102", ".fwsignature_tu10x"),
        ("535.113.01", "tu116", ".fwsignature_tu11x"),
        ("535.113.01", "ga100", ".fwsignature_ga100"),
        ("535.113.01", "ga102", ".fwsignature_ga10x"),
        ("535.113.01", "ad102", ".fwsignature_ad10x"),
        ("570.144", "tu102", ".fwsignature_tu10x"),
        ("570.144", "tu116", ".fwsignature_tu11x"),
        ("570.144", "ga100", ".fwsignature_ga100"),
        ("570.144", "ga102", ".fwsignature_ga10x"),
        ("570.144", "ad102", ".fwsignature_ad10x"),
        ("570.144", "gh100", ".fwsignature_gh100"),
        ("570.144", "gb100", ".fwsignature_gb10x"),
        ("570.144", "gb202", ".fwsignature_gb20x"),
    ] {
        let path = format!("{version}/nvidia/{chip}/gsp/gsp-{version}.bin");
        let file = files::read(&path);
        for name in [".fwimage", section] {
            if let Err(error) = nvkm_rs_core::fw::core::elf64::section(&file, name.as_bytes()) {
                panic!("{path}: {name}: {error}");
            }
        }
    }
}
