// SPDX-License-Identifier: GPL-2.0
//! Every message of every run that lies in build/ab is understood to the last byte. Needs runs and `make trace-names`; part of
//! tools/test, group trace, behind the cells.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use nvkm_trace::filter::Filter;
use nvkm_trace::source;
use nvkm_trace::stat;
use nvkm_trace::Decoder;

/// Events that the virtual GPU makes up so that nobody knows them (tools/vgpu/src/gsp/events.rs, 5 and 10).
const MADE_UP: [&str; 2] = ["event 0x10fe", "event 0x10ff"];

fn reports() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let build = || variable("BUILD").map(|b| b.join("ab"));
    variable("NVKM_REPORTS")
        .or_else(build)
        .expect("NVKM_REPORTS or BUILD says where the runs are")
}

/// Directories with a wire.jsonl in them, at most three levels down.
fn sides(dir: &Path, depth: u32, out: &mut Vec<PathBuf>) {
    if dir.join("wire.jsonl").is_file() {
        out.push(dir.to_owned());
    }
    if depth < 3 {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let mut dirs: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
        dirs.sort();
        dirs.iter().for_each(|d| sides(d, depth + 1, out));
    }
}

#[test]
#[ignore = "needs runs in build/ab"]
fn every_message_of_every_run_is_understood() {
    let reports = reports();
    let mut found = Vec::new();
    sides(&reports, 0, &mut found);
    assert!(!found.is_empty(), "no run in {}", reports.display());
    let mut decoders: BTreeMap<String, Decoder> = BTreeMap::new();
    let (mut messages, mut bytes, mut opaque) = (0, 0, 0);
    let mut wrong = Vec::new();
    for dir in &found {
        let trace = nvkm_trace::load(dir).unwrap_or_else(|e| panic!("{}: {e:#}", dir.display()));
        // A machine that broke before the firmware was known has said nothing either.
        let Some(firmware) = source::firmware_of(&trace, None) else {
            assert!(
                trace.messages.is_empty(),
                "{}: nothing tells the firmware",
                dir.display()
            );
            continue;
        };
        let decoder = decoders
            .entry(firmware.clone())
            .or_insert_with(|| Decoder::for_firmware(&firmware).unwrap());
        let stat = stat::of(&trace, decoder, &Filter::default());
        for row in &stat.rows {
            let known = row.unknown == 0 && !row.nameless && row.cut == 0;
            if !known && !MADE_UP.contains(&row.name.as_str()) {
                wrong.push(format!(
                    "{}: {} {}: {} bytes unknown, {} cut",
                    dir.display(),
                    row.queue,
                    row.name,
                    row.unknown,
                    row.cut
                ));
            }
        }
        messages += stat.messages;
        bytes += stat.bytes;
        opaque += stat.opaque;
    }
    println!(
        "{} sides, {messages} messages, {bytes} bytes, of those {opaque} opaque",
        found.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(messages > 0, "the runs have no messages");
}
