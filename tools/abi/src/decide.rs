// SPDX-License-Identifier: GPL-2.0

//! Which differences a person has to decide about. A field that only lies elsewhere is none: the generated module has it
//! where it belongs. A field that came, went or means another thing is.

use std::collections::BTreeSet;
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
    /// Only offsets or sizes: the generated module knows them.
    LayoutOnly,
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

fn item(item: &Item, changed: &BTreeSet<&str>) -> Option<(bool, Vec<String>)> {
    let (a, b) = (
        item.a.as_deref().unwrap_or("nothing"),
        item.b.as_deref().unwrap_or("nothing"),
    );
    match (item.class, item.state) {
        (_, State::Same | State::NotCarried | State::Unknown) => None,
        (Class::Struct, State::Changed) => {
            let what: Vec<String> = item
                .fields
                .iter()
                .filter_map(|f| field(f, changed))
                .collect();
            if what.is_empty() {
                return Some((false, vec![format!("{a} are {b}, fields only moved")]));
            }
            Some((true, what))
        }
        (_, State::Gone) => Some((true, vec![format!("gone (was {a})")])),
        (Class::Function | Class::Event, State::Changed) => {
            Some((true, vec![format!("renumbered: {a} is {b}")]))
        }
        (_, State::Changed) => Some((true, vec![format!("value changed: {a} is {b}")])),
        // What nouveau never had, it needs not decide about.
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
    let rank = |name: &str| {
        if used.contains(name) {
            Rank::Layer
        } else {
            Rank::Other
        }
    };
    let mut out = Vec::new();
    for i in &diff.items {
        if let Some((decision, what)) = item(i, &changed) {
            out.push(Decision {
                rank: if decision {
                    rank(&i.name)
                } else {
                    Rank::LayoutOnly
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
        "against {predecessor}: {} items that the layer uses need a decision, {} others, {} are layout only",
        count(decisions, Rank::Layer),
        count(decisions, Rank::Other),
        count(decisions, Rank::LayoutOnly)
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
            Rank::LayoutOnly,
            "Layout only: the generated module has it right",
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
    if !inherited.taken.is_empty() || !inherited.undecided.is_empty() {
        let _ = writeln!(
            out,
            "\n## Not told by the debug information\n\nTaken from the neighbours, which agree:\n"
        );
        for (name, source) in &inherited.taken {
            let _ = writeln!(out, "- `{name}`: {source}");
        }
        let _ = writeln!(out, "\nLeft out, because they do not:\n");
        for (name, text) in &inherited.undecided {
            let _ = writeln!(out, "- `{name}`: {text}");
        }
    }
    out
}
