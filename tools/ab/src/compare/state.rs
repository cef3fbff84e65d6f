// SPDX-License-Identifier: GPL-2.0
//! Comparing what the device was handed and what it was left with (`device.json`).

use serde_json::Value;

use crate::address::Normaliser;
use crate::address::Table;
use crate::compare::bytes;
use crate::compare::Difference;
use crate::compare::Kind;
use crate::compare::Run;
use crate::trace::from_hex;

/// Parts of `device.json` that are compared.
const COMPARED: [&str; 9] = [
    "boots",
    "counts",
    "unknown_calls",
    "unknown_registers",
    "objects",
    "channels",
    "mappings",
    "errors",
    "state",
];

/// A buffer that the driver handed over, addresses in it numbered.
#[derive(Debug, Default, PartialEq, Eq)]
struct Handed {
    title: String,
    size: u64,
    /// The beginning, if the model recorded it.
    head: Vec<u8>,
    /// Digest of what is not in `head`.
    digest: String,
}

fn handed(run: &Run, table: &Table) -> Vec<Handed> {
    let mut normaliser = Normaliser::new(table, &run.fw);
    let mut boot = Value::Null;
    let mut list = Vec::new();
    for entry in run.trace.device["handed"].as_array().into_iter().flatten() {
        if entry["boot"] != boot {
            boot = entry["boot"].clone();
            normaliser.forget();
        }
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_string();
        let name = text("name");
        let head = entry["head"].as_str().and_then(from_hex);
        let digest = text(if head.is_some() {
            "tail_sha256"
        } else {
            "sha256"
        });
        let size = entry["size"].as_u64().unwrap_or(0);
        let mut head = head.unwrap_or_default();
        if !head.is_empty() {
            // The model leaves out trailing zeros, which may be the upper half of an address.
            head.resize(size.min(4096) as usize, 0);
        }
        normaliser.buffer(&name, &mut head);
        list.push(Handed {
            title: format!("buffer {name} of boot {boot}"),
            size,
            head,
            digest,
        });
    }
    list
}

fn compare_handed(c: &Run, other: &Run, table: &Table, found: &mut Vec<Difference>) {
    let (a, b) = (handed(c, table), handed(other, table));
    let none = Handed::default();
    for n in 0..a.len().max(b.len()) {
        let (x, y) = (a.get(n).unwrap_or(&none), b.get(n).unwrap_or(&none));
        let name = if x.title.is_empty() {
            &y.title
        } else {
            &x.title
        };
        let mut add = |field: &str, c: String, other: String| {
            found.push(Difference {
                kind: Kind::State,
                phase: "end".into(),
                message: None,
                name: name.clone(),
                field: field.to_string(),
                c,
                other,
            });
        };
        if x.title != y.title {
            add("name", x.title.clone(), y.title.clone());
            continue;
        }
        if x.size != y.size {
            add("size", x.size.to_string(), y.size.to_string());
        }
        for (field, c, other) in bytes::differing("content", &x.head, &y.head) {
            add(&field, c, other);
        }
        if x.digest != y.digest {
            add("digest", x.digest.clone(), y.digest.clone());
        }
    }
}

/// The differences of the device's states.
pub fn compare(c: &Run, other: &Run, table: &Table) -> Vec<Difference> {
    let mut found = Vec::new();
    compare_handed(c, other, table, &mut found);
    for part in COMPARED {
        let (a, b) = (&c.trace.device[part], &other.trace.device[part]);
        walk(part, a, b, &mut found);
    }
    found
}

fn walk(path: &str, a: &Value, b: &Value, found: &mut Vec<Difference>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            for key in x.keys().chain(y.keys().filter(|k| !x.contains_key(*k))) {
                // How often a register was read is how fast the driver polls.
                if path.starts_with("unknown_registers") && key == "reads" {
                    continue;
                }
                walk(&format!("{path}.{key}"), &a[key], &b[key], found);
            }
        }
        (Value::Array(x), Value::Array(y)) => {
            for n in 0..x.len().max(y.len()) {
                let none = Value::Null;
                walk(
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
            phase: "end".into(),
            message: None,
            name: "device.json".into(),
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
    for (name, what) in [("channels", "channels"), ("mappings", "mappings")] {
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
