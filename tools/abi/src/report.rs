// SPDX-License-Identifier: GPL-2.0

//! A comparison as a table for the terminal.

use std::fmt::Write;

use crate::diff::{Class, Diff, FieldChange, Item, Place, State};
use crate::model::Kind;

const CLASSES: [(Class, &str); 6] = [
    (Class::Struct, "structs"),
    (Class::Field, "fields of common structs"),
    (Class::EnumValue, "enum values"),
    (Class::Function, "RPC functions"),
    (Class::Event, "RPC events"),
    (Class::Define, "defines"),
];

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Kernel => "the kernel's extract",
        Kind::Open => "the open driver's headers",
        Kind::Object => "an object's debug information",
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Same => "same",
        State::Moved => "moved",
        State::Resized => "resized",
        State::Retyped => "retyped",
        State::Added => "added",
        State::Gone => "gone",
        State::Changed => "changed",
        State::NotCarried => "not carried",
        State::Unknown => "unknown",
    }
}

/// Both have it, and it is not the same.
fn differs(diff: &Diff, class: Class) -> usize {
    let states = [State::Changed, State::Moved, State::Resized, State::Retyped];
    states.iter().map(|s| diff.count(class, *s)).sum()
}

/// The summary: a line a class.
fn summary(diff: &Diff, out: &mut String) -> std::fmt::Result {
    let columns = [
        "compared",
        "same",
        "changed",
        "added",
        "gone",
        "not carried",
        "unknown",
    ];
    write!(out, "{:26}", "")?;
    for column in columns {
        write!(out, "{column:>13}")?;
    }
    writeln!(out)?;
    for (class, name) in CLASSES {
        let same = diff.count(class, State::Same);
        let changed = differs(diff, class);
        write!(
            out,
            "{name:26}{:>13}{same:>13}{changed:>13}",
            same + changed
        )?;
        for state in [State::Added, State::Gone, State::NotCarried, State::Unknown] {
            write!(out, "{:>13}", diff.count(class, state))?;
        }
        writeln!(out)?;
    }
    let count = |state| diff.structs.get(&state).copied().unwrap_or(0);
    writeln!(
        out,
        "of the changed structs: {} resized, {} with fields moved, {} added, {} gone, {} retyped",
        count(State::Resized),
        count(State::Moved),
        count(State::Added),
        count(State::Gone),
        count(State::Retyped)
    )
}

fn place(place: Option<&Place>) -> String {
    match place {
        None => "-".into(),
        Some(p) => match p.bits {
            Some((first, width)) => format!("bit {first} {} : {width}", p.ty),
            None => format!("{:#x} {}", p.offset, p.ty),
        },
    }
}

fn field(change: &FieldChange, out: &mut String) -> std::fmt::Result {
    let states: Vec<&str> = change.states.iter().map(|s| word(*s)).collect();
    let (a, b) = (place(change.a.as_ref()), place(change.b.as_ref()));
    writeln!(
        out,
        "    {:40} {:38} {:38} {}",
        change.path,
        a,
        b,
        states.join(", ")
    )
}

fn item(item: &Item, out: &mut String) -> std::fmt::Result {
    let value = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".into());
    let (a, b) = (value(&item.a), value(&item.b));
    writeln!(
        out,
        "  {:60} {a:>14} {b:>14}  {}",
        item.name,
        word(item.state)
    )?;
    // A field that only moved follows from those before it.
    let telling = |f: &&FieldChange| f.states != [State::Moved];
    let moved = item.fields.len() - item.fields.iter().filter(telling).count();
    item.fields
        .iter()
        .filter(telling)
        .try_for_each(|f| field(f, out))?;
    if moved > 0 {
        writeln!(out, "    ({moved} fields only moved)")?;
    }
    Ok(())
}

/// The whole of it.
///
/// # Errors
///
/// Never: text takes what is written to it.
pub fn text(diff: &Diff) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(out, "A: {} ({})", diff.a.0, kind(diff.a.1))?;
    writeln!(out, "B: {} ({})\n", diff.b.0, kind(diff.b.1))?;
    summary(diff, &mut out)?;
    let quiet = [State::NotCarried, State::Unknown];
    for (class, name) in CLASSES {
        let mut items = diff
            .items
            .iter()
            .filter(|i| i.class == class && !quiet.contains(&i.state))
            .peekable();
        if items.peek().is_some() {
            writeln!(out, "\n{name}:")?;
        }
        items.try_for_each(|i| item(i, &mut out))?;
    }
    Ok(out)
}
