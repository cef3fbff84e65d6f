// SPDX-License-Identifier: GPL-2.0
//! The program on a machine made of files: the three sides, the verdict, and that everything is as it was afterwards.

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use support::Fault;
use support::Machine;
use support::ADDRESS;
use support::PHASES;

fn command(machine: &Machine, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nvkm-hw"));
    command.arg("--root").arg(machine.at("/")).args(words);
    command.env_remove("SSH_CONNECTION").stdin(Stdio::null());
    command
}

fn nvkm_hw(machine: &Machine, words: &[&str]) -> Output {
    command(machine, words).output().unwrap()
}

fn out(machine: &Machine) -> PathBuf {
    machine.at("/run/out")
}

fn run_words(machine: &Machine) -> Vec<String> {
    let dir = out(machine).display().to_string();
    [
        "run", "--yes", "--phases", PHASES, "--limit", "5", "--out", &dir,
    ]
    .map(String::from)
    .into()
}

/// Runs, and gives exit code, report and all that was said.
fn run(machine: &Machine, more: &[&str]) -> (i32, Value, String) {
    let words = run_words(machine);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.extend(more);
    let output = nvkm_hw(machine, &words);
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let report = fs::read(out(machine).join("report.json")).unwrap_or_default();
    let report = serde_json::from_slice(&report).unwrap_or_default();
    (output.status.code().unwrap(), report, said)
}

fn archive(machine: &Machine) -> Option<PathBuf> {
    let mut files = fs::read_dir(out(machine))
        .unwrap()
        .flatten()
        .map(|e| e.path());
    files.find(|p| p.to_string_lossy().ends_with(".tar.gz"))
}

fn as_it_was(machine: &Machine) {
    assert_eq!(machine.state(), (Some("nouveau".into()), "0".into()));
    let power = format!("/sys/bus/pci/devices/{ADDRESS}/power/control");
    assert_eq!(machine.root().text(&power).as_deref(), Some("auto"));
}

#[test]
fn the_same_is_equal_and_everything_is_as_it_was() {
    let machine = Machine::new().boot(Fault::None);
    let (code, report, said) = run(&machine, &[]);
    assert_eq!(code, 0, "{said}\n{report:#}");
    assert_eq!(report["verdict"], "equal");
    assert_eq!(report["tap"], "tracepoints");
    assert_eq!(
        (&report["gpu"], &report["machine"]["vbios"]),
        (&"ga106".into(), &"94.06.2f.00.9a".into())
    );
    assert_eq!(report["intended"]["size"], 1, "{report:#}");
    for side in ["c1", "c2", "rust"] {
        let side = &report["sides"][side];
        assert_eq!(
            (
                &side["rpcs_sent"],
                &side["rpcs_received"],
                &side["register_accesses"]
            ),
            (&3.into(), &3.into(), &3.into())
        );
        assert_eq!(side["trace_events_lost"], 0);
        // What only a device can tell is not claimed.
        assert!(side["unknown_calls"].is_null() && side["leftovers"].is_null());
    }
    assert!(report["buffers"].is_null());
    assert_eq!(report["sides"]["c2"]["served_by_rust"]["rpc"], 0);
    assert_eq!(report["sides"]["rust"]["served_by_rust"]["rpc"], 9);
    as_it_was(&machine);
    assert!(archive(&machine).is_some(), "{said}");
}

#[test]
fn what_differs_is_named() {
    let machine = Machine::new().boot(Fault::Byte);
    let (code, report, said) = run(&machine, &[]);
    assert_eq!(code, 1, "{said}");
    let found = &report["differences"][0];
    assert_eq!(
        (&found["kind"], &found["field"]),
        (&"payload".into(), &"payload+0x578".into())
    );
    as_it_was(&machine);

    let machine = Machine::new().boot(Fault::Register);
    let (code, report, said) = run(&machine, &[]);
    assert_eq!(code, 1, "{said}");
    assert_eq!(report["differences"][0]["name"], "0x118234");

    let machine = Machine::new().boot(Fault::Step);
    let (code, report, said) = run(&machine, &[]);
    assert_eq!(code, 1, "{said}");
    let found = &report["differences"][0];
    assert_eq!(
        (&found["phase"], &found["field"]),
        (&"bind".into(), &"steps[1]".into())
    );
}

#[test]
fn a_probe_that_fails_with_rust_is_a_difference() {
    let machine = Machine::new().boot(Fault::Probe);
    let (code, report, said) = run(&machine, &[]);
    assert_eq!(code, 1, "{said}\n{report:#}");
    let all = report["differences"].to_string();
    assert!(all.contains("its probe failed"), "{all}");
    as_it_was(&machine);
}

#[test]
fn what_makes_a_comparison_void_is_said() {
    for (fault, word) in [
        (Fault::Noise, "the two C runs differ in 1 places"),
        (Fault::Lost, "3 trace events were lost"),
        (Fault::Idle, "nothing was compared"),
        (Fault::NoData, "without their payload"),
    ] {
        let machine = Machine::new().boot(fault);
        let (code, report, said) = run(&machine, &[]);
        assert_eq!(code, 2, "{fault:?}: {said}");
        assert_eq!(report["verdict"], "failed");
        assert!(
            report["problems"].to_string().contains(word),
            "{fault:?}: {:#}",
            report["problems"]
        );
        as_it_was(&machine);
    }
}

#[test]
fn rust_may_serve_nothing() {
    let machine = Machine::new().boot(Fault::None);
    let (code, report, said) = run(&machine, &["--seams", "none"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(report["sides"]["rust"]["served_by_rust"]["rpc"], 0);
}

#[test]
fn a_card_that_sleeps_is_asked_when_it_is_bound() {
    let machine = Machine::new();
    machine.put(
        &format!("/sys/bus/pci/devices/{ADDRESS}/power/runtime_status"),
        "suspended",
    );
    let machine = machine.boot(Fault::None);
    let (code, report, said) = run(&machine, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the card sleeps"), "{said}");
    assert_eq!(report["gpu"], "ga106");
}

#[test]
fn nothing_is_done_without_a_yes() {
    let machine = Machine::new().boot(Fault::None);
    let output = nvkm_hw(&machine, &["run", "--phases", PHASES]);
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("nobody to ask") && said.contains("--yes"),
        "{said}"
    );
    let plan = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        plan.contains("take the card from its driver (nouveau)")
            && plan.contains("rpc,fw,boot,gsp"),
        "{plan}"
    );
    assert!(!out(&machine).exists());
    for words in [
        vec!["run", "--seams", "nonsense"],
        vec!["walk"],
        vec!["run", "--limit", "x"],
    ] {
        assert_eq!(
            nvkm_hw(&machine, &words).status.code(),
            Some(64),
            "{words:?}"
        );
    }
}

#[test]
fn a_card_in_use_is_not_taken_by_yes_alone() {
    let machine = Machine::new();
    let connector = format!("/sys/bus/pci/devices/{ADDRESS}/drm/card0/card0-DP-1");
    machine.put(&format!("{connector}/status"), "connected");
    machine.put(&format!("{connector}/enabled"), "enabled");
    let machine = machine.boot(Fault::None);
    let (code, _, said) = run(&machine, &[]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("--even-if-in-use"), "{said}");
    assert_eq!(
        machine
            .root()
            .text("/sys/kernel/debug/nouveau/rust_gsp")
            .as_deref(),
        None
    );
    let (code, _, said) = run(&machine, &["--even-if-in-use"]);
    assert_eq!(code, 0, "{said}");
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what} did not happen");
        thread::sleep(Duration::from_millis(10));
    }
}

fn start(machine: &Machine) -> Child {
    let words = run_words(machine);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = command(machine, &words);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_signal_ends_it_in_order() {
    let machine = Machine::new().boot(Fault::Slow);
    let mut child = start(&machine);
    wait_for("the second side", || {
        out(&machine).join("c2/guest.jsonl").exists()
    });
    // SAFETY: a signal to our own child.
    unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
    assert_eq!(child.wait().unwrap().code(), Some(2));
    as_it_was(&machine);
    let report: Value =
        serde_json::from_slice(&fs::read(out(&machine).join("report.json")).unwrap()).unwrap();
    assert_eq!(report["verdict"], "failed");
    assert!(
        !out(&machine).join("watchdog.txt").exists(),
        "the watchdog had nothing to do"
    );
}

#[test]
fn when_the_run_dies_the_watchdog_brings_c_back() {
    let machine = Machine::new().boot(Fault::Slow);
    let mut child = start(&machine);
    wait_for("the Rust side", || {
        let report = fs::read_to_string(out(&machine).join("rust/guest.jsonl"));
        report.is_ok_and(|r| r.contains("\"t\":\"begin\""))
    });
    assert_ne!(machine.state().1, "0");
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for("the restore", || {
        machine.state() == (Some("nouveau".into()), "0".into())
    });
    let note = out(&machine).join("watchdog.txt");
    wait_for("the note", || {
        fs::read_to_string(&note).is_ok_and(|t| t.contains("served by C"))
    });
    assert!(fs::read_to_string(&note)
        .unwrap()
        .contains("the run died in rust-"));
}

/// A watchdog by itself, with what it is told.
fn watchdog(machine: &Machine, told: &str, more: &[&str]) -> (Option<i32>, String) {
    use std::io::Write;
    let note = machine.at("/note");
    let note = note.to_str().unwrap();
    let mut words = vec![
        "watchdog", "--device", ADDRESS, "--note", note, "--step", "1000",
    ];
    words.extend(more);
    let mut child = command(machine, &words)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(told.as_bytes()).unwrap();
    // The pipe stays open: this is a run that lives, and hangs.
    let end = Instant::now() + Duration::from_secs(20);
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if Instant::now() > end => break None,
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let _ = child.kill();
    (
        code,
        fs::read_to_string(machine.at("/note")).unwrap_or_default(),
    )
}

#[test]
fn when_the_run_hangs_the_watchdog_brings_c_back() {
    let machine = Machine::new().boot(Fault::None);
    machine.put("/sys/module/nouveau/parameters/rust_gsp", "rpc,fw");
    let (code, note) = watchdog(&machine, "phase rust-copy 200\n", &[]);
    assert_eq!(code, Some(0), "{note}");
    assert!(
        note.contains("no sign of life for 0.2 s in rust-copy"),
        "{note}"
    );
    assert_eq!(machine.state(), (Some("nouveau".into()), "0".into()));
    // One that is told that all is well does nothing.
    machine.put("/sys/module/nouveau/parameters/rust_gsp", "rpc,fw");
    machine.take("/note");
    assert_eq!(
        watchdog(&machine, "phase a 200\ndone\n", &[]),
        (Some(0), String::new())
    );
    assert_eq!(machine.state().1, "rpc,fw");
}

#[test]
fn a_card_that_cannot_be_brought_back_is_said() {
    let machine = Machine::new().boot(Fault::Deaf);
    let (code, note) = watchdog(&machine, "phase rust-bind 100\n", &[]);
    assert_eq!(code, Some(2), "{note}");
    assert!(
        note.contains("could not be brought back") && note.contains("and reboot;"),
        "{note}"
    );
}

/// Only where it was asked for, and only when nothing else is left.
#[test]
fn a_machine_is_rebooted_if_that_was_wanted() {
    let trigger = "/proc/sysrq-trigger";
    for (more, fault, key) in [
        (vec!["--reboot"], Fault::Deaf, Some("b")),
        (vec![], Fault::Deaf, None),
        (vec!["--reboot"], Fault::None, None),
    ] {
        let machine = Machine::new().boot(fault);
        watchdog(&machine, "phase rust-bind 100\n", &more);
        assert_eq!(
            machine.root().text(trigger).as_deref(),
            key,
            "{more:?} {fault:?}"
        );
    }
}

#[test]
fn restore_by_hand() {
    let machine = Machine::new().boot(Fault::None);
    machine.put("/sys/module/nouveau/parameters/rust_gsp", "1");
    let output = nvkm_hw(&machine, &["restore"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(machine.state(), (Some("nouveau".into()), "0".into()));
    let output = nvkm_hw(&machine, &["restore", "--device", "0000:09:00.0"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_report_can_be_made_again() {
    let machine = Machine::new().boot(Fault::None);
    let (code, first, said) = run(&machine, &[]);
    assert_eq!(code, 0, "{said}");
    let old = archive(&machine).unwrap();
    fs::remove_file(&old).unwrap();
    let dir = out(&machine).display().to_string();
    let output = nvkm_hw(&machine, &["report", &dir]);
    assert_eq!(output.status.code(), Some(0));
    let again: Value =
        serde_json::from_slice(&fs::read(out(&machine).join("report.json")).unwrap()).unwrap();
    assert_eq!(first, again);
    assert!(old.exists());
    assert_eq!(
        nvkm_hw(&machine, &["report", "/nowhere"]).status.code(),
        Some(2)
    );
}
