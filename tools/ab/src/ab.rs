// SPDX-License-Identifier: GPL-2.0
//! One cell: two machines with C, one with Rust, compared, reported.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use anyhow::anyhow;
use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use crate::compare::Run;
use crate::lists::Lists;
use crate::lists::Which;
use crate::names;
use crate::pair::Pairs;
use crate::report;
use crate::report::Cell;
use crate::report::Extra;
use crate::trace::Trace;
use crate::vm::elf;
use crate::vm::guest::Guest;
use crate::vm::kernel::Kernel;
use crate::vm::module;
use crate::vm::run;
use crate::vm::run::Outcome;
use crate::vm::run::Setup;

/// What to compare.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name, GPU, firmware, subsystems.
    pub cell: Cell,
    /// Everything else of a machine; name, place, module and parameters are set for each side.
    pub base: Setup,
    /// Module of the C sides; the distribution's own if none.
    pub module_c: Option<PathBuf>,
    /// Module of the Rust side; the distribution's own if none.
    pub module_rust: Option<PathBuf>,
    /// More module parameters, for all sides.
    pub params: String,
    /// More module parameters, for the Rust side.
    pub params_rust: String,
    /// The C sides boot, whatever the third one does.
    pub fresh_c: bool,
    /// Where the sides' directories and the reports go.
    pub out: PathBuf,
    /// The committed lists.
    pub selftests: PathBuf,
}

/// Parameters of a side.  A module that has no `rust_gsp` (the distribution's own) is not given one.
fn parameters(plan: &Plan, module: &Option<PathBuf>, value: &str, more: &str) -> Result<String> {
    let mut params = format!("{} {more}", plan.params).trim().to_string();
    if let Some(path) = module {
        let elf = fs::read(module::file(path, &plan.base.cache)?)?;
        let info = elf::section(&elf, ".modinfo")
            .with_context(|| path.display().to_string())?
            .unwrap_or_default();
        let has = info
            .split(|b| *b == 0)
            .any(|entry| entry.starts_with(b"parm=rust_gsp:"));
        if has {
            params = format!("{params} rust_gsp={value}").trim().to_string();
        } else if value != "0" {
            bail!("{} has no parameter rust_gsp: it was built without Rust, so there is nothing to compare", path.display());
        }
    } else if value != "0" {
        bail!("the distribution's nouveau has no Rust; give a module with --module-rust");
    }
    Ok(params)
}

fn setup(plan: &Plan, name: &str) -> Result<Setup> {
    let (module, value) = match name {
        "rust" if !plan.cell.seams.is_empty() => (&plan.module_rust, plan.cell.seams.join(",")),
        "rust" => (&plan.module_rust, "0".into()),
        _ => (&plan.module_c, "0".into()),
    };
    let mut setup = plan.base.clone();
    setup.name = name.to_string();
    setup.out = plan.out.join(name);
    let more = if name == "rust" {
        plan.params_rust.as_str()
    } else {
        ""
    };
    setup.params = parameters(plan, module, &value, more)?;
    setup.fresh |= plan.fresh_c && name != "rust";
    setup.module = module.clone();
    // Bit for bit is for what others built and signed.
    setup.exact = plan.base.exact && module.is_none();
    Ok(setup)
}

/// The machines of a cell: both C sides, and the third one.
///
/// # Errors
///
/// A module cannot be read, or has no Rust where Rust is asked for.
pub fn setups(plan: &Plan) -> Result<[Setup; 3]> {
    Ok([setup(plan, "c1")?, setup(plan, "c2")?, setup(plan, "rust")?])
}

/// Runs machines, as many at a time as there are processors.
///
/// # Errors
///
/// One could not be set up at all.
pub fn machines(setups: &[Setup]) -> Result<Vec<Outcome>> {
    thread::scope(|scope| {
        let threads: Vec<_> = setups
            .iter()
            .map(|setup| scope.spawn(move || run::run(setup)))
            .collect();
        let joined = threads.into_iter().zip(setups).map(|(thread, setup)| {
            let outcome = thread.join();
            let outcome = outcome.map_err(|_| anyhow!("a machine's thread died"))?;
            outcome.with_context(|| setup.name.clone())
        });
        joined.collect()
    })
}

fn side(setup: &Setup, outcome: &Outcome) -> crate::verdict::Side {
    let (trace, error) = match Trace::load(&setup.out) {
        Ok(trace) => (trace, outcome.error.clone()),
        // A run that failed may have left no traces; one that did not must have.
        Err(e) => (
            Trace::default(),
            outcome
                .error
                .clone()
                .or(Some(format!("its traces cannot be used: {e:#}"))),
        ),
    };
    let run = Run {
        trace,
        guest: outcome.guest.clone(),
        phases: setup.phases.clone(),
        fw: setup.abi.clone(),
    };
    let orderly = matches!(outcome.guest.end, Some(Err(_)));
    crate::verdict::Side {
        name: setup.name.clone(),
        run,
        error,
        orderly,
    }
}

fn write_log(dir: &Path, guest: &Guest) -> Result<()> {
    let text = guest.last_lines(usize::MAX).join("\n") + "\n";
    let path = dir.join("dmesg.txt");
    // Another cell may have the same file.
    let _ = fs::remove_file(&path);
    fs::write(path, text)?;
    Ok(())
}

/// Runs the cell and writes its report as data; the page is made of that and of the traces ([`report::html::write`]).
///
/// # Errors
///
/// The cell could not be run at all (something needed is missing or broken).
pub fn run(plan: &Plan, pairs: &Pairs) -> Result<Value> {
    let start = Instant::now();
    fs::create_dir_all(&plan.out)
        .with_context(|| format!("{} cannot be made", plan.out.display()))?;
    for old in ["report.json", "report.html"] {
        let _ = fs::remove_file(plan.out.join(old));
    }
    // What a module built here does otherwise than the distribution's own is a list like a subsystem's.
    let mut topics = Vec::new();
    if plan.module_c.is_none() && plan.module_rust.is_some() {
        topics.push("unmodified".into());
    }
    let kernel = Kernel::open(&plan.base.kernel)?;
    let which = Which {
        fw: &plan.base.abi,
        gpu: &plan.cell.gpu,
        kernel: &kernel.release,
        phases: &plan.base.phases,
    };
    let lists = Lists::load(&plan.selftests, &plan.cell.seams, &topics, &which)?;
    let setups = setups(plan)?;
    // Unpacking and stripping once here keeps three threads from doing it three times.
    kernel.image(&plan.base.cache)?;
    let (pair, rust) = thread::scope(|scope| {
        let rust = scope.spawn(|| run::run(&setups[2]));
        let both = || {
            let outcomes = machines(&setups[..2])?;
            <[Outcome; 2]>::try_from(outcomes).map_err(|_| anyhow!("a machine did not run"))
        };
        let pair = pairs.of(&plan.cell.name, [&setups[0], &setups[1]], both);
        let rust = rust.join().map_err(|_| anyhow!("a machine's thread died"));
        anyhow::Ok((pair?, rust?.context("rust")?))
    })?;
    let outcomes = [&pair.outcomes[0], &pair.outcomes[1], &rust];

    let make = |n: usize| side(&setups[n], outcomes[n]);
    let sides = [make(0), make(1), make(2)];
    let extra = |n: usize| Extra {
        module: setups[n]
            .module
            .as_ref()
            .map_or("the distribution's own".into(), |m| m.display().to_string()),
        params: setups[n].params.clone(),
        wall_s: outcomes[n].wall.as_secs_f64(),
        last_lines: outcomes[n].last_lines.clone(),
    };
    for (setup, outcome) in setups.iter().zip(outcomes) {
        write_log(&setup.out, &outcome.guest)?;
    }
    let judgement = crate::verdict::judge(&sides, &lists, &plan.cell.seams)?;
    let extras = [extra(0), extra(1), extra(2)];
    let mut report = report::json(
        &plan.cell,
        &sides,
        &extras,
        &judgement,
        start.elapsed().as_secs_f64(),
    );
    report["pair"] = json!({"of": pair.of, "inputs": pair.inputs});
    let reference = &sides[0].run.trace.messages;
    names::annotate(&mut report, reference, &*names::of(&plan.base.abi));
    fs::write(
        plan.out.join("report.json"),
        serde_json::to_string_pretty(&report)? + "\n",
    )?;
    Ok(report)
}
