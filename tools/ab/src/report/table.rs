// SPDX-License-Identifier: GPL-2.0
//! The report as a table for a terminal.

use std::fmt::Write;

use serde_json::Value;

/// Differences shown; the report has all.
const SHOWN: usize = 10;

fn text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => "?".into(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// `rpc 123` a subsystem, or a dash.
pub fn served(side: &Value) -> String {
    let map = side["served_by_rust"].as_object();
    let parts: Vec<String> = map
        .into_iter()
        .flatten()
        .map(|(name, calls)| format!("{name} {calls}"))
        .collect();
    if parts.is_empty() {
        return "-".into();
    }
    parts.join(", ")
}

fn len(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

/// Which sides do as recorded from a real card, a sentence a recording.
pub fn hardware(report: &Value) -> Vec<String> {
    let rows = report["hardware"].as_array().map_or(&[][..], Vec::as_slice);
    rows.iter()
        .map(|row| {
            let (side, recording) = (text(&row["side"]), text(&row["recording"]));
            match row["first"].as_str() {
                Some(first) => format!("{side}, {recording}: {first}"),
                None => format!("{side} as {recording}, {} accesses", text(&row["accesses"])),
            }
        })
        .collect()
}

/// What was handed over, in one line: how much, and whether it was the same.
pub fn buffers(report: &Value) -> String {
    // Only a virtual device can say what it was handed.
    if report["buffers"].is_null() && !report["tap"].is_null() {
        return format!("not seen by {}", text(&report["tap"]));
    }
    let rows = report["buffers"].as_array().map_or(&[][..], Vec::as_slice);
    let pages: u64 = rows.iter().filter_map(|r| r["pages"].as_u64()).sum();
    let other: Vec<String> = rows
        .iter()
        .filter(|r| r["equal"] != Value::Bool(true))
        .map(|r| format!("{} of boot {}", text(&r["name"]), text(&r["boot"])))
        .collect();
    let state = match other.len() {
        _ if rows.is_empty() => "none seen".into(),
        0 => "all equal".into(),
        n => format!("{n} not equal: {}", other.join(", ")),
    };
    format!("{}, pages {pages}, {state}", rows.len())
}

/// The table.
pub fn render(report: &Value) -> String {
    let mut out = String::new();
    let seams = match len(&report["seams"]) {
        0 => "none".into(),
        _ => text(&report["seams"]),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "kernel    {}", text(&report["kernel"]));
    // A real card is known by what the driver's tracepoints tell; only a virtual one can say what it was handed.
    let real = !report["tap"].is_null();
    let kind = if real {
        "the machine's own card"
    } else {
        "virtual"
    };
    let _ = writeln!(out, "GPU       {} ({kind})", text(&report["gpu"]));
    let _ = writeln!(out, "firmware  {}", text(&report["firmware"]));
    let _ = writeln!(out, "in Rust   {seams}");
    let _ = writeln!(out);
    let _ = writeln!(
        out,
        "{:6} {:>7} {:>9} {:>10} {:>7}  served by Rust",
        "side", "sent", "received", "registers", "wall s"
    );
    for (name, side) in report["sides"].as_object().into_iter().flatten() {
        let state = if side["error"].is_null() {
            ""
        } else {
            "  FAILED"
        };
        let _ = writeln!(
            out,
            "{name:6} {:>7} {:>9} {:>10} {:>7}  {}{state}",
            text(&side["rpcs_sent"]),
            text(&side["rpcs_received"]),
            text(&side["register_accesses"]),
            text(&side["wall_s"]),
            served(side)
        );
    }
    if let Some(of) = report["pair"]["of"]
        .as_str()
        .filter(|of| report["name"] != *of)
    {
        let _ = writeln!(
            out,
            "c1 and c2 are the runs of {of}, which has the same C side"
        );
    }
    let _ = writeln!(out);
    let _ = writeln!(out, "DMA buffers  {}", buffers(report));
    for line in hardware(report) {
        let _ = writeln!(out, "hardware     {line}");
    }
    let _ = writeln!(
        out,
        "noise        {}",
        len(&report["noise"]) + len(&report["unlisted_noise"])
    );
    let _ = writeln!(out, "intended     {}", text(&report["intended"]["size"]));
    let _ = writeln!(out, "differences  {}", len(&report["differences"]));
    for line in report["differences"]
        .as_array()
        .into_iter()
        .flatten()
        .take(SHOWN)
    {
        let _ = writeln!(out, "  {}", text(&line["text"]));
    }
    if len(&report["differences"]) > SHOWN {
        let _ = writeln!(
            out,
            "  … and {} more in the report",
            len(&report["differences"]) - SHOWN
        );
    }
    for problem in report["problems"].as_array().into_iter().flatten() {
        let _ = writeln!(out, "problem      {}", text(problem));
    }
    for (name, side) in report["sides"].as_object().into_iter().flatten() {
        for line in side["last_lines"].as_array().into_iter().flatten() {
            let _ = writeln!(out, "  {name} | {}", text(line));
        }
    }
    let _ = writeln!(out, "verdict      {}", text(&report["verdict"]));
    out
}
