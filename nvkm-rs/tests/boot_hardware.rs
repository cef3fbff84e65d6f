// SPDX-License-Identifier: GPL-2.0

//! The boot of a GA106 on the virtual GPU, held against what was recorded on a real one: each access that `nouveau` made
//! there, in its order and with its value (`tools/vgpu/tests/data/`).

mod boot_support;

use std::collections::BTreeMap;

use boot_support::images;
use boot_support::message;
use boot_support::model::place;
use boot_support::virtual_gpu::Gpu;
use boot_support::Access::{self, Delay, Read, Write};
use nvkm_rs_core::boot::core::run::Boot;
use nvkm_rs_core::boot::core::sequencer::{self, Command, Resume, Summary};
use nvkm_rs_core::fw::core::fwsec;
use nvkm_vgpu::vbios::Shape;

const FWSEC: &str = include_str!("../../tools/vgpu/tests/data/ga106-r570-fwsec-frts.txt");
const SEQUENCER: &str = include_str!("../../tools/vgpu/tests/data/ga106-r570-cpu-sequencer.txt");

/// That card: 8 GB, FRTS one megabyte below the VGA workspace of one megabyte.
const FRTS: fwsec::Command = fwsec::Command::Frts {
    addr: 0x1_ffe0_0000,
    size: 0x10_0000,
};
/// Where that machine had libos' arguments.
const LIBOS: u64 = 0xf7fd_f000;
/// Any RM's version will do.
const APP_VERSION: u32 = 0x57_4e59;

fn hex(text: &str) -> u32 {
    u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

/// The recording.
fn recorded() -> Vec<Access> {
    let mut accesses = Vec::new();
    for line in FWSEC.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (addr, value) = (hex(fields[1]), hex(fields[2]));
        accesses.push(match fields[0] {
            "R" => Read(addr, value),
            "W" => Write(addr, value),
            other => panic!("{other}"),
        });
    }
    accesses
}

/// What the recording leaves out: polls, and the doorbell. These have tests of their own (`boot_polls.rs`).
fn left_out(access: &Access) -> bool {
    matches!(
        access,
        Read(0x11_0100 | 0x11_0118 | 0x11_00f4 | 0x11_0c00, _)
            | Write(0x11_00f4 | 0x11_0c00, _)
            | Delay(_)
    )
}

#[test]
fn fwsec_frts_and_risc_v_mode_as_recorded() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 756);
    assert!(!recorded.iter().any(left_out));

    let mut gpu = Gpu::new("ga106", Shape::Hardware);
    // Where that machine had it, so that addresses need no translation.
    let mut image = images::fwsec(&mut gpu.host, place::CODE, FRTS);
    let mut boot = gpu.boot();
    let wpr2 = boot.fwsec_frts(&mut image).unwrap();
    boot.reset().unwrap();
    boot.hand_over(LIBOS);
    assert_eq!(wpr2, (0x01ff_e000, 0x01ff_ee00));
    assert_eq!(image.syncs, 1);

    let mut ours = gpu.take();
    ours.retain(|access| !left_out(access));
    for (number, (ours, theirs)) in ours.iter().zip(&recorded).enumerate() {
        assert_eq!(ours, theirs, "access {number}");
    }
    assert_eq!(ours.len(), recorded.len());
    assert_eq!(gpu.errors(), Vec::<serde_json::Value>::new());
}

/// The recorded commands as words, as the message has them.
fn words() -> Vec<u32> {
    let mut words = Vec::new();
    for line in SEQUENCER.lines().filter(|line| line.starts_with("seq")) {
        let fields: Vec<&str> = line.split_whitespace().skip(1).collect();
        match fields[..] {
            ["wr32", addr, value] => words.extend([0, hex(addr), hex(value)]),
            ["poll", addr, mask, value, micros] => {
                // Its time is printed after the default was put in: the message said 0.
                assert_eq!(micros, "4000000");
                words.extend([2, hex(addr), hex(mask), hex(value), 0, 0]);
            }
            ["core", "reset"] => words.push(5),
            ["core", "start"] => words.push(6),
            ["core", "wait", "halt"] => words.push(7),
            ["core", "resume"] => words.push(8),
            _ => panic!("{line}"),
        }
    }
    words
}

/// A GA106 whose GSP-RM has asked for the sequencer, and whose driver has said all that RM waits for.
fn asked() -> Gpu {
    let mut gpu = Gpu::new("ga106", Shape::Hardware);
    gpu.host.prepare(64);
    let mut fwsec = images::fwsec(&mut gpu.host, place::CODE, FRTS);
    let mut booter = images::booter(&gpu.host, "load", 0x9000_0000);
    let mut boot = gpu.boot();
    boot.fwsec_frts(&mut fwsec).unwrap();
    boot.reset().unwrap();
    boot.hand_over(place::LIBOS);
    boot.booter_load(&mut booter, place::META).unwrap();
    boot.start(APP_VERSION).unwrap();
    let info = vec![0; gpu.host.layout.system_info];
    gpu.host.push(72, &info);
    gpu.host.push(73, &[8, 0, 0, 0, 0, 0, 0, 0]);
    gpu.host.wait(0x1002);
    gpu.take();
    gpu
}

/// What each command must do.
fn expected(command: &Command) -> Vec<Access> {
    let stop = [
        // It is RISC-V, and has to be a falcon.
        Read(0x11_1668, 0x111),
        Write(0x11_1668, 0),
        Read(0x11_1668, 1),
        Read(0x11_0048, 0),
        Write(0x11_0048, 0),
        Write(0x11_0014, 0xffff_ffff),
    ];
    let engine = [
        Read(0x11_00f4, 0x8000_0400),
        Read(0x11_00f4, 0x8000_0400),
        Read(0x11_03c0, 0),
        Write(0x11_03c0, 1),
        Delay(10),
        Read(0x11_03c0, 1),
        Write(0x11_03c0, 0),
        Read(0x11_0040, 0),
        Write(0x11_0040, 0),
        Read(0x11_00f4, 0x8000_0400),
    ];
    let falcon = [
        Read(0x11_1668, 0x110),
        Write(0x11_1668, 0),
        Read(0x11_1668, 1),
        Read(0x11_0040, 0),
        Write(0x11_0040, 0),
        Read(0x11_00f4, 0x8000_0400),
        Read(0x00_0000, 0xb760_00a1),
        Write(0x11_0084, 0xb760_00a1),
    ];
    match *command {
        Command::Write { addr, value } => vec![Write(addr, value)],
        Command::Poll {
            addr, mask, value, ..
        } => {
            let value = match addr {
                0x11_0118 => 2,
                // RM sets the bit, and leaves the rest of libos' address.
                0x11_0040 => value & mask | place::LIBOS as u32,
                _ => panic!("{command} was not recorded"),
            };
            vec![Read(addr, value), Read(addr, value)]
        }
        Command::CoreReset => {
            let open = [
                Read(0x11_0624, 0x110),
                Write(0x11_0624, 0x190),
                Write(0x11_010c, 0),
            ];
            [&stop[..], &engine, &engine, &falcon, &open].concat()
        }
        Command::CoreStart => vec![Read(0x11_0100, 0x10), Write(0x11_0100, 2)],
        Command::CoreWaitForHalt => vec![Read(0x11_0100, 0x10)],
        Command::CoreResume => {
            let riscv = [
                Read(0x11_1668, 0x110),
                Write(0x11_1668, 0x111),
                Write(0x11_0040, place::LIBOS as u32),
                Write(0x11_0044, 0),
                Read(0x84_0100, 0x50),
                Write(0x84_0130, 2),
                Read(0x11_80f8, 1 << 26),
                Read(0x84_0040, 0),
                Write(0x11_0080, APP_VERSION),
                Read(0x11_1388, 0x80),
            ];
            [&engine[..], &riscv].concat()
        }
        ref other => panic!("{other} was not recorded"),
    }
}

fn resume() -> Resume {
    Resume {
        libos: place::LIBOS,
        app_version: APP_VERSION,
    }
}

#[test]
fn the_sequencers_commands_as_recorded() {
    let mut gpu = asked();
    let step = gpu.step.clone();
    let mut traced: Vec<Command> = Vec::new();
    let mut boot: Boot<'_, Gpu> = gpu.boot();
    let summary = sequencer::run(&mut boot, &message(&words()), &resume(), &mut |command| {
        traced.push(*command);
        step.set(traced.len());
    })
    .unwrap();

    let lines: Vec<&str> = SEQUENCER
        .lines()
        .filter(|line| line.starts_with("seq"))
        .collect();
    assert_eq!(lines.len(), 420);
    let text: Vec<String> = traced.iter().map(ToString::to_string).collect();
    assert_eq!(text, lines);
    assert_eq!(
        summary,
        Summary {
            commands: 420,
            ..Summary::default()
        }
    );

    let mut done: BTreeMap<usize, Vec<Access>> = BTreeMap::new();
    for (step, access) in &gpu.log {
        done.entry(*step).or_default().push(*access);
    }
    for (number, command) in traced.iter().enumerate() {
        let done = &done[&(number + 1)];
        assert_eq!(done, &expected(command), "command {number}: {command}");
    }
    assert_eq!(done.len(), 420, "nothing before the first command");

    // RM goes on, and comes up.
    gpu.host.wait(0x1001);
    let report = gpu.host.report();
    assert_eq!(report["state"]["gsp_phase"], "Running");
    assert_eq!(report["state"]["gsp_riscv_active"], true);
    assert_eq!(gpu.errors(), Vec::<serde_json::Value>::new());
    // What was loaded by these commands: 64 blocks of code, 36 of data, started at 0x100 with those parameters.
    let handed = report["handed"].as_array().unwrap();
    let size = |name: &str| {
        let found = handed.iter().find(|buffer| buffer["name"] == name);
        found.map(|buffer| buffer["size"].clone())
    };
    assert_eq!(size("sequencer imem secure"), Some(0x4000.into()));
    assert_eq!(size("sequencer dmem"), Some(0x2400.into()));
    let start = handed
        .iter()
        .find(|buffer| buffer["name"] == "sequencer start")
        .unwrap();
    assert_eq!(start["head"], "00010000101f0000000400000100000001");
}
