// SPDX-License-Identifier: GPL-2.0
//! Which messages and accesses of a trace are wanted.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

use crate::layouts::glob;
use crate::Access;
use crate::Decoder;
use crate::Message;
use crate::Queue;
use crate::FN_ALLOC;
use crate::FN_CONTROL;
use crate::FN_FREE;

/// A number that must lie in a range.
pub type Span = RangeInclusive<u32>;

/// What is wanted; what is not said is not asked.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this queue.
    pub queue: Option<Queue>,
    /// Only these functions.
    pub functions: Option<BTreeSet<u32>>,
    /// Only these controls.
    pub controls: Option<BTreeSet<u32>>,
    /// Only allocations of these classes.
    pub classes: Option<BTreeSet<u32>>,
    /// Only what came behind these marks.
    pub marks: Option<Span>,
    /// Only events.
    pub events: bool,
    /// Only what failed.
    pub errors: bool,
    /// Register accesses too, in this range of addresses.
    pub mmio: Option<Span>,
    /// Only fields whose path is as one of these patterns, and messages that have one.
    pub fields: Vec<String>,
}

impl Filter {
    /// Whether a message is wanted. Control and class together: either.
    pub fn message(&self, message: &Message) -> bool {
        let named = match (&self.controls, &self.classes) {
            (None, None) => true,
            (controls, classes) => {
                let among = |set: &Option<BTreeSet<u32>>, number: Option<u32>| {
                    set.as_ref()
                        .zip(number)
                        .is_some_and(|(s, n)| s.contains(&n))
                };
                among(controls, message.control()) || among(classes, message.class())
            }
        };
        named
            && self.queue.is_none_or(|q| q == message.q)
            && self
                .functions
                .as_ref()
                .is_none_or(|f| f.contains(&message.function))
            && self.mark(message.mark)
            && (!self.events || message.is_event())
            && (!self.errors || failed(message))
    }

    /// Whether it asks for certain messages, and not just for a part of the trace.
    pub fn narrow(&self) -> bool {
        let all = self.queue.is_none()
            && self.functions.is_none()
            && self.controls.is_none()
            && self.classes.is_none()
            && self.fields.is_empty();
        !all || self.events || self.errors
    }

    /// Whether an access is wanted.
    pub fn access(&self, access: &Access) -> bool {
        self.mmio
            .as_ref()
            .is_some_and(|span| span.contains(&access.addr))
            && self.mark(access.mark)
    }

    /// Whether what came behind a mark is wanted.
    pub fn mark(&self, mark: Option<u32>) -> bool {
        let Some(span) = &self.marks else {
            return true;
        };
        mark.is_some_and(|n| span.contains(&n))
    }

    /// Whether a field is wanted.
    pub fn field(&self, path: &str) -> bool {
        self.fields.is_empty() || self.fields.iter().any(|pattern| glob(pattern, path))
    }
}

/// Whether a message says that something failed: by the RPC's result, or by the status of a control, an allocation or a
/// release. Commands are sent with a result of -1, which is none.
pub fn failed(message: &Message) -> bool {
    if message.q == Queue::Cmdq {
        return false;
    }
    // rpc_gsp_rm_control_v03_00.status, rpc_gsp_rm_alloc_v03_00.status, NVOS00_PARAMETERS_v03_00.status
    let status = match message.function {
        FN_CONTROL | FN_FREE => message.word(12),
        FN_ALLOC => message.word(16),
        _ => None,
    };
    message.result != 0 || status.is_some_and(|s| s != 0)
}

/// What kind of thing a name on the command line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A function or an event.
    Function,
    /// A control.
    Control,
    /// A class.
    Class,
}

/// The numbers that a number, a name or a pattern stands for.
///
/// # Errors
///
/// No name of the version is like it.
pub fn numbers(decoder: &Decoder, of: Of, text: &str) -> Result<BTreeSet<u32>> {
    if let Some(number) = number(text) {
        return Ok([number].into());
    }
    let pattern = text.to_uppercase();
    let layouts = decoder.layouts();
    let like = |name: &str| {
        let short = name
            .split_once("_CTRL_CMD_")
            .map_or(name, |(_, short)| short);
        glob(&pattern, name) || glob(&pattern, short)
    };
    let found: BTreeSet<u32> = match of {
        Of::Function => {
            let named = layouts.functions.iter().filter(|(_, f)| like(&f.name));
            named.map(|(n, _)| *n).collect()
        }
        Of::Control => {
            let named = layouts.controls.iter().filter(|(_, c)| like(&c.name));
            named.map(|(n, _)| *n).collect()
        }
        Of::Class => {
            let named = layouts.classes.iter().filter(|(_, c)| like(&c.name));
            named.map(|(n, _)| *n).collect()
        }
    };
    if found.is_empty() {
        let what = match of {
            Of::Function => "function or event",
            Of::Control => "control",
            Of::Class => "class",
        };
        bail!(
            "firmware {} has no {what} '{text}'",
            decoder.names().firmware
        );
    }
    Ok(found)
}

/// A number as people write it.
pub fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `N`, `N..M` (with both), `N..` or `..M`.
///
/// # Errors
///
/// It is none of these.
pub fn span(text: &str) -> Result<Span> {
    let of = |text: &str| number(text).with_context(|| format!("'{text}' is no number"));
    let Some((from, to)) = text.split_once("..") else {
        let one = of(text)?;
        return Ok(one..=one);
    };
    let from = if from.is_empty() { 0 } else { of(from)? };
    let to = if to.is_empty() { u32::MAX } else { of(to)? };
    if from > to {
        bail!("{text} is empty: its first is behind its last");
    }
    Ok(from..=to)
}

#[cfg(test)]
mod tests {
    use super::failed;
    use super::span;
    use super::Filter;
    use crate::Message;
    use crate::Queue;

    fn message(q: Queue, function: u32, payload: Vec<u8>, mark: Option<u32>) -> Message {
        let len = 32 + payload.len() as u32;
        Message {
            n: 0,
            q,
            function,
            name: String::new(),
            len,
            seq: 0,
            elem_seq: 0,
            result: 0,
            elems: 1,
            payload,
            mark,
        }
    }

    #[test]
    fn spans() {
        assert_eq!(span("3").unwrap(), 3..=3);
        assert_eq!(span("0x10..0x1f").unwrap(), 16..=31);
        assert_eq!(span("..2").unwrap(), 0..=2);
        assert_eq!(span("2..").unwrap(), 2..=u32::MAX);
        assert!(span("x").is_err());
        assert!(span("3..1").is_err());
        assert!(span("").is_err());
    }

    #[test]
    fn what_failed() {
        let mut status = vec![0; 24];
        assert!(!failed(&message(Queue::Msgq, 76, status.clone(), None)));
        status[12] = 0x57;
        assert!(failed(&message(Queue::Msgq, 76, status.clone(), None)));
        assert!(!failed(&message(Queue::Cmdq, 76, status, None)));
        let mut result = message(Queue::Msgq, 65, Vec::new(), None);
        result.result = 0x56;
        assert!(failed(&result));
    }

    #[test]
    fn each_condition_counts() {
        let control = |number: u32, mark| {
            let mut payload = vec![0; 24];
            payload[8..12].copy_from_slice(&number.to_le_bytes());
            message(Queue::Cmdq, 76, payload, mark)
        };
        let filter = Filter {
            controls: Some([0x2080_0137].into()),
            marks: Some(1..=2),
            ..Filter::default()
        };
        assert!(filter.message(&control(0x2080_0137, Some(1))));
        assert!(!filter.message(&control(0x2080_0138, Some(1))));
        assert!(!filter.message(&control(0x2080_0137, Some(3))));
        assert!(!filter.message(&control(0x2080_0137, None)));
        let filter = Filter {
            queue: Some(Queue::Msgq),
            ..Filter::default()
        };
        assert!(!filter.message(&control(0, None)));
        let filter = Filter {
            events: true,
            ..Filter::default()
        };
        assert!(filter.message(&message(Queue::Msgq, 0x1001, Vec::new(), None)));
        assert!(!filter.message(&control(0, None)));
        let filter = Filter {
            fields: vec!["params.*".into()],
            ..Filter::default()
        };
        assert!(filter.field("params.gpcMask") && !filter.field("hClient"));
    }
}
