// SPDX-License-Identifier: GPL-2.0
//! The registry table: entries, behind them their names and what is text or bytes (rm/r535/gsp.c, `build_registry`).

use super::walk::Walk;

/// An entry's struct.
const ENTRY: &str = "PACKED_REGISTRY_ENTRY";
/// `REGISTRY_TABLE_ENTRY_TYPE_DWORD` (rm/r535/gsp.c, enum registry_type): `data` is the value.
const DWORD: u64 = 1;
/// `REGISTRY_TABLE_ENTRY_TYPE_STRING`: `data` is the offset of a text.
const STRING: u64 = 3;
/// No key is longer (rm/r535/gsp.c, `REGISTRY_MAX_KEY_LENGTH`).
const MAX_KEY: usize = 64;

/// Reads a table's entries and what they point at; returns where all of it ends.
pub fn entries(
    walk: &mut Walk<'_>,
    table: usize,
    start: usize,
    count: usize,
    path: &str,
    depth: u32,
) -> usize {
    let names = walk.decoder().names();
    let Some(entry) = names.records.get(ENTRY) else {
        return start;
    };
    let size = (entry.size as usize).max(1);
    let offset = |field: &str| {
        let mut fields = entry.fields.iter();
        fields.find(|m| m.name == field).map(|m| m.offset as usize)
    };
    let mut end = start;
    for n in 0..count {
        let at = start.saturating_add(n.saturating_mul(size));
        if at >= walk.limit() {
            break;
        }
        let number = |walk: &Walk<'_>, field: &str, size| {
            offset(field).and_then(|o| walk.number(at.saturating_add(o), size))
        };
        let (name, data) = (number(&*walk, "nameOffset", 4), number(&*walk, "data", 4));
        let (kind, length) = (number(&*walk, "type", 1), number(&*walk, "length", 4));
        end = end.max(walk.record(ENTRY, at, &format!("{path}[{n}]."), depth + 1));
        let there = |offset: Option<u64>| {
            // Entries and header are no place for a name.
            let at = table.saturating_add(offset? as usize);
            (at >= start && at < walk.limit()).then_some(at)
        };
        let (name, text) = (there(name), there(data.filter(|_| kind != Some(DWORD))));
        if let Some(at) = name {
            let length = (0..MAX_KEY).find(|i| walk.number(at + i, 1) == Some(0));
            let length = length.map_or(MAX_KEY, |n| n + 1);
            walk.bytes(format!("{path}[{n}].name"), at, length, true);
            end = end.max(at + length);
        }
        if let Some(at) = text {
            let length = length.unwrap_or(0) as usize;
            walk.bytes(
                format!("{path}[{n}].value"),
                at,
                length,
                kind == Some(STRING),
            );
            end = end.max(at.saturating_add(length));
        }
    }
    end.min(walk.limit())
}
