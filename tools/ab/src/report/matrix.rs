// SPDX-License-Identifier: GPL-2.0
//! What became of a matrix: `matrix.json`, and from that a list, a table and a page.

use std::fmt::Write;

use serde_json::json;
use serde_json::Value;

use crate::matrix::Entry;
use crate::matrix::Matrix;
use crate::matrix::Part;
use crate::matrix::Subsystems;
use crate::report::html::escape;
use crate::report::html::list as items;
use crate::report::html::text;
use crate::report::html::STYLE;
use crate::report::table::served;

/// Version of the schema: grows when a field changes its meaning.
const SCHEMA: u64 = 1;

const GRID: &str = "
table.grid { width: auto; } .grid th { font-weight: 600; } .grid td, .grid th { padding: .25rem; border: 0; text-align: center; }
.grid th.row { text-align: left; padding-right: 1rem; white-space: nowrap; }
.cell { display: block; min-width: 9rem; padding: .35rem .6rem; border-radius: .35rem; color: #fff; text-decoration: none; line-height: 1.25; }
.cell small { opacity: .85; font-size: .75rem; } a.cell:hover { outline: 2px solid currentColor; }
.excluded, .waiting { background: #8882; color: inherit; } .on { color: var(--good); } .off { opacity: .3; }
";

/// Before the first cell has run.
pub fn begin(
    matrix: &Matrix,
    parts: &[Part],
    subsystems: Subsystems<'_>,
    entries: &[Entry],
) -> Value {
    let parts: Vec<Value> = parts
        .iter()
        .map(|p| json!({"name": p.name, "title": p.title, "gpus": p.gpus, "firmware": p.firmware}))
        .collect();
    let cells: Vec<Value> = entries
        .iter()
        .map(|e| {
            json!({
                "name": e.cell.name,
                "gpu": e.cell.gpu,
                "firmware": e.cell.firmware,
                "seams": e.cell.seams,
                "parts": e.parts,
                "excluded": e.excluded,
                "without_suspend": e.without_suspend,
                "verdict": null,
            })
        })
        .collect();
    let remarks: Vec<Value> = matrix
        .excluded
        .iter()
        .map(|r| json!({"gpus": r.gpus, "firmware": r.firmware, "reason": r.reason}))
        .collect();
    json!({
        "schema": SCHEMA,
        "verdict": null,
        "kernel": null,
        "wall_s": 0.0,
        "subsystems": subsystems.named,
        "ready": subsystems.ready,
        "parts": parts,
        "cells": cells,
        "excluded": remarks,
    })
}

fn len(v: &Value) -> usize {
    v.as_array().map_or(0, Vec::len)
}

/// Takes a cell's report in; `wall_s` is the time of all so far.
pub fn note(state: &mut Value, report: &Value, wall_s: f64) {
    let tenths = |s: f64| (s * 10.0).round() / 10.0;
    state["wall_s"] = json!(tenths(wall_s));
    state["kernel"] = report["kernel"].clone();
    let side = &report["sides"]["rust"];
    let suspended = items(&side["phases"])
        .iter()
        .any(|p| p["phase"] == "suspend" && p["ok"] == Value::Bool(true));
    let cells = state["cells"].as_array_mut();
    let Some(cell) = cells
        .into_iter()
        .flatten()
        .find(|c| c["name"] == report["name"])
    else {
        return;
    };
    cell["verdict"] = report["verdict"].clone();
    cell["problem"] = report["problems"].get(0).cloned().unwrap_or(Value::Null);
    cell["rpcs_sent"] = side["rpcs_sent"].clone();
    cell["rpcs_received"] = side["rpcs_received"].clone();
    cell["register_accesses"] = side["register_accesses"].clone();
    cell["served_by_rust"] = side["served_by_rust"].clone();
    cell["suspended"] = json!(suspended);
    cell["noise"] = json!(len(&report["noise"]) + len(&report["unlisted_noise"]));
    cell["intended"] = json!(len(&report["intended"]["found"]));
    cell["differences"] = json!(len(&report["differences"]));
    let wall = report["wall_s"].as_f64().unwrap_or(0.0);
    cell["wall_s"] = json!(tenths(wall));
    let name = report["name"].as_str().unwrap_or_default();
    cell["report"] = json!(format!("{name}/report.html"));
    state["verdict"] = json!(verdict(state));
}

/// The worst of those that ran, and `unfinished` while some have not.
fn verdict(state: &Value) -> &'static str {
    let cells = items(&state["cells"]);
    let mut running = cells.iter().filter(|c| c["excluded"].is_null());
    let any = |v: &str| cells.iter().any(|c| c["verdict"] == v);
    match () {
        () if any("failed") => "failed",
        () if any("different") => "different",
        () if running.any(|c| c["verdict"].is_null()) => "unfinished",
        () => "equal",
    }
}

/// One line about a cell that has run.
pub fn line(report: &Value) -> String {
    let mut line = format!(
        "{}, {:.1} s",
        report["verdict"].as_str().unwrap_or("failed"),
        report["wall_s"].as_f64().unwrap_or(0.0)
    );
    let first = report["problems"]
        .get(0)
        .or(report["differences"].get(0).map(|d| &d["text"]));
    if let Some(why) = first.and_then(Value::as_str) {
        let _ = write!(line, ": {why}");
    }
    line
}

fn seams(cell: &Value) -> String {
    let list: Vec<&str> = items(&cell["seams"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if list.is_empty() {
        return "none".into();
    }
    list.join(",")
}

fn word(v: &Value) -> &str {
    v.as_str().unwrap_or("")
}

fn words(v: &Value) -> String {
    let list: Vec<&str> = items(v).iter().filter_map(Value::as_str).collect();
    list.join(", ")
}

/// Cells that do not run, by reason.
fn excluded(state: &Value) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |reason: &str, what: String| {
        match all.iter_mut().find(|(r, _)| r == reason) {
            Some((_, list)) => list.push(what),
            None => all.push((reason.into(), vec![what])),
        };
    };
    for remark in items(&state["excluded"]) {
        let what = format!(
            "{} with {}",
            words(&remark["gpus"]),
            words(&remark["firmware"])
        );
        add(word(&remark["reason"]), what);
    }
    for cell in items(&state["cells"]) {
        let reason = word(&cell["excluded"]);
        let known = items(&state["excluded"])
            .iter()
            .any(|r| word(&r["reason"]) == reason);
        if !reason.is_empty() && !known {
            add(reason, word(&cell["name"]).into());
        }
    }
    all
}

/// The cells, for a terminal.
pub fn list(state: &Value) -> String {
    let mut out = String::new();
    let cells = items(&state["cells"]);
    // Writing to a String cannot fail.
    let (running, not): (Vec<&Value>, Vec<&Value>) =
        cells.iter().partition(|c| c["excluded"].is_null());
    for cell in &running {
        let suspend = match &cell["without_suspend"] {
            Value::Null => String::new(),
            reason => format!("  without suspend: {}", word(reason)),
        };
        let _ = writeln!(
            out,
            "{:36} {:16} {}{suspend}",
            word(&cell["name"]),
            seams(cell),
            words(&cell["parts"])
        );
    }
    let _ = writeln!(out, "\nnot run:");
    for (reason, what) in excluded(state) {
        let _ = writeln!(out, "  {reason}");
        for name in what {
            let _ = writeln!(out, "    {name}");
        }
    }
    let _ = writeln!(
        out,
        "\n{} cells run, {} of these parts do not",
        running.len(),
        not.len()
    );
    out
}

/// What became of them, for a terminal.
pub fn table(state: &Value) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:36} {:>6} {:>8} {:>7} {:>5} {:>8} {:>11} {:>6}  verdict",
        "cell", "sent", "received", "suspend", "noise", "intended", "differences", "s"
    );
    let (mut ran, mut equal, mut not) = (0, 0, 0);
    for cell in items(&state["cells"]) {
        if !cell["excluded"].is_null() {
            not += 1;
            continue;
        }
        ran += 1;
        equal += usize::from(cell["verdict"] == "equal");
        let _ = writeln!(
            out,
            "{:36} {:>6} {:>8} {:>7} {:>5} {:>8} {:>11} {:>6.1}  {}",
            word(&cell["name"]),
            text(&cell["rpcs_sent"]),
            text(&cell["rpcs_received"]),
            text(&cell["suspended"]),
            text(&cell["noise"]),
            text(&cell["intended"]),
            text(&cell["differences"]),
            cell["wall_s"].as_f64().unwrap_or(0.0),
            cell["verdict"].as_str().unwrap_or("not run")
        );
    }
    let _ = writeln!(
        out,
        "\ncells     {equal} of {ran} equal, {not} not run (nvkm-ab matrix --list says why)\ntime      {} s\nverdict   {}",
        text(&state["wall_s"]),
        state["verdict"].as_str().unwrap_or("failed")
    );
    out
}

/// A cell of a grid.
fn square(cell: Option<&Value>) -> String {
    let Some(cell) = cell else {
        return "<td></td>".into();
    };
    if let Some(reason) = cell["excluded"].as_str() {
        let reason = escape(reason);
        return format!("<td><span class=\"cell excluded\" title=\"{reason}\">not run</span></td>");
    }
    let Some(verdict) = cell["verdict"].as_str() else {
        return "<td><span class=\"cell waiting\">…</span></td>".into();
    };
    let suspend = if cell["suspended"] == Value::Bool(true) {
        ", suspend"
    } else {
        ""
    };
    let why = match &cell["problem"] {
        Value::Null => format!("served by Rust: {}", served(cell)),
        problem => word(problem).to_string(),
    };
    format!(
        "<td><a class=\"cell {verdict}\" href=\"{}\" title=\"{}\">{verdict}<br><small>{} messages{suspend}, {} s</small></a></td>",
        text(&cell["report"]),
        escape(&why),
        cell["rpcs_sent"].as_u64().unwrap_or(0) + cell["rpcs_received"].as_u64().unwrap_or(0),
        text(&cell["wall_s"]),
    )
}

fn head(out: &mut String, first: &str, columns: &[String]) {
    let _ = write!(
        out,
        "<div class=\"wrap\"><table class=\"grid\"><tr><th class=\"row\">{first}</th>"
    );
    for column in columns {
        let _ = write!(out, "<th>{}</th>", escape(column));
    }
    out.push_str("</tr>\n");
}

/// One set: GPU by firmware. Several: a row a set, a column a GPU and firmware.
fn grid(out: &mut String, state: &Value, part: &Value) {
    let of_part = |c: &&Value| items(&c["parts"]).contains(&part["name"]);
    let cells: Vec<&Value> = items(&state["cells"]).iter().filter(of_part).collect();
    let mut sets: Vec<&Value> = Vec::new();
    for cell in &cells {
        if !sets.contains(&&cell["seams"]) {
            sets.push(&cell["seams"]);
        }
    }
    let find = |gpu: &Value, fw: &Value, set: &Value| {
        let is = |c: &&&Value| c["gpu"] == *gpu && c["firmware"] == *fw && c["seams"] == *set;
        cells.iter().find(is).copied()
    };
    let _ = writeln!(out, "<h2>{}</h2>", text(&part["title"]));
    let (gpus, fws) = (items(&part["gpus"]), items(&part["firmware"]));
    if let [set] = sets[..] {
        let all = json!({"seams": set});
        let _ = writeln!(out, "<p>In Rust: {}.</p>", escape(&seams(&all)));
        let columns: Vec<String> = fws.iter().map(|f| word(f).to_string()).collect();
        head(out, "", &columns);
        for gpu in gpus {
            let _ = write!(out, "<tr><th class=\"row\">{}</th>", text(gpu));
            for fw in fws {
                out.push_str(&square(find(gpu, fw, set)));
            }
            out.push_str("</tr>\n");
        }
    } else {
        let pairs: Vec<(&Value, &Value)> = gpus
            .iter()
            .flat_map(|g| fws.iter().map(move |f| (g, f)))
            .collect();
        let columns: Vec<String> = pairs
            .iter()
            .map(|(g, f)| format!("{}, {}", word(g), word(f)))
            .collect();
        head(out, "in Rust", &columns);
        for set in sets {
            out.push_str("<tr><th class=\"row\">");
            for name in items(&state["subsystems"]) {
                let class = if items(set).contains(name) {
                    "on"
                } else {
                    "off"
                };
                let _ = write!(out, "<span class=\"{class}\">{} </span>", text(name));
            }
            out.push_str("</th>");
            for (gpu, fw) in &pairs {
                out.push_str(&square(find(gpu, fw, set)));
            }
            out.push_str("</tr>\n");
        }
    }
    out.push_str("</table></div>\n");
}

/// The page.
pub fn render(state: &Value) -> String {
    let verdict = state["verdict"].as_str().unwrap_or("unfinished");
    let class = if verdict == "unfinished" {
        "waiting"
    } else {
        verdict
    };
    let cells = items(&state["cells"]);
    let count = |v: &str| cells.iter().filter(|c| c["verdict"] == v).count();
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{verdict}: matrix</title><style>{STYLE}{GRID}</style></head><body>\n\
         <h1>nouveau in C and in Rust: the matrix</h1>\n\
         <p><span class=\"verdict {class}\">{verdict}</span></p>\n\
         <p>Kernel {}. {} equal, {} different, {} failed, {} not run; {} s. Each square leads to its report.</p>\n",
        text(&state["kernel"]),
        count("equal"),
        count("different"),
        count("failed"),
        cells.iter().filter(|c| !c["excluded"].is_null()).count(),
        text(&state["wall_s"]),
    );
    for part in items(&state["parts"]) {
        grid(&mut out, state, part);
    }
    let not = excluded(state);
    if !not.is_empty() {
        out.push_str("<h2>Not run</h2>\n<table><tr><th>why</th><th>what</th></tr>\n");
        for (reason, what) in not {
            let what = escape(&what.join(", "));
            let _ = writeln!(out, "<tr><td>{}</td><td>{what}</td></tr>", escape(&reason));
        }
        out.push_str("</table>\n");
    }
    let remarks: Vec<&Value> = cells
        .iter()
        .filter(|c| !c["without_suspend"].is_null())
        .collect();
    if !remarks.is_empty() {
        out.push_str("<h2>Without suspend</h2>\n<ul>\n");
        for cell in remarks {
            let (name, why) = (text(&cell["name"]), text(&cell["without_suspend"]));
            let _ = writeln!(out, "<li>{name}: {why}</li>");
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</body></html>\n");
    out
}
