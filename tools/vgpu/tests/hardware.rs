// SPDX-License-Identifier: GPL-2.0
//! The model against register traces of a real GA106 (tests/data): what a driver read there it reads here.

mod support;

use nvkm_vgpu::chips::Family;
use nvkm_vgpu::gsp::sequencer::{self, Op};
use nvkm_vgpu::vbios::Shape;
use support::{place, Host};

const FWSEC: &str = include_str!("data/ga106-r570-fwsec-frts.txt");
const SEQUENCER: &str = include_str!("data/ga106-r570-cpu-sequencer.txt");

fn hex(s: &str) -> u32 {
    u32::from_str_radix(s.trim_start_matches("0x"), 16).unwrap()
}

#[test]
fn fwsec_frts_reads_as_on_hardware() {
    let mut h = Host::with("ga106", "570.144", Shape::Hardware, false);
    let mut dmem = h.fwsec_dmem();
    // That card: 8 GB, FRTS one megabyte below the VGA workspace of one megabyte.
    Host::patch_fwsec(&mut dmem, 0x15, 0x1_ffe0_0000, 0x10_0000);
    h.mem.put(place::CODE + 0xe100, &dmem);
    let mut accesses = 0;
    for (n, line) in FWSEC.lines().enumerate() {
        let mut f = line.split_whitespace();
        let (Some(dir @ ("R" | "W")), Some(addr), Some(value)) = (f.next(), f.next(), f.next())
        else {
            continue;
        };
        let (addr, value) = (hex(addr), hex(value));
        accesses += 1;
        if dir == "R" {
            assert_eq!(h.rd(addr), value, "line {}: {line}", n + 1);
        } else {
            h.wr(addr, value);
        }
    }
    assert_eq!(accesses, 756);
    assert_eq!(
        h.report()["errors"].as_array().unwrap().len(),
        0,
        "{}",
        h.report()["errors"]
    );
}

#[test]
fn sequencer_commands_are_those_of_hardware() {
    let text: Vec<String> = sequencer::commands(Family::Ampere, 0x1_f3e4_3000)
        .into_iter()
        .map(|op| match op {
            Op::Write(a, v) => format!("seq wr32 {a:06x} {v:08x}"),
            Op::Poll(a, m, v) => format!("seq poll {a:06x} {m:08x} {v:08x} 4000000"),
            Op::CoreReset => "seq core reset".into(),
            Op::CoreStart => "seq core start".into(),
            Op::CoreWaitForHalt => "seq core wait halt".into(),
            Op::CoreResume => "seq core resume".into(),
            other => panic!("{other:?} was not recorded"),
        })
        .collect();
    let recorded: Vec<&str> = SEQUENCER.lines().filter(|l| l.starts_with("seq")).collect();
    for (n, (ours, theirs)) in text.iter().zip(&recorded).enumerate() {
        assert_eq!(ours, theirs, "command {n}");
    }
    assert_eq!(text.len(), recorded.len());
}
