// SPDX-License-Identifier: GPL-2.0
//! Bad input ends in bounded time, with one clear sentence, the guest's last lines and an exit code other than 0.
//!
//! The tests that start machines need a prepared build directory (kernel, firmware, nvkm-vgpu, nvkm-guest) and are
//! therefore ignored by a plain `cargo test`; `make test` runs them with `--ignored`.

use std::fs;
use std::process::Command;

#[path = "support/machine.rs"]
mod machine;

use machine::*;

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
