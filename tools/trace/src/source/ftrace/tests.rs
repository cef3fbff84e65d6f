// SPDX-License-Identifier: GPL-2.0
//! Captures as the two programs print them, and what may be wrong with one.

use super::parse;
use crate::trace::Entry;
use crate::Queue;

/// As /sys/kernel/tracing/trace prints it.
const TRACE: &str = "\
# tracer: nop
#
# entries-in-buffer/entries-written: 8/8   #P:2
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
            bash-99      [000] .....    11.000000: tracing_mark_write: nvkm-mark 1
        modprobe-123     [000] .....    12.345678: nvkm_gsp_rpc: dev=0000:01:00.0 queue=cmdq fn=76 len=72 seq=5 elem_seq=7 result=0xffffffff elems=1 head=0000d0c100000dc15c0a8020000000001000000000000000aabbccddeeff0011
        modprobe-123     [000] .....    12.345679: nvkm_gsp_rpc_data: dev=0000:01:00.0 queue=cmdq fn=76 elem_seq=7 at=0 bytes=0000d0c100000dc15c0a8020000000001000000000000000aabbccddeeff
        modprobe-123     [000] .....    12.345680: nvkm_gsp_rpc_data: dev=0000:01:00.0 queue=cmdq fn=76 elem_seq=7 at=30 bytes=00112233445566778899
        modprobe-123     [000] .....    12.345681: nvkm_mmio: dev=0000:01:00.0 W 0x110c00 0x00000000
     kworker/1:2-45      [001] d..1.    12.400000: nvkm_gsp_rpc: dev=0000:01:00.0 queue=msgq fn=4101 len=32 seq=0 elem_seq=3 result=0x0 elems=1 head=
        modprobe-123     [000] .....    12.500000: nvkm_gsp_boot: dev=0000:01:00.0 phase=fwsec status=-110
        modprobe-123     [000] .....    12.600000: nvkm_rust_shadow: dev=0000:01:00.0 subsys=fw what=radix3.size c=0x10 rust=0x20
";

/// Without the lines that have a text in them.
fn without(text: &str) -> String {
    let lines = TRACE.lines().filter(|l| !l.contains(text));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn all_events() {
    let trace = parse(TRACE, None).unwrap();
    assert_eq!(trace.problems, Vec::<String>::new());
    assert_eq!(trace.messages.len(), 2);
    let first = &trace.messages[0];
    assert_eq!(
        (first.q, first.seq, first.elem_seq, first.result),
        (Queue::Cmdq, 5, 7, u32::MAX)
    );
    assert_eq!(
        (first.payload.len(), first.missing(), first.mark),
        (40, 0, Some(1))
    );
    assert_eq!(first.control(), Some(0x2080_0a5c));
    assert!(trace.messages[1].is_event());
    assert_eq!(
        (trace.accesses[0].write, trace.accesses[0].addr),
        (true, 0x11_0c00)
    );
    assert_eq!(
        (trace.boot[0].phase.as_str(), trace.boot[0].status),
        ("fwsec", -110)
    );
    assert_eq!((trace.shadow[0].c, trace.shadow[0].rust), (16, 32));
    let order = [
        Entry::Mark(1),
        Entry::Message(0),
        Entry::Access(0),
        Entry::Message(1),
        Entry::Boot(0),
        Entry::Shadow(0),
    ];
    assert_eq!(trace.order, order);
}

/// `trace-cmd report`: no flags, columns of its own, its own words for a mark.
#[test]
fn as_trace_cmd_prints_it() {
    let text: String = TRACE
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(|l| {
            l.replace(" ..... ", " ")
                .replace(" d..1. ", " ")
                .replace("tracing_mark_write:", "print:   tracing_mark_write:")
        })
        .map(|l| l.replace(": nvkm_gsp_rpc: dev", ": nvkm_gsp_rpc:         dev") + "\n")
        .collect();
    let trace = parse(&("cpus=2\n".to_owned() + &text), None).unwrap();
    assert_eq!(trace.messages, parse(TRACE, None).unwrap().messages);
    assert_eq!(trace.problems, Vec::<String>::new());
}

#[test]
fn without_pieces_there_is_the_head() {
    let text = without("rpc_data");
    let trace = parse(&text, None).unwrap();
    assert_eq!(
        (trace.messages[0].payload.len(), trace.messages[0].missing()),
        (32, 8)
    );
    assert_eq!(trace.problems, Vec::<String>::new());
}

#[test]
fn what_was_lost_is_said() {
    for (line, word) in [
        ("CPU:0 [LOST 12 EVENTS]", "LOST 12"),
        ("CPU:1 [LOST EVENTS]", "LOST"),
        ("CPU:0 [5 EVENTS DROPPED]", "5 EVENTS"),
        (
            "# entries-in-buffer/entries-written: 8/20   #P:2",
            "oldest 12 of 20",
        ),
    ] {
        let trace = parse(&format!("{line}\n{TRACE}"), None).unwrap();
        assert_eq!(trace.problems.len(), 1, "{line}");
        assert!(trace.problems[0].contains(word), "{:?}", trace.problems);
    }
    // A piece in the middle.
    let text = without("at=0 ");
    let trace = parse(&text, None).unwrap();
    assert!(
        trace.problems[0].contains("at=30, but 0 bytes came before it"),
        "{:?}",
        trace.problems
    );
    assert!(trace.messages[0].missing() > 0);
}

#[test]
fn two_devices_are_two_traces() {
    let text = TRACE.to_owned() + &TRACE.replace("0000:01:00.0", "0000:02:00.0");
    let error = parse(&text, None).unwrap_err().to_string();
    assert!(error.contains("--device"), "{error}");
    let trace = parse(&text, Some("0000:02:00.0")).unwrap();
    assert_eq!((trace.messages.len(), trace.devices.len()), (2, 2));
}

#[test]
fn a_broken_line_is_said_and_the_rest_is_read() {
    for (what, with) in [
        ("queue=cmdq fn=76 len", "queue=upq fn=76 len"),
        ("head=0000d0", "head=x000d0"),
        ("len=72", "len=20"),
        ("elem_seq=7 at=30", "elem_seq=8 at=30"),
        ("W 0x110c00", "X 0x110c00"),
        ("status=-110", "status=bad"),
    ] {
        assert!(TRACE.contains(what), "{what}");
        let trace = parse(&TRACE.replace(what, with), None).unwrap();
        assert!(!trace.problems.is_empty(), "{with}");
        assert_eq!(
            trace.messages.last().map(|m| m.function),
            Some(0x1005),
            "{with}"
        );
    }
}

#[test]
fn a_text_that_quotes_an_event_is_none() {
    assert!(!super::is_event(
        "bash-1 [000] 1.0: tracing_mark_write: see nvkm_mmio: dev=0 R 0x0 0x0"
    ));
    assert!(super::is_event(
        "bash-1 [000] 1.0: nvkm_mmio: dev=0 R 0x0 0x0"
    ));
}

/// `perf script` names the group too.
#[test]
fn as_perf_prints_it() {
    let text = TRACE.replace(": nvkm_", ": nvkm:nvkm_");
    let trace = parse(&text, None).unwrap();
    assert_eq!(trace.messages, parse(TRACE, None).unwrap().messages);
    assert_eq!(trace.accesses.len(), 1);
}

#[test]
fn no_cut_of_it_is_trouble() {
    for end in 0..TRACE.len() {
        let _ = parse(&TRACE[..end], None);
        let _ = parse(&TRACE[end..], None);
    }
}
