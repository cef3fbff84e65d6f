// SPDX-License-Identifier: GPL-2.0
//! A side as it lies in its directory, ready to be judged.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use nvkm_ab::compare::Run;
use nvkm_ab::counters::Counters;
use nvkm_ab::trace::Trace;
use nvkm_ab::verdict::Side;
use nvkm_ab::vm::guest::Guest;
use serde_json::json;
use serde_json::Value;

use crate::capture::Captured;
use crate::facts::Facts;
use crate::log;
use crate::scrub::Scrubber;
use crate::text;

/// A side, and what else is known of it.
pub struct Loaded {
    /// The side.
    pub side: Side,
    /// How its capture went; none if it did not come so far.
    pub captured: Option<Captured>,
}

fn trace(dir: &Path, facts: &Facts, scrubber: &mut Scrubber) -> Result<Trace> {
    let path = dir.join("trace.txt");
    let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut trace = text::parse(&String::from_utf8_lossy(&bytes), &facts.address)
        .with_context(|| path.display().to_string())?;
    // A card's interrupts come when they come, and two may come as one.
    trace.take_interrupts();
    trace.messages.iter_mut().for_each(|m| scrubber.message(m));
    trace.accesses.iter_mut().for_each(|a| scrubber.access(a));
    Ok(trace)
}

/// The guest's report, its log cut down to the card and free of what identifies the machine.
fn guest(dir: &Path, facts: &Facts, scrubber: &Scrubber) -> Result<Guest> {
    let path = dir.join("guest.jsonl");
    let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut guest = Guest::default();
    guest.feed(&bytes);
    guest.log = log::about(&guest.log, &facts.address);
    for line in &mut guest.log {
        line.text = scrubber.text(&line.text);
    }
    let clean = |error: &mut String| *error = scrubber.text(error);
    guest
        .phases
        .iter_mut()
        .filter_map(|p| p.error.as_mut())
        .for_each(clean);
    if let Some(Err(why)) = &mut guest.end {
        clean(why);
    }
    if facts.compressed {
        // Packed firmware is held twice for a moment whoever unpacks it; what counts that is for files that are not packed.
        for phase in guest.phases.iter_mut().filter(|p| p.phase == "counters") {
            let text = phase
                .data
                .get("rust_gsp")
                .and_then(|m| m[&facts.address].as_str());
            let text = text.unwrap_or_default();
            let words = |l: &str| {
                l.split(' ')
                    .filter(|w| !w.starts_with("copies="))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let text: Vec<String> = text.lines().map(words).collect();
            phase.data.insert(
                "rust_gsp".into(),
                json!({facts.address.clone(): text.join("\n") + "\n"}),
            );
        }
    }
    Ok(guest)
}

/// Gives each phase the steps of GSP's boot and unload that the driver told of in it: they are compared as what it found.
fn steps(guest: &mut Guest, trace: &Trace) {
    for phase in &mut guest.phases {
        let mark = Some(phase.n as u32);
        let of = trace.boot.iter().filter(|b| b.mark == mark);
        let steps: Vec<Value> = of.map(|b| json!([b.phase, b.status])).collect();
        if !steps.is_empty() {
            phase.data.insert("steps".into(), json!(steps));
        }
    }
}

/// Reads a side. What is wrong with it is in [`Side::error`].
pub fn side(out: &Path, name: &str, facts: &Facts, scrubber: &mut Scrubber) -> Loaded {
    let dir = out.join(name);
    let mut error = None;
    let mut guest = guest(&dir, facts, scrubber).unwrap_or_else(|_| {
        error = Some("it did not run".to_string());
        Guest::default()
    });
    let captured: Option<Captured> = fs::read(dir.join("capture.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let trace = trace(&dir, facts, scrubber).unwrap_or_else(|e| {
        error.get_or_insert(format!("its trace cannot be used: {e:#}"));
        Default::default()
    });
    steps(&mut guest, &trace);
    let orderly = error.is_none() && matches!(guest.end, Some(Err(_)));
    match (&guest.end, &captured) {
        _ if error.is_some() => {}
        (Some(Err(why)), _) => error = Some(why.clone()),
        (None, _) | (_, None) => error = Some("it did not come to its end".into()),
        (Some(Ok(())), Some(_)) => {}
    }
    // A comparison of nothing, or of a part, is none.
    let lost = captured.as_ref().map_or(0, |c| c.lost);
    let void = match error {
        _ if lost > 0 => Some(format!(
            "{lost} trace events were lost: the kernel's buffer was too small"
        )),
        None if !trace.problems.is_empty() => {
            Some(format!("its trace is not whole: {}", trace.problems[0]))
        }
        None if trace.messages.is_empty() => {
            Some("the driver's tracepoints told of no message".into())
        }
        None if trace.messages.iter().any(|m| m.missing() > 0) => {
            Some("the driver's tracepoints told of messages without their payload".into())
        }
        None if trace.accesses.is_empty() => {
            Some("the driver's tracepoints told of no register access".into())
        }
        _ => None,
    };
    let orderly = orderly && void.is_none();
    let error = void.or(error);
    let fw = Counters::of_guest(&guest).map_or(facts.firmware.clone(), |c| c.firmware);
    Loaded {
        side: Side {
            name: name.into(),
            run: Run {
                trace,
                guest,
                phases: facts.phases.clone(),
                fw,
            },
            error,
            orderly,
        },
        captured,
    }
}
