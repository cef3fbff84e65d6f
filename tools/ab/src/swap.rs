// SPDX-License-Identifier: GPL-2.0
//! Many binds of one device, C and Rust in turns (the guest's phase `swap=N`): whether each served what it should, whether
//! a message was lost, and whether more memory was kept than the distribution's own driver keeps in as many binds.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::compare::dmesg;
use crate::compare::state;
use crate::compare::Run;
use crate::counters::Counters;
use crate::trace::Queue;

/// `NV_VGPU_MSG_FUNCTION_GSP_SET_SYSTEM_INFO` (rm/r535/nvrm/rpcfn.h): the first message of every boot.
const FN_SET_SYSTEM_INFO: u32 = 72;

/// One bind: what the driver counted, and what the device saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bind {
    /// What `rust_gsp` was set to.
    pub setting: String,
    /// Messages that the driver says it sent and received.
    pub said: (u64, u64),
    /// Messages that the device took and gave.
    pub saw: (u64, u64),
    /// Calls that C and Rust served, by subsystem: name, owner, calls of C, calls of Rust.
    pub calls: Vec<(String, String, u64, u64)>,
    /// Errors that the driver counted.
    pub errors: u64,
}

/// The phase's place in the plan and its data.
fn phase(run: &Run) -> Option<(u32, &serde_json::Map<String, Value>)> {
    let phases = &run.guest.phases;
    let found = phases.iter().find(|p| p.phase.starts_with("swap="))?;
    Some((found.n as u32, &found.data))
}

/// The binds of the phase, in order; none if it did not run.
pub fn binds(run: &Run) -> Vec<Bind> {
    let Some((mark, data)) = phase(run) else {
        return Vec::new();
    };
    // Each boot has a first command, and a message queue that begins anew; either may be seen first.
    let mut seen: Vec<(u64, u64)> = Vec::new();
    let (mut command, mut message) = (true, true);
    for m in run.trace.messages.iter().filter(|m| m.mark == Some(mark)) {
        let first = match m.q {
            Queue::Cmdq if m.function == FN_SET_SYSTEM_INFO => Some(&mut command),
            Queue::Msgq if m.elem_seq == 0 => Some(&mut message),
            _ => None,
        };
        if let Some(known) = first {
            if *known {
                (command, message) = (false, false);
                seen.push((0, 0));
            }
            match m.q {
                Queue::Cmdq => command = true,
                Queue::Msgq => message = true,
            }
        }
        // Before the first are the last messages of the bind that was there.
        if let Some(last) = seen.last_mut() {
            match m.q {
                Queue::Cmdq => last.0 += 1,
                Queue::Msgq => last.1 += 1,
            }
        }
    }
    // The counters go on from bind to bind.
    let mut before = Counters::parse(data.get("start").and_then(Value::as_str).unwrap_or(""));
    let mut all = Vec::new();
    let list = data.get("binds").and_then(Value::as_array);
    for (n, bind) in list.into_iter().flatten().enumerate() {
        let now = Counters::parse(bind["counters"].as_str().unwrap_or(""));
        let number = |c: &Counters, name: &str, what: &str| {
            c.subsystems.get(name).map_or(0, |s| s.number(what))
        };
        let more = |name: &str, what: &str| {
            number(&now, name, what).saturating_sub(number(&before, name, what))
        };
        let calls = now.subsystems.iter().map(|(name, s)| {
            let (c, rust) = (more(name, "c_calls"), more(name, "rust_calls"));
            (name.clone(), s.owner.clone(), c, rust)
        });
        all.push(Bind {
            setting: bind["rust_gsp"].as_str().unwrap_or("").to_string(),
            said: (more("rpc", "sent"), more("rpc", "received")),
            saw: seen.get(n).copied().unwrap_or((0, 0)),
            calls: calls.collect(),
            errors: now.subsystems.keys().map(|name| more(name, "errors")).sum(),
        });
        before = now;
    }
    // A bind that the guest does not tell of is one, too.
    all.extend(seen.iter().skip(all.len()).map(|saw| Bind {
        saw: *saw,
        ..Bind::default()
    }));
    all
}

/// What is wrong with one bind. `ready`: what Rust serves when asked for all.
fn wrong(bind: &Bind, ready: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (what, said, saw) in [
        ("sent", bind.said.0, bind.saw.0),
        ("received", bind.said.1, bind.saw.1),
    ] {
        if said != saw {
            wrong.push(format!(
                "the driver counts {said} messages {what}, the device saw {saw}"
            ));
        }
    }
    if bind.saw.0 == 0 {
        wrong.push("the device saw no message".into());
    }
    if bind.errors > 0 {
        wrong.push(format!("the driver counts {} errors", bind.errors));
    }
    for name in ready {
        let rust = bind.setting != "0";
        let Some((_, owner, by_c, by_rust)) = bind.calls.iter().find(|c| c.0 == *name) else {
            wrong.push(format!("the driver does not count {name}"));
            continue;
        };
        let (served, other) = if rust {
            (by_rust, by_c)
        } else {
            (by_c, by_rust)
        };
        if (owner == "rust") != rust || *served == 0 || *other != 0 {
            wrong.push(format!(
                "{name} with rust_gsp={}: owner {owner}, {by_c} calls served by C, {by_rust} by Rust",
                bind.setting
            ));
        }
    }
    wrong
}

/// How many objects a cache may have more than the control's after so many swaps. Half of them are with Rust: one object
/// each of those is half the number, and is found. Measured were 2 and less, whatever the number of swaps.
fn objects_bound(swaps: u64) -> i64 {
    (swaps as i64 / 4).max(4)
}

/// The same in KiB, for pages in no cache: less than one each bind with Rust.
fn kib_bound(swaps: u64) -> i64 {
    (swaps as i64).max(64)
}

/// What grew, by name: objects of a cache, or KiB of a line of /proc/meminfo (those have capital letters).
fn grown(data: &serde_json::Map<String, Value>) -> BTreeMap<&str, &Value> {
    let list = data.get("grown").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|g| Some((g["name"].as_str()?, g)))
        .collect()
}

/// What was kept beyond what the control kept.
fn kept(
    data: &serde_json::Map<String, Value>,
    control: &serde_json::Map<String, Value>,
    swaps: u64,
) -> Vec<String> {
    let more = |g: &Value| g["more"].as_i64().unwrap_or(0);
    let (ours, theirs) = (grown(data), grown(control));
    let mut found = Vec::new();
    for (name, growth) in &ours {
        let (now, was) = (more(growth), theirs.get(name).map_or(0, |g| more(g)));
        let page = name.starts_with(|c: char| c.is_ascii_uppercase());
        let bound = if page {
            kib_bound(swaps)
        } else {
            objects_bound(swaps)
        };
        if now - was > bound {
            let unit = match growth["size"].as_u64() {
                _ if page => "KiB".to_string(),
                size => format!("objects of {} bytes", size.unwrap_or(0)),
            };
            let from = match growth["from"].as_array() {
                Some(list) if !list.is_empty() => format!(", from {}", growth["from"]),
                _ => String::new(),
            };
            found.push(format!(
                "{now} {unit} more in {name} after {swaps} swaps; the control has {was} (bound {bound}){from}"
            ));
        }
    }
    found
}

/// Sentences about what is wrong; none if all is well. `control` is the same number of binds of another driver.
pub fn judge(run: &Run, control: &Run, ready: &[&str]) -> Vec<String> {
    let (Some((_, data)), Some((_, reference))) = (phase(run), phase(control)) else {
        return vec!["a machine did not come to the end of its swaps".into()];
    };
    let mut found: Vec<String> = Vec::new();
    let binds = binds(run);
    let number = |data: &serde_json::Map<String, Value>, name: &str| {
        data.get(name).and_then(Value::as_u64).unwrap_or(0)
    };
    let swaps = number(data, "swaps");
    let expected = swaps + number(data, "warm_up");
    if swaps == 0 || binds.len() as u64 != expected {
        found.push(format!("{} binds instead of {expected}", binds.len()));
    }
    if number(reference, "swaps") != swaps {
        found.push("the control has another number of swaps".into());
    }
    for (n, bind) in binds.iter().enumerate() {
        found.extend(
            wrong(bind, ready)
                .into_iter()
                .map(|w| format!("bind {n}: {w}")),
        );
        // Each does the same work, whoever serves.
        if bind.saw != binds[0].saw {
            found.push(format!(
                "bind {n}: {:?} messages, and {:?} in bind 0",
                bind.saw, binds[0].saw
            ));
        }
    }
    found.extend(kept(data, reference, swaps));
    let leaks = data.get("kmemleak").and_then(Value::as_array);
    if let Some(first) = leaks.and_then(|l| l.first()) {
        found.push(format!("kmemleak: {first}"));
    }
    found.extend(state::leftovers(run));
    found.extend(dmesg::alarms(run));
    found
}
