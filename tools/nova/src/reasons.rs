// SPDX-License-Identifier: GPL-2.0
//! Why nova-core and nvkm differ (`data/reasons.json`), matched exactly: what has no reason is unexplained, and a reason that
//! explains nothing is as wrong.

use std::collections::HashMap;
use std::collections::HashSet;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

use crate::item::Area;
use crate::item::How;
use crate::item::Item;
use crate::item::Place;
use crate::machine::CHIPS;

/// Whose doing a difference is, and what it means for moving to nova-core.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// Either way is right: nothing is to be done.
    Either,
    /// nova-core does not do it yet, and will have to.
    Lacks,
    /// nova-core does it wrongly, or leaves something to chance.
    Wrong,
    /// nvkm does more than it needs to.
    Surplus,
    /// nvkm lacks it, or leaves it undone.
    Nvkm,
    /// Which is right is not known here.
    Open,
}

/// One reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    area: Area,
    how: How,
    found: Vec<Group>,
    /// The subsystem whose matter it is.
    pub subsystem: String,
    /// What it means.
    pub means: Means,
    /// Why, in a sentence.
    pub why: String,
    /// Where that can be read.
    pub source: String,
}

/// Where it is found: every combination of what is named, exactly so often.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    of: Vec<String>,
    what: Vec<String>,
    #[serde(default = "once")]
    times: usize,
    /// On these chips; on all if none is named.
    #[serde(default)]
    on: Vec<String>,
}

fn once() -> usize {
    1
}

/// All reasons.
#[derive(Clone, Debug)]
pub struct Reasons {
    all: Vec<Reason>,
    /// By chip and place: which, and how often.
    at: HashMap<(String, Place), (usize, usize)>,
}

#[derive(Deserialize)]
struct File {
    entries: Vec<Reason>,
}

impl Reasons {
    /// Those that this program was built with.
    ///
    /// # Errors
    ///
    /// The file is broken.
    pub fn committed() -> Result<Self> {
        Self::parse(include_str!("../data/reasons.json"), &CHIPS)
            .context("tools/nova/data/reasons.json")
    }

    /// Reads a file; `chips` are all that there are.
    ///
    /// # Errors
    ///
    /// It is broken, names a chip that is not there, or gives one difference two reasons.
    pub fn parse(text: &str, chips: &[&str]) -> Result<Self> {
        let file: File = serde_json::from_str(text)?;
        let mut at = HashMap::new();
        for (n, reason) in file.entries.iter().enumerate() {
            for group in &reason.found {
                if let Some(chip) = group.on.iter().find(|c| !chips.contains(&c.as_str())) {
                    bail!("there is no chip '{chip}'");
                }
                let all: Vec<String> = chips.iter().map(|c| c.to_string()).collect();
                let on = if group.on.is_empty() { &all } else { &group.on };
                for chip in on {
                    for place in group.places(reason) {
                        let key = (chip.clone(), place);
                        if let Some((other, _)) = at.insert(key.clone(), (n, group.times)) {
                            bail!("two reasons ({other} and {n}) for {key:?}");
                        }
                    }
                }
            }
        }
        Ok(Self {
            all: file.entries,
            at,
        })
    }

    /// The reason of a difference on a chip.
    pub fn of(&self, chip: &str, item: &Item) -> Option<&Reason> {
        let key = (chip.to_string(), item.place.clone());
        let (n, times) = self.at.get(&key)?;
        self.all.get(*n).filter(|_| *times == item.times)
    }

    /// What has a reason on a chip and is not among its differences.
    pub fn unused(&self, chip: &str, items: &[Item]) -> Vec<Place> {
        let found: HashSet<&Place> = items.iter().map(|i| &i.place).collect();
        let here = self.at.keys().filter(|(c, _)| c == chip).map(|(_, p)| p);
        let mut unused: Vec<Place> = here.filter(|p| !found.contains(p)).cloned().collect();
        unused.sort();
        unused
    }
}

impl Group {
    /// Every combination of what it names.
    fn places<'a>(&'a self, reason: &'a Reason) -> impl Iterator<Item = Place> + 'a {
        self.of.iter().flat_map(move |of| {
            self.what.iter().map(move |what| Place {
                area: reason.area,
                of: of.clone(),
                what: what.clone(),
                how: reason.how,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Reasons;
    use crate::item::Area;
    use crate::item::How;
    use crate::item::Item;
    use crate::item::Place;

    const ENTRY: &str = r#"{"area": "register", "how": "moved", "found": [
        {"of": ["a", "b"], "what": ["R 0x1", "R 0x2"]}, {"of": ["c"], "what": ["R 0x1"], "times": 2, "on": ["y"]}],
        "subsystem": "boot", "means": "either", "why": "because", "source": "there"}"#;

    fn parse(entries: &str) -> anyhow::Result<Reasons> {
        Reasons::parse(&format!(r#"{{"entries": [{entries}]}}"#), &["x", "y"])
    }

    fn item(of: &str, what: &str, how: How) -> Item {
        let place = Place {
            area: Area::Register,
            of: of.into(),
            what: what.into(),
            how,
        };
        Item {
            place,
            nova: String::new(),
            nvkm: String::new(),
            times: 1,
        }
    }

    #[test]
    fn reasons_match_exactly_and_all_are_used() {
        let reasons = parse(ENTRY).unwrap();
        let known = item("b", "R 0x1", How::Moved);
        assert_eq!(reasons.of("x", &known).unwrap().why, "because");
        for other in [
            item("c", "R 0x1", How::Moved),
            item("b", "R 0x3", How::Moved),
            item("b", "R 0x1", How::OnlyNova),
        ] {
            assert!(reasons.of("x", &other).is_none());
            assert!(reasons.of("y", &other).is_none(), "so often is it not");
        }
        let twice = Item {
            times: 2,
            ..item("c", "R 0x1", How::Moved)
        };
        assert!(reasons.of("y", &twice).is_some() && reasons.of("x", &twice).is_none());
        assert_eq!(reasons.unused("x", &[known.clone()]).len(), 3);
        assert_eq!(reasons.unused("y", &[known]).len(), 4);
    }

    #[test]
    fn what_is_written_wrongly_is_refused() {
        assert!(parse(&format!("{ENTRY}, {ENTRY}")).is_err());
        assert!(parse(r#"{"area": "register"}"#).is_err());
        assert!(parse(&ENTRY.replace("\"why\"", "\"extra\": 1, \"why\"")).is_err());
        assert!(parse(&ENTRY.replace("\"y\"", "\"z\"")).is_err());
        Reasons::committed().unwrap();
    }
}
