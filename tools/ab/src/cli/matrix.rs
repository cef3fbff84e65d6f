// SPDX-License-Identifier: GPL-2.0
//! `nvkm-ab matrix`.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use clap::Args;
use serde_json::Value;

use nvkm_ab::matrix;
use nvkm_ab::matrix::Entry;
use nvkm_ab::matrix::Matrix;
use nvkm_ab::matrix::Part;
use nvkm_ab::matrix::Subsystems;
use nvkm_ab::matrix::COMBINATIONS;
use nvkm_ab::pair::Pairs;
use nvkm_ab::pool;
use nvkm_ab::report::ktap;
use nvkm_ab::report::matrix as page;
use nvkm_ab::vm::slots;

use super::cells;
use super::cells::Common;
use super::phase_list;
use super::DEFAULT_PHASES;

/// `nvkm-ab matrix`.
#[derive(Args)]
pub struct MatrixArgs {
    /// Chips, separated by commas [default: those that are claimed].
    #[arg(long)]
    gpus: Option<String>,
    /// Firmware versions, separated by commas [default: those that are claimed].
    #[arg(long)]
    fws: Option<String>,
    /// Subsystem sets, separated by colons [default: those that are claimed].
    #[arg(long)]
    seams: Option<String>,
    /// Every on/off set of the subsystems, none included.
    #[arg(long, conflicts_with = "seams")]
    combinations: bool,
    /// Print the cells and run none.
    #[arg(long)]
    list: bool,
    /// The list of what is claimed [default: SELFTESTS/matrix.json].
    #[arg(long)]
    cells: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl MatrixArgs {
    /// What is claimed, or what the command line makes of it.
    fn parts(&self, claimed: &Matrix) -> Result<Vec<Part>> {
        let given = [&self.gpus, &self.fws, &self.seams];
        if !self.combinations && given.iter().all(|g| g.is_none()) {
            return Ok(claimed.parts.clone());
        }
        let like = claimed.part(self.combinations);
        let like =
            like.context("nothing of that kind is claimed; name chips, firmware and sets")?;
        let list = |given: &Option<String>, claimed: &[String]| {
            given
                .as_deref()
                .map_or_else(|| claimed.to_vec(), phase_list)
        };
        let sets = |text: &str| text.split(':').map(String::from).collect();
        let part = Part {
            name: "command line".into(),
            title: "As the command line says".into(),
            gpus: list(&self.gpus, &like.gpus),
            firmware: list(&self.fws, &like.firmware),
            seams: match &self.seams {
                _ if self.combinations => vec![COMBINATIONS.into()],
                Some(text) => sets(text),
                None => like.seams.clone(),
            },
        };
        if part.gpus.is_empty() || part.firmware.is_empty() {
            bail!("no chip or no firmware is named");
        }
        Ok(vec![part])
    }

    /// With suspend, where nobody said otherwise.
    fn phases(&self, entry: &Entry) -> Vec<String> {
        let phases = phase_list(&self.common.phases);
        if self.common.phases == DEFAULT_PHASES && entry.without_suspend.is_none() {
            return matrix::with_suspend(&phases);
        }
        phases
    }
}

/// `nvkm-ab matrix`.
///
/// # Errors
///
/// What was asked for makes no sense, or reports cannot be written.
pub fn run(args: &MatrixArgs) -> Result<u8> {
    let common = &args.common;
    common.places.limit_jobs();
    let file = args.cells.clone();
    let claimed = Matrix::load(&file.unwrap_or_else(|| common.selftests.join("matrix.json")))?;
    let parts = args.parts(&claimed)?;
    let subsystems = Subsystems {
        named: &cells::NAMED,
        ready: &cells::READY,
    };
    let entries = matrix::entries(&claimed, &parts, subsystems, &cells::seam_list)?;
    let state = page::begin(&claimed, &parts, subsystems, &entries);
    if args.list {
        if common.json {
            println!("{}", serde_json::to_string_pretty(&state)?);
        } else {
            print!("{}", page::list(&state));
        }
        return Ok(0);
    }
    let running: Vec<&Entry> = entries.iter().filter(|e| e.excluded.is_none()).collect();
    let start = Instant::now();
    let pairs = Pairs::default();
    let noted = Mutex::new((state, 0));
    let one = |entry: &&Entry| -> Result<Value> {
        let plan = cells::plan(common, entry.cell.clone(), args.phases(entry), false)?;
        let report = cells::cell(&plan, common, &pairs)?;
        let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, ended) = &mut *noted;
        let took = start.elapsed().as_secs_f64();
        page::note(state, &report, took);
        // After each cell: whoever ends it early keeps what is known.
        write(common, state)?;
        *ended += 1;
        if !common.quiet {
            let (of, name, line) = (running.len(), &entry.cell.name, page::line(&report));
            eprintln!("[{ended:2} of {of}] {took:5.0} s  {name}: {line}");
        }
        Ok(report)
    };
    // While one cell is compared the others' machines run.
    let reports = pool::each(&running, slots::most() + 1, one)?;
    let (state, _) = noted.into_inner().unwrap_or_else(PoisonError::into_inner);
    if common.json {
        println!("{}", serde_json::to_string_pretty(&state)?);
    } else if common.ktap {
        print!("{}", ktap::render(&reports));
    } else {
        print!("{}", page::table(&state));
        let place = common.places.reports().join("matrix.html");
        println!("page      {}", place.display());
    }
    Ok(reports.iter().map(cells::code).max().unwrap_or(2))
}

fn write(common: &Common, state: &Value) -> Result<()> {
    let dir = common.places.reports();
    fs::write(
        dir.join("matrix.json"),
        serde_json::to_string_pretty(state)? + "\n",
    )?;
    fs::write(dir.join("matrix.html"), page::render(state))?;
    Ok(())
}
