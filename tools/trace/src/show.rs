// SPDX-License-Identifier: GPL-2.0
//! A trace as text, or as JSON, one object a line.

use std::collections::HashMap;
use std::io;
use std::io::Write;

use serde_json::json;
use serde_json::Value as Json;

use crate::decode::Kind;
use crate::decode::Value;
use crate::filter::Filter;
use crate::to_hex;
use crate::Decoded;
use crate::Decoder;
use crate::Entry;
use crate::Field;
use crate::Message;
use crate::Queue;
use crate::Trace;

/// How to print.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// JSON.
    pub json: bool,
    /// Padding, and elements of arrays that are 0, too.
    pub all: bool,
}

/// What was not understood of what was printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    /// Messages with something that has no name.
    pub messages: usize,
    /// Bytes that no field has.
    pub bytes: usize,
    /// Messages that lack bytes of their own.
    pub cut: usize,
}

impl Doubt {
    /// Counts a message.
    pub fn add(&mut self, message: &Message, decoded: &Decoded) {
        self.messages += usize::from(decoded.is_unknown());
        self.bytes += decoded.unknown_bytes();
        self.cut += usize::from(message.missing() > 0);
    }

    /// Whether all was understood.
    pub fn none(self) -> bool {
        self == Self::default()
    }
}

/// Where lines go. A mark is printed when something follows it.
struct Lines<'a> {
    out: &'a mut dyn Write,
    json: bool,
    mark: Option<u32>,
}

impl Lines<'_> {
    fn line(
        &mut self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> Json,
    ) -> io::Result<()> {
        if let Some(n) = self.mark.take() {
            match self.json {
                true => writeln!(self.out, "{}", json!({"mark": n}))?,
                false => writeln!(self.out, "--- mark {n}")?,
            }
        }
        match self.json {
            true => writeln!(self.out, "{}", json()),
            false => writeln!(self.out, "{}", text().trim_end_matches('\n')),
        }
    }
}

/// Prints what is wanted of a trace.
///
/// # Errors
///
/// It cannot be written.
pub fn trace(
    out: &mut dyn Write,
    trace: &Trace,
    decoder: &Decoder,
    filter: &Filter,
    style: Style,
) -> io::Result<Doubt> {
    let mut doubt = Doubt::default();
    let mut joined: HashMap<usize, Message> = trace.joined_numbered().into_iter().collect();
    let mut lines = Lines {
        out,
        json: style.json,
        mark: None,
    };
    // Who asks for certain messages is not asking for what else happened.
    let beside = |mark: Option<u32>| !filter.narrow() && filter.mark(mark);
    for entry in &trace.order {
        match *entry {
            Entry::Message(n) => {
                // The later parts of a split message are in the first.
                let Some(message) = joined.remove(&n).filter(|m| filter.message(m)) else {
                    continue;
                };
                let decoded = decoder.message(&message);
                let has = decoded.fields.iter().any(|f| filter.field(&f.path));
                if !has && !filter.fields.is_empty() {
                    continue;
                }
                doubt.add(&message, &decoded);
                lines.line(
                    || message_text(&message, &decoded, filter, style),
                    || message_json(&message, &decoded, filter),
                )?;
            }
            Entry::Access(n) if filter.access(&trace.accesses[n]) => {
                let access = &trace.accesses[n];
                let kind = if access.write { "W" } else { "R" };
                lines.line(
                    || format!("{kind} {:#08x} {}", access.addr, access.shown()),
                    || json!({"mmio": kind, "addr": access.addr, "value": access.value, "mark": access.mark}),
                )?;
            }
            Entry::Mark(n) => lines.mark = filter.mark(Some(n)).then_some(n),
            Entry::Boot(n) if beside(trace.boot[n].mark) => {
                let boot = &trace.boot[n];
                lines.line(
                    || format!("boot {} status {}", boot.phase, boot.status),
                    || json!({"boot": boot.phase, "status": boot.status, "mark": boot.mark}),
                )?;
            }
            Entry::Shadow(n) if beside(trace.shadow[n].mark) => {
                let s = &trace.shadow[n];
                lines.line(
                    || format!("shadow {} {}: C {:#x}, Rust {:#x}", s.subsystem, s.what, s.c, s.rust),
                    || json!({"shadow": s.subsystem, "what": s.what, "c": s.c, "rust": s.rust, "mark": s.mark}),
                )?;
            }
            Entry::Problem(n) => {
                let text = &trace.problems[n];
                lines.line(|| format!("!!! {text}"), || json!({"problem": text}))?;
            }
            Entry::Access(_) | Entry::Boot(_) | Entry::Shadow(_) => {}
        }
    }
    Ok(doubt)
}

/// A message's heading: number, queue, name, header.
pub fn heading(message: &Message, decoded: &Decoded) -> String {
    let arrow = match message.q {
        Queue::Cmdq => "->",
        Queue::Msgq => "<-",
    };
    let mut out = format!(
        "#{} {} {arrow} {}  len {}",
        message.n,
        message.q.name(),
        decoded.title,
        message.len
    );
    if message.elems > 0 {
        out += &format!(
            " seq {} elem {} pages {}",
            message.seq, message.elem_seq, message.elems
        );
    }
    // Commands carry -1 for "none yet".
    if message.result != 0 && !(message.q == Queue::Cmdq && message.result == u32::MAX) {
        out += &format!(" result {:#x}", message.result);
    }
    if message.missing() > 0 {
        out += &format!("  CUT: {} bytes are not in the trace", message.missing());
    }
    out
}

/// Whether a field goes without saying: padding, and the zeros of an array, if 0 has no name there.
fn dull(field: &Field) -> bool {
    let named = field.shown.contains(|c: char| c.is_ascii_uppercase());
    field.is_zero() && (field.kind == Kind::Padding || (field.path.contains('[') && !named))
}

fn message_text(message: &Message, decoded: &Decoded, filter: &Filter, style: Style) -> String {
    let mut out = heading(message, decoded);
    let mut line = |text: String| {
        out.push('\n');
        out += &text;
    };
    let wanted: Vec<&Field> = decoded
        .fields
        .iter()
        .filter(|f| filter.field(&f.path))
        .collect();
    let shown: Vec<&&Field> = wanted.iter().filter(|f| style.all || !dull(f)).collect();
    let width = shown
        .iter()
        .map(|f| f.path.len())
        .max()
        .unwrap_or(0)
        .min(60);
    for field in &shown {
        line(format!(
            "    {:#06x}  {:width$}  {}",
            field.offset, field.path, field.shown
        ));
    }
    if wanted.len() > shown.len() {
        line(format!(
            "            {} more are 0",
            wanted.len() - shown.len()
        ));
    }
    for range in &decoded.unknown {
        let bytes = message.payload.get(range.clone()).unwrap_or_default();
        line(format!(
            "    {:#06x}  UNKNOWN {} bytes  {}",
            range.start,
            range.len(),
            to_hex(bytes)
        ));
    }
    if decoded.missing > 0 && !message.payload.is_empty() {
        line(format!(
            "            the layout has {} bytes more",
            decoded.missing
        ));
    }
    out
}

/// A field as JSON.
pub fn field_json(field: &Field) -> Json {
    let value = match &field.value {
        Value::Number(n) => json!(n),
        Value::Bytes(bytes) => json!(to_hex(bytes)),
        Value::Text(text) => json!(text),
    };
    let mut out = json!({"path": field.path, "offset": field.offset, "size": field.size, "value": value, "shown": field.shown});
    match field.kind {
        Kind::Value => {}
        Kind::Padding => out["kind"] = json!("padding"),
        Kind::Opaque => out["kind"] = json!("opaque"),
    }
    out
}

fn message_json(message: &Message, decoded: &Decoded, filter: &Filter) -> Json {
    let fields: Vec<Json> = decoded
        .fields
        .iter()
        .filter(|f| filter.field(&f.path))
        .map(field_json)
        .collect();
    let unknown: Vec<[usize; 2]> = decoded.unknown.iter().map(|r| [r.start, r.end]).collect();
    json!({
        "n": message.n, "mark": message.mark, "queue": message.q.name(), "fn": message.function, "title": decoded.title,
        "len": message.len, "seq": message.seq, "elem_seq": message.elem_seq, "result": message.result,
        "elems": message.elems, "event": message.is_event(), "fields": fields, "unknown": unknown,
        "nameless": decoded.nameless, "cut": message.missing(),
    })
}

#[cfg(test)]
mod tests {
    use super::trace;
    use super::Doubt;
    use super::Style;
    use crate::decode::tests::message;
    use crate::decode::tests::names;
    use crate::filter::Filter;
    use crate::mmio;
    use crate::Decoder;
    use crate::Trace;

    fn shown(filter: &Filter, style: Style) -> (String, Doubt) {
        let mut messages = vec![
            message(
                10,
                [1u32, 2, 0, 0]
                    .iter()
                    .flat_map(|w| w.to_le_bytes())
                    .collect(),
            ),
            message(0x10fe, vec![0xab]),
            message(10, vec![1, 0, 0, 0]),
        ];
        messages[1].mark = Some(2);
        messages[2].mark = Some(2);
        messages[2].len = 48;
        let accesses = mmio("R 0x100 0x0\n# mark 2\nW 0x200 0x1\n").unwrap();
        let of = Trace::of_files(messages, accesses, serde_json::Value::Null);
        let mut out = Vec::new();
        let doubt = trace(&mut out, &of, &Decoder::new(names()), filter, style).unwrap();
        (String::from_utf8(out).unwrap(), doubt)
    }

    #[test]
    fn text_says_what_is_unknown_and_what_is_cut() {
        let (text, doubt) = shown(&Filter::default(), Style::default());
        assert!(text.contains("-> FREE  len 48"), "{text}");
        assert!(text.contains("hObjectParent"), "{text}");
        assert!(text.contains("UNKNOWN 1 bytes  ab"), "{text}");
        assert!(text.contains("CUT: 12 bytes"), "{text}");
        assert!(text.contains("--- mark 2"), "{text}");
        assert!(!text.contains("0x00100"), "{text}");
        assert_eq!(
            doubt,
            Doubt {
                messages: 1,
                bytes: 1,
                cut: 1
            }
        );
    }

    #[test]
    fn filters_and_accesses() {
        let filter = Filter {
            marks: Some(2..=2),
            mmio: Some(0..=u32::MAX),
            ..Filter::default()
        };
        let (text, doubt) = shown(&filter, Style::default());
        assert!(
            text.contains("W 0x000200 0x00000001") && !text.contains("R 0x000100"),
            "{text}"
        );
        assert!(!text.contains("hObjectParent"), "{text}");
        assert!(!doubt.none());
        let filter = Filter {
            fields: vec!["hObject*".into()],
            ..Filter::default()
        };
        let (text, doubt) = shown(&filter, Style::default());
        assert_eq!(text.matches("FREE").count(), 1, "{text}");
        assert!(doubt.none() && !text.contains("hRoot"), "{text}");
    }

    #[test]
    fn each_line_is_json() {
        let filter = Filter {
            mmio: Some(0..=u32::MAX),
            ..Filter::default()
        };
        let (text, _) = shown(
            &filter,
            Style {
                json: true,
                all: false,
            },
        );
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[0]["fields"][2]["path"], "hObjectOld");
        let event = lines.iter().find(|l| l["event"] == true).unwrap();
        assert_eq!(
            (event["nameless"].as_bool(), event["unknown"][0][1].as_u64()),
            (Some(true), Some(1))
        );
    }
}
