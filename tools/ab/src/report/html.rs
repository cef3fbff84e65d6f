// SPDX-License-Identifier: GPL-2.0
//! The report as one page: style, script and data are in it, nothing is loaded. Without scripts it still shows the verdict,
//! the differences with all that is behind them, and the tables.

pub mod differences;
pub mod evidence;
mod log;
pub mod message;
pub mod registers;
pub mod rows;
mod tables;
pub mod timeline;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde_json::Value;

use crate::names;
use crate::names::annotate;
use crate::names::Names;
use crate::report::table;
use crate::verdict::Side;
use evidence::Evidence;
use registers::Registers;
use rows::Rows;

/// How the pages look.
pub(crate) const STYLE: &str = include_str!("html/page.css");
/// What the report's page does.
const SCRIPT: &str = include_str!("html/page.js");
/// Nothing from anywhere, whatever a text in a report says.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
    base-uri 'none'; form-action 'none'";

/// Text as it can stand in a page.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Data as it can stand in a script element: nothing in it ends that.
fn data(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(s) => escape(s),
        Value::Null => "–".into(),
        Value::Bool(b) => (if *b { "yes" } else { "no" }).into(),
        other => escape(&other.to_string()),
    }
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The page of a report alone.
pub fn render(report: &Value) -> String {
    render_with(report, &Evidence::default())
}

/// The page of a report and the runs that it is of.
pub fn render_sides(report: &Value, sides: &[Side; 3]) -> String {
    let names = names::of(&sides[0].run.fw);
    let mut report = report.clone();
    annotate(&mut report, &sides[0].run.trace.messages, &*names);
    render_with(&report, &Evidence::of(sides, names))
}

/// Makes the page of a run's directory anew, from its report, its traces, and what other commands left below `build`.
///
/// # Errors
///
/// There is no report, or the page cannot be written.
pub fn write(dir: &Path, build: &Path, names: Box<dyn Names>) -> Result<()> {
    let path = dir.join("report.json");
    let text = fs::read_to_string(&path)
        .with_context(|| format!("there is no report {}", path.display()))?;
    let mut report: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a report", path.display()))?;
    let evidence = Evidence::load(dir, &report, names).with_build(build);
    // A report that was made without names gets those that are known now.
    if let Some(side) = &evidence.sides[0] {
        annotate(&mut report, &side.run.trace.messages, &*evidence.names);
    }
    let path = dir.join("report.html");
    fs::write(&path, render_with(&report, &evidence))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// What the run came to, in a sentence.
fn sentence(report: &Value) -> String {
    let found = differences::of(report);
    let rust = &report["sides"]["rust"];
    match report["verdict"].as_str() {
        Some("equal") => format!(
            "C and Rust did the same: {} messages sent and {} received, {} register accesses, {}.",
            text(&rust["rpcs_sent"]),
            text(&rust["rpcs_received"]),
            text(&rust["register_accesses"]),
            match report["tap"].as_str() {
                Some(tap) => format!("seen by {}", escape(tap)),
                None => format!("DMA buffers {}", escape(&table::buffers(report))),
            }
        ),
        Some("different") => format!(
            "Rust did something else than C in {} {}, first {}.",
            found.len(),
            if found.len() == 1 { "place" } else { "places" },
            text(&found.first().map_or(Value::Null, |d| d["text"].clone()))
        ),
        _ => format!(
            "The comparison is void: {}.",
            text(report["problems"].get(0).unwrap_or(&Value::Null))
        ),
    }
}

/// A word that is one of the page's classes; whatever else stands in a report is not.
fn verdict(report: &Value) -> &str {
    match report["verdict"].as_str() {
        Some(word @ ("equal" | "different")) => word,
        _ => "failed",
    }
}

fn head(out: &mut String, report: &Value) {
    let verdict = verdict(report);
    let seams: Vec<String> = list(&report["seams"]).iter().map(text).collect();
    let seams = match seams.len() {
        0 => "nothing".to_string(),
        _ => seams.join(", "),
    };
    let (gpu, fw, kernel) = (
        text(&report["gpu"]),
        text(&report["firmware"]),
        text(&report["kernel"]),
    );
    let kind = match report["machine"]["device"].as_str() {
        _ if report["tap"].is_null() => " (virtual)".to_string(),
        Some(device) => format!(" (10de:{})", escape(device.trim_start_matches("0x"))),
        None => String::new(),
    };
    // Writing to a String cannot fail; the result of each write! is dropped for that reason.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"icon\" href=\"data:,\">\
         <title>{verdict}: {gpu}, {fw}</title><style>{STYLE}</style></head><body class=\"report\">\n\
         <header class=\"banner {verdict}\"><p class=\"soft\">nouveau in C and in Rust</p>\n\
         <h1><span class=\"verdict {verdict}\">{verdict}</span> {gpu}{kind}, {fw}</h1>\n\
         <p class=\"sentence\">{}</p>\n\
         <p class=\"soft\">Kernel {kernel}. Rust serves <b>{seams}</b> on the Rust side. Two runs of C show what is noise; what \
         Rust does differently beyond that is a difference.</p></header>\n",
        sentence(report)
    );
}

/// Sections, with what stands beside their names in the page's navigation.
fn navigation(out: &mut String, sections: &[(&str, &str, String)]) {
    out.push_str("<nav aria-label=\"sections\">");
    for (id, title, count) in sections {
        let _ = write!(out, "<a href=\"#{id}\">{title}{count}</a> ");
    }
    out.push_str("</nav>\n<main>\n");
}

fn title(out: &mut String, id: &str, title: &str, count: &str) {
    let _ = writeln!(out, "<h2 id=\"{id}\">{title}{count}</h2>");
}

/// The page.
pub fn render_with(report: &Value, evidence: &Evidence) -> String {
    let mut out = String::new();
    head(&mut out, report);
    let found = differences::of(report);
    let intended = list(&report["intended"]["found"]);
    let noise: Vec<Value> = list(&report["noise"])
        .iter()
        .chain(list(&report["unlisted_noise"]))
        .cloned()
        .collect();
    let count = |n: usize| format!(" <small>{n}</small>");
    let none = String::new;
    let sections = [
        ("differences", "Differences", count(found.len())),
        ("sides", "Sides", none()),
        ("wire", "Timeline", none()),
        ("registers", "Registers", none()),
        ("buffers", "Buffers", none()),
        ("phases", "Phases", none()),
        ("log", "Kernel log", none()),
        ("intended", "Intended", count(intended.len())),
        ("noise", "Noise", count(noise.len())),
        ("hostile", "Hostile device", none()),
        ("bench", "Bench", none()),
    ];
    navigation(&mut out, &sections);
    let section = |out: &mut String, id: &str| {
        let (_, name, count) = sections.iter().find(|s| s.0 == id).unwrap_or(&sections[0]);
        title(out, id, name, count);
    };
    tables::problems(&mut out, report);
    let rows = Rows::new(evidence, report);
    let registers = Registers::new(evidence);
    section(&mut out, "differences");
    if found.is_empty() {
        out.push_str("<p>None: every message, register access, buffer, log line and the final state agree.</p>\n");
    }
    differences::render(&mut out, found, &rows, &registers, evidence);
    section(&mut out, "sides");
    tables::sides(&mut out, report);
    section(&mut out, "wire");
    let of_rows = differences::of_rows(found, &rows, &registers, evidence);
    let script_data = timeline::render(&mut out, evidence, &rows, &of_rows);
    section(&mut out, "registers");
    registers.render(&mut out);
    section(&mut out, "buffers");
    tables::buffers(&mut out, report);
    section(&mut out, "phases");
    tables::phases(&mut out, report);
    section(&mut out, "log");
    log::render(&mut out, evidence);
    section(&mut out, "intended");
    differences::plain(&mut out, intended, "None.");
    section(&mut out, "noise");
    differences::plain(&mut out, &noise, "None: the two C runs agree.");
    section(&mut out, "hostile");
    tables::hostile(&mut out, evidence.hostile.as_ref());
    section(&mut out, "bench");
    tables::bench(&mut out, evidence.bench.as_ref());
    let _ = write!(
        out,
        "</main>\n<script type=\"application/json\" id=\"data\">{}</script>\n<script>{SCRIPT}</script>\n</body></html>\n",
        data(&script_data)
    );
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn text_is_escaped_and_nothing_is_loaded() {
        let report = json!({"verdict": "different", "gpu": "<b>", "differences": [{"kind": "payload", "c": "<script>x"}],
            "sides": {"c1": {"phases": [{"phase": "load", "ok": true, "guest_ms": 5}]}}});
        let page = super::render(&report);
        assert!(page.contains("&lt;script&gt;x") && !page.contains("<script>x"));
        assert!(!page.contains("http:") && !page.contains("https:"));
        assert!(page.contains("class=\"verdict different\""));
    }

    #[test]
    fn what_did_not_run_says_so() {
        let page = super::render(&json!({"verdict": "equal"}));
        assert!(page.contains("not run: <code>make hostile</code>"));
        assert!(page.contains("not run: <code>make bench</code>"));
        // A verdict is a class of the page: another word is none.
        let page = super::render(&json!({"verdict": "equal\"><script>"}));
        assert!(page.contains("class=\"verdict failed\""));
    }

    #[test]
    fn data_does_not_end_its_script() {
        let text = super::data(&json!("</script>&\u{2028}"));
        assert_eq!(text, "\"\\u003c/script\\u003e\\u0026\\u2028\"");
    }
}
