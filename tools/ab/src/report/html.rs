// SPDX-License-Identifier: GPL-2.0
//! The report as one page: no scripts, no network, nothing beside it.

use std::fmt::Write;

use serde_json::Value;

use crate::report::table;
use crate::report::table::served;

/// How the pages look.
pub(crate) const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --warn: #9a6700; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.verdict { display: inline-block; padding: .3rem .9rem; border-radius: .4rem; color: #fff; font-weight: 600; }
.equal { background: var(--good); } .different { background: var(--bad); } .failed { background: var(--warn); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: 13px/1.4 ui-monospace, monospace; } td code { overflow-wrap: anywhere; } pre { overflow-x: auto; padding: .6rem; border: 1px solid var(--line); }
.bar { background: #6e9bd8; height: .7rem; border-radius: 2px; } .c { color: var(--good); } .o { color: var(--bad); }
.wrap { overflow-x: auto; }
";

/// Text as it can stand in a page.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
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

/// The page.
pub fn render(report: &Value) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail; the result of each write! is dropped for that reason.
    let verdict = report["verdict"].as_str().unwrap_or("failed");
    let seams = list(&report["seams"])
        .iter()
        .map(text)
        .collect::<Vec<_>>()
        .join(", ");
    let seams = if seams.is_empty() {
        "nothing".to_string()
    } else {
        seams
    };
    let (gpu, fw, kernel) = (
        text(&report["gpu"]),
        text(&report["firmware"]),
        text(&report["kernel"]),
    );
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{verdict}: {gpu}, {fw}</title><style>{STYLE}</style></head><body>\n\
         <h1>nouveau in C and in Rust, on a virtual {gpu}</h1>\n\
         <p><span class=\"verdict {verdict}\">{verdict}</span></p>\n\
         <p>Kernel {kernel}, GSP firmware {fw}. Rust serves <b>{seams}</b> on the Rust side. \
         Two runs of C show what is noise; what Rust does differently beyond that is a difference.</p>\n"
    );
    sides(&mut out, report);
    problems(&mut out, report);
    let differences = list(&report["differences"]);
    let _ = writeln!(out, "<h2>Differences ({})</h2>", differences.len());
    differing(
        &mut out,
        differences,
        "None: every message, register access, buffer, log line and the final state agree.",
    );
    let intended = list(&report["intended"]["found"]);
    let _ = writeln!(
        out,
        "<h2>Intended differences ({})</h2>",
        text(&report["intended"]["size"])
    );
    differing(&mut out, intended, "None.");
    let noise: Vec<Value> = list(&report["noise"])
        .iter()
        .chain(list(&report["unlisted_noise"]))
        .cloned()
        .collect();
    let _ = writeln!(out, "<h2>Noise between the C runs ({})</h2>", noise.len());
    differing(&mut out, &noise, "None.");
    buffers(&mut out, report);
    phases(&mut out, report);
    out.push_str("</body></html>\n");
    out
}

/// What the device was handed, page by page; before it, whether the boot is as recorded from a real card.
fn buffers(out: &mut String, report: &Value) {
    for line in table::hardware(report) {
        let _ = writeln!(out, "<p>Real hardware: {}</p>", escape(&line));
    }
    let rows = list(&report["buffers"]);
    let _ = write!(
        out,
        "<h2>What the device was handed: DMA buffers {}</h2>\n<div class=\"wrap\"><table><tr><th class=\"n\">boot</th>\
         <th>buffer</th><th class=\"n\">bytes</th><th class=\"n\">pages</th><th>equal</th></tr>\n",
        escape(&table::buffers(report))
    );
    for row in rows {
        let equal = row["equal"] == Value::Bool(true);
        let _ = writeln!(
            out,
            "<tr><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"{}\">{}</td></tr>",
            text(&row["boot"]),
            text(&row["name"]),
            text(&row["size"]),
            text(&row["pages"]),
            if equal { "c" } else { "o" },
            text(&row["equal"])
        );
    }
    out.push_str("</table></div>\n");
}

fn sides(out: &mut String, report: &Value) {
    let rows: [(&str, &str); 9] = [
        ("booted", "GSP-RM booted"),
        ("drm_card", "DRM card and render node"),
        ("unloaded", "unloaded cleanly"),
        ("rpcs_sent", "messages sent"),
        ("rpcs_received", "messages received"),
        ("events", "of these, events"),
        ("register_accesses", "register accesses"),
        ("wall_s", "wall time, s"),
        ("module", "module"),
    ];
    let all: Vec<(&String, &Value)> = report["sides"].as_object().into_iter().flatten().collect();
    out.push_str("<h2>Sides</h2>\n<div class=\"wrap\"><table><tr><th></th>");
    for (name, _) in &all {
        let _ = write!(out, "<th class=\"n\">{}</th>", escape(name));
    }
    out.push_str("</tr>\n");
    for (key, title) in rows {
        let _ = write!(out, "<tr><td>{title}</td>");
        for (_, side) in &all {
            let _ = write!(out, "<td class=\"n\">{}</td>", text(&side[key]));
        }
        out.push_str("</tr>\n");
    }
    let line = |out: &mut String, title: &str, cell: &dyn Fn(&Value) -> String| {
        let _ = write!(out, "<tr><td>{title}</td>");
        for (_, side) in &all {
            let _ = write!(out, "<td class=\"n\">{}</td>", escape(&cell(side)));
        }
        out.push_str("</tr>\n");
    };
    line(out, "calls served by Rust", &served);
    line(out, "calls the model did not know", &|side| {
        list(&side["unknown_calls"]).len().to_string()
    });
    out.push_str("</table></div>\n");
}

fn problems(out: &mut String, report: &Value) {
    let problems = list(&report["problems"]);
    if !problems.is_empty() {
        out.push_str("<h2>Why the comparison is not valid</h2>\n<ul>");
        for problem in problems {
            let _ = write!(out, "<li>{}</li>", text(problem));
        }
        out.push_str("</ul>\n");
    }
    for (name, side) in report["sides"].as_object().into_iter().flatten() {
        let lines: Vec<String> = list(&side["last_lines"]).iter().map(text).collect();
        if !lines.is_empty() {
            let _ = write!(
                out,
                "<h2>Last lines of {}</h2>\n<pre>{}</pre>\n",
                escape(name),
                lines.join("\n")
            );
        }
    }
}

fn differing(out: &mut String, found: &[Value], none: &str) {
    if found.is_empty() {
        let _ = writeln!(out, "<p>{none}</p>");
        return;
    }
    out.push_str(
        "<div class=\"wrap\"><table><tr><th>kind</th><th>phase</th><th class=\"n\">message</th><th>what</th><th>field</th>\
         <th>C</th><th>other</th></tr>\n",
    );
    for d in found {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td>{}</td><td><code>{}</code></td>\
             <td><code class=\"c\">{}</code></td><td><code class=\"o\">{}</code></td></tr>",
            text(&d["kind"]),
            text(&d["phase"]),
            text(&d["message"]),
            text(&d["name"]),
            text(&d["field"]),
            text(&d["c"]),
            text(&d["other"])
        );
    }
    out.push_str("</table></div>\n");
}

fn phases(out: &mut String, report: &Value) {
    out.push_str(
        "<h2>Phases (guest time, which counts instructions)</h2>\n<div class=\"wrap\"><table>",
    );
    out.push_str("<tr><th>side</th><th>phase</th><th class=\"n\">ms</th><th></th></tr>\n");
    let all: Vec<(&String, &Value)> = report["sides"].as_object().into_iter().flatten().collect();
    let ms = |p: &Value| p["guest_ms"].as_u64().unwrap_or(0);
    let longest = all
        .iter()
        .flat_map(|(_, s)| list(&s["phases"]))
        .map(ms)
        .max()
        .unwrap_or(1)
        .max(1);
    let most = all
        .iter()
        .map(|(_, s)| list(&s["phases"]).len())
        .max()
        .unwrap_or(0);
    for n in 0..most {
        for (name, side) in &all {
            let Some(phase) = list(&side["phases"]).get(n) else {
                continue;
            };
            let ok = if phase["ok"] == Value::Bool(true) {
                ""
            } else {
                " (failed)"
            };
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{}{ok}</td><td class=\"n\">{}</td>\
                 <td style=\"width:40%\"><div class=\"bar\" style=\"width:{}%\"></div></td></tr>",
                escape(name),
                text(&phase["phase"]),
                ms(phase),
                (ms(phase) * 100 / longest).max(1)
            );
        }
    }
    out.push_str("</table></div>\n");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn text_is_escaped_and_nothing_is_loaded() {
        let report = json!({"verdict": "different", "gpu": "<b>", "differences": [{"kind": "payload", "c": "<script>"}],
            "sides": {"c1": {"phases": [{"phase": "load", "ok": true, "guest_ms": 5}]}}});
        let page = super::render(&report);
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
        assert!(!page.contains("http:") && !page.contains("https:"));
        assert!(page.contains("class=\"verdict different\""));
    }
}
