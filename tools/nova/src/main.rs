// SPDX-License-Identifier: GPL-2.0
//! `nvkm-nova`: nova-core's firmware container, and nova-core beside nvkm on the virtual GPU.
//! Exit codes: 0 all is well, 1 something differs that should not, 2 it could not be done.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use clap::Args;
use clap::Parser;
use clap::Subcommand;

use nvkm_ab::vm::slots;
use nvkm_nova::files;
use nvkm_nova::machine::Places;
use nvkm_nova::machine::CHIPS;
use nvkm_nova::machine::FIRMWARE;
use nvkm_nova::plan;
use nvkm_nova::report;
use nvkm_nova::run;
use nvkm_nova::run::Outcomes;
use nvkm_nova::tlv::Tlv;

/// nova-core's firmware container, and nova-core beside nvkm on the virtual GPU.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make nova-core's files of linux-firmware's.
    Tlv {
        /// A directory like /lib/firmware.
        dir: PathBuf,
        /// Chip, such as tu104.
        #[arg(long)]
        gpu: String,
        /// Firmware version.
        #[arg(long, default_value = FIRMWARE)]
        fw: String,
        /// Where they go, in directories like those.
        #[arg(long)]
        out: PathBuf,
    },
    /// Make linux-firmware's files again of those that `tlv` made.
    Untlv {
        /// A directory like /lib/firmware.
        dir: PathBuf,
        /// Chip, such as tu104.
        #[arg(long)]
        gpu: String,
        /// Where they go, in directories like those.
        #[arg(long)]
        out: PathBuf,
    },
    /// Print the tags of a container.
    Show {
        /// A .tlv file.
        file: PathBuf,
    },
    /// Boot nova-core and nvkm, compare, and write the table of migration-plan.md.
    Run(RunArgs),
    /// The same, but only look whether the table is still right; prints KTAP.
    Check(RunArgs),
}

#[derive(Args)]
struct RunArgs {
    /// Chips, separated by commas.
    #[arg(long, default_value = "all")]
    gpu: String,
    /// Machines that run at the same time [default: as many as there are processors].
    #[arg(long)]
    jobs: Option<usize>,
    /// Directory of everything built.
    #[arg(long, env = "BUILD", default_value = "build")]
    build: PathBuf,
    /// Prepared kernel [default: BUILD/kernel/current].
    #[arg(long, env = "NVKM_KERNEL")]
    kernel: Option<PathBuf>,
    /// Modules of nouveau built for it, below on/ [default: BUILD/nouveau].
    #[arg(long, env = "NVKM_NOUVEAU")]
    nouveau: Option<PathBuf>,
    /// nova-core's module [default: OUT/module/nova-core.ko].
    #[arg(long)]
    nova: Option<PathBuf>,
    /// Where traces and the report go [default: BUILD/nova].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The page with the table.
    #[arg(long, default_value = "migration-plan.md")]
    page: PathBuf,
    /// Boot each machine, instead of beginning from a snapshot of one that has booted.
    #[arg(long)]
    fresh: bool,
    /// Seconds of its own time that one machine may run.
    #[arg(long, default_value_t = 180)]
    limit: u64,
    /// No progress lines.
    #[arg(long)]
    quiet: bool,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Tlv { dir, gpu, fw, out } => tlv(&dir, &gpu, &fw, &out),
        Command::Untlv { dir, gpu, out } => untlv(&dir, &gpu, &out),
        Command::Show { file } => show(&file),
        Command::Run(args) => compare(&args),
        Command::Check(args) => check(&args),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            eprintln!("nvkm-nova: {e:#}");
            ExitCode::from(2)
        }
    }
}

fn written(out: &Path, made: &[files::File]) -> Result<u8> {
    files::write(out, made)?;
    for (name, bytes) in made {
        println!("{:10}  {}", bytes.len(), out.join(name).display());
    }
    Ok(0)
}

fn tlv(dir: &Path, gpu: &str, fw: &str, out: &Path) -> Result<u8> {
    written(out, &files::to_nova(dir, gpu, fw)?)
}

fn untlv(dir: &Path, gpu: &str, out: &Path) -> Result<u8> {
    written(out, &files::to_linux_firmware(dir, gpu)?)
}

fn show(file: &Path) -> Result<u8> {
    let tlv = Tlv::read(&files::read(file)?).with_context(|| file.display().to_string())?;
    for (tag, value) in tlv.values() {
        let printable = !value.is_empty() && value.iter().all(|b| (b' '..=b'~').contains(b));
        let text = match (tlv.get_number(&tag.0), printable) {
            (_, true) => String::from_utf8_lossy(value).into_owned(),
            (Ok(number), false) => format!("{number:#x}"),
            _ => format!("{} bytes", value.len()),
        };
        println!("{tag}  {text}");
    }
    Ok(0)
}

fn outcomes(args: &RunArgs, sides: &'static [run::Which]) -> Result<Outcomes> {
    slots::limit(args.jobs.unwrap_or(0));
    let out = args.out.clone().unwrap_or_else(|| args.build.join("nova"));
    let or = |given: &Option<PathBuf>, default: &str| {
        given.clone().unwrap_or_else(|| args.build.join(default))
    };
    let plan = run::Plan {
        places: Places {
            build: args.build.clone(),
            kernel: or(&args.kernel, "kernel/current"),
            nova: args
                .nova
                .clone()
                .unwrap_or_else(|| out.join("module/nova-core.ko")),
            nouveau: or(&args.nouveau, "nouveau").join("on/nouveau.ko"),
            fresh: args.fresh,
            limit: args.limit,
            progress: !args.quiet,
        },
        chips: run::chips(&args.gpu)?,
        sides,
        out: out.clone(),
    };
    let outcomes = run::run(&plan)?;
    let path = out.join(if sides.len() == run::ALL.len() {
        "report.json"
    } else {
        "check.json"
    });
    let text = serde_json::to_string_pretty(&report::json(&outcomes))? + "\n";
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(outcomes)
}

fn compare(args: &RunArgs) -> Result<u8> {
    let found = outcomes(args, run::ALL)?;
    print!("{}", report::table(&found));
    if !found.good() {
        return Ok(1);
    }
    // A table of some chips would not be the one that stands there.
    if found.cells.len() == CHIPS.len() {
        let section = plan::render(&found, Path::new(""))?;
        let new = plan::write(&args.page, &section)?;
        let what = if new { "written anew" } else { "as it was" };
        println!("table        {}: {what}", args.page.display());
    }
    Ok(0)
}

fn check(args: &RunArgs) -> Result<u8> {
    if run::chips(&args.gpu)?.len() != CHIPS.len() {
        bail!("the table is of all chips: it cannot be checked with some");
    }
    let found = outcomes(args, run::FEW)?;
    let mut bad = false;
    let mut say = |good: bool, text: String| {
        bad |= !good;
        println!("{}ok - nova: {text}", if good { "" } else { "not " });
    };
    for cell in &found.cells {
        say(
            cell.good(),
            format!(
                "{}: nova-core boots GSP-RM and unloads it, twice",
                cell.chip
            ),
        );
    }
    say(
        found.unexplained.is_empty(),
        "every difference has its reason".into(),
    );
    say(
        found.unused.is_empty(),
        "every reason has its difference".into(),
    );
    if found.cells.iter().all(|c| c.beside.is_some()) {
        let stale = plan::stale(&args.page, &plan::render(&found, Path::new(""))?)?;
        say(
            stale.is_none(),
            format!("the table of {} is as measured", args.page.display()),
        );
        if let Some(line) = stale {
            println!("# {line}; 'make nova' writes it");
        }
    }
    if bad {
        for line in report::table(&found).lines() {
            println!("# {line}");
        }
    }
    Ok(bad.into())
}
