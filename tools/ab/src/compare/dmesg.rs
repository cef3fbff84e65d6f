// SPDX-License-Identifier: GPL-2.0
//! Comparing kernel logs: without times, kernel addresses numbered in order of appearance.

use std::collections::HashMap;

use crate::compare::seq;
use crate::compare::seq::Step;
use crate::compare::Difference;
use crate::compare::Kind;
use crate::compare::Run;

/// A line ready to be compared: phase, level, text.
pub type Line = (String, u32, String);

/// The kernel log from the loading of nouveau on, kernel addresses replaced by their order of appearance.
///
/// What the kernel says before that is the same kernel's own business on both sides.
pub fn lines(run: &Run) -> Vec<Line> {
    let mut seen = HashMap::new();
    run.guest
        .log
        .iter()
        .filter(|l| l.phase != "boot" && !of_clock(&l.text))
        .map(|l| {
            (
                l.phase.clone(),
                l.prio,
                pointers(&processes(&times(&l.text)), &mut seen),
            )
        })
        .collect()
}

/// Whether the kernel says it of its own clock, which it measures for a second beside all that happens (tsc_refine_calibration_work()).
fn of_clock(text: &str) -> bool {
    text.starts_with("tsc: ") || text.starts_with("clocksource: ")
}

/// Replaces what the kernel says that something took, like `(elapsed 0.001 seconds)`: it is rounded, so that a microsecond
/// can make it another number.
fn times(text: &str) -> String {
    const UNIT: &str = " seconds";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(UNIT) {
        let number = |c: char| c.is_ascii_digit() || c == '.';
        let kept = before.trim_end_matches(number);
        out.push_str(kept);
        out.push_str(if before[kept.len()..].contains('.') {
            "#"
        } else {
            &before[kept.len()..]
        });
        out.push_str(UNIT);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Replaces the numbers of our own processes, as nouveau names its clients (`init[108]`, nouveau_cli_init()): how many threads the
/// kernel has started by then is not the driver's doing.
fn processes(text: &str) -> String {
    // The guest's program is PID 1 and keeps that name; on a card it is nvkm-hw.
    const NAMES: [&str; 2] = ["init[", "nvkm-hw["];
    let mut out = text.to_string();
    for name in NAMES {
        let mut parts: Vec<String> = out.split(name).map(String::from).collect();
        for part in parts.iter_mut().skip(1) {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && part[digits..].starts_with(']') {
                part.replace_range(..digits, "#");
            }
        }
        out = parts.join(name);
    }
    out
}

/// Replaces what x86-64 says is a kernel address: 16 hex digits that begin with `ffff` (Documentation/arch/x86/x86_64/mm.rst).
fn pointers(text: &str, seen: &mut HashMap<String, usize>) -> String {
    const DIGITS: usize = 16;
    let bytes = text.as_bytes();
    let is_hex = |n: usize| bytes.get(n).is_some_and(u8::is_ascii_hexdigit);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let starts_word = at == 0 || !is_hex(at - 1);
        let end = at + DIGITS;
        if starts_word && text[at..].starts_with("ffff") && (at..end).all(is_hex) && !is_hex(end) {
            let next = seen.len() + 1;
            let n = *seen.entry(text[at..end].to_string()).or_insert(next);
            out.push_str(&format!("ptr#{n}"));
            at = end;
            continue;
        }
        let Some(c) = text[at..].chars().next() else {
            break;
        };
        out.push(c);
        at += c.len_utf8();
    }
    out
}

/// The differences of the kernel logs.
pub fn compare(c: &Run, other: &Run) -> Vec<Difference> {
    let (a, b) = (lines(c), lines(other));
    let make = |line: &Line, in_c: bool| {
        // A line that an event should have caused and did not means that the event was lost.
        let event = line.0.starts_with("event");
        let kind = match (event, in_c) {
            (true, true) => Kind::MissingEvent,
            (true, false) => Kind::ExtraEvent,
            (false, _) => Kind::Dmesg,
        };
        let (c, other) = if in_c {
            (line.2.clone(), String::new())
        } else {
            (String::new(), line.2.clone())
        };
        Difference {
            kind,
            phase: line.0.clone(),
            message: None,
            name: "kernel log".into(),
            field: format!("level {}", line.1),
            c,
            other,
        }
    };
    seq::align(&a, &b)
        .into_iter()
        .filter_map(|step| match step {
            Step::Both { .. } => None,
            Step::OnlyA(i) => Some(make(&a[i], true)),
            Step::OnlyB(j) => Some(make(&b[j], false)),
        })
        .collect()
}

/// Lines that no run should have, C or Rust: warnings and worse of the kernel itself.
pub fn alarms(run: &Run) -> Vec<String> {
    const ALARMS: [&str; 8] = [
        "WARNING:",
        "BUG:",
        "Oops",
        "general protection fault",
        "Call Trace:",
        "KASAN",
        "UBSAN",
        "refcount_t",
    ];
    run.guest
        .log
        .iter()
        .filter(|l| ALARMS.iter().any(|a| l.text.contains(a)))
        .map(|l| l.text.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::of_clock;
    use super::pointers;
    use super::processes;
    use super::times;

    #[test]
    fn what_something_took_is_no_difference() {
        let line = "Freezing user space processes completed (elapsed 0.001 seconds)";
        assert_eq!(
            times(line),
            "Freezing user space processes completed (elapsed # seconds)"
        );
        // A whole number is one that somebody chose.
        for same in ["Waiting for 5 seconds.", "GART: 0.001", " seconds", ""] {
            assert_eq!(times(same), same);
        }
    }

    #[test]
    fn what_the_kernel_says_of_its_clock_is_not_the_drivers() {
        assert!(of_clock(
            "tsc: Refined TSC clocksource calibration: 999.999 MHz"
        ));
        assert!(of_clock("clocksource: tsc: mask: 0xffffffffffffffff"));
        assert!(!of_clock("nouveau 0000:00:04.0: tsc: "));
    }

    #[test]
    fn the_number_of_a_process_is_no_difference() {
        let line = |pid| format!("fifo:000000:0001:0001:[init[{pid}]] errored - disabling channel");
        assert_eq!(processes(&line("108")), processes(&line("109")));
        assert_ne!(processes(&line("108")), processes(&line("108 ")));
        // Whose channel it is, and which, remains.
        for same in [
            "[init]",
            "runl[1] errored",
            "init[",
            "init[1",
            "[other[108]]",
            "",
        ] {
            assert_eq!(processes(same), same);
        }
    }

    #[test]
    fn kernel_addresses_are_numbered() {
        let mut seen = HashMap::new();
        assert_eq!(
            pointers("at ffff888100000000, ffff888100000008", &mut seen),
            "at ptr#1, ptr#2"
        );
        assert_eq!(
            pointers("RSP: 0018:ffff888100000008é", &mut seen),
            "RSP: 0018:ptr#2é"
        );
        assert_eq!(pointers("0xffff888100000000", &mut seen), "0xptr#1");
        // Too short, too long, not high.
        for same in [
            "ffff8881",
            "ffff88810000000000",
            "00000000ffff8888",
            "0000000000001000",
        ] {
            assert_eq!(pointers(same, &mut seen), same);
        }
    }
}
