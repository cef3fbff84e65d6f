// SPDX-License-Identifier: GPL-2.0
//! `nvkm-ab snapshots`.  Exit codes: 0 all hold, 1 one does not, 2 it could not be tried.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use clap::Args;

use nvkm_ab::ab;
use nvkm_ab::matrix::Matrix;
use nvkm_ab::pair::Pairs;
use nvkm_ab::pool;
use nvkm_ab::report::Cell;
use nvkm_ab::vm::run;
use nvkm_ab::vm::slots;

use super::cells;
use super::cells::Common;
use super::phase_list;

/// What two runs from one snapshot leave is the same to the byte, but for how long they took.
const SAME: [&str; 5] = [
    "mmio.txt",
    "wire.jsonl",
    "device.json",
    "guest.jsonl",
    "console.log",
];

/// `nvkm-ab snapshots`.
///
/// Holds machines that begin from a snapshot against machines that boot: two that boot and one that was restored must be
/// `equal` by the comparison of an A/B run, and what two restored ones leave must be the same to the byte. For every chip
/// and firmware version of the matrix, with everything in C, and prints KTAP.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct SnapshotsArgs {
    /// Chips, separated by commas [default: those of the matrix].
    #[arg(long)]
    gpus: Option<String>,
    /// Firmware versions, separated by commas [default: those of the matrix].
    #[arg(long)]
    fws: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// `nvkm-ab snapshots`.
///
/// # Errors
///
/// What was asked for makes no sense, or a part is missing.
pub fn run(args: &SnapshotsArgs) -> Result<u8> {
    let common = &args.common;
    if common.places.fresh {
        bail!("--fresh leaves nothing to be held against");
    }
    common.places.limit_jobs();
    let matrix = Matrix::load(&common.selftests.join("matrix.json"))?;
    let mut cells: Vec<(String, String)> = Vec::new();
    for part in &matrix.parts {
        for gpu in &part.gpus {
            for fw in &part.firmware {
                cells.push((gpu.clone(), fw.clone()));
            }
        }
    }
    let wanted = |given: &Option<String>, it: &String| {
        given.as_deref().is_none_or(|g| phase_list(g).contains(it))
    };
    cells.retain(|(gpu, fw)| wanted(&args.gpus, gpu) && wanted(&args.fws, fw));
    cells.sort();
    cells.dedup();
    if cells.is_empty() {
        bail!("the matrix has no such chip and firmware");
    }
    println!("1..{}", cells.len());
    let start = Instant::now();
    let failed = pool::each(&cells, slots::most() + 1, |(gpu, fw)| {
        let problems = held(common, gpu, fw)?;
        let word = if problems.is_empty() { "ok" } else { "not ok" };
        for problem in &problems {
            println!("# {problem}");
        }
        println!("{word} - snapshots: {gpu}, {fw}: restored machines do what booted ones do");
        Ok(!problems.is_empty())
    })?;
    let failed = failed.into_iter().filter(|f| *f).count();
    println!(
        "# {} passed, {failed} failed, {} s",
        cells.len() - failed,
        start.elapsed().as_secs()
    );
    Ok(u8::from(failed > 0))
}

/// What does not hold for a chip and a firmware version: sentences.
fn held(common: &Common, gpu: &str, fw: &str) -> Result<Vec<String>> {
    let cell = Cell {
        name: format!("snapshots-{gpu}-{}", fw.replace(':', "-")),
        gpu: gpu.into(),
        firmware: fw.into(),
        seams: Vec::new(),
    };
    let mut plan = cells::plan(common, cell, phase_list(&common.phases), false)?;
    plan.fresh_c = true;
    let report = ab::run(&plan, &Pairs::default())?;
    let mut problems = Vec::new();
    if report["verdict"] != "equal" {
        problems.push(format!("{}: {}", plan.cell.name, report["verdict"]));
        for list in ["problems", "differences", "unlisted_noise"] {
            for it in report[list].as_array().into_iter().flatten().take(5) {
                let text = it.as_str().or(it["text"].as_str()).unwrap_or_default();
                problems.push(text.to_string());
            }
        }
    }
    let again = ab::setups(&plan)?.map(|mut setup| {
        setup.fresh = false;
        setup.out = plan.out.join("again");
        setup
    });
    let [_, _, again] = again;
    let outcome = run::run(&again)?;
    problems.extend(outcome.error);
    for file in SAME {
        if let Some(why) = different(&plan.out.join("rust"), &again.out, file)? {
            problems.push(why);
        }
    }
    Ok(problems)
}

/// Whether a file of two runs is another one, and where.
fn different(a: &Path, b: &Path, file: &str) -> Result<Option<String>> {
    let read = |dir: &Path| {
        let path = dir.join(file);
        fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let (a, b) = (read(a)?, read(b)?);
    if a == b {
        return Ok(None);
    }
    let line = |bytes: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(String::from).collect()
    };
    let (a, b) = (line(&a), line(&b));
    let at = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let of = |lines: &[String]| {
        lines.get(at).map_or("(its end)".into(), |l| {
            l.chars().take(200).collect::<String>()
        })
    };
    Ok(Some(format!(
        "two restored runs differ in line {} of {file}: '{}', '{}'",
        at + 1,
        of(&a),
        of(&b)
    )))
}
