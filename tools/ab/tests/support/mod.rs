// SPDX-License-Identifier: GPL-2.0
//! Runs made by hand, to be judged.
#![allow(dead_code)] // each test file uses its own part

use std::fs;
use std::path::Path;

use nvkm_ab::compare::Run;
use nvkm_ab::lists::Lists;
use nvkm_ab::trace;
use nvkm_ab::trace::Trace;
use nvkm_ab::verdict::judge;
use nvkm_ab::verdict::Judgement;
use nvkm_ab::verdict::Side;
use nvkm_ab::vm::guest::Guest;
use serde_json::json;
use serde_json::Value;

pub const PHASES: [&str; 5] = ["load", "event=1", "counters", "logs", "unload"];

/// A run as data: wire lines, register lines, kernel log (phase, text), counters, device state.
#[derive(Clone)]
pub struct Made {
    pub wire: Vec<Value>,
    pub mmio: Vec<String>,
    pub log: Vec<(&'static str, String)>,
    pub counters: Option<String>,
    pub device: Value,
    /// What the phase `logs` reports, and what a phase reports of the device's power.
    pub logs: Value,
    pub power: Value,
}

pub fn message(n: u64, q: &str, function: u32, name: &str, payload: &str) -> Value {
    json!({"n": n, "q": q, "fn": function, "name": name, "len": 32 + payload.len() / 2, "seq": 0, "elem_seq": n,
        "result": 0, "elems": 1, "payload": payload})
}

impl Made {
    pub fn good() -> Self {
        let wire = vec![
            json!({"mark": 0}),
            message(
                0,
                "cmdq",
                72,
                "SET_SYSTEM_INFO",
                "00112233445566778899aabbccddeeff",
            ),
            message(1, "cmdq", 73, "SET_REGISTRY", "0011223344"),
            message(2, "msgq", 0x1001, "GSP_INIT_DONE", ""),
            message(
                3,
                "cmdq",
                76,
                "GSP_RM_CONTROL",
                "000000000000000037018020000000000400000000000000deadbeef",
            ),
            message(
                4,
                "msgq",
                76,
                "GSP_RM_CONTROL",
                "000000000000000037018020000000000400000000000000deadbeef",
            ),
            json!({"mark": 1}),
            message(5, "msgq", 0x1006, "OS_ERROR_LOG", "1f000000"),
            json!({"mark": 2}),
        ];
        let mmio = [
            "# mark 0",
            "R 0x000000 0x164000a1",
            "W 0x110c00 0x00000000",
            "R 0x009400 0x12",
            "R 0x110100 0x10",
        ];
        Self {
            wire,
            mmio: mmio.map(String::from).to_vec(),
            log: vec![
                ("load", "nouveau: gsp: RM version: 570.144".into()),
                ("event=1", "nouveau: gsp: Xid:31 fault".into()),
            ],
            counters: Some(
                "bind: 1\nrpc: owner=c c_calls=9 rust_calls=0 sent=3 received=3 events=0\n".into(),
            ),
            logs: json!({"loginit": {"size": 65536, "put": 22, "digest": "0011223344556677"}, "logintr": "none"}),
            power: Value::Null,
            device: json!({"boots": 1, "objects": [], "channels": 0, "errors": [], "handed":
                [{"boot": 1, "name": "rmargs", "size": 4096, "head": "00100000000000000500"}]}),
        }
    }

    pub fn rust() -> Self {
        let mut made = Self::good();
        made.counters = Some(
            "bind: 1\nrpc: owner=rust c_calls=0 rust_calls=9 sent=3 received=3 events=2\n".into(),
        );
        made
    }

    /// What the guest's program reported, a line each.
    fn guest_lines(&self) -> Vec<Value> {
        let mut lines = Vec::new();
        for (n, phase) in PHASES.iter().enumerate() {
            for (_, text) in self.log.iter().filter(|(p, _)| p == phase) {
                lines.push(json!({"t": "log", "phase": phase, "prio": 6, "us": n, "text": text}));
            }
            let mut line = json!({"t": "phase", "n": n, "phase": phase, "ok": true, "ms": 1});
            if let ("counters", Some(text)) = (*phase, &self.counters) {
                line["rust_gsp"] = json!({"0000:00:04.0": text});
            }
            if *phase == "logs" {
                line["logs"] = self.logs.clone();
                line["power"] = self.power.clone();
            }
            lines.push(line);
        }
        lines.push(json!({"t": "end", "ok": true}));
        lines
    }

    fn wire_text(&self) -> String {
        let lines: Vec<String> = self.wire.iter().map(Value::to_string).collect();
        lines.join("\n")
    }

    /// Leaves the side as a run does.
    pub fn write(&self, dir: &Path) {
        fs::create_dir_all(dir).unwrap();
        let guest: Vec<String> = self
            .guest_lines()
            .iter()
            .map(|l| format!("{l}\n"))
            .collect();
        for (name, text) in [
            ("wire.jsonl", self.wire_text()),
            ("mmio.txt", self.mmio.join("\n")),
            ("device.json", self.device.to_string()),
            ("guest.jsonl", guest.concat()),
        ] {
            fs::write(dir.join(name), text).unwrap();
        }
    }

    pub fn side(&self, name: &str) -> Side {
        let (accesses, errors) = trace::mmio_and_errors(&self.mmio.join("\n")).unwrap();
        let trace = Trace {
            messages: trace::wire(&self.wire_text()).unwrap(),
            accesses,
            errors,
            device: self.device.clone(),
            ..Trace::default()
        };
        let mut guest = Guest::default();
        for line in self.guest_lines() {
            guest.feed(format!("{line}\n").as_bytes());
        }
        let phases = PHASES.map(String::from).to_vec();
        Side {
            name: name.into(),
            run: Run {
                trace,
                guest,
                phases,
                fw: "570.144".into(),
            },
            error: None,
            orderly: false,
        }
    }
}

pub fn judged(c1: &Made, c2: &Made, rust: &Made, lists: &Lists) -> Judgement {
    let sides = [c1.side("c1"), c2.side("c2"), rust.side("rust")];
    judge(&sides, lists, &["rpc".to_string()]).unwrap()
}

/// Judges a changed Rust side against two good C sides.
pub fn against(change: impl FnOnce(&mut Made)) -> Judgement {
    let mut rust = Made::rust();
    change(&mut rust);
    judged(&Made::good(), &Made::good(), &rust, &Lists::default())
}
