// SPDX-License-Identifier: GPL-2.0
//! What lies beside a report: the traces of its sides, and the latest reports of `make bench` and `make hostile`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::address::Table;
use crate::compare::mmio;
use crate::compare::wire;
use crate::compare::Run;
use crate::names::Names;
use crate::names::Plain;
use crate::report::html::list;
use crate::trace::Access;
use crate::trace::Message;
use crate::trace::Trace;
use crate::verdict::Side;
use crate::vm::firmware;
use crate::vm::guest::Guest;

/// The sides, in the order of all columns.
pub const SIDES: [&str; 3] = ["c1", "c2", "rust"];

/// A side's trace, ready to be shown and to be compared.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The run as it was.
    pub run: Run,
    /// Its messages with addresses numbered, as they are compared.
    pub messages: Vec<Message>,
    /// Its register accesses as they are compared.
    pub accesses: Vec<Access>,
}

impl Seen {
    fn new(run: Run) -> Option<Self> {
        let table = Table::committed().ok()?;
        Some(Self {
            messages: wire::normalised(&run, &table),
            accesses: mmio::collapsed(&run, &table),
            run,
        })
    }
}

/// Everything that a page shows beyond the report itself.
pub struct Evidence {
    /// `c1`, `c2`, `rust`; none where there is no trace.
    pub sides: [Option<Seen>; 3],
    /// The report of `make bench`.
    pub bench: Option<Value>,
    /// The report of `make hostile`.
    pub hostile: Option<Value>,
    /// What fields are called.
    pub names: Box<dyn Names>,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            sides: [None, None, None],
            bench: None,
            hostile: None,
            names: Box::new(Plain),
        }
    }
}

/// A file that may not be there, or be something else.
fn json(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// The phases that the sides went through: a side that failed knows only the first of them.
fn phases(report: &Value) -> Vec<String> {
    let of = |side: &Value| -> Vec<String> {
        let all = list(&side["phases"]).iter();
        all.filter_map(|p| p["phase"].as_str().map(String::from))
            .collect()
    };
    SIDES
        .iter()
        .map(|name| of(&report["sides"][name]))
        .max_by_key(Vec::len)
        .unwrap_or_default()
}

impl Evidence {
    /// That of three runs.
    pub fn of(sides: &[Side; 3], names: Box<dyn Names>) -> Self {
        Self {
            sides: [0, 1, 2].map(|n| Seen::new(sides[n].run.clone())),
            names,
            ..Self::default()
        }
    }

    /// What lies in a run's directory. A trace that is not there, or is broken, is left out: the report says why.
    pub fn load(dir: &Path, report: &Value, names: Box<dyn Names>) -> Self {
        let phases = phases(report);
        let fw = firmware::abi(report["firmware"].as_str().unwrap_or_default());
        let side = |name: &str| {
            // A run that came to nothing may have found an older one's traces there.
            if report["sides"][name].is_null() {
                return None;
            }
            let trace = Trace::load(&dir.join(name)).ok()?;
            let mut guest = Guest::default();
            guest.feed(&fs::read(dir.join(name).join("guest.jsonl")).unwrap_or_default());
            Seen::new(Run {
                trace,
                guest,
                phases: phases.clone(),
                fw: fw.to_string(),
            })
        };
        Self {
            sides: SIDES.map(side),
            names,
            ..Self::default()
        }
    }

    /// With what other commands left below the build directory.
    pub fn with_build(mut self, build: &Path) -> Self {
        self.bench = json(&build.join("bench/report.json"));
        self.hostile = json(&build.join("hostile/report.json"));
        self
    }

    /// The two sides that are compared, C first, if both have traces.
    pub fn pair(&self) -> Option<(&Seen, &Seen)> {
        Some((self.sides[0].as_ref()?, self.sides[2].as_ref()?))
    }
}
