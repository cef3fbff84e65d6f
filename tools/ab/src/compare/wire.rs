// SPDX-License-Identifier: GPL-2.0
//! Comparing the messages of two runs, in both directions.

use crate::address::Normaliser;
use crate::address::Table;
use crate::compare::bytes;
use crate::compare::seq;
use crate::compare::seq::Step;
use crate::compare::Difference;
use crate::compare::Kind;
use crate::compare::Moment;
use crate::compare::Run;
use crate::trace::Message;
use crate::trace::Queue;

/// What makes two messages "the same one": what they are for, not what is in them.
pub type Key = (Queue8, u32, u32);
/// The queue, as a number that can be ordered.
pub type Queue8 = u8;

/// The key by which messages of two sides are taken for the same one.
pub fn key(message: &Message) -> Key {
    let sub = message.control().or(message.class()).unwrap_or(0);
    ((message.q == Queue::Msgq).into(), message.function, sub)
}

/// The messages of a run, addresses in them numbered.
pub fn normalised(run: &Run, table: &Table) -> Vec<Message> {
    let mut normaliser = Normaliser::new(table, &run.fw);
    let mut messages = run.trace.messages.clone();
    for message in &mut messages {
        normaliser.message(message);
    }
    messages
}

/// The differences of the wire traces, and where in time each is.
pub fn compare(c: &Run, other: &Run, table: &Table) -> Vec<(Moment, Difference)> {
    let (a, b) = (normalised(c, table), normalised(other, table));
    let keys = |messages: &[Message]| messages.iter().map(key).collect::<Vec<_>>();
    let mut found = Vec::new();
    let mut only_a = Vec::new();
    let mut only_b = Vec::new();
    for step in seq::align(&keys(&a), &keys(&b)) {
        match step {
            Step::Both { a: i, b: j } => found.extend(pair(c, &a[i], &b[j])),
            Step::OnlyA(i) => only_a.push(i),
            Step::OnlyB(j) => only_b.push(j),
        }
    }
    // What is missing in one place and extra in another has moved.
    for i in only_a {
        let moved = only_b.iter().position(|&j| key(&b[j]) == key(&a[i]));
        match moved {
            Some(at) => {
                let j = only_b.remove(at);
                found.push(reordered(c, &a, i, &b, j));
                found.extend(pair(c, &a[i], &b[j]).filter(|d| d.kind != Kind::Header));
            }
            None => found.push(lonely(c, &a[i], true)),
        }
    }
    found.extend(only_b.into_iter().map(|j| lonely(other, &b[j], false)));
    found
        .into_iter()
        .map(|difference| {
            let of_other = matches!(difference.kind, Kind::ExtraMessage | Kind::ExtraEvent);
            let messages = if of_other { &b } else { &a };
            let n = difference.message.unwrap_or(0);
            let mark = messages.iter().find(|m| m.n == n).and_then(|m| m.mark);
            (Moment::of_message(mark, n, difference.kind), difference)
        })
        .collect()
}

fn lonely(run: &Run, message: &Message, in_c: bool) -> Difference {
    let kind = match (message.is_event(), in_c) {
        (true, true) => Kind::MissingEvent,
        (true, false) => Kind::ExtraEvent,
        (false, true) => Kind::MissingMessage,
        (false, false) => Kind::ExtraMessage,
    };
    let text = format!("{} {} bytes", message.q.name(), message.len);
    let (c, other) = if in_c {
        (text, String::new())
    } else {
        (String::new(), text)
    };
    Difference {
        kind,
        phase: run.phase(message.mark),
        message: Some(message.n),
        name: message.title(),
        field: String::new(),
        c,
        other,
    }
}

fn reordered(run: &Run, a: &[Message], i: usize, b: &[Message], j: usize) -> Difference {
    let before = |messages: &[Message], at: usize| match at.checked_sub(1) {
        Some(n) => format!("message {} (after {})", messages[at].n, messages[n].title()),
        None => format!("message {} (the first)", messages[at].n),
    };
    Difference {
        kind: Kind::Reordered,
        phase: run.phase(a[i].mark),
        message: Some(a[i].n),
        name: a[i].title(),
        field: "order".into(),
        c: before(a, i),
        other: before(b, j),
    }
}

/// What differs between two messages that correspond.
fn pair<'a>(run: &'a Run, a: &'a Message, b: &'a Message) -> impl Iterator<Item = Difference> + 'a {
    let header = [
        ("rpc.length", a.len, b.len),
        ("rpc.sequence", a.seq, b.seq),
        ("element.sequence", a.elem_seq, b.elem_seq),
        ("rpc.result", a.result, b.result),
        ("pages", a.elems, b.elems),
    ];
    let make = move |kind, field: String, c: String, other: String| Difference {
        kind,
        phase: run.phase(a.mark),
        message: Some(a.n),
        name: a.title(),
        field,
        c,
        other,
    };
    let headers = header
        .into_iter()
        .filter(|(_, x, y)| x != y)
        .map(move |(name, x, y)| {
            make(
                Kind::Header,
                name.to_string(),
                format!("{x:#x}"),
                format!("{y:#x}"),
            )
        });
    let phase = (run.phase(a.mark) != run.phase(b.mark)).then(|| {
        make(
            Kind::Reordered,
            "phase".into(),
            run.phase(a.mark),
            run.phase(b.mark),
        )
    });
    headers.chain(phase).chain(
        bytes::differing("payload", &a.payload, &b.payload)
            .map(move |(f, x, y)| make(Kind::Payload, f, x, y)),
    )
}
