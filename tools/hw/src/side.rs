// SPDX-License-Identifier: GPL-2.0
//! One side of the comparison: binds the driver with one setting, takes the card through the phases, writes down what
//! happened.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use nvkm_guest::copy;
use nvkm_guest::kmsg::Kmsg;
use serde_json::json;
use serde_json::Value;

use crate::capture::Capture;
use crate::card;
use crate::card::Card;
use crate::counters;
use crate::preflight::machine;
use crate::restore::bounded;
use crate::restore::PARAMETER;
use crate::root::Root;
use crate::watchdog::Watchdog;

/// The phases of a side. The counters are read last, when nothing more will be sent: they outlive the unbind.
pub const PHASES: [&str; 5] = ["bind", "probe", "copy", "unbind", "counters"];
/// Work that a phase leaves behind (queues, deferred frees) belongs to it and not to the next one.
const SETTLE: Duration = Duration::from_millis(100);
/// How much longer the watchdog waits than the run itself, which can still say what it was that hung.
pub const GRACE: Duration = Duration::from_secs(10);

/// What all sides share.
#[derive(Clone, Debug)]
pub struct Common {
    /// The machine.
    pub root: Root,
    /// The card.
    pub card: Card,
    /// Where the sides' directories go.
    pub out: PathBuf,
    /// The phases.
    pub phases: Vec<String>,
    /// How long a phase may take.
    pub limit: Duration,
    /// Set by SIGINT and SIGTERM.
    pub stop: Arc<AtomicBool>,
}

/// How a side ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All phases went well.
    Well,
    /// A phase failed.
    Failed(String),
    /// Somebody wanted it to stop.
    Stopped,
}

/// The report of a side, in the form in which the virtual machine's program reports.
struct Report(File);

impl Report {
    fn send(&mut self, line: &Value) -> Result<()> {
        writeln!(self.0, "{line}").context("writing guest.jsonl")?;
        // The machine may not live to the next line.
        self.0.sync_data().context("writing guest.jsonl")
    }

    fn log(&mut self, kmsg: &mut Kmsg, phase: &str) -> Result<()> {
        let mut text = String::new();
        kmsg.drain(|r| {
            let line =
                json!({"t": "log", "phase": phase, "prio": r.prio, "us": r.us, "text": r.text});
            text.push_str(&format!("{line}\n"));
        })?;
        self.0
            .write_all(text.as_bytes())
            .context("writing guest.jsonl")
    }
}

/// Runs a side.
///
/// # Errors
///
/// It could not be begun, or what happened could not be written down.
pub fn run(context: &Common, dog: &mut Watchdog, name: &str, setting: &str) -> Result<Ended> {
    let (root, card) = (&context.root, &context.card);
    let dir = context.out.join(name);
    fs::create_dir_all(&dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    for old in ["guest.jsonl", "trace.txt", "capture.json"] {
        let _ = fs::remove_file(dir.join(old));
    }
    dog.phase(&format!("setting-{name}"), context.limit + GRACE)?;
    root.write(PARAMETER, &format!("{setting}\n"))?;
    let is = root.text(PARAMETER).unwrap_or_default();
    if is != setting {
        bail!("rust_gsp reads '{is}' after '{setting}' was written");
    }
    let before = counters::read(root, card).unwrap_or_default();
    let mut kmsg = Kmsg::open_at_end(&root.path("/dev/kmsg"))?;
    let mut report = Report(File::create(dir.join("guest.jsonl"))?);
    report.send(&json!({"t": "start", "release": machine::release(root), "phases": context.phases, "setting": setting}))?;
    let capture = Capture::start(root, card, &dir.join("trace.txt"))?;
    let mut ended = Ended::Well;
    for (n, phase) in context.phases.iter().enumerate() {
        if context.stop.load(Ordering::SeqCst) {
            ended = Ended::Stopped;
            break;
        }
        capture.mark(n)?;
        dog.phase(&format!("{name}-{phase}"), context.limit + GRACE)?;
        report.send(&json!({"t": "begin", "n": n, "phase": phase}))?;
        let start = Instant::now();
        let (r, c, p, b) = (root.clone(), card.clone(), phase.clone(), before.clone());
        let outcome = bounded(phase, context.limit, move || step(&r, &c, &p, &b));
        thread::sleep(SETTLE);
        report.log(&mut kmsg, phase)?;
        let ms = start.elapsed().as_millis() as u64;
        let mut line =
            json!({"t": "phase", "n": n, "phase": phase, "ok": outcome.is_ok(), "ms": ms});
        match outcome {
            Ok(data) => {
                if let (Value::Object(fields), Some(line)) = (data, line.as_object_mut()) {
                    line.extend(fields);
                }
                report.send(&line)?;
            }
            Err(e) => {
                line["error"] = json!(format!("{e:#}"));
                report.send(&line)?;
                ended = Ended::Failed(format!("phase {phase}: {e:#}"));
                break;
            }
        }
    }
    capture.mark(context.phases.len())?;
    let captured = capture.finish()?;
    fs::write(
        dir.join("capture.json"),
        serde_json::to_string(&captured)? + "\n",
    )?;
    match &ended {
        Ended::Well => report.send(&json!({"t": "end", "ok": true}))?,
        Ended::Failed(why) => report.send(&json!({"t": "end", "ok": false, "error": why}))?,
        // A run that was stopped has no end, and no verdict.
        Ended::Stopped => {}
    }
    Ok(ended)
}

fn step(root: &Root, card: &Card, phase: &str, before: &str) -> Result<Value> {
    match phase {
        "bind" => {
            card.bind(root, "nouveau")?;
            // nouveau lets an idle card sleep after some seconds; when that would be is chance.
            let power = card.file("power/control");
            if root.exists(&power) {
                root.write(&power, "on")?;
            }
            Ok(json!({}))
        }
        "probe" => probe(root, card),
        "copy" => copy::run(&path(root, &render(root, card)?)),
        "unbind" => {
            card.unbind(root)?;
            let left = card.nodes(root);
            match left.is_empty() {
                true => Ok(json!({})),
                false => bail!("{} still there after unbind", left.join(", ")),
            }
        }
        "counters" => {
            let after =
                counters::read(root, card).context("the driver has no counters in debugfs")?;
            Ok(json!({"rust_gsp": {card.address.clone(): counters::since(before, &after)}}))
        }
        _ => bail!("there is no phase named '{phase}'"),
    }
}

fn path(root: &Root, absolute: &str) -> String {
    root.path(absolute).display().to_string()
}

fn render(root: &Root, card: &Card) -> Result<String> {
    let nodes = card.nodes(root);
    let node = nodes.iter().find(|n| n.starts_with("renderD"));
    Ok(format!(
        "/dev/dri/{}",
        node.context("the card has no render node")?
    ))
}

fn probe(root: &Root, card: &Card) -> Result<Value> {
    for kind in ["card", "renderD"] {
        let there = || {
            let nodes = card.nodes(root);
            let node = nodes.iter().find(|n| n.starts_with(kind));
            node.is_some_and(|n| Path::new(&path(root, &format!("/dev/dri/{n}"))).exists())
        };
        if !card::wait(Duration::from_secs(10), there) {
            bail!("no node {kind}N appeared in /dev/dri for the card");
        }
    }
    Ok(json!({}))
}
