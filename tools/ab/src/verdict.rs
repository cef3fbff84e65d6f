// SPDX-License-Identifier: GPL-2.0
//! From three runs to one verdict.

use anyhow::Result;
use serde::Serialize;

use crate::address::Table;
use crate::compare;
use crate::compare::buffers;
use crate::compare::buffers::Row;
use crate::compare::dmesg;
use crate::compare::hardware;
use crate::compare::state;
use crate::compare::Difference;
use crate::compare::Kind;
use crate::compare::Run;
use crate::counters::Counters;
use crate::lists::Intended;
use crate::lists::Lists;

/// What the comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// C and Rust did the same.
    Equal,
    /// They did not.
    Different,
    /// The comparison itself is void: a side failed, or the C sides differ from each other.
    Failed,
}

impl Verdict {
    /// The exit code of the program.
    pub fn code(self) -> u8 {
        match self {
            Verdict::Equal => 0,
            Verdict::Different => 1,
            Verdict::Failed => 2,
        }
    }

    /// The word that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Equal => "equal",
            Verdict::Different => "different",
            Verdict::Failed => "failed",
        }
    }
}

/// One of the three runs, and whether it came to its end.
#[derive(Clone, Debug)]
pub struct Side {
    /// `c1`, `c2` or `rust`.
    pub name: String,
    /// The run.
    pub run: Run,
    /// Why it failed.
    pub error: Option<String>,
    /// The failure is the driver's own, reported by a guest that could go on: not a broken machine.
    pub orderly: bool,
}

/// The verdict and all that led to it.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is `failed`: sentences.
    pub problems: Vec<String>,
    /// Differences between the C sides that the list allows.
    pub noise: Vec<Difference>,
    /// Differences between the C sides that it does not.
    pub unlisted_noise: Vec<Difference>,
    /// Differences between C and Rust.
    pub differences: Vec<Difference>,
    /// Differences that are meant.
    pub intended: Vec<Difference>,
    /// Intended differences that did not show.
    pub unused: Vec<Intended>,
    /// What was handed over, C against Rust.
    pub buffers: Vec<Row>,
    /// C and Rust against recordings of the chip itself.
    pub hardware: Vec<hardware::Row>,
}

/// What is wrong with a single run: sentences.
fn complaints(run: &Run) -> Vec<(Kind, String)> {
    let mut found: Vec<(Kind, String)> = Vec::new();
    found.extend(
        dmesg::alarms(run)
            .into_iter()
            .map(|l| (Kind::Dmesg, format!("the kernel warns: {l}"))),
    );
    found.extend(state::leftovers(run).into_iter().map(|l| (Kind::State, l)));
    if let Some(counters) = Counters::of(run) {
        found.extend(counters.check(run).into_iter().map(|l| (Kind::State, l)));
    }
    found
}

/// The word that stands in a run's subsystems where Rust serves none of them and looks at what C does.
pub const SHADOW: &str = "shadow";
/// What it looks at (`SHADOWED` in nvkm-rs/selector/core.rs).
const SHADOWED: [&str; 3] = ["rpc", "fw", "boot"];

/// Whether Rust looked at all that it should have, and as often (sentences), and what it found (sentences).
fn shadowed(run: &Run) -> (Vec<String>, Vec<String>) {
    let numbers = Counters::of(run).unwrap_or_default();
    let (mut missed, mut found) = (Vec::new(), Vec::new());
    let sent = numbers
        .subsystems
        .get("rpc")
        .map_or(0, |s| s.number("sent"));
    for name in SHADOWED {
        let subsystem = numbers.subsystems.get(name);
        let number = |what| subsystem.map_or(0, |s| s.number(what));
        let least = if name == "rpc" { sent.max(1) } else { 1 };
        let (compared, mismatches) = (number("compared"), number("mismatches"));
        if compared < least {
            missed.push(format!(
                "rust: {compared} values of {name} were compared, and {least} at least are to be"
            ));
        }
        if mismatches > 0 {
            found.push(format!(
                "{name}: Rust has {mismatches} of {compared} values otherwise than C"
            ));
        }
    }
    (missed, found)
}

/// Whether Rust served what it should have, and only there.
fn served(sides: &[Side], seams: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for side in sides {
        let served = Counters::of(&side.run)
            .map(|c| c.served_by_rust())
            .unwrap_or_default();
        for (subsystem, &calls) in &served {
            if calls > 0 && (side.name != "rust" || !seams.contains(subsystem)) {
                problems.push(format!(
                    "{}: Rust served {calls} calls of {subsystem}, which is to be C here",
                    side.name
                ));
            }
        }
        if side.name == "rust" && side.error.is_none() {
            let numbers = Counters::of(&side.run).unwrap_or_default();
            for seam in seams.iter().filter(|seam| *seam != SHADOW) {
                if served.get(seam).copied().unwrap_or(0) == 0 {
                    problems.push(format!(
                        "rust: Rust served no call of {seam}: nothing was compared"
                    ));
                }
                let by_c = numbers.calls(seam).0;
                if by_c > 0 {
                    problems.push(format!(
                        "rust: C served {by_c} calls of {seam}, which is to be Rust here"
                    ));
                }
            }
        }
    }
    problems
}

/// Whether Rust was called as often as C is: a call that one of them has and the other has not is work that was not done,
/// or was done elsewhere. A driver that does not count (the distribution's own) has nothing to say.
fn as_often(c: &Run, rust: &Run, seams: &[String]) -> Vec<String> {
    let (Some(c), Some(rust)) = (Counters::of(c), Counters::of(rust)) else {
        return Vec::new();
    };
    let calls = |seam: &String| (c.calls(seam).0, rust.calls(seam).1);
    seams
        .iter()
        .map(|seam| (seam, calls(seam)))
        .filter(|(_, (by_c, by_rust))| by_c != by_rust)
        .map(|(seam, (by_c, by_rust))| {
            format!("{seam}: C served {by_c} calls on its side, Rust {by_rust} on its own")
        })
        .collect()
}

/// Judges three runs: two of C, then one of Rust.
///
/// What is wrong on a C side makes the comparison void; what is wrong only on the Rust side is a difference.
///
/// # Errors
///
/// The committed tables are broken.
pub fn judge(sides: &[Side; 3], lists: &Lists, seams: &[String]) -> Result<Judgement> {
    let [c1, c2, rust] = sides;
    let mut problems = Vec::new();
    let mut own = Vec::new();
    for side in [c1, c2] {
        problems.extend(side.error.iter().map(|e| format!("{}: {e}", side.name)));
        problems.extend(
            complaints(&side.run)
                .into_iter()
                .map(|(_, text)| format!("{}: {text}", side.name)),
        );
    }
    match &rust.error {
        Some(error) if rust.orderly && problems.is_empty() => {
            own.push((Kind::Phase, error.clone()))
        }
        Some(error) => problems.push(format!("rust: {error}")),
        None => {}
    }
    let c_complains: Vec<String> = complaints(&c1.run)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    own.extend(
        complaints(&rust.run)
            .into_iter()
            .filter(|(_, text)| !c_complains.contains(text)),
    );
    problems.extend(served(sides, seams));
    if rust.error.is_none() && seams.iter().any(|seam| seam == SHADOW) {
        let (missed, found) = shadowed(&rust.run);
        problems.extend(missed);
        own.extend(found.into_iter().map(|text| (Kind::State, text)));
    }
    if rust.error.is_none() {
        let sentences = as_often(&c1.run, &rust.run, seams);
        own.extend(sentences.into_iter().map(|text| (Kind::State, text)));
    }

    let table = Table::committed()?;
    let mut held = Vec::new();
    for recording in &lists.recordings {
        for side in [c1, rust].into_iter().filter(|side| side.error.is_none()) {
            let row = recording.compare(&side.name, &side.run, &table);
            if let Some(first) = &row.first {
                let text = format!("not as recorded ({}): {first}", row.recording);
                match side.name.as_str() {
                    "rust" => own.push((Kind::Mmio, text)),
                    _ => problems.push(format!("{}: {text}", side.name)),
                }
            }
            held.push(row);
        }
    }

    let noise = lists.sort_noise(compare::compare(&c1.run, &c2.run)?);
    if !noise.unknown.is_empty() {
        let first = &noise.unknown[0];
        let n = noise.unknown.len();
        problems.push(format!(
            "the two C runs differ in {n} places that the noise list does not have, first {}",
            first.line()
        ));
    }
    let mut sorted = lists.sort_differences(compare::compare(&c1.run, &rust.run)?);
    sorted.unknown.extend(own.into_iter().map(|(kind, text)| {
        Difference {
            kind,
            phase: rust
                .run
                .guest
                .phases
                .last()
                .map_or("boot".into(), |p| p.phase.clone()),
            message: None,
            name: "rust".into(),
            field: String::new(),
            c: String::new(),
            other: text,
        }
    }));
    for entry in &sorted.unused {
        problems.push(format!(
            "an intended difference did not show: {} in phase {}, {} {} ('{}' -> '{}')",
            entry.kind.name(),
            entry.phase,
            entry.name,
            entry.field,
            entry.c,
            entry.other
        ));
    }
    // A void comparison says so first; otherwise an unused entry together with real differences is only their shadow.
    let only_unused = sorted.unused.len() == problems.len();
    let verdict = match (problems.is_empty(), sorted.unknown.is_empty()) {
        (false, false) if only_unused => Verdict::Different,
        (false, _) => Verdict::Failed,
        (true, false) => Verdict::Different,
        (true, true) => Verdict::Equal,
    };
    Ok(Judgement {
        verdict,
        problems,
        noise: compare::shorten(noise.known),
        unlisted_noise: compare::shorten(noise.unknown),
        differences: compare::shorten(sorted.unknown),
        intended: sorted.known,
        unused: sorted.unused,
        buffers: buffers::compare(&c1.run, &rust.run, &table).1,
        hardware: held,
    })
}
