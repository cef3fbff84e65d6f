// SPDX-License-Identifier: GPL-2.0
//! The bench, on reports made by hand: medians, ratios, targets, and what must not count as a measurement.

use nvkm_ab::bench;
use nvkm_ab::bench::Row;
use nvkm_ab::bench::Samples;
use nvkm_ab::vm::guest::Guest;
use nvkm_ab::vm::qemu::NS_PER_INSTRUCTION;
use serde_json::json;
use serde_json::Value;

/// One bind: nanoseconds in the two loading functions, and in reading files.
fn bind(new: u64, oneinit: u64, read: u64) -> Value {
    json!({"ns": new + oneinit + 5000, "cpu_ns": new + oneinit + 4000, "spans":
        {"nouveau:nvkm_gsp_new_": new, "nouveau:tu102_gsp_oneinit": oneinit, "firmware_request_nowarn": read}})
}

fn guest(binds: Value, peak: &[u64], counters: &str) -> Guest {
    let memory: Vec<Value> = peak
        .iter()
        .map(|p| json!({"peak_kib": p, "peak_vmalloc_kib": p, "kept_kib": 100, "looks": 9}))
        .collect();
    let mut guest = Guest::default();
    for line in [
        json!({"t": "phase", "n": 0, "phase": "bench=3+f", "ok": true, "ms": 1, "binds": binds}),
        json!({"t": "phase", "n": 1, "phase": "bench-memory=3", "ok": true, "ms": 1, "binds": memory}),
        json!({"t": "phase", "n": 2, "phase": "counters", "ok": true, "ms": 1, "rust_gsp": {"0000:00:04.0": counters}}),
    ] {
        guest.feed(format!("{line}\n").as_bytes());
    }
    guest
}

const C: &str = "fw: owner=c c_calls=9 rust_calls=0\n";
const RUST: &str = "fw: owner=rust c_calls=0 rust_calls=9\n";

fn c() -> Guest {
    let binds = json!([
        bind(9000, 2000, 8000),
        bind(9000, 2400, 8000),
        bind(9000, 1000, 8000)
    ]);
    guest(binds, &[1000, 1010, 990], C)
}

fn rust(oneinit: u64, peak: u64) -> Guest {
    let binds = vec![bind(9000, oneinit, 8000); 3];
    guest(json!(binds), &[peak; 3], RUST)
}

fn rows(c: &Guest, rust: &Guest) -> Result<Vec<Row>, String> {
    let seams = ["fw".to_string()];
    bench::rows("tu104 570.144", c, rust, &seams).map_err(|e| format!("{e:#}"))
}

fn verdict(rows: &[Row], problems: &[String]) -> (String, u8) {
    let report = bench::json(Some("7.3"), &["fw".into()], rows, problems, 1.0);
    let word = report["verdict"].as_str().unwrap().to_string();
    (word, bench::code(&report))
}

#[test]
fn medians_ratios_and_spread() {
    let rows = rows(&c(), &rust(2100, 520)).unwrap();
    let first = &rows[0];
    assert_eq!(
        first.name,
        "tu104 570.144: firmware load, without reading files"
    );
    assert_eq!(first.c, 3000 / NS_PER_INSTRUCTION);
    assert_eq!(first.rust, 3100 / NS_PER_INSTRUCTION);
    assert_eq!((first.ratio, first.holds), (1.0333, true));
    assert_eq!(
        first.spread.c,
        Samples {
            min: 2000 / NS_PER_INSTRUCTION,
            median: 3000 / NS_PER_INSTRUCTION,
            max: 3400 / NS_PER_INSTRUCTION,
            n: 3
        }
    );
    let peak = &rows[3];
    assert_eq!(
        (peak.c, peak.rust, peak.ratio, peak.target),
        (1000, 520, 0.52, Some(0.6))
    );
    assert_eq!(verdict(&rows, &[]), ("held".into(), 0));
}

#[test]
fn a_target_that_is_missed_is_said() {
    for (oneinit, peak, name) in [
        (2200, 520, "without reading files"),
        (2000, 601, "peak memory"),
    ] {
        let rows = rows(&c(), &rust(oneinit, peak)).unwrap();
        let missed: Vec<&Row> = rows.iter().filter(|r| !r.holds).collect();
        assert_eq!(missed.len(), 1, "{missed:?}");
        assert!(missed[0].name.contains(name));
        assert_eq!(verdict(&rows, &[]), ("missed".into(), 1));
        let report = bench::json(None, &[], &rows, &[], 1.0);
        assert_eq!(bench::table(&report).matches("MISSED").count(), 1);
        assert!(bench::page::render(&report).contains("class=\"n o\""));
    }
    // A row without a target tells, and no more.
    let kept = rows(&c(), &rust(2000, 520)).unwrap().pop().unwrap();
    assert_eq!((kept.target, kept.holds), (None, true));
}

#[test]
fn what_was_not_measured_fails() {
    let good = rust(2000, 520);
    // Nothing was served by Rust; C served a part; Rust on the C side.
    for (counters, why) in [
        (C, "served 0 times by Rust"),
        ("", "served 0 times by Rust"),
        ("fw: owner=rust c_calls=1 rust_calls=9\n", "1 times by C"),
    ] {
        let other = guest(json!([bind(9000, 2000, 8000)]), &[520], counters);
        let error = rows(&c(), &other).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    assert!(rows(&good, &good).unwrap_err().contains("on the C side"));
    // A function that is not there any more, files that nobody read, no binds at all.
    let mut renamed = bind(9000, 2000, 8000);
    renamed["spans"]
        .as_object_mut()
        .unwrap()
        .remove("nouveau:tu102_gsp_oneinit");
    for binds in [json!([renamed]), json!([bind(9000, 2000, 0)]), json!([])] {
        let error = rows(&guest(binds, &[1000], C), &good).unwrap_err();
        assert!(error.contains("did not measure 'firmware load"), "{error}");
    }
    assert_eq!(verdict(&[], &[]), ("failed".into(), 2));
    let all = rows(&c(), &good).unwrap();
    assert_eq!(
        verdict(&all, &["a cell broke".into()]),
        ("failed".into(), 2)
    );
}

#[test]
fn the_page_has_a_line_for_each_row() {
    let rows = rows(&c(), &rust(2100, 520)).unwrap();
    let page = bench::page::render(&bench::json(Some("7.3"), &["fw".into()], &rows, &[], 1.0));
    assert_eq!(page.matches("<circle").count(), rows.len());
    assert!(page.contains("targets held"));
    assert_eq!(bench::grouped(12_345_678), "12,345,678");
    assert_eq!(bench::grouped(999), "999");
}

#[test]
fn the_plan_measures_time_and_memory_apart() {
    let phases = bench::phases(7, 5);
    assert!(phases[2].starts_with("bench=7+nouveau:nvkm_gsp_new_+nouveau:tu102_gsp_oneinit+"));
    assert_eq!(phases[3], "bench-memory=5");
    assert!(phases.contains(&"counters".to_string()));
}
