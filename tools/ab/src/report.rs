// SPDX-License-Identifier: GPL-2.0
//! The report of an A/A/B run: `report.json` (schema in selftests/README.md), from which everything else is made.

pub mod fleet;
pub mod html;
pub mod ktap;
pub mod matrix;
pub mod table;

use serde_json::json;
use serde_json::Map;
use serde_json::Value;

use crate::compare::dmesg;
use crate::compare::state;
use crate::compare::Difference;
use crate::counters::Counters;
use crate::trace::Queue;
use crate::verdict::Judgement;
use crate::verdict::Side;

/// Version of the report's schema: grows when a field changes its meaning.
pub const SCHEMA: u64 = 1;

/// What a cell of the matrix is.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Name of the run.
    pub name: String,
    /// Chip.
    pub gpu: String,
    /// Firmware version.
    pub firmware: String,
    /// Subsystems that Rust serves on the Rust side.
    pub seams: Vec<String>,
}

/// What is known of a side beside its run.
#[derive(Clone, Debug, Default)]
pub struct Extra {
    /// The module that was loaded.
    pub module: String,
    /// Its parameters.
    pub params: String,
    /// Wall time in seconds.
    pub wall_s: f64,
    /// The guest's last lines, if it failed.
    pub last_lines: Vec<String>,
}

fn side(side: &Side, extra: &Extra) -> Value {
    let run = &side.run;
    let count = |q| run.trace.messages.iter().filter(|m| m.q == q).count();
    let counters = Counters::of(run);
    let phases: Vec<Value> = run
        .guest
        .phases
        .iter()
        .map(|p| {
            let mut fields = json!({"phase": p.phase, "ok": p.ok, "guest_ms": p.ms});
            if let Some(error) = &p.error {
                fields["error"] = json!(error);
            }
            fields
        })
        .collect();
    let mut value = json!({
        "booted": run.guest.passed("probe"),
        "drm_card": run.guest.passed("probe"),
        "unloaded": run.guest.passed("unload"),
        "rpcs_sent": count(Queue::Cmdq),
        "rpcs_received": count(Queue::Msgq),
        "events": run.trace.messages.iter().filter(|m| m.is_event()).count(),
        "register_accesses": run.trace.accesses.len(),
        "unknown_calls": run.trace.device.get("unknown_calls").cloned().unwrap_or(json!([])),
        "unknown_registers": run.trace.device["unknown_registers"].as_array().map_or(0, Vec::len),
        "served_by_rust": counters.as_ref().map(Counters::served_by_rust).unwrap_or_default(),
        "counters": counters,
        "warnings": dmesg::alarms(run),
        "leftovers": state::leftovers(run),
        "wall_s": (extra.wall_s * 10.0).round() / 10.0,
        "module": extra.module,
        "params": extra.params,
        "phases": phases,
    });
    if let Some(error) = &side.error {
        value["error"] = json!(error);
        value["last_lines"] = json!(extra.last_lines);
    }
    value
}

fn listed(found: &[Difference]) -> Vec<Value> {
    found
        .iter()
        .map(|d| {
            let mut value = json!(d);
            value["text"] = json!(d.line());
            value
        })
        .collect()
}

/// The whole report.
pub fn json(
    cell: &Cell,
    sides: &[Side; 3],
    extras: &[Extra; 3],
    judgement: &Judgement,
    wall_s: f64,
) -> Value {
    let mut map = Map::new();
    for (s, e) in sides.iter().zip(extras) {
        map.insert(s.name.clone(), side(s, e));
    }
    let kernel = sides.iter().find_map(|s| s.run.guest.release.clone());
    json!({
        "schema": SCHEMA,
        "name": cell.name,
        "kernel": kernel,
        "gpu": cell.gpu,
        "firmware": cell.firmware,
        "seams": cell.seams,
        "verdict": judgement.verdict,
        "problems": judgement.problems,
        "differences": listed(&judgement.differences),
        "noise": listed(&judgement.noise),
        "unlisted_noise": listed(&judgement.unlisted_noise),
        "intended": {
            "size": judgement.intended.len() + judgement.unused.len(),
            "found": listed(&judgement.intended),
            "unused": judgement.unused,
        },
        "buffers": judgement.buffers,
        "hardware": judgement.hardware,
        "sides": map,
        "wall_s": (wall_s * 10.0).round() / 10.0,
    })
}
