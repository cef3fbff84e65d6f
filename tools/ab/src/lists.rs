// SPDX-License-Identifier: GPL-2.0
//! The committed lists: noise that two C runs may have, and what Rust does differently on purpose.
//!
//! `selftests/noise.json`, `selftests/intended.json` (whatever Rust serves) and `selftests/<subsystem>/intended.json`; their
//! form is documented in selftests/README.md.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;
use serde::Serialize;

use crate::compare::hardware::Recording;
use crate::compare::Difference;
use crate::compare::Kind;
use crate::verdict::SHADOW;

/// How much of it is still noise.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// At most so many differences.
    pub count: Option<usize>,
    /// Numbers that differ by at most so much.
    pub delta: Option<u64>,
}

/// Something that two runs of the same driver may differ in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// The place as [`Difference::place`] names it.
    pub field: String,
    /// Why it cannot be the same.
    pub reason: String,
    /// How much of it is accepted.
    pub bound: Bound,
}

impl Noise {
    fn covers(&self, found: &Difference, used: usize) -> bool {
        let number = |text: &str| match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        let near = |delta: u64| match (number(&found.c), number(&found.other)) {
            (Some(a), Some(b)) => a.abs_diff(b) <= delta,
            _ => false,
        };
        self.field == found.place()
            && self.bound.count.is_none_or(|n| used < n)
            && self.bound.delta.is_none_or(near)
    }
}

/// A difference between C and Rust that is meant.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Intended {
    /// As in [`Difference`]; every field must be the same.
    pub kind: Kind,
    /// See `kind`.
    pub phase: String,
    /// See `kind`.
    pub name: String,
    /// See `kind`.
    #[serde(default)]
    pub field: String,
    /// See `kind`.
    #[serde(default)]
    pub c: String,
    /// See `kind`.
    #[serde(default)]
    pub other: String,
    /// Only with this firmware (all if empty).
    #[serde(default)]
    pub fw: String,
    /// Only on this GPU (all if empty).
    #[serde(default)]
    pub gpu: String,
    /// Only with a kernel whose release has this in it (all if empty): distributions patch theirs.
    #[serde(default)]
    pub kernel: String,
    /// How often it must show.
    #[serde(default = "once")]
    pub times: usize,
    /// Why Rust does it differently.
    pub reason: String,
}

fn once() -> usize {
    1
}

impl Intended {
    /// Puts what this run tries where the text says `{seams}` (the subsystems), `{rust_gsp}` (the module's parameter) or
    /// `{gpu}` (the chip).
    fn expand(&mut self, seams: &[String], gpu: &str) {
        let list = seams.join(",");
        for text in [&mut self.c, &mut self.other] {
            *text = text
                .replace("{seams}", &list)
                .replace("{rust_gsp}", &list)
                .replace("{gpu}", gpu);
        }
    }

    fn is(&self, found: &Difference) -> bool {
        self.kind == found.kind
            && self.phase == found.phase
            && self.name == found.name
            && self.field == found.field
            && self.c == found.c
            && self.other == found.other
    }
}

/// Which run the lists are for.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    /// Firmware version.
    pub fw: &'a str,
    /// Chip.
    pub gpu: &'a str,
    /// The kernel's release.
    pub kernel: &'a str,
    /// The plan's phases.
    pub phases: &'a [String],
}

/// The lists that apply to a run.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Accepted noise.
    pub noise: Vec<Noise>,
    /// Intended differences, each of which must be found exactly once.
    pub intended: Vec<Intended>,
    /// Recordings of the chip itself with that firmware.
    pub recordings: Vec<&'static Recording>,
}

#[derive(Deserialize)]
struct File<T> {
    entries: Vec<T>,
}

/// Where lists come from: the text of one, by its path below `selftests`; none if there is no such list.
pub type Source<'a> = &'a dyn Fn(&str) -> Result<Option<String>>;

fn read<T: for<'a> Deserialize<'a>>(source: Source, path: &str) -> Result<Vec<T>> {
    let Some(text) = source(path)? else {
        return Ok(Vec::new());
    };
    let file: File<T> = serde_json::from_str(&text).with_context(|| path.to_string())?;
    Ok(file.entries)
}

/// What found differences come to, by the lists.
#[derive(Clone, Debug, Default)]
pub struct Sorted {
    /// What no list knows.
    pub unknown: Vec<Difference>,
    /// What is on the list.
    pub known: Vec<Difference>,
    /// Entries that matched nothing.
    pub unused: Vec<Intended>,
}

impl Lists {
    /// Reads the lists that apply from `selftests`: the common one if Rust serves anything, those of the subsystems that it
    /// serves (or `shadow`, where it serves none), and those of other topics (`unmodified`).  Entries for phases that the plan does not have, for another
    /// firmware, GPU or kernel do not apply.
    ///
    /// # Errors
    ///
    /// A list is broken.
    pub fn load(
        selftests: &Path,
        seams: &[String],
        topics: &[String],
        run: &Which,
    ) -> Result<Self> {
        let source = |name: &str| {
            let path = selftests.join(name);
            if !path.exists() {
                return Ok(None);
            }
            fs::read_to_string(&path)
                .map(Some)
                .with_context(|| format!("{} cannot be read", path.display()))
        };
        Self::from(&source, seams, topics, run)
    }

    /// As [`Lists::load`], from anywhere.
    ///
    /// # Errors
    ///
    /// A list is broken.
    pub fn from(source: Source, seams: &[String], topics: &[String], run: &Which) -> Result<Self> {
        let (fw, gpu, phases) = (run.fw, run.gpu, run.phases);
        let serves = seams.iter().any(|seam| seam != SHADOW);
        let common = serves.then(|| "intended.json".to_string());
        let of_topic = |topic: &String| format!("{topic}/intended.json");
        let topics = seams.iter().chain(topics).map(of_topic);
        let mut intended = Vec::new();
        for path in common.into_iter().chain(topics) {
            let mut list: Vec<Intended> = read(source, &path)?;
            for entry in &mut list {
                entry.expand(seams, gpu);
            }
            list.retain(|i| {
                let phase =
                    ["boot", "end"].contains(&i.phase.as_str()) || phases.contains(&i.phase);
                phase
                    && (i.fw.is_empty() || i.fw == fw)
                    && (i.gpu.is_empty() || i.gpu == gpu)
                    && run.kernel.contains(&i.kernel)
            });
            for entry in list {
                intended.extend(std::iter::repeat_n(entry.clone(), entry.times));
            }
        }
        Ok(Self {
            noise: read(source, "noise.json")?,
            intended,
            recordings: Recording::of(gpu, fw),
        })
    }

    /// Sorts what differs between two runs of C.
    pub fn sort_noise(&self, found: Vec<Difference>) -> Sorted {
        let mut sorted = Sorted::default();
        let mut used = vec![0; self.noise.len()];
        for difference in found {
            match (0..used.len()).find(|&n| self.noise[n].covers(&difference, used[n])) {
                Some(n) => {
                    used[n] += 1;
                    sorted.known.push(difference);
                }
                None => sorted.unknown.push(difference),
            }
        }
        sorted
    }

    /// Sorts what differs between C and Rust: noise is dropped, intended differences are used up one by one.
    pub fn sort_differences(&self, found: Vec<Difference>) -> Sorted {
        let mut sorted = Sorted::default();
        let mut open: Vec<&Intended> = self.intended.iter().collect();
        for difference in self.sort_noise(found).unknown {
            match open.iter().position(|i| i.is(&difference)) {
                Some(n) => {
                    open.remove(n);
                    sorted.known.push(difference);
                }
                None => sorted.unknown.push(difference),
            }
        }
        sorted.unused = open.into_iter().cloned().collect();
        sorted
    }
}
