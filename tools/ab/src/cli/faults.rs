// SPDX-License-Identifier: GPL-2.0
//! `nvkm-ab faults` and `nvkm-ab plant`.  Exit codes of the first: 0 all are found, 1 one is not, 2 it could not be tried.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use clap::Args;
use clap::Parser;
use clap::ValueEnum;

use nvkm_ab::ab;
use nvkm_ab::faults;
use nvkm_ab::faults::Fault;
use nvkm_ab::faults::Kind;
use nvkm_ab::pair::Pairs;
use nvkm_ab::plant::Built;
use nvkm_ab::plant::Planter;
use nvkm_ab::pool;
use nvkm_ab::rows::Rows;
use nvkm_ab::seams::NAMED;
use nvkm_ab::verdict::SHADOW;
use nvkm_ab::vm::digest;
use nvkm_ab::vm::digest::Digest;
use nvkm_ab::vm::slots;

use super::cells;
use super::cells::Common;
use super::cells::RunArgs;

/// What faults are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum In {
    /// Our Rust: `selftests/<subsystem>/faults.toml`.
    Rust,
    /// Upstream's C: `selftests/seeded`.
    C,
    /// What the steps of `make test-debug` look for: `selftests/debug/faults.toml`.
    Debug,
}

/// `nvkm-ab faults`.
///
/// Deliberate faults must be found out, and the report must point at them: each is planted in a copy of nouveau, which is
/// built and compared with the sound one. The C runs serve all faults that have the same C side. Prints KTAP. Exit codes: 0 all
/// are found, 1 one is not, 2 it could not be tried.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct FaultsArgs {
    /// Only these faults, or those of these subsystems [default: all].
    names: Vec<String>,
    /// What they are in [default: rust and c].
    #[arg(long = "in", value_enum)]
    kinds: Vec<In>,
    /// Only the first N of each file.
    #[arg(long)]
    each: Option<usize>,
    /// Print what there is, and end.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    common: Common,
}

/// `nvkm-ab plant`: builds a nouveau with something planted. Exit codes: 0 built, 1 it does not build, 2 it does not apply.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct PlantArgs {
    /// The tree; it begins as a copy of the sound build. What its last use has planted is taken out.
    tree: PathBuf,
    /// FILE:NAME or FILE.cocci, see `nvkm-overlay apply --help`.
    #[arg(required = true)]
    plants: Vec<String>,
    /// What to make.
    #[arg(long, default_value = "modules")]
    targets: String,
    #[command(flatten)]
    places: super::Places,
}

fn planter(places: &super::Places) -> Planter {
    let setup = places.setup("", Path::new(""));
    Planter {
        kernel: setup.kernel,
        sound: places.module().with_file_name(""),
        overlay: setup.vgpu.with_file_name("nvkm-overlay"),
    }
}

/// `nvkm-ab plant`.
///
/// # Errors
///
/// There is no sound build, or a program is missing.
pub fn plant(args: &PlantArgs) -> Result<u8> {
    let targets: Vec<&str> = args.targets.split_whitespace().collect();
    match planter(&args.places).build(&args.tree, &args.plants, &targets)? {
        Built::Yes => Ok(0),
        Built::No(lines) => {
            lines.iter().for_each(|line| eprintln!("  | {line}"));
            let log = Planter::log(&args.tree);
            eprintln!(
                "nvkm-ab: {} does not build; see {}",
                args.tree.display(),
                log.display()
            );
            Ok(1)
        }
        Built::DoesNotApply(why) => bail!("{why}"),
    }
}

/// What came of a fault.
struct Tried {
    /// What names it, or why it was not found.
    outcome: Result<String, String>,
    /// Words behind its name.
    how: &'static str,
}

/// All that a fault is tried with.
struct Bench<'a> {
    args: &'a FaultsArgs,
    planter: Planter,
    /// Trees that nobody builds in.
    trees: Mutex<Vec<PathBuf>>,
    pairs: Pairs,
}

impl Bench<'_> {
    fn tried(&self, fault: &Fault) -> Result<Tried> {
        let free = self
            .trees
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let tree = free.context("more faults at a time than trees")?;
        let tried = self.in_tree(fault, &tree);
        self.trees
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(tree);
        tried
    }

    fn in_tree(&self, fault: &Fault, tree: &Path) -> Result<Tried> {
        let targets: &[&str] = match fault.must_not_build() {
            true => &["nvkm-rs/nvkm_rs.o", "nvkm/subdev/gsp/rust.o"],
            false => &["modules"],
        };
        self.planter.restore(tree)?;
        let built = self.planter.build(tree, &[fault.plant.clone()], targets)?;
        let not = |why: String| Tried {
            outcome: Err(why),
            how: "",
        };
        match (built, fault.must_not_build()) {
            (Built::DoesNotApply(why), _) => Ok(not(format!("does not apply: {why}"))),
            (Built::Yes, true) => Ok(not("builds, and must not".into())),
            (Built::No(_), true) => {
                let log = fs::read_to_string(Planter::log(tree)).unwrap_or_default();
                let said = log.lines().find(|line| fault.expect.is_match(line));
                let outcome = said.map(|line| line.trim().to_string());
                let why = || format!("the compiler does not say '{}'", fault.expect);
                Ok(Tried {
                    outcome: outcome.ok_or_else(why),
                    how: " does not build",
                })
            }
            (Built::No(lines), false) => Ok(not(format!("does not build: {}", lines.join("\n")))),
            (Built::Yes, false) => self.run(fault, tree),
        }
    }

    fn run(&self, fault: &Fault, tree: &Path) -> Result<Tried> {
        let module = tree.join("nouveau.ko");
        let options: Vec<String> = match &fault.kind {
            Kind::Debug(step) => return self.step(fault, step, &module),
            Kind::Rust(subsystem) => vec!["--seams".into(), subsystem.clone()],
            Kind::C(options) => [&["--seams".into(), "none".into()], &options[..]].concat(),
        };
        // As its name and options would be taken from a command line.
        let run = OneRun::try_parse_from([vec!["run".into()], options].concat())?.args;
        let name = fault.title().replace(": ", "-");
        let mut plan = cells::of_args(&run, Some(name), &self.args.common)?;
        plan.module_rust = Some(module);
        plan.base.progress = false;
        let report = ab::run(&plan, &self.pairs)?;
        let mut outcome = fault.judge(&report);
        if outcome.is_ok() && fault.kind == Kind::Rust("shadow".into()) {
            let harm = fault.harm(&report);
            if !harm.is_empty() {
                outcome = Err(format!(
                    "it is not that line of the log alone: {}",
                    harm.join("\n")
                ));
            }
        }
        let how = match report["verdict"].as_str() {
            Some("different") => ": different",
            _ => ": failed",
        };
        Ok(Tried { outcome, how })
    }

    /// A step of tools/debug with the faulty module.
    fn step(&self, fault: &Fault, step: &str, module: &Path) -> Result<Tried> {
        let build = &self.args.common.places.build;
        let said = Command::new("tools/debug")
            .arg(step)
            .env("NVKM_MODULE", module)
            .env("LOGS", build.join("test/planted"))
            .env("OUT", build.join("debug/planted"))
            .envs([("COMMANDS", "4000"), ("LIMIT", "600"), ("SILENCE", "200")])
            .stdin(Stdio::null())
            .output()
            .context("tools/debug cannot be started")?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let line = text.lines().find(|line| fault.expect.is_match(line));
        let outcome = match (said.status.code(), line) {
            (Some(1), Some(line)) => Ok(line.chars().take(200).collect()),
            (Some(1), None) => Err(format!(
                "the step fails and does not say '{}': {text}",
                fault.expect
            )),
            _ => Err(format!("the step does not fail: {text}")),
        };
        Ok(Tried {
            outcome,
            how: " fails its step",
        })
    }
}

/// For options that are written down.
#[derive(Parser)]
struct OneRun {
    #[command(flatten)]
    args: RunArgs,
}

fn wanted(args: &FaultsArgs, overlay: &Path) -> Result<Vec<Fault>> {
    let selftests = &args.common.selftests;
    let kinds = match args.kinds.is_empty() {
        true => &[In::Rust, In::C][..],
        false => &args.kinds,
    };
    let mut files = Vec::new();
    for kind in kinds {
        match kind {
            In::Rust => {
                for subsystem in NAMED.iter().chain(&[SHADOW]) {
                    files.push(faults::rust(selftests, subsystem, overlay)?);
                }
            }
            In::C => files.push(faults::c(selftests)?),
            In::Debug => files.push(faults::debug(selftests, overlay)?),
        }
    }
    let mut all: Vec<Fault> = Vec::new();
    let of = |fault: &Fault, name: &String| {
        fault.name == *name || fault.kind == Kind::Rust(name.clone())
    };
    for name in &args.names {
        if !files.iter().flatten().any(|f| of(f, name)) {
            bail!("there is no fault '{name}', and no subsystem with some; --list prints them");
        }
    }
    for file in files {
        let chosen = file
            .into_iter()
            .filter(|f| args.names.is_empty() || args.names.iter().any(|n| of(f, n)));
        all.extend(chosen.take(args.each.unwrap_or(usize::MAX)));
    }
    Ok(all)
}

/// What a row depends on: the sources of the sound build, the kernel, the programs, the firmware, the committed lists.
fn inputs(common: &Common, sound: &Path) -> Result<Digest> {
    let setup = common.places.setup("", Path::new(""));
    let mut digest = Digest::new();
    let list = sound.join(".overlay-files");
    let list = fs::read_to_string(&list).with_context(|| format!("{}", list.display()))?;
    for name in list.lines() {
        digest.text(name);
        digest.text(&digest::file(&sound.join(name))?);
    }
    digest.text(&digest::tree(&common.selftests)?);
    digest.text(&digest::file(&setup.kernel.join("vmlinuz"))?);
    digest.text(&digest::tree(&setup.firmware)?);
    let own = std::env::current_exe()?;
    for program in [
        "nvkm-overlay",
        "nvkm-vgpu",
        "nvkm-guest",
        "nvkm-waiter",
        "nvkm-ab",
    ] {
        digest.text(&digest::file(&own.with_file_name(program))?);
    }
    Ok(digest)
}

/// `nvkm-ab faults`.
///
/// # Errors
///
/// There is no such fault, or a part is missing.
pub fn run(args: &FaultsArgs) -> Result<u8> {
    let places = &args.common.places;
    places.limit_jobs();
    let planter = planter(places);
    let list = wanted(args, &planter.overlay)?;
    if args.list {
        for fault in &list {
            println!("{:40} {}", fault.title(), fault.expect);
        }
        return Ok(0);
    }
    let start = Instant::now();
    let rows = Rows::open(&places.build.join("rows/faults"), places.resume)?;
    let inputs = inputs(&args.common, &planter.sound)?;
    let nouveau = planter.sound.with_file_name("");
    // Steps of tools/debug are long and have a machine's directory each.
    let workers = match list.iter().any(|f| matches!(f.kind, Kind::Debug(_))) {
        true => 1,
        false => slots::most(),
    };
    let trees = (0..workers).map(|n| nouveau.join(format!("faulty-{n}/on")));
    let bench = Bench {
        args,
        planter,
        trees: Mutex::new(trees.collect()),
        pairs: Pairs::default(),
    };
    println!("1..{}", list.len());
    let failed = pool::each(&list, workers, |fault| {
        let mut own = inputs.clone();
        own.text(&fault.title());
        let inputs = own.end();
        if let Some(said) = rows.passed(&fault.title(), &inputs) {
            println!("ok - {} (as before): {said}", fault.title());
            return Ok(false);
        }
        let began = Instant::now();
        let tried = bench.tried(fault)?;
        let took = began.elapsed();
        let failed = tried.outcome.is_err();
        let text = match tried.outcome {
            Ok(said) => {
                rows.pass(&fault.title(), &inputs, &said, took)?;
                format!(
                    "# {}\nok - {}{}",
                    said.replace('\n', " "),
                    fault.title(),
                    tried.how
                )
            }
            Err(why) => {
                let why = why.replace('\n', "\n# ");
                format!("# {why}\nnot ok - {}", fault.title())
            }
        };
        println!("{text}");
        if !args.common.quiet {
            eprintln!("# {} took {:.0} s", fault.name, took.as_secs_f64());
        }
        Ok(failed)
    })?;
    let failed = failed.into_iter().filter(|f| *f).count();
    let (n, took) = (list.len(), start.elapsed().as_secs());
    println!("# {n} faults, {} found, {took} s", n - failed);
    Ok(u8::from(failed > 0))
}
