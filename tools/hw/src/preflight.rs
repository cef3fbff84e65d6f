// SPDX-License-Identifier: GPL-2.0
//! Looking at the machine before anything is done to it: can a comparison run here, and what would it disturb.

pub mod firmware;
pub mod machine;
pub mod module;
pub mod options;
pub mod usage;

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;
use serde_json::Value;

use crate::card;
use crate::card::Card;
use crate::chips;
use crate::chips::Chip;
use crate::chips::Found;
use crate::root::Root;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// A run is possible; whoever starts it should know.
    Warn,
    /// No run is possible.
    No,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// What it came to.
    pub state: State,
    /// What was found: a sentence.
    pub text: String,
    /// What to do about it; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub advice: String,
}

impl Check {
    /// All is well.
    pub fn ok(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, State::Ok, text, "")
    }

    /// Something to know.
    pub fn warn(name: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, State::Warn, text, advice)
    }

    /// Something in the way.
    pub fn no(name: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, State::No, text, advice)
    }

    fn new(
        name: &'static str,
        state: State,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            name,
            state,
            text: text.into(),
            advice: advice.into(),
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The card, if it was named.
    pub device: Option<String>,
    /// Module files to load, nouveau last; what modprobe finds if none.
    pub modules: Vec<PathBuf>,
    /// Whoever asks came by ssh (`SSH_CONNECTION`).
    pub by_ssh: bool,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Preflight {
    /// The card.
    pub card: Option<Card>,
    /// Its chip, as far as it is known.
    pub chip: Option<Chip>,
    /// The newest firmware for it that is there, and whether its files are compressed.
    pub firmware: Option<firmware::Firmware>,
    /// What the run would disturb.
    pub usage: usage::Usage,
    /// The checks, in the order in which a person would want to know.
    pub checks: Vec<Check>,
}

impl Preflight {
    /// Looks at the machine; changes nothing.
    pub fn look(root: &Root, wanted: &Wanted) -> Self {
        let mut found = Self::default();
        let cards = card::all(root);
        let mut checks = vec![machine::privilege(root)];
        match card::select(&cards, wanted.device.as_deref()) {
            Ok(card) => {
                checks.push(Check::ok(
                    "card",
                    format!(
                        "{}: NVIDIA {}, subsystem {}",
                        card.address, card.device, card.subsystem
                    ),
                ));
                checks.push(driver(root, &card));
                let (chip, check) = chip(root, &card);
                found.chip = chip;
                checks.push(check);
                let (firmware, check) = firmware::look(root, chip);
                found.firmware = firmware;
                checks.push(check);
                found.usage = usage::look(root, &card);
                found.card = Some(card);
            }
            Err(e) => {
                let advice = "a card of the families Turing, Ampere, Ada, Hopper or Blackwell is needed; `lspci -d 10de:` lists \
                              what there is";
                checks.push(Check::no("card", format!("{e:#}"), advice));
            }
        }
        checks.extend(module::look(root, &wanted.modules));
        checks.push(machine::kernel_config(root));
        checks.push(options::check(root));
        checks.push(machine::locks(root));
        if let Some(card) = &found.card {
            checks.extend(found.usage.checks(root, card, wanted.by_ssh));
        }
        checks.push(machine::tracing(root));
        checks.push(machine::memory(root));
        found.checks = checks;
        found
    }

    /// Whether nothing is in the way.
    pub fn possible(&self) -> bool {
        self.checks.iter().all(|c| c.state != State::No)
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        for check in &self.checks {
            let state = match check.state {
                State::Ok => "ok  ",
                State::Warn => "warn",
                State::No => "NO  ",
            };
            let _ = writeln!(out, "{state}  {:14} {}", check.name, check.text);
            if !check.advice.is_empty() {
                let _ = writeln!(out, "      {:14} -> {}", "", check.advice);
            }
        }
        let _ = writeln!(out);
        let _ = writeln!(
            out,
            "{}",
            if self.possible() {
                "A run is possible."
            } else {
                "No run is possible; what says NO is in the way."
            }
        );
        out
    }

    /// The same as data for a report, which is nobody's business to tell what programs ran.
    pub fn public(&self) -> Value {
        let mut value = self.json();
        for check in value["checks"].as_array_mut().into_iter().flatten() {
            if check["name"] == "in use" {
                let (programs, screens) = (self.usage.processes.len(), self.usage.screens.len());
                check["text"] = json!(format!("{programs} programs, {screens} screens"));
            }
        }
        value
    }

    /// The same as data.
    pub fn json(&self) -> Value {
        json!({
            "possible": self.possible(),
            "device": self.card.as_ref().map(|c| &c.address),
            "chip": self.chip.map(|c| c.name),
            "firmware": self.firmware.as_ref().map(|f| &f.version),
            "in_use": self.usage.in_use(),
            "checks": self.checks,
        })
    }
}

fn driver(root: &Root, card: &Card) -> Check {
    match card.driver(root).as_deref() {
        None => Check::ok("driver", "no driver has the card"),
        Some("nouveau") => Check::ok("driver", "nouveau has the card"),
        Some("nvidia") => Check::no(
            "driver",
            "NVIDIA's own driver has the card, and is not taken away from it",
            "boot without it (blacklist nvidia, nvidia_drm, nvidia_modeset in /etc/modprobe.d, and nouveau not), then run again",
        ),
        Some(other) => Check::no(
            "driver",
            format!("the driver {other} has the card"),
            format!("it may be in use by a virtual machine; take it from {other} first"),
        ),
    }
}

/// The chip by its own register, or else by what nouveau wrote into the kernel's log.
fn chip(root: &Root, card: &Card) -> (Option<Chip>, Check) {
    let asked = card.boot0(root);
    let found = match &asked {
        Ok(Found::Asleep) | Err(_) => machine::log(root)
            .iter()
            .rev()
            .find_map(|line| chips::of_log(line, &card.address)),
        Ok(found) => Some(*found),
    };
    match found {
        Some(Found::Known(chip)) => {
            let name = format!("{} ({})", chip.name.to_uppercase(), chip.family);
            let check = match chip.boot {
                true => Check::ok("family", name),
                false => Check::warn(
                    "family",
                    format!("{name}: boot in Rust does not know it, C serves boot"),
                    "rpc, fw and gsp can be compared",
                ),
            };
            (Some(chip), check)
        }
        Some(Found::Other(id)) => (
            None,
            Check::no(
                "family",
                format!("chip {id:#x} is not run by GSP-RM"),
                "Turing and newer are",
            ),
        ),
        _ => {
            let why = asked
                .err()
                .map_or("the card sleeps".into(), |e| format!("{e:#}"));
            (
                None,
                Check::warn(
                    "family",
                    format!("the chip is not known yet: {why}"),
                    "run this as root; a card that sleeps is asked when nouveau takes it",
                ),
            )
        }
    }
}
