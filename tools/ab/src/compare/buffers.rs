// SPDX-License-Identifier: GPL-2.0
//! Comparing what the device was handed, page by page: buffers in DMA memory, tables to them, what was loaded into Falcons.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::address::Normaliser;
use crate::address::Table;
use crate::compare::bytes;
use crate::compare::Difference;
use crate::compare::Kind;
use crate::compare::Run;
use crate::trace::from_hex;

/// Bytes that the model gives a digest of.
const PAGE: usize = 4096;
/// Hexadecimal digits of a page's digest (tools/vgpu, buffer.rs).
const DIGITS: usize = 16;
/// Stretches of pages that are listed for one buffer; what follows is counted.
const LISTED: usize = 20;

/// Which buffer: boot, name, and a number if one boot has several of that name.
type Key = (u64, String, usize);

/// A buffer that the driver handed over, addresses in it numbered.
#[derive(Clone, Debug, Default)]
struct Handed {
    mark: Option<u32>,
    size: u64,
    /// The first page, if the model recorded it.
    head: Vec<u8>,
    /// Digests of all pages.
    pages: Vec<String>,
    /// Digest of the whole, which decides where there are no pages.
    digest: String,
    facts: BTreeMap<String, Value>,
}

/// A buffer as the report has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// Which boot, from 1.
    pub boot: u64,
    /// Bytes, on the side that has it.
    pub size: u64,
    /// Pages, the last of which may be a part.
    pub pages: u64,
    /// Whether the other side has the same.
    pub equal: bool,
}

fn handed(run: &Run, table: &Table) -> Vec<(Key, Handed)> {
    let device = &run.trace.device;
    let mut normaliser = Normaliser::new(table, &run.fw);
    let mut boot = 0;
    let mut list: Vec<(Key, Handed)> = Vec::new();
    for entry in device["handed"].as_array().into_iter().flatten() {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_string();
        let now = entry["boot"].as_u64().unwrap_or(0);
        if now != boot {
            boot = now;
            // A new boot has buffers of its own.
            normaliser.forget();
        }
        let (name, digest) = (text("name"), text("digest"));
        let size = entry["size"].as_u64().unwrap_or(0);
        let mut head = from_hex(&text("head")).unwrap_or_default();
        if !head.is_empty() {
            // The model leaves out trailing zeros, which may be the upper half of an address.
            head.resize(size.min(PAGE as u64) as usize, 0);
        }
        normaliser.buffer(&name, &mut head);
        let digits = device["pages"][&digest].as_str().unwrap_or_default();
        let pages = digits
            .as_bytes()
            .chunks(DIGITS)
            .map(|d| String::from_utf8_lossy(d).into_owned())
            .collect();
        let same = |key: &Key| key.0 == boot && key.1 == name;
        let nth = list.iter().filter(|(key, _)| same(key)).count();
        let facts = entry["facts"].as_object().into_iter().flatten();
        let handed = Handed {
            mark: entry["mark"].as_u64().map(|m| m as u32),
            size,
            head,
            pages,
            digest,
            facts: facts.map(|(k, v)| (k.clone(), v.clone())).collect(),
        };
        list.push(((boot, name, nth), handed));
    }
    list
}

fn title((boot, name, nth): &Key) -> String {
    match nth {
        0 => format!("buffer {name} of boot {boot}"),
        _ => format!("buffer {name} ({}) of boot {boot}", nth + 1),
    }
}

/// Pages that differ, neighbours together: first, last.
fn stretches(a: &Handed, b: &Handed, from: usize) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for n in from..a.pages.len().max(b.pages.len()) {
        if a.pages.get(n) == b.pages.get(n) {
            continue;
        }
        match found.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => found.push((n, n)),
        }
    }
    found
}

/// Field, what C has there, what the other has there.
type Found = (String, String, String);

fn differing(a: &Handed, b: &Handed) -> Vec<Found> {
    let mut found = Vec::new();
    if a.size != b.size {
        found.push(("size".into(), a.size.to_string(), b.size.to_string()));
    }
    let names = a.facts.keys().chain(b.facts.keys());
    let mut names: Vec<&String> = names.collect();
    names.sort();
    names.dedup();
    for name in names {
        let show = |facts: &BTreeMap<String, Value>| {
            facts.get(name).map_or(String::new(), Value::to_string)
        };
        if a.facts.get(name) != b.facts.get(name) {
            found.push((name.clone(), show(&a.facts), show(&b.facts)));
        }
    }
    // A first page that was recorded is compared as it is, with its addresses numbered; one that is not there is zero.
    let by_head = !a.head.is_empty() || !b.head.is_empty();
    if by_head {
        let whole = |h: &Handed| {
            let mut head = h.head.clone();
            head.resize(h.size.min(PAGE as u64) as usize, 0);
            head
        };
        let (x, y) = (whole(a), whole(b));
        found.extend(bytes::differing("content", &x, &y));
    }
    let stretches = stretches(a, b, usize::from(by_head));
    let total = a.pages.len().max(b.pages.len());
    for &(first, last) in stretches.iter().take(LISTED) {
        let field = if first == last {
            format!("page {first} of {total}")
        } else {
            format!("pages {first} to {last} of {total}")
        };
        let digest = |h: &Handed| h.pages.get(first).cloned().unwrap_or_default();
        found.push((field, digest(a), digest(b)));
    }
    let more: usize = stretches.iter().skip(LISTED).map(|(a, b)| b - a + 1).sum();
    if more > 0 {
        let field = format!("{more} more pages of {total}");
        found.push((field, a.digest.clone(), b.digest.clone()));
    }
    if total == 0 && a.digest != b.digest {
        found.push(("digest".into(), a.digest.clone(), b.digest.clone()));
    }
    found
}

/// Whether a difference of a buffer names what differs: not when it is of sums over pages, or of a buffer that is not there.
pub fn says_what(difference: &Difference) -> bool {
    let field = difference.field.as_str();
    !(field.is_empty()
        || field == "digest"
        || field.starts_with("page")
        || field.contains("more pages"))
}

/// The differences of what was handed over, and a row for each buffer.
pub fn compare(c: &Run, other: &Run, table: &Table) -> (Vec<Difference>, Vec<Row>) {
    let (a, b) = (handed(c, table), handed(other, table));
    let of = |list: &[(Key, Handed)]| -> BTreeMap<Key, Handed> { list.iter().cloned().collect() };
    let (in_a, in_b) = (of(&a), of(&b));
    let only_b = b.iter().filter(|(key, _)| !in_a.contains_key(key));
    let (mut found, mut rows) = (Vec::new(), Vec::new());
    for (key, any) in a.iter().chain(only_b) {
        let differences = match (in_a.get(key), in_b.get(key)) {
            (Some(x), Some(y)) => differing(x, y),
            (Some(x), None) => vec![(String::new(), format!("{} bytes", x.size), String::new())],
            (_, y) => {
                let size = y.map_or(0, |y| y.size);
                vec![(String::new(), String::new(), format!("{size} bytes"))]
            }
        };
        rows.push(Row {
            name: key.1.clone(),
            boot: key.0,
            size: any.size,
            pages: any.size.div_ceil(PAGE as u64),
            equal: differences.is_empty(),
        });
        found.extend(
            differences
                .into_iter()
                .map(|(field, in_c, in_other)| Difference {
                    kind: Kind::Buffer,
                    phase: c.phase(any.mark),
                    message: None,
                    name: title(key),
                    field,
                    c: in_c,
                    other: in_other,
                }),
        );
    }
    (found, rows)
}
