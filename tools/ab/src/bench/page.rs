// SPDX-License-Identifier: GPL-2.0
//! The bench's report as a page: one plot of (Rust - C) / C with least and most, and the numbers.

use std::fmt::Write;

use serde_json::Value;

use super::grouped;
use crate::report::html::escape;
use crate::report::html::STYLE;

/// Left of the plot is for names; the rest shows -PLOTTED to +PLOTTED.
const LEFT: f64 = 400.0;
const WIDTH: f64 = 560.0;
const LINE: f64 = 22.0;

/// Where a share of C is, of a plot that goes from `-most` to `most`.
fn x(share: f64, most: f64) -> f64 {
    LEFT + WIDTH * (share.clamp(-most, most) / most + 1.0) / 2.0
}

fn part(row: &Value, side: &str, what: &str) -> f64 {
    row["spread"][side][what].as_f64().unwrap_or(0.0)
}

/// (Rust - C) / C: middle, least and most. Least is Rust at its best against C at its worst.
fn shares(row: &Value) -> [f64; 3] {
    let share = |rust: f64, c: f64| (rust - c) / c.max(1.0);
    [
        share(part(row, "rust", "median"), part(row, "c", "median")),
        share(part(row, "rust", "min"), part(row, "c", "max")),
        share(part(row, "rust", "max"), part(row, "c", "min")),
    ]
}

fn plot(out: &mut String, rows: &[Value]) {
    let extremes = rows.iter().flat_map(shares).map(f64::abs);
    let targets = rows
        .iter()
        .filter_map(|r| Some((r["target"].as_f64()? - 1.0).abs()));
    // At least a tenth, so that a plot of nothing but noise does not look like a landscape.
    let most = extremes.chain(targets).fold(0.1, f64::max) * 1.05;
    let height = LINE * (rows.len() as f64 + 1.5);
    let zero = x(0.0, most);
    let _ = write!(
        out,
        "<div class=\"wrap\"><svg class=\"plot\" role=\"img\" aria-label=\"(Rust - C) / C\" \
         viewBox=\"0 0 {:.0} {height:.0}\" font-size=\"12\" fill=\"currentColor\">\n\
         <line x1=\"{zero:.1}\" x2=\"{zero:.1}\" y1=\"0\" y2=\"{:.0}\" stroke=\"currentColor\" stroke-opacity=\".5\"/>\n",
        LEFT + WIDTH + 10.0,
        height - LINE
    );
    for (n, row) in rows.iter().enumerate() {
        let y = LINE * (n as f64 + 0.7);
        let [middle, least, greatest] = shares(row);
        let name = escape(row["name"].as_str().unwrap_or("?"));
        let colour = if row["holds"] == Value::Bool(true) {
            "var(--good)"
        } else {
            "var(--bad)"
        };
        let _ = writeln!(
            out,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>\
             <line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>",
            LEFT - 8.0,
            y + 4.0,
            x(least, most),
            x(greatest, most),
            x(middle, most)
        );
        if let Some(target) = row["target"].as_f64() {
            let at = x(target - 1.0, most);
            let _ = writeln!(
                out,
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"var(--warn)\" stroke-width=\"2\"/>",
                y - 7.0,
                y + 7.0
            );
        }
    }
    let y = height - 4.0;
    for (share, anchor) in [(-most, "start"), (0.0, "middle"), (most, "end")] {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{:+.1} %</text>",
            x(share, most),
            share * 100.0
        );
    }
    out.push_str("</svg></div>\n");
}

/// The plot and the numbers, without the page around them.
pub(crate) fn body(out: &mut String, report: &Value) {
    let rows = report["rows"].as_array().map_or(&[][..], Vec::as_slice);
    plot(out, rows);
    out.push_str(
        "<div class=\"wrap\"><table><tr><th>row</th><th>unit</th><th class=\"n\">C</th><th class=\"n\">Rust</th>\
         <th class=\"n\">ratio</th><th class=\"n\">target</th><th>C, least to most</th><th>Rust, least to most</th>\
         <th class=\"n\">binds</th></tr>\n",
    );
    for row in rows {
        let range = |side: &str| {
            let of = |what: &str| grouped(part(row, side, what) as u64);
            format!("{} to {}", of("min"), of("max"))
        };
        let holds = row["holds"] == Value::Bool(true);
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n {}\">{:.4}</td>\
             <td class=\"n\">{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td></tr>",
            escape(row["name"].as_str().unwrap_or("?")),
            escape(row["unit"].as_str().unwrap_or("?")),
            grouped(row["c"].as_u64().unwrap_or(0)),
            grouped(row["rust"].as_u64().unwrap_or(0)),
            if holds { "c" } else { "o" },
            row["ratio"].as_f64().unwrap_or(0.0),
            row["target"].as_f64().map_or("–".into(), |t| format!("{t:.2}")),
            range("c"),
            range("rust"),
            row["spread"]["c"]["n"]
        );
    }
    out.push_str("</table></div>\n");
}

/// The page.
pub fn render(report: &Value) -> String {
    let word = report["verdict"].as_str().unwrap_or("failed");
    let class = match word {
        "held" => "equal",
        "missed" => "different",
        _ => "failed",
    };
    let seams: Vec<&str> = report["seams"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut out = String::new();
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>C against Rust: targets {word}</title><style>{STYLE}</style></head><body>\n\
         <h1>What binding nouveau costs, in C and in Rust</h1>\n\
         <p><span class=\"verdict {class}\">targets {word}</span></p>\n\
         <p>Kernel {}. Rust serves <b>{}</b> on the Rust side. Guest time counts instructions ({} ns each), so that a busy \
         machine measures the same. Dots are (Rust - C) / C of the medians; lines go from Rust's best against C's worst to \
         the reverse; the upright mark is the target.</p>\n",
        escape(report["kernel"].as_str().unwrap_or("?")),
        escape(&seams.join(", ")),
        report["ns_per_instruction"]
    );
    for problem in report["problems"].as_array().into_iter().flatten() {
        let _ = writeln!(
            out,
            "<p class=\"o\">{}</p>",
            escape(problem.as_str().unwrap_or("?"))
        );
    }
    body(&mut out, report);
    out.push_str("</body></html>\n");
    out
}
