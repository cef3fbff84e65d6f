// SPDX-License-Identifier: GPL-2.0
//! The command line. Exit codes: 0 equal (or possible, or done), 1 different (or not possible), 2 failed, 64 wrong usage.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use nvkm_ab::report::table;
use nvkm_ab::seams;

use crate::facts;
use crate::plan;
use crate::plan::Answer;
use crate::preflight::Preflight;
use crate::preflight::Wanted;
use crate::report;
use crate::restore;
use crate::restore::Before;
use crate::root::Root;
use crate::run;
use crate::run::Run;
use crate::say;
use crate::secrets::Secrets;
use crate::side;
use crate::watchdog;
use crate::watchdog::Watch;

/// EX_USAGE (sysexits.h).
const USAGE: u8 = 64;

/// Compares nouveau in C and in Rust on this machine's own NVIDIA card, by unbind, bind and the driver's tracepoints.
#[derive(Parser)]
#[command(version, about)]
pub struct Cli {
    /// A directory that stands for the machine, for tests.
    #[arg(long, hide = true, default_value = "/")]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look at the machine and say whether a run is possible; changes nothing. Exit: 0 possible, 1 not, 2 trouble.
    Check {
        #[command(flatten)]
        which: Which,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// C, C again, Rust on the card; report and archive. Exit: 0 equal, 1 different, 2 failed, 64 wrong usage.
    Run(RunArgs),
    /// Bring the C side back by hand: rust_gsp=0, unbind, bind.
    Restore {
        /// The card's bus address, like 0000:01:00.0 [default: the only one].
        #[arg(long)]
        device: Option<String>,
        /// Seconds that each step may take.
        #[arg(long, default_value_t = 60)]
        limit: u64,
    },
    /// Make report and archive anew from the directory of a run. Exit: as `run`.
    Report {
        /// The directory.
        dir: PathBuf,
        #[command(flatten)]
        sending: Sending,
    },
    /// The process that brings the C side back when a run hangs or dies; started by `run`.
    #[command(hide = true)]
    Watchdog {
        #[arg(long)]
        device: String,
        #[arg(long)]
        note: PathBuf,
        /// Milliseconds for each step.
        #[arg(long)]
        step: u64,
        #[arg(long)]
        runner: Option<i32>,
        #[arg(long)]
        reboot: bool,
    },
}

#[derive(Args)]
struct Which {
    /// The card's bus address, like 0000:01:00.0 [default: the only one].
    #[arg(long)]
    device: Option<String>,
    /// A module file to load if nouveau is not loaded; once for each, in order, nouveau last [default: what modprobe finds].
    #[arg(long = "module")]
    modules: Vec<PathBuf>,
}

impl Which {
    fn wanted(&self) -> Wanted {
        Wanted {
            device: self.device.clone(),
            modules: self.modules.clone(),
            by_ssh: env::var_os("SSH_CONNECTION").is_some(),
        }
    }
}

#[derive(Args)]
struct Sending {
    /// A word that the archive may hold although it is a name of this machine (a common word, for example).
    #[arg(long)]
    allow: Vec<String>,
}

#[derive(Args)]
struct RunArgs {
    #[command(flatten)]
    which: Which,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Do not ask either when the card shows something, or programs have it open.
    #[arg(long)]
    even_if_in_use: bool,
    /// Subsystems that Rust serves on its side: a list, '1' (all that are ready and know the chip), or 'none'.
    #[arg(long, default_value = "1")]
    seams: String,
    /// Where everything goes.
    #[arg(long, default_value = "nvkm-hw-run")]
    out: PathBuf,
    /// Seconds that a phase may take.
    #[arg(long, default_value_t = 60)]
    limit: u64,
    /// Reboot the machine if the watchdog cannot bring the card back.
    #[arg(long)]
    reboot_on_hang: bool,
    /// Phases of a side.
    #[arg(long, hide = true, value_delimiter = ',', default_values_t = side::PHASES.map(String::from))]
    phases: Vec<String>,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sending: Sending,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // --help and --version are no errors.
            let code = if e.use_stderr() { USAGE } else { 0 };
            let _ = e.print();
            return ExitCode::from(code);
        }
    };
    let root = Root::new(&cli.root);
    match dispatch(&root, cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            say::err(&format!("nvkm-hw: {e:#}"));
            ExitCode::from(2)
        }
    }
}

fn dispatch(root: &Root, command: Command) -> Result<u8> {
    match command {
        Command::Check { which, json } => {
            let found = Preflight::look(root, &which.wanted());
            match json {
                true => say::out(&(serde_json::to_string_pretty(&found.json())? + "\n")),
                false => say::out(&found.table()),
            }
            Ok(u8::from(!found.possible()))
        }
        Command::Run(args) => run_all(root, &args),
        Command::Restore { device, limit } => {
            let cards = crate::card::all(root);
            let card = crate::card::select(&cards, device.as_deref())?;
            let mut tell = |line: String| say::out(&(line + "\n"));
            restore::to_c(root, &card.address, Duration::from_secs(limit), &mut tell)?;
            Ok(0)
        }
        Command::Report { dir, sending } => finish(root, &dir, &sending.allow, false),
        Command::Watchdog {
            device,
            note,
            step,
            runner,
            reboot,
        } => {
            let watch = Watch {
                address: device,
                note,
                step: Duration::from_millis(step),
                runner,
                reboot,
            };
            Ok(if watchdog::run(root, &watch, watchdog::stdin()) {
                0
            } else {
                2
            })
        }
    }
}

/// The subsystems that are meant on this chip: `1` leaves out what does not know it.
fn seams(text: &str, found: &Preflight) -> Result<Vec<String>> {
    let mut list = seams::list(text)?;
    if text.trim() == "1" && found.chip.is_some_and(|c| !c.boot) {
        list.retain(|s| s != "boot");
    }
    Ok(list)
}

fn refused(answer: Answer, option: &str) -> Option<u8> {
    match answer {
        Answer::Yes => None,
        Answer::No => {
            say::err("nvkm-hw: nothing was done");
            Some(USAGE)
        }
        Answer::Nobody => {
            say::err(&format!(
                "nvkm-hw: nothing was done: there is nobody to ask; say {option} if it may go on"
            ));
            Some(USAGE)
        }
    }
}

fn run_all(root: &Root, args: &RunArgs) -> Result<u8> {
    // A word that is none should not wait for the machine to be looked at.
    if let Err(e) = seams::list(&args.seams) {
        say::err(&format!("nvkm-hw: {e:#}"));
        return Ok(USAGE);
    }
    let found = Preflight::look(root, &args.which.wanted());
    // With --json the report alone is on standard output.
    let tell = |text: &str| match args.json {
        true => say::err(text.trim_end()),
        false => say::out(text),
    };
    tell(&found.table());
    let Some(card) = found.card.as_ref().filter(|_| found.possible()) else {
        return Ok(2);
    };
    let run = Run {
        root: root.clone(),
        seams: seams(&args.seams, &found)?,
        out: args.out.clone(),
        modules: args.which.modules.clone(),
        phases: args.phases.clone(),
        limit: Duration::from_secs(args.limit),
        reboot: args.reboot_on_hang,
        program: run::myself()?,
    };
    let before = Before::of(root, card);
    tell(&format!(
        "\n{}\n",
        plan::words(&found, &before, &run.seams, run.limit, &run.out)
    ));
    if let Some(code) = refused(plan::ask("Go on?", args.yes), "--yes") {
        return Ok(code);
    }
    if found.usage.in_use() {
        let question = format!(
            "The card is in use by {}. Take it away all the same?",
            found.usage.words()
        );
        if let Some(code) = refused(
            plan::ask(&question, args.even_if_in_use),
            "--even-if-in-use",
        ) {
            return Ok(code);
        }
    }
    let outcome = run::run(&run, &found);
    // One that broke off has something to tell, too.
    let code = match facts::Facts::load(&args.out) {
        Ok(_) => finish(root, &args.out, &args.sending.allow, args.json),
        Err(_) => Ok(2),
    };
    outcome?;
    code
}

/// Makes report and archive, and says what came of it.
fn finish(root: &Root, out: &Path, allowed: &[String], json: bool) -> Result<u8> {
    facts::Facts::load(out)?;
    let made = report::make(out, &Secrets::collect(root), allowed)?;
    match json {
        true => say::out(&(serde_json::to_string_pretty(&made.report)? + "\n")),
        false => say::out(&format!("\n{}", table::render(&made.report))),
    }
    say::err(&format!(
        "page         {}",
        out.join("report.html").display()
    ));
    match &made.archive {
        Ok(path) => say::err(&format!(
            "archive      {} (this one may be sent; the directory names your machine)",
            path.display()
        )),
        Err(e) => say::err(&format!("archive      none: {e:#}")),
    }
    let code = match made.report["verdict"].as_str() {
        Some("equal") => 0,
        Some("different") => 1,
        _ => 2,
    };
    Ok(if made.archive.is_err() { 2 } else { code })
}
