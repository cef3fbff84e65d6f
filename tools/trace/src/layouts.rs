// SPDX-License-Identifier: GPL-2.0
//! Which struct a message carries: NVIDIA's naming says it, and data/layouts.json where that does not.

use std::collections::BTreeMap;
use std::collections::HashMap;

use serde::Deserialize;

use crate::names::Names;
use crate::names::EVENT;
use crate::names::FUNCTION;

/// The committed table.
const TABLE: &str = include_str!("../data/layouts.json");

#[derive(Deserialize)]
struct Table {
    functions: Vec<FunctionRow>,
    events: Vec<EventRow>,
    empty: Vec<EventRow>,
    dropped: Vec<EventRow>,
    controls: Vec<ControlRow>,
    classes: Vec<ClassRow>,
    counts: Vec<CountRow>,
    values: Vec<ValueRow>,
    flags: Vec<ValueRow>,
}

#[derive(Deserialize)]
struct FunctionRow {
    function: String,
    record: String,
}

#[derive(Deserialize)]
struct EventRow {
    event: String,
    #[serde(default)]
    record: String,
}

#[derive(Deserialize)]
struct ControlRow {
    control: String,
    record: String,
}

#[derive(Deserialize)]
struct ClassRow {
    class: String,
    record: Option<String>,
}

#[derive(Deserialize)]
struct CountRow {
    field: String,
    count: String,
}

#[derive(Deserialize)]
struct ValueRow {
    field: String,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    controls: bool,
    #[serde(default)]
    classes: bool,
}

/// What a function's payload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A struct.
    Record(String),
    /// There is none.
    Empty,
    /// The driver does not look at it, and the kernel's headers have no struct of it.
    Dropped,
    /// The version's headers have the number, but no struct.
    Unknown,
}

/// A function or an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, without NVIDIA's prefix.
    pub name: String,
    /// Its payload.
    pub payload: Payload,
}

/// A control or a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The struct of its parameters.
    pub record: Option<String>,
}

/// A range of bits with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Without the prefix.
    pub name: String,
    /// Lowest bit.
    pub low: u32,
    /// How many.
    pub width: u32,
    /// What its values are called.
    pub values: BTreeMap<u64, String>,
}

/// What a version's numbers and fields mean.
#[derive(Clone, Debug, Default)]
pub struct Layouts {
    /// Functions and events by number.
    pub functions: BTreeMap<u32, Function>,
    /// Controls by number.
    pub controls: BTreeMap<u32, Named>,
    /// Classes by number.
    pub classes: BTreeMap<u32, Named>,
    /// The field that counts a flexible array: `struct.array` to its name.
    pub counts: HashMap<String, String>,
    /// What a field's values are called, by `struct.field`.
    pub values: HashMap<String, BTreeMap<u64, String>>,
    /// The parts of a field that holds flags, by `struct.field`.
    pub flags: HashMap<String, Vec<Flag>>,
}

impl Layouts {
    /// Works out what a version's names mean.
    pub fn new(names: &Names) -> Self {
        // The table is part of the program, and a test reads it.
        let table: Table = serde_json::from_str(TABLE).expect("data/layouts.json is broken");
        let mut layouts = Self {
            functions: functions(names, &table),
            controls: controls(names, &table),
            classes: classes(names, &table),
            ..Self::default()
        };
        for row in &table.counts {
            layouts.counts.insert(row.field.clone(), row.count.clone());
        }
        let of = |map: &BTreeMap<u32, Named>| {
            map.iter()
                .map(|(n, named)| (u64::from(*n), named.name.clone()))
                .collect::<BTreeMap<u64, String>>()
        };
        for row in &table.values {
            let values = match &row.prefix {
                Some(prefix) => owned(names.numbered(prefix)),
                None if row.controls => of(&layouts.controls),
                None if row.classes => of(&layouts.classes),
                None => BTreeMap::new(),
            };
            layouts.values.insert(row.field.clone(), values);
        }
        for row in &table.flags {
            let prefix = row.prefix.as_deref().unwrap_or_default();
            layouts
                .flags
                .insert(row.field.clone(), flags(names, prefix));
        }
        layouts
    }
}

fn owned(map: BTreeMap<u64, &str>) -> BTreeMap<u64, String> {
    map.into_iter()
        .map(|(n, name)| (n, name.to_owned()))
        .collect()
}

/// Those of a version's own headers: a number that was taken out or moved must not keep its old name.
fn own(names: &Names, prefix: &str) -> BTreeMap<u32, String> {
    let mut out = BTreeMap::new();
    let from = names.values.range(prefix.to_owned()..);
    for (name, constant) in from.take_while(|(n, _)| n.starts_with(prefix)) {
        let short = &name[prefix.len()..];
        // The first and the number of them are no functions.
        if constant.1 && !short.starts_with("NUM_") && !short.starts_with("FIRST_") {
            out.extend(u32::try_from(constant.0).map(|n| (n, short.to_owned())));
        }
    }
    out
}

/// The struct that NVIDIA's naming gives a function: `rpc_free_v03_00`.
fn rpc_record(names: &Names, function: &str) -> Option<String> {
    let lower = function.to_lowercase();
    [lower.as_str(), lower.strip_prefix("gsp_").unwrap_or(&lower)]
        .iter()
        .find_map(|name| {
            let prefix = format!("rpc_{name}_v");
            let from = names.records.range(prefix.clone()..);
            from.take_while(|(n, _)| n.starts_with(&prefix))
                .find(|(n, _)| n[prefix.len()..].starts_with(|c: char| c.is_ascii_digit()))
                .map(|(n, _)| n.clone())
        })
}

fn functions(names: &Names, table: &Table) -> BTreeMap<u32, Function> {
    let payload = |name: &str, event: bool| {
        let row = |rows: &[EventRow]| event && rows.iter().any(|r| r.event == name);
        let explicit = if event {
            let mut rows = table.events.iter();
            rows.find(|r| r.event == name).map(|r| r.record.clone())
        } else {
            let mut rows = table.functions.iter();
            rows.find(|r| r.function == name).map(|r| r.record.clone())
        };
        match explicit.or_else(|| rpc_record(names, name)) {
            Some(record) if names.records.contains_key(&record) => Payload::Record(record),
            _ if row(&table.empty) => Payload::Empty,
            _ if row(&table.dropped) => Payload::Dropped,
            _ => Payload::Unknown,
        }
    };
    let mut out = BTreeMap::new();
    for (prefix, event) in [(FUNCTION, false), (EVENT, true)] {
        for (number, name) in own(names, prefix) {
            let payload = payload(&name, event);
            out.insert(number, Function { name, payload });
        }
    }
    out
}

/// The class number that a control's name begins with: `NV2080_CTRL_CMD_…`.
fn control_class(name: &str) -> Option<u64> {
    let (class, _) = name.strip_prefix("NV")?.split_once("_CTRL_CMD_")?;
    (class.len() == 4).then(|| u64::from_str_radix(class, 16).ok())?
}

fn controls(names: &Names, table: &Table) -> BTreeMap<u32, Named> {
    let mut out: BTreeMap<u32, (Named, bool)> = BTreeMap::new();
    for (name, constant) in &names.values {
        // Other constants begin like that too; a control has its class in the upper half.
        let Some(class) = control_class(name).filter(|class| *class == constant.0 >> 16) else {
            continue;
        };
        // A number that the version itself uses for something else is not what an older one called it.
        let number = ((class << 16) | (constant.0 & 0xffff)) as u32;
        if out.get(&number).is_some_and(|(_, own)| *own || !constant.1) {
            continue;
        }
        let short = name.replacen("_CTRL_CMD_", "_CTRL_", 1);
        let row = table.controls.iter().find(|r| r.control == *name);
        let candidates = [
            row.map(|r| r.record.clone()),
            Some(format!("{short}_PARAMS")),
            Some(format!("{name}_PARAMS")),
        ];
        let mut there = candidates.into_iter().flatten();
        let record = there.find(|record| names.records.contains_key(record));
        let name = name.clone();
        out.insert(number, (Named { name, record }, constant.1));
    }
    out.into_iter().map(|(n, (named, _))| (n, named)).collect()
}

fn classes(names: &Names, table: &Table) -> BTreeMap<u32, Named> {
    let mut out = BTreeMap::new();
    // RM's own names come last, and win over the kernel's for the same number.
    let rows = table.classes.iter().filter(|r| !r.class.contains('*'));
    let of_rm = rows.filter_map(|r| Some((&r.class, names.value(&r.class)?)));
    let of_kernel = names.classes.iter().map(|(name, n)| (name, *n));
    for (name, number) in of_kernel.chain(of_rm) {
        // What the kernel numbers above is its own invention.
        let Some(number) = u32::try_from(number).ok().filter(|n| *n <= 0xffff) else {
            continue;
        };
        let row = table.classes.iter().find(|r| glob(&r.class, name));
        let candidates = [
            row.and_then(|r| r.record.clone()),
            Some(format!("NV{number:04X}_ALLOC_PARAMETERS")),
        ];
        let mut there = candidates.into_iter().flatten();
        let record = there.find(|record| names.records.contains_key(record));
        let name = name.clone();
        out.insert(number, Named { name, record });
    }
    out
}

/// The ranges of bits with a prefix, in order; of two with the same bits the first.
fn flags(names: &Names, prefix: &str) -> Vec<Flag> {
    let mut out: Vec<Flag> = Vec::new();
    let from = names.ranges.range(prefix.to_owned()..);
    for (name, (high, low)) in from.take_while(|(n, _)| n.starts_with(prefix)) {
        let (Ok(low), Some(width)) = (u32::try_from(*low), high.checked_sub(*low)) else {
            continue;
        };
        let width = width.saturating_add(1).min(64) as u32;
        if out.iter().any(|f| (f.low, f.width) == (low, width)) {
            continue;
        }
        let values = owned(names.numbered(&format!("{name}_")));
        let name = name[prefix.len()..].to_owned();
        out.push(Flag {
            name,
            low,
            width,
            values,
        });
    }
    out.sort_by_key(|f| f.low);
    out
}

/// Whether a name is as a pattern says, in which `*` stands for any text.
pub fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::control_class;
    use super::glob;

    #[test]
    fn patterns() {
        assert!(glob("*_DMA_COPY_*", "TURING_DMA_COPY_A"));
        assert!(glob("*_VIDEO_OFA", "NVC7FA_VIDEO_OFA"));
        assert!(glob("NV01_ROOT", "NV01_ROOT"));
        assert!(glob("*", ""));
        assert!(!glob("NV01_ROOT", "NV01_ROOT_CLIENT"));
        assert!(!glob("*_VIDEO_OFA", "NVC7FA_VIDEO_OFAX"));
        assert!(!glob("A*B*C", "ABAC_"));
        assert!(!glob("AB*BA", "ABA"));
    }

    #[test]
    fn a_control_has_its_class_in_its_name() {
        assert_eq!(control_class("NV2080_CTRL_CMD_X"), Some(0x2080));
        assert_eq!(control_class("NVA06F_CTRL_CMD_BIND"), Some(0xa06f));
        assert_eq!(control_class("NV2080_CTRL_X"), None);
        assert_eq!(control_class("NVX_CTRL_CMD_Y"), None);
    }
}
