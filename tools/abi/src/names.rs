// SPDX-License-Identifier: GPL-2.0

//! A version's names and layouts for programs that decode its messages (nvkm-trace): its own headers', and behind them what
//! it takes from an older version's, as nouveau does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{ensure, Context, Result};
use nvkm_trace::names::{Constant, Member, Names, Record, Ty, SCHEMA};
use regex::Regex;

use crate::kernel::Tree;
use crate::model::{self, Model, Type};
use crate::probe::Probe;
use crate::source::{order, LAYER};

/// Structs of messages that the kernel declares in a C file: file below nvkm/subdev/gsp/rm, struct.
const IN_C: [(&str, &str, &str); 1] =
    [("535.113.01", "r535/gsp.c", "rpc_ucode_libos_print_v1e_08")];
/// nouveau's own names of classes.
const CLASSES: &str = "nvif/class.h";

/// The names of a version out of a kernel's nouveau directory. `model` is the version's own, `older` the kernel's models of the
/// versions before it, newest first.
pub fn cascade(model: &Model, older: &[Model], classes: BTreeMap<String, u64>) -> Names {
    let mut names = Names {
        schema: SCHEMA,
        firmware: model.version.clone(),
        records: BTreeMap::new(),
        enums: BTreeMap::new(),
        values: BTreeMap::new(),
        ranges: BTreeMap::new(),
        classes,
    };
    for (n, model) in std::iter::once(model).chain(older).enumerate() {
        inherit(&mut names, &Flat::of(model));
        let numbers = model.defines.iter().filter_map(|(name, c)| match c {
            model::Constant::Number(n) => Some((name.clone(), *n)),
            model::Constant::Bits { .. } => None,
        });
        // CAST: an enumerator below 0 is compared as the bytes of a message are.
        let enumerators = model.enumerators();
        let enumerators = enumerators
            .iter()
            .map(|(name, n)| ((*name).to_owned(), *n as u64));
        for (name, value) in numbers.chain(enumerators) {
            names.values.entry(name).or_insert(Constant(value, n == 0));
        }
        for (name, constant) in &model.defines {
            if let model::Constant::Bits { high, low } = constant {
                names.ranges.entry(name.clone()).or_insert((*high, *low));
            }
        }
    }
    names
}

/// A model's structs and enums, each type by one name.
struct Flat<'a> {
    model: &'a Model,
    records: BTreeMap<String, Record>,
    enums: BTreeMap<String, Vec<(String, i64)>>,
}

impl<'a> Flat<'a> {
    fn of(model: &'a Model) -> Self {
        let mut flat = Self {
            model,
            records: BTreeMap::new(),
            enums: BTreeMap::new(),
        };
        for name in model.record_names() {
            if let Some(record) = model.record(&name) {
                flat.record(&name, record);
            }
        }
        for name in model.enum_names() {
            if let Some(e) = model.enumeration(&name) {
                flat.enums.insert(name, e.values.clone());
            }
        }
        flat
    }

    fn record(&mut self, name: &str, record: &model::Record) {
        let fields = record.fields.iter().enumerate().map(|(n, field)| {
            let mut counts = Vec::new();
            let inner = if field.name.is_empty() {
                n.to_string()
            } else {
                field.name.clone()
            };
            let ty = self.ty(&field.ty, &mut counts, &format!("{name}.{inner}"));
            Member {
                name: field.name.clone(),
                offset: field.offset,
                ty,
                counts,
                bits: field.bits,
            }
        });
        let fields = fields.collect();
        let record = Record {
            size: record.size,
            union: record.union,
            from: self.model.version.clone(),
            fields,
        };
        self.records.insert(name.to_owned(), record);
    }

    /// A type's name, and the lengths of the arrays around it. `inner` is what a struct without a name is called.
    fn ty(&mut self, ty: &Type, counts: &mut Vec<u64>, inner: &str) -> Ty {
        let model = self.model;
        match ty {
            Type::Void => Ty::Number("void".into(), 0),
            Type::Base { name, size } => Ty::Number(name.clone(), *size),
            Type::Pointer => Ty::Number("pointer".into(), 8),
            Type::Array {
                of,
                counts: lengths,
            } => {
                counts.extend(lengths.iter().map(|n| n.unwrap_or(0)));
                self.ty(of, counts, inner)
            }
            Type::Inline(record) => {
                self.record(inner, record);
                Ty::Record(inner.to_owned())
            }
            Type::InlineEnum(e) => {
                self.enums.insert(inner.to_owned(), e.values.clone());
                Ty::Enum(inner.to_owned(), e.size)
            }
            Type::Record(_) => Ty::Record(model.describe(ty)),
            Type::Enum(tag) => Ty::Enum(
                model.describe(ty),
                model.enums.get(tag).map_or(4, |e| e.size),
            ),
            Type::Typedef(name) => match model.typedefs.get(name).map(|t| &t.ty) {
                // What has no other name.
                Some(Type::Inline(_)) => Ty::Record(name.clone()),
                Some(Type::InlineEnum(e)) => Ty::Enum(name.clone(), e.size),
                // NVIDIA's names of plain types say more than C's.
                Some(Type::Base { size, .. }) => Ty::Number(name.clone(), *size),
                Some(Type::Pointer) => Ty::Number(name.clone(), 8),
                Some(of @ Type::Typedef(_)) => match self.ty(of, counts, inner) {
                    Ty::Number(_, size) => Ty::Number(name.clone(), size),
                    other => other,
                },
                Some(of) => self.ty(of, counts, inner),
                None => Ty::Number(name.clone(), 0),
            },
        }
    }

    /// Whether a type means the same there: structs all the way down.
    fn same(&self, name: &str, names: &Names, depth: u32) -> bool {
        let (Some(a), Some(b)) = (self.records.get(name), names.records.get(name)) else {
            return false;
        };
        let alike = |(a, b): (&Member, &Member)| {
            let nested = match &a.ty {
                Ty::Record(inner) => depth < 16 && self.same(inner, names, depth + 1),
                Ty::Enum(inner, _) => self.enums.get(inner) == names.enums.get(inner),
                Ty::Number(..) => true,
            };
            a == b && nested
        };
        a.size == b.size
            && a.fields.len() == b.fields.len()
            && a.fields.iter().zip(&b.fields).all(alike)
    }
}

/// Adds what an older version has and the names have not. Where a struct that is taken over is made of one that has changed
/// since, that one comes along under a name of its own.
fn inherit(names: &mut Names, flat: &Flat<'_>) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut queue: Vec<(String, String)> = Vec::new();
    for name in flat
        .records
        .keys()
        .filter(|n| !names.records.contains_key(*n))
    {
        queue.push((name.clone(), name.clone()));
    }
    let version = &flat.model.version;
    let mut more = BTreeMap::new();
    let mut enums = BTreeMap::new();
    while let Some((name, key)) = queue.pop() {
        if !taken.insert(key.clone()) {
            continue;
        }
        let Some(record) = flat.records.get(&name) else {
            continue;
        };
        let mut record = record.clone();
        for field in &mut record.fields {
            match &mut field.ty {
                Ty::Record(inner)
                    if names.records.contains_key(inner) && !flat.same(inner, names, 0) =>
                {
                    let old = format!("{inner}@{version}");
                    queue.push((inner.clone(), old.clone()));
                    *inner = old;
                }
                Ty::Enum(inner, _)
                    if names
                        .enums
                        .get(inner)
                        .is_some_and(|e| Some(e) != flat.enums.get(inner)) =>
                {
                    let old = format!("{inner}@{version}");
                    enums.extend(flat.enums.get(inner).map(|e| (old.clone(), e.clone())));
                    *inner = old;
                }
                _ => {}
            }
        }
        more.insert(key, record);
    }
    names.records.extend(more);
    names.enums.extend(enums);
    for (name, values) in &flat.enums {
        names
            .enums
            .entry(name.clone())
            .or_insert_with(|| values.clone());
    }
}

/// What the kernel's nouveau has of the versions that it supports, newest first, with the structs of its C files.
///
/// # Errors
///
/// It is no nouveau directory, or its headers do not compile.
pub fn kernel(nouveau: &Path) -> Result<Vec<Model>> {
    let rm = nouveau.join("nvkm/subdev/gsp/rm");
    let mut models = Vec::new();
    for version in LAYER.iter().rev() {
        let major = version.split('.').next().unwrap_or(version);
        let dir = rm.join(format!("r{major}/nvrm"));
        let tree =
            Tree::find(&dir).with_context(|| format!("{} holds no nvrm headers", dir.display()))?;
        let mut model = tree.model(version)?;
        for (_, file, name) in IN_C.iter().filter(|(of, ..)| of == version) {
            in_c(&rm.join(file), name, &mut model)?;
        }
        models.push(model);
    }
    models.sort_by_key(|m| std::cmp::Reverse(order(&m.version)));
    Ok(models)
}

/// Adds a struct that a C file declares.
fn in_c(path: &Path, name: &str, model: &mut Model) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    let pattern = Regex::new(&format!(r"(?s)struct {name} \{{[^{{}}]*\}};"))?;
    // A kernel without it has no such message.
    let Some(found) = pattern.find(&text) else {
        return Ok(());
    };
    let mut probe = Probe::new(Path::new("."), Vec::new())?;
    probe.text = format!(
        "typedef unsigned char u8;\ntypedef unsigned short u16;\ntypedef unsigned int u32;\n\
         typedef unsigned long long u64;\n{}\n",
        found.as_str()
    );
    let mut local = Model::new(&model.version, model.kind);
    probe
        .types(None, &mut local)
        .with_context(|| format!("{name} of {}", path.display()))?;
    let record = local
        .records
        .remove(name)
        .with_context(|| format!("{name} of {}", path.display()))?;
    model.records.insert(name.to_owned(), record);
    for (name, typedef) in local.typedefs {
        model.typedefs.entry(name).or_insert(typedef);
    }
    Ok(())
}

/// nouveau's names of classes.
///
/// # Errors
///
/// The header is missing, or does not compile.
pub fn classes(nouveau: &Path) -> Result<BTreeMap<String, u64>> {
    let include = nouveau.join("include").canonicalize()?;
    let path = include.join(CLASSES);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let pattern = Regex::new(r"(?m)^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]")?;
    let macros: BTreeSet<String> = pattern
        .captures_iter(&text)
        .map(|c| c[1].to_owned())
        .collect();
    let mut probe = Probe::new(&include, vec!["-I".into(), include.display().to_string()])?;
    probe.text = format!("#include \"{}\"\n", path.display());
    let constants = probe.constants(&macros)?;
    let numbers = constants.into_iter().filter_map(|(name, c)| match c {
        model::Constant::Number(n) => Some((name, n)),
        model::Constant::Bits { .. } => None,
    });
    let out: BTreeMap<String, u64> = numbers.collect();
    ensure!(!out.is_empty(), "{} names no classes", path.display());
    Ok(out)
}
