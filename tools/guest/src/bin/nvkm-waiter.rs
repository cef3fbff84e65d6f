// SPDX-License-Identifier: GPL-2.0
//! PID 1 of the machine that a snapshot is made of: brings it to where all runs are still alike, says so, and waits.
//!
//! The machine is stopped while it waits. A machine that is restored from there has two things more: a file
//! `opt/nvkm/go` in fw_cfg, which is what this program waits for, and the files of its run in the memory of a second
//! device ([`nvkm_guest::parcel`]). The program finds both devices by a rescan of the PCI bus, unpacks the files, takes the
//! second device off the bus, so that nobody else meets it, and becomes `/init`.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use serde_json::json;

use nvkm_guest::fw_cfg::FwCfg;
use nvkm_guest::modules;
use nvkm_guest::parcel;
use nvkm_guest::report::Report;
use nvkm_guest::sys;

/// The modules to load, a path a line.
const MODULES: &str = "/modules.list";
/// What stands where the GPU will be, so that ACPI has a node for it.
const PLACEHOLDER: &str = "/sys/bus/pci/devices/0000:00:04.0/remove";
/// The program that takes over.
const INIT: &str = "/init";

fn main() {
    let report = match Report::open() {
        Ok(report) => report,
        Err(e) => {
            eprintln!("nvkm-waiter: no report channel: {e:#}");
            sys::power_off();
        }
    };
    // It only returns if it failed.
    if let Err(e) = run(&report) {
        report.send(&json!({"t": "end", "ok": false, "error": format!("{e:#}")}));
    }
    sys::power_off();
}

fn run(report: &Report) -> Result<()> {
    sys::mount_all()?;
    let list = fs::read_to_string(MODULES).with_context(|| format!("{MODULES} cannot be read"))?;
    for module in list.lines() {
        modules::load(module, "")?;
    }
    fs::write(PLACEHOLDER, "1").context("what stands in the GPU's place cannot be removed")?;
    let fw_cfg = FwCfg::open()?;
    report.send(&json!({"t": "waiting"}));
    // Without a sleep: the guest's time would run ahead, by as much as the machine is stopped late.
    while !fw_cfg.has("opt/nvkm/go") {}
    fs::write("/sys/bus/pci/rescan", "1").context("the PCI bus cannot be scanned again")?;
    parcel::unpack()?;
    Err(Command::new(INIT).exec()).with_context(|| format!("{INIT} cannot be started"))
}
