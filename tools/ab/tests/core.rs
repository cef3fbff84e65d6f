// SPDX-License-Identifier: GPL-2.0
//! `bridge/core.h` on a machine: a driver beside nouveau submits 10,000 controls (`selftests/core`; `NVKM_CONTROLS=` sets another
//! number), loses the device amid others, and goes on when it is back, whoever serves `rpc`.
//!
//! Needs a prepared build directory with `nouveau/on/nouveau.ko` and `sample/nvkm_gsp_sample.ko`; `make test` runs it with
//! `--ignored`.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

#[path = "support/machine.rs"]
mod machine;

use machine::build;
use machine::json_lines;
use machine::module;
use machine::scratch;

/// The sample's threads.
const THREADS: u64 = 4;
/// More than there are of that control besides.
const OTHERS: u64 = 100;
/// `GSP_RM_CONTROL` (rm/r535/nvrm/rpcfn.h), and the control that the sample asks for (rm/r570/nvrm/gr.h), as the third word
/// of a message's payload.
const CONTROL: u64 = 76;
const GET_TPC_INFO: &str = "38018020";
/// What freed and overrun memory looks like with `slub_debug=FZPU`, and what else must not be in a log.
const TROUBLE: [&str; 7] = [
    "BUG",
    "WARNING:",
    "Oops",
    "general protection fault",
    "Poison overwritten",
    "Redzone overwritten",
    "Padding overwritten",
];

/// The sample that was built against our module: each kernel but the default one has a directory of its name.
fn sample() -> PathBuf {
    let name = match std::env::var_os("NVKM_NOUVEAU").map(PathBuf::from) {
        Some(dir) if dir != build().join("nouveau") => dir.file_name().map(PathBuf::from),
        _ => None,
    };
    let dir = build().join("sample");
    name.map_or(dir.clone(), |name| dir.join(name))
        .join("nvkm_gsp_sample.ko")
}

/// Controls beside copies and events; then submits that go on through a suspend and that the device's unbinding
/// ends; then again on the device as it is bound anew. Freed memory is poisoned and looked at all the while.
fn beside(setting: &str) {
    let out = scratch(&format!("core-{setting}"));
    let sample = sample().display().to_string();
    let controls = machine::how_many("NVKM_CONTROLS", 10_000);
    let text = machine::machine(
        &out,
        Some(&module()),
        &format!("rust_gsp={setting}"),
        &format!(
            "load,probe,core=load:controls={controls},copy,event=1,event=1,copy,core=wait,core=forever,copy,suspend,copy,sleep=100,\
             unbind,core=wait,bind,copy,core=again,event=1,core=wait,core=unload,copy,counters,unbind,unload"
        ),
        &["--append", "slub_debug=FZPU", "--extra-module", &sample],
    );
    for word in TROUBLE {
        assert!(!text.contains(word), "{word}: {text}");
    }

    let number = |value: &Value, key: &str| value[key].as_u64().unwrap();
    let guest = json_lines(&out, "guest.jsonl");
    let rounds: Vec<&Value> = guest
        .iter()
        .filter(|line| line["phase"] == "core=wait" && line["submitted"].is_u64())
        .collect();
    let [first, gone, third] = rounds[..] else {
        panic!("not three rounds: {rounds:?}");
    };
    // What the guest's phase has seen to already: all that was submitted has ended, once, with what was its own.
    for (round, events) in [(first, 2), (third, 1)] {
        assert_eq!(number(round, "submitted"), u64::from(controls), "{round}");
        assert_eq!(number(round, "replied"), u64::from(controls), "{round}");
        // Each thread hears each event, and has a listener that hears the first only.
        assert_eq!(number(round, "events"), THREADS * events, "{round}");
        assert_eq!(number(round, "once"), THREADS, "{round}");
    }
    for what in ["replied", "asleep", "reopened", "refused"] {
        assert!(number(gone, what) > 0, "{what}: {gone}");
    }
    // One more: that the handle of the device that went stays dead.
    assert!(number(third, "checks") > number(first, "checks"), "{third}");

    // And the device has seen them, a command and a reply each: those, the few of the checks, and nouveau's own.
    let replied: u64 = rounds.iter().map(|round| number(round, "replied")).sum();
    let wire = json_lines(&out, "wire.jsonl");
    let seen = |queue: &str| {
        wire.iter()
            .filter(|message| message["q"] == queue)
            .filter(|message| message["fn"].as_u64() == Some(CONTROL))
            .filter(|message| {
                message["payload"].as_str().and_then(|hex| hex.get(16..24)) == Some(GET_TPC_INFO)
            })
            .count() as u64
    };
    let (commands, replies) = (seen("cmdq"), seen("msgq"));
    assert_eq!(commands, replies);
    assert!(
        (replied..replied + OTHERS).contains(&commands),
        "{commands} commands, {replied} replies"
    );

    let served = guest
        .iter()
        .find_map(|line| line.get("rust_gsp")?.as_object()?.values().next()?.as_str())
        .unwrap();
    // Of the first subsystem, which is `rpc`.
    let (rust, c) = (
        machine::number(served, "rust_calls"),
        machine::number(served, "c_calls"),
    );
    let (whose, other) = if setting == "0" { (c, rust) } else { (rust, c) };
    assert!(whose > replied && other == 0, "{served}");
    let _ = fs::remove_dir_all(out);
}

#[test]
#[ignore = "starts a virtual machine"]
fn controls_beside_c() {
    beside("0");
}

#[test]
#[ignore = "starts a virtual machine"]
fn controls_beside_rust() {
    beside("1");
}
