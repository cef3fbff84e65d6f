// SPDX-License-Identifier: GPL-2.0
//! The text that the tracepoints gave, as a trace, and a trace as the files that a run of the virtual machine leaves.

use anyhow::Result;
use nvkm_ab::trace::source;
use nvkm_ab::trace::to_hex;
use nvkm_ab::trace::Format;
use nvkm_ab::trace::Options;
use nvkm_ab::trace::Trace;
use serde_json::Value;

/// The names that the virtual GPU gives to messages: reports and lists of both then speak of the same.
#[path = "../../vgpu/src/gsp/names.rs"]
mod names;

/// Microseconds of a line: `task-1 [000] ..... 12.345678: event: …`.
fn time(line: &str) -> Option<u64> {
    line.split_whitespace().find_map(|word| {
        let (s, us) = word.strip_suffix(':')?.split_once('.')?;
        Some(s.parse::<u64>().ok()? * 1_000_000 + us.parse::<u64>().ok()?)
    })
}

/// The lines in the order of their times: processors' buffers are joined as they are read, so that an event may come after
/// one that was later.
fn in_order(text: &str) -> String {
    let mut last = 0;
    let mut lines: Vec<(u64, &str)> = Vec::new();
    for line in text.lines() {
        last = time(line).unwrap_or(last);
        lines.push((last, line));
    }
    lines.sort_by_key(|l| l.0);
    let lines: Vec<&str> = lines.into_iter().map(|l| l.1).collect();
    lines.join("\n") + "\n"
}

/// Reads what the tracepoints told of a card.
///
/// # Errors
///
/// They told nothing of it.
pub fn parse(text: &str, address: &str) -> Result<Trace> {
    let options = Options {
        format: Some(Format::Ftrace),
        device: Some(address.to_string()),
    };
    let mut trace = source::parse(&in_order(text), &options)?;
    for message in &mut trace.messages {
        message.name = names::function(message.function).into();
    }
    Ok(trace)
}

/// What else the driver told: steps of the boot, and what shadow mode found.
pub fn events(trace: &Trace) -> String {
    let mut out = String::new();
    for boot in &trace.boot {
        out.push_str(&format!("boot {} {}\n", boot.phase, boot.status));
    }
    for shadow in &trace.shadow {
        let (c, rust) = (shadow.c, shadow.rust);
        out.push_str(&format!(
            "shadow {} {} c={c:#x} rust={rust:#x}\n",
            shadow.subsystem, shadow.what
        ));
    }
    out
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
        let payload = to_hex(&m.payload);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_in_order_and_files_are_as_a_machines() {
        let dev = "dev=0000:01:00.0";
        let text = [
            " a-1 [000] ..... 1.000000: tracing_mark_write: nvkm-mark 0",
            &format!(" a-1 [000] ..... 1.000030: nvkm_mmio: {dev} R 0x000004 0x00000002"),
            &format!(" b-2 [001] d..1. 1.000010: nvkm_mmio: {dev} W 0x000000 0x00000001"),
            &format!(" b-2 [001] d..1. 1.000020: nvkm_gsp_rpc: {dev} queue=cmdq fn=73 len=34 seq=0 elem_seq=0 result=0x0 elems=1 head=0a0b"),
            &format!(" b-2 [001] d..1. 1.000021: nvkm_gsp_rpc_data: {dev} queue=cmdq fn=73 elem_seq=0 at=0 bytes=0a0b"),
        ]
        .join("\n");
        let trace = parse(&text, "0000:01:00.0").unwrap();
        assert_eq!(trace.problems, Vec::<String>::new());
        assert_eq!(
            mmio(&trace),
            "# mark 0\nW 0x000000 0x00000001\nR 0x000004 0x00000002\n"
        );
        let again = nvkm_ab::trace::wire(&wire(&trace)).unwrap();
        assert_eq!(again, trace.messages);
        assert_eq!(again[0].title(), "SET_REGISTRY");
    }
}
