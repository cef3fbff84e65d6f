// SPDX-License-Identifier: GPL-2.0
//! Snapshots: made at first use, used again, and made again when they are broken or half-written.
//!
//! (That a restored machine does what a booted one does: `nvkm-ab snapshots`.)

#[path = "support/machine.rs"]
mod machine;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use machine::*;

/// A build directory with a cache of its own.
fn own_build(name: &str) -> PathBuf {
    let dir = scratch(name);
    for part in ["kernel", "firmware", "nouveau"] {
        symlink(build().canonicalize().unwrap().join(part), dir.join(part)).unwrap();
    }
    dir
}

fn command(dir: &Path) -> Command {
    let programs = programs();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nvkm-ab"));
    command
        .env("BUILD", dir)
        .args(["vm", "--gpu", "none", "--phases", "sleep=1", "--log"])
        .arg("--guest")
        .arg(programs.join("nvkm-guest"))
        .arg("--vgpu")
        .arg(programs.join("nvkm-vgpu"));
    command
}

/// Runs a machine that does nothing; what was said, which must be of a machine that went well.
fn run_in(dir: &Path) -> String {
    let output = command(dir).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text
}

/// The one snapshot of a build directory.
fn snapshot(dir: &Path) -> PathBuf {
    let place = dir.join("ab/.cache/snapshots");
    let entries = fs::read_dir(place).unwrap().flatten().map(|e| e.path());
    let mut all: Vec<PathBuf> = entries.filter(|p| p.join("made.json").exists()).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
#[ignore = "starts virtual machines"]
fn a_snapshot_is_made_once_and_a_broken_one_is_made_again() {
    let dir = own_build("snapshot");
    assert!(run_in(&dir).contains(": made in "));
    let said = run_in(&dir);
    assert!(
        !said.contains("made in") && !said.contains("broken"),
        "{said}"
    );

    // A page in the middle that is another one: the machine might well start with it.
    let memory = snapshot(&dir).join("memory");
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(&memory)
        .unwrap();
    let mut at = 64 << 20;
    let mut byte = [0];
    while byte[0] == 0 {
        at += 1;
        file.read_exact_at(&mut byte, at).unwrap();
    }
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    drop(file);
    let said = run_in(&dir);
    assert!(
        said.contains("is broken (its sum is ") && said.contains(": made in "),
        "{said}"
    );

    // Cut short, and never finished.
    let file = fs::File::options().write(true).open(&memory).unwrap();
    file.set_len(100 << 20).unwrap();
    drop(file);
    assert!(run_in(&dir).contains("is broken (104857600 bytes, and "));
    fs::remove_file(snapshot(&dir).join("made.json")).unwrap();
    assert!(run_in(&dir).contains("is broken (it was never finished"));
    assert!(!run_in(&dir).contains("made in"));
    let _ = fs::remove_dir_all(dir);
}

#[test]
#[ignore = "starts virtual machines"]
fn a_runner_that_is_killed_while_it_makes_one_leaves_none() {
    let dir = own_build("snapshot-killed");
    let mut child = command(&dir).spawn().unwrap();
    let place = dir.join("ab/.cache/snapshots");
    let begun = || {
        let entries = fs::read_dir(&place).into_iter().flatten().flatten();
        entries
            .map(|e| e.path())
            .find(|p| p.join("memory").exists())
    };
    let end = Instant::now() + Duration::from_secs(120);
    while begun().is_none() {
        assert!(Instant::now() < end, "no snapshot was begun");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Nor a machine: each has the place of its files on its command line.
    let place = place.display().to_string();
    let left = || {
        let all = fs::read_dir("/proc").unwrap().flatten();
        let words = all.map(|e| fs::read_to_string(e.path().join("cmdline")).unwrap_or_default());
        words.filter(|w| w.contains(&place)).count()
    };
    let end = Instant::now() + Duration::from_secs(10);
    while left() > 0 {
        assert!(Instant::now() < end, "{} programs are left", left());
        thread::sleep(Duration::from_millis(10));
    }
    let said = run_in(&dir);
    assert!(said.contains(": made in "), "{said}");
    snapshot(&dir);
    let _ = fs::remove_dir_all(dir);
}
