// SPDX-License-Identifier: GPL-2.0
//! PID 1 of the initramfs: loads the driver, takes it through the phases of a plan, and reports each.
//!
//! The plan (`/nvkm.json`) is written by `nvkm-ab`, which also reads the report: JSON lines on QEMU's debug port, see
//! [`nvkm_guest::report`].  Nothing here knows which side (C or Rust) it is running; that is in the module's parameters.
//! Every wait is bounded in guest time; what hangs the whole guest is found by the runner's own clock.

mod bench;
mod core;
mod faults;
mod hw;
mod kselftest;
mod logs;
mod memory;
mod pci;
mod phases;
mod plan;
mod power;
mod swap;
mod tracing;

use std::path::Path;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::anyhow;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use nvkm_guest::kmsg::Kmsg;
use nvkm_guest::modules;
use nvkm_guest::report::Report;
use nvkm_guest::sys;

use crate::phases::Machine;
use crate::plan::Plan;

/// A phase that takes longer than this in guest time is hung: the driver's own longest time-out is 10 s.
const PHASE_LIMIT: Duration = Duration::from_secs(120);
/// `swap=N`, `kselftest` and `hw` are many binds, `core` many commands: a limit of its own, and the log is read meanwhile, before the kernel overwrites it.
const SWAP_LIMIT: Duration = Duration::from_secs(1200);
/// A bind for each of its allocations.
const FAULTS_LIMIT: Duration = Duration::from_secs(3600);
const SWAP_LOG: Duration = Duration::from_millis(500);
/// In a phase that takes longer than they do the log is read meanwhile: should it hang, that much of it is known.
const LONG_LOG: Duration = Duration::from_secs(2);

fn main() {
    let report = match Report::open() {
        Ok(report) => report,
        Err(e) => {
            eprintln!("nvkm-guest: no report channel: {e:#}");
            sys::power_off();
        }
    };
    let outcome = run(&report);
    report.send(&match &outcome {
        Ok(()) => json!({"t": "end", "ok": true}),
        Err(e) => json!({"t": "end", "ok": false, "error": format!("{e:#}")}),
    });
    sys::power_off();
}

fn run(report: &Report) -> Result<()> {
    sys::mount_all()?;
    let plan = Plan::load("/nvkm.json")?;
    let mut kmsg = Kmsg::open(Path::new("/dev/kmsg"))?;
    // Up to here the kernel was told to be quiet; a hang from here on should show its last words on the console.
    sys::console_level(plan.console_level);
    report.send(&json!({"t": "start", "release": sys::release()?, "phases": plan.phases}));
    // What the driver needs belongs to the machine, as on a computer that has booted.
    for module in plan.needed() {
        modules::load(module, "")?;
    }
    if plan.replug {
        pci::replug()?;
    }
    drain(&mut kmsg, report, "boot")?;

    let mut machine = Machine::new(plan.clone());
    for (n, phase) in plan.phases.iter().enumerate() {
        machine.mark(n as u8)?;
        report.send(&json!({"t": "begin", "n": n, "phase": phase}));
        let start = Instant::now();
        // What may fail is tried, and the plan goes on.
        let (what, may_fail) = match phase.strip_prefix('?') {
            Some(what) => (what, true),
            None => (phase.as_str(), false),
        };
        let (returned, outcome) = bounded(machine, what, || drain(&mut kmsg, report, phase));
        // Work that the phase left behind (queues, deferred frees) belongs to it and not to the next one.
        thread::sleep(Duration::from_millis(20));
        drain(&mut kmsg, report, phase)?;
        let ms = start.elapsed().as_millis() as u64;
        match outcome {
            Ok(mut data) => {
                let fields = data.as_object_mut();
                let mut line = json!({"t": "phase", "n": n, "phase": phase, "ok": true, "ms": ms});
                if let (Some(fields), Some(line)) = (fields, line.as_object_mut()) {
                    line.append(fields);
                }
                report.send(&line);
            }
            Err(e) => {
                let error = format!("{e:#}");
                report.send(&json!({"t": "phase", "n": n, "phase": phase, "ok": false, "ms": ms, "error": error}));
                if !may_fail || returned.is_none() {
                    return Err(e.context(format!("phase {phase}")));
                }
            }
        }
        match returned {
            Some(m) => machine = m,
            None => return Ok(()),
        }
    }
    machine.mark(plan.phases.len() as u8)
}

/// Reports every record of the kernel log since the last call, under the name of the phase that caused them.
fn drain(kmsg: &mut Kmsg, report: &Report, phase: &str) -> Result<()> {
    kmsg.drain(|r| {
        report
            .send(&json!({"t": "log", "phase": phase, "prio": r.prio, "us": r.us, "text": r.text}));
    })
}

/// Runs a phase in a thread of its own, so that one that never returns is reported with the stack of what blocks it.
fn bounded(
    mut machine: Machine,
    phase: &str,
    mut read_log: impl FnMut() -> Result<()>,
) -> (Option<Machine>, Result<Value>) {
    let (tx, rx) = mpsc::channel();
    let name = phase.to_string();
    thread::spawn(move || {
        let outcome = machine.run(&name);
        // The receiver is gone only after a time-out, when nobody wants the answer any more.
        let _ = tx.send((machine, outcome));
    });
    let (limit, step) = match phase.split('=').next() {
        Some("swap" | "kselftest" | "core" | "hw") => (SWAP_LIMIT, SWAP_LOG),
        Some("fail-bind") => (FAULTS_LIMIT, SWAP_LOG),
        _ => (PHASE_LIMIT, LONG_LOG),
    };
    let start = Instant::now();
    loop {
        match rx.recv_timeout(step) {
            Ok((machine, outcome)) => return (Some(machine), outcome),
            Err(RecvTimeoutError::Disconnected) => {
                return (None, Err(anyhow!("the phase's thread died")))
            }
            Err(RecvTimeoutError::Timeout) if start.elapsed() < limit => {
                if let Err(e) = read_log() {
                    return (None, Err(e));
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                sys::show_blocked_tasks();
                let secs = limit.as_secs();
                let error = format!("hung: not finished after {secs} s of guest time; the blocked tasks are in the log");
                return (None, Err(anyhow!(error)));
            }
        }
    }
}
