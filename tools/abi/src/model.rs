// SPDX-License-Identifier: GPL-2.0

//! What a firmware version's ABI is made of: types with their layout, enumerators, constants.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{bail, Context, Result};
use serde::{Deserialize, Serialize};

/// RPC functions are the enumerators with this prefix.
pub const FUNCTION: &str = "NV_VGPU_MSG_FUNCTION_";
/// RPC events are the enumerators with this prefix.
pub const EVENT: &str = "NV_VGPU_MSG_EVENT_";
/// Stands in a message for "any payload"; in the open driver a union of every payload there is, in the kernel an empty one.
/// What it holds is no part of the layout, so it is an empty one here too.
pub const OPAQUE: &str = "rpc_generic_union";

/// A type, by name where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// No type: what a pointer points at, or a function returns.
    Void,
    /// A type of the language.
    Base {
        /// As C spells it.
        name: String,
        /// In bytes.
        size: u64,
    },
    /// A typedef of the model.
    Typedef(String),
    /// A struct or union of the model, by its tag.
    Record(String),
    /// An enum of the model, by its tag.
    Enum(String),
    /// A struct or union without a tag.
    Inline(Box<Record>),
    /// An enum without a tag.
    InlineEnum(Box<Enum>),
    /// Whatever it points at: that never crosses to the firmware.
    Pointer,
    /// An array; `None` is the unknown length of a flexible one.
    Array {
        /// Element.
        of: Box<Type>,
        /// Lengths, outermost first.
        counts: Vec<Option<u64>>,
    },
}

/// A typedef.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typedef {
    /// What it names.
    pub ty: Type,
    /// An alignment of its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub align: Option<u64>,
}

/// A struct or union.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// A union rather than a struct.
    pub union: bool,
    /// In bytes.
    pub size: u64,
    /// What the declaration asks for beyond what its fields need.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub align: Option<u64>,
    /// In order.
    pub fields: Vec<Field>,
}

/// A field of a struct or union.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Empty for an anonymous struct or union.
    pub name: String,
    /// In bytes.
    pub offset: u64,
    /// Its type.
    pub ty: Type,
    /// What the declaration asks for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub align: Option<u64>,
    /// First bit (from the beginning of the struct) and width of a bit field.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bits: Option<(u64, u64)>,
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enum {
    /// In bytes.
    pub size: u64,
    /// In order.
    pub values: Vec<(String, i64)>,
}

/// A constant that the preprocessor knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Constant {
    /// A number.
    Number(u64),
    /// A range of bits, `high:low`.
    Bits {
        /// Highest bit.
        high: u64,
        /// Lowest bit.
        low: u64,
    },
}

impl std::fmt::Display for Constant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n:#x}"),
            Self::Bits { high, low } => write!(f, "{high}:{low}"),
        }
    }
}

/// What a model was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The kernel's extract of a version's headers: only what nouveau uses of it and an older extract does not have.
    Kernel,
    /// All headers of the open driver.
    Open,
    /// An object's debug information: no macros.
    Object,
}

/// An ABI version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    /// Firmware version, or a path.
    pub version: String,
    /// What it was read from.
    pub kind: Kind,
    /// By name.
    pub typedefs: BTreeMap<String, Typedef>,
    /// By tag.
    pub records: BTreeMap<String, Record>,
    /// By tag.
    pub enums: BTreeMap<String, Enum>,
    /// Enums that have neither tag nor typedef.
    pub loose: Vec<Enum>,
    /// Macros whose value is a number or a range of bits.
    pub defines: BTreeMap<String, Constant>,
    /// Names that several units define differently; the first is in the model.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub conflicts: BTreeSet<String>,
}

/// A field with its path through structs and unions that have no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flat {
    /// Such as `profilerArgs.pa`.
    pub path: String,
    /// From the beginning of the outermost struct.
    pub offset: u64,
    /// In bytes.
    pub size: u64,
    /// As it is compared and shown.
    pub ty: String,
    /// First bit and width of a bit field.
    pub bits: Option<(u64, u64)>,
}

impl Model {
    /// An empty one.
    #[must_use]
    pub fn new(version: &str, kind: Kind) -> Self {
        Self {
            version: version.into(),
            kind,
            typedefs: BTreeMap::new(),
            records: BTreeMap::new(),
            enums: BTreeMap::new(),
            loose: Vec::new(),
            defines: BTreeMap::new(),
            conflicts: BTreeSet::new(),
        }
    }

    /// A type behind all its typedefs.
    pub fn resolve<'a>(&'a self, mut ty: &'a Type) -> &'a Type {
        while let Type::Typedef(name) = ty {
            match self.typedefs.get(name) {
                Some(typedef) => ty = &typedef.ty,
                None => break,
            }
        }
        ty
    }

    fn record_of<'a>(&'a self, ty: &'a Type) -> Option<&'a Record> {
        match self.resolve(ty) {
            Type::Inline(record) => Some(record),
            Type::Record(tag) => self.records.get(tag),
            _ => None,
        }
    }

    fn enum_of<'a>(&'a self, ty: &'a Type) -> Option<&'a Enum> {
        match self.resolve(ty) {
            Type::InlineEnum(e) => Some(e),
            Type::Enum(tag) => self.enums.get(tag),
            _ => None,
        }
    }

    /// A struct or union by typedef name or tag.
    #[must_use]
    pub fn record(&self, name: &str) -> Option<&Record> {
        match self.typedefs.get(name) {
            Some(typedef) => self.record_of(&typedef.ty),
            None => self.records.get(name),
        }
    }

    /// An enum by typedef name or tag.
    #[must_use]
    pub fn enumeration(&self, name: &str) -> Option<&Enum> {
        match self.typedefs.get(name) {
            Some(typedef) => self.enum_of(&typedef.ty),
            None => self.enums.get(name),
        }
    }

    /// Names of the structs and unions, each once: by its typedef, or by its tag if that is all it has.
    #[must_use]
    pub fn record_names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for (name, typedef) in &self.typedefs {
            match &typedef.ty {
                Type::Record(tag) if self.records.contains_key(tag) => {
                    named.insert(tag);
                    names.insert(name.clone());
                }
                Type::Inline(_) => {
                    names.insert(name.clone());
                }
                _ => {}
            }
        }
        let bare = |tag: &&String| !named.contains(tag.as_str());
        names.extend(self.records.keys().filter(bare).cloned());
        names.remove(OPAQUE);
        names
    }

    /// Names of the enums, each once: by its typedef, or by its tag if that is all it has.
    #[must_use]
    pub fn enum_names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for (name, typedef) in &self.typedefs {
            match &typedef.ty {
                Type::Enum(tag) => {
                    named.insert(tag);
                    names.insert(name.clone());
                }
                Type::InlineEnum(_) => {
                    names.insert(name.clone());
                }
                _ => {}
            }
        }
        let bare = |tag: &&String| !named.contains(tag.as_str());
        names.extend(self.enums.keys().filter(bare).cloned());
        names
    }

    /// Every enumerator there is.
    #[must_use]
    pub fn enumerators(&self) -> BTreeMap<&str, i64> {
        let inline = self.typedefs.values().filter_map(|t| match &t.ty {
            Type::InlineEnum(e) => Some(&**e),
            _ => None,
        });
        inline
            .chain(self.enums.values())
            .chain(&self.loose)
            .flat_map(|e| e.values.iter().map(|(n, v)| (n.as_str(), *v)))
            .collect()
    }

    /// Drops nameless enums of which there is one with a name: where one unit knows an enum only by its enumerators,
    /// another may know its name.
    pub fn tidy(&mut self) {
        let loose = std::mem::take(&mut self.loose);
        let named: BTreeSet<String> = self.enumerators().keys().map(|n| (*n).to_owned()).collect();
        let unnamed = |e: &Enum| e.values.iter().all(|(name, _)| !named.contains(name));
        self.loose = loose.into_iter().filter(unnamed).collect();
    }

    /// In bytes; 0 for a flexible array.
    pub fn size_of(&self, ty: &Type) -> u64 {
        match self.resolve(ty) {
            Type::Void | Type::Typedef(_) => 0,
            Type::Base { size, .. } => *size,
            Type::Pointer => 8,
            Type::Array { of, counts } => {
                let count: u64 = counts.iter().map(|c| c.unwrap_or(0)).product();
                self.size_of(of) * count
            }
            Type::Enum(_) | Type::InlineEnum(_) => self.enum_of(ty).map_or(4, |e| e.size),
            Type::Record(_) | Type::Inline(_) => self.record_of(ty).map_or(0, |r| r.size),
        }
    }

    /// What a type asks for by itself or by the typedefs it is reached through.
    pub fn align_of(&self, ty: &Type) -> u64 {
        match ty {
            Type::Typedef(name) => match self.typedefs.get(name) {
                Some(typedef) => typedef.align.unwrap_or_else(|| self.align_of(&typedef.ty)),
                None => 1,
            },
            Type::Void => 1,
            Type::Array { of, .. } => self.align_of(of),
            Type::Record(_) | Type::Inline(_) => {
                self.record_of(ty).map_or(1, |r| self.record_align(r))
            }
            _ => self.size_of(ty),
        }
    }

    /// Whether fields lie closer than their types would have them.
    pub fn packed(&self, record: &Record) -> bool {
        let natural = |f: &Field| f.align.unwrap_or_else(|| self.align_of(&f.ty)).max(1);
        record
            .fields
            .iter()
            .filter(|f| f.bits.is_none())
            .any(|f| f.offset % natural(f) != 0 || record.size % natural(f) != 0)
    }

    /// Of a struct or union.
    pub fn record_align(&self, record: &Record) -> u64 {
        let packed = self.packed(record);
        let fields = record.fields.iter().map(|f| match f.align {
            Some(align) => align,
            None if packed => 1,
            None => self.align_of(&f.ty),
        });
        fields.chain(record.align).max().unwrap_or(1)
    }

    /// A type as it is compared and shown: typedefs of scalars are looked through, those of structs are not.
    pub fn describe(&self, ty: &Type) -> String {
        match ty {
            Type::Void => "void".into(),
            Type::Base { name, .. } => name.clone(),
            Type::Pointer => "pointer".into(),
            Type::Record(name) | Type::Enum(name) => {
                // A tag that a typedef names is the same type.
                let named = |t: &(&String, &Typedef)| &t.1.ty == ty;
                let typedef = self.typedefs.iter().find(named);
                typedef.map_or_else(|| name.clone(), |(n, _)| n.clone())
            }
            Type::Inline(record) => if record.union { "union" } else { "struct" }.into(),
            Type::InlineEnum(_) => "enum".into(),
            Type::Array { of, counts } => {
                let mut text = self.describe(of);
                for count in counts {
                    text += &count.map_or_else(|| "[]".into(), |n| format!("[{n}]"));
                }
                text
            }
            Type::Typedef(name) => match self.typedefs.get(name).map(|t| &t.ty) {
                Some(Type::Inline(_) | Type::InlineEnum(_)) | None => name.clone(),
                Some(other) => self.describe(other),
            },
        }
    }

    /// Fields with those of structs and unions without a name in their place.
    #[must_use]
    pub fn flatten(&self, record: &Record) -> Vec<Flat> {
        let mut out = Vec::new();
        self.flatten_into(record, "", 0, &mut out);
        out
    }

    fn flatten_into(&self, record: &Record, prefix: &str, base: u64, out: &mut Vec<Flat>) {
        for field in &record.fields {
            let path = format!("{prefix}{}", field.name);
            let offset = base + field.offset;
            match &field.ty {
                Type::Inline(inner) => {
                    let prefix = if field.name.is_empty() {
                        prefix.to_owned()
                    } else {
                        path + "."
                    };
                    self.flatten_into(inner, &prefix, offset, out);
                }
                ty => out.push(Flat {
                    path,
                    offset,
                    size: self.size_of(ty),
                    ty: self.describe(ty),
                    bits: field.bits.map(|(first, width)| (first + 8 * base, width)),
                }),
            }
        }
    }

    /// The model without what `wanted` types do not need; a wanted name that is not there is an error only for typos.
    ///
    /// # Errors
    ///
    /// A type needs another that the model does not have.
    pub fn closure(&self, roots: &BTreeSet<String>) -> Result<Vec<Item>> {
        let mut order = Order {
            model: self,
            done: BTreeSet::new(),
            out: Vec::new(),
        };
        for name in roots {
            if self.typedefs.contains_key(name) {
                order.typedef(name)?;
            } else if self.records.contains_key(name) {
                order.record(name)?;
            } else if self.enums.contains_key(name) {
                order.enumeration(name)?;
            }
        }
        Ok(order.out)
    }
}

/// A declaration, in an order that C accepts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// A typedef.
    Typedef(String),
    /// A struct or union with a tag.
    Record(String),
    /// An enum with a tag.
    Enum(String),
}

struct Order<'a> {
    model: &'a Model,
    done: BTreeSet<Item>,
    out: Vec<Item>,
}

impl Order<'_> {
    fn begin(&mut self, item: Item) -> Option<Item> {
        self.done.insert(item.clone()).then_some(item)
    }

    fn typedef(&mut self, name: &str) -> Result<()> {
        if let Some(item) = self.begin(Item::Typedef(name.into())) {
            let model = self.model;
            let typedef = model.typedefs.get(name);
            self.need(
                &typedef
                    .with_context(|| format!("there is no typedef {name}"))?
                    .ty,
            )?;
            self.out.push(item);
        }
        Ok(())
    }

    fn record(&mut self, tag: &str) -> Result<()> {
        if let Some(item) = self.begin(Item::Record(tag.into())) {
            let model = self.model;
            let record = model.records.get(tag);
            self.fields(record.with_context(|| format!("there is no struct {tag}"))?)?;
            self.out.push(item);
        }
        Ok(())
    }

    fn enumeration(&mut self, tag: &str) -> Result<()> {
        if !self.model.enums.contains_key(tag) {
            bail!("there is no enum {tag}");
        }
        if let Some(item) = self.begin(Item::Enum(tag.into())) {
            self.out.push(item);
        }
        Ok(())
    }

    fn fields(&mut self, record: &Record) -> Result<()> {
        record
            .fields
            .iter()
            .try_for_each(|field| self.need(&field.ty))
    }

    fn need(&mut self, ty: &Type) -> Result<()> {
        match ty {
            Type::Typedef(name) => self.typedef(name),
            Type::Record(tag) => self.record(tag),
            Type::Enum(tag) => self.enumeration(tag),
            Type::Inline(record) => self.fields(record),
            Type::Array { of, .. } => self.need(of),
            Type::Void | Type::Base { .. } | Type::InlineEnum(_) | Type::Pointer => Ok(()),
        }
    }
}
