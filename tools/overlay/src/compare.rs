// SPDX-License-Identifier: GPL-2.0

//! Whether two builds are the same where it counts: allocated sections and their relocations.
//!
//! Disassembly alone is blind, since calls and tables live in relocations. Left out is debug information, which is not
//! allocated. Line numbers are in the data of a kernel; `apply --keep-lines` keeps them the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};
use object::{
    Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags, SectionKind, SymbolIndex,
};
use walkdir::WalkDir;

/// What to compare.
#[derive(clap::Args)]
pub struct Options {
    /// A tree of built objects, or one object.
    a: PathBuf,
    /// Another, of the same source or of hooked source built with the option off.
    b: PathBuf,
    /// Also require that as many hooks were applied to B as to this tree.
    #[arg(long)]
    hooks_of: Option<PathBuf>,
    /// Write the result as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// An object's relocations as text, by section and offset.
type Relocations = BTreeMap<u64, String>;

const SHF_ALLOC: u64 = 2;

/// A relocation's target: a global by its name, anything local by where it lies.
fn target(file: &object::File<'_>, index: SymbolIndex) -> Result<String> {
    let symbol = file.symbol_by_index(index)?;
    if symbol.is_undefined() || symbol.is_global() {
        return Ok(symbol.name()?.to_owned());
    }
    let section = match symbol.section_index() {
        Some(index) => file.section_by_index(index)?.name()?.to_owned(),
        None => String::from("(absolute)"),
    };
    Ok(format!("{section}+{:#x}", symbol.address()))
}

/// Sections by name; several of one name are told apart by their place among them.
fn sections(file: &object::File<'_>) -> Result<BTreeMap<String, (Vec<u8>, Relocations)>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = BTreeMap::new();
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        if sh_flags & SHF_ALLOC == 0 {
            continue;
        }
        let name = section.name()?.to_owned();
        let mut relocations = Relocations::new();
        for (offset, relocation) in section.relocations() {
            let to = match relocation.target() {
                RelocationTarget::Symbol(index) => target(file, index)?,
                other => format!("{other:?}"),
            };
            relocations.insert(
                offset,
                format!("{:?} {to} {:+#x}", relocation.flags(), relocation.addend()),
            );
        }
        let data = if section.kind() == SectionKind::UninitializedData {
            section.size().to_le_bytes().to_vec()
        } else {
            section.data()?.to_vec()
        };
        let nth = seen.entry(name.clone()).or_default();
        out.insert(format!("{name}#{nth}"), (data, relocations));
        *nth += 1;
    }
    Ok(out)
}

/// Global symbols that an object defines.
fn globals(file: &object::File<'_>) -> Result<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    for symbol in file
        .symbols()
        .filter(|s| s.is_global() && !s.is_undefined())
    {
        out.insert(format!(
            "{} at {:#x} size {:#x}",
            symbol.name()?,
            symbol.address(),
            symbol.size()
        ));
    }
    Ok(out)
}

/// What differs between two objects, one line each.
fn differences(a: &Path, b: &Path) -> Result<Vec<String>> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("{}", path.display()));
    let (a_bytes, b_bytes) = (read(a)?, read(b)?);
    let parse = |bytes, path: &Path| {
        object::File::parse(bytes).with_context(|| format!("{}", path.display()))
    };
    let (a, b) = (parse(&*a_bytes, a)?, parse(&*b_bytes, b)?);
    let (sa, sb) = (sections(&a)?, sections(&b)?);
    let mut out = Vec::new();
    let names: BTreeSet<&String> = sa.keys().chain(sb.keys()).collect();
    for name in names {
        match (sa.get(name), sb.get(name)) {
            (Some((da, ra)), Some((db, rb))) => {
                if da != db {
                    let at = da.iter().zip(db).take_while(|(x, y)| x == y).count();
                    out.push(format!(
                        "section {name}: {} and {} bytes, first difference at {at:#x}",
                        da.len(),
                        db.len()
                    ));
                }
                let offsets: BTreeSet<&u64> = ra.keys().chain(rb.keys()).collect();
                if let Some(at) = offsets.into_iter().find(|at| ra.get(at) != rb.get(at)) {
                    out.push(format!(
                        "section {name}: relocation at {at:#x} is '{}' and '{}'",
                        ra.get(at).map_or("none", String::as_str),
                        rb.get(at).map_or("none", String::as_str)
                    ));
                }
            }
            (a, _) => out.push(format!(
                "section {name} is only in the {}",
                if a.is_some() { "first" } else { "second" }
            )),
        }
    }
    if globals(&a)? != globals(&b)? {
        out.push("global symbols differ".into());
    }
    Ok(out)
}

fn objects(tree: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut out = BTreeSet::new();
    for entry in WalkDir::new(tree) {
        let entry = entry?;
        if entry.file_type().is_file() && entry.path().extension().is_some_and(|e| e == "o") {
            out.insert(entry.path().strip_prefix(tree)?.to_owned());
        }
    }
    Ok(out)
}

fn hooks(tree: &Path) -> Result<u32> {
    let path = tree.join(".hooks-applied");
    std::fs::read_to_string(&path)
        .with_context(|| format!("{} (was it made by 'apply'?)", path.display()))?
        .trim()
        .parse()
        .with_context(|| format!("{}", path.display()))
}

/// Compares; true when equal.
///
/// # Errors
///
/// Nothing to compare, or an object cannot be read.
pub fn run(options: &Options) -> Result<bool> {
    let mut report: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut count = 1;
    if options.a.is_file() {
        let found = differences(&options.a, &options.b)?;
        if !found.is_empty() {
            report.insert(options.a.display().to_string(), found);
        }
    } else {
        let (a, b) = (objects(&options.a)?, objects(&options.b)?);
        ensure!(!a.is_empty(), "{} holds no objects", options.a.display());
        count = a.len();
        for object in a.union(&b) {
            let found = if a.contains(object) && b.contains(object) {
                differences(&options.a.join(object), &options.b.join(object))?
            } else {
                vec!["is only in one of the trees".into()]
            };
            if !found.is_empty() {
                report.insert(object.display().to_string(), found);
            }
        }
    }
    if let Some(on) = &options.hooks_of {
        let (off, on) = (hooks(&options.b)?, hooks(on)?);
        if off < on {
            report.insert(
                "hooks".into(),
                vec![format!("{off} were applied, but {on} with the option on")],
            );
        }
    }
    for (object, found) in &report {
        for line in found {
            println!("{object}: {line}");
        }
    }
    println!("{count} objects compared, {} differ", report.len());
    if let Some(path) = &options.json {
        let json = serde_json::json!({ "objects": count, "differ": report });
        std::fs::write(path, serde_json::to_string_pretty(&json)?)
            .with_context(|| format!("{}", path.display()))?;
    }
    Ok(report.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn compile(dir: &Path, name: &str, source: &str) -> PathBuf {
        let c = dir.join(format!("{name}.c"));
        let o = dir.join(format!("{name}.o"));
        std::fs::write(&c, source).unwrap();
        let status = Command::new("gcc")
            .args(["-O2", "-g", "-c", "-o"])
            .arg(&o)
            .arg(&c)
            .status()
            .unwrap();
        assert!(status.success());
        o
    }

    const BASE: &str = "int f(int); int g(int);\nstatic int h(int a) { return a + 1; }\nint (*const table[])(int) = { f, g, h };\nint call(int a) { return f(a) + h(a); }\n";

    fn compared(change: impl Fn(&str) -> String) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let a = compile(dir.path(), "a", BASE);
        let b = compile(dir.path(), "b", &change(BASE));
        differences(&a, &b).unwrap()
    }

    #[test]
    fn another_line_number_is_no_difference() {
        assert!(compared(|base| format!("\n\n\n{base}")).is_empty());
    }

    #[test]
    fn one_call_redirected_is_seen() {
        let found = compared(|base| base.replace("return f(a)", "return g(a)"));
        assert!(
            found.iter().any(|line| line.contains("relocation")),
            "{found:?}"
        );
    }

    #[test]
    fn one_table_entry_changed_is_seen() {
        let found = compared(|base| base.replace("{ f, g, h }", "{ f, f, h }"));
        assert!(
            found.iter().any(|line| line.contains("relocation")),
            "{found:?}"
        );
    }

    #[test]
    fn one_constant_changed_is_seen() {
        let found = compared(|base| base.replace("a + 1", "a + 2"));
        assert!(found.iter().any(|line| line.contains(".text")), "{found:?}");
    }
}
