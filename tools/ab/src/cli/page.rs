// SPDX-License-Identifier: GPL-2.0
//! `nvkm-ab page`.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use nvkm_ab::names;
use nvkm_ab::report::html;
use nvkm_ab::vm::firmware;

use super::cells;

/// `nvkm-ab page`.
#[derive(Args)]
pub struct PageArgs {
    /// Directories of runs, with report.json and the sides' traces [default: that of the latest run].
    runs: Vec<PathBuf>,
    /// Directory of everything built, for the reports of bench and hostile [default: $BUILD, or build].
    #[arg(long)]
    build: Option<PathBuf>,
}

/// Makes the page of a run's directory.
fn make(dir: &Path, build: &Path) -> Result<()> {
    let report = cells::read(&dir.join("report.json"))?;
    let fw = firmware::abi(report["firmware"].as_str().unwrap_or_default());
    html::write(dir, build, names::of(fw))
}

/// Makes the page of the latest run anew; its directory.
///
/// # Errors
///
/// There is no run, or the page cannot be written.
pub fn latest(build: &Path) -> Result<PathBuf> {
    // The latest report is a copy; its traces are where the run was.
    let runs = cells::runs();
    let report = cells::read(&runs.join("report.json"))?;
    let dir = runs.join(report["name"].as_str().unwrap_or_default());
    make(&dir, build)?;
    fs::copy(dir.join("report.html"), runs.join("report.html"))?;
    Ok(dir)
}

/// Makes pages.
///
/// # Errors
///
/// There is no report, or the page cannot be written.
pub fn run(args: &PageArgs) -> Result<u8> {
    let build = args.build.clone().unwrap_or_else(cells::build);
    let mut dirs = args.runs.clone();
    for dir in &dirs {
        make(dir, &build)?;
    }
    if dirs.is_empty() {
        dirs.push(latest(&build)?);
    }
    for dir in dirs {
        println!("{}", dir.join("report.html").display());
    }
    Ok(0)
}
