// SPDX-License-Identifier: GPL-2.0
//! What a trace is made of: how many messages of which function, control and class, and how much of it has no name.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde::Serialize;

use crate::decode::Kind;
use crate::filter::Filter;
use crate::Decoder;
use crate::Trace;

/// One kind of message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its queue.
    pub queue: String,
    /// Function, and control or class.
    pub name: String,
    /// How many.
    pub messages: usize,
    /// Bytes of payload.
    pub bytes: usize,
    /// Of those, bytes without a struct: payloads that the driver does not look at.
    pub opaque: usize,
    /// Of those, bytes that no field has.
    pub unknown: usize,
    /// Whether function, control or class have no name.
    pub nameless: bool,
    /// Messages that lack bytes of their own.
    pub cut: usize,
}

/// A trace in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stat {
    /// The version it was decoded as.
    pub firmware: String,
    /// By kind, in order of queue and name.
    pub rows: Vec<Row>,
    /// Messages, those that were split counted once.
    pub messages: usize,
    /// Elements of the queues.
    pub elements: usize,
    /// Bytes of payload.
    pub bytes: usize,
    /// Bytes without a struct.
    pub opaque: usize,
    /// Bytes that no field has.
    pub unknown: usize,
    /// Messages that have something without a name.
    pub unknown_messages: usize,
    /// Messages that lack bytes of their own.
    pub cut: usize,
    /// Register accesses.
    pub accesses: usize,
    /// What was lost or could not be read.
    pub problems: Vec<String>,
}

/// Counts what is wanted of a trace.
pub fn of(trace: &Trace, decoder: &Decoder, filter: &Filter) -> Stat {
    let mut stat = Stat {
        firmware: decoder.names().firmware.clone(),
        elements: trace.messages.len(),
        accesses: trace.accesses.len(),
        problems: trace.problems.clone(),
        ..Stat::default()
    };
    let mut rows: BTreeMap<(&str, String), Row> = BTreeMap::new();
    for message in trace.joined().iter().filter(|m| filter.message(m)) {
        let decoded = decoder.message(message);
        let opaque = decoded
            .fields
            .iter()
            .filter(|f| f.kind == Kind::Opaque)
            .map(|f| f.size)
            .sum::<usize>();
        let key = (message.q.name(), decoded.title.clone());
        let row = rows.entry(key).or_insert_with(|| Row {
            queue: message.q.name().to_owned(),
            name: decoded.title.clone(),
            ..Row::default()
        });
        row.messages += 1;
        row.bytes += message.payload.len();
        row.opaque += opaque;
        row.unknown += decoded.unknown_bytes();
        row.nameless |= decoded.nameless;
        row.cut += usize::from(message.missing() > 0);
        stat.unknown_messages += usize::from(decoded.is_unknown());
    }
    stat.rows = rows.into_values().collect();
    let sum = |of: fn(&Row) -> usize| stat.rows.iter().map(of).sum::<usize>();
    stat.messages = sum(|r| r.messages);
    stat.bytes = sum(|r| r.bytes);
    stat.opaque = sum(|r| r.opaque);
    stat.unknown = sum(|r| r.unknown);
    stat.cut = sum(|r| r.cut);
    stat
}

impl Stat {
    /// Whether all was there and all was understood.
    pub fn clean(&self) -> bool {
        self.unknown_messages == 0 && self.cut == 0 && self.problems.is_empty()
    }

    /// Prints it as a table.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{:5} {:>8} {:>10} {:>8} {:>8} {:>4}  name",
            "queue", "messages", "bytes", "opaque", "unknown", "cut"
        )?;
        for row in &self.rows {
            let mark = if row.nameless { "  (no name)" } else { "" };
            writeln!(
                out,
                "{:5} {:>8} {:>10} {:>8} {:>8} {:>4}  {}{mark}",
                row.queue, row.messages, row.bytes, row.opaque, row.unknown, row.cut, row.name
            )?;
        }
        writeln!(
            out,
            "{:5} {:>8} {:>10} {:>8} {:>8} {:>4}  all, as firmware {}; {} elements, {} register accesses",
            "", self.messages, self.bytes, self.opaque, self.unknown, self.cut, self.firmware, self.elements, self.accesses
        )?;
        self.problems
            .iter()
            .try_for_each(|p| writeln!(out, "!!! {p}"))
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::decode::tests::message;
    use crate::decode::tests::names;
    use crate::filter::Filter;
    use crate::Decoder;
    use crate::Trace;

    #[test]
    fn counts_by_kind_and_says_what_is_unclean() {
        let messages = vec![
            message(10, vec![0; 16]),
            message(10, vec![0; 16]),
            message(0x100f, vec![1; 8]),
        ];
        let decoder = Decoder::new(names());
        let trace = Trace::of_files(messages.clone(), Vec::new(), serde_json::Value::Null);
        let stat = of(&trace, &decoder, &Filter::default());
        let rows: Vec<_> = stat
            .rows
            .iter()
            .map(|r| (r.name.as_str(), r.messages, r.bytes, r.opaque))
            .collect();
        assert_eq!(
            rows,
            [("FREE", 2, 32, 0), ("PERF_BRIDGELESS_INFO_UPDATE", 1, 8, 8)]
        );
        assert!(stat.clean());
        let mut more = messages;
        more.push(message(0x10fe, vec![1]));
        let stat = of(
            &Trace::of_files(more, Vec::new(), serde_json::Value::Null),
            &decoder,
            &Filter::default(),
        );
        assert!(!stat.clean());
        assert_eq!((stat.unknown, stat.unknown_messages), (1, 1));
        let lost = Trace {
            problems: vec!["lost".into()],
            ..trace
        };
        assert!(!of(&lost, &decoder, &Filter::default()).clean());
        let mut text = Vec::new();
        stat.text(&mut text).unwrap();
        assert!(String::from_utf8(text).unwrap().contains("(no name)"));
    }
}
