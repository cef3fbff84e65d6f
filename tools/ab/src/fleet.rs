// SPDX-License-Identifier: GPL-2.0
//! Many reports, of many machines, as one compatibility table: card, firmware, subsystem, verdict.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::Value;

use crate::report::SCHEMA;

/// Directories below each other that are looked into.
const DEPTH: usize = 32;
/// Bytes of the largest file that can be a report.
const LARGEST: u64 = 64 << 20;
/// The column of runs in which Rust was built in and served nothing.
pub const NONE: &str = "none";
/// Columns that come first, in the driver's order.
const ORDER: [&str; 5] = [NONE, "rpc", "fw", "boot", "gsp"];

/// One run, as its report has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The report's file.
    pub file: PathBuf,
    /// Name of the run.
    pub name: String,
    /// The card: chip and PCI ids if it is a real one, the chip if it is virtual.
    pub card: String,
    /// Firmware version.
    pub firmware: String,
    /// Kernel release, if the machine came that far.
    pub kernel: Option<String>,
    /// Subsystems that Rust served.
    pub seams: Vec<String>,
    /// `equal`, `different` or `failed`.
    pub verdict: String,
    /// Why it is not equal, in a sentence.
    pub why: String,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The runs.
    pub runs: Vec<Run>,
    /// Files that are no reports though they are called so: file, why.
    pub broken: Vec<(PathBuf, String)>,
    /// Reports of something else (bench, hostile devices, nova-core).
    pub others: usize,
    /// Copies of a report that is there already.
    pub copies: usize,
}

/// The files called `report.json` below a directory, in order. Links to directories are not followed.
fn files(dir: &Path, depth: usize, out: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(dir).with_context(|| format!("{} cannot be read", dir.display()))?;
    let mut entries = entries.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if depth == 0 {
                bail!("{} is too deep", entry.path().display());
            }
            files(&entry.path(), depth - 1, out)?;
        } else if entry.file_name() == "report.json" {
            out.push(entry.path());
        }
    }
    Ok(())
}

fn words(value: &Value) -> Option<Vec<String>> {
    let words = value
        .as_array()?
        .iter()
        .map(|w| w.as_str().map(String::from));
    words.collect()
}

/// The card: its chip, and which of them it is, or that it is a virtual one.
fn card(report: &Value) -> Option<String> {
    let chip = report["gpu"].as_str()?;
    if report["tap"].is_null() {
        return Some(format!("{chip} (virtual)"));
    }
    let device = report["machine"]["device"].as_str().unwrap_or("?");
    let device = device.trim_start_matches("0x");
    Some(format!("{chip} (10de:{device})"))
}

/// What a report says, or why it is none; nothing if it is the report of something else.
fn run(file: &Path, text: &str) -> Result<Option<Run>> {
    let report: Value = serde_json::from_str(text)?;
    if !report.is_object() {
        bail!("it is not a report");
    }
    if report["sides"].is_null() && report["differences"].is_null() {
        return Ok(None);
    }
    match report["schema"].as_u64() {
        Some(SCHEMA) => {}
        Some(other) => bail!("its schema is {other}, and this program knows {SCHEMA}"),
        None => bail!("it does not say which schema it has"),
    }
    let verdict = report["verdict"].as_str().unwrap_or_default();
    if !["equal", "different", "failed"].contains(&verdict) {
        bail!("there is no verdict '{verdict}'");
    }
    let card = card(&report).context("it does not say which gpu it is of")?;
    let firmware = report["firmware"].as_str();
    let firmware = firmware.context("it does not say which firmware it is of")?;
    let seams = words(&report["seams"]).context("it does not say which subsystems it is of")?;
    // What was to be tried is not what was tried.
    for seam in seams.iter().filter(|_| verdict == "equal") {
        if report["sides"]["rust"]["served_by_rust"][seam]
            .as_u64()
            .unwrap_or(0)
            == 0
        {
            bail!("it says equal, and that Rust served no call of {seam}");
        }
    }
    let first = |list: &Value| {
        let item = &list[0];
        let text = item["text"].as_str().or(item.as_str());
        text.map(String::from)
    };
    let why = match verdict {
        "different" => first(&report["differences"]),
        "failed" => first(&report["problems"]),
        _ => None,
    };
    Ok(Some(Run {
        file: file.to_path_buf(),
        name: report["name"].as_str().unwrap_or("?").to_string(),
        card,
        firmware: firmware.to_string(),
        kernel: report["kernel"].as_str().map(String::from),
        seams,
        verdict: verdict.to_string(),
        why: why.unwrap_or_default(),
    }))
}

/// Reads all reports below directories (or report files that are named themselves).
///
/// # Errors
///
/// A directory cannot be read. A file that is no report is no error, but is listed.
pub fn collect(places: &[PathBuf]) -> Result<Found> {
    let mut paths = Vec::new();
    for place in places {
        if place.is_dir() {
            files(place, DEPTH, &mut paths)?;
        } else if place.is_file() {
            paths.push(place.clone());
        } else {
            bail!("there is no {}", place.display());
        }
    }
    // The latest report lies beside the runs as a copy: that in the run's own directory has the traces beside it.
    paths.sort_by_key(|p| std::cmp::Reverse(p.components().count()));
    let mut found = Found::default();
    let mut seen: HashMap<String, PathBuf> = HashMap::new();
    for path in paths {
        let text = match fs::metadata(&path) {
            Ok(data) if data.len() > LARGEST => Err(format!("{} bytes are too many", data.len())),
            _ => fs::read_to_string(&path).map_err(|e| e.to_string()),
        };
        let text = match text {
            Ok(text) => text,
            Err(why) => {
                found.broken.push((path, why));
                continue;
            }
        };
        if seen.contains_key(&text) {
            found.copies += 1;
            continue;
        }
        match run(&path, &text) {
            Ok(Some(run)) => found.runs.push(run),
            Ok(None) => found.others += 1,
            Err(e) => found.broken.push((path.clone(), format!("{e:#}"))),
        }
        seen.insert(text, path);
    }
    found.runs.sort_by(|a, b| a.file.cmp(&b.file));
    found.broken.sort();
    Ok(found)
}

/// What the runs of one card, firmware and subsystem came to.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// Indices into [`Found::runs`].
    pub runs: Vec<usize>,
    /// Verdict -> how many.
    pub counts: BTreeMap<String, usize>,
}

impl Cell {
    /// The verdict of all, or `conflicting`.
    pub fn verdict(&self) -> &str {
        match self.counts.keys().collect::<Vec<_>>()[..] {
            [one] => one,
            _ => "conflicting",
        }
    }

    /// How many runs there were; of which verdict, if they do not agree.
    pub fn says(&self) -> String {
        let total = self.runs.len();
        if self.counts.len() == 1 {
            return if total == 1 {
                self.verdict().to_string()
            } else {
                format!("{} ({total})", self.verdict())
            };
        }
        let parts: Vec<String> = ["equal", "different", "failed"]
            .iter()
            .filter_map(|v| self.counts.get(*v).map(|n| format!("{n} {v}")))
            .collect();
        parts.join(", ")
    }
}

/// A row of the table.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The kernels of its runs.
    pub kernels: Vec<String>,
    /// Subsystem -> what its runs came to.
    pub cells: BTreeMap<String, Cell>,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Columns.
    pub subsystems: Vec<String>,
    /// Card and firmware -> row.
    pub rows: BTreeMap<(String, String), Row>,
}

/// The table of runs. A run of several subsystems counts for each of them: which of them is to blame its report says.
pub fn table(runs: &[Run]) -> Table {
    let mut table = Table::default();
    let none = [NONE.to_string()];
    for (n, run) in runs.iter().enumerate() {
        let row = table
            .rows
            .entry((run.card.clone(), run.firmware.clone()))
            .or_default();
        let kernel = run.kernel.clone().unwrap_or("?".into());
        if !row.kernels.contains(&kernel) {
            row.kernels.push(kernel);
            row.kernels.sort();
        }
        let columns = if run.seams.is_empty() {
            &none[..]
        } else {
            &run.seams[..]
        };
        for name in columns {
            if !table.subsystems.contains(name) {
                table.subsystems.push(name.clone());
            }
            let cell = row.cells.entry(name.clone()).or_default();
            cell.runs.push(n);
            *cell.counts.entry(run.verdict.clone()).or_default() += 1;
        }
    }
    let place = |name: &String| ORDER.iter().position(|o| o == name).unwrap_or(ORDER.len());
    table
        .subsystems
        .sort_by(|a, b| (place(a), a).cmp(&(place(b), b)));
    table
}

/// The way from a directory to a file, both as they really are: a link that goes on working when both are moved.
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let real = |p: &Path| p.canonicalize().unwrap_or_else(|_| p.to_path_buf());
    let (from, to) = (real(from), real(to));
    let common = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().count() - common;
    let mut out: PathBuf = std::iter::repeat_n(Component::ParentDir, up).collect();
    out.extend(to.components().skip(common));
    out
}
