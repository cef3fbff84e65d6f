// SPDX-License-Identifier: GPL-2.0
//! The differences, those of one message together; each opens what is behind it.

use std::fmt::Write;

use serde_json::json;
use serde_json::Value;

use crate::names;
use crate::names::Field;
use crate::names::Names;
use crate::report::html::escape;
use crate::report::html::evidence::Evidence;
use crate::report::html::list;
use crate::report::html::message;
use crate::report::html::message::Both;
use crate::report::html::registers::Registers;
use crate::report::html::rows::Rows;
use crate::report::html::text;

/// So many are shown at once; the rest is folded.
const SHOWN: usize = 40;

/// Differences that are shown together.
struct Group<'a> {
    items: Vec<&'a Value>,
    /// The row of the timeline.
    row: Option<usize>,
    /// The stretch of the register trace.
    hunk: Option<usize>,
}

fn groups<'a>(
    found: &'a [Value],
    rows: &Rows,
    registers: &Registers,
    evidence: &Evidence,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places = registers.places();
    for item in found {
        let row = rows.find(evidence, item);
        let hunk = places.find(item);
        match groups.last_mut() {
            Some(last) if row.is_some() && last.row == row => last.items.push(item),
            Some(last) if hunk.is_some() && last.hunk == hunk => last.items.push(item),
            _ => groups.push(Group {
                items: vec![item],
                row,
                hunk,
            }),
        }
    }
    groups
}

/// Which group is about which row of the timeline: row, number of the group.
pub fn of_rows(
    found: &[Value],
    rows: &Rows,
    registers: &Registers,
    evidence: &Evidence,
) -> Vec<(usize, usize)> {
    let groups = groups(found, rows, registers, evidence);
    let numbered = groups.iter().enumerate();
    numbered
        .filter_map(|(n, group)| Some((group.row?, n)))
        .collect()
}

/// What the field that a difference is in has on both sides, if somebody knows that field; the difference itself has the bytes.
fn values(item: &Value, sides: [Option<Both<'_>>; 2], names: &dyn Names) -> Option<[Value; 2]> {
    item["decoded"].as_str()?;
    let at = names::offset(item["field"].as_str()?)?;
    let of = |side: Option<Both<'_>>| {
        let fields = names.fields(side?.raw);
        let has = |f: &Field| (f.offset..f.offset + f.size).contains(&at);
        Some(json!(fields.into_iter().find(has)?.shown))
    };
    let [c, other] = [of(sides[0])?, of(sides[1])?];
    (c != other).then_some([c, other])
}

fn summary(out: &mut String, group: &Group<'_>, title: &str, known: Option<[Value; 2]>) {
    let first = group.items[0];
    let [c, other] = known.unwrap_or_else(|| [first["c"].clone(), first["other"].clone()]);
    let kind = text(&first["kind"]);
    let _ = write!(
        out,
        "<summary><span class=\"kind {kind}\">{kind}</span> <span class=\"soft\">{}</span> <b>{}</b>",
        text(&first["phase"]),
        escape(title)
    );
    if group.items.len() > 1 {
        let _ = write!(
            out,
            " <span class=\"soft\">{} places</span>",
            group.items.len()
        );
    }
    let field = first["decoded"]
        .as_str()
        .or(first["field"].as_str())
        .unwrap_or_default();
    if !field.is_empty() {
        let _ = write!(out, " <code>{}</code>", escape(field));
    }
    let _ = writeln!(
        out,
        " <span class=\"values\"><code class=\"c\">{}</code> → <code class=\"o\">{}</code></span></summary>",
        short(&c),
        short(&other)
    );
}

/// A value that fits into a line.
fn short(value: &Value) -> String {
    const LONGEST: usize = 60;
    match value.as_str() {
        Some("") | None => "nothing".into(),
        Some(s) if s.chars().count() > LONGEST => {
            escape(&s.chars().take(LONGEST).collect::<String>()) + "…"
        }
        Some(s) => escape(s),
    }
}

/// The differences as they stand in the report.
pub fn table(out: &mut String, found: &[&Value]) {
    out.push_str(
        "<div class=\"wrap\"><table class=\"lines\"><tr><th>kind</th><th>phase</th><th class=\"n\">message</th><th>what</th><th>field</th>\
         <th>C</th><th>other</th></tr>\n",
    );
    for d in found {
        let name = match d["decoded"].as_str() {
            Some(path) => format!("<code>{}</code><br>", escape(path)),
            None => String::new(),
        };
        let field = d["field"].as_str().map_or(String::new(), escape);
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td>{}</td><td>{name}<code>{field}</code></td>\
             <td><code class=\"c\">{}</code></td><td><code class=\"o\">{}</code></td></tr>",
            text(&d["kind"]),
            text(&d["phase"]),
            text(&d["message"]),
            text(&d["name"]),
            text(&d["c"]),
            text(&d["other"])
        );
    }
    out.push_str("</table></div>\n");
}

/// The message that a group is about, on both sides.
fn messages<'a>(evidence: &'a Evidence, rows: &Rows, row: Option<usize>) -> [Option<Both<'a>>; 2] {
    let at = row.map(|n| rows.0[n].at);
    [0, 2].map(|side| {
        let seen = evidence.sides[side].as_ref()?;
        let at = at?[side]?;
        Some(Both {
            raw: &seen.run.trace.messages[at],
            compared: &seen.messages[at],
        })
    })
}

/// All differences.
pub fn render(
    out: &mut String,
    found: &[Value],
    rows: &Rows,
    registers: &Registers,
    evidence: &Evidence,
) {
    let groups = groups(found, rows, registers, evidence);
    for (n, group) in groups.iter().enumerate() {
        if n == SHOWN {
            let rest = groups.len() - SHOWN;
            let _ = writeln!(
                out,
                "<details class=\"more\"><summary>{rest} more</summary>"
            );
        }
        let sides = messages(evidence, rows, group.row);
        let title = sides.iter().flatten().next().map_or_else(
            || group.items[0]["name"].as_str().unwrap_or("?").to_string(),
            |side| evidence.names.title(side.raw),
        );
        let _ = write!(out, "<details class=\"diff\" id=\"d{n}\"");
        if let Some(row) = group.row {
            let _ = write!(out, " data-row=\"{row}\"");
        }
        if let Some(hunk) = group.hunk {
            let _ = write!(out, " data-hunk=\"{hunk}\"");
        }
        out.push('>');
        let known = values(group.items[0], sides, &*evidence.names);
        summary(out, group, &title, known);
        if let Some(row) = group.row {
            let _ = writeln!(
                out,
                "<p><a href=\"#r{row}\">Show it in the timeline</a></p>"
            );
        }
        if let Some(hunk) = group.hunk {
            let _ = writeln!(
                out,
                "<p><a href=\"#h{hunk}\">Show it in the register trace</a></p>"
            );
        }
        table(out, &group.items);
        if sides.iter().any(Option::is_some) {
            message::detail(out, sides, &*evidence.names);
        }
        out.push_str("</details>\n");
    }
    if groups.len() > SHOWN {
        out.push_str("</details>\n");
    }
}

/// A list that needs no more than its lines.
pub fn plain(out: &mut String, found: &[Value], none: &str) {
    if found.is_empty() {
        let _ = writeln!(out, "<p>{none}</p>");
        return;
    }
    table(out, &found.iter().collect::<Vec<_>>());
}

/// Differences of a report's list.
pub fn of(report: &Value) -> &[Value] {
    list(&report["differences"])
}
