// SPDX-License-Identifier: GPL-2.0
//! From a run directory to verdict, report and archive.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use nvkm_ab::lists::Lists;
use nvkm_ab::lists::Which;
use nvkm_ab::report;
use nvkm_ab::report::Cell;
use nvkm_ab::report::Extra;
use nvkm_ab::verdict;
use nvkm_ab::vm::guest::Guest;
use serde_json::json;
use serde_json::Value;

use crate::archive;
use crate::chips;
use crate::chips::Found;
use crate::facts;
use crate::facts::Facts;
use crate::load;
use crate::load::Loaded;
use crate::scrub::Scrubber;
use crate::secrets::Secrets;
use crate::text;

/// The sides, in the order in which they run.
pub const SIDES: [&str; 3] = ["c1", "c2", "rust"];

/// What came of it.
pub struct Made {
    /// The report.
    pub report: Value,
    /// The archive, or why there is none.
    pub archive: Result<PathBuf>,
}

/// The committed lists, which name the card as it is on the virtual machine.
fn list(name: &str, address: &str) -> Option<String> {
    const VIRTUAL: &str = "0000:00:04.0";
    let text = match name {
        "noise.json" => include_str!("../../../selftests/noise.json"),
        "intended.json" => include_str!("../../../selftests/intended.json"),
        "rpc/intended.json" => include_str!("../../../selftests/rpc/intended.json"),
        "fw/intended.json" => include_str!("../../../selftests/fw/intended.json"),
        "boot/intended.json" => include_str!("../../../selftests/boot/intended.json"),
        "gsp/intended.json" => include_str!("../../../selftests/gsp/intended.json"),
        "shadow/intended.json" => include_str!("../../../selftests/shadow/intended.json"),
        _ => return None,
    };
    Some(text.replace(VIRTUAL, address))
}

/// The lists that apply.
///
/// # Errors
///
/// One is broken.
pub fn lists(facts: &Facts, firmware: &str, kernel: &str) -> Result<Lists> {
    let which = Which {
        fw: firmware,
        gpu: &facts.chip,
        kernel,
        phases: &facts.phases,
    };
    let mut lists = Lists::from(
        &|name| Ok(list(name, &facts.address)),
        &facts.seams,
        &[],
        &which,
    )?;
    // Another card of the same kind has other fuses, another VBIOS and other memory: C is what this one is held against.
    lists.recordings.clear();
    Ok(lists)
}

/// The VBIOS version by the driver's own words (nvkm/subdev/bios/base.c).
fn vbios(guest: &Guest) -> Option<String> {
    guest.log.iter().find_map(|l| {
        let (_, version) = l.text.split_once(": bios: version ")?;
        Some(version.trim().to_string())
    })
}

fn machine(facts: &Facts, sides: &[Loaded; 3]) -> Value {
    let guest = &sides[0].side.run.guest;
    json!({
        "kernel": guest.release,
        "device": facts.device,
        "subsystem": facts.subsystem,
        "revision": facts.revision,
        "chip": facts.chip,
        "vbios": vbios(guest),
        "firmware": sides[0].side.run.fw,
        "firmware_compressed": facts.compressed,
        "module": facts.module,
        "srcversion": facts.srcversion,
        "date": facts.date,
        "tap": "tracepoints",
    })
}

/// Judges the sides, and writes `report.json` and `report.html`.
fn judged(out: &Path, facts: &Facts, sides: &[Loaded; 3]) -> Result<Value> {
    let firmware = sides[0].side.run.fw.clone();
    let kernel = sides[0].side.run.guest.release.clone().unwrap_or_default();
    let lists = lists(facts, &firmware, &kernel)?;
    let plain = [0, 1, 2].map(|n| sides[n].side.clone());
    let judgement = verdict::judge(&plain, &lists, &facts.seams)?;
    let cell = Cell {
        name: "hw".into(),
        gpu: facts.chip.clone(),
        firmware,
        seams: facts.seams.clone(),
    };
    let extras = [0, 1, 2].map(|n| Extra {
        module: facts.module.clone(),
        params: match n {
            2 if !facts.seams.is_empty() => format!("rust_gsp={}", facts.seams.join(",")),
            _ => "rust_gsp=0".into(),
        },
        wall_s: plain[n].run.guest.phases.iter().map(|p| p.ms).sum::<u64>() as f64 / 1000.0,
        last_lines: plain[n].run.guest.last_lines(15),
    });
    let mut report = report::json(&cell, &plain, &extras, &judgement, facts.wall_s);
    report["tap"] = json!("tracepoints");
    report["machine"] = machine(facts, sides);
    report["preflight"] = facts.preflight.clone();
    report["notes"] = json!(facts.notes);
    // What only a device can tell is not known here, which is not the same as nothing.
    report["buffers"] = Value::Null;
    for (n, name) in SIDES.iter().enumerate() {
        let side = &mut report["sides"][name];
        for field in [
            "unknown_calls",
            "unknown_registers",
            "leftovers",
            "unloaded",
        ] {
            side[field] = Value::Null;
        }
        let captured = sides[n].captured.as_ref();
        side["unbound"] = json!(plain[n].run.guest.passed("unbind"));
        side["trace_events"] = json!(captured.map(|c| c.lines));
        side["trace_events_lost"] = json!(captured.map(|c| c.lost));
    }
    fs::write(
        out.join("report.json"),
        serde_json::to_string_pretty(&report)? + "\n",
    )?;
    fs::write(
        out.join("report.html"),
        report::html::render_sides(&report, &plain),
    )?;
    Ok(report)
}

/// The text values of a report, free of what identifies the machine.
fn clean(value: &mut Value, scrubber: &Scrubber) {
    match value {
        Value::String(text) => *text = scrubber.text(text),
        Value::Array(list) => list.iter_mut().for_each(|v| clean(v, scrubber)),
        Value::Object(map) => map.values_mut().for_each(|v| clean(v, scrubber)),
        _ => {}
    }
}

fn lines(guest: &Guest) -> String {
    guest.last_lines(usize::MAX).join("\n") + "\n"
}

/// `guest.jsonl` of what was read, in the form in which it was written.
fn guest_jsonl(guest: &Guest) -> Result<String> {
    let mut out = String::new();
    if let Some(release) = &guest.release {
        out.push_str(&format!("{}\n", json!({"t": "start", "release": release})));
    }
    let tagged = |kind: &str, mut value: Value| {
        value["t"] = json!(kind);
        format!("{value}\n")
    };
    for line in &guest.log {
        out.push_str(&tagged("log", serde_json::to_value(line)?));
    }
    for phase in &guest.phases {
        out.push_str(&tagged("phase", serde_json::to_value(phase)?));
    }
    if let Some(end) = &guest.end {
        out.push_str(&format!(
            "{}\n",
            json!({"t": "end", "ok": end.is_ok(), "error": end.as_ref().err()})
        ));
    }
    Ok(out)
}

/// Makes report and archive of a run directory.
///
/// # Errors
///
/// It is no run directory, or cannot be written to.
pub fn make(out: &Path, more: &Secrets, allowed: &[String]) -> Result<Made> {
    let mut facts = Facts::load(out)?;
    let mut secrets = facts::load_secrets(out)?;
    secrets.merge(more);
    secrets.allow(allowed);
    let mut scrubber = Scrubber::new(&secrets);
    let sides = SIDES.map(|name| load::side(out, name, &facts, &mut scrubber));
    if facts.chip.is_empty() {
        // It slept when the machine was looked at.
        let log = &sides[0].side.run.guest.log;
        let found = log
            .iter()
            .find_map(|l| chips::of_log(&l.text, &facts.address));
        if let Some(Found::Known(chip)) = found {
            facts.chip = chip.name.into();
        }
    }
    let mut report = judged(out, &facts, &sides)?;
    // What people see of their own run may name their machine; what leaves must not.
    let mut public = report.clone();
    clean(&mut public, &scrubber);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    files.insert("README.txt".into(), archive::README.into());
    files.insert(
        "report.json".into(),
        (serde_json::to_string_pretty(&public)? + "\n").into(),
    );
    let plain = [0, 1, 2].map(|n| sides[n].side.clone());
    files.insert(
        "report.html".into(),
        report::html::render_sides(&public, &plain).into(),
    );
    for (loaded, name) in sides.iter().zip(SIDES) {
        let run = &loaded.side.run;
        let counters = nvkm_ab::counters::Counters::of(run).map_or(Value::Null, |c| json!(c));
        let parts = [
            ("wire.jsonl", text::wire(&run.trace)),
            ("mmio.txt", text::mmio(&run.trace)),
            ("dmesg.txt", lines(&run.guest)),
            ("guest.jsonl", guest_jsonl(&run.guest)?),
            (
                "counters.json",
                serde_json::to_string_pretty(&counters)? + "\n",
            ),
            ("events.txt", text::events(&run.trace)),
        ];
        for (file, text) in parts {
            fs::create_dir_all(out.join(name))?;
            if !["guest.jsonl"].contains(&file) {
                fs::write(out.join(name).join(file), &text)
                    .with_context(|| format!("{name}/{file}"))?;
            }
            files.insert(format!("{name}/{file}"), text.into());
        }
    }
    let chip = if facts.chip.is_empty() {
        "unknown"
    } else {
        &facts.chip
    };
    let name = format!(
        "nvkm-report-{chip}-{}-{}",
        report["firmware"].as_str().unwrap_or("none"),
        facts.date
    );
    let archive = archive::write(&out.join(format!("{name}.tar.gz")), &name, &files, &secrets);
    if let Err(e) = &archive {
        report["problems"]
            .as_array_mut()
            .context("the report has no problems")?
            .push(json!(format!("no archive: {e:#}")));
    }
    Ok(Made { report, archive })
}

#[cfg(test)]
mod tests {
    use nvkm_ab::seams::NAMED;
    use nvkm_ab::verdict::SHADOW;

    /// One that is not built in would be taken for an empty one.
    #[test]
    fn every_subsystems_list_is_there_and_names_the_card() {
        for topic in NAMED.into_iter().chain([SHADOW]) {
            let name = format!("{topic}/intended.json");
            assert!(super::list(&name, "0000:01:00.0").is_some(), "{name}");
        }
        let common = super::list("intended.json", "0000:01:00.0").unwrap();
        assert!(common.contains("nouveau 0000:01:00.0: gsp: rust: serves"));
        assert!(!common.contains("0000:00:04.0"));
    }
}
