// SPDX-License-Identifier: GPL-2.0
//! The test that the kernel's own selftests get (`selftests/kselftest`), run as there, by a shell, on a machine.
//!
//! Needs a prepared build directory with `nouveau/on/nouveau.ko`; `make test` runs it with `--ignored`.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

#[path = "support/machine.rs"]
mod machine;

use machine::*;

/// What debugfs lists.
const SUBSYSTEMS: [&str; 4] = ["rpc", "fw", "boot", "gsp"];

/// The test's directory.
fn kselftest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../selftests/kselftest")
}

/// The lines of a text that begin so.
fn lines<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    text.lines().filter(|l| l.starts_with(begin)).collect()
}

/// The settings with which the device is bound: each subsystem, all of them, none, and none beside which Rust computes.
fn bound_with() -> Vec<String> {
    let mut settings: Vec<String> = SUBSYSTEMS.map(String::from).to_vec();
    settings.extend([SUBSYSTEMS.join(","), "shadow".into(), "0".into()]);
    settings
}

/// All of it passes, and the setting is at last what it was; where it cannot be run it says why.
#[test]
#[ignore = "starts a virtual machine"]
fn passes_or_says_why_not() {
    let dir = kselftest().display().to_string();
    let (counters, text) = with_rust(
        "kselftest",
        "rust_gsp=gsp",
        "kselftest,load,probe,kselftest=user,kselftest=no-debugfs,kselftest=RUST_GSP_SUBSYSTEMS=ctrl,\
         kselftest=RUST_GSP_DEVICE=0000:00:00.0,kselftest=RUST_GSP_SUBSYSTEMS=fw gsp,\
         kselftest=RUST_GSP_BIND=1,copy,unbind,kselftest,bind,counters,unbind,unload",
        &["--kselftest", &dir],
    );
    for reason in [
        "nouveau is not there",
        "only root may do this",
        "debugfs is not mounted (CONFIG_DEBUG_FS)",
        "debugfs lists no subsystem ctrl",
        "nouveau has no device on the PCI bus",
        "nouveau has no device 0000:00:00.0",
    ] {
        let line = format!("1..0 # SKIP {reason}");
        assert_eq!(lines(&text, &line).len(), 1, "{reason}: {text}");
    }
    assert!(
        text.contains("# 0000:00:04.0, subsystems: fw gsp\n"),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "# 0000:00:04.0, subsystems: {}\n",
            SUBSYSTEMS.join(" ")
        )),
        "{text}"
    );
    assert!(lines(&text, "not ok ").is_empty(), "{text}");
    let planned: usize = text
        .lines()
        .filter_map(|line| line.strip_prefix("1..")?.parse::<usize>().ok())
        .sum();
    assert_eq!(lines(&text, "ok ").len(), planned, "{text}");
    assert!(text.contains("# Totals: pass:"), "{text}");
    for setting in bound_with() {
        let name = format!(" rust_gsp={setting} decides who serves after a bind\n");
        assert_eq!(text.matches(&name).count(), 1, "{setting}: {text}");
    }
    let [after] = counters.try_into().unwrap();
    // One bind before the test, one for each setting, one after it.
    let binds = bound_with().len() + 2;
    let head = format!("bind: {binds}\nrequested: gsp\n");
    assert!(after.starts_with(&head), "{after}");
}

/// The distribution's own nouveau has no such parameter.
#[test]
#[ignore = "starts a virtual machine"]
fn is_skipped_without_the_parameter() {
    let dir = kselftest().display().to_string();
    let args = [
        "--gpu",
        "none",
        "--phases",
        "load,kselftest",
        "--kselftest",
        &dir,
    ];
    let ended = vm("kselftest-unmodified", &args);
    assert_eq!(ended.code, 0, "{}", ended.text);
    let line = "1..0 # SKIP nouveau has no parameter rust_gsp (CONFIG_DRM_NOUVEAU_RUST)";
    assert_eq!(lines(&ended.text, line).len(), 1, "{}", ended.text);
}

/// What it is there to find, it finds: a setting that is taken though it should be refused (the copy of the test has a
/// good one among the bad), and a driver in which C serves what Rust was asked for (its counters say so, being swapped).
#[test]
#[ignore = "starts a virtual machine"]
fn finds_a_setting_taken_and_calls_served_by_the_wrong_side() {
    let dir = build().join("tmp/kselftest");
    fs::create_dir_all(&dir).unwrap();
    let script = fs::read_to_string(kselftest().join("rust_gsp.sh")).unwrap();
    let edited = script.replace("bad=\"nonsense ", "bad=\"1@570 nonsense ");
    assert_ne!(edited, script);
    fs::write(dir.join("rust_gsp.sh"), edited).unwrap();

    let mut driver = fs::read(module()).unwrap();
    let (right, wrong) = (
        b"c_calls=%lld rust_calls=%lld",
        b"rust_calls=%lld c_calls=%lld",
    );
    let at = driver
        .windows(right.len())
        .position(|w| w == right)
        .unwrap();
    driver[at..at + right.len()].copy_from_slice(wrong);
    // A place that does not change: unpacked modules are kept by their path.
    let place = dir.join("nouveau.ko");
    fs::write(&place, driver).unwrap();

    let (dir, place) = (dir.display().to_string(), place.display().to_string());
    let phases = "load,probe,kselftest=RUST_GSP_BIND=1";
    let args = [
        "--fw",
        "synthetic",
        "--module",
        &place,
        "--kselftest",
        &dir,
        "--phases",
        phases,
    ];
    let ended = vm("kselftest-faulty", &args);
    ended.failed_with("rust_gsp.sh ended with exit status: 1: ", 180);
    let text = &ended.text;
    assert!(text.contains(" rust_gsp=1@570 is refused"), "{text}");
    for setting in bound_with() {
        let name = format!(" rust_gsp={setting} decides who serves after a bind");
        assert!(text.contains(&name), "{setting}: {text}");
    }
    let failed = text.matches("not ok ").count();
    assert_eq!(failed, bound_with().len() + 1, "{text}");
    assert!(
        text.contains("rpc: owner=rust, calls served by C ")
            && text.contains("# it was taken; the setting is now '1@570'"),
        "{text}"
    );
}
