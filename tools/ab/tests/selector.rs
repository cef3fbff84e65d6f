// SPDX-License-Identifier: GPL-2.0
//! `nouveau.rust_gsp` on a running machine: who serves is what was asked at bind, and nothing else.
//!
//! Needs a prepared build directory with `nouveau/on/nouveau.ko`; `make test` runs it with `--ignored`.

#[path = "support/machine.rs"]
mod machine;

use machine::*;

/// Runs the phases with synthetic firmware: what the driver's debugfs file said at each `counters`, and the kernel's log.
fn run(name: &str, params: &str, phases: &str) -> (Vec<String>, String) {
    with_rust(name, params, phases, &["--fw", "synthetic"])
}

/// Nonsense at load is one error line and C for everything: the user keeps a display. A write of nonsense is refused.
/// A good write takes effect at the next bind, not before, in both directions; a reader of debugfs sees who served even
/// when nothing is bound.
#[test]
#[ignore = "starts a virtual machine"]
fn what_is_asked_at_bind_is_what_serves() {
    let (seen, log) = run(
        "bind",
        "rust_gsp=nonsense",
        "load,probe,counters,refuse=bogus,set=1,copy,counters,unbind,bind,copy,unbind,counters,\
         set=1+-rpc,bind,counters,unbind,unload",
    );
    assert!(
        log.contains("rust_gsp=nonsense is not understood, C serves everything"),
        "{log}"
    );
    let [first, second, third, fourth] = seen.try_into().unwrap();
    for counters in [&first, &second] {
        assert_eq!(field(counters, "owner"), "c", "{counters}");
        assert_eq!(number(counters, "rust_calls"), 0, "{counters}");
    }
    let c = number(&second, "c_calls");
    assert!(c > number(&first, "c_calls"), "{second}");

    assert_eq!(field(&third, "owner"), "rust", "{third}");
    assert!(third.starts_with("bind: 2\nrequested: 1\n"), "{third}");
    assert!(number(&third, "rust_calls") > 0, "{third}");
    assert_eq!(number(&third, "errors"), 0, "{third}");
    // What C still did was the first bind's unbinding, before the second bind.
    let c = number(&third, "c_calls");

    assert_eq!(field(&fourth, "owner"), "c", "{fourth}");
    assert!(
        fourth.starts_with("bind: 3\nrequested: 1,-rpc\n"),
        "{fourth}"
    );
    assert!(number(&fourth, "c_calls") > c, "{fourth}");
    assert_eq!(number(&fourth, "rust_calls"), number(&third, "rust_calls"));
    // All but rpc: the others are Rust's.
    assert!(fourth.contains("\nfw: owner=rust "), "{fourth}");
}

/// `rpc@VERSION`: Rust from that firmware on.
#[test]
#[ignore = "starts a virtual machine"]
fn a_firmware_scale_is_held_against_the_firmware_found() {
    let (seen, _) = run(
        "scale",
        "rust_gsp=rpc@571",
        "load,probe,counters,unbind,set=rpc@570.144,bind,counters,unbind,unload",
    );
    let [newer, this] = seen.try_into().unwrap();
    assert_eq!(field(&newer, "owner"), "c", "{newer}");
    assert_eq!(field(&this, "owner"), "rust", "{this}");
}

/// `shadow`: C serves all, and Rust has compared; beside a subsystem that Rust serves, the rest. Without it debugfs has no
/// line of it, and what was compared before stays counted.
#[test]
#[ignore = "starts a virtual machine"]
fn in_shadow_mode_c_serves_and_rust_compares() {
    let (seen, log) = run(
        "shadow",
        "rust_gsp=shadow",
        "load,probe,copy,counters,unbind,set=1+-boot+shadow,bind,counters,copy,counters,unbind,set=0,bind,counters,\
         unbind,unload",
    );
    assert!(
        log.contains("gsp: rust: shadows rpc,fw,boot (rust_gsp=shadow)"),
        "{log}"
    );
    assert!(
        log.contains("gsp: rust: serves rpc,fw,gsp (rust_gsp=1,-boot,shadow)")
            && log.contains("gsp: rust: shadows boot (rust_gsp=1,-boot,shadow)"),
        "{log}"
    );
    assert!(!log.contains("rust: shadow: "), "{log}");
    let [all, mixed, later, off] = seen.try_into().unwrap();
    let line = |text: &str, name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::to_owned)
    };
    let mut compared = 0;
    for name in ["rpc", "fw", "boot", "gsp"] {
        let of = line(&all, name).unwrap();
        assert_eq!(
            (field(&of, "owner"), number(&of, "rust_calls")),
            ("c".into(), 0),
            "{all}"
        );
        if name == "gsp" {
            assert!(!of.contains("compared="), "{all}");
            continue;
        }
        assert!(number(&of, "compared") > 0, "{all}");
        assert_eq!(number(&of, "mismatches"), 0, "{all}");
        compared += number(&of, "compared");
    }
    let rpc = line(&all, "rpc").unwrap();
    assert!(number(&rpc, "compared") >= number(&rpc, "sent"), "{all}");
    let sum = format!("compared={compared} mismatches=0");
    assert_eq!(line(&all, "shadow"), Some(sum), "{all}");

    // Rust's own rpc and fw are not compared with anything; boot, which is C's, is.
    for name in ["rpc", "fw"] {
        assert!(
            line(&mixed, name).unwrap().contains("owner=rust"),
            "{mixed}"
        );
        assert!(
            !line(&mixed, name).unwrap().contains("compared="),
            "{mixed}"
        );
    }
    let boot = |text: &str| number(&line(text, "boot").unwrap(), "compared");
    assert!(boot(&mixed) > boot(&all), "{mixed}");
    assert_eq!(boot(&mixed), boot(&later), "{later}");
    assert!(!off.contains("compared="), "{off}");
}
