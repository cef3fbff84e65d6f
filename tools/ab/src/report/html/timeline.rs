// SPDX-License-Identifier: GPL-2.0
//! The timeline: a lane a side, with driver and GSP as its two lines and each message as an arrow between them.
//!
//! Messages that correspond stand in the same row, which has their name once. Long stretches in which nothing differs are
//! folded. What a row opens is data for the page's script.

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::json;
use serde_json::Value;

use crate::names::Names;
use crate::report::html::escape;
use crate::report::html::evidence::Evidence;
use crate::report::html::evidence::SIDES;
use crate::report::html::rows::Row;
use crate::report::html::rows::Rows;
use crate::report::html::rows::State;
use crate::trace::Message;
use crate::trace::Queue;

/// Rows without a difference that are left unfolded at both ends of a stretch.
const AROUND: usize = 3;
/// So many rows are worth folding.
const WORTH: usize = 12;
/// Fields that a row opens, of a message that is the same on all sides: those that are not zero, this many.
const FIELDS: usize = 40;
/// Bytes that it opens.
const BYTES: usize = 192;

/// The rows of one phase.
struct Band {
    phase: String,
    rows: Vec<usize>,
}

fn message<'a>(evidence: &'a Evidence, row: &Row, side: usize) -> Option<&'a Message> {
    let seen = evidence.sides[side].as_ref()?;
    seen.run.trace.messages.get(row.at[side]?)
}

/// The message that gives a row its name: C's, if C has it.
fn first<'a>(evidence: &'a Evidence, row: &Row) -> Option<(usize, &'a Message)> {
    (0..3).find_map(|side| Some((side, message(evidence, row, side)?)))
}

fn bands(rows: &Rows, evidence: &Evidence) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for (n, row) in rows.0.iter().enumerate() {
        let Some((side, message)) = first(evidence, row) else {
            continue;
        };
        let Some(seen) = &evidence.sides[side] else {
            continue;
        };
        let phase = seen.run.phase(message.mark);
        match bands.last_mut() {
            Some(last) if last.phase == phase => last.rows.push(n),
            _ => bands.push(Band {
                phase,
                rows: vec![n],
            }),
        }
    }
    bands
}

/// What rows open: messages that are alike are there once.
#[derive(Default)]
struct Details {
    known: HashMap<(u32, u32, Vec<u8>), usize>,
    list: Vec<Value>,
    of_row: Vec<Value>,
}

impl Details {
    fn add(&mut self, message: &Message, names: &dyn Names) -> usize {
        let key = (message.function, message.len, message.payload.clone());
        if let Some(&n) = self.known.get(&key) {
            return n;
        }
        let all = names.fields(message);
        let filled: Vec<Value> = all
            .iter()
            .filter(|f| !f.zero)
            .map(|f| json!([f.path, f.offset, f.shown]))
            .collect();
        let shown = filled.len().min(FIELDS);
        let mut hex = String::new();
        for byte in message.payload.iter().take(BYTES) {
            let _ = write!(hex, "{byte:02x}");
        }
        self.list.push(json!({
            "f": filled[..shown],
            "zero": all.len() - filled.len(),
            "more": filled.len() - shown,
            "hex": hex,
            "size": message.payload.len(),
        }));
        self.known.insert(key, self.list.len() - 1);
        self.list.len() - 1
    }
}

fn arrow(out: &mut String, message: Option<&Message>, traced: bool) {
    let Some(m) = message else {
        let text = if traced { "not here" } else { "" };
        let _ = write!(out, "<i class=\"gap\">{text}</i>");
        return;
    };
    let class = match m.q {
        _ if m.is_event() => "event",
        Queue::Cmdq => "sent",
        Queue::Msgq => "got",
    };
    let _ = write!(
        out,
        "<i class=\"{class}\"><b>{}</b><u>{} B</u></i>",
        m.n, m.len
    );
}

/// What a person who does not see the arrows is told.
fn spoken(evidence: &Evidence, row: &Row) -> String {
    let missing: Vec<&str> = (0..3)
        .filter(|&side| evidence.sides[side].is_some() && row.at[side].is_none())
        .map(|side| SIDES[side])
        .collect();
    let way = match first(evidence, row) {
        Some((_, m)) if m.is_event() => "event from GSP",
        Some((_, m)) if m.q == Queue::Cmdq => "from the driver to GSP",
        _ => "from GSP to the driver",
    };
    let state = match row.state {
        State::Same => "the same on all sides",
        State::Noise => "the C sides differ",
        State::Meant => "C and Rust differ as intended",
        State::Different => "C and Rust differ",
    };
    if missing.is_empty() {
        format!("{way}, {state}")
    } else {
        format!("{way}, not on {}", missing.join(", "))
    }
}

fn line(out: &mut String, evidence: &Evidence, n: usize, row: &Row, difference: Option<usize>) {
    let title = first(evidence, row).map_or("?".into(), |(_, m)| evidence.names.title(m));
    let link = difference.map_or(String::new(), |d| format!(" data-d=\"{d}\""));
    let _ = write!(
        out,
        "<button class=\"row {}\" id=\"r{n}\"{link} aria-expanded=\"false\">\
         <span class=\"what\">{}</span><span class=\"sr\"> {}</span>",
        row.state.class(),
        escape(&title).replace('_', "_<wbr>"),
        spoken(evidence, row)
    );
    for side in 0..3 {
        let traced = evidence.sides[side].is_some();
        arrow(out, message(evidence, row, side), traced);
    }
    out.push_str("</button>\n");
}

/// Stretches of a band: rows, and whether they are folded.
fn stretches(band: &Band, rows: &Rows) -> Vec<(Vec<usize>, bool)> {
    let all = &band.rows;
    let other = |at: usize| rows.0[all[at]].state != State::Same;
    let near = |at: usize| {
        let (from, to) = (at.saturating_sub(AROUND), all.len().min(at + AROUND + 1));
        at < AROUND || at + AROUND >= all.len() || (from..to).any(other)
    };
    let mut out: Vec<(Vec<usize>, bool)> = Vec::new();
    for (at, &row) in all.iter().enumerate() {
        let folded = !near(at);
        match out.last_mut() {
            Some((list, same)) if *same == folded => list.push(row),
            _ => out.push((vec![row], folded)),
        }
    }
    for (list, folded) in &mut out {
        *folded = *folded && list.len() >= WORTH;
    }
    out
}

fn band(
    out: &mut String,
    evidence: &Evidence,
    rows: &Rows,
    band: &Band,
    of: &HashMap<usize, usize>,
) {
    let differing = |n: &&usize| rows.0[**n].state == State::Different;
    let count = match band.rows.iter().filter(differing).count() {
        0 => String::new(),
        n => format!(", <b class=\"o\">{n} with differences</b>"),
    };
    let _ = writeln!(
        out,
        "<details class=\"phase\" open><summary><b>{}</b> <span class=\"soft\">{} message{}{count}</span></summary>",
        escape(&band.phase),
        band.rows.len(),
        if band.rows.len() == 1 { "" } else { "s" }
    );
    for (list, folded) in stretches(band, rows) {
        if folded {
            let _ = writeln!(
                out,
                "<details class=\"fold\"><summary>{} messages, the same on all sides</summary>",
                list.len()
            );
        }
        for n in list {
            line(out, evidence, n, &rows.0[n], of.get(&n).copied());
        }
        if folded {
            out.push_str("</details>\n");
        }
    }
    out.push_str("</details>\n");
}

/// The section; `of_rows` says which row is about which difference. Gives what rows open, for the page's script.
pub fn render(
    out: &mut String,
    evidence: &Evidence,
    rows: &Rows,
    of_rows: &[(usize, usize)],
) -> Value {
    if rows.0.is_empty() {
        out.push_str("<p class=\"soft\">There are no wire traces.</p>\n");
        return json!({"rows": [], "details": []});
    }
    // The first group of a row is the one that it opens.
    let of: HashMap<usize, usize> = of_rows.iter().rev().copied().collect();
    out.push_str(
        "<p>Each side is a lane between driver and GSP. Messages that correspond are in one row, with each trace's own number; \
         a row opens what is in it.</p>\n\
         <div class=\"tools\" role=\"group\" aria-label=\"timeline\" hidden>\
         <label><input type=\"checkbox\" id=\"only\"> only differences</label>\
         <label>filter <input type=\"search\" id=\"filter\" placeholder=\"name or number\"></label>\
         <button type=\"button\" id=\"unfold\">unfold all</button><span id=\"count\" role=\"status\"></span></div>\n\
         <p class=\"key\"><i class=\"sent\"></i> driver to GSP <i class=\"got\"></i> GSP to driver \
         <i class=\"event\"></i> event</p>\n\
         <div id=\"timeline\" class=\"timeline\" tabindex=\"0\" role=\"region\" aria-label=\"messages of c1, c2 and rust\">\n\
         <div class=\"lanes\" aria-hidden=\"true\"><span></span>",
    );
    for name in SIDES {
        let _ = write!(
            out,
            "<i><small>driver</small><b>{name}</b><small>GSP</small></i>"
        );
    }
    out.push_str("</div>\n");
    for one in bands(rows, evidence) {
        band(out, evidence, rows, &one, &of);
    }
    out.push_str("</div>\n");
    let mut details = Details::default();
    for (n, row) in rows.0.iter().enumerate() {
        let shown = match first(evidence, row) {
            // What differs is in the list of differences.
            Some((_, m)) if !of.contains_key(&n) => {
                json!([
                    details.add(m, &*evidence.names),
                    m.seq,
                    m.elem_seq,
                    m.result,
                    m.elems
                ])
            }
            _ => Value::Null,
        };
        details.of_row.push(shown);
    }
    json!({"rows": details.of_row, "details": details.list})
}
