// SPDX-License-Identifier: GPL-2.0
//! The compatibility table: what is a report, what a cell says, what is said of files that are none.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use nvkm_ab::fleet;
use nvkm_ab::fleet::Found;
use nvkm_ab::report::fleet as page;
use serde_json::json;
use serde_json::Value;

fn place(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("fleet")
        .join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn report(gpu: &str, fw: &str, kernel: &str, seams: &[&str], verdict: &str) -> Value {
    let served: serde_json::Map<String, Value> =
        seams.iter().map(|s| (s.to_string(), json!(7))).collect();
    json!({"schema": 1, "name": format!("{gpu}-{fw}"), "kernel": kernel, "gpu": gpu, "firmware": fw, "seams": seams,
        "verdict": verdict, "problems": ["<the machine> broke"], "differences": [{"text": "payload: there"}],
        "sides": {"rust": {"served_by_rust": served}}})
}

fn put(dir: &Path, at: &str, text: &str) {
    let path = dir.join(at).join("report.json");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn collect(dir: &Path) -> Found {
    fleet::collect(&[dir.to_path_buf()]).unwrap()
}

#[test]
fn reports_at_any_depth_become_cells() {
    let dir = place("depth");
    put(
        &dir,
        "a",
        &report("tu104", "570.144", "7.3", &["rpc", "fw"], "equal").to_string(),
    );
    put(
        &dir,
        "x/y/z",
        &report("tu104", "570.144", "7.2", &["rpc"], "equal").to_string(),
    );
    put(
        &dir,
        "x/none",
        &report("tu104", "570.144", "7.2", &[], "equal").to_string(),
    );
    put(
        &dir,
        "b",
        &report("ga106", "535.113.01", "7.3", &["gsp"], "failed").to_string(),
    );
    // A copy of one of them, as BUILD/ab/report.json is, and the report of something else.
    put(
        &dir,
        "",
        &report("tu104", "570.144", "7.3", &["rpc", "fw"], "equal").to_string(),
    );
    put(
        &dir,
        "bench",
        &json!({"verdict": "held", "rows": []}).to_string(),
    );
    let found = collect(&dir);
    assert_eq!(
        (
            found.runs.len(),
            found.copies,
            found.others,
            found.broken.len()
        ),
        (4, 1, 1, 0)
    );
    // That in the run's own directory is kept.
    assert!(found.runs.iter().all(|r| r.file != dir.join("report.json")));
    let table = fleet::table(&found.runs);
    assert_eq!(
        table.subsystems,
        ["none", "rpc", "fw", "gsp"],
        "in the driver's order"
    );
    let row = &table.rows[&("tu104 (virtual)".to_string(), "570.144".to_string())];
    assert_eq!(row.kernels, ["7.2", "7.3"]);
    assert_eq!(row.cells["rpc"].says(), "equal (2)");
    assert_eq!(row.cells["fw"].says(), "equal");
    assert!(!row.cells.contains_key("gsp"));
    let text = page::text(&found);
    assert!(
        text.contains("ga106 (virtual)  535.113.01  7.3      -      -          -      failed"),
        "{text}"
    );
}

#[test]
fn verdicts_that_contradict_each_other_are_counted() {
    let dir = place("conflict");
    for (n, verdict) in ["equal", "equal", "different", "failed"].iter().enumerate() {
        let kernel = format!("7.{n}");
        put(
            &dir,
            &format!("{n}"),
            &report("tu104", "570.144", &kernel, &["rpc"], verdict).to_string(),
        );
    }
    let found = collect(&dir);
    let table = fleet::table(&found.runs);
    let cell = &table.rows.values().next().unwrap().cells["rpc"];
    assert_eq!(cell.verdict(), "conflicting");
    assert_eq!(cell.says(), "2 equal, 1 different, 1 failed");
    let data = page::json(&found, &dir);
    let cell = &data["rows"][0]["cells"]["rpc"];
    assert_eq!(
        cell["counts"],
        json!({"different": 1, "equal": 2, "failed": 1})
    );
    assert_eq!(cell["runs"][2]["report"], "2/report.json");
    assert_eq!(cell["runs"][2]["why"], "payload: there");
    let html = page::render(&found, &dir);
    assert!(
        html.contains("class=\"conflicting\"") && html.contains("2 equal, 1 different, 1 failed")
    );
    assert_eq!(
        html.matches("<li><a href=\"").count(),
        4,
        "each run is linked"
    );
    assert!(html.contains("&lt;the machine&gt;") && !html.contains("<the machine>"));
    assert!(!html.contains("http:") && !html.contains("https:") && !html.contains("<script"));
}

#[test]
fn links_lead_from_the_page_to_the_run() {
    let dir = place("links");
    put(
        &dir,
        "runs/a",
        &report("tu104", "570.144", "7.3", &["rpc"], "equal").to_string(),
    );
    fs::write(dir.join("runs/a/report.html"), "").unwrap();
    let out = dir.join("out/deep");
    fs::create_dir_all(&out).unwrap();
    let data = page::json(&collect(&dir), &out);
    assert_eq!(
        data["rows"][0]["cells"]["rpc"]["runs"][0]["report"],
        "../../runs/a/report.html"
    );
}

#[test]
fn a_real_card_is_not_a_virtual_one() {
    let dir = place("card");
    let mut one = report("ga106", "570.144", "7.3", &["rpc"], "equal");
    put(&dir, "a", &one.to_string());
    one["tap"] = json!("tracepoints");
    one["machine"] = json!({"device": "0x2503"});
    put(&dir, "b", &one.to_string());
    let cards: Vec<String> = collect(&dir).runs.into_iter().map(|r| r.card).collect();
    assert_eq!(cards, ["ga106 (virtual)", "ga106 (10de:2503)"]);
}

#[test]
fn what_is_no_report_is_named_and_left_out() {
    let dir = place("broken");
    let good = report("tu104", "570.144", "7.3", &["rpc"], "equal");
    let with = |key: &str, value: Value| {
        let mut report = good.clone();
        report[key] = value;
        report.to_string()
    };
    let cases = [
        ("cut", good.to_string()[..50].to_string(), "EOF"),
        ("list", "[]".to_string(), "it is not a report"),
        ("empty", String::new(), "EOF"),
        ("schema", with("schema", json!(2)), "its schema is 2"),
        (
            "no-schema",
            with("schema", json!(null)),
            "does not say which schema",
        ),
        (
            "verdict",
            with("verdict", json!("fine")),
            "there is no verdict 'fine'",
        ),
        ("gpu", with("gpu", json!(7)), "which gpu"),
        ("firmware", with("firmware", json!(null)), "which firmware"),
        ("seams", with("seams", json!("rpc")), "which subsystems"),
        (
            "served",
            with("sides", json!({"rust": {"served_by_rust": {"rpc": 0}}})),
            "served no call of rpc",
        ),
    ];
    for (name, text, _) in &cases {
        put(&dir, name, text);
    }
    fs::create_dir_all(dir.join("bytes")).unwrap();
    fs::write(dir.join("bytes/report.json"), [0xff, 0xfe, 0]).unwrap();
    put(&dir, "good", &good.to_string());
    let found = collect(&dir);
    assert_eq!(found.runs.len(), 1);
    assert_eq!(found.broken.len(), cases.len() + 1);
    for (name, _, why) in &cases {
        let file = dir.join(name).join("report.json");
        let said = found.broken.iter().find(|(f, _)| *f == file);
        assert!(
            said.is_some_and(|(_, w)| w.contains(why)),
            "{name}: {said:?}"
        );
    }
    let html = page::render(&found, &dir);
    assert!(html.contains("cut/report.json") && html.contains("Broken reports"));
    assert!(fleet::collect(&[dir.join("not there")]).is_err());
}
