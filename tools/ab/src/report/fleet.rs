// SPDX-License-Identifier: GPL-2.0
//! The compatibility table of a fleet: `fleet.json`, a page, a table for a terminal.

use std::fmt::Write;
use std::path::Path;

use serde_json::json;
use serde_json::Value;

use crate::fleet;
use crate::fleet::Cell;
use crate::fleet::Found;
use crate::fleet::Run;
use crate::report::html::escape;
use crate::report::html::STYLE;

/// Version of the schema: grows when a field changes its meaning.
const SCHEMA: u64 = 1;

const GRID: &str = include_str!("fleet.css");

/// A link from a directory to what shows a run best.
fn link(out_dir: &Path, run: &Run) -> String {
    let page = run.file.with_extension("html");
    let target = if page.is_file() { &page } else { &run.file };
    fleet::relative(out_dir, target).display().to_string()
}

/// The data; links lead from `out_dir`.
pub fn json(found: &Found, out_dir: &Path) -> Value {
    let table = fleet::table(&found.runs);
    let cell = |cell: &Cell| {
        let runs: Vec<Value> = cell
            .runs
            .iter()
            .map(|&n| {
                let run = &found.runs[n];
                json!({"name": run.name, "verdict": run.verdict, "kernel": run.kernel, "seams": run.seams, "why": run.why,
                    "report": link(out_dir, run)})
            })
            .collect();
        json!({"verdict": cell.verdict(), "counts": cell.counts, "runs": runs})
    };
    let rows: Vec<Value> = table
        .rows
        .iter()
        .map(|((card, firmware), row)| {
            let cells: serde_json::Map<String, Value> = row
                .cells
                .iter()
                .map(|(name, c)| (name.clone(), cell(c)))
                .collect();
            json!({"card": card, "firmware": firmware, "kernels": row.kernels, "cells": cells})
        })
        .collect();
    let broken: Vec<Value> = found
        .broken
        .iter()
        .map(|(file, why)| json!({"file": fleet::relative(out_dir, file), "why": why}))
        .collect();
    json!({
        "schema": SCHEMA,
        "reports": found.runs.len(),
        "copies": found.copies,
        "others": found.others,
        "broken": broken,
        "subsystems": table.subsystems,
        "rows": rows,
    })
}

/// The table for a terminal.
pub fn text(found: &Found) -> String {
    let table = fleet::table(&found.runs);
    let mut lines = vec![["card", "firmware", "kernel"].map(String::from).to_vec()];
    lines[0].extend(table.subsystems.iter().cloned());
    for ((card, firmware), row) in &table.rows {
        let mut line = vec![card.clone(), firmware.clone(), row.kernels.join(" ")];
        for name in &table.subsystems {
            line.push(row.cells.get(name).map_or("-".into(), Cell::says));
        }
        lines.push(line);
    }
    let width = |column: usize| {
        let cells = lines.iter().map(|l| l[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut out = String::new();
    // Writing to a String cannot fail.
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let padded: Vec<String> = cells.map(|(cell, &w)| format!("{cell:w$}")).collect();
        let _ = writeln!(out, "{}", padded.join("  ").trim_end());
    }
    let _ = writeln!(
        out,
        "\n{} reports, {} copies of them left out, {} of something else left out, {} broken",
        found.runs.len(),
        found.copies,
        found.others,
        found.broken.len()
    );
    out
}

fn square(out: &mut String, found: &Found, out_dir: &Path, cell: Option<&Cell>) {
    let Some(cell) = cell else {
        out.push_str("<td class=\"empty\">–</td>");
        return;
    };
    let kernels: Vec<&str> = cell
        .runs
        .iter()
        .map(|&n| found.runs[n].kernel.as_deref().unwrap_or("?"))
        .collect();
    let _ = write!(
        out,
        "<td><details><summary class=\"{}\" title=\"{}\">{}</summary><ul>",
        cell.verdict(),
        escape(&kernels.join(", ")),
        escape(&cell.says())
    );
    for &n in &cell.runs {
        let run = &found.runs[n];
        let seams = if run.seams.is_empty() {
            "nothing".into()
        } else {
            run.seams.join(", ")
        };
        let _ = write!(
            out,
            "<li><a href=\"{}\">{}</a>: <b>{}</b>, {} in Rust, kernel {}",
            escape(&link(out_dir, run)),
            escape(&run.name),
            run.verdict,
            escape(&seams),
            escape(run.kernel.as_deref().unwrap_or("?"))
        );
        if !run.why.is_empty() {
            let _ = write!(out, "<br><span class=\"soft\">{}</span>", escape(&run.why));
        }
        out.push_str("</li>");
    }
    out.push_str("</ul></details></td>");
}

/// The page, to lie in `out_dir`.
pub fn render(found: &Found, out_dir: &Path) -> String {
    let table = fleet::table(&found.runs);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Compatibility: {} reports</title><style>{STYLE}{GRID}</style></head><body>\n\
         <h1>nouveau in C and in Rust: what works where</h1>\n\
         <p>{} reports. A run of several subsystems counts for each of them. Each square opens its runs; where they do not \
         agree, it says how many said what.</p>\n\
         <div class=\"wrap\"><table class=\"grid\"><tr><th>card</th><th>firmware</th>",
        found.runs.len(),
        found.runs.len()
    );
    for name in &table.subsystems {
        let _ = write!(out, "<th>{}</th>", escape(name));
    }
    out.push_str("<th>kernel</th></tr>\n");
    for ((card, firmware), row) in &table.rows {
        let _ = write!(
            out,
            "<tr><th class=\"card\" scope=\"row\">{}</th><td>{}</td>",
            escape(card),
            escape(firmware)
        );
        for name in &table.subsystems {
            square(&mut out, found, out_dir, row.cells.get(name));
        }
        let kernels: Vec<String> = row.kernels.iter().map(|k| escape(k)).collect();
        let _ = writeln!(out, "<td class=\"soft\">{}</td></tr>", kernels.join("<br>"));
    }
    out.push_str("</table></div>\n");
    if !found.broken.is_empty() {
        let _ = writeln!(
            out,
            "<h2>Broken reports <small>{}</small></h2>\n<ul>",
            found.broken.len()
        );
        for (file, why) in &found.broken {
            let file = fleet::relative(out_dir, file);
            let _ = writeln!(
                out,
                "<li><code>{}</code>: {}</li>",
                escape(&file.display().to_string()),
                escape(why)
            );
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</body></html>\n");
    out
}
