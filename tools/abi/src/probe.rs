// SPDX-License-Identifier: GPL-2.0

//! Lets a C compiler read headers: types by debug information, macros by evaluation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{ensure, Context, Result};
use object::{Object, ObjectSection, ObjectSymbol};
use regex::Regex;

use crate::dwarf::{self, Wanted};
use crate::model::{Constant, Model};

/// The compiler; the toolbox has this one.
pub const CC: &str = "gcc-14";

/// C text that includes headers, and how to compile it.
pub struct Probe {
    /// Where relative paths among `flags` begin.
    pub dir: PathBuf,
    /// Such as `-I`.
    pub flags: Vec<String>,
    /// The text.
    pub text: String,
    work: tempfile::TempDir,
}

impl Probe {
    /// A probe without text.
    ///
    /// # Errors
    ///
    /// No temporary directory can be made.
    pub fn new(dir: &Path, flags: Vec<String>) -> Result<Self> {
        Ok(Self {
            dir: dir.to_owned(),
            flags,
            text: String::new(),
            work: tempfile::tempdir()?,
        })
    }

    /// A file of the probe's own.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }

    fn gcc(&self, more: &[&str], source: &Path, output: &Path) -> Result<Output> {
        Command::new(CC)
            .current_dir(&self.dir)
            .args(&self.flags)
            .args(["-w", "-fmax-errors=0", "-fno-diagnostics-show-caret"])
            .args(["-ftrack-macro-expansion=0", "-fdiagnostics-color=never"])
            .args(more)
            .arg("-o")
            .args([output, source])
            .output()
            .with_context(|| format!("{CC} cannot be run"))
    }

    /// Compiles the text and then `more`; on failure what the compiler said.
    ///
    /// # Errors
    ///
    /// The compiler cannot be run.
    pub fn compile(
        &self,
        more: &str,
        args: &[&str],
    ) -> Result<std::result::Result<PathBuf, String>> {
        let (source, object) = (self.file("probe.c"), self.file("probe.o"));
        std::fs::write(&source, format!("{}{more}", self.text))?;
        let out = self.gcc(args, &source, &object)?;
        Ok(if out.status.success() {
            Ok(object)
        } else {
            Err(String::from_utf8_lossy(&out.stderr).into_owned())
        })
    }

    /// Adds the types of the headers to the model.
    ///
    /// # Errors
    ///
    /// The headers do not compile.
    pub fn types(&self, wanted: Option<&Wanted>, model: &mut Model) -> Result<()> {
        let args = ["-c", "-g", "-O0", "-fno-eliminate-unused-debug-types"];
        let object = self.compile("", &args)?;
        match object {
            Ok(object) => dwarf::read(&object, wanted, model),
            Err(text) => {
                let first = text.lines().find(|l| l.contains("error"));
                anyhow::bail!("the headers do not compile: {}", first.unwrap_or(&text))
            }
        }
    }

    /// Those of the macros whose value is a number or a range of bits.
    ///
    /// # Errors
    ///
    /// The compiler cannot be run, or does not do what it is expected to.
    pub fn constants(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Constant>> {
        let defined = self.defined()?;
        let names: Vec<&String> = names.intersection(&defined).collect();
        // Each on a line of its own, so that an error tells which.
        let mut lines = BTreeMap::new();
        for (name, body) in self.expanded(&names)? {
            let text = if body.contains(':') && !body.contains('?') {
                format!(
                    "const unsigned long long abi_h_{name} = (1 ? {name}); \
                     const unsigned long long abi_l_{name} = (0 ? {name});"
                )
            } else if body.is_empty() || body.contains('"') {
                continue;
            } else {
                format!("const unsigned long long abi_v_{name} = (unsigned long long)({name});")
            };
            lines.insert(name, text);
        }
        let marker = Regex::new(r"abi-values:(\d+):\d+: error")?;
        loop {
            let order: Vec<String> = lines.keys().cloned().collect();
            let body: Vec<&str> = lines.values().map(String::as_str).collect();
            let more = format!("\n#line 1 \"abi-values\"\n{}\n", body.join("\n"));
            match self.compile(&more, &["-c", "-O0"])? {
                Ok(object) => return values(&object),
                Err(text) => {
                    let before = lines.len();
                    for found in marker.captures_iter(&text) {
                        let line: usize = found[1].parse()?;
                        if let Some(name) = order.get(line - 1) {
                            lines.remove(name);
                        }
                    }
                    ensure!(lines.len() < before, "macros cannot be evaluated: {text}");
                }
            }
        }
    }

    /// Macros without parameters.
    fn defined(&self) -> Result<BTreeSet<String>> {
        let out = self.compile("", &["-E", "-dM"])?;
        let path = out.map_err(|text| anyhow::anyhow!("the headers do not preprocess: {text}"))?;
        let pattern = Regex::new(r"(?m)^#define (\w+)(?: |$)")?;
        let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
        Ok(pattern
            .captures_iter(&text)
            .map(|c| c[1].to_owned())
            .collect())
    }

    /// What macros expand to.
    fn expanded(&self, names: &[&String]) -> Result<Vec<(String, String)>> {
        let lines: Vec<String> = names
            .iter()
            .map(|n| format!("abi_ask \"{n}\" {n}\n"))
            .collect();
        let ask = format!("\n{}", lines.join("\n"));
        let out = self.compile(&ask, &["-E", "-P"])?;
        let path = out.map_err(|text| anyhow::anyhow!("the headers do not preprocess: {text}"))?;
        let pattern = Regex::new(r#"(?m)^\s*abi_ask "(\w+)"(.*)$"#)?;
        let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
        let pair = |c: regex::Captures<'_>| (c[1].to_owned(), c[2].trim().to_owned());
        Ok(pattern.captures_iter(&text).map(pair).collect())
    }
}

/// The initial values of an object's variables.
fn values(object: &Path) -> Result<BTreeMap<String, Constant>> {
    let bytes = std::fs::read(object)?;
    let file = object::File::parse(&*bytes)?;
    let mut numbers = BTreeMap::new();
    for symbol in file.symbols() {
        let Some(name) = symbol.name()?.strip_prefix("abi_") else {
            continue;
        };
        let Some(index) = symbol.section_index() else {
            continue;
        };
        let section = file.section_by_index(index)?;
        // A variable that is all zero may lie where nothing is stored.
        let data = section.data_range(symbol.address(), 8)?;
        let number = match data {
            Some(data) => u64::from_le_bytes(data.try_into()?),
            None => 0,
        };
        numbers.insert(name.to_owned(), number);
    }
    let mut out = BTreeMap::new();
    for (name, number) in &numbers {
        if let Some(name) = name.strip_prefix("v_") {
            out.insert(name.to_owned(), Constant::Number(*number));
        } else if let Some(name) = name.strip_prefix("h_") {
            let low = numbers.get(&format!("l_{name}")).copied();
            let low = low.context("a range of bits without its low end")?;
            out.insert(name.to_owned(), Constant::Bits { high: *number, low });
        }
    }
    Ok(out)
}
