// SPDX-License-Identifier: GPL-2.0
//! A run: the three sides one after the other on one card, whatever happens with everything as it was at the end.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use nvkm_guest::modules;

use crate::facts;
use crate::facts::Facts;
use crate::mounts::Mounts;
use crate::preflight::Preflight;
use crate::report::SIDES;
use crate::restore;
use crate::restore::Before;
use crate::root::Root;
use crate::say;
use crate::secrets::Secrets;
use crate::side;
use crate::side::Common;
use crate::side::Ended;
use crate::watchdog::Watch;
use crate::watchdog::Watchdog;

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Run {
    /// The machine.
    pub root: Root,
    /// Subsystems that Rust serves on its side.
    pub seams: Vec<String>,
    /// Where everything goes.
    pub out: PathBuf,
    /// Module files to load, nouveau last; modprobe's if none.
    pub modules: Vec<PathBuf>,
    /// The phases of a side.
    pub phases: Vec<String>,
    /// How long a phase may take.
    pub limit: Duration,
    /// Reboot when the card cannot be brought back.
    pub reboot: bool,
    /// This program, which is started again as the watchdog.
    pub program: PathBuf,
}

fn load(run: &Run) -> Result<()> {
    const SETTING: &str = "rust_gsp=0";
    if let Some((last, before)) = run.modules.split_last() {
        for module in before {
            modules::load(&module.display().to_string(), "")?;
        }
        return modules::load(&last.display().to_string(), SETTING);
    }
    let output = Command::new("modprobe").args(["nouveau", SETTING]).output();
    let output =
        output.context("modprobe cannot be started; name the module files with --module")?;
    if !output.status.success() {
        bail!(
            "modprobe nouveau: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

/// The value of `rust_gsp` for a side.
fn setting(name: &str, seams: &[String]) -> String {
    match name {
        "rust" if !seams.is_empty() => seams.join(","),
        _ => "0".into(),
    }
}

/// Runs the three sides; what they leave is for [`crate::report::make`].
///
/// # Errors
///
/// The run could not be begun, or the card could not be made what it was.
pub fn run(run: &Run, found: &Preflight) -> Result<()> {
    let root = &run.root;
    let card = found.card.clone().context("no card")?;
    let start = Instant::now();
    fs::create_dir_all(&run.out)
        .with_context(|| format!("{} cannot be made", run.out.display()))?;
    let out = run.out.canonicalize()?;
    // Screens are asked for their names while somebody drives them.
    let mut secrets = Secrets::collect(root);
    let _mounts = Mounts::ensure(root)?;
    let before = Before::of(root, &card);
    if before.setting.is_none() {
        load(run)?;
    }
    secrets.merge(&Secrets::collect(root));
    facts::save_secrets(&out, &secrets)?;
    let mut facts = Facts {
        address: card.address.clone(),
        device: card.device.clone(),
        subsystem: card.subsystem.clone(),
        revision: card.revision.clone(),
        chip: found.chip.map_or(String::new(), |c| c.name.into()),
        firmware: found
            .firmware
            .as_ref()
            .map_or(String::new(), |f| f.version.clone()),
        compressed: found.firmware.as_ref().is_some_and(|f| f.compressed),
        seams: run.seams.clone(),
        phases: run.phases.clone(),
        srcversion: root
            .text("/sys/module/nouveau/srcversion")
            .unwrap_or_default(),
        module: run
            .modules
            .last()
            .map_or("nouveau as installed".into(), |m| m.display().to_string()),
        date: facts::today(),
        preflight: found.public(),
        ..Facts::default()
    };
    facts.save(&out)?;
    for name in SIDES {
        // A side of an earlier run must not be taken for one of this.
        let _ = fs::remove_dir_all(out.join(name));
    }

    let stop = Arc::new(AtomicBool::new(false));
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        signal_hook::flag::register(signal, stop.clone())?;
    }
    let watch = Watch {
        address: card.address.clone(),
        note: out.join("watchdog.txt"),
        step: run.limit,
        runner: Some(process::id() as i32),
        reboot: run.reboot,
    };
    let _ = fs::remove_file(&watch.note);
    let mut dog = Watchdog::start(&run.program, root, &watch)?;
    let common = Common {
        root: root.clone(),
        card: card.clone(),
        out: out.clone(),
        phases: run.phases.clone(),
        limit: run.limit,
        stop: stop.clone(),
    };
    let outcome = sides(run, &common, &mut dog, &mut facts.notes);
    if let Err(e) = &outcome {
        facts.notes.push(format!("the run ended early: {e:#}"));
    }
    // Whatever happened: as it was.
    // A watchdog that is gone is no reason to leave the card as it is.
    let _ = dog.phase("restore", run.limit * 2 + side::GRACE);
    let restored = restore::as_it_was(root, &card, &before, run.limit, &mut |line| say::err(&line));
    match &restored {
        Ok(()) => {
            if before.setting.is_none() && root.is_real() {
                if let Err(e) = modules::unload("nouveau") {
                    facts.notes.push(format!("nouveau stays loaded: {e:#}"));
                }
            }
            if let Err(e) = dog.done() {
                facts
                    .notes
                    .push(format!("the watchdog did not end in order: {e:#}"));
            }
        }
        // The watchdog learns of it by the end of this process, and tries by itself.
        Err(e) => facts
            .notes
            .push(format!("the card is not as it was: {e:#}")),
    }
    facts.wall_s = start.elapsed().as_secs_f64();
    facts.save(&out)?;
    restored.context("the card could not be made what it was; the watchdog tries once more, see watchdog.txt and dmesg")?;
    outcome?;
    if stop.load(Ordering::SeqCst) {
        bail!("stopped; everything is as it was");
    }
    Ok(())
}

fn sides(run: &Run, common: &Common, dog: &mut Watchdog, notes: &mut Vec<String>) -> Result<()> {
    let (root, card) = (common.root.clone(), common.card.clone());
    dog.phase("first-unbind", run.limit + side::GRACE)?;
    restore::bounded("unbind", run.limit, move || card.unbind(&root))?;
    for name in SIDES {
        let began = Instant::now();
        let ended = side::run(common, dog, name, &setting(name, &run.seams))?;
        say::err(&format!(
            "{name:5} {:6.1} s  {}",
            began.elapsed().as_secs_f64(),
            match &ended {
                Ended::Well => "ok".into(),
                Ended::Failed(why) => format!("FAILED: {why}"),
                Ended::Stopped => "stopped".to_string(),
            }
        ));
        match ended {
            Ended::Well => {}
            Ended::Stopped => return Ok(()),
            Ended::Failed(why) => {
                notes.push(format!("{name}: {why}"));
                // With nothing to compare the card is left in peace.
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The program that runs.
///
/// # Errors
///
/// proc is not mounted.
pub fn myself() -> Result<PathBuf> {
    env::current_exe().context("this program's own file")
}
