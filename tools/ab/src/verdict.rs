// SPDX-License-Identifier: GPL-2.0
//! From three runs to one verdict.

use anyhow::Result;
use serde::Serialize;

use crate::compare;
use crate::compare::dmesg;
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
            for seam in seams
                .iter()
                .filter(|s| served.get(*s).copied().unwrap_or(0) == 0)
            {
                problems.push(format!(
                    "rust: Rust served no call of {seam}: nothing was compared"
                ));
            }
        }
    }
    problems
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
    })
}
