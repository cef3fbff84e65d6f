// SPDX-License-Identifier: GPL-2.0
//! Deliberate faults: where they are written down, and what must be said of each.
//!
//! | kind | written in | must come out |
//! |---|---|---|
//! | `rust` | `selftests/<subsystem>/faults.toml` | verdict `different`, a difference matches `expect`; `build-…`: it does not build |
//! | `c` | `selftests/seeded/*.cocci` | verdict `different` or `failed`, the first line of the report matches `expect` |
//! | `debug` | `selftests/debug/faults.toml` | the step of `tools/debug` that the name begins with fails, and says `expect` |

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use regex::Regex;
use serde_json::Value;

/// What a fault is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rust that serves this subsystem, or looks at it (`shadow`).
    Rust(String),
    /// Upstream's C; more options of `nvkm-ab run`.
    C(Vec<String>),
    /// What a step of `tools/debug` is there for.
    Debug(String),
}

/// A fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// What it is in.
    pub kind: Kind,
    /// What `nvkm-overlay apply --fault` is given.
    pub plant: String,
    /// What must be said of it.
    pub expect: Regex,
}

impl Fault {
    /// Its name in reports: kind and name.
    pub fn title(&self) -> String {
        let kind = match &self.kind {
            Kind::Rust(_) => "negative",
            Kind::C(_) => "seeded",
            Kind::Debug(_) => "planted",
        };
        format!("{kind}: {}", self.name)
    }

    /// Whether the compiler must refuse it.
    pub fn must_not_build(&self) -> bool {
        self.name.starts_with("build-")
    }

    /// What is wrong with what a report says of it, if anything; and the line that names it.
    pub fn judge(&self, report: &Value) -> Result<String, String> {
        let texts = |key: &str| report[key].as_array().cloned().unwrap_or_default();
        let differences = texts("differences");
        let differences = differences.iter().filter_map(|d| d["text"].as_str());
        let problems = texts("problems");
        let problems = problems.iter().filter_map(Value::as_str);
        let verdict = report["verdict"].as_str().unwrap_or("failed");
        if let Kind::C(_) = &self.kind {
            // The first difference, or why a side failed if nothing differs up to there.
            let said = differences.chain(problems).next().unwrap_or("nothing");
            return match verdict {
                "equal" => Err("slips through: the verdict is equal".into()),
                _ if self.expect.is_match(said) => Ok(said.to_string()),
                _ => Err(format!(
                    "the report's first line does not point at it: {said}"
                )),
            };
        }
        if verdict != "different" {
            let why = problems.take(3).collect::<Vec<_>>().join("; ");
            return Err(format!("the verdict is {verdict}, not different: {why}"));
        }
        let mut said = differences
            .clone()
            .filter(|text| self.expect.is_match(text));
        match said.next() {
            Some(said) => Ok(said.to_string()),
            None => {
                let some = differences.take(5).collect::<Vec<_>>().join("; ");
                Err(format!(
                    "the report does not name it ({}): {some}",
                    self.expect
                ))
            }
        }
    }

    /// What a fault in a shadow has done beside a line in the log of each of two binds and a count: sentences. C serves there,
    /// so that it must harm nothing.
    pub fn harm(&self, report: &Value) -> Vec<String> {
        // Where a shadow says it. The fiftieth element comes while a client copies.
        let phases = match self.name.as_str() {
            "shadow-number" => ["copy", "copy"],
            _ => ["load", "bind"],
        };
        let (mut lines, mut counted, mut found) = (Vec::new(), 0, Vec::new());
        for it in report["differences"].as_array().into_iter().flatten() {
            let text = |key: &str| it[key].as_str().unwrap_or_default();
            match text("kind") {
                "dmesg" if self.expect.is_match(text("other")) => lines.push(text("phase")),
                "state" if text("other").contains("values otherwise than C") => counted += 1,
                _ => found.push(text("text").to_string()),
            }
        }
        let problems = report["problems"].as_array().into_iter().flatten();
        found.extend(problems.filter_map(Value::as_str).map(String::from));
        if lines != phases || counted != 1 {
            let n = lines.len();
            found.push(format!(
                "{n} lines in the log of two binds, {counted} counters"
            ));
        }
        found
    }
}

/// The faults of a file, by `nvkm-overlay`, which plants them.
fn listed(file: &Path, overlay: &Path, kind: impl Fn(&str) -> Kind) -> Result<Vec<Fault>> {
    let said = Command::new(overlay)
        .arg("faults")
        .arg(file)
        .output()
        .with_context(|| format!("{} cannot be started", overlay.display()))?;
    if !said.status.success() {
        bail!(
            "{}: {}",
            file.display(),
            String::from_utf8_lossy(&said.stderr).trim()
        );
    }
    let text = String::from_utf8(said.stdout)?;
    let mut faults = Vec::new();
    for line in text.lines() {
        let (name, expect) = line.split_once(' ').unwrap_or((line, ""));
        faults.push(Fault {
            name: name.into(),
            kind: kind(name),
            plant: format!("{}:{name}", file.display()),
            expect: Regex::new(expect).with_context(|| format!("{}, {name}", file.display()))?,
        });
    }
    Ok(faults)
}

/// Those in Rust of one subsystem.
///
/// # Errors
///
/// There is no such file, or it cannot be understood.
pub fn rust(selftests: &Path, subsystem: &str, overlay: &Path) -> Result<Vec<Fault>> {
    let file = selftests.join(subsystem).join("faults.toml");
    listed(&file, overlay, |_| Kind::Rust(subsystem.to_string()))
}

/// Those that the steps of `tools/debug` must find.
///
/// # Errors
///
/// As for [`rust`].
pub fn debug(selftests: &Path, overlay: &Path) -> Result<Vec<Fault>> {
    listed(&selftests.join("debug/faults.toml"), overlay, |name| {
        let step = name.split('-').next().unwrap_or(name);
        Kind::Debug(step.to_string())
    })
}

/// Those in C: a semantic patch each, whose comments say what it is for (`expect:`, `run:`).
///
/// # Errors
///
/// A patch cannot be read, or does not say what it is for.
pub fn c(selftests: &Path) -> Result<Vec<Fault>> {
    let dir = selftests.join("seeded");
    let entries = fs::read_dir(&dir).with_context(|| format!("{}", dir.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "cocci"));
    files.sort();
    let mut faults = Vec::new();
    for path in files {
        let why = || path.display().to_string();
        let text = fs::read_to_string(&path).with_context(why)?;
        let said = |key: &str| {
            text.lines()
                .find_map(|l| l.strip_prefix("// ")?.strip_prefix(key))
        };
        let expect = said("expect: ")
            .context("it has no line 'expect:'")
            .with_context(why)?;
        let options = said("run: ").unwrap_or_default().split_whitespace();
        faults.push(Fault {
            name: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            kind: Kind::C(options.map(String::from).collect()),
            plant: path.display().to_string(),
            expect: Regex::new(expect).with_context(why)?,
        });
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(kind: Kind) -> Fault {
        Fault {
            name: "x".into(),
            kind,
            plant: String::new(),
            expect: Regex::new("heap").unwrap(),
        }
    }

    fn report(verdict: &str, differences: &[&str], problems: &[&str]) -> Value {
        let differences: Vec<Value> = differences.iter().map(|t| json!({"text": t})).collect();
        json!({"verdict": verdict, "differences": differences, "problems": problems})
    }

    #[test]
    fn a_fault_in_c_is_what_the_first_line_names() {
        let it = fault(Kind::C(Vec::new()));
        assert!(it
            .judge(&report("different", &["the heap", "x"], &[]))
            .is_ok());
        assert!(it.judge(&report("failed", &[], &["the heap"])).is_ok());
        assert!(it
            .judge(&report("different", &["x", "the heap"], &[]))
            .is_err());
        assert!(it.judge(&report("equal", &[], &[])).is_err());
        assert!(it.judge(&report("failed", &[], &[])).is_err());
    }

    #[test]
    fn a_fault_in_rust_is_a_difference_and_no_failure() {
        let it = fault(Kind::Rust("rpc".into()));
        assert!(it
            .judge(&report("different", &["x", "the heap"], &[]))
            .is_ok());
        assert!(it
            .judge(&report("different", &["x"], &["the heap"]))
            .is_err());
        assert!(it.judge(&report("failed", &["the heap"], &[])).is_err());
        assert!(it.judge(&report("equal", &[], &[])).is_err());
    }

    #[test]
    fn a_shadow_that_harms_is_told() {
        let it = fault(Kind::Rust("shadow".into()));
        let line =
            |phase: &str| json!({"kind": "dmesg", "phase": phase, "other": "heap: …", "text": "l"});
        let count = json!({"kind": "state", "other": "rpc: Rust has 1 of 2 values otherwise than C", "text": "c"});
        let with = |more: Vec<Value>| {
            let all = [vec![line("load"), line("bind"), count.clone()], more].concat();
            it.harm(&json!({"differences": all, "problems": []}))
        };
        assert!(with(Vec::new()).is_empty());
        assert_eq!(
            with(vec![json!({"kind": "mmio", "text": "a register"})]),
            ["a register"]
        );
        assert_eq!(with(vec![line("bind")]).len(), 1);
    }
}
