// SPDX-License-Identifier: GPL-2.0
//! What the build made of the kernel's headers: it has what nouveau sends, and the committed table fits it. Needs
//! `make trace-names`; part of tools/test, group trace.

use std::path::PathBuf;

use nvkm_trace::layouts::glob;
use nvkm_trace::layouts::Payload;
use nvkm_trace::Decoder;
use serde_json::Value;

const VERSIONS: [&str; 2] = ["535.113.01", "570.144"];

fn table() -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/layouts.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn decoders() -> Vec<Decoder> {
    VERSIONS
        .iter()
        .map(|v| Decoder::for_firmware(v).unwrap())
        .collect()
}

fn texts<'a>(row: &'a Value, name: &str) -> Option<&'a str> {
    row[name].as_str()
}

/// A row that nothing matches is a name that was mistyped, or that no version has any more.
#[test]
#[ignore = "needs make trace-names"]
fn each_row_of_the_table_is_of_use() {
    let (table, decoders) = (table(), decoders());
    let rows = |list: &str| table[list].as_array().unwrap().clone();
    let any = |what: &str, has: &dyn Fn(&Decoder) -> bool| {
        assert!(decoders.iter().any(has), "no version has {what}");
    };
    for list in ["functions", "events", "empty", "dropped"] {
        for row in rows(list) {
            let name = texts(&row, "function")
                .or_else(|| texts(&row, "event"))
                .unwrap()
                .to_owned();
            any(&name, &|d| {
                d.layouts().functions.values().any(|f| f.name == name)
            });
        }
    }
    for row in rows("controls") {
        let name = texts(&row, "control").unwrap();
        any(name, &|d| {
            d.layouts().controls.values().any(|c| c.name == name)
        });
    }
    for row in rows("classes") {
        let pattern = texts(&row, "class").unwrap();
        any(pattern, &|d| {
            d.layouts().classes.values().any(|c| glob(pattern, &c.name))
        });
    }
    for list in ["functions", "controls", "classes"] {
        for row in rows(list) {
            if let Some(record) = texts(&row, "record") {
                any(record, &|d| d.names().records.contains_key(record));
            }
        }
    }
    for list in ["counts", "values", "flags"] {
        for row in rows(list) {
            let field = texts(&row, "field").unwrap();
            let (record, name) = field.split_once('.').unwrap();
            let has = |d: &Decoder, name: &str| {
                let record = d.names().records.get(record);
                record.is_some_and(|r| r.fields.iter().any(|m| m.name == name))
            };
            any(field, &|d| has(d, name));
            if let Some(count) = texts(&row, "count") {
                any(count, &|d| has(d, count));
            }
            if let Some(prefix) = texts(&row, "prefix") {
                let numbers = |d: &Decoder| !d.names().numbered(prefix).is_empty();
                let ranges = |d: &Decoder| d.names().ranges.keys().any(|r| r.starts_with(prefix));
                any(prefix, &|d| {
                    if list == "flags" {
                        ranges(d)
                    } else {
                        numbers(d)
                    }
                });
            }
        }
    }
    for list in ["functions", "empty", "dropped", "counts", "values", "flags"] {
        assert!(
            rows(list).iter().all(|r| texts(r, "source").is_some()),
            "{list}: a row without a source"
        );
    }
}

/// The directory of nouveau's RM code.
fn rm() -> PathBuf {
    let kernel =
        std::env::var_os("NVKM_KERNEL").expect("NVKM_KERNEL says where the kernel's tree is");
    PathBuf::from(kernel).join("src/drivers/gpu/drm/nouveau/nvkm/subdev/gsp/rm")
}

/// NVIDIA's headers say in a comment which struct a control's number is that of: `… | NV2080_CTRL_X_PARAMS_MESSAGE_ID"`.
#[test]
#[ignore = "needs make trace-names"]
fn controls_have_the_structs_that_the_headers_name() {
    for (version, dir) in VERSIONS.iter().zip(["r535", "r570"]) {
        let decoder = Decoder::for_firmware(version).unwrap();
        let mut checked = 0;
        for entry in std::fs::read_dir(rm().join(dir).join("nvrm")).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            // A comment may go on in the next line.
            for part in text.split("#define ").skip(1) {
                let name = part.split_whitespace().next().unwrap();
                let Some((before, _)) = part.split_once("_MESSAGE_ID\"") else {
                    continue;
                };
                let said = before.rsplit([' ', '|']).next().unwrap();
                let controls = &decoder.layouts().controls;
                let Some(control) = controls.values().find(|c| c.name == name) else {
                    continue;
                };
                if decoder.names().records.contains_key(said) {
                    assert_eq!(control.record.as_deref(), Some(said), "{name}");
                    checked += 1;
                }
            }
        }
        println!("{version}: {checked} controls have the struct that its headers name");
        assert!(
            checked > 15,
            "{version}: only {checked} controls could be checked"
        );
    }
}

/// Every control that nouveau's code names has a struct, or has no parameters.
#[test]
#[ignore = "needs make trace-names"]
fn all_that_nouveau_sends_has_a_layout() {
    let rm = rm();
    let decoders = decoders();
    let mut sent = std::collections::BTreeSet::new();
    for dir in ["r535", "r570"] {
        for entry in std::fs::read_dir(rm.join(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "c") {
                let text = std::fs::read_to_string(&path).unwrap();
                let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                sent.extend(
                    words
                        .filter(|w| w.contains("_CTRL_CMD_") && !w.ends_with("_PARAMS"))
                        .map(str::to_owned),
                );
            }
        }
    }
    let mut seen = 0;
    for name in &sent {
        let of = |d: &Decoder| {
            d.layouts()
                .controls
                .values()
                .find(|c| c.name == *name)
                .cloned()
        };
        let found: Vec<_> = decoders.iter().filter_map(of).collect();
        // Other constants begin like that too: bits and sizes.
        if !found.is_empty() {
            assert!(
                found.iter().all(|c| c.record.is_some()),
                "{name} has no struct"
            );
            seen += 1;
        }
    }
    assert!(
        seen > 40,
        "only {seen} controls were found in {}",
        rm.display()
    );
    for name in [
        "ALLOC_MEMORY",
        "FREE",
        "UNLOADING_GUEST_DRIVER",
        "GET_GSP_STATIC_INFO",
        "UPDATE_BAR_PDE",
        "GSP_SET_SYSTEM_INFO",
        "SET_REGISTRY",
        "GSP_RM_CONTROL",
        "GSP_RM_ALLOC",
        "GSP_RUN_CPU_SEQUENCER",
        "POST_EVENT",
        "RC_TRIGGERED",
        "OS_ERROR_LOG",
        "UCODE_LIBOS_PRINT",
    ] {
        for decoder in &decoders {
            let function = decoder
                .layouts()
                .functions
                .values()
                .find(|f| f.name == name);
            let payload = &function
                .unwrap_or_else(|| panic!("{name} is not there"))
                .payload;
            assert!(matches!(payload, Payload::Record(_)), "{name}: {payload:?}");
        }
    }
}

/// 570.144 takes over what it has not, and keeps what it has changed.
#[test]
#[ignore = "needs make trace-names"]
fn a_version_wins_over_the_one_before_it() {
    let decoders = decoders();
    let size = |n: usize, record: &str| decoders[n].names().records[record].size;
    assert_eq!(
        (size(0, "GspSystemInfo"), size(1, "GspSystemInfo")),
        (664, 928)
    );
    let alloc = &decoders[1].names().records["rpc_gsp_rm_alloc_v03_00"];
    assert_eq!((alloc.from.as_str(), alloc.size), ("535.113.01", 32));
    // The same number, another control.
    let name = |n: usize| decoders[n].control(0x2080_0ac3).unwrap().name.clone();
    assert!(name(0).contains("FBSR_SEND_REGION_INFO"), "{}", name(0));
    assert!(
        name(1).contains("TOGGLE_ACTIVE_CHANNEL_SCHEDULING"),
        "{}",
        name(1)
    );
    // An event that went has no name any more.
    let event = |n: usize, number| decoders[n].function_name(number);
    assert_eq!(event(0, 0x101b), "GSP_SEND_USER_SHARED_DATA");
    assert_eq!(event(1, 0x101b), "NVLINK_FAULT_UP");
    assert_eq!(event(1, 0x101c), "GSP_LOCKDOWN_NOTICE");
    assert_eq!(event(0, 0x101d), "GSP_LOCKDOWN_NOTICE");
}
