// SPDX-License-Identifier: GPL-2.0
//! The page of a report, made of runs made by hand: what is on it, how large it is. `selftests/page` opens the same pages in a
//! browser; NVKM_PAGES says where they are to be left.

#[path = "support/rich.rs"]
mod rich;
mod support;

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use nvkm_ab::lists::Intended;
use nvkm_ab::lists::Lists;
use nvkm_ab::names;
use nvkm_ab::report;
use nvkm_ab::report::html;
use nvkm_ab::report::html::evidence::Evidence;
use nvkm_ab::report::table;
use nvkm_ab::report::Cell;
use nvkm_ab::report::Extra;
use nvkm_ab::trace::Decoder;
use nvkm_ab::verdict::judge;
use serde_json::json;
use serde_json::Value;

use support::Made;

/// A page of a run with all that a real one has stays below this.
const LARGEST: usize = 3 << 20;

/// The field that the faulty run has wrong, by its name in NVIDIA's headers.
const NAME: &str = "NV0073_CTRL_SYSTEM_GET_NUM_HEADS_PARAMS.numHeads";

/// As much of a version's names as that takes (rm/r535/nvrm/ctrl.h, disp.h).
fn known() -> names::Known {
    let words = |names: &[&str]| -> Vec<Value> {
        let fields = names.iter().enumerate();
        fields
            .map(|(n, name)| json!({"n": name, "o": 4 * n, "t": {"number": ["NvU32", 4]}}))
            .collect()
    };
    let record =
        |size: u32, fields: Vec<Value>| json!({"size": size, "from": "570.144", "fields": fields});
    let mut control = words(&["hClient", "hObject", "cmd", "status", "paramsSize", "flags"]);
    control.push(json!({"n": "params", "o": 24, "t": {"number": ["NvU8", 1]}, "c": [0]}));
    let heads = words(&["subDeviceInstance", "flags", "numHeads"]);
    let all = json!({"schema": 1, "firmware": "570.144",
        "records": {"rpc_gsp_rm_control_v03_00": record(24, control),
            "NV0073_CTRL_SYSTEM_GET_NUM_HEADS_PARAMS": record(12, heads)},
        "enums": {}, "ranges": {}, "classes": {},
        "values": {"NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL": [76, true],
            "NV0073_CTRL_CMD_SYSTEM_GET_NUM_HEADS": [rich::WRONG, true]}});
    names::Known(Decoder::new(serde_json::from_value(all).unwrap()))
}

fn serves() -> Lists {
    let entry = json!({"kind": "dmesg", "phase": "load", "name": "kernel log", "field": "level 6",
        "other": "nouveau 0000:00:04.0: rust: serves rpc", "reason": "it says so"});
    Lists {
        intended: vec![serde_json::from_value::<Intended>(entry).unwrap()],
        ..Lists::default()
    }
}

/// The report and the evidence of a Rust side against two good C sides.
fn reported(name: &str, rust: &Made) -> (Value, Evidence) {
    let good = rich::good();
    let sides = [good.side("c1"), good.side("c2"), rust.side("rust")];
    let judgement = judge(&sides, &serves(), &["rpc".to_string()]).unwrap();
    let cell = Cell {
        name: name.into(),
        gpu: "tu104".into(),
        firmware: "570.144".into(),
        seams: vec!["rpc".into()],
    };
    let extras = [(); 3].map(|()| Extra::default());
    let mut report = report::json(&cell, &sides, &extras, &judgement, 1.0);
    names::annotate(&mut report, &sides[0].run.trace.messages, &known());
    (report, Evidence::of(&sides, Box::new(known())))
}

/// Where pages are left.
fn place() -> PathBuf {
    env::var_os("NVKM_PAGES").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages"),
        PathBuf::from,
    )
}

fn page(name: &str, rust: &Made) -> (Value, String) {
    let (report, mut evidence) = reported(name, rust);
    if name == "different" {
        evidence.bench = Some(bench());
        evidence.hostile = Some(json!({"rows": [
            {"attack": "message longer than the queue", "c": "hung, 30 s", "rust": "refused"},
            {"attack": "length 0", "c": "read past the end", "rust": "refused"}]}));
    }
    let page = html::render_with(&report, &evidence);
    let dir = place().join(name);
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("report.html"), &page).unwrap();
    fs::write(dir.join("report.json"), report.to_string()).unwrap();
    (report, page)
}

fn bench() -> Value {
    let row = |name: &str, c: u64, rust: u64, target: Option<f64>| {
        let spread =
            |n: u64| json!({"min": n * 98 / 100, "median": n, "max": n * 103 / 100, "n": 7});
        let ratio = rust as f64 / c as f64;
        json!({"name": name, "unit": "instructions", "c": c, "rust": rust, "ratio": ratio, "target": target,
            "holds": target.is_none_or(|t| ratio <= t), "spread": {"c": spread(c), "rust": spread(rust)}})
    };
    json!({"verdict": "missed", "kernel": "7.3", "seams": ["fw"], "rows": [
        row("tu104 570.144: firmware load", 21_100_000, 8_600_000, Some(0.5)),
        row("tu104 570.144: bind", 90_000_000, 91_000_000, Some(1.0)),
        row("tu104 570.144: peak memory", 56_376, 29_896, None)]})
}

#[test]
fn a_page_of_differences() {
    let (report, page) = page("different", &rich::faulty());
    assert_eq!(report["verdict"], "different", "{}", report["problems"]);
    let found = report["differences"].as_array().unwrap();
    let kinds: Vec<&str> = found.iter().filter_map(|d| d["kind"].as_str()).collect();
    for kind in [
        "payload",
        "header",
        "extra-message",
        "missing-event",
        "mmio",
        "dmesg",
        "buffer",
    ] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
        assert!(page.contains(&format!("class=\"kind {kind}\"")), "{kind}");
    }
    assert_eq!(
        kinds.iter().filter(|k| **k == "mmio").count(),
        3,
        "a value, one missing, one extra"
    );
    // The field by its name, in the data, on the page and on the terminal.
    let payload = found.iter().find(|d| d["kind"] == "payload").unwrap();
    assert_eq!(payload["decoded"], NAME);
    assert_eq!(payload["field"], format!("payload+{:#x}", rich::WRONG_AT));
    assert!(page.contains(&format!("<td><code>{NAME}</code></td>")));
    let terminal = table::render(&report);
    assert!(
        terminal.contains(NAME) || !terminal.contains("payload:"),
        "{terminal}"
    );
    let summary = format!("<code>{NAME}</code> <span class=\"values\"><code class=\"c\">4</code> → <code class=\"o\">5</code>");
    assert!(page.contains(&summary), "the values, not the bytes");
    // Text of the guest's stays text.
    assert!(!page.contains("<b>not bold") && page.contains("&lt;b&gt;not bold"));
    assert!(!page.contains("http:") && !page.contains("https:"));
    assert!(page.len() < LARGEST, "{} bytes", page.len());
    println!("different: {} bytes", page.len());
    assert!(
        page.contains("GSP_<wbr>RM_<wbr>CONTROL NV0073_<wbr>CTRL"),
        "and the control by its name"
    );
}

#[test]
fn a_page_of_a_run_that_is_equal() {
    let (report, page) = page("equal", &rich::rust());
    assert_eq!(
        report["verdict"], "equal",
        "{} {}",
        report["problems"], report["differences"]
    );
    assert!(page.contains("None: every message") && page.contains("No access differs."));
    assert!(page.contains("make bench") && page.contains("make hostile"));
    assert!(!page.contains("class=\"row differs"));
    assert!(
        page.contains("the same on all sides</summary>"),
        "long stretches are folded"
    );
    assert!(page.len() < LARGEST, "{} bytes", page.len());
    println!("equal: {} bytes", page.len());
}

#[test]
fn each_message_is_in_one_row_with_those_that_correspond() {
    let (report, evidence) = reported("rows", &rich::faulty());
    let rows = html::rows::Rows::new(&evidence, &report);
    for side in 0..3 {
        let all = &evidence.sides[side].as_ref().unwrap().messages;
        let shown: Vec<usize> = rows.0.iter().filter_map(|r| r.at[side]).collect();
        assert_eq!(
            shown,
            (0..all.len()).collect::<Vec<_>>(),
            "each once and in order"
        );
        for row in &rows.0 {
            if let (Some(c), Some(n)) = (row.at[0], row.at[side]) {
                let c = &evidence.sides[0].as_ref().unwrap().messages[c];
                assert_eq!(
                    (c.function, c.control()),
                    (all[n].function, all[n].control())
                );
            }
        }
    }
    let states = rows.0.iter().filter(|r| r.state != html::rows::State::Same);
    let found = report["differences"].as_array().unwrap();
    let of_messages = found.iter().filter(|d| d["message"].is_u64());
    let mut places: Vec<usize> = of_messages
        .map(|d| rows.find(&evidence, d).expect("a row for each"))
        .collect();
    places.dedup();
    // What moves on by one message has other numbers, and so differs by its header: all of that is in the list or counted.
    assert!(states.count() >= places.len());
}

#[test]
fn a_directory_gives_the_same_page_again() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("again");
    let (mut report, _) = reported("again", &rich::faulty());
    for d in report["differences"].as_array_mut().unwrap() {
        let text = d["text"]
            .as_str()
            .unwrap()
            .replace(&format!(" ({NAME})"), "");
        d["text"] = json!(text);
        d.as_object_mut().unwrap().remove("decoded");
    }
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("report.json"), report.to_string()).unwrap();
    let good = rich::good();
    let faulty = rich::faulty();
    for (name, made) in [("c1", &good), ("c2", &good), ("rust", &faulty)] {
        made.write(&dir.join(name));
    }
    html::write(&dir, &dir, Box::new(names::Plain)).unwrap();
    let page = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(page.contains("class=\"row differs\"") && page.contains("class=\"hunk\""));
    assert!(!page.contains(NAME));
    assert!(page.contains("not bold"), "the kernel's log is there");
    // The report has no names; whoever makes the page may know them.
    html::write(&dir, &dir, Box::new(known())).unwrap();
    let page = fs::read_to_string(dir.join("report.html")).unwrap();
    assert_eq!(
        page.matches(&format!("<code>{NAME}</code>")).count(),
        3,
        "summary, line, field"
    );
    // A report that has no sides is not of the traces that lie there.
    let void =
        json!({"verdict": "failed", "problems": ["no kernel"], "sides": {}, "firmware": "570.144"});
    fs::write(dir.join("report.json"), void.to_string()).unwrap();
    html::write(&dir, &dir, Box::new(known())).unwrap();
    let page = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(page.contains("There are no wire traces.") && !page.contains("class=\"row "));
    fs::write(dir.join("report.json"), report.to_string()).unwrap();
    // Without its traces it is still a page.
    fs::remove_dir_all(dir.join("rust")).unwrap();
    html::write(&dir, &dir, Box::new(names::Plain)).unwrap();
    let page = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(page.contains("There are no register traces of both sides."));
    fs::remove_file(dir.join("report.json")).unwrap();
    assert!(html::write(&dir, &dir, Box::new(names::Plain)).is_err());
}
