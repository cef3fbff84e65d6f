// SPDX-License-Identifier: GPL-2.0
//! Comparing what the device was left with (`device.json`), and what phases of the guest found out.

use serde_json::Map;
use serde_json::Value;

use crate::compare::Difference;
use crate::compare::Kind;
use crate::compare::Run;

/// Parts of `device.json` that are compared.
const COMPARED: [&str; 10] = [
    "boots",
    "counts",
    "unknown_calls",
    "unknown_registers",
    "objects",
    "channels",
    "mappings",
    "unread",
    "errors",
    "state",
];

/// What of a phase's report is compared: all of it that is no measurement and has no comparison of its own.
const FOUND: [&str; 3] = ["logs", "power", "steps"];

/// The differences of the device's states, and of what the guest saw.
pub fn compare(c: &Run, other: &Run) -> Vec<Difference> {
    let mut found = Vec::new();
    for part in COMPARED {
        let (a, b) = (&c.trace.device[part], &other.trace.device[part]);
        walk(("end", "device.json"), part, a, b, &mut found);
    }
    found.extend(phases(c, other));
    found
}

/// What phases found out. Runs that are compared have the same phases; one that ended early is a matter of its own.
fn phases(c: &Run, other: &Run) -> Vec<Difference> {
    let mut found = Vec::new();
    for (a, b) in c.guest.phases.iter().zip(&other.guest.phases) {
        for part in FOUND {
            let of = |data: &Map<String, Value>| data.get(part).cloned().unwrap_or_default();
            let (x, y) = (of(&a.data), of(&b.data));
            walk((&a.phase, "guest's report"), part, &x, &y, &mut found);
        }
    }
    found
}

/// `place` is phase and name of the differences.
fn walk(place: (&str, &str), path: &str, a: &Value, b: &Value, found: &mut Vec<Difference>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            for key in x.keys().chain(y.keys().filter(|k| !x.contains_key(*k))) {
                // How often a register was read is how fast the driver polls.
                if path.starts_with("unknown_registers") && key == "reads" {
                    continue;
                }
                walk(place, &format!("{path}.{key}"), &a[key], &b[key], found);
            }
        }
        (Value::Array(x), Value::Array(y)) => {
            for n in 0..x.len().max(y.len()) {
                let none = Value::Null;
                walk(
                    place,
                    &format!("{path}[{n}]"),
                    x.get(n).unwrap_or(&none),
                    y.get(n).unwrap_or(&none),
                    found,
                );
            }
        }
        _ if a == b => {}
        _ => found.push(Difference {
            kind: Kind::State,
            phase: place.0.into(),
            message: None,
            name: place.1.into(),
            field: path.into(),
            c: show(a),
            other: show(b),
        }),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// What no run should leave behind, as sentences: leaked objects, channels and mappings, and the model's complaints.
pub fn leftovers(run: &Run) -> Vec<String> {
    let device = &run.trace.device;
    let mut found = Vec::new();
    let objects = device["objects"].as_array().map_or(0, Vec::len);
    if objects > 0 {
        found.push(format!(
            "{objects} RM objects were left allocated in the model: {}",
            device["objects"]
        ));
    }
    for (name, what) in [
        ("channels", "channels"),
        ("mappings", "mappings"),
        ("unread", "pages of messages that nobody read"),
    ] {
        if let Some(n @ 1..) = device[name].as_u64() {
            found.push(format!("{n} {what} were left in the model"));
        }
    }
    for error in device["errors"].as_array().into_iter().flatten() {
        found.push(format!(
            "the model complains: {}",
            error.as_str().unwrap_or(&error.to_string())
        ));
    }
    found
}
