// SPDX-License-Identifier: GPL-2.0

//! Prints a model as one C header, and proves that a compiler and bindgen read the same layout out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{bail, ensure, Context, Result};
use regex::Regex;

use crate::model::{Constant, Enum, Item, Kind, Model, Record, Type};
use crate::probe::Probe;

/// The header's text. `notes` are said of single defines.
///
/// # Errors
///
/// The model lacks a type that another one needs.
pub fn print(model: &Model, guard: &str, notes: &BTreeMap<String, String>) -> Result<String> {
    let mut out = String::new();
    // NVIDIA's headers are under that licence, and this says what they say.
    writeln!(out, "/* {}: MIT */", concat!("SPDX-", "License-Identifier"))?;
    writeln!(out, "/* NVIDIA's firmware ABI {}, generated from its debug information or headers: do not edit. */", model.version)?;
    writeln!(out, "#ifndef {guard}\n#define {guard}\n")?;
    for (name, constant) in &model.defines {
        let value = match constant {
            Constant::Number(n) => format!("{n:#x}ULL"),
            bits @ Constant::Bits { .. } => bits.to_string(),
        };
        let note = notes
            .get(name)
            .map(|n| format!(" /* {n} */"))
            .unwrap_or_default();
        writeln!(out, "#define {name} {value}{note}")?;
    }
    let printer = Printer { model };
    for e in &model.loose {
        writeln!(out, "\n{};", printer.enumeration("", e))?;
    }
    let roots: BTreeSet<String> = model
        .typedefs
        .keys()
        .chain(model.records.keys())
        .chain(model.enums.keys())
        .cloned()
        .collect();
    for item in model.closure(&roots)? {
        writeln!(out)?;
        match item {
            Item::Typedef(name) => {
                let typedef = &model.typedefs[&name];
                let align = attributes(false, typedef.align);
                let declaration = printer.declare(&typedef.ty, &name, 0)?;
                writeln!(out, "typedef {declaration}{align};")?;
            }
            Item::Record(tag) => {
                writeln!(out, "{};", printer.record(&tag, &model.records[&tag], 0)?)?;
            }
            Item::Enum(tag) => {
                writeln!(out, "{};", printer.enumeration(&tag, &model.enums[&tag]))?;
            }
        }
    }
    writeln!(out, "\n#endif")?;
    Ok(out)
}

fn attributes(packed: bool, align: Option<u64>) -> String {
    let packed = packed.then(|| "packed".to_owned());
    let align = align.map(|n| format!("aligned({n})"));
    let list: Vec<String> = packed.into_iter().chain(align).collect();
    if list.is_empty() {
        return String::new();
    }
    format!(" __attribute__(({}))", list.join(", "))
}

struct Printer<'a> {
    model: &'a Model,
}

impl Printer<'_> {
    fn declare(&self, ty: &Type, name: &str, depth: usize) -> Result<String> {
        let specifier = match ty {
            Type::Base { name, .. } => name.clone(),
            Type::Typedef(name) => name.clone(),
            Type::Record(tag) => match self.model.records.get(tag) {
                Some(record) => format!("{} {tag}", keyword(record)),
                None => bail!("there is no struct {tag}"),
            },
            Type::Enum(tag) => format!("enum {tag}"),
            Type::Inline(record) => self.record("", record, depth)?,
            Type::InlineEnum(e) => self.enumeration("", e),
            Type::Pointer => return Ok(format!("void *{name}")),
            Type::Void => bail!("{name} has no type"),
            Type::Array { of, counts } => {
                let mut declarator = name.to_owned();
                for count in counts {
                    declarator += &count.map_or_else(|| "[]".into(), |n| format!("[{n}]"));
                }
                return self.declare(of, &declarator, depth);
            }
        };
        Ok(if name.is_empty() {
            specifier
        } else {
            format!("{specifier} {name}")
        })
    }

    fn record(&self, tag: &str, record: &Record, depth: usize) -> Result<String> {
        let indent = "\t".repeat(depth + 1);
        let mut out = keyword(record).to_owned();
        if !tag.is_empty() {
            write!(out, " {tag}")?;
        }
        out += " {\n";
        for field in &record.fields {
            let declaration = self.declare(&field.ty, &field.name, depth + 1)?;
            let width = field
                .bits
                .map(|(_, width)| format!(" : {width}"))
                .unwrap_or_default();
            let align = attributes(false, field.align);
            writeln!(out, "{indent}{declaration}{width}{align};")?;
        }
        let packed = self.model.packed(record);
        write!(
            out,
            "{}}}{}",
            "\t".repeat(depth),
            attributes(packed, record.align)
        )?;
        Ok(out)
    }

    fn enumeration(&self, tag: &str, e: &Enum) -> String {
        let mut out = String::from(if tag.is_empty() { "enum" } else { "enum " });
        out += tag;
        out += " {\n";
        for (name, value) in &e.values {
            out += &format!("\t{name} = {value},\n");
        }
        out + "}"
    }
}

fn keyword(record: &Record) -> &'static str {
    if record.union {
        "union"
    } else {
        "struct"
    }
}

/// Reads a header made by [`print`] back and compares it with the model.
///
/// # Errors
///
/// It does not compile, or something in it is not as in the model.
pub fn verify(model: &Model, header: &Path) -> Result<()> {
    let mut back = Model::new(&model.version, Kind::Open);
    let mut probe = Probe::new(Path::new("."), Vec::new())?;
    let path = header.canonicalize()?;
    probe.text = format!("#include \"{}\"\n", path.display());
    probe.types(None, &mut back)?;
    let names: BTreeSet<String> = model.defines.keys().cloned().collect();
    back.defines = probe.constants(&names)?;
    for name in model.record_names() {
        let record = model.record(&name).context("a record by its own name")?;
        let Some(other) = back.record(&name) else {
            bail!("{name} is not in the header");
        };
        ensure!(
            record.size == other.size
                && model.record_align(record) == back.record_align(other)
                && model.flatten(record) == back.flatten(other),
            "{name} has another layout in the header: {} and {} bytes, alignment {} and {}",
            record.size,
            other.size,
            model.record_align(record),
            back.record_align(other)
        );
    }
    ensure!(
        model.enumerators() == back.enumerators(),
        "enumerators differ in the header"
    );
    for (name, value) in &model.defines {
        let other = back.defines.get(name);
        ensure!(
            other == Some(value),
            "{name} is {value} but in the header {other:?}"
        );
    }
    Ok(())
}

/// Lets bindgen read the header: sizes and offsets as in the model, and accepted by rustc. Returns how many were compared.
///
/// # Errors
///
/// bindgen or rustc cannot be run or refuse it, or something is not as in the model.
pub fn verify_bindgen(model: &Model, header: &Path) -> Result<usize> {
    let work = tempfile::tempdir()?;
    let rs = work.path().join("abi.rs");
    let run = |command: &mut Command, what: &str| -> Result<()> {
        let out = command
            .output()
            .with_context(|| format!("{what} cannot be run"))?;
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        ensure!(
            out.status.success(),
            "{what} refuses {}: {}",
            header.display(),
            text.trim()
        );
        Ok(())
    };
    let args = ["--use-core", "--rust-target=1.80", "-o"];
    run(
        Command::new("bindgen").args(args).arg(&rs).arg(header),
        "bindgen",
    )?;
    let flags = [
        "--edition=2021",
        "--crate-type=lib",
        "--emit=metadata",
        "-Awarnings",
    ];
    let mut rustc = Command::new("rustc");
    run(
        rustc.args(flags).arg("--out-dir").arg(work.path()).arg(&rs),
        "rustc",
    )?;

    let text = std::fs::read_to_string(&rs)?;
    let mut compared = 0;
    let sizes = Regex::new(r#"\["Size of (\w+)"\][^-]*- (\d+)usize"#)?;
    for found in sizes.captures_iter(&text) {
        let (name, size) = (&found[1], found[2].parse::<u64>()?);
        if let Some(record) = model.record(name) {
            ensure!(
                record.size == size,
                "{name}: {} bytes, bindgen has {size}",
                record.size
            );
            compared += 1;
        }
    }
    let offsets = Regex::new(r#"\["Offset of field: (\w+)::(\w+)"\][^-]*- (\d+)usize"#)?;
    for found in offsets.captures_iter(&text) {
        let (name, field, offset) = (&found[1], &found[2], found[3].parse::<u64>()?);
        let Some(record) = model.record(name) else {
            continue;
        };
        let field = field.trim_end_matches('_');
        let known = record
            .fields
            .iter()
            .find(|f| f.name.trim_end_matches('_') == field);
        if let Some(known) = known {
            ensure!(
                known.offset == offset,
                "{name}.{field}: {}, bindgen has {offset}",
                known.offset
            );
            compared += 1;
        }
    }
    let records = model.record_names().len();
    ensure!(
        compared >= records,
        "bindgen has only {compared} of {records} structs"
    );
    Ok(compared)
}
