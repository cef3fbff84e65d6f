// SPDX-License-Identifier: GPL-2.0
//! The matrix: which cells there are, which of them run, and why the others do not.
//!
//! `selftests/matrix.json` says what is claimed; its form is documented in selftests/README.md.

use std::fs;
use std::path::Path;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

use crate::report::Cell;

/// The word for every on/off set of the subsystems.
pub const COMBINATIONS: &str = "combinations";

/// Cells that belong together: every GPU with every firmware and every set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// One word.
    pub name: String,
    /// What a page calls it.
    pub title: String,
    /// Chips.
    pub gpus: Vec<String>,
    /// Firmware versions.
    pub firmware: Vec<String>,
    /// Sets of subsystems: as in `--seams`, or [`COMBINATIONS`].
    pub seams: Vec<String>,
}

/// Cells about which there is something to say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Chips.
    pub gpus: Vec<String>,
    /// Firmware versions.
    pub firmware: Vec<String>,
    /// What there is to say.
    pub reason: String,
}

impl Remark {
    fn is_about(&self, gpu: &str, firmware: &str) -> bool {
        self.gpus.iter().any(|g| g == gpu) && self.firmware.iter().any(|f| f == firmware)
    }
}

/// The committed list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// What the file is.
    pub about: String,
    /// What runs.
    pub parts: Vec<Part>,
    /// What cannot run.
    pub excluded: Vec<Remark>,
    /// What runs without suspend and resume, because C does not survive it there.
    pub without_suspend: Vec<Remark>,
}

impl Matrix {
    /// Reads the list.
    ///
    /// # Errors
    ///
    /// It is not there, cannot be understood, gives no reason, or excludes what it claims.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("there is no list of cells {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// As [`Matrix::load`], from text.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn parse(text: &str) -> Result<Self> {
        let matrix: Self = serde_json::from_str(text)?;
        for part in &matrix.parts {
            let lists = [&part.gpus, &part.firmware, &part.seams];
            if lists.iter().any(|list| list.is_empty()) {
                bail!("part '{}' has no cells", part.name);
            }
            for (gpu, fw) in pairs(&part.gpus, &part.firmware) {
                if let Some(remark) = matrix.excluded.iter().find(|r| r.is_about(gpu, fw)) {
                    bail!(
                        "{gpu} with {fw} is claimed by part '{}' and excluded: {}",
                        part.name,
                        remark.reason
                    );
                }
            }
        }
        for remark in matrix.excluded.iter().chain(&matrix.without_suspend) {
            if remark.reason.trim().is_empty() {
                bail!("{} are listed without a reason", remark.gpus.join(", "));
            }
        }
        Ok(matrix)
    }

    /// The part that a command line without chips means: with or without combinations.
    pub fn part(&self, combinations: bool) -> Option<&Part> {
        let has = |p: &&Part| p.seams.iter().any(|s| s == COMBINATIONS) == combinations;
        self.parts.iter().find(has)
    }
}

fn pairs<'a>(
    gpus: &'a [String],
    firmware: &'a [String],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    gpus.iter()
        .flat_map(move |g| firmware.iter().map(move |f| (g.as_str(), f.as_str())))
}

/// The subsystems that there are.
#[derive(Clone, Copy, Debug)]
pub struct Subsystems<'a> {
    /// All, in the driver's order.
    pub named: &'a [&'a str],
    /// Those that Rust serves when asked for all that is ready.
    pub ready: &'a [&'a str],
}

/// Every on/off set, beginning with none, the first subsystem changing fastest.
pub fn combinations(named: &[&str]) -> Vec<Vec<String>> {
    let chosen = |bits: usize| {
        let on = named
            .iter()
            .enumerate()
            .filter(|(n, _)| (bits >> n) & 1 != 0);
        on.map(|(_, name)| name.to_string()).collect()
    };
    (0..1 << named.len()).map(chosen).collect()
}

/// One cell, and what is to become of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The cell.
    pub cell: Cell,
    /// Names of the parts that it belongs to.
    pub parts: Vec<String>,
    /// Why it does not run, if it does not.
    pub excluded: Option<String>,
    /// Why it runs without suspend, if it does.
    pub without_suspend: Option<String>,
}

/// The name of a cell's run.
pub fn name(gpu: &str, firmware: &str, seams: &[String]) -> String {
    let set = match seams {
        [] => "none".to_string(),
        some => some.join("+"),
    };
    format!("{gpu}-{}-{set}", firmware.replace(':', "-"))
}

/// The cells of some parts, each once, in the order of the parts. `parse` says what a `--seams` means.
///
/// # Errors
///
/// `parse` does not know a set.
pub fn entries(
    matrix: &Matrix,
    parts: &[Part],
    subsystems: Subsystems<'_>,
    parse: &dyn Fn(&str) -> Result<Vec<String>>,
) -> Result<Vec<Entry>> {
    let mut all: Vec<Entry> = Vec::new();
    for part in parts {
        let mut sets = Vec::new();
        for text in &part.seams {
            match text.as_str() {
                COMBINATIONS => sets.extend(combinations(subsystems.named)),
                other => sets.push(parse(other)?),
            }
        }
        for (gpu, firmware) in pairs(&part.gpus, &part.firmware) {
            for seams in &sets {
                let name = name(gpu, firmware, seams);
                if let Some(known) = all.iter_mut().find(|e| e.cell.name == name) {
                    if !known.parts.contains(&part.name) {
                        known.parts.push(part.name.clone());
                    }
                    continue;
                }
                let reason = |list: &[Remark]| {
                    let found = list.iter().find(|r| r.is_about(gpu, firmware));
                    found.map(|r| r.reason.clone())
                };
                let missing = seams
                    .iter()
                    .find(|s| !subsystems.ready.contains(&s.as_str()));
                let unready = missing.map(|s| format!("{s} is not ready: Rust does not serve it."));
                all.push(Entry {
                    cell: Cell {
                        name,
                        gpu: gpu.into(),
                        firmware: firmware.into(),
                        seams: seams.clone(),
                    },
                    parts: vec![part.name.clone()],
                    excluded: reason(&matrix.excluded).or(unready),
                    without_suspend: reason(&matrix.without_suspend),
                });
            }
        }
    }
    Ok(all)
}

/// A plan with suspend and resume in it, and a copy before and after: where the device is bound for the last time.
pub fn with_suspend(phases: &[String]) -> Vec<String> {
    let mut phases = phases.to_vec();
    if phases.iter().any(|p| p == "suspend") {
        return phases;
    }
    let last = phases.iter().rposition(|p| p == "unbind");
    let at = last.or(phases.iter().rposition(|p| p == "unload"));
    let at = at.unwrap_or(phases.len());
    phases.splice(at..at, ["suspend", "event=1", "copy"].map(String::from));
    phases
}
