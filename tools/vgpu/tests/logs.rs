// SPDX-License-Identifier: GPL-2.0
//! What RM writes into the driver's log buffers, and when.

mod support;

use nvkm_vgpu::mem::le64;
use support::{place, Host};

const INIT: u64 = place::LOGS;
const INTR: u64 = place::LOGS + 0x2000;
const RM: u64 = place::LOGS + 0x4000;
/// Words of a buffer.
const WORDS: u64 = 0x2000 / 8;

fn words(h: &Host, at: u64) -> Vec<u64> {
    let bytes = h.mem.get(at, 0x2000);
    (0..WORDS as usize).map(|n| le64(&bytes, n * 8)).collect()
}

fn text(h: &Host, at: u64) -> String {
    String::from_utf8_lossy(&h.mem.get(at + 8, 0x1ff8)).into_owned()
}

#[test]
fn what_was_written_is_in_front_of_the_pointer() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    for (at, says) in [(INIT, "libos arguments were read"), (RM, "initialised")] {
        let w = words(&h, at);
        let put = w[0] as usize;
        assert!((17..w.len()).contains(&put), "{put}");
        // The page list of a real buffer (16 pages) is overwritten, and nothing lies behind the last entry.
        assert_eq!(w[put - 1], 3, "three entries, each ends with its number");
        assert!(w[put..].iter().all(|&w| w == 0));
        assert!(text(&h, at).contains(says), "{}", text(&h, at));
    }
    // Nothing was said of interrupts: what the driver wrote is still there.
    assert_eq!(words(&h, INTR)[..4], [0, INTR, INTR + 0x1000, 0]);
    assert_eq!(h.report()["errors"].to_string(), "[]");
}

#[test]
fn each_boot_writes_the_same() {
    let both = |gpu: &str| {
        let mut h = Host::new(gpu, "535.113.01");
        h.boot();
        (h.mem.get(INIT, 0x2000), h.mem.get(RM, 0x2000))
    };
    assert_eq!(both("tu104"), both("ga106"));
}

#[test]
fn what_is_handed_over_is_as_the_driver_left_it() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    let report = h.report();
    let handed = report["handed"].as_array().unwrap();
    for name in ["loginit", "logintr", "logrm"] {
        let head = handed.iter().find(|b| b["name"] == name).unwrap()["head"].clone();
        assert!(
            head.as_str().unwrap().starts_with("0000000000000000"),
            "{head}"
        );
    }
}

#[test]
fn rm_says_that_it_goes_and_nothing_after_that() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    let before = words(&h, RM)[0];
    h.call(0, &[]);
    assert_eq!(words(&h, RM)[0], before);
    h.call(47, &[0; 8]);
    let after = words(&h, RM)[0];
    assert!(after > before, "{after}");
    assert!(text(&h, RM).contains("the driver unloads"));
}

#[test]
fn what_reaches_the_end_goes_on_at_the_beginning() {
    let mut h = Host::new("tu104", "570.144");
    h.prepare(64);
    // LOGRM of 20 words.
    h.mem.put(place::LIBOS + 2 * 32 + 16, &160u64.to_le_bytes());
    h.boot_prepared();
    let w = words(&h, RM);
    assert!((1..20).contains(&w[0]), "{}", w[0]);
    assert!(w[20..].iter().all(|&w| w == 0), "nothing behind its end");
    assert_eq!(w[w[0] as usize - 1], 3);
}

#[test]
fn a_buffer_that_is_not_there_is_told() {
    let mut h = Host::new("tu104", "570.144");
    h.prepare(64);
    h.mem
        .put(place::LIBOS + 8, &0x7fff_ffff_0000u64.to_le_bytes());
    h.boot_prepared();
    let errors = h.report()["errors"].to_string();
    assert!(errors.contains("LOGINIT: no memory"), "{errors}");
}
