// SPDX-License-Identifier: GPL-2.0
//! What differs between two runs, each difference with a kind, a place and both values.

pub mod buffers;
pub mod bytes;
pub mod dmesg;
pub mod hardware;
pub mod mmio;
pub mod state;
pub mod wire;

pub use nvkm_trace::seq;

use anyhow::Result;
use serde::Serialize;

use crate::address::Table;
use crate::trace::Access;
use crate::trace::Trace;
use crate::vm::guest::Guest;

/// At most this many differences of one kind are listed one by one: what follows is only counted.
pub const LISTED: usize = 200;

/// What kind of difference it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize, PartialOrd, Ord,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A message has other bytes.
    Payload,
    /// A message has another length, sequence, result or number of queue pages.
    Header,
    /// A message was not sent.
    MissingMessage,
    /// A message was sent that the other side did not send.
    ExtraMessage,
    /// An event was lost: it was not delivered, or what it causes did not happen.
    MissingEvent,
    /// An event was handled that the other side did not handle.
    ExtraEvent,
    /// Messages came in another order.
    Reordered,
    /// A register access differs.
    Mmio,
    /// The kernel log differs.
    Dmesg,
    /// A buffer that the device was handed, or what was loaded into a Falcon, differs.
    Buffer,
    /// The device's state differs.
    State,
    /// A phase of the plan failed.
    Phase,
    /// More differences than are listed.
    More,
}

impl Kind {
    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Payload => "payload",
            Kind::Header => "header",
            Kind::MissingMessage => "missing-message",
            Kind::ExtraMessage => "extra-message",
            Kind::MissingEvent => "missing-event",
            Kind::ExtraEvent => "extra-event",
            Kind::Reordered => "reordered",
            Kind::Mmio => "mmio",
            Kind::Dmesg => "dmesg",
            Kind::Buffer => "buffer",
            Kind::State => "state",
            Kind::Phase => "phase",
            Kind::More => "more",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What kind it is.
    pub kind: Kind,
    /// The phase in which it happened.
    pub phase: String,
    /// The number of the message in the reference's trace (or the other's, if only that has it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<u64>,
    /// The function, register, or file that it is about.
    pub name: String,
    /// The field, or the offset of the first byte that differs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// What the reference (C) has there.
    pub c: String,
    /// What the other side has there.
    pub other: String,
}

impl Difference {
    /// The place in words, as the committed lists name it.
    pub fn place(&self) -> String {
        let mut place = format!("{}/{}/{}", self.kind.name(), self.phase, self.name);
        if !self.field.is_empty() {
            place.push('/');
            place.push_str(&self.field);
        }
        place
    }

    /// One line for a person.
    pub fn line(&self) -> String {
        let message = self
            .message
            .map_or(String::new(), |n| format!(" message {n},"));
        let field = if self.field.is_empty() {
            String::new()
        } else {
            format!(", {}", self.field)
        };
        let none = |text: &str| {
            if text.is_empty() {
                "(nothing)".to_string()
            } else {
                text.to_string()
            }
        };
        let (phase, name) = (&self.phase, &self.name);
        if self.kind == Kind::Buffer {
            let what = if self.field.is_empty() {
                "is not on both sides".into()
            } else {
                format!("{} differs", self.field)
            };
            let (c, other) = (none(&self.c), none(&self.other));
            return format!("{name}: {what}: phase {phase}: C {c}, other {other}");
        }
        format!(
            "{}: phase {phase},{message} {name}{field}: C {}, other {}",
            self.kind.name(),
            none(&self.c),
            none(&self.other)
        )
    }
}

/// One run, ready to be compared.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the device recorded.
    pub trace: Trace,
    /// What the guest reported.
    pub guest: Guest,
    /// The plan's phases.
    pub phases: Vec<String>,
    /// Firmware version, which decides where addresses are.
    pub fw: String,
}

impl Run {
    /// The phase that a mark began.  The guest numbers marks like phases; one more means that all are through.
    pub fn phase(&self, mark: Option<u32>) -> String {
        match mark {
            None => "boot".into(),
            Some(n) => self.phases.get(n as usize).cloned().unwrap_or("end".into()),
        }
    }
}

/// Compares a run with a reference.
///
/// # Errors
///
/// The committed address table is broken.
pub fn compare(c: &Run, other: &Run) -> Result<Vec<Difference>> {
    let table = Table::committed()?;
    // As people look for causes: what a boot was handed, field by field; messages, accesses and what the device complains of, in
    // the order of time; what came of them; and sums over pages, which say least.
    let handed = buffers::compare(c, other, &table).0;
    let (mut found, sums): (Vec<_>, Vec<_>) = handed.into_iter().partition(buffers::says_what);
    let mut timed = mmio::compare(c, other, &table);
    timed.extend(wire::compare(c, other, &table));
    let mut state = Vec::new();
    for difference in state::compare(c, other) {
        match complained(c, other, &difference) {
            Some(moment) => timed.push((moment, difference)),
            None => state.push(difference),
        }
    }
    timed.sort_by_key(|(moment, _)| *moment);
    found.extend(timed.into_iter().map(|(_, difference)| difference));
    found.extend(dmesg::compare(c, other));
    found.extend(state);
    found.extend(sums);
    Ok(found)
}

/// The GSP's queue head (NV_PGSP_QUEUE_HEAD(0)): who writes it says that there is a message.
pub(crate) const DOORBELL: u32 = 0x11_0c00;

/// When something happened: in the phase of that mark, at the message of that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Option<u32>, u64, Part);

/// What of a message's time: that one side alone has it (the other's next accesses have the same number); what came before it; the
/// message; and the doorbell, which is no more than its consequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Alone,
    Before,
    Message,
    Doorbell,
}

impl Moment {
    fn of_access(access: &Access) -> Self {
        let part = match (access.write, access.addr) {
            (true, DOORBELL) => Part::Doorbell,
            _ => Part::Before,
        };
        Self(access.mark, access.messages, part)
    }

    fn of_message(mark: Option<u32>, n: u64, kind: Kind) -> Self {
        let part = match kind {
            Kind::MissingMessage | Kind::ExtraMessage => Part::Alone,
            _ => Part::Message,
        };
        Self(mark, n, part)
    }
}

/// When the device complained, if a difference of the states is of that. Of one that both have, and other words, when the other had it.
fn complained(c: &Run, other: &Run, difference: &Difference) -> Option<Moment> {
    let n = difference.field.strip_prefix("errors[")?;
    let n: usize = n.split(']').next()?.parse().ok()?;
    let of = |run: &Run| run.trace.errors.get(n).copied();
    let (mark, messages) = of(other).or_else(|| of(c))?;
    Some(Moment(mark, messages, Part::Before))
}

/// Keeps lists readable: of each kind at most [`LISTED`], then one entry that says how many more there are.
pub fn shorten(found: Vec<Difference>) -> Vec<Difference> {
    let mut counts = std::collections::BTreeMap::new();
    let mut kept = Vec::new();
    for difference in found {
        let count = counts.entry(difference.kind).or_insert(0usize);
        *count += 1;
        if *count <= LISTED {
            kept.push(difference);
        }
    }
    for (kind, count) in counts.into_iter().filter(|(_, c)| *c > LISTED) {
        kept.push(Difference {
            kind: Kind::More,
            phase: "all".into(),
            message: None,
            name: kind.name().into(),
            field: String::new(),
            c: String::new(),
            other: format!("{} more", count - LISTED),
        });
    }
    kept
}
