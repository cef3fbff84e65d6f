// SPDX-License-Identifier: GPL-2.0
//! The tracepoints of group nvkm as text: /sys/kernel/tracing/trace, `trace-cmd report`, or `perf script`.
//!
//! ```text
//! modprobe-123 [000] .....    12.345678: nvkm_gsp_rpc: dev=0000:01:00.0 queue=cmdq fn=76 len=88 seq=5 elem_seq=7 …
//! ```

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Result;

use crate::from_hex;
use crate::trace::Boot;
use crate::trace::Entry;
use crate::trace::Shadow;
use crate::Access;
use crate::Message;
use crate::Queue;
use crate::Trace;
use crate::RPC_HEADER;

use super::choose;

/// Our events; a mark is written by whoever traces.
const EVENTS: [&str; 5] = [
    "nvkm_gsp_rpc:",
    "nvkm_gsp_rpc_data:",
    "nvkm_gsp_boot:",
    "nvkm_mmio:",
    "nvkm_rust_shadow:",
];
const MARK: &str = "tracing_mark_write:";
/// What a mark says before its number.
const MARK_TEXT: &str = "nvkm-mark ";
/// Bytes that an event of a message has of its payload itself.
const HEAD: usize = 32;
/// More problems than these are counted only.
const PROBLEMS: usize = 100;

/// Splits a line of ours into the event's name and what it says.
fn event(line: &str) -> Option<(&str, &str)> {
    EVENTS.iter().find_map(|name| {
        let (before, after) = line.split_once(name)?;
        // perf puts the group before it.
        let before = before.strip_suffix("nvkm:").unwrap_or(before);
        // The name stands behind the time, and not in a text that somebody wrote.
        let behind_time = before.trim_end().ends_with(':') && before.ends_with([' ', '\t']);
        behind_time.then_some((name.trim_end_matches(':'), after.trim()))
    })
}

/// Whether a line is an event of ours.
pub fn is_event(line: &str) -> bool {
    event(line).is_some()
}

/// Whether a line was written while an interrupt was handled: the third of the flags behind the processor's number is `h`,
/// `H`, `z` or `Z` (Documentation/trace/ftrace.rst).
fn in_interrupt(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let processor = |w: &str| w.starts_with('[') && w.ends_with(']');
    let flags = words.find(|w| processor(w)).and_then(|_| words.next());
    flags.is_some_and(|w| {
        (4..=5).contains(&w.len()) && matches!(w.as_bytes()[2], b'h' | b'H' | b'z' | b'Z')
    })
}

fn mark(line: &str) -> Option<u32> {
    let (_, text) = line.split_once(MARK)?;
    text.trim_start()
        .strip_prefix(MARK_TEXT)?
        .trim()
        .parse()
        .ok()
}

/// What a line says was lost, if it does: the ring buffer's own words, and trace-cmd's.
fn lost(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with("CPU:") && (line.contains("[LOST") || line.contains("EVENTS DROPPED]")) {
        return Some(format!("events were lost: {line}"));
    }
    // In the head: how many are still there of how many there were.
    let counts = line.strip_prefix("# entries-in-buffer/entries-written:")?;
    let (kept, written) = counts.split_whitespace().next()?.split_once('/')?;
    let (kept, written) = (kept.parse::<u64>().ok()?, written.parse::<u64>().ok()?);
    let gone = written.checked_sub(kept).filter(|n| *n > 0)?;
    Some(format!(
        "events were lost: the ring buffer overwrote the oldest {gone} of {written}"
    ))
}

/// `name=value` words.
struct Words<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self(
            text.split_whitespace()
                .filter_map(|w| w.split_once('='))
                .collect(),
        )
    }

    fn text(&self, name: &str) -> Result<&'a str, String> {
        self.0
            .get(name)
            .copied()
            .ok_or_else(|| format!("there is no {name}="))
    }

    fn number(&self, name: &str) -> Result<u64, String> {
        let text = self.text(name)?;
        number(text).ok_or_else(|| format!("{name}={text} is no number"))
    }

    fn short(&self, name: &str) -> Result<u32, String> {
        u32::try_from(self.number(name)?).map_err(|_| format!("{name} is too large"))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        from_hex(self.text(name)?).ok_or_else(|| format!("{name}= is not hexadecimal"))
    }

    fn queue(&self) -> Result<Queue, String> {
        match self.text("queue")? {
            "cmdq" => Ok(Queue::Cmdq),
            "msgq" => Ok(Queue::Msgq),
            other => Err(format!("there is no queue {other}")),
        }
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

struct Reader {
    trace: Trace,
    mark: Option<u32>,
    /// The last message of each queue: its payload's pieces follow it.
    last: [Option<usize>; 2],
    /// Which messages have got a piece: before that their payload is the head.
    pieces: BTreeSet<usize>,
    device: Option<String>,
    unsaid: usize,
}

/// Reads a capture.
///
/// # Errors
///
/// It is of several devices, and none was said.
pub fn parse(text: &str, device: Option<&str>) -> Result<Trace> {
    let devices: BTreeSet<&str> = text
        .lines()
        .filter_map(event)
        .filter_map(|(_, said)| said.split_whitespace().find_map(|w| w.strip_prefix("dev=")))
        .collect();
    let devices: Vec<String> = devices.into_iter().map(str::to_owned).collect();
    let device = choose(&devices, device)?;
    let mut reader = Reader {
        trace: Trace {
            devices,
            headers: true,
            ..Trace::default()
        },
        mark: None,
        last: [None, None],
        pieces: BTreeSet::new(),
        device,
        unsaid: 0,
    };
    for (n, line) in text.lines().enumerate() {
        if let Some((name, said)) = event(line) {
            let before = reader.trace.accesses.len();
            if let Err(why) = reader.event(name, said) {
                reader.problem(format!("line {}: {name}: {why}", n + 1));
            }
            if reader.trace.accesses.len() > before && in_interrupt(line) {
                reader.trace.interrupts.push(before);
            }
        } else if let Some(mark) = mark(line) {
            reader.mark = Some(mark);
            reader.trace.order.push(Entry::Mark(mark));
        } else if let Some(text) = lost(line) {
            reader.problem(format!("line {}: {text}", n + 1));
        }
    }
    let mut trace = reader.trace;
    if reader.unsaid > 0 {
        trace
            .problems
            .push(format!("{} more problems", reader.unsaid));
    }
    Ok(trace)
}

impl Reader {
    fn problem(&mut self, text: String) {
        if self.trace.problems.len() < PROBLEMS {
            self.trace
                .order
                .push(Entry::Problem(self.trace.problems.len()));
            self.trace.problems.push(text);
        } else {
            self.unsaid += 1;
        }
    }

    fn event(&mut self, name: &str, said: &str) -> Result<(), String> {
        let words = Words::of(said);
        if Some(words.text("dev")?) != self.device.as_deref() {
            return Ok(());
        }
        match name {
            "nvkm_gsp_rpc" => self.message(&words),
            "nvkm_gsp_rpc_data" => self.piece(&words),
            "nvkm_mmio" => self.access(said),
            "nvkm_gsp_boot" => {
                let status = words.text("status")?;
                let status = status
                    .parse()
                    .map_err(|_| format!("status={status} is no number"))?;
                let phase = words.text("phase")?.to_owned();
                self.trace.order.push(Entry::Boot(self.trace.boot.len()));
                self.trace.boot.push(Boot {
                    phase,
                    status,
                    mark: self.mark,
                });
                Ok(())
            }
            _ => {
                let shadow = Shadow {
                    subsystem: words.text("subsys")?.to_owned(),
                    what: words.text("what")?.to_owned(),
                    c: words.number("c")?,
                    rust: words.number("rust")?,
                    mark: self.mark,
                };
                self.trace
                    .order
                    .push(Entry::Shadow(self.trace.shadow.len()));
                self.trace.shadow.push(shadow);
                Ok(())
            }
        }
    }

    fn message(&mut self, words: &Words<'_>) -> Result<(), String> {
        let at = self.trace.messages.len();
        let message = Message {
            n: at as u64,
            q: words.queue()?,
            function: words.short("fn")?,
            name: String::new(),
            len: words.short("len")?,
            seq: words.short("seq")?,
            elem_seq: words.short("elem_seq")?,
            result: words.short("result")?,
            elems: words.short("elems")?,
            payload: words.bytes("head")?,
            mark: self.mark,
        };
        if message.payload.len() > HEAD
            || message.payload.len() + RPC_HEADER > (message.len as usize).max(RPC_HEADER)
        {
            return Err(format!(
                "{} bytes of head, len={}",
                message.payload.len(),
                message.len
            ));
        }
        self.last[slot(message.q)] = Some(at);
        self.trace.order.push(Entry::Message(at));
        self.trace.messages.push(message);
        Ok(())
    }

    fn piece(&mut self, words: &Words<'_>) -> Result<(), String> {
        let (queue, function, sequence) =
            (words.queue()?, words.short("fn")?, words.short("elem_seq")?);
        let (at, bytes) = (words.number("at")?, words.bytes("bytes")?);
        let messages = &self.trace.messages;
        let same =
            |n: &usize| (messages[*n].function, messages[*n].elem_seq) == (function, sequence);
        let Some(n) = self.last[slot(queue)].filter(same) else {
            return Err(format!(
                "no nvkm_gsp_rpc of fn={function} elem_seq={sequence} stands before it"
            ));
        };
        let message = &mut self.trace.messages[n];
        if self.pieces.insert(n) {
            message.payload.clear();
        }
        let have = message.payload.len();
        if at != have as u64 {
            return Err(format!(
                "at={at}, but {have} bytes came before it: the rest of the payload is left out"
            ));
        }
        if have + bytes.len() + RPC_HEADER > message.len as usize {
            return Err(format!(
                "{} bytes at {at} of a message of len={}",
                bytes.len(),
                message.len
            ));
        }
        message.payload.extend_from_slice(&bytes);
        Ok(())
    }

    fn access(&mut self, said: &str) -> Result<(), String> {
        let words: Vec<&str> = said
            .split_whitespace()
            .filter(|w| !w.starts_with("dev="))
            .collect();
        let access = match words[..] {
            [kind @ ("R" | "W"), addr, value] => {
                number(addr).zip(number(value)).and_then(|(addr, value)| {
                    Some(Access {
                        write: kind == "W",
                        addr: u32::try_from(addr).ok()?,
                        value: u32::try_from(value).ok()?,
                        dma: None,
                        mark: self.mark,
                        messages: self.trace.messages.len() as u64,
                    })
                })
            }
            _ => None,
        };
        let access = access.ok_or_else(|| format!("'{said}' is no access"))?;
        self.trace
            .order
            .push(Entry::Access(self.trace.accesses.len()));
        self.trace.accesses.push(access);
        Ok(())
    }
}

fn slot(queue: Queue) -> usize {
    usize::from(queue == Queue::Msgq)
}

#[cfg(test)]
mod tests;
