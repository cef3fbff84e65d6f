// SPDX-License-Identifier: GPL-2.0
//! Which cells a matrix has, and what is said of them.

use std::path::Path;

use anyhow::bail;
use anyhow::Result;
use nvkm_ab::matrix;
use nvkm_ab::matrix::Entry;
use nvkm_ab::matrix::Matrix;
use nvkm_ab::matrix::Subsystems;
use nvkm_ab::report::matrix as page;
use serde_json::json;

const ALL: Subsystems<'static> = Subsystems {
    named: &["rpc", "fw", "boot", "gsp"],
    ready: &["rpc", "fw", "boot", "gsp"],
};

fn committed() -> Matrix {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../selftests/matrix.json");
    Matrix::load(&path).unwrap()
}

fn parse(text: &str) -> Result<Vec<String>> {
    match text {
        "1" => Ok(ALL.named.iter().map(|s| s.to_string()).collect()),
        "none" => Ok(Vec::new()),
        other => bail!("'{other}'"),
    }
}

fn entries(matrix: &Matrix, subsystems: Subsystems<'_>) -> Vec<Entry> {
    matrix::entries(matrix, &matrix.parts, subsystems, &parse).unwrap()
}

fn small(parts: &str, excluded: &str) -> String {
    format!(
        r#"{{"about": "", "parts": [{parts}], "excluded": [{excluded}], "without_suspend": []}}"#
    )
}

const PART: &str =
    r#"{"name": "p", "title": "P", "gpus": ["a", "b"], "firmware": ["1", "2"], "seams": ["1"]}"#;

#[test]
fn combinations_are_all_sets_each_once() {
    let sets = matrix::combinations(ALL.named);
    assert_eq!(sets.len(), 16);
    assert_eq!(sets[0], [""; 0]);
    assert_eq!(sets[1], ["rpc"]);
    assert_eq!(sets[6], ["fw", "boot"]);
    assert_eq!(sets[15], ["rpc", "fw", "boot", "gsp"]);
    for (n, set) in sets.iter().enumerate() {
        assert!(!sets[n + 1..].contains(set), "{set:?} twice");
        // As the driver lists them.
        let place = |s: &String| ALL.named.iter().position(|name| name == s);
        assert!(set.is_sorted_by_key(place), "{set:?}");
    }
    assert_eq!(matrix::combinations(&[]), [Vec::<String>::new()]);
}

#[test]
fn what_is_claimed_is_every_family_and_every_combination() {
    let matrix = committed();
    let all = entries(&matrix, ALL);
    let of = |part: &str| {
        let in_part = |e: &&Entry| e.parts.iter().any(|p| p == part);
        all.iter().filter(in_part).count()
    };
    assert_eq!((of("families"), of("combinations")), (12, 32));
    // All four on TU104 and on GA106 with 570.144 belong to both parts and run once.
    assert_eq!(all.len(), 42);
    let both = all.iter().find(|e| e.parts.len() == 2).unwrap();
    assert_eq!(both.cell.name, "tu104-570.144-rpc+fw+boot+gsp");
    let none = all.iter().find(|e| e.cell.seams.is_empty()).unwrap();
    assert_eq!(none.cell.name, "tu104-570.144-none");
    assert!(all.iter().all(|e| e.excluded.is_none()));
    assert!(!matrix.excluded.is_empty());
}

#[test]
fn a_subsystem_that_is_not_ready_is_listed_and_not_run() {
    let subsystems = Subsystems {
        ready: &["rpc", "fw"],
        ..ALL
    };
    for e in entries(&committed(), subsystems) {
        let needs = e.cell.seams.iter().any(|s| s == "boot" || s == "gsp");
        let why = e.excluded.as_deref().unwrap_or("");
        assert_eq!(why.contains("is not ready"), needs, "{}", e.cell.name);
    }
}

#[test]
fn what_is_excluded_is_listed_with_its_reason() {
    let matrix = Matrix::parse(&small(
        PART,
        r#"{"gpus": ["c"], "firmware": ["1"], "reason": "no such thing"}"#,
    ))
    .unwrap();
    let mut part = matrix.parts[0].clone();
    part.gpus.push("c".into());
    let all = matrix::entries(&matrix, &[part], ALL, &parse).unwrap();
    let not: Vec<_> = all.iter().filter(|e| e.excluded.is_some()).collect();
    assert_eq!(not.len(), 1);
    assert_eq!(not[0].cell.name, "c-1-rpc+fw+boot+gsp");
    let state = page::begin(&matrix, &matrix.parts, ALL, &all);
    let list = page::list(&state);
    assert!(list.contains("no such thing\n    c with 1\n"), "{list}");
    assert!(list.contains("5 cells run, 1 of"), "{list}");
}

#[test]
fn lists_that_contradict_themselves_are_refused() {
    let refused = |text: &str, why: &str| {
        let error = format!("{:#}", Matrix::parse(text).unwrap_err());
        assert!(error.contains(why), "{error}");
    };
    let both = r#"{"gpus": ["b"], "firmware": ["2"], "reason": "cannot"}"#;
    refused(&small(PART, both), "claimed by part 'p' and excluded");
    let silent = r#"{"gpus": ["c"], "firmware": ["2"], "reason": " "}"#;
    refused(&small(PART, silent), "without a reason");
    refused(&small(&PART.replace(r#"["1"]"#, "[]"), ""), "has no cells");
    refused(&small(&PART.replace("title", "titel"), ""), "titel");
    let unknown = small(&PART.replace(r#"["1"]"#, r#"["x"]"#), "");
    let matrix = Matrix::parse(&unknown).unwrap();
    assert!(matrix::entries(&matrix, &matrix.parts, ALL, &parse).is_err());
}

#[test]
fn suspend_goes_where_the_device_is_bound_for_the_last_time() {
    let plan = |text: &str| text.split(',').map(String::from).collect::<Vec<_>>();
    for (before, after) in [
        (
            "load,copy,unbind,bind,copy,unbind,unload",
            "load,copy,unbind,bind,copy,suspend,event=1,copy,unbind,unload",
        ),
        ("load,copy,unload", "load,copy,suspend,event=1,copy,unload"),
        ("load,suspend,unload", "load,suspend,unload"),
        ("load", "load,suspend,event=1,copy"),
    ] {
        assert_eq!(matrix::with_suspend(&plan(before)), plan(after));
    }
}

#[test]
fn the_page_says_what_became_of_each_cell() {
    let matrix = committed();
    let subsystems = Subsystems {
        ready: &["rpc", "fw"],
        ..ALL
    };
    let all = entries(&matrix, subsystems);
    let mut state = page::begin(&matrix, &matrix.parts, subsystems, &all);
    let runs: Vec<&Entry> = all.iter().filter(|e| e.excluded.is_none()).collect();
    let report = |e: &Entry, verdict: &str| {
        json!({"name": e.cell.name, "verdict": verdict, "problems": ["<why>"], "kernel": "k", "wall_s": 2.04,
            "differences": [1], "sides": {"rust": {"rpcs_sent": 3, "rpcs_received": 4,
            "phases": [{"phase": "suspend", "ok": true}], "served_by_rust": {"rpc": 7}}}})
    };
    page::note(&mut state, &report(runs[0], "equal"), 2.0);
    assert_eq!(state["verdict"], "unfinished", "others have not run");
    for e in &runs {
        page::note(&mut state, &report(e, "equal"), 9.0);
    }
    assert_eq!(state["verdict"], "equal");
    assert!(page::table(&state).contains(&format!("{0} of {0} equal", runs.len())));
    page::note(&mut state, &report(runs[1], "different"), 10.0);
    assert_eq!(state["verdict"], "different");
    page::note(&mut state, &report(runs[2], "failed"), 11.0);
    assert_eq!(state["verdict"], "failed", "the worst counts");

    let html = page::render(&state);
    let count = |what: &str| html.matches(what).count();
    // A cell of both parts stands in both grids.
    let twice = runs.iter().filter(|e| e.parts.len() == 2).count();
    assert_eq!(count("<td><a class=\"cell "), runs.len() + twice);
    assert_eq!(
        count("class=\"cell different\""),
        1 + usize::from(runs[1].parts.len() == 2)
    );
    assert!(html.contains("&lt;why&gt;") && !html.contains("<why>"));
    assert!(html.contains(&format!("href=\"{}/report.html\"", runs[0].cell.name)));
    assert!(html.contains("7 messages, suspend, 2.0 s"), "{html}");
    assert!(html.contains("Hopper and Blackwell") && html.contains("boot is not ready"));
    assert!(!html.contains("http:") && !html.contains("https:") && !html.contains("<script"));
}
