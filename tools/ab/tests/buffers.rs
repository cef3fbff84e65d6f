// SPDX-License-Identifier: GPL-2.0
//! What the device was handed, compared page by page; the lists' placeholders.

mod support;

use std::fs;
use std::path::Path;

use nvkm_ab::compare::Kind;
use nvkm_ab::lists::Lists;
use nvkm_ab::lists::Which;
use nvkm_ab::report;
use nvkm_ab::verdict::Judgement;
use nvkm_ab::verdict::Verdict;
use serde_json::json;
use serde_json::Value;

use support::judged;
use support::Made;

/// A digest of each of `count` pages: numbers, but for those that are to be others.
fn pages(count: u64, other: &[u64]) -> String {
    (0..count)
        .map(|n| n + 1000 * u64::from(other.contains(&n)))
        .map(|n| format!("{n:016x}"))
        .collect::<Vec<_>>()
        .concat()
}

/// A device that was handed an image, its last table, and FWSEC, twice.
fn device(image: &str, entries: u64) -> Value {
    let handed: Vec<Value> = (1..=2)
        .flat_map(|boot| {
            [
                json!({"boot": boot, "mark": 0, "name": "radix3 level 2", "size": 8192, "facts":
                    {"aligned": true, "entries": entries, "rest_zero": true}}),
                json!({"boot": boot, "mark": 0, "name": "radix3", "size": 28528288, "digest": image,
                    "facts": {"padding": 352, "padding_zero": true}}),
                json!({"boot": boot, "mark": 0, "name": "fwsec-frts loader dmem", "size": 84, "digest": "f",
                    "head": format!("{:072}{:02x}0000fee70000000000", 0, boot)}),
            ]
        })
        .collect();
    json!({"handed": handed, "pages":
        {"good": pages(6965, &[]), "one": pages(6965, &[17]), "some": pages(6965, &[17, 18, 19, 40]),
        "many": pages(6965, &(0..100).map(|n| n * 3).collect::<Vec<_>>()), "short": pages(6964, &[])}})
}

fn against(device_of_rust: Value) -> Judgement {
    let (mut c, mut rust) = (Made::good(), Made::rust());
    c.device = device("good", 6965);
    rust.device = device_of_rust;
    judged(&c, &c, &rust, &Lists::default())
}

fn lines(judgement: &Judgement) -> Vec<String> {
    let of = judgement.differences.iter();
    of.filter(|d| d.kind == Kind::Buffer)
        .map(|d| d.line())
        .collect()
}

#[test]
fn equal_buffers_are_counted() {
    let judgement = against(device("good", 6965));
    assert_eq!(
        judgement.verdict,
        Verdict::Equal,
        "{:?}",
        judgement.differences
    );
    let rows: Vec<_> = judgement
        .buffers
        .iter()
        .map(|r| (r.boot, r.name.as_str(), r.pages, r.equal))
        .collect();
    assert_eq!(rows[1], (1, "radix3", 6965, true));
    assert_eq!(rows.len(), 6);
    let line = report::table::buffers(&json!({"buffers": judgement.buffers}));
    assert_eq!(line, "6, pages 13936, all equal");
}

#[test]
fn the_page_is_named() {
    let judgement = against(device("one", 6965));
    assert_eq!(judgement.verdict, Verdict::Different);
    let found = lines(&judgement);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found[0],
        "buffer radix3 of boot 1: page 17 of 6965 differs: phase load: C 0000000000000011, other 00000000000003f9"
    );
    assert!(found[1].starts_with("buffer radix3 of boot 2: page 17 of 6965 differs"));
    let line = report::table::buffers(&json!({"buffers": judgement.buffers}));
    assert!(
        line.ends_with("2 not equal: radix3 of boot 1, radix3 of boot 2"),
        "{line}"
    );
    let page = report::html::render(&json!({"buffers": judgement.buffers, "verdict": "different"}));
    assert!(page.contains("<td>radix3</td><td class=\"n\">28528288</td><td class=\"n\">6965</td><td class=\"o\">no</td>"));
}

#[test]
fn neighbours_are_one_line_and_lists_end() {
    let found = lines(&against(device("some", 6965)));
    assert!(found[0].contains("pages 17 to 19 of 6965"), "{found:?}");
    assert!(found[1].contains("page 40 of 6965"), "{found:?}");
    let found = lines(&against(device("many", 6965)));
    assert_eq!(found.len(), 2 * 21);
    assert!(found[20].contains("80 more pages of 6965"), "{}", found[20]);
}

#[test]
fn tables_sizes_and_missing_buffers_are_named() {
    let found = lines(&against(device("good", 6964)));
    assert_eq!(
        found[0],
        "buffer radix3 level 2 of boot 1: entries differs: phase load: C 6965, other 6964"
    );
    let found = lines(&against(device("short", 6965)));
    assert!(found[0].contains("page 6964 of 6965 differs"), "{found:?}");
    let mut padded = device("good", 6965);
    padded["handed"][1]["facts"]["padding_zero"] = json!(false);
    padded["handed"][4]["size"] = json!(1);
    let found = lines(&against(padded));
    assert!(
        found[0].contains("of boot 1: padding_zero differs"),
        "{found:?}"
    );
    assert!(found[1].contains("of boot 2: size differs"), "{found:?}");
    let mut missing = device("good", 6965);
    missing["handed"].as_array_mut().unwrap().remove(1);
    let judgement = against(missing);
    let found = lines(&judgement);
    assert_eq!(
        found,
        ["buffer radix3 of boot 1: is not on both sides: phase load: C 28528288 bytes, other (nothing)"]
    );
    assert_eq!(judgement.buffers.iter().filter(|r| !r.equal).count(), 1);
}

#[test]
fn addresses_in_the_loader_s_descriptor_may_differ_and_what_is_beside_them_not() {
    let mut moved = device("good", 6965);
    moved["handed"][2]["head"] = json!(format!("{:072}{:02x}0000fee70000000000", 0, 0x77));
    assert_eq!(against(moved).verdict, Verdict::Equal);
    let mut other = device("good", 6965);
    other["handed"][2]["head"] = json!(format!("{:072}{:02x}0000fee70000000001", 0, 1));
    let found = lines(&against(other));
    assert!(found[0].contains("content+0x2d differs"), "{found:?}");
}

fn lists(seams: &[&str], dir: &Path) -> Lists {
    let seams: Vec<String> = seams.iter().map(|s| s.to_string()).collect();
    let phases = support::PHASES.map(String::from);
    let which = Which {
        kernel: "7.3.4+deb13-amd64",
        fw: "570.144",
        gpu: "tu104",
        phases: &phases,
    };
    Lists::load(dir, &seams, &[], &which).unwrap()
}

#[test]
fn one_common_entry_fits_every_set_of_subsystems() {
    let dir = std::env::temp_dir().join(format!("nvkm-lists-{}", std::process::id()));
    fs::create_dir_all(dir.join("fw")).unwrap();
    let entry = |text: &str| {
        json!({"entries": [{"kind": "dmesg", "phase": "load", "name": "kernel log", "field": "level 6", "other": text,
            "reason": "a test"}]})
        .to_string()
    };
    fs::write(
        dir.join("intended.json"),
        entry("serves {seams} (rust_gsp={rust_gsp})"),
    )
    .unwrap();
    fs::write(dir.join("fw/intended.json"), entry("only fw")).unwrap();
    let texts = |seams: &[&str]| -> Vec<String> {
        let lists = lists(seams, &dir);
        lists.intended.into_iter().map(|i| i.other).collect()
    };
    assert_eq!(texts(&["rpc"]), ["serves rpc (rust_gsp=rpc)"]);
    assert_eq!(
        texts(&["rpc", "fw"]),
        ["serves rpc,fw (rust_gsp=rpc,fw)", "only fw"]
    );
    assert!(texts(&[]).is_empty(), "all C: nobody says anything");
    // Matched exactly, and not shown is a failure, as for every entry.
    let mut rust = Made::rust();
    rust.log
        .insert(1, ("load", "serves rpc (rust_gsp=rpc)".into()));
    let good = Made::good();
    let with = |seams: &[&str]| judged(&good, &good, &rust, &lists(seams, &dir)).verdict;
    assert_eq!(with(&["rpc"]), Verdict::Equal);
    assert_eq!(with(&["rpc", "fw"]), Verdict::Different);
    let _ = fs::remove_dir_all(&dir);
}

#[test]
fn the_committed_lists_can_be_read() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../selftests");
    let found = lists(&["rpc"], &dir).intended;
    assert!(found
        .iter()
        .any(|i| i.other.ends_with("gsp: rust: serves rpc (rust_gsp=rpc)")));
}
