// SPDX-License-Identifier: GPL-2.0
//! What the device was handed in a boot, and what was loaded into Falcons: field by field where the bindings have names.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;

use nvkm_ab::address::Normaliser;
use nvkm_ab::address::Table;
use nvkm_ab::compare::bytes;
use nvkm_ab::compare::Run;
use nvkm_ab::trace::from_hex;

use crate::item::Area;
use crate::item::Found;
use crate::item::How;
use crate::item::Pairs;
use crate::item::Place;
use crate::layout::Field;
use crate::layout::Layouts;
use crate::messages::number;

/// Bytes that the model records of a buffer's beginning, and gives a digest of.
const PAGE: usize = 4096;
/// Whether what follows the entries of a radix3 table in its page is zero. nova-core does not clear it, so it is what was in
/// that memory before.
const CHANCE: &str = "rest_zero";
/// `LibosMemoryRegionInitArgument`s in a page.
const REGIONS: usize = 128;

/// A buffer of the first boot.
struct Handed {
    size: u64,
    /// The first page as it was, and with its addresses replaced by numbers.
    head: Vec<u8>,
    numbered: Vec<u8>,
    /// What identifies the rest.
    digest: String,
    pages: Vec<String>,
    facts: BTreeMap<String, Value>,
}

fn handed(run: &Run, table: &Table) -> Vec<(String, Handed)> {
    let device = &run.trace.device;
    let mut normaliser = Normaliser::new(table, &run.fw);
    let mut found: Vec<(String, Handed)> = Vec::new();
    let entries = device["handed"].as_array().into_iter().flatten();
    for entry in entries.take_while(|e| e["boot"].as_u64() == Some(1)) {
        let text = |key: &str| entry[key].as_str().unwrap_or_default();
        // Loads of the unbind belong to the boot before it.
        let size = entry["size"].as_u64().unwrap_or(0);
        let mut head = from_hex(text("head")).unwrap_or_default();
        if !head.is_empty() {
            head.resize(size.min(PAGE as u64) as usize, 0);
        }
        let mut numbered = head.clone();
        normaliser.buffer(text("name"), &mut numbered);
        let nth = found
            .iter()
            .filter(|(name, _)| base(name) == text("name"))
            .count();
        let name = match nth {
            0 => text("name").to_string(),
            n => format!("{}#{}", text("name"), n + 1),
        };
        let digits = device["pages"][text("digest")].as_str().unwrap_or_default();
        let page = |d: &[u8]| String::from_utf8_lossy(d).into_owned();
        let facts = entry["facts"].as_object().into_iter().flatten();
        found.push((
            name,
            Handed {
                size,
                head,
                numbered,
                digest: text("digest").to_string(),
                pages: digits.as_bytes().chunks(16).map(page).collect(),
                facts: facts.map(|(k, v)| (k.clone(), v.clone())).collect(),
            },
        ));
    }
    found
}

fn base(name: &str) -> &str {
    name.split('#').next().unwrap_or(name)
}

/// The fields that a buffer begins with.
fn fields(name: &str, layouts: &Layouts) -> Result<Vec<Field>> {
    let shifted = |structure: &str, prefix: &str, by: usize| -> Result<Vec<Field>> {
        let all = layouts.fields(structure)?.into_iter();
        Ok(all
            .map(|f| Field {
                name: format!("{prefix}{}", f.name),
                at: f.at + by,
                size: f.size,
            })
            .collect())
    };
    Ok(match base(name) {
        "wpr_meta" => shifted("GspFwWprMeta", "", 0)?,
        "rmargs" => shifted("GSP_ARGUMENTS_CACHED", "", 0)?,
        "cmdq" => {
            let size = layouts.size("msgqTxHeader")?;
            let mut all = shifted("msgqTxHeader", "tx.", 0)?;
            all.extend(shifted("msgqRxHeader", "rx.", size)?);
            all
        }
        "libos" => {
            let structure = "LibosMemoryRegionInitArgument";
            let size = layouts.size(structure)?;
            let mut all = Vec::new();
            for n in 0..REGIONS {
                all.extend(shifted(structure, &format!("[{n}]."), n * size)?);
            }
            all
        }
        _ => Vec::new(),
    })
}

/// Compares.
///
/// # Errors
///
/// The bindings lack a structure.
pub fn compare(
    nova: &Run,
    nvkm: &Run,
    table: &Table,
    layouts: &Layouts,
    found: &mut Found,
) -> Result<()> {
    let (a, b) = (handed(nova, table), handed(nvkm, table));
    let mut pairs = Pairs::default();
    let place = |of: &str, what: &str, how| Place {
        area: Area::Buffer,
        of: of.into(),
        what: what.into(),
        how,
    };
    let bytes_of = |h: &Handed| format!("{} bytes", h.size);
    for (name, x) in &a {
        let Some((_, y)) = b.iter().find(|(n, _)| n == name) else {
            found.add(place(name, "", How::OnlyNova), bytes_of(x), String::new());
            continue;
        };
        if x.facts.get(CHANCE) != y.facts.get(CHANCE) {
            let shown = x.facts.get(CHANCE).map_or(String::new(), Value::to_string);
            found
                .chance
                .push(format!("{name}: {CHANCE} is {shown} with nova-core"));
        }
        let differing = one(name, x, y, &mut pairs, layouts)?;
        if differing.is_empty() {
            found.same(Area::Buffer, name, 1);
        }
        for (what, in_a, in_b) in differing {
            found.add(place(name, &what, How::Differs), in_a, in_b);
        }
    }
    for (name, y) in b.iter().filter(|(n, _)| !a.iter().any(|(m, _)| m == n)) {
        found.add(place(name, "", How::OnlyNvkm), String::new(), bytes_of(y));
    }
    let order = |list: &[(String, Handed)], other: &[(String, Handed)]| -> Vec<String> {
        let both = list
            .iter()
            .filter(|(n, _)| other.iter().any(|(m, _)| m == n));
        both.map(|(n, _)| n.clone()).collect()
    };
    let (x, y) = (order(&a, &b), order(&b, &a));
    if x != y {
        let at = (0..x.len()).find(|&n| x.get(n) != y.get(n)).unwrap_or(0);
        let shown = |list: &[String]| list.get(at).cloned().unwrap_or_default();
        found.add(place("all", "order", How::Moved), shown(&x), shown(&y));
    }
    Ok(())
}

/// What differs, what nova-core has there, what nvkm has there.
type Differing = (String, String, String);

fn one(
    name: &str,
    x: &Handed,
    y: &Handed,
    pairs: &mut Pairs,
    layouts: &Layouts,
) -> Result<Vec<Differing>> {
    let mut found = Vec::new();
    if x.size != y.size {
        found.push(("size".into(), x.size.to_string(), y.size.to_string()));
    }
    let mut names: Vec<&String> = x.facts.keys().chain(y.facts.keys()).collect();
    names.sort();
    names.dedup();
    for fact in names {
        let shown = |h: &Handed| h.facts.get(fact).map_or(String::new(), Value::to_string);
        if fact != CHANCE && x.facts.get(fact) != y.facts.get(fact) {
            found.push((fact.clone(), shown(x), shown(y)));
        }
    }
    let by_head = !x.head.is_empty() || !y.head.is_empty();
    if by_head {
        content(&fields(name, layouts)?, x, y, pairs, &mut found);
    }
    let pages = x.pages.len().max(y.pages.len());
    let other = (usize::from(by_head)..pages)
        .filter(|&n| x.pages.get(n) != y.pages.get(n))
        .count();
    if other > 0 {
        let text = format!("{other} of {pages} pages");
        found.push(("pages".into(), text.clone(), text));
    } else if pages == 0 && !by_head && x.digest != y.digest {
        found.push(("digest".into(), x.digest.clone(), y.digest.clone()));
    }
    Ok(found)
}

/// Compares beginnings: what the table says is an address by pairs, all else as it is; named fields by name.
fn content(known: &[Field], x: &Handed, y: &Handed, pairs: &mut Pairs, found: &mut Vec<Differing>) {
    let len = x.head.len().max(y.head.len());
    // Bytes behind a shorter buffer's end are zero: that it is shorter is a difference of its own.
    let padded = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes.resize(len, 0);
        bytes
    };
    let (a, b) = (padded(&x.numbered), padded(&y.numbered));
    let (raw_a, raw_b) = (padded(&x.head), padded(&y.head));
    let mut named = vec![false; len];
    for field in known {
        let range = field.at..(field.at + field.size).min(len);
        if range.is_empty() {
            continue;
        }
        named[range.clone()].fill(true);
        let (p, q) = (&a[range.clone()], &b[range.clone()]);
        let address = p != &raw_a[range.clone()] || q != &raw_b[range];
        if address
            && token(p)
                .zip(token(q))
                .is_some_and(|(p, q)| pairs.same(p, q))
        {
            continue;
        }
        if p != q {
            let shown = |bytes: &[u8]| match address && bytes.iter().any(|b| *b != 0) {
                true => "an address".to_string(),
                false => number(Some(bytes)),
            };
            found.push((field.name.clone(), shown(p), shown(q)));
        }
    }
    // What has no name is compared byte by byte; addresses in it (page lists) by their order of appearance.
    let rest = |bytes: &[u8], raw: &[u8]| -> Vec<u8> {
        let eights = bytes.chunks(8).zip(raw.chunks(8)).zip(named.chunks(8));
        eights
            .flat_map(|((b, r), n)| match (n.iter().any(|n| *n), b != r) {
                (true, _) => vec![0; b.len()],
                (false, true) => vec![0xad; b.len()],
                (false, false) => b.to_vec(),
            })
            .collect()
    };
    found.extend(bytes::differing(
        "content",
        &rest(&a, &raw_a),
        &rest(&b, &raw_b),
    ));
}

fn token(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.first_chunk::<8>()?))
}
