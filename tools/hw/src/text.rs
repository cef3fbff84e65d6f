// SPDX-License-Identifier: GPL-2.0
//! The text of a trace (`/sys/kernel/tracing/trace`, `trace_pipe`) as messages, register accesses and other events.

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use nvkm_ab::trace::from_hex;
use nvkm_ab::trace::Access;
use nvkm_ab::trace::Message;
use nvkm_ab::trace::Queue;
use nvkm_ab::trace::Trace;
use serde_json::Value;

/// What a trace holds.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Messages and register accesses.
    pub trace: Trace,
    /// The other events (`nvkm_gsp_boot`, `nvkm_rust_shadow`), as they are.
    pub others: Vec<String>,
}

/// `name=value` of a line.
fn field<'a>(text: &'a str, name: &str) -> Result<&'a str> {
    text.split_whitespace()
        .find_map(|w| w.strip_prefix(name)?.strip_prefix('='))
        .with_context(|| format!("no field {name}"))
}

fn number(text: &str, name: &str) -> Result<u32> {
    let word = field(text, name)?;
    match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => word.parse(),
    }
    .with_context(|| format!("{name}={word} is no number"))
}

/// Microseconds of a line: `task-1 [000] ..... 12.345678: event: …`.
fn time(head: &str) -> Option<u64> {
    let (s, us) = head
        .split_whitespace()
        .last()?
        .trim_end_matches(':')
        .split_once('.')?;
    Some(s.parse::<u64>().ok()? * 1_000_000 + us.parse::<u64>().ok()?)
}

/// Parses a trace. Lines that are none of ours are left out.
///
/// # Errors
///
/// One of ours is broken.
pub fn parse(text: &str) -> Result<Text> {
    let mut lines: Vec<(u64, &str, &str)> = Vec::new();
    for line in text.lines() {
        for event in [
            "nvkm_gsp_rpc: ",
            "nvkm_gsp_rpc_data: ",
            "nvkm_mmio: ",
            "nvkm_gsp_boot: ",
            "nvkm_rust_shadow: ",
            "tracing_mark_write: ",
        ] {
            if let Some(at) = line.find(&format!(": {event}")) {
                let name = event.trim_end_matches(": ");
                let last = lines.last().map_or(0, |l| l.0);
                lines.push((
                    time(&line[..at]).unwrap_or(last),
                    name,
                    &line[at + 2 + event.len()..],
                ));
            }
        }
    }
    // Processors' buffers are joined as they are read: an event may come after one that was later.
    lines.sort_by_key(|l| l.0);
    let mut out = Text::default();
    let mut mark = None;
    for (n, (_, event, rest)) in lines.iter().enumerate() {
        one(&mut out, &mut mark, event, rest)
            .with_context(|| format!("event {}: {event}: {rest}", n + 1))?;
    }
    Ok(out)
}

fn one(out: &mut Text, mark: &mut Option<u32>, event: &str, rest: &str) -> Result<()> {
    let queue = || match field(rest, "queue")? {
        "cmdq" => Ok(Queue::Cmdq),
        "msgq" => Ok(Queue::Msgq),
        other => bail!("there is no queue {other}"),
    };
    match event {
        "tracing_mark_write" => {
            if let Some(number) = rest.trim().strip_prefix("nvkm-mark ") {
                *mark = Some(number.parse().context("a mark without number")?);
            }
        }
        "nvkm_mmio" => {
            let mut words = rest.split_whitespace().skip(1);
            let kind = words.next().unwrap_or_default();
            let mut hex = || {
                let digits = words.next()?.strip_prefix("0x")?;
                u32::from_str_radix(digits, 16).ok()
            };
            let (Some(addr), Some(value), "R" | "W") = (hex(), hex(), kind) else {
                bail!("not an access");
            };
            out.trace.accesses.push(Access {
                write: kind == "W",
                addr,
                value,
                dma: None,
                mark: *mark,
            });
        }
        "nvkm_gsp_rpc" => out.trace.messages.push(Message {
            n: out.trace.messages.len() as u64,
            q: queue()?,
            function: number(rest, "fn")?,
            name: String::new(),
            len: number(rest, "len")?,
            seq: number(rest, "seq")?,
            elem_seq: number(rest, "elem_seq")?,
            result: number(rest, "result")?,
            elems: number(rest, "elems")?,
            payload: Vec::new(),
            mark: *mark,
        }),
        "nvkm_gsp_rpc_data" => {
            let (q, function, seq) = (queue()?, number(rest, "fn")?, number(rest, "elem_seq")?);
            let at = number(rest, "at")? as usize;
            let bytes = from_hex(field(rest, "bytes")?).context("bytes are not hex")?;
            // Two processors may write at once: the newest of that queue and number is meant.
            let mut newest = out.trace.messages.iter_mut().rev();
            let message = newest
                .find(|m| (m.q, m.function, m.elem_seq) == (q, function, seq))
                .context("a piece of a message that was not seen")?;
            if message.payload.len() != at {
                bail!(
                    "a piece at {at} of a message of which {} bytes were seen",
                    message.payload.len()
                );
            }
            message.payload.extend(bytes);
        }
        _ => out.others.push(format!("{event}: {rest}")),
    }
    Ok(())
}

/// `wire.jsonl` of a trace.
pub fn wire(trace: &Trace) -> String {
    let mut out = String::new();
    let mut mark = None;
    for m in &trace.messages {
        if m.mark != mark {
            mark = m.mark;
            out.push_str(&format!("{{\"mark\":{}}}\n", mark.unwrap_or(0)));
        }
        let payload: String = m.payload.iter().map(|b| format!("{b:02x}")).collect();
        let line: Value = serde_json::json!({"n": m.n, "q": m.q.name(), "fn": m.function, "name": m.name, "len": m.len,
            "seq": m.seq, "elem_seq": m.elem_seq, "result": m.result, "elems": m.elems, "payload": payload});
        out.push_str(&format!("{line}\n"));
    }
    out
}

/// `mmio.txt` of a trace.
pub fn mmio(trace: &Trace) -> String {
    let mut out = String::new();
    let mut mark = None;
    for a in &trace.accesses {
        if a.mark != mark {
            mark = a.mark;
            out.push_str(&format!("# mark {}\n", mark.unwrap_or(0)));
        }
        let kind = if a.write { 'W' } else { 'R' };
        out.push_str(&format!("{kind} {:#08x} {:#010x}\n", a.addr, a.value));
    }
    out
}
