// SPDX-License-Identifier: GPL-2.0
//! nova-core beside nvkm on one chip: all that differs, with its reason.

use anyhow::Result;

use nvkm_ab::address::Table;
use nvkm_ab::compare;
use nvkm_ab::compare::Run;

use crate::buffers;
use crate::item::Area;
use crate::item::Found;
use crate::item::How;
use crate::item::Place;
use crate::layout::Layouts;
use crate::messages;
use crate::messages::Absent;
use crate::registers;

/// nova-core beside one side of nvkm.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// What differs, and what is the same.
    pub found: Found,
    /// Messages that nova-core does not send.
    pub absent: Vec<Absent>,
    /// Register accesses of nvkm's that have no counterpart because nova-core does nothing of that kind.
    pub elsewhere: usize,
}

/// Compares.
///
/// # Errors
///
/// The bindings lack a structure.
pub fn compare(nova: &Run, nvkm: &Run, layouts: &Layouts) -> Result<Beside> {
    let table = Table::committed()?;
    let mut beside = Beside::default();
    beside.absent = messages::compare(nova, nvkm, layouts, &mut beside.found)?;
    buffers::compare(nova, nvkm, &table, layouts, &mut beside.found)?;
    let handed = nvkm.trace.device["handed"].as_array();
    let frts = handed.into_iter().flatten();
    let frts = frts.into_iter().any(|h| {
        h["name"]
            .as_str()
            .is_some_and(|n| n.starts_with("fwsec-frts"))
    });
    beside.elsewhere = registers::compare(nova, nvkm, &table, frts, &mut beside.found);
    complaints(nova, &mut beside.found);
    Ok(beside)
}

/// What the model complains of: once a text, whatever addresses are in it.
fn complaints(nova: &Run, found: &mut Found) {
    for error in nova.trace.device["errors"].as_array().into_iter().flatten() {
        let text = error.as_str().unwrap_or_default();
        let place = Place {
            area: Area::Complaint,
            of: "device".into(),
            what: text.split('{').next().unwrap_or(text).trim().into(),
            how: How::OnlyNova,
        };
        found.add(place, text.to_string(), String::new());
    }
}

/// What differs between two runs of nova-core: one line each.
///
/// # Errors
///
/// The committed address table is broken.
pub fn noise(a: &Run, b: &Run) -> Result<Vec<String>> {
    Ok(compare::compare(a, b)?.iter().map(|d| d.line()).collect())
}
