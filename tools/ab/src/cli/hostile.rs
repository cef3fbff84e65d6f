// SPDX-License-Identifier: GPL-2.0
//! `nvkm-ab hostile`: each attack of the virtual GPU's against C and against Rust.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use clap::Args;
use serde_json::json;
use serde_json::Value;

use nvkm_ab::counters::Counters;
use nvkm_ab::hostile;
use nvkm_ab::hostile::Attack;
use nvkm_ab::hostile::Fate;
use nvkm_ab::hostile::Seen;
use nvkm_ab::pool;
use nvkm_ab::vm::run;
use nvkm_ab::vm::slots;

use super::Places;

/// How long a machine may take, of its own time: several times what one takes that comes to an end.
const LIMIT: Duration = Duration::from_secs(150);
const SILENCE: Duration = Duration::from_secs(60);

/// `nvkm-ab hostile`.
#[derive(Args)]
pub struct HostileArgs {
    /// Only attacks whose name contains one of these texts.
    only: Vec<String>,
    /// Only this side.
    #[arg(long, value_parser = ["c", "rust"])]
    side: Option<String>,
    /// Firmware version.
    #[arg(long, default_value = "570.144")]
    fw: String,
    /// Where the report and each run's logs go [default: BUILD/hostile].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print what there is, and end.
    #[arg(long)]
    list: bool,
    /// No progress lines.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    places: Places,
}

fn attacks(vgpu: &Path) -> Result<Vec<Attack>> {
    let said = Command::new(vgpu)
        .arg("--list-attacks")
        .output()
        .with_context(|| format!("{} cannot be started", vgpu.display()))?;
    serde_json::from_slice(&said.stdout)
        .with_context(|| format!("{} does not list its attacks", vgpu.display()))
}

/// One machine.
fn side(args: &HostileArgs, attack: &Attack, rust: bool, out: &Path) -> Result<Seen> {
    let name = if rust { "rust" } else { "c" };
    let out = out.join(&attack.name).join(name);
    let mut setup = args.places.setup(&format!("{} {name}", attack.name), &out);
    args.places
        .firmware_for(&mut setup, &attack.gpu, &args.fw)?;
    setup.module = Some(args.places.module());
    setup.params = format!("rust_gsp={}", u8::from(rust));
    setup.phases = attack.phases();
    setup
        .vgpu_args
        .extend(["--attack".into(), attack.name.clone()]);
    setup.progress = false;
    // Nobody asks it here, and it takes half of all instructions.
    setup.append += " kmemleak=off";
    // Memory is to change while the driver looks at it: the device wants another processor than the driver's.
    setup.own_processor = false;
    let times = if attack.patient { 4 } else { 1 };
    setup.limit = LIMIT * times;
    setup.silence = SILENCE * times;
    let outcome = run::run(&setup)?;
    let device = fs::read_to_string(out.join("device.json")).unwrap_or_default();
    let device = serde_json::from_str(&device).unwrap_or(Value::Null);
    let console = fs::read(out.join("console.log")).unwrap_or_default();
    let console = String::from_utf8_lossy(&console);
    let mut seen = hostile::judge(attack, &outcome, &device, &console);
    // Who served, the module says.
    let served = Counters::of_guest(&outcome.guest).map(|c| c.served_by_rust());
    if let (Some(served), Fate::Handled) = (served, seen.fate) {
        let any = served.values().any(|n| *n > 0);
        if any != rust {
            seen.fate = Fate::Wrong;
            seen.why = format!("rust_gsp={} and Rust served {served:?}", u8::from(rust));
        }
    }
    Ok(seen)
}

/// Runs them, and says so.
fn all(args: &HostileArgs, list: &[Attack], out: &Path) -> Result<Vec<[Option<Seen>; 2]>> {
    let mut work = Vec::new();
    for (n, attack) in list.iter().enumerate() {
        for rust in [false, true] {
            let wanted = args.side.as_deref().is_none_or(|s| (s == "rust") == rust);
            if wanted && (!rust || attack.counts()) {
                work.push((n, rust));
            }
        }
    }
    let ended = AtomicUsize::new(0);
    let one = |(n, rust): &(usize, bool)| -> Result<Seen> {
        let began = Instant::now();
        let seen = side(args, &list[*n], *rust, out)?;
        let count = ended.fetch_add(1, Ordering::Relaxed) + 1;
        if !args.quiet {
            let (of, s) = (work.len(), began.elapsed().as_secs());
            let name = if *rust { "Rust" } else { "C" };
            let why = if seen.why.is_empty() {
                String::new()
            } else {
                format!(": {}", seen.why)
            };
            eprintln!(
                "[{count}/{of}] {:32} {name:4} {}{why} ({s} s)",
                list[*n].name,
                seen.fate.name()
            );
        }
        Ok(seen)
    };
    let seen = pool::each(&work, slots::most(), one)?;
    let mut rows = vec![[None, None]; list.len()];
    for ((n, rust), seen) in work.iter().zip(seen) {
        rows[*n][usize::from(*rust)] = Some(seen);
    }
    Ok(rows)
}

/// `nvkm-ab hostile`.
///
/// # Errors
///
/// There is no such attack, a machine cannot be set up, or the report cannot be written.
pub fn run(args: &HostileArgs) -> Result<u8> {
    let places = &args.places;
    places.limit_jobs();
    let vgpu = places.setup("", Path::new("")).vgpu;
    let mut list = attacks(&vgpu)?;
    if !args.only.is_empty() {
        // A whole name means that one.
        let whole: Vec<String> = list.iter().map(|a| a.name.clone()).collect();
        let like =
            |name: &str, o: &String| name == o || !whole.contains(o) && name.contains(o.as_str());
        list.retain(|a| args.only.iter().any(|o| like(&a.name, o)));
        if list.is_empty() {
            bail!(
                "there is no attack like '{}'; --list prints them",
                args.only.join("', '")
            );
        }
    }
    if args.list {
        for a in &list {
            println!("{:32} {:5} {}", a.name, a.consumer, a.what);
        }
        return Ok(0);
    }
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| places.build.join("hostile"));
    fs::create_dir_all(&out).with_context(|| format!("{} cannot be made", out.display()))?;
    let rows = all(args, &list, &out)?;

    let mut report = Vec::new();
    let mut problems = Vec::new();
    let mut totals: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    println!(
        "{:32} {:5} {:13} {:13} warns",
        "attack", "reads", "C", "Rust"
    );
    for (attack, [c, rust]) in list.iter().zip(&rows) {
        let text = |seen: &Option<Seen>| seen.as_ref().map_or("not run", |s| s.fate.name());
        let of_rust = if attack.counts() {
            text(rust)
        } else {
            "C consumer"
        };
        let warned = |seen: &Option<Seen>| seen.as_ref().is_some_and(|s| s.warnings > 0);
        let warned = match (warned(c), warned(rust)) {
            (false, false) => "",
            (true, false) => "C",
            (false, true) => "Rust",
            (true, true) => "both",
        };
        println!(
            "{:32} {:5} {:13} {of_rust:13} {warned}",
            attack.name,
            attack.consumer,
            text(c)
        );
        for (column, seen) in [c, rust].into_iter().enumerate() {
            let Some(seen) = seen else { continue };
            totals.entry(seen.fate.name()).or_default()[column] += 1;
            if seen.done == 0 && seen.fate <= Fate::Wrong {
                problems.push(format!("{}: the device never did it", attack.name));
            }
        }
        if let Some(seen) = rust.as_ref().filter(|s| s.fate != Fate::Handled) {
            problems.push(format!(
                "{}: Rust: {}: {}",
                attack.name,
                seen.fate.name(),
                seen.why
            ));
        }
        let json = |seen: &Option<Seen>| seen.as_ref().map_or(Value::Null, Seen::json);
        report.push(json!({
            "attack": attack.name, "consumer": attack.consumer, "what": attack.what,
            "c": text(c), "rust": of_rust, "c_seen": json(c), "rust_seen": json(rust),
        }));
    }
    let counted = list.iter().filter(|a| a.counts()).count();
    if args.only.is_empty() && counted < hostile::ENOUGH {
        problems.push(format!(
            "{counted} attacks have a consumer in Rust, of {} that are due",
            hostile::ENOUGH
        ));
    }
    println!(
        "\n{} attacks, {counted} of them on what Rust serves",
        list.len()
    );
    for (fate, [c, rust]) in &totals {
        println!("{fate:13} C {c:3}, Rust {rust:3}");
    }
    for problem in &problems {
        println!("problem: {problem}");
    }
    let whole = json!({
        "schema": 1,
        "whole": args.only.is_empty() && args.side.is_none(),
        "firmware": args.fw,
        "attacks": list.len(),
        "counted": counted,
        "totals": totals,
        "verdict": if problems.is_empty() { "held" } else { "not held" },
        "problems": problems,
        "rows": report,
    });
    // A part is no report of the whole.
    let name = if args.only.is_empty() && args.side.is_none() {
        "report.json"
    } else {
        "part.json"
    };
    fs::write(out.join(name), serde_json::to_string_pretty(&whole)? + "\n")?;
    println!("report       {}", out.join(name).display());
    Ok(u8::from(!problems.is_empty()))
}
