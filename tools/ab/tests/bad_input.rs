// SPDX-License-Identifier: GPL-2.0
//! Bad input ends in bounded time, with one clear sentence, the guest's last lines and an exit code other than 0.
//!
//! The tests that start machines need a prepared build directory (kernel, firmware, nvkm-vgpu, nvkm-guest) and are
//! therefore ignored by a plain `cargo test`; `make test` runs them with `--ignored`.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

const CHIP: &str = "tu104";
const VERSION: &str = "570.144";

fn build() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build");
    env::var_os("BUILD").map_or(default, PathBuf::from)
}

/// An empty directory of a test's own.
fn scratch(name: &str) -> PathBuf {
    let dir = env::temp_dir().join(format!("nvkm-ab-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

struct Ended {
    code: i32,
    text: String,
    took: Duration,
}

impl Ended {
    fn failed_with(&self, sentence: &str, limit_s: u64) {
        assert_eq!(self.code, 2, "{}", self.text);
        assert!(
            self.text.contains(sentence),
            "no '{sentence}' in: {}",
            self.text
        );
        // One sentence, and not a panic of ours.
        assert_eq!(self.text.matches("nvkm-ab: ").count(), 1, "{}", self.text);
        assert!(!self.text.contains("panicked at"), "{}", self.text);
        assert!(
            self.took < Duration::from_secs(limit_s),
            "took {:?}",
            self.took
        );
    }
}

fn run(args: &[&str]) -> Ended {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_nvkm-ab"))
        .args(args)
        .env("BUILD", build())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    Ended {
        code: output.status.code().unwrap_or(-1),
        text,
        took: start.elapsed(),
    }
}

/// `nvkm-ab vm` with the programs of this build.
fn vm(name: &str, args: &[&str]) -> Ended {
    let out = scratch(name);
    let target = build().join("cargo-target");
    let guest = target
        .join("x86_64-unknown-linux-gnu/release/nvkm-guest")
        .display()
        .to_string();
    let vgpu = target.join("release/nvkm-vgpu").display().to_string();
    let place = out.display().to_string();
    let mut all = vec!["vm", "--out", &place, "--guest", &guest];
    if !args.contains(&"--vgpu") {
        all.extend(["--vgpu", &vgpu]);
    }
    all.extend(args);
    let ended = run(&all);
    let _ = fs::remove_dir_all(out);
    ended
}

/// A firmware directory like the real one, in which one file was changed.
fn firmware(name: &str, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> PathBuf {
    let dir = scratch(name);
    let from = build()
        .join("firmware")
        .join(VERSION)
        .join("nvidia")
        .join(CHIP);
    for part in ["gsp", "acr"] {
        let to = dir.join(VERSION).join("nvidia").join(CHIP).join(part);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from.join(part)).unwrap().flatten() {
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
    let gsp = dir
        .join(VERSION)
        .join("nvidia")
        .join(CHIP)
        .join(format!("gsp/gsp-{VERSION}.bin"));
    match change(fs::read(&gsp).unwrap()) {
        Some(bytes) => fs::write(&gsp, bytes).unwrap(),
        None => fs::remove_file(&gsp).unwrap(),
    }
    dir
}

fn with_firmware(
    name: &str,
    more: &[&str],
    change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>,
) -> Ended {
    let dir = firmware(&format!("{name}-fw"), change);
    let place = dir.display().to_string();
    let mut args = vec!["--phases", "load,probe", "--firmware", &place];
    args.extend(more);
    let ended = vm(name, &args);
    let _ = fs::remove_dir_all(dir);
    ended
}

#[test]
fn nonsense_on_the_command_line() {
    let name = run(&["run", "--name", "../x"]);
    name.failed_with("cannot be the name of a run", 5);
    run(&["run", "--seams", "rcp"]).failed_with("there is no subsystem 'rcp'", 5);
    run(&["run", "--module-c", "/nonexistent.ko"])
        .failed_with("there is no module /nonexistent.ko", 5);
    run(&["show", "/nonexistent.json"]).failed_with("there is no report", 5);
    run(&["ktap", "/nonexistent.json"]).failed_with("there is no report", 5);
}

#[test]
fn a_report_that_is_none() {
    let dir = scratch("report");
    let path = dir.join("report.json");
    fs::write(&path, "{").unwrap();
    run(&["show", &path.display().to_string()]).failed_with("is not a report", 5);
    let _ = fs::remove_dir_all(dir);
}

#[test]
#[ignore = "needs a prepared build directory"]
fn no_kernel() {
    vm("kernel", &["--kernel", "/nonexistent"])
        .failed_with("there is no prepared kernel in /nonexistent", 5);
}

#[test]
#[ignore = "needs a prepared build directory"]
fn firmware_of_a_version_that_is_not_there() {
    vm("missing", &["--fw", "1.2.3"]).failed_with("there is no firmware 1.2.3", 10);
}

#[test]
#[ignore = "needs a prepared build directory"]
fn a_firmware_file_that_is_not_there() {
    let ended = with_firmware("absent", &[], |_| None);
    ended.failed_with("there is no GSP firmware of version 570.144 for tu104", 10);
}

#[test]
#[ignore = "needs a prepared build directory"]
fn a_truncated_firmware_file() {
    let half = |bytes: Vec<u8>| Some(bytes[..bytes.len() / 2].to_vec());
    with_firmware("truncated", &[], half).failed_with("it is truncated", 10);
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_truncated_firmware_file_that_reaches_the_driver() {
    let half = |bytes: Vec<u8>| Some(bytes[..bytes.len() / 2].to_vec());
    let ended = with_firmware("unchecked", &["--unchecked-fw"], half);
    // 7.3's C reads the ELF section table that is not there any more and oopses (rm/r535/gsp.c, r535_gsp_elf_section);
    // a driver that checks refuses the device.
    let oops = ended
        .text
        .contains("the guest's kernel panicked in phase load");
    ended.failed_with(
        if oops {
            "Kernel panic"
        } else {
            "phase probe: nouveau did not take the GPU"
        },
        150,
    );
    assert!(
        ended.text.contains("  | "),
        "no guest lines: {}",
        ended.text
    );
    assert!(
        ended.text.contains("nouveau"),
        "nothing of the driver's: {}",
        ended.text
    );
}

#[test]
#[ignore = "needs a prepared build directory"]
fn firmware_of_another_version() {
    let other = build()
        .join("firmware/535.113.01/nvidia")
        .join(CHIP)
        .join("gsp/gsp-535.113.01.bin");
    let ended = with_firmware("version", &[], |_| Some(fs::read(other).unwrap()));
    ended.failed_with("inside it is 535.113.01", 10);
}

#[test]
#[ignore = "needs a prepared build directory"]
fn a_model_that_refuses_to_start() {
    vm(
        "refuses",
        &["--phases", "load,probe", "--vgpu-arg=--no-such-option"],
    )
    .failed_with("the virtual GPU refused to start", 30);
    vm(
        "absent-model",
        &["--phases", "load,probe", "--vgpu", "/nonexistent"],
    )
    .failed_with("/nonexistent cannot be started", 30);
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_model_that_dies() {
    // Alive until the machine boots, and then gone.
    let dir = scratch("dies");
    let script = dir.join("vgpu");
    fs::write(
        &script,
        "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = --socket ] && s=$2; shift; done\n: >\"$s\"\nsleep 1\necho out of luck >&2\nexit 3\n",
    )
    .unwrap();
    Command::new("chmod")
        .arg("+x")
        .arg(&script)
        .status()
        .unwrap();
    let ended = vm(
        "dies-vm",
        &[
            "--phases",
            "load,probe",
            "--vgpu",
            &script.display().to_string(),
        ],
    );
    assert_eq!(ended.code, 2, "{}", ended.text);
    assert!(
        ended.text.contains("out of luck") || ended.text.contains("QEMU ended"),
        "{}",
        ended.text
    );
    let _ = fs::remove_dir_all(dir);
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_guest_that_panics() {
    let ended = vm("panics", &["--gpu", "none", "--phases", "sleep=10,panic"]);
    ended.failed_with("the guest's kernel panicked in phase panic", 120);
    assert!(
        ended.text.contains("sysrq triggered crash"),
        "{}",
        ended.text
    );
    assert!(
        ended.text.contains("  | "),
        "no guest lines: {}",
        ended.text
    );
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_guest_that_hangs() {
    let ended = vm(
        "hangs",
        &["--gpu", "none", "--phases", "hang", "--silence", "30"],
    );
    ended.failed_with(
        "the guest hangs in phase hang: no sign of life for 30 s",
        180,
    );
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_guest_that_takes_too_long() {
    let ended = vm(
        "late",
        &["--gpu", "none", "--phases", "hang", "--limit", "15"],
    );
    ended.failed_with("the guest did not finish within 15 s", 60);
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_phase_that_waits_for_ever() {
    // Asleep, not spinning: the guest's own limit ends it, in guest time, which passes quickly when idle.
    let ended = vm("waits", &["--gpu", "none", "--phases", "sleep=1000000"]);
    ended.failed_with(
        "phase sleep=1000000: hung: not finished after 120 s of guest time",
        120,
    );
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_phase_that_does_not_exist() {
    vm("unknown", &["--gpu", "none", "--phases", "dance"])
        .failed_with("there is no phase named 'dance'", 120);
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_machine_without_the_gpu() {
    vm("empty", &["--gpu", "none", "--phases", "load,probe"])
        .failed_with("no NVIDIA device on the PCI bus", 120);
}

#[test]
#[ignore = "starts a virtual machine"]
fn a_module_that_is_none() {
    let dir = scratch("module");
    let path = dir.join("nouveau.ko");
    fs::write(&path, "no module").unwrap();
    vm("module-vm", &["--module", &path.display().to_string()])
        .failed_with("is not a kernel module", 30);
    let _ = fs::remove_dir_all(dir);
}
