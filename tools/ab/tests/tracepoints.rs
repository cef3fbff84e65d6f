// SPDX-License-Identifier: GPL-2.0
//! The driver's tracepoints on a machine: what they say is what the device saw, whoever serves, and what the kernel's own
//! mmiotrace sees.
//!
//! Needs a prepared build directory with `nouveau/on/nouveau.ko`; `make test` runs it with `--ignored`.

use std::fs;
use std::ops::Range;
use std::thread;

use nvkm_trace::Access;
use nvkm_trace::Message;
use nvkm_trace::Queue;
use nvkm_trace::Trace;

#[path = "support/machine.rs"]
mod machine;

use machine::json_lines;
use machine::module;
use machine::scratch;

/// Where userspace's doorbell is mapped (nvkm/engine/fifo/tu102.c): written without nvkm.
const USERMODE: Range<u32> = 0xbb_0000..0xbc_0000;
/// Windows onto the VBIOS and onto video memory, which the device has no trace of (tools/vgpu/src/bar0.rs); the VGA's ports,
/// which are bytes: the device shows the word that they are in.
const WINDOWS: [Range<u32>; 3] = [
    0x30_0000..0x38_0000,
    0x70_0000..0x80_0000,
    0x60_1000..0x60_2000,
];

/// What was seen between `trace=on` and `trace=off`.
struct Seen {
    /// By the driver.
    driver: Trace,
    /// By the device.
    device: Trace,
    /// By mmiotrace.
    mmiotrace: String,
}

fn see(setting: &str, on: &str, between: &str) -> Seen {
    let out = scratch(&format!("tracepoints-{setting}-{on}"));
    let phases = format!("load,probe,unbind,trace={on},{between},trace=off,unload");
    let params = format!("rust_gsp={setting}");
    machine::machine(&out, Some(&module()), &params, &phases, &[]);
    let guest = json_lines(&out, "guest.jsonl");
    let off = guest
        .iter()
        .find(|line| line["trace"].is_string())
        .unwrap_or_else(|| panic!("no trace in {}", out.display()));
    assert_eq!(off["lost"], 0, "events were lost");
    let text = out.join("trace.txt");
    fs::write(&text, off["trace"].as_str().unwrap()).unwrap();
    let driver = nvkm_trace::load(&text).unwrap();
    assert!(driver.problems.is_empty(), "{:?}", driver.problems);

    // The device goes on when the driver's trace has ended, and began before.
    let mut device = Trace::load(&out).unwrap();
    let names: Vec<&str> = phases.split(',').collect();
    let first = names.iter().position(|n| n.starts_with("trace=")).unwrap() as u32 + 1;
    let last = names.iter().position(|n| *n == "trace=off").unwrap() as u32;
    let meant = |mark: Option<u32>| mark.is_some_and(|m| (first..last).contains(&m));
    device.messages.retain(|m| meant(m.mark));
    device.accesses.retain(|a| meant(a.mark));
    let mmiotrace = off["mmiotrace"].as_str().unwrap_or_default().to_owned();
    if on != "on" {
        assert_eq!(off["mmiotrace_lost"], 0, "mmiotrace lost events");
    }
    let _ = fs::remove_dir_all(out);
    Seen {
        driver,
        device,
        mmiotrace,
    }
}

/// A message without its number in the trace.
fn content(m: &Message) -> (u32, u32, u32, u32, u32, u32, &[u8]) {
    (
        m.function, m.len, m.seq, m.elem_seq, m.result, m.elems, &m.payload,
    )
}

/// A queue's messages are the same, in the same order. (Between the queues the device is ahead of the driver.)
fn same_messages(seen: &Seen, queue: Queue) -> usize {
    let of = |trace: &'_ Trace| -> Vec<Message> {
        let all = trace.messages.iter();
        all.filter(|m| m.q == queue).cloned().collect()
    };
    let (driver, device) = (of(&seen.driver), of(&seen.device));
    for (n, (a, b)) in driver.iter().zip(&device).enumerate() {
        assert_eq!(
            content(a),
            content(b),
            "{} {n}: {}",
            queue.name(),
            b.title()
        );
    }
    assert_eq!(driver.len(), device.len(), "{}", queue.name());
    device.len()
}

fn shown(access: &Access) -> String {
    let way = if access.write { 'W' } else { 'R' };
    format!("{way} {:#08x} {:#010x}", access.addr, access.value)
}

fn same_lines(what: &str, a: &[String], b: &[String]) {
    for (n, (x, y)) in a.iter().zip(b).enumerate() {
        let around = |all: &[String]| all[n.saturating_sub(3)..all.len().min(n + 4)].join(", ");
        assert_eq!(
            x,
            y,
            "{what}, access {n}: {} against {}",
            around(a),
            around(b)
        );
    }
    assert_eq!(a.len(), b.len(), "{what}");
}

/// What both have.
fn registers(trace: &Trace) -> Vec<String> {
    let both = |a: &&Access| {
        let windows = WINDOWS.iter().any(|window| window.contains(&a.addr));
        !windows && !USERMODE.contains(&a.addr)
    };
    trace.accesses.iter().filter(both).map(shown).collect()
}

/// The steps of boot, suspend and unload, with their status.
fn steps(trace: &Trace) -> Vec<(&str, i32)> {
    trace
        .boot
        .iter()
        .map(|b| (b.phase.as_str(), b.status))
        .collect()
}

#[test]
#[ignore = "starts two virtual machines"]
fn c_and_rust_say_what_the_device_saw() {
    let phases = "bind,copy,event=1,suspend,copy,unbind";
    let (c, rust) = thread::scope(|scope| {
        let c = scope.spawn(|| see("0", "on", phases));
        let rust = see("1", "on", phases);
        (c.join().unwrap(), rust)
    });
    for seen in [&c, &rust] {
        let (sent, received) = (
            same_messages(seen, Queue::Cmdq),
            same_messages(seen, Queue::Msgq),
        );
        assert!(
            sent > 100 && received > 100,
            "{sent} sent, {received} received"
        );
        let (driver, device) = (registers(&seen.driver), registers(&seen.device));
        assert!(device.len() > 1000, "{} accesses", device.len());
        same_lines("driver against device", &driver, &device);
    }
    let expected = [
        ("oneinit", 0),
        ("fwsec-frts", 0),
        ("booter-load", 0),
        ("init", 0),
        ("fwsec-sb", 0),
        ("booter-unload", 0),
        ("fini", 0),
    ];
    for step in expected {
        assert!(
            steps(&c.driver).contains(&step),
            "C has no {step:?}: {:?}",
            steps(&c.driver)
        );
    }
    assert_eq!(steps(&c.driver), steps(&rust.driver));
}

/// The accesses to BAR0 in a text of mmiotrace (Documentation/trace/mmiotrace.rst): `R WIDTH TIME MAP ADDRESS VALUE PC PID`,
/// the map being the one of `MAP TIME MAP PHYSICAL VIRTUAL LENGTH` that is largest.
fn of_mmiotrace(text: &str) -> Vec<String> {
    let number = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    let (_, base, length) = lines
        .iter()
        .filter(|words| words.first() == Some(&"MAP"))
        .map(|words| (words[2], number(words[3]), number(words[5])))
        .filter(|(_, _, length)| *length == 16 << 20)
        .max_by_key(|(_, _, length)| *length)
        .expect("mmiotrace saw no map of BAR0");
    lines
        .iter()
        .filter(|words| matches!(words.first(), Some(&"R" | &"W")))
        .map(|words| (words[0], number(words[4]), number(words[5])))
        .filter(|(_, address, _)| (base..base + length).contains(address))
        .map(|(way, address, value)| format!("{way} {:#08x} {value:#010x}", address - base))
        .collect()
}

#[test]
#[ignore = "starts a virtual machine"]
fn mmiotrace_sees_the_same_registers() {
    let seen = see("1", "on+mmiotrace", "bind,unbind");
    let theirs = of_mmiotrace(&seen.mmiotrace);
    assert!(theirs.len() > 1000, "{} accesses", theirs.len());
    let ours: Vec<String> = seen.driver.accesses.iter().map(shown).collect();
    same_lines("nvkm_mmio against mmiotrace", &ours, &theirs);
}

#[test]
fn a_text_of_mmiotrace_is_read() {
    let text = "VERSION 20070824\n\
                MAP 1.0 1 0xe0000000 0xffffc90000000000 0x1000000 0x0 0\n\
                MAP 1.0 2 0xd0000000 0xffffc90002000000 0x2000000 0x0 0\n\
                R 4 1.1 1 0xe0110040 0x0 0x0 0\nW 4 1.2 1 0xe0000200 0xffffffff 0x0 0\nW 4 1.3 2 0xd0000000 0x1 0x0 0\n";
    assert_eq!(
        of_mmiotrace(text),
        ["R 0x110040 0x00000000", "W 0x000200 0xffffffff"]
    );
}
