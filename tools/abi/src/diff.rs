// SPDX-License-Identifier: GPL-2.0

//! What differs between two ABIs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{Constant, Flat, Kind, Model, Record, EVENT, FUNCTION};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A struct or union.
    Struct,
    /// Of a struct that both have.
    Field,
    /// An enumerator that is neither of the next two.
    EnumValue,
    /// `NV_VGPU_MSG_FUNCTION_…`
    Function,
    /// `NV_VGPU_MSG_EVENT_…`
    Event,
    /// A macro.
    Define,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing.
    Same,
    /// A field at another offset.
    Moved,
    /// Another size: of a struct, a nested one, an array.
    Resized,
    /// A field of another type.
    Retyped,
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Gone,
    /// A constant has another value; a struct's fields differ (they are listed).
    Changed,
    /// One of them is the kernel's extract, which has only what nouveau takes from it.
    NotCarried,
    /// One of them is an object, whose debug information does not tell.
    Unknown,
}

/// Where a field lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// In bytes.
    pub offset: u64,
    /// In bytes.
    pub size: u64,
    /// As it is shown.
    #[serde(rename = "type")]
    pub ty: String,
    /// First bit and width of a bit field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<(u64, u64)>,
}

/// What became of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// With the names of the structs it is in.
    pub path: String,
    /// All that apply.
    pub states: Vec<State>,
    /// In the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<Place>,
    /// In the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<Place>,
}

/// An item and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it is.
    pub class: Class,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub state: State,
    /// Value or size in the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
    /// Value or size in the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<String>,
    /// Those of a struct that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// All that was compared.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// The first version, and what it was read from.
    pub a: (String, Kind),
    /// The second.
    pub b: (String, Kind),
    /// How many items of a class are in a state.
    pub summary: BTreeMap<Class, BTreeMap<State, usize>>,
    /// Changed structs by what changed in them: a struct counts wherever it applies.
    pub structs: BTreeMap<State, usize>,
    /// Everything that is not the same.
    pub items: Vec<Item>,
}

impl Diff {
    /// How many items of a class are in a state.
    #[must_use]
    pub fn count(&self, class: Class, state: State) -> usize {
        self.summary
            .get(&class)
            .and_then(|c| c.get(&state))
            .copied()
            .unwrap_or(0)
    }

    fn note(&mut self, class: Class, state: State) {
        *self
            .summary
            .entry(class)
            .or_default()
            .entry(state)
            .or_default() += 1;
    }

    fn push(&mut self, item: Item) {
        self.note(item.class, item.state);
        if item.state != State::Same {
            self.items.push(item);
        }
    }
}

/// What it means that only one of two has a name. `complete` is a list that is whole wherever it is.
fn alone(first_has: bool, lacking: &Model, complete: bool) -> State {
    match lacking.kind {
        Kind::Kernel if !complete => State::NotCarried,
        Kind::Object if !complete => State::Unknown,
        _ if first_has => State::Gone,
        _ => State::Added,
    }
}

fn place(field: &Flat) -> Place {
    Place {
        offset: field.offset,
        size: field.size,
        ty: field.ty.clone(),
        bits: field.bits,
    }
}

/// A type without the lengths of its arrays.
pub fn element(ty: &str) -> &str {
    ty.split('[').next().unwrap_or(ty)
}

/// Compares the fields of a struct; those that are the same are left out but counted.
#[must_use]
pub fn fields(a: &[Flat], b: &[Flat]) -> (usize, Vec<FieldChange>) {
    let mut same = 0;
    let mut out = Vec::new();
    for field in a {
        let Some(other) = b.iter().find(|f| f.path == field.path) else {
            out.push(FieldChange {
                path: field.path.clone(),
                states: vec![State::Gone],
                a: Some(place(field)),
                b: None,
            });
            continue;
        };
        let mut states = Vec::new();
        if element(&field.ty) != element(&other.ty) {
            states.push(State::Retyped);
        }
        let width = |f: &Flat| f.bits.map(|(_, width)| width);
        if field.size != other.size || width(field) != width(other) {
            states.push(State::Resized);
        }
        if field.offset != other.offset || field.bits.map(|b| b.0) != other.bits.map(|b| b.0) {
            states.push(State::Moved);
        }
        if states.is_empty() {
            same += 1;
        } else {
            out.push(FieldChange {
                path: field.path.clone(),
                states,
                a: Some(place(field)),
                b: Some(place(other)),
            });
        }
    }
    for field in b.iter().filter(|f| !a.iter().any(|o| o.path == f.path)) {
        out.push(FieldChange {
            path: field.path.clone(),
            states: vec![State::Added],
            a: None,
            b: Some(place(field)),
        });
    }
    (same, out)
}

fn structs(a: &Model, b: &Model, out: &mut Diff) {
    let names: BTreeSet<String> = a.record_names().union(&b.record_names()).cloned().collect();
    for name in names {
        let (ra, rb) = (a.record(&name), b.record(&name));
        let size = |r: Option<&Record>| r.map(|r| format!("{} bytes", r.size));
        let mut item = Item {
            class: Class::Struct,
            name,
            state: State::Same,
            a: size(ra),
            b: size(rb),
            fields: Vec::new(),
        };
        match (ra, rb) {
            (Some(ra), Some(rb)) => {
                let (same, changes) = fields(&a.flatten(ra), &b.flatten(rb));
                (0..same).for_each(|_| out.note(Class::Field, State::Same));
                let mut states: BTreeSet<State> = BTreeSet::new();
                for change in &changes {
                    // A field counts once, by what matters most of it.
                    out.note(Class::Field, change.states[0]);
                    states.extend(&change.states);
                }
                states.remove(&State::Resized);
                if ra.size != rb.size {
                    states.insert(State::Resized);
                }
                for state in &states {
                    *out.structs.entry(*state).or_default() += 1;
                }
                if !changes.is_empty() || ra.size != rb.size {
                    item.state = State::Changed;
                }
                item.fields = changes;
            }
            (Some(_), None) => item.state = alone(true, b, false),
            _ => item.state = alone(false, a, false),
        }
        out.push(item);
    }
}

/// Which enum an enumerator belongs to; none for enums without a name.
fn owners(model: &Model) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for name in model.enum_names() {
        if let Some(e) = model.enumeration(&name) {
            out.extend(
                e.values
                    .iter()
                    .map(|(value, _)| (value.clone(), name.clone())),
            );
        }
    }
    out
}

fn values(a: &Model, b: &Model, out: &mut Diff) {
    let (va, vb) = (a.enumerators(), b.enumerators());
    let (oa, ob) = (owners(a), owners(b));
    let names: BTreeSet<&str> = va.keys().chain(vb.keys()).copied().collect();
    let rpc =
        |values: &BTreeMap<&str, i64>, prefix: &str| values.keys().any(|n| n.starts_with(prefix));
    for name in names {
        let prefix = [FUNCTION, EVENT].into_iter().find(|p| name.starts_with(p));
        let class = match prefix {
            Some(FUNCTION) => Class::Function,
            Some(_) => Class::Event,
            None => Class::EnumValue,
        };
        // An enum is whole wherever it is; so is the list of functions.
        let whole =
            |owners: &BTreeMap<String, String>, other: &Model, values: &BTreeMap<&str, i64>| {
                match prefix {
                    Some(prefix) => rpc(values, prefix),
                    None => owners
                        .get(name)
                        .is_some_and(|e| other.enumeration(e).is_some()),
                }
            };
        let (na, nb) = (va.get(name), vb.get(name));
        let state = match (na, nb) {
            (Some(x), Some(y)) if x == y => State::Same,
            (Some(_), Some(_)) => State::Changed,
            (Some(_), None) => alone(true, b, whole(&oa, b, &vb)),
            _ => alone(false, a, whole(&ob, a, &va)),
        };
        let show = |n: Option<&i64>| {
            n.map(|n| {
                if *n < 16 {
                    n.to_string()
                } else {
                    format!("{n:#x}")
                }
            })
        };
        out.push(Item {
            class,
            name: name.to_owned(),
            state,
            a: show(na),
            b: show(nb),
            fields: Vec::new(),
        });
    }
}

/// A macro's value; that of an enumerator where a version has turned the macro into one.
#[must_use]
pub fn constant(model: &Model, values: &BTreeMap<&str, i64>, name: &str) -> Option<Constant> {
    let define = model.defines.get(name).copied();
    // CAST: a macro's value is kept as the same 64 bits.
    define.or_else(|| values.get(name).map(|v| Constant::Number(*v as u64)))
}

fn defines(a: &Model, b: &Model, out: &mut Diff) {
    let (va, vb) = (a.enumerators(), b.enumerators());
    let names: BTreeSet<&String> = a.defines.keys().chain(b.defines.keys()).collect();
    for name in names {
        let (ca, cb) = (constant(a, &va, name), constant(b, &vb, name));
        let state = match (ca, cb) {
            (Some(x), Some(y)) if x == y => State::Same,
            (Some(_), Some(_)) => State::Changed,
            (Some(_), None) => alone(true, b, false),
            _ => alone(false, a, false),
        };
        out.push(Item {
            class: Class::Define,
            name: name.clone(),
            state,
            a: ca.map(|c| c.to_string()),
            b: cb.map(|c| c.to_string()),
            fields: Vec::new(),
        });
    }
}

/// Compares two ABIs.
#[must_use]
pub fn compare(a: &Model, b: &Model) -> Diff {
    let mut out = Diff {
        a: (a.version.clone(), a.kind),
        b: (b.version.clone(), b.kind),
        summary: BTreeMap::new(),
        structs: BTreeMap::new(),
        items: Vec::new(),
    };
    structs(a, b, &mut out);
    values(a, b, &mut out);
    defines(a, b, &mut out);
    out
}
