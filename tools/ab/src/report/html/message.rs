// SPDX-License-Identifier: GPL-2.0
//! One message on two sides: header and decoded fields beside each other, the bytes below.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::names::Field;
use crate::names::Names;
use crate::report::html::escape;
use crate::trace::Message;

/// Fields that do not differ and are not zero, shown of a message that differs.
const AROUND: usize = 60;
/// Lines of bytes shown at once.
const LINES: usize = 96;
/// Bytes a line.
const LINE: usize = 16;

/// A message as it was, and as it is compared (addresses numbered).
#[derive(Clone, Copy)]
pub struct Both<'a> {
    /// As it was.
    pub raw: &'a Message,
    /// As it is compared.
    pub compared: &'a Message,
}

/// A field of the header: its name, and where it is.
type HeaderField = (&'static str, fn(&Message) -> u32);

/// What a field has on both sides.
#[derive(Default)]
struct Pair {
    size: usize,
    shown: [Option<String>; 2],
    /// Some side has something else than zeros.
    filled: bool,
}

fn differs(sides: [Option<&Message>; 2], from: usize, size: usize) -> bool {
    let [a, b] = sides.map(|m| {
        let bytes = m.map_or(&[][..], |m| m.payload.as_slice());
        bytes
            .get(from..)
            .map(|rest| &rest[..size.min(rest.len())])
            .unwrap_or_default()
    });
    a != b
}

fn value(shown: &Option<String>) -> String {
    shown
        .as_deref()
        .map_or("–".into(), |s| format!("<code>{}</code>", escape(s)))
}

fn line(out: &mut String, class: &str, name: &str, at: &str, values: [&Option<String>; 2]) {
    let [c, other] = values.map(value);
    let _ = writeln!(
        out,
        "<tr class=\"{class}\"><td><code>{}</code></td><td class=\"n\"><code>{at}</code></td><td>{c}</td><td>{other}</td></tr>",
        escape(name)
    );
}

fn header(out: &mut String, sides: [Option<Both<'_>>; 2]) {
    let fields: [HeaderField; 5] = [
        ("rpc.length", |m| m.len),
        ("rpc.sequence", |m| m.seq),
        ("element.sequence", |m| m.elem_seq),
        ("rpc.result", |m| m.result),
        ("pages", |m| m.elems),
    ];
    let mut same = Vec::new();
    for (name, get) in fields {
        let shown = sides.map(|s| s.map(|s| format!("{:#x}", get(s.raw))));
        match &shown {
            [Some(c), Some(other)] if c == other => same.push(format!("{name} {c}")),
            [c, other] => line(out, "ne", name, "", [c, other]),
        }
    }
    if !same.is_empty() {
        let same = same.join(", ");
        let _ = writeln!(
            out,
            "<tr class=\"rest\"><td colspan=\"4\">the same: {same}</td></tr>"
        );
    }
}

fn fields(out: &mut String, sides: [Option<Both<'_>>; 2], names: &dyn Names) {
    let mut all: BTreeMap<(usize, String), Pair> = BTreeMap::new();
    for (n, side) in sides.iter().enumerate() {
        for Field {
            path,
            offset,
            size,
            shown,
            zero,
        } in side.map_or(Vec::new(), |s| names.fields(s.raw))
        {
            let pair = all.entry((offset, path)).or_default();
            pair.size = pair.size.max(size);
            pair.shown[n] = Some(shown);
            pair.filled |= !zero;
        }
    }
    let compared = sides.map(|s| s.map(|s| s.compared));
    let (mut zeros, mut more, mut plain) = (0, 0, 0);
    for ((offset, path), pair) in &all {
        let at = format!("+{offset:#x}");
        let [c, other] = [&pair.shown[0], &pair.shown[1]];
        if differs(compared, *offset, pair.size) {
            line(out, "ne", path, &at, [c, other]);
            continue;
        }
        if !pair.filled {
            zeros += 1;
            continue;
        }
        plain += 1;
        if plain > AROUND {
            more += 1;
            continue;
        }
        // Two addresses of the same buffer: not a difference, though they do not look it.
        let class = if c == other { "eq" } else { "eq address" };
        line(out, class, path, &at, [c, other]);
    }
    for (count, what) in [
        (zeros, "fields that are zero on both sides"),
        (more, "more fields, the same on both sides"),
    ] {
        if count > 0 {
            let _ = writeln!(
                out,
                "<tr class=\"rest\"><td colspan=\"4\">{count} {what}</td></tr>"
            );
        }
    }
}

/// The bytes of a line as digits, those that differ marked.
fn digits(bytes: &[u8], other: &[u8], at: usize) -> String {
    let mut out = String::new();
    for n in at..at + LINE {
        let Some(byte) = bytes.get(n) else { break };
        let gap = if n % LINE == 8 { " " } else { "" };
        let _ = if other.get(n) == Some(byte) {
            write!(out, "{gap}{byte:02x} ")
        } else {
            write!(out, "{gap}<mark>{byte:02x}</mark> ")
        };
    }
    out
}

/// The bytes of both sides as they were, lines that are equal folded. What differs is marked by what is compared.
fn bytes(out: &mut String, sides: [Option<Both<'_>>; 2]) {
    let empty: &[u8] = &[];
    let compared = sides.map(|s| s.map_or(empty, |s| s.compared.payload.as_slice()));
    let len = compared[0].len().max(compared[1].len());
    let lines = len.div_ceil(LINE);
    let other_than = |n: usize| {
        let [a, b] =
            compared.map(|bytes| bytes.get(n * LINE..len.min((n + 1) * LINE).min(bytes.len())));
        a != b
    };
    let near = |n: usize| (n.saturating_sub(1)..lines.min(n + 2)).any(other_than);
    out.push_str("<div class=\"wrap\"><table class=\"hex\"><tr><th>offset</th><th>C</th><th>Rust</th></tr>\n");
    let (mut folded, mut shown) = (0, 0);
    let fold = |out: &mut String, folded: &mut usize| {
        if *folded > 0 {
            let _ = writeln!(
                out,
                "<tr class=\"rest\"><td colspan=\"3\">{} bytes, equal or not shown</td></tr>",
                *folded * LINE
            );
        }
        *folded = 0;
    };
    for n in 0..lines {
        if !near(n) || shown >= LINES {
            folded += 1;
            continue;
        }
        fold(out, &mut folded);
        shown += 1;
        let [c, other] = [
            digits(compared[0], compared[1], n * LINE),
            digits(compared[1], compared[0], n * LINE),
        ];
        let _ = writeln!(
            out,
            "<tr><td><code>{:#06x}</code></td><td><code>{c}</code></td><td><code>{other}</code></td></tr>",
            n * LINE
        );
    }
    fold(out, &mut folded);
    out.push_str("</table></div>\n");
}

/// The message on the C side and on the Rust side, either of which may lack it.
pub fn detail(out: &mut String, sides: [Option<Both<'_>>; 2], names: &dyn Names) {
    out.push_str(
        "<div class=\"wrap\"><table class=\"fields\"><tr><th>field</th><th class=\"n\">offset</th><th>C</th><th>Rust</th></tr>\n",
    );
    header(out, sides);
    fields(out, sides, names);
    out.push_str("</table></div>\n");
    if sides.iter().flatten().any(|s| !s.raw.payload.is_empty()) {
        out.push_str(
            "<p class=\"soft\">Bytes behind the RPC header, DMA addresses numbered:</p>\n",
        );
        bytes(out, sides);
    }
}
