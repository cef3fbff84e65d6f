// SPDX-License-Identifier: GPL-2.0
//! A device that misbehaves, and what becomes of a driver on it: which phases a guest goes through, and what its report means.

use serde::Deserialize;
use serde_json::json;
use serde_json::Value;

use crate::vm::guest::Guest;
use crate::vm::run::Outcome;

/// Attacks with a consumer in Rust that a whole run must have at least.
pub const ENOUGH: usize = 60;
/// Guest milliseconds that a phase may take: some retries of the driver's longest time-out.
const BOUND: u64 = 60_000;
/// What the model prints when it is asked for event 1.
const EVENT: &str = "MMU fault made by the virtual GPU on request";

/// Whether and how a driver can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// As if nothing had been.
    Intact,
    /// After unbind and bind.
    Disturbed,
    /// It does not take the device before that is honest again.
    Refused,
    /// It may take it.
    Either,
}

/// An attack, as `nvkm-vgpu --list-attacks` tells of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Attack {
    /// Its name.
    pub name: String,
    /// Subsystem that reads what is wrong; `c` for those that have no Rust.
    pub consumer: String,
    /// What it is.
    pub what: String,
    /// Chip.
    pub gpu: String,
    /// Phases while the device is hostile.
    pub during: String,
    /// What must be possible afterwards.
    pub after: After,
    /// Nothing needs to be said about it.
    pub quiet: bool,
    /// The driver may take minutes.
    pub patient: bool,
    /// It begins with the guest's command.
    pub waits: bool,
}

impl Attack {
    /// Whether it has a consumer in Rust, so that it counts.
    pub fn counts(&self) -> bool {
        self.consumer != "c"
    }

    /// The phases of a guest. All that the attack could spoil may fail, so that what comes behind is seen.
    pub fn phases(&self) -> Vec<String> {
        let begin = if self.waits {
            "load,probe,copy,event=200"
        } else {
            "load,?probe"
        };
        let honest = if self.waits {
            "event=201,?copy,?event=1,?unbind,?bind"
        } else {
            "event=201,?unbind,?bind"
        };
        [
            begin,
            &self.during,
            honest,
            "?copy,?event=1,?unbind,?counters,?unload",
        ]
        .iter()
        .flat_map(|part| part.split(','))
        .filter(|phase| !phase.is_empty())
        .map(String::from)
        .collect()
    }
}

/// What became of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// An error, or a message dropped; and everything works afterwards.
    Handled,
    /// It lives, and does not do what it should.
    Wrong,
    /// It, or the machine, does not come to an end in time.
    Hang,
    /// A sanitizer has found an access that should not be.
    Kasan,
    /// The kernel itself failed.
    Oops,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Handled,
        Self::Wrong,
        Self::Hang,
        Self::Kasan,
        Self::Oops,
    ];

    /// As reports and tables have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Wrong => "wrong result",
            Self::Hang => "hang",
            Self::Kasan => "KASAN",
            Self::Oops => "oops",
        }
    }
}

/// What was seen of a side.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What became of it.
    pub fate: Fate,
    /// Why that is so; empty for [`Fate::Handled`].
    pub why: String,
    /// What the driver said of the attack.
    pub said: Vec<String>,
    /// How often the device did it.
    pub done: u64,
    /// Kernel warnings on the way.
    pub warnings: usize,
}

impl Seen {
    /// For a report.
    pub fn json(&self) -> Value {
        json!({"outcome": self.fate.name(), "why": self.why, "said": self.said, "done": self.done, "warnings": self.warnings})
    }
}

const OOPS: [&str; 9] = [
    "BUG: unable to handle",
    "BUG: kernel NULL",
    "Oops:",
    "general protection fault",
    "kernel BUG at",
    "Kernel panic",
    "divide error",
    "rust_kernel: panicked",
    "stack-protector",
];
/// Reports of KASAN and UBSAN, of the checks of lists, reference counts, locks and contexts.
const SANITIZER: [&str; 10] = [
    "BUG: KASAN",
    "UBSAN:",
    "list_add corruption",
    "list_del corruption",
    "refcount_t:",
    "WARNING: possible",
    "WARNING: suspicious",
    "WARNING: inconsistent",
    "BUG: sleeping function",
    "BUG: scheduling while atomic",
];
const HUNG: [&str; 3] = ["blocked for more than", "soft lockup", "workqueue lockup"];
/// `WARN_ON()`: nouveau's C has one around many an errno, whoever returned that. Reported beside the fate.
const WARNED: &str = "WARNING:";
/// What is wrong, and harms nobody at once: DMA memory that is lost, say. (That nouveau_bo_sync_for_device() takes pages that lie
/// together for one mapping is reported now and then, whatever the device does.)
const WORSE: [&str; 4] = [
    "BUG: ",
    "INFO: possible",
    "device driver has pending DMA",
    "device driver tries to free",
];

/// The first line with one of these words.
fn first<'a>(mut lines: impl Iterator<Item = &'a str>, words: &[&str]) -> Option<&'a str> {
    lines.find(|t| words.iter().any(|w| t.contains(w)))
}

/// Judges a run. `console` is what the machine said on its console: the last words of a kernel that died.
pub fn judge(attack: &Attack, outcome: &Outcome, device: &Value, console: &str) -> Seen {
    let guest = &outcome.guest;
    let done = device["attack"]["done"].as_u64().unwrap_or(0);
    let strike = if attack.waits { "event=200" } else { "load" };
    let begun = |phase: &str| phase.trim_start_matches('?') == strike;
    let from = guest
        .phases
        .iter()
        .position(|p| begun(&p.phase))
        .unwrap_or(0);
    let calm = guest
        .phases
        .iter()
        .position(|p| p.phase == "event=201")
        .unwrap_or(usize::MAX);
    // Until the device is bound anew: what is said of it may come with the next call.
    let until = guest.phases.iter().rposition(|p| p.phase == "?bind");
    let hostile: Vec<&str> = guest.phases[from..until.unwrap_or(guest.phases.len()).max(from)]
        .iter()
        .map(|p| p.phase.as_str())
        .collect();
    let mut said: Vec<String> = guest
        .log
        .iter()
        // A message that nobody wants is dumped, which nouveau does at the level of information.
        .filter(|l| l.prio <= 4 || l.text.contains("msg fn:"))
        .filter(|l| l.text.contains("nouveau") && !l.text.contains(EVENT))
        .filter(|l| !l.text.contains("taints kernel") && hostile.contains(&l.phase.as_str()))
        .map(|l| l.text.clone())
        .collect();
    let lines = said.len();
    said.truncate(8);
    let warnings = guest.log.iter().filter(|l| l.text.contains(WARNED)).count();
    let seen = |fate, why: String| Seen {
        fate,
        why,
        said: said.clone(),
        done,
        warnings,
    };

    let log = || guest.log.iter().map(|l| l.text.as_str());
    // A sanitizer's report comes before what it has led to.
    if let Some(text) = first(log().chain(console.lines()), &SANITIZER) {
        return seen(Fate::Kasan, text.to_string());
    }
    if let Some(text) = first(log().chain(console.lines()), &OOPS) {
        return seen(Fate::Oops, text.to_string());
    }
    if let Some(text) = first(log(), &HUNG) {
        return seen(Fate::Hang, text.to_string());
    }
    if let Some(error) = &outcome.error {
        return seen(Fate::Hang, error.clone());
    }
    if let Some(slow) = guest.phases.iter().find(|p| p.ms > BOUND) {
        return seen(
            Fate::Hang,
            format!("{} took {} s of guest time", slow.phase, slow.ms / 1000),
        );
    }
    if let Some(text) = first(log(), &WORSE) {
        return seen(Fate::Wrong, text.to_string());
    }
    if let Some(why) = undone(attack, guest, calm) {
        return seen(Fate::Wrong, why);
    }
    if attack.after == After::Intact {
        let left = device["objects"].as_array().map_or(0, Vec::len);
        if left > 0 {
            return seen(Fate::Wrong, format!("{left} RM objects were left behind"));
        }
    }
    if lines == 0 && !attack.quiet {
        return seen(Fate::Wrong, "nothing was said of it".into());
    }
    seen(Fate::Handled, String::new())
}

/// What should have been possible and was not.
fn undone(attack: &Attack, guest: &Guest, calm: usize) -> Option<String> {
    let failed = |n: usize| {
        let p = &guest.phases[n];
        let error = p.error.clone().unwrap_or_default();
        (!p.ok).then(|| format!("{}: {error}", p.phase.trim_start_matches('?')))
    };
    let count = guest.phases.len();
    // Behind the second bind everything must be well, whatever the attack was.
    let bind = guest.phases.iter().rposition(|p| p.phase == "?bind")?;
    if let Some(why) = (bind..count).find_map(failed) {
        return Some(why);
    }
    let event = guest.log.iter().filter(|l| l.text.contains(EVENT)).count();
    let events = guest
        .phases
        .iter()
        .filter(|p| p.phase == "?event=1" && p.ok)
        .count();
    match attack.after {
        After::Intact => {
            if let Some(why) = (0..bind).find_map(failed) {
                return Some(why);
            }
            if event != events {
                return Some(format!("{event} of {events} later events were handled"));
            }
        }
        After::Disturbed => {
            // It must be possible to take the driver from the device.
            let unbind = (calm.min(count)..bind).find(|n| guest.phases[*n].phase == "?unbind");
            let taken = guest.phases[..bind]
                .iter()
                .any(|p| p.phase == "?unbind" && p.ok);
            if let (false, Some(n)) = (taken, unbind) {
                return failed(n);
            }
        }
        After::Refused => {
            let probe = guest.phases.iter().find(|p| p.phase == "?probe")?;
            if probe.ok {
                return Some("the device was taken".into());
            }
        }
        After::Either => {}
    }
    if event == 0 {
        return Some("a later event was not handled".into());
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::vm::guest::Log;
    use crate::vm::guest::Phase;

    fn attack(after: After, waits: bool) -> Attack {
        Attack {
            name: "x".into(),
            consumer: "rpc".into(),
            what: String::new(),
            gpu: "tu104".into(),
            during: if waits { "?copy".into() } else { String::new() },
            after,
            quiet: false,
            patient: false,
            waits,
        }
    }

    /// A guest that went through all phases but those, with a line of the driver's in the attack.
    fn guest(attack: &Attack, failed: &[&str]) -> Guest {
        let mut guest = Guest::default();
        for (n, phase) in attack.phases().into_iter().enumerate() {
            let ok = !failed.contains(&phase.trim_start_matches('?'));
            let said = |text: &str| Log {
                phase: phase.clone(),
                prio: 3,
                us: 0,
                text: text.into(),
            };
            if phase == "event=200" || phase == "load" && !attack.waits {
                guest.log.push(said("nouveau 0000:00:04.0: gsp: rpc: bad"));
            }
            if phase == "?event=1" && ok {
                guest.log.push(said(&format!("nouveau: Xid:31 {EVENT}")));
            }
            guest.phases.push(Phase {
                n,
                phase,
                ok,
                ..Phase::default()
            });
        }
        guest
    }

    fn fate(attack: &Attack, guest: Guest) -> Seen {
        let outcome = Outcome {
            guest,
            error: None,
            last_lines: Vec::new(),
            wall: Duration::ZERO,
        };
        judge(attack, &outcome, &json!({"attack": {"done": 1}}), "")
    }

    #[test]
    fn all_is_well() {
        let it = attack(After::Intact, true);
        let seen = fate(&it, guest(&it, &[]));
        assert_eq!((seen.fate, seen.done), (Fate::Handled, 1), "{}", seen.why);
        let it = attack(After::Refused, false);
        assert_eq!(fate(&it, guest(&it, &["probe"])).fate, Fate::Handled);
    }

    #[test]
    fn what_must_not_fail() {
        let it = attack(After::Intact, true);
        for phase in ["copy", "event=1", "unbind", "bind", "unload"] {
            assert_eq!(fate(&it, guest(&it, &[phase])).fate, Fate::Wrong, "{phase}");
        }
        let it = attack(After::Refused, false);
        assert_eq!(fate(&it, guest(&it, &[])).why, "the device was taken");
        assert_eq!(fate(&it, guest(&it, &["probe", "bind"])).fate, Fate::Wrong);
    }

    #[test]
    fn silence_is_wrong_unless_it_is_meant() {
        let mut it = attack(After::Intact, true);
        let mut quiet = guest(&it, &[]);
        quiet.log.retain(|l| !l.text.contains("bad"));
        assert_eq!(fate(&it, quiet.clone()).why, "nothing was said of it");
        it.quiet = true;
        assert_eq!(fate(&it, quiet).fate, Fate::Handled);
    }

    #[test]
    fn the_kernel_has_the_last_word() {
        let it = attack(After::Intact, true);
        for (text, fate_of) in [
            ("BUG: KASAN: slab-out-of-bounds in x", Fate::Kasan),
            ("UBSAN: array-index-out-of-bounds", Fate::Kasan),
            ("BUG: unable to handle page fault", Fate::Oops),
            ("INFO: task x blocked for more than 10 seconds", Fate::Hang),
            (
                "WARNING: possible circular locking dependency detected",
                Fate::Kasan,
            ),
            ("WARNING: CPU: 0 PID: 1 at x", Fate::Handled),
            ("BUG: Bad page state", Fate::Wrong),
            (
                "DMA-API: pci 0000:00:04.0: device driver has pending DMA allocations",
                Fate::Wrong,
            ),
        ] {
            let mut g = guest(&it, &[]);
            g.log.push(Log {
                text: text.into(),
                ..Log::default()
            });
            assert_eq!(fate(&it, g).fate, fate_of, "{text}");
        }
        let mut g = guest(&it, &[]);
        g.phases[5].ms = BOUND + 1;
        assert_eq!(fate(&it, g).fate, Fate::Hang);
    }
}
