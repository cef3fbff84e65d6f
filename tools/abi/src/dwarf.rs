// SPDX-License-Identifier: GPL-2.0

//! Types and enumerators out of an object's debug information.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use anyhow::{bail, ensure, Context, Result};
use gimli::{AttributeValue as Value, DwTag, EndianSlice, LittleEndian, UnitOffset};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget};

use crate::model::{Enum, Field, Model, Record, Type, Typedef, EVENT, FUNCTION, OPAQUE};

type Slice<'a> = EndianSlice<'a, LittleEndian>;
type Unit<'a> = gimli::Unit<Slice<'a>>;
type Entry<'a, 'u> = gimli::DebuggingInformationEntry<'u, 'u, Slice<'a>>;

/// Which names to read; the rest of an object is skipped.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Typedefs and tags.
    pub types: BTreeSet<String>,
    /// Enumerators of enums that have no name. Those of RPC functions and events are always wanted.
    pub values: BTreeSet<String>,
    /// Macros.
    pub defines: BTreeSet<String>,
}

impl Wanted {
    fn value(&self, name: &str) -> bool {
        name.starts_with(FUNCTION) || name.starts_with(EVENT) || self.values.contains(name)
    }
}

/// A section with its relocations done: in an object that is not linked yet, every string and abbreviation is one.
fn section(file: &object::File<'_>, name: &str) -> Result<Vec<u8>> {
    let Some(section) = file.section_by_name(name) else {
        return Ok(Vec::new());
    };
    let mut data = section.data()?.to_vec();
    // Nothing that is read here leads to the other sections' relocations.
    if name != ".debug_info" || file.kind() != object::ObjectKind::Relocatable {
        return Ok(data);
    }
    for (offset, relocation) in section.relocations() {
        let base = match relocation.target() {
            RelocationTarget::Symbol(index) => file.symbol_by_index(index)?.address(),
            _ => 0,
        };
        // CAST: offsets and addends wrap as the linker's do.
        let value = base.wrapping_add(relocation.addend() as u64).to_le_bytes();
        let at = usize::try_from(offset)?;
        let bytes = usize::from(relocation.size() / 8);
        let place = data.get_mut(at..at + bytes);
        place
            .with_context(|| format!("a relocation of {name} at {offset:#x} lies outside it"))?
            .copy_from_slice(&value[..bytes]);
    }
    Ok(data)
}

/// Reads an object; all its types when nothing is named.
///
/// # Errors
///
/// It is no object, or its debug information is missing or cannot be followed.
pub fn read(path: &Path, wanted: Option<&Wanted>, model: &mut Model) -> Result<()> {
    let bytes = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
    let file = object::File::parse(&*bytes).with_context(|| format!("{}", path.display()))?;
    let mut sections: HashMap<&str, Vec<u8>> = HashMap::new();
    gimli::Dwarf::load(|id| {
        sections.insert(id.name(), section(&file, id.name())?);
        Ok::<_, anyhow::Error>(())
    })?;
    ensure!(
        !sections[".debug_info"].is_empty(),
        "{} has no debug information",
        path.display()
    );
    let dwarf = gimli::Dwarf::load(|id| {
        let data = sections.get(id.name()).map_or(&[][..], Vec::as_slice);
        Ok::<_, gimli::Error>(EndianSlice::new(data, LittleEndian))
    })?;
    let mut reader = Reader {
        dwarf: &dwarf,
        wanted,
        seen: HashSet::new(),
        sizes: HashMap::new(),
        model,
    };
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        let unit = dwarf.unit(header)?;
        reader.unit(&unit)?;
    }
    model.tidy();
    Ok(())
}

struct Reader<'a, 'm> {
    dwarf: &'a gimli::Dwarf<Slice<'a>>,
    wanted: Option<&'m Wanted>,
    /// First enumerators of the enums without a name that were looked at.
    seen: HashSet<String>,
    /// Sizes of the wanted tags.
    sizes: HashMap<String, u64>,
    model: &'m mut Model,
}

fn number(value: Value<Slice<'_>>) -> Option<i64> {
    let unsigned = value.udata_value().and_then(|v| i64::try_from(v).ok());
    unsigned.or_else(|| value.sdata_value())
}

impl<'a> Reader<'a, '_> {
    fn string(&self, unit: &Unit<'a>, value: Value<Slice<'a>>) -> Result<String> {
        let text = self.dwarf.attr_string(unit, value)?;
        Ok(text.to_string_lossy().into_owned())
    }

    fn name(&self, unit: &Unit<'a>, entry: &Entry<'a, '_>) -> Result<String> {
        match entry.attr_value(gimli::DW_AT_name)? {
            Some(value) => self.string(unit, value),
            None => Ok(String::new()),
        }
    }

    fn unit(&mut self, unit: &Unit<'a>) -> Result<()> {
        let mut wanted: Vec<(UnitOffset, DwTag, String)> = Vec::new();
        let mut raw = unit.entries_raw(None)?;
        while !raw.is_empty() {
            let offset = raw.next_offset();
            let depth = raw.next_depth();
            let Some(abbreviation) = raw.read_abbreviation()? else {
                continue;
            };
            let tag = abbreviation.tag();
            let interesting = depth == 1
                && matches!(
                    tag,
                    gimli::DW_TAG_typedef
                        | gimli::DW_TAG_structure_type
                        | gimli::DW_TAG_union_type
                        | gimli::DW_TAG_enumeration_type
                );
            if !interesting {
                raw.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let (mut name, mut complete) = (String::new(), true);
            for spec in abbreviation.attributes() {
                let attribute = raw.read_attribute(*spec)?;
                match attribute.name() {
                    gimli::DW_AT_name => name = self.string(unit, attribute.value())?,
                    gimli::DW_AT_declaration => complete = false,
                    _ => {}
                }
            }
            let take = if name.is_empty() {
                tag == gimli::DW_TAG_enumeration_type
            } else {
                complete && self.wanted.is_none_or(|w| w.types.contains(&name))
            };
            if take {
                wanted.push((offset, tag, name));
            }
        }
        let mut loose = Vec::new();
        for (offset, tag, name) in wanted {
            match tag {
                gimli::DW_TAG_enumeration_type if name.is_empty() => loose.push(offset),
                gimli::DW_TAG_typedef if !self.model.typedefs.contains_key(&name) => {
                    if self.complete(unit, offset)? {
                        self.ty(unit, offset)?;
                    }
                }
                gimli::DW_TAG_typedef => {}
                _ => {
                    self.ty(unit, offset)?;
                    self.same_size(unit, offset, name)?;
                }
            }
        }
        loose
            .into_iter()
            .try_for_each(|offset| self.loose(unit, offset))
    }

    /// An enum without a tag; each once.
    fn loose(&mut self, unit: &Unit<'a>, offset: UnitOffset) -> Result<()> {
        let e = self.enumeration(unit, offset)?;
        let Some((first, _)) = e.values.first() else {
            return Ok(());
        };
        if !self.seen.insert(first.clone()) {
            return Ok(());
        }
        let want = self
            .wanted
            .is_none_or(|w| e.values.iter().any(|(name, _)| w.value(name)));
        if want {
            self.model.loose.push(e);
        }
        Ok(())
    }

    /// Whether a typedef leads to something that this unit defines.
    fn complete(&self, unit: &Unit<'a>, mut offset: UnitOffset) -> Result<bool> {
        loop {
            let entry = unit.entry(offset)?;
            if entry.attr_value(gimli::DW_AT_declaration)?.is_some() {
                return Ok(false);
            }
            if entry.tag() != gimli::DW_TAG_typedef {
                return Ok(true);
            }
            match entry.attr_value(gimli::DW_AT_type)? {
                Some(Value::UnitRef(next)) => offset = next,
                _ => return Ok(true),
            }
        }
    }

    /// Units may disagree about a tag; that is noted by size.
    fn same_size(&mut self, unit: &Unit<'a>, offset: UnitOffset, name: String) -> Result<()> {
        let entry = unit.entry(offset)?;
        let size = entry.attr_value(gimli::DW_AT_byte_size)?;
        let size = size.and_then(|v| v.udata_value()).unwrap_or(0);
        if *self.sizes.entry(name.clone()).or_insert(size) != size {
            self.model.conflicts.insert(name);
        }
        Ok(())
    }

    fn alignment(&self, entry: &Entry<'a, '_>) -> Result<Option<u64>> {
        let value = entry.attr_value(gimli::DW_AT_alignment)?;
        Ok(value.and_then(|v| v.udata_value()))
    }

    fn target(&mut self, unit: &Unit<'a>, entry: &Entry<'a, '_>) -> Result<Type> {
        match entry.attr_value(gimli::DW_AT_type)? {
            Some(Value::UnitRef(offset)) => self.ty(unit, offset),
            Some(other) => bail!("a type by reference {other:?} is not understood"),
            None => Ok(Type::Void),
        }
    }

    fn ty(&mut self, unit: &Unit<'a>, offset: UnitOffset) -> Result<Type> {
        let entry = unit.entry(offset)?;
        let name = self.name(unit, &entry)?;
        let size = entry.attr_value(gimli::DW_AT_byte_size)?;
        let size = size.and_then(|v| v.udata_value());
        if name == OPAQUE {
            let fields = Vec::new();
            let empty = Record {
                union: true,
                size: 0,
                align: None,
                fields,
            };
            let ty = Type::Inline(Box::new(empty));
            self.model
                .typedefs
                .insert(name.clone(), Typedef { ty, align: None });
            return Ok(Type::Typedef(name));
        }
        Ok(match entry.tag() {
            gimli::DW_TAG_base_type => Type::Base {
                name,
                size: size.unwrap_or(0),
            },
            gimli::DW_TAG_const_type
            | gimli::DW_TAG_volatile_type
            | gimli::DW_TAG_restrict_type
            | gimli::DW_TAG_atomic_type => self.target(unit, &entry)?,
            gimli::DW_TAG_pointer_type | gimli::DW_TAG_subroutine_type => Type::Pointer,
            gimli::DW_TAG_typedef => {
                if !self.model.typedefs.contains_key(&name) {
                    let ty = self.target(unit, &entry)?;
                    let typedef = Typedef {
                        ty,
                        align: self.alignment(&entry)?,
                    };
                    self.model.typedefs.insert(name.clone(), typedef);
                }
                Type::Typedef(name)
            }
            gimli::DW_TAG_structure_type | gimli::DW_TAG_union_type => {
                if name.is_empty() {
                    return Ok(Type::Inline(Box::new(self.record(unit, offset)?)));
                }
                if !self.model.records.contains_key(&name) {
                    let record = self.record(unit, offset)?;
                    self.model.records.insert(name.clone(), record);
                }
                Type::Record(name)
            }
            gimli::DW_TAG_enumeration_type => {
                let e = self.enumeration(unit, offset)?;
                if name.is_empty() {
                    return Ok(Type::InlineEnum(Box::new(e)));
                }
                self.model.enums.entry(name.clone()).or_insert(e);
                Type::Enum(name)
            }
            gimli::DW_TAG_array_type => self.array(unit, &entry, offset)?,
            other => bail!("a type of kind {other} is not understood"),
        })
    }

    fn array(&mut self, unit: &Unit<'a>, entry: &Entry<'a, '_>, at: UnitOffset) -> Result<Type> {
        let of = self.target(unit, entry)?;
        let mut counts = Vec::new();
        let mut tree = unit.entries_tree(Some(at))?;
        let mut children = tree.root()?.children();
        while let Some(child) = children.next()? {
            let bound = child.entry();
            if bound.tag() != gimli::DW_TAG_subrange_type {
                continue;
            }
            let upper = bound.attr_value(gimli::DW_AT_upper_bound)?.and_then(number);
            let count = bound.attr_value(gimli::DW_AT_count)?.and_then(number);
            // An upper bound of -1 is an array of no elements.
            let count = count.or(upper.map(|last| last + 1));
            counts.push(count.and_then(|n| u64::try_from(n).ok()));
        }
        Ok(Type::Array {
            of: Box::new(of),
            counts,
        })
    }

    fn enumeration(&self, unit: &Unit<'a>, offset: UnitOffset) -> Result<Enum> {
        let mut tree = unit.entries_tree(Some(offset))?;
        let root = tree.root()?;
        let size = root.entry().attr_value(gimli::DW_AT_byte_size)?;
        let mut e = Enum {
            size: size.and_then(|v| v.udata_value()).unwrap_or(4),
            values: Vec::new(),
        };
        let mut children = root.children();
        while let Some(child) = children.next()? {
            let entry = child.entry();
            if let Some(value) = entry.attr_value(gimli::DW_AT_const_value)? {
                let name = self.name(unit, entry)?;
                let value = number(value).with_context(|| format!("the value of {name}"))?;
                e.values.push((name, value));
            }
        }
        Ok(e)
    }

    fn record(&mut self, unit: &Unit<'a>, offset: UnitOffset) -> Result<Record> {
        let mut tree = unit.entries_tree(Some(offset))?;
        let root = tree.root()?;
        let entry = root.entry();
        let size = entry.attr_value(gimli::DW_AT_byte_size)?;
        let mut record = Record {
            union: entry.tag() == gimli::DW_TAG_union_type,
            size: size.and_then(|v| v.udata_value()).unwrap_or(0),
            align: self.alignment(entry)?,
            fields: Vec::new(),
        };
        let mut children = root.children();
        while let Some(child) = children.next()? {
            let member = child.entry();
            if member.tag() != gimli::DW_TAG_member {
                continue;
            }
            let get = |at| -> Result<Option<u64>> {
                Ok(member.attr_value(at)?.and_then(|v| v.udata_value()))
            };
            let ty = self.target(unit, member)?;
            let width = get(gimli::DW_AT_bit_size)?;
            let first = get(gimli::DW_AT_data_bit_offset)?;
            let bits = width.map(|width| (first.unwrap_or(0), width));
            let start = get(gimli::DW_AT_data_member_location)?;
            record.fields.push(Field {
                name: self.name(unit, member)?,
                offset: start.unwrap_or_else(|| bits.map_or(0, |(first, _)| first / 8)),
                ty,
                align: self.alignment(member)?,
                bits,
            });
        }
        Ok(record)
    }
}
