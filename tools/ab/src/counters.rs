// SPDX-License-Identifier: GPL-2.0
//! The driver's own account of who served what (`/sys/kernel/debug/nouveau/rust_gsp/<pci>`), and whether it adds up.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::compare::Run;
use crate::trace::Queue;
use crate::vm::guest::Guest;

/// One subsystem's counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Subsystem {
    /// Who serves it at the last bind: `c` or `rust`.
    pub owner: String,
    /// Its numbers by name (`c_calls`, `rust_calls`, `sent`, `received`, `events`, `errors`, `compared`, `mismatches`).
    pub numbers: BTreeMap<String, u64>,
}

impl Subsystem {
    /// A number, 0 if the driver does not give it.
    pub fn number(&self, name: &str) -> u64 {
        self.numbers.get(name).copied().unwrap_or(0)
    }
}

/// What the file said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// How often the device was bound.
    pub bind: u64,
    /// The setting at the last bind.
    pub requested: String,
    /// The firmware version at the last bind.
    pub firmware: String,
    /// The subsystems.
    pub subsystems: BTreeMap<String, Subsystem>,
}

impl Counters {
    /// Parses the file.  Lines that are not understood are left out: a newer driver may have more.
    pub fn parse(text: &str) -> Self {
        let mut counters = Self::default();
        for (key, value) in text.lines().filter_map(|l| l.split_once(':')) {
            let value = value.trim();
            match key.trim() {
                "bind" => counters.bind = value.parse().unwrap_or(0),
                "requested" => counters.requested = value.to_string(),
                "firmware" => counters.firmware = value.to_string(),
                name => {
                    let mut subsystem = Subsystem::default();
                    for (field, number) in
                        value.split_whitespace().filter_map(|w| w.split_once('='))
                    {
                        if field == "owner" {
                            subsystem.owner = number.to_string();
                        } else if let Ok(number) = number.parse() {
                            subsystem.numbers.insert(field.to_string(), number);
                        }
                    }
                    counters.subsystems.insert(name.to_string(), subsystem);
                }
            }
        }
        counters
    }

    /// The last counters that a guest reported; none if its driver has no such file.
    pub fn of(run: &Run) -> Option<Self> {
        Self::of_guest(&run.guest)
    }

    /// As [`Counters::of`].
    pub fn of_guest(guest: &Guest) -> Option<Self> {
        let phase = guest
            .phases
            .iter()
            .rev()
            .find(|p| p.phase == "counters" && p.ok)?;
        let text = phase
            .data
            .get("rust_gsp")?
            .as_object()?
            .values()
            .next()?
            .as_str()?;
        Some(Self::parse(text))
    }

    /// Calls that Rust served, by subsystem. (A line without an owner is none's: the sum of what was compared.)
    pub fn served_by_rust(&self) -> BTreeMap<String, u64> {
        self.subsystems
            .iter()
            .filter(|(_, s)| !s.owner.is_empty())
            .map(|(name, s)| (name.clone(), s.number("rust_calls")))
            .collect()
    }

    /// Calls of a subsystem that C served, and that Rust did.
    pub fn calls(&self, name: &str) -> (u64, u64) {
        self.subsystems
            .get(name)
            .map_or((0, 0), |s| (s.number("c_calls"), s.number("rust_calls")))
    }

    /// Whether the driver's counts are what the device saw: sentences about what is not.
    ///
    /// Only what was before the counters were read counts: messages up to that phase's mark.
    pub fn check(&self, run: &Run) -> Vec<String> {
        let Some(rpc) = self.subsystems.get("rpc") else {
            return Vec::new();
        };
        let last = run
            .phases
            .iter()
            .rposition(|p| p == "counters")
            .unwrap_or(run.phases.len());
        let seen = |q| {
            let before = |mark: Option<u32>| mark.is_none_or(|n| (n as usize) < last);
            run.trace
                .messages
                .iter()
                .filter(|m| m.q == q && before(m.mark))
                .count() as u64
        };
        let mut wrong = Vec::new();
        for (name, queue, verb) in [
            ("sent", Queue::Cmdq, "sent"),
            ("received", Queue::Msgq, "received"),
        ] {
            let (said, saw) = (rpc.number(name), seen(queue));
            if said != saw {
                wrong.push(format!(
                    "the driver counts {said} messages {verb}, the device saw {saw}"
                ));
            }
        }
        // The cells have uncompressed firmware, which need not be held twice.
        let copies = self
            .subsystems
            .get("fw")
            .map_or(0, |fw| fw.number("copies"));
        if copies > 0 {
            wrong.push(format!(
                "GSP-RM's image was held twice in {copies} binds (counter copies)"
            ));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::Counters;

    #[test]
    fn the_file_is_understood() {
        let text = "bind: 2\nrequested: rpc\nfirmware: 570.144\nrpc: owner=rust c_calls=0 rust_calls=123 sent=4\nnew thing\n";
        let counters = Counters::parse(text);
        assert_eq!(
            (
                counters.bind,
                counters.requested.as_str(),
                counters.firmware.as_str()
            ),
            (2, "rpc", "570.144")
        );
        assert_eq!(counters.served_by_rust()["rpc"], 123);
        assert_eq!(counters.subsystems["rpc"].owner, "rust");
        assert_eq!(counters.subsystems["rpc"].number("sent"), 4);
        assert_eq!(counters.subsystems["rpc"].number("received"), 0);
        let text = "fw: owner=c c_calls=4 rust_calls=0 compared=7 mismatches=1\nshadow: compared=7 mismatches=1\n";
        let counters = Counters::parse(text);
        assert_eq!(counters.subsystems["fw"].number("mismatches"), 1);
        assert_eq!(counters.subsystems["shadow"].number("compared"), 7);
        assert_eq!(counters.served_by_rust().len(), 1);
    }
}
