// SPDX-License-Identifier: GPL-2.0
//! Everything that a trace holds, whatever it was read from.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde_json::Value;

use crate::access::mmio_and_errors;
use crate::access::Complaint;
use crate::message::wire;
use crate::Access;
use crate::Message;
use crate::Queue;
use crate::FN_CONTINUATION;

/// A step of the boot that the driver reported (tracepoint `nvkm_gsp_boot`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Which.
    pub phase: String,
    /// 0, or a negative errno.
    pub status: i32,
    /// The last mark before it.
    pub mark: Option<u32>,
}

/// A difference that the driver's shadow mode found (tracepoint `nvkm_rust_shadow`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadow {
    /// The subsystem.
    pub subsystem: String,
    /// What differs.
    pub what: String,
    /// C's value.
    pub c: u64,
    /// Rust's.
    pub rust: u64,
    /// The last mark before it.
    pub mark: Option<u32>,
}

/// One thing of a trace, in the order in which it happened: numbers are places in the trace's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Of [`Trace::messages`].
    Message(usize),
    /// Of [`Trace::accesses`].
    Access(usize),
    /// A mark.
    Mark(u32),
    /// Of [`Trace::boot`].
    Boot(usize),
    /// Of [`Trace::shadow`].
    Shadow(usize),
    /// Of [`Trace::problems`].
    Problem(usize),
}

/// Everything the device, or the driver, recorded.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Messages of both queues, in order; one for each queue element.
    pub messages: Vec<Message>,
    /// Register accesses, in order.
    pub accesses: Vec<Access>,
    /// Places in `accesses`, ascending, of those made while an interrupt was handled, where the source says so (ftrace).
    pub interrupts: Vec<usize>,
    /// `device.json`, where there is one.
    pub device: Value,
    /// When each of its `errors` was.
    pub errors: Vec<Complaint>,
    /// Steps of the boot.
    pub boot: Vec<Boot>,
    /// What shadow mode found.
    pub shadow: Vec<Shadow>,
    /// What was lost or could not be read, with the line. A trace that has any is not complete.
    pub problems: Vec<String>,
    /// All of it, in order. What was recorded in files of their own is in order between two marks only: messages first.
    pub order: Vec<Entry>,
    /// The firmware version, where the trace tells it.
    pub firmware: Option<String>,
    /// PCI addresses of the devices that the source speaks of. The trace is of one of them.
    pub devices: Vec<String>,
    /// Whether the source has the sequence numbers and page counts of the headers (a kernel log has not).
    pub headers: bool,
}

impl Trace {
    /// Reads the traces of a run.
    ///
    /// # Errors
    ///
    /// A file is missing or broken.
    pub fn load(dir: &Path) -> Result<Self> {
        let text = |name: &str| {
            let path = dir.join(name);
            fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let messages =
            wire(&text("wire.jsonl")?).with_context(|| format!("{}/wire.jsonl", dir.display()))?;
        let (accesses, errors) = mmio_and_errors(&text("mmio.txt")?)
            .with_context(|| format!("{}/mmio.txt", dir.display()))?;
        let device = serde_json::from_str(&text("device.json")?)
            .with_context(|| format!("{}/device.json", dir.display()))?;
        Ok(Self {
            errors,
            ..Self::of_files(messages, accesses, device)
        })
    }

    /// A trace whose messages and accesses were recorded apart.
    pub fn of_files(messages: Vec<Message>, accesses: Vec<Access>, device: Value) -> Self {
        let mut order: Vec<(Option<u32>, u8, Entry)> = Vec::new();
        order.extend(
            (0..)
                .zip(&messages)
                .map(|(n, m)| (m.mark, 1, Entry::Message(n))),
        );
        order.extend(
            (0..)
                .zip(&accesses)
                .map(|(n, a)| (a.mark, 2, Entry::Access(n))),
        );
        let marks: BTreeSet<u32> = order.iter().filter_map(|(mark, ..)| *mark).collect();
        order.extend(marks.iter().map(|n| (Some(*n), 0, Entry::Mark(*n))));
        // Stable: what was recorded in one file keeps its order.
        order.sort_by_key(|(mark, kind, _)| (*mark, *kind));
        let order = order.into_iter().map(|(.., entry)| entry).collect();
        Self {
            messages,
            accesses,
            device,
            order,
            headers: true,
            ..Self::default()
        }
    }

    /// Takes out what was done while an interrupt was handled: when one comes, and whether two come as one, is no driver's doing.
    /// [`Trace::order`] is then without accesses.
    pub fn take_interrupts(&mut self) -> Vec<Access> {
        let gone: BTreeSet<usize> = std::mem::take(&mut self.interrupts).into_iter().collect();
        let (mut kept, mut taken) = (Vec::new(), Vec::new());
        for (n, access) in std::mem::take(&mut self.accesses).into_iter().enumerate() {
            let to = if gone.contains(&n) {
                &mut taken
            } else {
                &mut kept
            };
            to.push(access);
        }
        self.accesses = kept;
        self.order
            .retain(|entry| !matches!(entry, Entry::Access(_)));
        taken
    }

    /// The messages, continuation records joined to what they continue: the payload is all of it, `len` and `elems` count
    /// all. A record that continues nothing stays.
    pub fn joined(&self) -> Vec<Message> {
        self.joined_numbered().into_iter().map(|(_, m)| m).collect()
    }

    /// As [`Trace::joined`], each with the place of its first element in [`Trace::messages`].
    pub fn joined_numbered(&self) -> Vec<(usize, Message)> {
        let mut out: Vec<(usize, Message)> = Vec::with_capacity(self.messages.len());
        // Where the last message of each queue is that the next record would continue.
        let mut last: [Option<usize>; 2] = [None, None];
        for (n, message) in self.messages.iter().enumerate() {
            let of = usize::from(message.q == Queue::Msgq);
            match (message.function, last[of]) {
                // A piece with a hole in it cannot be continued: what follows would lie at the wrong offset.
                (FN_CONTINUATION, Some(at)) if out[at].1.missing() == 0 => {
                    let whole = &mut out[at].1;
                    whole.payload.extend_from_slice(&message.payload);
                    let more = message.len.saturating_sub(crate::RPC_HEADER as u32);
                    whole.len = whole.len.saturating_add(more);
                    whole.elems = whole.elems.saturating_add(message.elems);
                }
                (FN_CONTINUATION, _) => out.push((n, message.clone())),
                _ => {
                    last[of] = Some(out.len());
                    out.push((n, message.clone()));
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Entry;
    use super::Trace;
    use crate::mmio;
    use crate::wire;

    fn line(n: u32, q: &str, function: u32, payload: &str) -> String {
        let len = 32 + payload.len() / 2;
        format!(
            "{{\"n\":{n},\"q\":\"{q}\",\"fn\":{function},\"len\":{len},\"elems\":1,\"payload\":\"{payload}\"}}\n"
        )
    }

    #[test]
    fn records_are_joined_to_what_they_continue() {
        let text = line(0, "cmdq", 76, "0102")
            + &line(1, "msgq", 0x1001, "")
            + &line(2, "cmdq", 71, "0304")
            + &line(3, "cmdq", 71, "05")
            + &line(4, "cmdq", 10, "")
            + &line(5, "msgq", 71, "aa");
        let trace = Trace::of_files(wire(&text).unwrap(), Vec::new(), serde_json::Value::Null);
        let joined = trace.joined_numbered();
        let places: Vec<usize> = joined.iter().map(|(n, _)| *n).collect();
        assert_eq!(places, [0, 1, 4]);
        assert_eq!(joined[0].1.payload, [1, 2, 3, 4, 5]);
        assert_eq!((joined[0].1.len, joined[0].1.elems), (37, 3));
        assert_eq!(joined[0].1.missing(), 0);
        assert_eq!(joined[1].1.payload, [0xaa]);
    }

    #[test]
    fn a_record_does_not_continue_a_message_with_a_hole() {
        let text = line(0, "cmdq", 76, "0102").replace("\"len\":34", "\"len\":36")
            + &line(1, "cmdq", 71, "0304");
        let trace = Trace::of_files(wire(&text).unwrap(), Vec::new(), serde_json::Value::Null);
        let joined = trace.joined();
        assert_eq!(joined.len(), 2);
        assert_eq!(joined[0].missing(), 2);
    }

    #[test]
    fn files_are_in_order_between_marks() {
        let text = line(0, "cmdq", 76, "") + "{\"mark\":1}\n" + &line(1, "cmdq", 76, "");
        let accesses = mmio("R 0x0 0x0\n# mark 1\nW 0x4 0x1\n").unwrap();
        let trace = Trace::of_files(wire(&text).unwrap(), accesses, serde_json::Value::Null);
        let order = [
            Entry::Message(0),
            Entry::Access(0),
            Entry::Mark(1),
            Entry::Message(1),
            Entry::Access(1),
        ];
        assert_eq!(trace.order, order);
    }
}
