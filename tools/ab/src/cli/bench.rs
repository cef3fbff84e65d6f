// SPDX-License-Identifier: GPL-2.0
//! `nvkm-ab bench`.  Exit codes: 0 all targets hold, 1 one does not, 2 it could not be measured.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use clap::Args;

use nvkm_ab::ab;
use nvkm_ab::bench;
use nvkm_ab::bench::Row;
use nvkm_ab::vm::run::Setup;

use super::cells;
use super::page;
use super::phase_list;
use super::Places;

/// A bind of a large image takes seconds, and a busy machine more: an A/B run's limits are not meant for that.
const MORE_TIME: u32 = 5;

/// `nvkm-ab bench`.
///
/// Measures what binding the device takes: instructions (guest time under icount) of all of it and of firmware loading
/// alone (nvkm_gsp_new_ and tu102_gsp_oneinit by kernel probes, with and without the kernel's reading of files), and
/// memory (free before, least free during, and after). Time and memory are measured at different binds. Leaves
/// BUILD/bench/report.json and report.html. Exit codes: 0 all targets hold, 1 one does not, 2 it could not be measured.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct BenchArgs {
    /// GPU:FIRMWARE, separated by commas.
    #[arg(long, default_value = "tu104:570.144,tu104:535.113.01,ga106:570.144")]
    cells: String,
    /// Subsystems that Rust serves on the Rust side.
    #[arg(long, default_value = "fw")]
    seams: String,
    /// Binds that are timed, each side.
    #[arg(long, default_value_t = 7)]
    binds: u32,
    /// Binds during which memory is watched, each side.
    #[arg(long, default_value_t = 5)]
    memory_binds: u32,
    /// Module of both sides [default: NOUVEAU/on/nouveau.ko].
    #[arg(long)]
    module: Option<PathBuf>,
    /// Name of the directory below BUILD.
    #[arg(long, default_value = "bench")]
    name: String,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// No progress lines.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    places: Places,
}

fn setup(args: &BenchArgs, gpu: &str, fw: &str, side: &str, seams: &str) -> Result<Setup> {
    let places = &args.places;
    let out = places
        .build
        .join(&args.name)
        .join(format!("{gpu}-{fw}"))
        .join(side);
    let mut setup = places.setup(side, &out);
    places.firmware_for(&mut setup, gpu, fw)?;
    setup.module = cells::module(&args.module, places)?;
    if setup.module.is_none() {
        bail!("the distribution's nouveau has no Rust to be measured");
    }
    // The kernel can only probe a module that it could trace.
    setup.exact = true;
    setup.params = format!("rust_gsp={seams}");
    setup.phases = bench::phases(args.binds, args.memory_binds);
    setup.progress = !args.quiet;
    setup.limit *= MORE_TIME;
    setup.silence *= MORE_TIME;
    Ok(setup)
}

fn cell(
    args: &BenchArgs,
    cell: &str,
    seams: &[String],
    kernel: &mut Option<String>,
) -> Result<Vec<Row>> {
    let (gpu, fw) = cell
        .split_once(':')
        .with_context(|| format!("'{cell}' is not GPU:FIRMWARE"))?;
    let setups = [
        setup(args, gpu, fw, "c", "0")?,
        setup(args, gpu, fw, "rust", &seams.join(","))?,
    ];
    let outcomes = ab::machines(&setups)?;
    for (setup, outcome) in setups.iter().zip(&outcomes) {
        if let Some(error) = &outcome.error {
            for line in &outcome.last_lines {
                eprintln!("  {} | {line}", setup.name);
            }
            bail!(
                "{cell}, {}: {error} (all logs in {})",
                setup.name,
                setup.out.display()
            );
        }
    }
    let [c, rust] = [&outcomes[0].guest, &outcomes[1].guest];
    if kernel.is_none() {
        kernel.clone_from(&c.release);
    }
    bench::rows(&cell.replace(':', " "), c, rust, seams)
}

/// Runs the machines, writes the reports.
///
/// # Errors
///
/// What was asked for makes no sense, or reports cannot be written.
pub fn run(args: &BenchArgs) -> Result<u8> {
    let start = Instant::now();
    args.places.limit_jobs();
    if args.name.is_empty() || args.name.contains('/') || args.name.starts_with('.') {
        bail!(
            "'{}' cannot be the name of a directory below BUILD",
            args.name
        );
    }
    if args.binds < 5 || args.memory_binds < 3 {
        bail!("fewer than 5 binds, or 3 for memory, have no median worth the name");
    }
    let seams = cells::seam_list(&args.seams)?;
    if seams.is_empty() {
        bail!("with nothing in Rust there is nothing to compare");
    }
    let out = args.places.build.join(&args.name);
    fs::create_dir_all(&out).with_context(|| format!("{} cannot be made", out.display()))?;
    let (mut rows, mut problems, mut kernel) = (Vec::new(), Vec::new(), None);
    for name in phase_list(&args.cells) {
        if !args.quiet {
            eprintln!("--- {name}");
        }
        match cell(args, &name, &seams, &mut kernel) {
            Ok(found) => rows.extend(found),
            Err(e) => problems.push(format!("{e:#}")),
        }
    }
    let wall = start.elapsed().as_secs_f64();
    let report = bench::json(kernel.as_deref(), &seams, &rows, &problems, wall);
    let text = serde_json::to_string_pretty(&report)? + "\n";
    fs::write(out.join("report.json"), &text)?;
    fs::write(out.join("report.html"), bench::page::render(&report))?;
    // The page of the latest run shows the bench too, if there was a run.
    let _ = page::latest(&args.places.build);
    if args.json {
        print!("{text}");
    } else {
        print!("{}", bench::table(&report));
        println!("report   {}", out.join("report.html").display());
    }
    Ok(bench::code(&report))
}
