// SPDX-License-Identifier: GPL-2.0

//! A new version's header, and what a person has to decide about it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{ensure, Context, Result};
use serde::Serialize;
use walkdir::WalkDir;

use crate::decide::{self, Decision};
use crate::diff::{self, constant};
use crate::dwarf::Wanted;
use crate::header;
use crate::model::{Item, Kind, Model};
use crate::source::{order, Places, KNOWN, LAYER};

/// What an object did not tell, and where it comes from instead.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Inherited {
    /// Types and their source. What an object does not use it hardly sends: a doubtful lot.
    pub types: BTreeMap<String, String>,
    /// Macros and their source.
    pub defines: BTreeMap<String, String>,
    /// Name and what its neighbours say, where they do not agree.
    pub undecided: BTreeMap<String, String>,
}

/// Whether two versions define a type the same.
fn same_type(a: &Model, b: &Model, name: &str) -> bool {
    if let (Some(x), Some(y)) = (a.record(name), b.record(name)) {
        return x.size == y.size && a.flatten(x) == b.flatten(y);
    }
    if let (Some(x), Some(y)) = (a.enumeration(name), b.enumeration(name)) {
        return x == y;
    }
    match (a.typedefs.get(name), b.typedefs.get(name)) {
        (Some(x), Some(y)) => a.describe(&x.ty) == b.describe(&y.ty),
        _ => false,
    }
}

fn has(model: &Model, name: &str) -> bool {
    model.typedefs.contains_key(name)
        || model.records.contains_key(name)
        || model.enums.contains_key(name)
}

/// Adds a type of another version, with what it needs. False if what is already there makes it another one.
fn import(model: &mut Model, from: &Model, name: &str) -> Result<bool> {
    let mut trial = model.clone();
    for item in from.closure(&BTreeSet::from([name.to_owned()]))? {
        match item {
            Item::Typedef(n) => {
                let typedef = from.typedefs[&n].clone();
                trial.typedefs.entry(n).or_insert(typedef);
            }
            Item::Record(n) => {
                let record = from.records[&n].clone();
                trial.records.entry(n).or_insert(record);
            }
            Item::Enum(n) => {
                let e = from.enums[&n].clone();
                trial.enums.entry(n).or_insert(e);
            }
        }
    }
    trial.tidy();
    let same = same_type(&trial, from, name);
    if same {
        *model = trial;
    }
    Ok(same)
}

/// Takes what the model lacks from the version below it, if that above it says the same.
///
/// # Errors
///
/// A neighbour's model is not whole.
pub fn inherit(
    model: &mut Model,
    wanted: &Wanted,
    below: &Model,
    above: &Model,
) -> Result<Inherited> {
    let mut out = Inherited::default();
    let source = format!(
        "inherited from {}, same in {}",
        below.version, above.version
    );
    let only =
        |side: &Model, other: &Model| format!("in {}, not in {}", side.version, other.version);
    for name in wanted
        .types
        .iter()
        .filter(|n| !has(model, n))
        .cloned()
        .collect::<Vec<_>>()
    {
        match (has(below, &name), has(above, &name)) {
            (true, true) if same_type(below, above, &name) && import(model, below, &name)? => {
                out.types.insert(name, source.clone());
            }
            (true, true) => {
                let text = format!("differs between {} and {}", below.version, above.version);
                out.undecided.insert(name, text);
            }
            (true, false) => {
                out.undecided.insert(name, only(below, above));
            }
            (false, true) => {
                out.undecided.insert(name, only(above, below));
            }
            (false, false) => {}
        }
    }
    let known: BTreeSet<String> = model
        .enumerators()
        .keys()
        .map(|n| (*n).to_owned())
        .collect();
    let (low, high) = (below.enumerators(), above.enumerators());
    for name in wanted.defines.iter().filter(|n| !known.contains(*n)) {
        if model.defines.contains_key(name) {
            continue;
        }
        match (constant(below, &low, name), constant(above, &high, name)) {
            (Some(x), Some(y)) if x == y => {
                model.defines.insert(name.clone(), x);
                out.defines.insert(name.clone(), source.clone());
            }
            (None, None) => {}
            (x, y) => {
                let show = |c: Option<_>| {
                    c.map_or_else(
                        || "absent".into(),
                        |c: crate::model::Constant| c.to_string(),
                    )
                };
                let text = format!(
                    "{} in {}, {} in {}",
                    show(x),
                    below.version,
                    show(y),
                    above.version
                );
                out.undecided.insert(name.clone(), text);
            }
        }
    }
    Ok(out)
}

/// The nearest version on a side that has headers; the layer's own if none can be had.
fn neighbour(
    places: &Places,
    wanted: &Wanted,
    version: &str,
    above: bool,
) -> Result<Option<Model>> {
    let side = |v: &&str| {
        if above {
            order(v) > order(version)
        } else {
            order(v) < order(version)
        }
    };
    let mut candidates: Vec<&str> = KNOWN.into_iter().filter(side).collect();
    candidates.sort_by_key(|v| {
        (
            LAYER.contains(v),
            order(v).first().map(|m| m.abs_diff(order(version)[0])),
        )
    });
    for candidate in candidates {
        let model = if LAYER.contains(&candidate) {
            completed(places, wanted, candidate)
        } else {
            places.model(candidate, wanted)
        };
        match model {
            Ok(model) if model.kind != Kind::Object => return Ok(Some(model)),
            Ok(_) => {}
            Err(error) => eprintln!("nvkm-abi: {candidate} is left out: {error:#}"),
        }
    }
    Ok(None)
}

/// The layer's versions before one, oldest first.
fn layer_before(version: &str) -> Vec<&'static str> {
    let mut older: Vec<&str> = LAYER
        .into_iter()
        .filter(|v| order(v) < order(version))
        .collect();
    older.sort_by_key(|v| order(v));
    older
}

/// One of the layer's versions, with what its headers leave to those before it.
fn completed(places: &Places, wanted: &Wanted, version: &str) -> Result<Model> {
    let mut model = places.model(version, wanted)?;
    for before in layer_before(version).into_iter().rev() {
        let before = places.model(before, wanted)?;
        for name in &wanted.types {
            if !has(&model, name) && has(&before, name) {
                import(&mut model, &before, name)?;
            }
        }
        for (name, value) in &before.defines {
            model.defines.entry(name.clone()).or_insert(*value);
        }
    }
    Ok(model)
}

/// The layer's newest version that is older.
fn predecessor(places: &Places, wanted: &Wanted, version: &str) -> Result<Model> {
    let newest = layer_before(version)
        .pop()
        .with_context(|| format!("the layer has no version older than {version}"))?;
    completed(places, wanted, newest)
}

/// Names that the layer's sources mention.
fn used(top: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for entry in WalkDir::new(top.join("nvkm-rs/abi")).into_iter().flatten() {
        if entry.path().extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            out.extend(words.map(str::to_owned));
        }
    }
    out
}

#[derive(Serialize)]
struct Report<'a> {
    version: &'a str,
    predecessor: &'a str,
    source: Kind,
    inherited: &'a Inherited,
    decisions: &'a [Decision],
    conflicts: &'a BTreeSet<String>,
}

/// Makes `build/abi/r<major>/`.
///
/// # Errors
///
/// Something needed cannot be had, or the header does not come out as the model.
pub fn run(places: &Places, version: &str, headers: Option<&str>) -> Result<()> {
    ensure!(
        crate::source::is_version(version)?,
        "{version} is not a firmware version; those look like 550.163.01"
    );
    let wanted = places.wanted()?;
    let mut model = places.model(headers.unwrap_or(version), &wanted)?;
    model.version = version.to_owned();
    let mut inherited = Inherited::default();
    if model.kind != Kind::Open {
        let below = neighbour(places, &wanted, version, false)?;
        let below = below
            .with_context(|| format!("no older version's headers than {version} can be had"))?;
        let above = neighbour(places, &wanted, version, true)?;
        let above = above.unwrap_or_else(|| below.clone());
        inherited = inherit(&mut model, &wanted, &below, &above)?;
    }
    let release = format!("r{}", order(version)[0]);
    let dir = places.build.join("abi").join(&release);
    std::fs::create_dir_all(&dir)?;
    let path = dir.join(format!("{release}.h"));
    let new = dir.join("new.h");
    let guard = format!("NVKM_ABI_{}_H", release.to_uppercase());
    std::fs::write(&new, header::print(&model, &guard, &inherited.defines)?)?;
    header::verify(&model, &new)?;
    let compared = header::verify_bindgen(&model, &new)?;
    std::fs::rename(&new, &path)?;

    let before = predecessor(places, &wanted, version)?;
    let diff = diff::compare(&before, &model);
    let decisions = decide::list(&diff, &inherited, &used(&places.top));
    let report = Report {
        version,
        predecessor: &before.version,
        source: model.kind,
        inherited: &inherited,
        decisions: &decisions,
        conflicts: &model.conflicts,
    };
    let json = dir.join("decisions.json");
    std::fs::write(&json, serde_json::to_string_pretty(&report)? + "\n")?;
    let md = dir.join("decisions.md");
    std::fs::write(
        &md,
        decide::page(version, &before.version, &decisions, &inherited),
    )?;

    println!(
        "{}: {} structs, {} enumerators, {} defines; {compared} sizes and offsets the same in bindgen's output",
        path.display(),
        model.record_names().len(),
        model.enumerators().len(),
        model.defines.len()
    );
    if model.kind != Kind::Open {
        println!(
            "not in the debug information: {} types and {} defines that its neighbours agree about (taken), {} names that they do not (left out)",
            inherited.types.len(),
            inherited.defines.len(),
            inherited.undecided.len()
        );
    }
    println!("{}", decide::summary(&before.version, &decisions));
    println!("{}\n{}", md.display(), json.display());
    Ok(())
}
