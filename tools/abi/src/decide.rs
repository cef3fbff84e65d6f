// SPDX-License-Identifier: GPL-2.0

//! Which differences a person has to decide about. A field that only lies elsewhere and a constant with another value are
//! none: the generated module has them right. A field that came, went or is of another type is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;

use crate::diff::{element, Class, Diff, FieldChange, Item, Place, State};
use crate::new::Inherited;

/// How much of a decision it is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// The layer encodes or decodes it, and something of it came, went or changed its meaning.
    Layer,
    /// The same, of something that nouveau's headers name but the layer does not use.
    Other,
    /// Only offsets, sizes or values: the generated module knows them.
    Generated,
}

/// One item to decide about.
#[derive(Clone, Debug, Serialize)]
pub struct Decision {
    /// How much of a decision it is.
    pub rank: Rank,
    /// What it is.
    pub class: Class,
    /// Its name.
    pub name: String,
    /// What is to be decided, a line each.
    pub what: Vec<String>,
}

/// Fields that stand for nothing.
fn padding(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path).to_lowercase();
    ["pad", "reserved", "rsvd", "unused"]
        .iter()
        .any(|p| name.starts_with(p))
}

fn at(place: &Place) -> String {
    format!("{} at {:#x}", place.ty, place.offset)
}

/// A field's line, if it is a decision. `changed` structs are listed themselves: what contains them only follows.
fn field(change: &FieldChange, changed: &BTreeSet<&str>) -> Option<String> {
    if padding(&change.path) {
        return None;
    }
    let path = &change.path;
    match (&change.a, &change.b) {
        (None, Some(b)) => Some(format!("field added: {path} ({})", at(b))),
        (Some(a), None) => Some(format!("field gone: {path} ({})", at(a))),
        (Some(a), Some(b)) if change.states.contains(&State::Retyped) => {
            Some(format!("type changed: {path}, {} is {}", a.ty, b.ty))
        }
        (Some(a), Some(b)) if a.ty != b.ty => {
            Some(format!("length changed: {path}, {} is {}", a.ty, b.ty))
        }
        (Some(a), Some(b)) if a.size != b.size && !changed.contains(element(&a.ty)) => Some(
            format!("size changed: {path}, {} bytes are {}", a.size, b.size),
        ),
        _ => None,
    }
}

/// A field that went and one of the same type that came in its place are one decision: is it the same one renamed?
fn fields(item: &Item, changed: &BTreeSet<&str>) -> Vec<String> {
    let mut what = Vec::new();
    let mut paired = BTreeSet::new();
    for change in &item.fields {
        let Some(gone) = change.a.as_ref().filter(|_| change.b.is_none()) else {
            continue;
        };
        let successor = item
            .fields
            .iter()
            .find(|f| f.a.is_none() && f.b.as_ref() == Some(gone) && !padding(&f.path));
        if let Some(successor) = successor.filter(|_| !padding(&change.path)) {
            paired.extend([&change.path, &successor.path]);
            let (old, new) = (&change.path, &successor.path);
            what.push(format!("{old} is now called {new} ({})", at(gone)));
        }
    }
    let rest = item.fields.iter().filter(|f| !paired.contains(&f.path));
    what.extend(rest.filter_map(|f| field(f, changed)));
    what
}

fn item(
    item: &Item,
    changed: &BTreeSet<&str>,
    added: &BTreeMap<(Class, &str), &str>,
) -> Option<(bool, Vec<String>)> {
    let a = item.a.as_deref().unwrap_or("nothing");
    let b = item.b.as_deref().unwrap_or("nothing");
    match (item.class, item.state) {
        (Class::Struct, State::Changed) => {
            let what = fields(item, changed);
            if what.is_empty() {
                return Some((false, vec![format!("{a} are {b}, no field came or went")]));
            }
            Some((true, what))
        }
        (_, State::Gone) => {
            let successor = added
                .get(&(item.class, a))
                .filter(|_| item.class != Class::Struct);
            let now = successor.map(|name| format!("; {a} is now {name}"));
            Some((
                true,
                vec![format!("gone (was {a}){}", now.unwrap_or_default())],
            ))
        }
        (Class::Function | Class::Event, State::Changed) => {
            Some((false, vec![format!("renumbered: {a} is {b}")]))
        }
        (_, State::Changed) => Some((false, vec![format!("{a} is {b}")])),
        // What nouveau never had, it needs not decide about; what is not known is dealt with elsewhere.
        _ => None,
    }
}

/// All decisions, the worst first.
#[must_use]
pub fn list(diff: &Diff, inherited: &Inherited, used: &BTreeSet<String>) -> Vec<Decision> {
    let changed: BTreeSet<&str> = diff
        .items
        .iter()
        .filter(|i| i.class == Class::Struct && i.state == State::Changed)
        .map(|i| i.name.as_str())
        .collect();
    let added: BTreeMap<(Class, &str), &str> = diff
        .items
        .iter()
        .filter(|i| i.state == State::Added)
        .filter_map(|i| Some(((i.class, i.b.as_deref()?), i.name.as_str())))
        .collect();
    let rank = |name: &str| {
        if used.contains(name) {
            Rank::Layer
        } else {
            Rank::Other
        }
    };
    let mut out = Vec::new();
    for i in &diff.items {
        if let Some((decision, what)) = item(i, &changed, &added) {
            out.push(Decision {
                rank: if decision {
                    rank(&i.name)
                } else {
                    Rank::Generated
                },
                class: i.class,
                name: i.name.clone(),
                what,
            });
        }
    }
    let undecided = diff.items.iter().filter(|i| i.state == State::Unknown);
    for i in undecided {
        if let Some(text) = inherited.undecided.get(&i.name) {
            out.push(Decision {
                rank: rank(&i.name),
                class: i.class,
                name: i.name.clone(),
                what: vec![format!("not told by the debug information: {text}")],
            });
        }
    }
    out.sort_by(|x, y| (x.rank, x.class, &x.name).cmp(&(y.rank, y.class, &y.name)));
    out
}

fn count(decisions: &[Decision], rank: Rank) -> usize {
    decisions.iter().filter(|d| d.rank == rank).count()
}

/// In one line.
#[must_use]
pub fn summary(predecessor: &str, decisions: &[Decision]) -> String {
    format!(
        "against {predecessor}: {} items that the layer uses need a decision, {} others, {} are layout or value only",
        count(decisions, Rank::Layer),
        count(decisions, Rank::Other),
        count(decisions, Rank::Generated)
    )
}

/// As a page.
#[must_use]
pub fn page(
    version: &str,
    predecessor: &str,
    decisions: &[Decision],
    inherited: &Inherited,
) -> String {
    let mut out = format!(
        "# {version} against {predecessor}\n\n{}.\n",
        summary(predecessor, decisions)
    );
    let sections = [
        (Rank::Layer, "To be decided: what the layer uses"),
        (Rank::Other, "To be decided if it is ever used"),
        (
            Rank::Generated,
            "Layout or value only: the generated module has it right",
        ),
    ];
    for (rank, title) in sections {
        let _ = writeln!(out, "\n## {title}\n");
        for d in decisions.iter().filter(|d| d.rank == rank) {
            match d.what.as_slice() {
                [one] => {
                    let _ = writeln!(out, "- `{}`: {one}", d.name);
                }
                many => {
                    let _ = writeln!(out, "- `{}`", d.name);
                    for line in many {
                        let _ = writeln!(out, "  - {line}");
                    }
                }
            }
        }
    }
    let lists = [
        (
            "Types that the object does not use, taken from neighbours that agree",
            &inherited.types,
        ),
        (
            "Macros, taken from neighbours that agree",
            &inherited.defines,
        ),
        (
            "Left out: the neighbours do not agree",
            &inherited.undecided,
        ),
    ];
    for (title, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
        let _ = writeln!(out, "\n## {title}\n");
        for (name, text) in names {
            let _ = writeln!(out, "- `{name}`: {text}");
        }
    }
    out
}
