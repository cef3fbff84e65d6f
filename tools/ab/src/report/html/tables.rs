// SPDX-License-Identifier: GPL-2.0
//! The page's tables: sides, why it failed, buffers, phases, what was done to the driver, what it costs.

use std::fmt::Write;

use serde_json::Value;

use crate::bench;
use crate::report::html::escape;
use crate::report::html::list;
use crate::report::html::text;
use crate::report::table;
use crate::report::table::served;

fn all(report: &Value) -> Vec<(&String, &Value)> {
    report["sides"].as_object().into_iter().flatten().collect()
}

/// The three sides.
pub fn sides(out: &mut String, report: &Value) {
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
    let all = all(report);
    out.push_str("<div class=\"wrap\"><table><tr><th></th>");
    for (name, _) in &all {
        let _ = write!(out, "<th class=\"n\">{}</th>", escape(name));
    }
    out.push_str("</tr>\n");
    let mut line = |title: &str, cell: &dyn Fn(&Value) -> String| {
        let _ = write!(out, "<tr><td>{title}</td>");
        for (_, side) in &all {
            let _ = write!(out, "<td class=\"n\">{}</td>", cell(side));
        }
        out.push_str("</tr>\n");
    };
    for (key, title) in rows {
        line(title, &|side| text(&side[key]));
    }
    line("calls served by Rust", &|side| escape(&served(side)));
    line("calls the model did not know", &|side| {
        list(&side["unknown_calls"]).len().to_string()
    });
    out.push_str("</table></div>\n");
}

/// Why the comparison is void, and what the sides said last.
pub fn problems(out: &mut String, report: &Value) {
    let problems = list(&report["problems"]);
    if !problems.is_empty() {
        out.push_str("<h2 id=\"problems\">Why the comparison is not valid</h2>\n<ul>");
        for problem in problems {
            let _ = write!(out, "<li>{}</li>", text(problem));
        }
        out.push_str("</ul>\n");
    }
    for (name, side) in all(report) {
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

/// What the device was handed, page by page; before it, whether the boot is as recorded from a real card.
pub fn buffers(out: &mut String, report: &Value) {
    for line in table::hardware(report) {
        let _ = writeln!(out, "<p>Real hardware: {}</p>", escape(&line));
    }
    if let Some(tap) = report["tap"].as_str() {
        let _ = writeln!(
            out,
            "<p class=\"soft\">Seen by {}: what the device was handed is not known.</p>",
            escape(tap)
        );
        return;
    }
    let rows = list(&report["buffers"]);
    let _ = write!(
        out,
        "<p>DMA buffers {}</p>\n<details{}><summary>all of them</summary>\n\
         <div class=\"wrap\"><table><tr><th class=\"n\">boot</th>\
         <th>buffer</th><th class=\"n\">bytes</th><th class=\"n\">pages</th><th>equal</th></tr>\n",
        escape(&table::buffers(report)),
        if rows.iter().any(|r| r["equal"] == false) {
            " open"
        } else {
            ""
        }
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
    out.push_str("</table></div></details>\n");
}

/// How long each phase took, a bar a side.
pub fn phases(out: &mut String, report: &Value) {
    let all = all(report);
    let ms = |p: &Value| p["guest_ms"].as_u64().unwrap_or(0);
    let every = || all.iter().flat_map(|(_, side)| list(&side["phases"]));
    let longest = every().map(ms).max().unwrap_or(1).max(1);
    let most = all
        .iter()
        .map(|(_, side)| list(&side["phases"]).len())
        .max();
    out.push_str(
        "<p class=\"soft\">Guest time, which counts instructions.</p>\n<div class=\"wrap\"><table class=\"phases\">\
         <tr><th>phase</th><th>side</th><th class=\"n\">ms</th><th></th></tr>\n",
    );
    for n in 0..most.unwrap_or(0) {
        let here = all
            .iter()
            .filter(|(_, side)| list(&side["phases"]).len() > n);
        for (at, (name, side)) in here.enumerate() {
            let phase = &list(&side["phases"])[n];
            let failed = phase["ok"] != Value::Bool(true);
            let title = if at == 0 {
                text(&phase["phase"])
            } else {
                String::new()
            };
            let _ = writeln!(
                out,
                "<tr{}><td>{title}</td><td>{}{}</td><td class=\"n\">{}</td>\
                 <td><div class=\"bar {}\" style=\"width:{:.1}%\"></div></td></tr>",
                if at == 0 { " class=\"first\"" } else { "" },
                escape(name),
                if failed {
                    " <b class=\"o\">failed</b>"
                } else {
                    ""
                },
                ms(phase),
                escape(name),
                (ms(phase) as f64 * 100.0 / longest as f64).max(0.3)
            );
        }
    }
    out.push_str("</table></div>\n");
}

fn not_run(out: &mut String, command: &str) {
    let _ = writeln!(
        out,
        "<p class=\"not-run\">not run: <code>{command}</code> runs it.</p>"
    );
}

/// What was done to the driver by a device that does not behave.
pub fn hostile(out: &mut String, report: Option<&Value>) {
    let Some(report) = report else {
        not_run(out, "make hostile");
        return;
    };
    out.push_str("<div class=\"wrap\"><table><tr><th>attack</th><th>C</th><th>Rust</th></tr>\n");
    for row in list(&report["rows"]) {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            text(&row["attack"]),
            text(&row["c"]),
            text(&row["rust"])
        );
    }
    out.push_str("</table></div>\n");
}

/// What a bind costs.
pub fn bench(out: &mut String, report: Option<&Value>) {
    let Some(report) = report else {
        not_run(out, "make bench");
        return;
    };
    let seams: Vec<String> = list(&report["seams"]).iter().map(text).collect();
    let _ = writeln!(
        out,
        "<p>Targets <b class=\"{}\">{}</b>; kernel {}, {} in Rust.</p>",
        if report["verdict"] == "held" {
            "c"
        } else {
            "o"
        },
        text(&report["verdict"]),
        text(&report["kernel"]),
        seams.join(", ")
    );
    bench::page::body(out, report);
}
