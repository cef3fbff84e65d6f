// SPDX-License-Identifier: GPL-2.0
//! C and Rust in turns on one machine, fifty times: who serves, that no message is lost, that nothing is kept.
//!
//! The machine's part needs a prepared build directory with `nouveau/on/nouveau.ko`; `make test` runs it with `--ignored`.

#[path = "support/machine.rs"]
mod machine;

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::thread;

use machine::*;
use nvkm_ab::compare::Run;
use nvkm_ab::swap;
use nvkm_ab::trace::Trace;
use nvkm_ab::vm::guest::Guest;
use serde_json::json;

/// What Rust serves when asked for all that is ready: as `READY` in src/cli/cells.rs.
const READY: [&str; 4] = ["rpc", "fw", "boot", "gsp"];
/// What it serves in the runs that are made by hand.
const MADE: [&str; 2] = ["rpc", "fw"];
const SWAPS: u32 = 50;

fn load(out: &Path) -> Run {
    let mut guest = Guest::default();
    guest.feed(&fs::read(out.join("guest.jsonl")).unwrap());
    Run {
        trace: Trace::load(out).unwrap(),
        phases: guest.phases.iter().map(|p| p.phase.clone()).collect(),
        guest,
        fw: VERSION.into(),
    }
}

/// Swaps on a machine, with a module or the distribution's own.
fn run(name: &str, module: Option<&Path>, swaps: &str) -> Run {
    let out = scratch(name);
    let phases = format!("load,probe,copy,swap={swaps},unload");
    let limits = ["--limit", "1200", "--silence", "120"];
    machine::machine(&out, module, "", &phases, &limits);
    let run = load(&out);
    let _ = fs::remove_dir_all(out);
    run
}

/// Real firmware, all that is ready. The control is the distribution's own driver, bound as often: C keeps memory, too.
#[test]
#[ignore = "starts two virtual machines, for some minutes"]
fn fifty_swaps_lose_and_keep_nothing() {
    // SWAP_MODULE= another module, such as one that leaks.
    let module =
        std::env::var_os("SWAP_MODULE").map_or(build().join("nouveau/on/nouveau.ko"), Into::into);
    let (ours, control) = thread::scope(|scope| {
        let control = scope.spawn(|| run("swap-control", None, &format!("{SWAPS}:stock")));
        let ours = run("swap", Some(&module), &SWAPS.to_string());
        (ours, control.join().unwrap())
    });
    let wrong = swap::judge(&ours, &control, &READY);
    assert!(
        wrong.is_empty(),
        "{}\n(a machine with --append slab_debug=U says who allocated it)",
        wrong.join("\n")
    );
}

/// A run of two swaps that is as it should be.
fn good() -> Run {
    let mut wire = String::from("{\"mark\": 0}\n");
    let message = |q: &str, function: u32| {
        let line = json!({"n": 0, "q": q, "fn": function, "len": 32, "payload": ""});
        line.to_string() + "\n"
    };
    // What the bind that was there says at its end.
    wire += &message("cmdq", 47);
    let counters = |bind: u64, setting: &str, c: u64, rust: u64| {
        let owner = if setting == "0" { "c" } else { "rust" };
        let sent = 2 * bind;
        format!(
            "bind: {bind}\nrequested: {setting}\n\
             rpc: owner={owner} c_calls={c} rust_calls={rust} sent={sent} received={bind} errors=0\n\
             fw: owner={owner} c_calls={c} rust_calls={rust}\n"
        )
    };
    let mut binds = Vec::new();
    for n in 0..6u64 {
        // The device says something before it takes what waits for it.
        wire += &message("msgq", 0x1002);
        wire += &message("cmdq", 72);
        wire += &message("cmdq", 73);
        let setting = ["0", "1"][n as usize % 2];
        let text = counters(n + 2, setting, 2 + n / 2, n.div_ceil(2));
        binds.push(json!({"rust_gsp": setting, "counters": text}));
    }
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let out = scratch(&format!("swap-made-{number}"));
    fs::write(out.join("wire.jsonl"), wire).unwrap();
    fs::write(out.join("mmio.txt"), "").unwrap();
    fs::write(out.join("device.json"), "{}").unwrap();
    let line = json!({"t": "phase", "n": 0, "phase": "swap=2", "ok": true, "ms": 1, "swaps": 2, "warm_up": 4,
        "start": counters(1, "0", 1, 0), "binds": binds,
        "grown": [{"name": "kmalloc-64", "size": 64, "more": 90, "from": []},
            {"name": "Pages", "size": 1024, "more": 20, "from": []}]});
    fs::write(out.join("guest.jsonl"), line.to_string() + "\n").unwrap();
    let run = load(&out);
    let _ = fs::remove_dir_all(out);
    run
}

/// Changes the phase's data, or the trace, and gives what is said about it.
fn changed(change: impl FnOnce(&mut Run)) -> String {
    let mut run = good();
    change(&mut run);
    swap::judge(&run, &good(), &MADE).join("\n")
}

fn replace(run: &mut Run, bind: usize, from: &str, to: &str) {
    let binds = run.guest.phases[0].data.get_mut("binds").unwrap();
    let text = binds[bind]["counters"].as_str().unwrap();
    assert!(text.contains(from), "{from} in {text}");
    binds[bind]["counters"] = json!(text.replace(from, to));
}

#[test]
fn a_good_run_is_good() {
    assert_eq!(changed(|_| {}), "");
}

#[test]
fn a_lost_message_is_told_with_its_bind() {
    // The device gave one more than the driver got, in the third bind.
    let told = changed(|run| {
        let messages = &mut run.trace.messages;
        let mut more = messages[1].clone();
        more.elem_seq = 1;
        messages.insert(3 * 3 + 1, more);
    });
    assert!(
        told.contains("bind 2: the driver counts 1 messages received, the device saw 2"),
        "{told}"
    );
    let told = changed(|run| replace(run, 5, "sent=14", "sent=15"));
    assert!(
        told.contains("bind 5: the driver counts 3 messages sent, the device saw 2"),
        "{told}"
    );
}

#[test]
fn a_wrong_owner_is_told() {
    let told = changed(|run| replace(run, 1, "owner=rust", "owner=c"));
    assert!(
        told.contains("bind 1: rpc with rust_gsp=1: owner c"),
        "{told}"
    );
    // Rust served in a bind of C's, and less in the one after it.
    let told = changed(|run| replace(run, 2, "rust_calls=1", "rust_calls=2"));
    assert!(told.contains("bind 2: rpc with rust_gsp=0"), "{told}");
    let told = changed(|run| replace(run, 4, "errors=0", "errors=1"));
    assert!(
        told.contains("bind 4: the driver counts 1 errors"),
        "{told}"
    );
}

#[test]
fn what_is_kept_beyond_the_control_is_told() {
    let grow = |name: &'static str, more: i64| {
        changed(|run| {
            let grown = run.guest.phases[0].data.get_mut("grown").unwrap();
            let list = grown.as_array_mut().unwrap();
            list.retain(|g| g["name"] != name);
            list.push(json!({"name": name, "size": 64, "more": more, "from": [["f < g", 5]]}));
        })
    };
    assert_eq!(grow("kmalloc-64", 94), "", "within the bound");
    let told = grow("kmalloc-64", 95);
    assert!(
        told.contains("95 objects of 64 bytes more in kmalloc-64") && told.contains("f < g"),
        "{told}"
    );
    assert!(grow("kmalloc-8k", 5).contains("kmalloc-8k"));
    assert_eq!(grow("kmalloc-8k", -5), "");
    assert_eq!(grow("Pages", 84), "");
    assert!(grow("Pages", 85).contains("85 KiB more in Pages"));
}

#[test]
fn what_is_left_in_the_device_is_told() {
    let told = changed(|run| run.trace.device = json!({"unread": 2, "errors": ["odd"]}));
    assert!(
        told.contains("2 pages of messages that nobody read") && told.contains("odd"),
        "{told}"
    );
    let told = changed(|run| run.guest.phases.clear());
    assert!(told.contains("did not come to the end"), "{told}");
}
