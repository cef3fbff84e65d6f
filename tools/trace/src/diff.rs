// SPDX-License-Identifier: GPL-2.0
//! Where two traces differ: messages that only one has, fields that differ, by name, and register accesses.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::io;
use std::io::Write;
use std::ops::Range;

use serde_json::json;

use crate::filter::Filter;
use crate::seq;
use crate::seq::Step;
use crate::show::heading;
use crate::to_hex;
use crate::Access;
use crate::Decoded;
use crate::Decoder;
use crate::Message;
use crate::Trace;

/// Clocks: what they say is never the same (PTIMER_TIME_0 and _1, nvkm/subdev/timer/regsnv04.h).
const CLOCKS: [u32; 2] = [0x9400, 0x9410];

/// One side: a trace, and what decodes it.
pub struct Side<'a> {
    /// The trace.
    pub trace: &'a Trace,
    /// Its version's names.
    pub decoder: &'a Decoder,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path, or the header's field with `header.` in front.
    pub path: String,
    /// In the first, if it is there.
    pub a: Option<String>,
    /// In the second, if it is there.
    pub b: Option<String>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A message has other content.
    Changed {
        /// Numbers in the traces.
        at: (u64, u64),
        /// What it is.
        name: String,
        /// Its fields.
        changes: Vec<Change>,
    },
    /// Only the first has this message: its heading.
    OnlyA(String),
    /// Only the second has it.
    OnlyB(String),
    /// Only the first has this register access.
    AccessA(usize, Access),
    /// Only the second has it.
    AccessB(usize, Access),
}

/// Compares what is wanted of two traces: all register accesses if the filter does not say which and both have some.
pub fn compare(a: &Side<'_>, b: &Side<'_>, filter: &Filter) -> Vec<Difference> {
    let mut out = messages(a, b, filter);
    out.extend(accesses(a.trace, b.trace, filter));
    out
}

fn messages(a: &Side<'_>, b: &Side<'_>, filter: &Filter) -> Vec<Difference> {
    let of = |side: &Side<'_>| -> Vec<(Message, Decoded)> {
        let joined = side
            .trace
            .joined()
            .into_iter()
            .filter(|m| filter.message(m));
        let decoded = joined.map(|m| {
            let decoded = side.decoder.message(&m);
            (m, decoded)
        });
        decoded.collect()
    };
    let (left, right) = (of(a), of(b));
    // What a message is, and not what is in it, says which is which.
    let keys = |side: &[(Message, Decoded)]| -> Vec<(bool, String)> {
        side.iter()
            .map(|(m, d)| (m.q == crate::Queue::Cmdq, d.title.clone()))
            .collect()
    };
    let headers = a.trace.headers && b.trace.headers;
    let mut out = Vec::new();
    for step in seq::align(&keys(&left), &keys(&right)) {
        match step {
            Step::Both { a, b } => {
                let (x, y) = (&left[a], &right[b]);
                let changes = changes(x, y, headers, filter);
                if !changes.is_empty() {
                    let (at, name) = ((x.0.n, y.0.n), format!("{} {}", x.0.q.name(), x.1.title));
                    out.push(Difference::Changed { at, name, changes });
                }
            }
            Step::OnlyA(n) => out.push(Difference::OnlyA(heading(&left[n].0, &left[n].1))),
            Step::OnlyB(n) => out.push(Difference::OnlyB(heading(&right[n].0, &right[n].1))),
        }
    }
    out
}

fn changes(
    a: &(Message, Decoded),
    b: &(Message, Decoded),
    headers: bool,
    filter: &Filter,
) -> Vec<Change> {
    let (x, y) = (&a.0, &b.0);
    let mut out = Vec::new();
    let mut header = |name: &str, a: u32, b: u32| {
        if a != b && filter.fields.is_empty() {
            let path = format!("header.{name}");
            out.push(Change {
                path,
                a: Some(format!("{a:#x}")),
                b: Some(format!("{b:#x}")),
            });
        }
    };
    header("len", x.len, y.len);
    header("result", x.result, y.result);
    if headers {
        header("seq", x.seq, y.seq);
        header("elem_seq", x.elem_seq, y.elem_seq);
        header("elems", x.elems, y.elems);
    }
    if x.payload == y.payload && a.1.fields.len() == b.1.fields.len() {
        return out;
    }
    // Fields in order of the first, those that only the second has behind them. Padding has one name many times.
    let key = |d: &Decoded| -> Vec<(String, usize)> {
        let mut seen = HashMap::new();
        let number = |path: &String| {
            let n = seen.entry(path.clone()).or_insert(0usize);
            *n += 1;
            (path.clone(), *n)
        };
        d.fields.iter().map(|f| &f.path).map(number).collect()
    };
    let (ka, kb) = (key(&a.1), key(&b.1));
    let place: HashMap<&(String, usize), usize> = (0..).zip(&kb).map(|(n, k)| (k, n)).collect();
    let mut both = BTreeSet::new();
    for (n, k) in ka.iter().enumerate().filter(|(_, k)| filter.field(&k.0)) {
        let field = &a.1.fields[n];
        let other = place.get(k).map(|m| {
            both.insert(*m);
            &b.1.fields[*m]
        });
        if other.map(|o| &o.value) != Some(&field.value) {
            let b = other.map(|o| o.shown.clone());
            out.push(Change {
                path: k.0.clone(),
                a: Some(field.shown.clone()),
                b,
            });
        }
    }
    for (n, k) in kb
        .iter()
        .enumerate()
        .filter(|(n, k)| !both.contains(n) && filter.field(&k.0))
    {
        out.push(Change {
            path: k.0.clone(),
            a: None,
            b: Some(b.1.fields[n].shown.clone()),
        });
    }
    let unknown = |side: &(Message, Decoded)| -> String {
        let text = |r: &Range<usize>| {
            let bytes = side.0.payload.get(r.clone()).unwrap_or_default();
            format!("{:#x}: {}", r.start, to_hex(bytes))
        };
        side.1
            .unknown
            .iter()
            .map(text)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (ua, ub) = (unknown(a), unknown(b));
    if ua != ub && filter.fields.is_empty() {
        let of = |text: String| (!text.is_empty()).then_some(text);
        out.push(Change {
            path: "unknown bytes".into(),
            a: of(ua),
            b: of(ub),
        });
    }
    out
}

/// The accesses that count: no clocks, and of a register read many times in a row the last.
fn settled(trace: &Trace, filter: &Filter) -> Vec<(usize, Access)> {
    let wanted = |a: &Access| match filter.mmio {
        Some(_) => filter.access(a),
        None => filter.mark(a.mark),
    };
    let mut out: Vec<(usize, Access)> = Vec::new();
    for (n, access) in trace.accesses.iter().enumerate().filter(|(_, a)| wanted(a)) {
        if !access.write && CLOCKS.contains(&access.addr) {
            continue;
        }
        match out.last_mut() {
            Some(last) if !access.write && !last.1.write && last.1.addr == access.addr => {
                *last = (n, *access)
            }
            _ => out.push((n, *access)),
        }
    }
    out
}

fn accesses(a: &Trace, b: &Trace, filter: &Filter) -> Vec<Difference> {
    let asked = filter.mmio.is_some();
    // A kind of trace that has none has nothing to say.
    if !asked && (a.accesses.is_empty() || b.accesses.is_empty()) {
        return Vec::new();
    }
    let (left, right) = (settled(a, filter), settled(b, filter));
    let keys = |side: &[(usize, Access)]| -> Vec<(bool, u32, u32)> {
        side.iter()
            .map(|(_, a)| (a.write, a.addr, a.value))
            .collect()
    };
    let steps = seq::align(&keys(&left), &keys(&right));
    let only = steps.into_iter().filter_map(|step| match step {
        Step::Both { .. } => None,
        Step::OnlyA(n) => Some(Difference::AccessA(left[n].0, left[n].1)),
        Step::OnlyB(n) => Some(Difference::AccessB(right[n].0, right[n].1)),
    });
    only.collect()
}

/// Prints differences as text.
///
/// # Errors
///
/// They cannot be written.
pub fn text(out: &mut dyn Write, differences: &[Difference]) -> io::Result<()> {
    let access = |n: &usize, a: &Access| {
        let kind = if a.write { 'W' } else { 'R' };
        format!("access {n}  {kind} {:#08x} {}", a.addr, a.shown())
    };
    for difference in differences {
        match difference {
            Difference::Changed { at, name, changes } => {
                writeln!(out, "! #{} / #{} {name}", at.0, at.1)?;
                let width = changes
                    .iter()
                    .map(|c| c.path.len())
                    .max()
                    .unwrap_or(0)
                    .min(60);
                for change in changes {
                    let of = |side: &Option<String>| {
                        side.clone().unwrap_or_else(|| "(not there)".into())
                    };
                    writeln!(
                        out,
                        "    {:width$}  {}  |  {}",
                        change.path,
                        of(&change.a),
                        of(&change.b)
                    )?;
                }
            }
            Difference::OnlyA(heading) => writeln!(out, "- {heading}")?,
            Difference::OnlyB(heading) => writeln!(out, "+ {heading}")?,
            Difference::AccessA(n, a) => writeln!(out, "- {}", access(n, a))?,
            Difference::AccessB(n, a) => writeln!(out, "+ {}", access(n, a))?,
        }
    }
    Ok(())
}

/// Prints differences as JSON, one object a line.
///
/// # Errors
///
/// They cannot be written.
pub fn json(out: &mut dyn Write, differences: &[Difference]) -> io::Result<()> {
    let access = |only: &str, n: &usize, a: &Access| {
        let kind = if a.write { "W" } else { "R" };
        json!({"only": only, "access": n, "mmio": kind, "addr": a.addr, "value": a.value})
    };
    for difference in differences {
        let line = match difference {
            Difference::Changed { at, name, changes } => {
                let changes: Vec<_> = changes
                    .iter()
                    .map(|c| json!({"path": c.path, "a": c.a, "b": c.b}))
                    .collect();
                json!({"a": at.0, "b": at.1, "message": name, "changes": changes})
            }
            Difference::OnlyA(heading) => json!({"only": "a", "message": heading}),
            Difference::OnlyB(heading) => json!({"only": "b", "message": heading}),
            Difference::AccessA(n, a) => access("a", n, a),
            Difference::AccessB(n, a) => access("b", n, a),
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::compare;
    use super::json;
    use super::text;
    use super::Difference;
    use super::Side;
    use crate::decode::tests::message;
    use crate::decode::tests::names;
    use crate::filter::Filter;
    use crate::mmio;
    use crate::Decoder;
    use crate::Message;
    use crate::Trace;

    fn trace(messages: Vec<Message>, accesses: &str) -> Trace {
        Trace::of_files(messages, mmio(accesses).unwrap(), serde_json::Value::Null)
    }

    fn free(handle: u32) -> Message {
        let words = [1, 2, handle, 0];
        message(
            10,
            words.iter().flat_map(|w: &u32| w.to_le_bytes()).collect(),
        )
    }

    fn differences(a: &Trace, b: &Trace, filter: &Filter) -> Vec<Difference> {
        let decoder = Decoder::new(names());
        let side = |trace| Side {
            trace,
            decoder: &decoder,
        };
        compare(&side(a), &side(b), filter)
    }

    #[test]
    fn a_trace_is_as_itself() {
        let a = trace(
            vec![free(1), message(0x1005, Vec::new())],
            "R 0x0 0x1\nW 0x4 0x2\n",
        );
        assert_eq!(differences(&a, &a, &Filter::default()), []);
    }

    #[test]
    fn fields_by_name_and_headers() {
        let a = trace(vec![free(1)], "");
        let mut other = free(7);
        other.seq = 3;
        let b = trace(vec![other], "");
        let found = differences(&a, &b, &Filter::default());
        let Difference::Changed { name, changes, .. } = &found[0] else {
            panic!("{found:?}");
        };
        assert_eq!(name, "cmdq FREE");
        let of: Vec<_> = changes
            .iter()
            .map(|c| (c.path.as_str(), c.a.as_deref(), c.b.as_deref()))
            .collect();
        let sequence = ("header.seq", Some("0x0"), Some("0x3"));
        assert_eq!(of, [sequence, ("hObjectOld", Some("1"), Some("7"))]);
        // A kernel log has no sequences.
        let log = Trace {
            headers: false,
            ..b.clone()
        };
        let found = differences(&a, &log, &Filter::default());
        assert!(matches!(&found[0], Difference::Changed { changes, .. } if changes.len() == 1));
        // Only what is wanted.
        let filter = Filter {
            fields: vec!["status".into()],
            ..Filter::default()
        };
        assert_eq!(differences(&a, &b, &filter), []);
    }

    #[test]
    fn messages_of_one_side_and_bytes_without_a_name() {
        let a = trace(vec![free(1), message(0x10fe, vec![1])], "");
        let b = trace(
            vec![message(0x10fe, vec![2]), message(0x1005, Vec::new())],
            "",
        );
        let found = differences(&a, &b, &Filter::default());
        assert!(
            found
                .iter()
                .any(|d| matches!(d, Difference::OnlyA(h) if h.contains("FREE"))),
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .any(|d| matches!(d, Difference::OnlyB(h) if h.contains("MMU_FAULT"))),
            "{found:?}"
        );
        let unknown = |d: &Difference| matches!(d, Difference::Changed { changes, .. } if changes[0].path == "unknown bytes");
        assert!(found.iter().any(unknown), "{found:?}");
        let mut out = Vec::new();
        text(&mut out, &found).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 4);
        let mut out = Vec::new();
        json(&mut out, &found).unwrap();
        let lines = String::from_utf8(out).unwrap();
        assert!(lines
            .lines()
            .all(|l| serde_json::from_str::<serde_json::Value>(l).is_ok()));
    }

    #[test]
    fn accesses_in_order_polls_once_clocks_never() {
        let a = trace(
            Vec::new(),
            "R 0x100 0x0\nR 0x100 0x1\nR 0x9400 0x5\nW 0x200 0x1\n",
        );
        let b = trace(Vec::new(), "R 0x100 0x1\nR 0x9400 0x6\nW 0x200 0x1\n");
        assert_eq!(differences(&a, &b, &Filter::default()), []);
        let b = trace(Vec::new(), "R 0x100 0x1\nW 0x200 0x2\n");
        assert_eq!(differences(&a, &b, &Filter::default()).len(), 2);
        let filter = Filter {
            mmio: Some(0x100..=0x1ff),
            ..Filter::default()
        };
        assert_eq!(differences(&a, &b, &filter), []);
        // One that has none at all was recorded without.
        let b = trace(Vec::new(), "");
        assert_eq!(differences(&a, &b, &Filter::default()), []);
        let filter = Filter {
            mmio: Some(0..=u32::MAX),
            ..Filter::default()
        };
        assert_eq!(differences(&a, &b, &filter).len(), 2);
    }
}
