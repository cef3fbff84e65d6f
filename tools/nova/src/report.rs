// SPDX-License-Identifier: GPL-2.0
//! `build/nova/report.json`, and the table on the terminal.

use std::fmt::Write;

use serde_json::json;
use serde_json::Value;

use crate::item::Area;
use crate::item::How;
use crate::item::Item;
use crate::machine::FIRMWARE;
use crate::parity::Beside;
use crate::reasons::Reasons;
use crate::run::Cell;
use crate::run::Outcomes;

/// Version of the report's form.
pub const SCHEMA: u32 = 1;

/// What a comparison comes to in one area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// The same.
    pub equal: usize,
    /// In both, but otherwise or elsewhere.
    pub differing: usize,
    /// nova-core's alone.
    pub only_nova: usize,
    /// nvkm's alone.
    pub only_nvkm: usize,
}

impl Sum {
    /// Adds a difference.
    pub fn add(&mut self, item: &Item) {
        match item.place.how {
            How::Differs | How::Moved => self.differing += item.times,
            How::OnlyNova => self.only_nova += item.times,
            How::OnlyNvkm => self.only_nvkm += item.times,
        }
    }
}

/// Sums of an area. Messages and buffers count once each, however many fields of one differ.
pub fn sum(beside: &Beside, area: Area) -> Sum {
    let mut sum = Sum::default();
    for (a, _, times) in &beside.found.equal {
        if *a == area {
            sum.equal += times;
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    for item in beside.found.items().iter().filter(|i| i.place.area == area) {
        match area {
            Area::Message | Area::Buffer if item.place.of != "all" => {
                if seen.contains(&item.place.of.as_str()) {
                    continue;
                }
                seen.push(&item.place.of);
                sum.add(&Item {
                    times: 1,
                    ..item.clone()
                });
            }
            _ => sum.add(item),
        }
    }
    if area == Area::Message {
        sum.only_nvkm += beside.absent.len();
    }
    sum
}

fn item(chip: &str, item: &Item, reasons: &Reasons) -> Value {
    let mut value = json!(item);
    match reasons.of(chip, item) {
        Some(reason) => {
            value["subsystem"] = json!(reason.subsystem);
            value["means"] = json!(reason.means);
            value["why"] = json!(reason.why);
            value["source"] = json!(reason.source);
        }
        None => value["unexplained"] = json!(true),
    }
    value
}

fn sums(beside: &Beside) -> Value {
    let one = |area| {
        let s = sum(beside, area);
        json!({"equal": s.equal, "differing": s.differing, "only_nova": s.only_nova, "only_nvkm": s.only_nvkm})
    };
    json!({"messages": one(Area::Message), "buffers": one(Area::Buffer), "registers": one(Area::Register)})
}

fn cell(cell: &Cell, reasons: &Reasons) -> Value {
    let mut sides = serde_json::Map::new();
    for r in &cell.ran {
        sides.insert(
            r.name.into(),
            json!({
                "good": r.problems.is_empty(),
                "problems": r.problems,
                "last_lines": r.last_lines,
                "messages": r.run.trace.messages.len(),
                "accesses": r.run.trace.accesses.len(),
                "wall_s": (r.wall_s * 10.0).round() / 10.0,
            }),
        );
    }
    let mut value = json!({
        "chip": cell.chip,
        "good": cell.good(),
        "sides": sides,
        "noise": cell.noise,
        "not_the_same_beside_c_and_rust": cell.torn,
    });
    if let Some(c) = &cell.beside {
        value["sums"] = sums(c);
        value["accesses_not_compared"] = json!(c.elsewhere);
        let absent: Vec<&str> = c.absent.iter().map(|a| a.title.as_str()).collect();
        value["absent"] = json!(absent);
        value["left_to_chance"] = json!(c.found.chance);
        let items: Vec<Value> = c
            .found
            .items()
            .iter()
            .map(|i| item(&cell.chip, i, reasons))
            .collect();
        value["differences"] = json!(items);
    }
    value
}

/// The report.
pub fn json(outcomes: &Outcomes) -> Value {
    let unexplained: Vec<Value> = outcomes
        .unexplained
        .iter()
        .map(|(chip, item)| json!({"chip": chip, "difference": item}))
        .collect();
    json!({
        "schema": SCHEMA,
        "kernel": outcomes.kernel,
        "firmware": FIRMWARE,
        "verdict": if outcomes.good() { "good" } else { "bad" },
        "chips": outcomes.cells.iter().map(|c| cell(c, &outcomes.reasons)).collect::<Vec<_>>(),
        "unexplained": unexplained,
        "unused_reasons": outcomes.unused.iter().map(|(c, p)| json!({"chip": c, "reason": p})).collect::<Vec<_>>(),
    })
}

/// At most this many of a kind are shown on the terminal; the report has all.
const SHOWN: usize = 40;

/// The table on the terminal.
pub fn table(outcomes: &Outcomes) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "nova-core beside nvkm, kernel {}, firmware {FIRMWARE}; each: equal, differing, only nova-core's, only nvkm's\n",
        outcomes.kernel
    );
    let _ = writeln!(
        out,
        "{:6}  {:10}  {:16}  {:16}  {:22}  {:5}  C and Rust",
        "chip", "nova-core", "messages", "buffers", "register accesses", "noise"
    );
    for cell in &outcomes.cells {
        let nova = cell.ran.iter().filter(|r| r.name.starts_with("nova"));
        let compared = cell.beside.is_some();
        let booted = nova.clone().all(|r| r.problems.is_empty());
        let shown = |area| match &cell.beside {
            None => "–".to_string(),
            Some(c) => {
                let s = sum(c, area);
                format!(
                    "{}, {}, {}, {}",
                    s.equal, s.differing, s.only_nova, s.only_nvkm
                )
            }
        };
        let _ = writeln!(
            out,
            "{:6}  {:10}  {:16}  {:16}  {:22}  {:5}  {}",
            cell.chip,
            if booted { "booted" } else { "FAILED" },
            shown(Area::Message),
            shown(Area::Buffer),
            shown(Area::Register),
            match compared && cell.ran.iter().any(|r| r.name == "nova2") {
                true => cell.noise.len().to_string(),
                false => "–".into(),
            },
            match (
                cell.ran.iter().any(|r| r.name == "rust"),
                cell.torn.is_empty()
            ) {
                (false, _) => "–",
                (_, true) => "the same",
                (_, false) => "NOT THE SAME",
            }
        );
    }
    problems(outcomes, &mut out);
    let verdict = if outcomes.good() { "good" } else { "bad" };
    let _ = writeln!(out, "\nverdict      {verdict}");
    out
}

fn problems(outcomes: &Outcomes, out: &mut String) {
    for cell in &outcomes.cells {
        for r in cell.ran.iter().filter(|r| !r.problems.is_empty()) {
            for line in &r.last_lines {
                let _ = writeln!(out, "  | {line}");
            }
            for problem in r.problems.iter().take(SHOWN) {
                let _ = writeln!(out, "{} {}: {problem}", cell.chip, r.name);
            }
        }
        for line in cell.noise.iter().take(SHOWN) {
            let _ = writeln!(out, "{}: two runs of nova-core differ: {line}", cell.chip);
        }
        for item in cell.torn.iter().take(SHOWN) {
            let _ = writeln!(
                out,
                "{}: not the same beside C and Rust: {}",
                cell.chip,
                line(item)
            );
        }
    }
    for (chip, item) in outcomes.unexplained.iter().take(SHOWN) {
        let _ = writeln!(out, "{chip}: unexplained: {}", line(item));
    }
    for (chip, place) in outcomes.unused.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "{chip}: a reason that explains nothing: {}",
            line(&Item {
                place: place.clone(),
                nova: String::new(),
                nvkm: String::new(),
                times: 0,
            })
        );
    }
    let more = outcomes.unexplained.len().saturating_sub(SHOWN)
        + outcomes.unused.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(out, "… and {more} more, in the report");
    }
}

/// One line for a person.
fn line(item: &Item) -> String {
    let p = &item.place;
    let how = match p.how {
        How::Differs => "differs",
        How::Moved => "at another place",
        How::OnlyNova => "only nova-core's",
        How::OnlyNvkm => "only nvkm's",
    };
    let value = |text: &str| {
        if text.is_empty() {
            "–".to_string()
        } else {
            text.to_string()
        }
    };
    format!(
        "{}, {} {how}: nova-core {}, nvkm {} ({}×)",
        p.of,
        p.what,
        value(&item.nova),
        value(&item.nvkm),
        item.times
    )
}
