// SPDX-License-Identifier: GPL-2.0
//! A run of the size of a real one, and the same with every kind of difference in it.

use nvkm_ab::trace::to_hex;
use serde_json::json;
use serde_json::Value;

use crate::support::message;
use crate::support::Made;

/// Pairs of a control and its reply.
const CONTROLS: u32 = 220;
/// Register accesses.
const ACCESSES: u32 = 30_000;
/// The control that Rust gets wrong: NV0073_CTRL_CMD_SYSTEM_GET_NUM_HEADS, whose parameters are subDeviceInstance, flags and
/// numHeads (rm/r535/nvrm/disp.h).
pub const WRONG: u32 = 0x0073_0102;
/// Where numHeads is: the control's own header has 24 bytes (rpc_gsp_rm_control_v03_00), two fields are before it.
pub const WRONG_AT: usize = 24 + 8;

fn words(words: &[u32]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    to_hex(&bytes)
}

fn control(n: u64, q: &str, cmd: u32, parameters: &[u32]) -> Value {
    let size = parameters.len() as u32 * 4;
    let header = [0xc1d0_0001, 0x0080_0000, cmd, 0, size, 0];
    let payload = words(&[&header[..], parameters].concat());
    message(n, q, 76, "GSP_RM_CONTROL", &payload)
}

/// The messages; where Rust answers wrongly, `heads` is another.
fn wire(heads: u32) -> Vec<Value> {
    let mut all = vec![json!({"mark": 0})];
    let mut n = 0;
    let mut add = |make: &dyn Fn(u64) -> Value| {
        all.push(make(n));
        n += 1;
    };
    add(&|n| message(n, "cmdq", 72, "GSP_SET_SYSTEM_INFO", &words(&[0x1a; 200])));
    add(&|n| {
        message(
            n,
            "cmdq",
            73,
            "SET_REGISTRY",
            &words(&[0x30, 2, 0x41, 0x42]),
        )
    });
    add(&|n| message(n, "msgq", 0x1001, "GSP_INIT_DONE", ""));
    for turn in 0..CONTROLS {
        // Some of NV2080_CTRL_CMD_…: the numbers are those of nouveau's boot.
        let cmd = [0x2080_0a40, 0x2080_1301, 0x2080_0110, 0x2080_0a59][turn as usize % 4];
        let parameters: Vec<u32> = (0..12 + turn % 7)
            .map(|w| if w % 3 == 0 { turn + w } else { 0 })
            .collect();
        add(&|n| control(n, "cmdq", cmd, &parameters));
        add(&|n| control(n, "msgq", cmd, &parameters));
        if turn == CONTROLS / 2 {
            add(&|n| control(n, "cmdq", WRONG, &[0, 0, 0]));
            add(&|n| control(n, "msgq", WRONG, &[0, 0, heads]));
        }
        if turn % 40 == 20 {
            let alloc = words(&[
                0xc1d0_0001,
                0x0080_0000,
                0x100 + turn,
                0xc46f,
                0,
                8,
                0,
                0,
                turn,
                1,
            ]);
            add(&|n| message(n, "cmdq", 103, "GSP_RM_ALLOC", &alloc));
            add(&|n| message(n, "msgq", 103, "GSP_RM_ALLOC", &alloc));
        }
    }
    all.push(json!({"mark": 1}));
    for n in 0..3u64 {
        all.push(message(
            9000 + n,
            "msgq",
            0x1006,
            "OS_ERROR_LOG",
            &words(&[31, n as u32, 0x6c75_6166, 0x74]),
        ));
    }
    all.push(json!({"mark": 2}));
    // The trace numbers what it has.
    let messages = all.iter_mut().filter(|l| l.get("n").is_some());
    for (n, line) in messages.enumerate() {
        line["n"] = json!(n);
        line["elem_seq"] = json!(n);
    }
    all
}

fn mmio() -> Vec<String> {
    let mut all = vec!["# mark 0".to_string(), "R 0x000000 0x164000a1".into()];
    for n in 0..ACCESSES {
        let (kind, addr) = [
            ("W", 0x11_0600),
            ("R", 0x11_0118),
            ("W", 0x84_0100),
            ("R", 0x10_0c80),
        ][n as usize % 4];
        all.push(format!(
            "{kind} {:#08x} {:#010x}",
            addr + (n % 16) * 4,
            n.wrapping_mul(0x9e37)
        ));
    }
    all.push("# mark 1".into());
    all.push("R 0x000100 0x00000000".into());
    all
}

fn count(made: &Made, q: &str) -> usize {
    made.wire.iter().filter(|m| m["q"] == q).count()
}

fn counters(made: &mut Made, owner: &str) {
    let (sent, received) = (count(made, "cmdq"), count(made, "msgq"));
    let (c, rust) = if owner == "c" { (9, 0) } else { (0, 9) };
    made.counters = Some(format!(
        "bind: 1\nrpc: owner={owner} c_calls={c} rust_calls={rust} sent={sent} received={received} events=4\n"
    ));
}

/// C.
pub fn good() -> Made {
    let mut made = Made::good();
    made.wire = wire(4);
    made.mmio = mmio();
    for n in 0..30 {
        made.log
            .push(("load", format!("nouveau 0000:00:04.0: line {n} of the log")));
    }
    counters(&mut made, "c");
    made
}

/// Rust that does the same, and says of itself that it serves.
pub fn rust() -> Made {
    let mut made = good();
    made.log
        .push(("load", "nouveau 0000:00:04.0: rust: serves rpc".into()));
    counters(&mut made, "rust");
    made
}

/// Rust with one of each kind of fault.
pub fn faulty() -> Made {
    let mut made = rust();
    made.wire = wire(5);
    // Text that would be markup, where reports have text.
    made.log.push((
        "load",
        "nouveau: </script><b>not bold</b> & \"quoted\"".into(),
    ));
    made.log.retain(|(phase, _)| *phase != "event=1");
    let at = made.wire.iter().position(|m| m["n"] == 40).unwrap();
    made.wire[at]["seq"] = json!(7);
    let extra = message(8000, "cmdq", 65, "GET_GSP_STATIC_INFO", &words(&[1, 2, 3]));
    made.wire.insert(at + 30, extra);
    let gone = made.wire.iter().rposition(|m| m["fn"] == 0x1006).unwrap();
    made.wire.remove(gone);
    let (access, _) = made.mmio[500].rsplit_once(' ').unwrap();
    made.mmio[500] = format!("{access} 0xdeadbeef");
    made.mmio.remove(12_001);
    made.mmio.insert(20_000, "W 0x110804 0x00000001".into());
    made.device["handed"][0]["head"] = json!("00100000000000000600");
    counters(&mut made, "rust");
    made
}
