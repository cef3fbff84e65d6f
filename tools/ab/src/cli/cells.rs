// SPDX-License-Identifier: GPL-2.0
//! `nvkm-ab run`, `show`, `ktap`, and what `matrix` shares with them.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use clap::Args;
use serde_json::json;
use serde_json::Value;

use nvkm_ab::ab;
use nvkm_ab::ab::Plan;
use nvkm_ab::matrix;
use nvkm_ab::names;
use nvkm_ab::pair::Pairs;
use nvkm_ab::report::html;
use nvkm_ab::report::ktap;
use nvkm_ab::report::table;
use nvkm_ab::report::Cell;
pub use nvkm_ab::seams::list as seam_list;
pub use nvkm_ab::seams::NAMED;
pub use nvkm_ab::seams::READY;
use nvkm_ab::vm::slots;

use super::phase_list;
use super::Places;
use super::DEFAULT_PHASES;

/// The word for the distribution's own module.
const STOCK: &str = "stock";

/// What `run` and `matrix` share.
#[derive(Args, Clone)]
pub struct Common {
    /// Module of the C sides: a path, or 'stock' for the distribution's own [default: NOUVEAU/on/nouveau.ko].
    #[arg(long)]
    module_c: Option<PathBuf>,
    /// Module of the Rust side [default: NOUVEAU/on/nouveau.ko].
    #[arg(long)]
    module_rust: Option<PathBuf>,
    /// Use the distribution's own nouveau.ko, bit for bit, for the C sides.
    #[arg(long, conflicts_with = "module_c")]
    unmodified: bool,
    /// More module parameters for all sides, separated by spaces.
    #[arg(long, default_value = "")]
    params: String,
    /// More module parameters for the Rust side.
    #[arg(long, default_value = "")]
    params_rust: String,
    /// Phases, separated by commas.
    #[arg(long, default_value = DEFAULT_PHASES)]
    pub phases: String,
    /// Directory of the committed lists.
    #[arg(long, default_value = "selftests")]
    pub selftests: PathBuf,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Print KTAP instead of a table.
    #[arg(long, conflicts_with = "json")]
    pub ktap: bool,
    /// No progress lines.
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub places: Places,
}

/// `nvkm-ab run`.
#[derive(Args)]
pub struct RunArgs {
    /// Chip of the virtual GPU.
    #[arg(long, default_value = "tu104")]
    gpu: String,
    /// Firmware version (570.144, 535.113.01), 'synthetic' or 'synthetic:VERSION'.
    #[arg(long, default_value = "570.144")]
    fw: String,
    /// Subsystems that Rust serves on the Rust side: a list, '1' (all that are ready), 'none', or 'shadow' (none, and it
    /// computes beside C).
    #[arg(long, default_value = "1")]
    seams: String,
    /// Name of the run; its directory is REPORTS/NAME [default: GPU-FW-SEAMS].
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The module that an option means: none is the distribution's own.
pub fn module(given: &Option<PathBuf>, places: &Places) -> Result<Option<PathBuf>> {
    let path = match given {
        Some(path) if path == Path::new(STOCK) => return Ok(None),
        Some(path) => path.clone(),
        None => places.module(),
    };
    if !path.is_file() {
        bail!("there is no module {}; build it first (make nouveau), or name one with --module-c and --module-rust", path.display());
    }
    Ok(Some(path))
}

/// What a cell's machines do.
pub fn plan(common: &Common, cell: Cell, phases: Vec<String>, progress: bool) -> Result<Plan> {
    let name = &cell.name;
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        bail!("'{name}' cannot be the name of a run: it names a directory below BUILD/ab");
    }
    let places = &common.places;
    let out = common.places.reports().join(name);
    let mut base = common.places.setup("", &out);
    common
        .places
        .firmware_for(&mut base, &cell.gpu, &cell.firmware)?;
    base.phases = phases;
    base.progress = progress && !common.quiet;
    let module_c = if common.unmodified {
        None
    } else {
        module(&common.module_c, places)?
    };
    let module_rust = module(&common.module_rust, places)?;
    base.exact = common.unmodified;
    Ok(Plan {
        cell,
        base,
        module_c,
        module_rust,
        params: common.params.clone(),
        params_rust: common.params_rust.clone(),
        fresh_c: false,
        out,
        selftests: common.selftests.clone(),
    })
}

/// The exit code that a report stands for.
pub fn code(report: &Value) -> u8 {
    match report["verdict"].as_str() {
        Some("equal") => 0,
        Some("different") => 1,
        _ => 2,
    }
}

/// A report for a cell that could not be run at all, so that whoever reads reports finds one.
fn failed(plan: &Plan, error: &anyhow::Error) -> Value {
    json!({
        "schema": nvkm_ab::report::SCHEMA,
        "name": plan.cell.name,
        "gpu": plan.cell.gpu,
        "firmware": plan.cell.firmware,
        "seams": plan.cell.seams,
        "verdict": "failed",
        "problems": [format!("{error:#}")],
        "differences": [],
        "noise": [],
        "unlisted_noise": [],
        "intended": {"size": 0, "found": [], "unused": []},
        "buffers": [],
        "sides": {},
    })
}

/// Runs one cell and leaves its report as the latest.
pub fn cell(plan: &Plan, common: &Common, pairs: &Pairs) -> Result<Value> {
    let report = match ab::run(plan, pairs) {
        Ok(report) => report,
        Err(e) => {
            let report = failed(plan, &e);
            fs::create_dir_all(&plan.out)?;
            fs::write(
                plan.out.join("report.json"),
                serde_json::to_string_pretty(&report)? + "\n",
            )?;
            report
        }
    };
    html::write(&plan.out, &common.places.build, names::of(&plan.base.abi))?;
    for name in ["report.json", "report.html"] {
        fs::copy(plan.out.join(name), common.places.reports().join(name))?;
    }
    Ok(report)
}

/// What a command line asks for; places and lists may be those of another one.
///
/// # Errors
///
/// It makes no sense, or a part is missing.
pub fn of_args(args: &RunArgs, name: Option<String>, common: &Common) -> Result<Plan> {
    let seams = seam_list(&args.seams)?;
    let cell = Cell {
        name: name.unwrap_or_else(|| matrix::name(&args.gpu, &args.fw, &seams)),
        gpu: args.gpu.clone(),
        firmware: args.fw.clone(),
        seams,
    };
    plan(common, cell, phase_list(&args.common.phases), true)
}

/// `nvkm-ab run`.
///
/// # Errors
///
/// What was asked for makes no sense, or reports cannot be written.
pub fn run(args: &RunArgs) -> Result<u8> {
    let common = &args.common;
    // All three at the same time: the third one shares a processor until another is free.
    slots::limit(common.places.jobs.unwrap_or(3));
    let plan = of_args(args, args.name.clone(), common)?;
    let report = self::cell(&plan, common, &Pairs::default())?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if common.ktap {
        print!("{}", ktap::render(&[report.clone()]));
    } else {
        print!("{}", table::render(&report));
        println!("report       {}", plan.out.join("report.html").display());
    }
    if code(&report) == 2 {
        let problem = report["problems"]
            .get(0)
            .and_then(Value::as_str)
            .unwrap_or("the comparison is void");
        eprintln!("nvkm-ab: {problem}");
    }
    Ok(code(&report))
}

/// A report.
///
/// # Errors
///
/// It is not there, or is none.
pub fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("there is no report {}; run 'make ab' first", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a report", path.display()))
}

/// Directory of everything built.
pub fn build() -> PathBuf {
    PathBuf::from(env::var_os("BUILD").unwrap_or("build".into()))
}

/// Directory of the runs.
pub fn runs() -> PathBuf {
    env::var_os("NVKM_REPORTS").map_or_else(|| build().join("ab"), PathBuf::from)
}

/// The report of the latest run.
fn latest() -> PathBuf {
    runs().join("report.json")
}

/// `nvkm-ab show`.
///
/// # Errors
///
/// There is no such report.
pub fn show(path: Option<&Path>) -> Result<u8> {
    let report = read(&path.map_or_else(latest, Path::to_path_buf))?;
    print!("{}", table::render(&report));
    Ok(code(&report))
}

/// `nvkm-ab ktap`.
///
/// # Errors
///
/// A report is not there.
pub fn ktap(paths: &[PathBuf]) -> Result<u8> {
    let paths = if paths.is_empty() {
        vec![latest()]
    } else {
        paths.to_vec()
    };
    let reports = paths.iter().map(|p| read(p)).collect::<Result<Vec<_>>>()?;
    print!("{}", ktap::render(&reports));
    Ok(reports.iter().map(code).max().unwrap_or(2))
}
