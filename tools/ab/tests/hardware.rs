// SPDX-License-Identifier: GPL-2.0
//! Runs held against the recording of a real card.

mod support;

use nvkm_ab::compare::hardware::Recording;
use nvkm_ab::lists::Lists;
use nvkm_ab::verdict::Verdict;
use support::judged;
use support::Made;

const TRACE: &str = include_str!("../../vgpu/tests/data/ga106-r570-fwsec-frts.txt");

fn recorded() -> Vec<String> {
    TRACE
        .lines()
        .filter(|l| l.starts_with("R ") || l.starts_with("W "))
        .map(String::from)
        .collect()
}

fn lists() -> Lists {
    let recordings = Recording::of("ga106", "570.144");
    assert_eq!(recordings.len(), 1);
    Lists {
        recordings,
        ..Lists::default()
    }
}

/// A run that did this to its registers, with what a run has that the recording leaves out.
fn with(made: Made, accesses: &[String]) -> Made {
    let mut mmio = vec!["# mark 0".to_string(), "R 0x000000 0xb76000a1".into()];
    for (n, line) in accesses.iter().enumerate() {
        mmio.push(line.clone());
        // After the first, which begins the window, and before the last, which ends it.
        if n == 40 {
            mmio.extend(
                [
                    "R 0x110118 0x00000616",
                    "R 0x009400 0x00001234",
                    "R 0x1100f4 0x80000000",
                    "W 0x110c00 0x00000000",
                ]
                .map(String::from),
            );
        }
    }
    mmio.push("W 0x110110 0x00000000".into());
    Made { mmio, ..made }
}

#[test]
fn another_machines_addresses_are_the_same_boot() {
    let moved: Vec<String> = recorded()
        .iter()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let value = u32::from_str_radix(&words[2][2..], 16).unwrap();
            match (words[0], words[1], value) {
                ("W", "0x110110", v) => format!("W 0x110110 {:#010x}", v + 0x1000),
                ("W", "0x110040", v) if v != 0 => format!("W 0x110040 {:#010x}", v - 0x5000),
                _ => line.clone(),
            }
        })
        .collect();
    let c = with(Made::good(), &moved);
    let j = judged(&c, &c, &with(Made::rust(), &moved), &lists());
    assert_eq!(
        j.verdict,
        Verdict::Equal,
        "{:?} {:?}",
        j.problems,
        j.differences
    );
    let rows: Vec<_> = j
        .hardware
        .iter()
        .map(|r| (r.side.as_str(), r.accesses, r.equal))
        .collect();
    assert_eq!(rows, [("c1", 756, true), ("rust", 756, true)]);
}

/// One access more, one less, one changed, two exchanged: Rust differs, with the access named; C voids the run.
#[test]
fn any_one_access_counts() {
    let good = recorded();
    // Steps that are spread over all of it, and every kind of access.
    for at in (1..good.len() - 1).step_by(31) {
        let mut less = good.clone();
        less.remove(at);
        let mut more = good.clone();
        more.insert(at, "W 0x110048 0x00000001".into());
        let mut changed = good.clone();
        let last = good[at].len() - 1;
        let other = if good[at].ends_with('e') { "5" } else { "e" };
        changed[at].replace_range(last.., other);
        let mut swapped = good.clone();
        swapped.swap(at, at + 1);
        for (what, bad) in [
            ("less", less),
            ("more", more),
            ("changed", changed),
            ("swapped", swapped),
        ] {
            if bad == good {
                continue;
            }
            let c = with(Made::good(), &good);
            let j = judged(&c, &c, &with(Made::rust(), &bad), &lists());
            assert_eq!(j.verdict, Verdict::Different, "{what} at {at}");
            assert!(
                j.differences.iter().any(|d| d
                    .other
                    .contains("not as recorded (ga106-r570-fwsec-frts): access")),
                "{what} at {at}"
            );
            let c = with(Made::good(), &bad);
            let j = judged(&c, &c, &with(Made::rust(), &bad), &lists());
            assert_eq!(j.verdict, Verdict::Failed, "{what} at {at}");
            assert!(
                j.problems[0].contains("c1: not as recorded"),
                "{:?}",
                j.problems
            );
        }
    }
}

#[test]
fn a_run_without_that_boot_is_not_as_recorded() {
    let c = Made::good();
    let j = judged(&c, &c, &Made::rust(), &lists());
    assert_eq!(j.verdict, Verdict::Failed);
    assert!(
        j.problems[0].contains("access 0: hardware R 0x11012c"),
        "{:?}",
        j.problems
    );
}

#[test]
fn other_chips_and_firmware_have_no_recording() {
    assert!(Recording::of("ga106", "535.113.01").is_empty());
    assert!(Recording::of("tu104", "570.144").is_empty());
}
