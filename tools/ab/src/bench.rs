// SPDX-License-Identifier: GPL-2.0
//! C against Rust: instructions and memory that a bind takes, from what the guest measured to rows with a ratio.

pub mod page;

use std::fmt::Write;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde::Serialize;
use serde_json::json;
use serde_json::Value;

use crate::counters::Counters;
use crate::vm::guest::Guest;
use crate::vm::qemu::NS_PER_INSTRUCTION;

/// Version of the report's schema.
pub const SCHEMA: u64 = 1;

/// Upstream functions that hold all of the firmware loading, in C as in Rust, and little else: the files are asked for in
/// the first, parsed, copied and given their tables in the second.
const LOADING: [&str; 2] = ["nouveau:nvkm_gsp_new_", "nouveau:tu102_gsp_oneinit"];
/// The kernel's own part of it: reading the files. Both sides call one or the other of these.
const READING: [&str; 4] = [
    "request_firmware",
    "firmware_request_nowarn",
    "request_firmware_into_buf",
    "request_partial_firmware_into_buf",
];

/// The phases of a machine that is measured.
pub fn phases(binds: u32, memory_binds: u32) -> Vec<String> {
    let functions = LOADING.iter().chain(&READING).copied().collect::<Vec<_>>();
    let mut phases: Vec<String> = ["load", "probe"].map(String::from).to_vec();
    phases.push(format!("bench={binds}+{}", functions.join("+")));
    phases.push(format!("bench-memory={memory_binds}"));
    phases.extend(["counters", "unbind", "unload"].map(String::from));
    phases
}

/// What one quantity was in one side's samples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Samples {
    /// Least.
    pub min: u64,
    /// Middle, which stands for the side.
    pub median: u64,
    /// Most.
    pub max: u64,
    /// How many.
    pub n: usize,
}

impl Samples {
    /// None of no samples.
    pub fn of(mut all: Vec<u64>) -> Option<Self> {
        all.sort_unstable();
        Some(Self {
            min: *all.first()?,
            median: all[all.len() / 2],
            max: *all.last()?,
            n: all.len(),
        })
    }
}

/// What is measured: name, unit, and how much of C's Rust may take.
struct Quantity {
    name: &'static str,
    unit: &'static str,
    target: Option<f64>,
    of: fn(&Value) -> Option<u64>,
    phase: &'static str,
}

fn spans(bind: &Value, names: &[&str]) -> u64 {
    names.iter().filter_map(|n| bind["spans"][n].as_u64()).sum()
}

/// All of [`LOADING`] must have run: a function that was renamed must not count as none.
fn loading(bind: &Value) -> Option<u64> {
    let all = LOADING.iter().all(|n| bind["spans"][n].is_u64());
    all.then(|| spans(bind, &LOADING) / NS_PER_INSTRUCTION)
}

fn reading(bind: &Value) -> Option<u64> {
    let read = spans(bind, &READING) / NS_PER_INSTRUCTION;
    (read > 0).then_some(read)
}

const QUANTITIES: [Quantity; 5] = [
    Quantity {
        name: "firmware load, without reading files",
        unit: "instructions",
        target: Some(1.05),
        of: |bind| loading(bind)?.checked_sub(reading(bind)?),
        phase: "bench",
    },
    Quantity {
        name: "firmware load",
        unit: "instructions",
        target: Some(1.05),
        of: loading,
        phase: "bench",
    },
    Quantity {
        name: "bind",
        unit: "instructions",
        target: Some(1.05),
        of: |bind| Some(bind["cpu_ns"].as_u64()? / NS_PER_INSTRUCTION),
        phase: "bench",
    },
    Quantity {
        name: "peak memory",
        unit: "KiB",
        target: Some(0.6),
        of: |bind| bind["peak_kib"].as_u64(),
        phase: "bench-memory",
    },
    Quantity {
        name: "memory kept while bound",
        unit: "KiB",
        target: None,
        of: |bind| bind["kept_kib"].as_u64(),
        phase: "bench-memory",
    },
];

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Cell and quantity.
    pub name: String,
    /// What `c` and `rust` count.
    pub unit: String,
    /// C's median.
    pub c: u64,
    /// Rust's median.
    pub rust: u64,
    /// Rust to C.
    pub ratio: f64,
    /// The ratio is to be no higher; none where a row only tells.
    pub target: Option<f64>,
    /// The ratio is no higher.
    pub holds: bool,
    /// All samples of both.
    pub spread: Spread,
}

/// The samples behind a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// C's.
    pub c: Samples,
    /// Rust's.
    pub rust: Samples,
}

impl Row {
    /// Makes a row of samples.
    pub fn new(name: String, unit: &str, target: Option<f64>, c: Samples, rust: Samples) -> Self {
        let ratio = rust.median as f64 / c.median.max(1) as f64;
        Self {
            name,
            unit: unit.into(),
            c: c.median,
            rust: rust.median,
            // To four places: more would be digits of noise.
            ratio: (ratio * 1e4).round() / 1e4,
            target,
            holds: target.is_none_or(|t| ratio <= t),
            spread: Spread { c, rust },
        }
    }
}

fn samples(guest: &Guest, quantity: &Quantity) -> Result<Samples> {
    let of_phase =
        |p: &&crate::vm::guest::Phase| p.ok && p.phase.split('=').next() == Some(quantity.phase);
    let phase = guest
        .phases
        .iter()
        .find(of_phase)
        .with_context(|| format!("phase {} did not run", quantity.phase))?;
    let binds = phase.data.get("binds").and_then(Value::as_array);
    let all: Option<Vec<u64>> = binds.into_iter().flatten().map(quantity.of).collect();
    all.and_then(Samples::of)
        .with_context(|| format!("the guest did not measure '{}'", quantity.name))
}

/// The rows of one cell, by what the two guests reported.
///
/// # Errors
///
/// A guest did not measure, or the sides were not what they should be.
pub fn rows(cell: &str, c: &Guest, rust: &Guest, seams: &[String]) -> Result<Vec<Row>> {
    let on_c = Counters::of_guest(c).unwrap_or_default();
    let on_rust = Counters::of_guest(rust).unwrap_or_default();
    if let Some((name, n)) = on_c.served_by_rust().into_iter().find(|(_, n)| *n > 0) {
        bail!("{cell}: Rust served {n} calls of {name} on the C side");
    }
    for seam in seams {
        let (by_c, by_rust) = on_rust.calls(seam);
        if by_rust == 0 || by_c > 0 {
            bail!("{cell}: on the Rust side {seam} was served {by_rust} times by Rust and {by_c} times by C");
        }
    }
    QUANTITIES
        .iter()
        .map(|q| {
            Ok(Row::new(
                format!("{cell}: {}", q.name),
                q.unit,
                q.target,
                samples(c, q).with_context(|| format!("{cell}, C"))?,
                samples(rust, q).with_context(|| format!("{cell}, Rust"))?,
            ))
        })
        .collect()
}

/// The report. Every row that has a target must hold it.
pub fn json(
    kernel: Option<&str>,
    seams: &[String],
    rows: &[Row],
    problems: &[String],
    wall_s: f64,
) -> Value {
    let verdict = match () {
        () if rows.is_empty() || !problems.is_empty() => "failed",
        () if rows.iter().all(|r| r.holds) => "held",
        () => "missed",
    };
    json!({
        "schema": SCHEMA,
        "kernel": kernel,
        "seams": seams,
        "verdict": verdict,
        "problems": problems,
        "rows": rows,
        "ns_per_instruction": NS_PER_INSTRUCTION,
        "wall_s": (wall_s * 10.0).round() / 10.0,
    })
}

/// 12345678 as `12,345,678`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The table for a terminal.
pub fn table(report: &Value) -> String {
    let mut out = String::new();
    let number = |v: &Value| grouped(v.as_u64().unwrap_or(0));
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{:58} {:>14} {:>14} {:>7} {:>7}",
        "median of binds", "C", "Rust", "ratio", "target"
    );
    for row in report["rows"].as_array().into_iter().flatten() {
        let target = row["target"]
            .as_f64()
            .map_or("-".into(), |t| format!("{t:.2}"));
        let _ = writeln!(
            out,
            "{:58} {:>14} {:>14} {:>7.4} {target:>7}{}",
            format!(
                "{}, {}",
                row["name"].as_str().unwrap_or("?"),
                row["unit"].as_str().unwrap_or("?")
            ),
            number(&row["c"]),
            number(&row["rust"]),
            row["ratio"].as_f64().unwrap_or(0.0),
            if row["holds"] == Value::Bool(true) {
                ""
            } else {
                "  MISSED"
            }
        );
    }
    for problem in report["problems"].as_array().into_iter().flatten() {
        let _ = writeln!(out, "problem  {}", problem.as_str().unwrap_or("?"));
    }
    let _ = writeln!(
        out,
        "targets  {}",
        report["verdict"].as_str().unwrap_or("failed")
    );
    out
}

/// The exit code that a report stands for.
pub fn code(report: &Value) -> u8 {
    match report["verdict"].as_str() {
        Some("held") => 0,
        Some("missed") => 1,
        _ => 2,
    }
}
