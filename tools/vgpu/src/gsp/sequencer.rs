// SPDX-License-Identifier: GPL-2.0
//! The RUN_CPU_SEQUENCER message that GSP-RM sends while it boots.
//!
//! On GA10x it is what a real GA106 got (hw-traces: the order, the block counts, the registers); the addresses are the
//! model's own. Turing loads by PIO, and its list also uses the operations that the recorded one does not.

use crate::chips::Family;
use crate::mem::put32;

/// `GSP_SEQ_BUF_OPCODE_*` of nvrm/gsp.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Write a register.
    Write(u32, u32),
    /// Replace the bits of a mask.
    Modify(u32, u32, u32),
    /// Read until the masked bits have that value.
    Poll(u32, u32, u32),
    /// Wait, in microseconds.
    Delay(u32),
    /// Save a register in a slot.
    Store(u32, u32),
    /// Reset the GSP Falcon.
    CoreReset,
    /// Start it.
    CoreStart,
    /// Wait until it halts.
    CoreWaitForHalt,
    /// Reset the GSP into RISC-V mode and have SEC2 resume it.
    CoreResume,
}

/// Microseconds that a poll may take, as recorded.
const POLL_TIMEOUT: u32 = 4_000_000;
/// Slots of the register save area.
const SAVE_SLOTS: usize = 8;
/// Payload in front of the commands: sizes and the save area.
const HEADER: usize = 8 + SAVE_SLOTS * 4;

fn words(op: Op) -> Vec<u32> {
    match op {
        Op::Write(a, v) => vec![0, a, v],
        Op::Modify(a, m, v) => vec![1, a, m, v],
        Op::Poll(a, m, v) => vec![2, a, m, v, POLL_TIMEOUT, 0],
        Op::Delay(us) => vec![3, us],
        Op::Store(a, slot) => vec![4, a, slot],
        Op::CoreReset => vec![5],
        Op::CoreStart => vec![6],
        Op::CoreWaitForHalt => vec![7],
        Op::CoreResume => vec![8],
    }
}

/// The message's payload. `cmdIndex` counts dwords, as NVIDIA's own driver and nouveau read it.
pub fn payload(ops: &[Op]) -> Vec<u8> {
    let dwords: Vec<u32> = ops.iter().flat_map(|o| words(*o)).collect();
    let mut p = vec![0; HEADER + dwords.len() * 4];
    put32(&mut p, 0, dwords.len() as u32);
    put32(&mut p, 4, dwords.len() as u32);
    for (i, w) in dwords.iter().enumerate() {
        put32(&mut p, HEADER + i * 4, *w);
    }
    p
}

/// The list for a family. `image` is where in video memory the code to load lies.
pub fn commands(family: Family, image: u64) -> Vec<Op> {
    let mut ops = vec![
        Op::Poll(0x110040, 0x8000_0000, 0x8000_0000),
        Op::Write(0x110040, 0),
        Op::CoreReset,
    ];
    if family.has_brom() {
        load_dma(&mut ops, image);
        ops.extend([
            Op::Write(0x111210, 0x1f10),
            Op::Write(0x11119c, 0x400),
            Op::Write(0x111198, 1),
            Op::Write(0x111180, 1),
        ]);
    } else {
        load_pio(&mut ops);
    }
    ops.extend([
        Op::Write(0x110040, 0xfe),
        Op::Write(0x110104, 0x100),
        Op::CoreStart,
        Op::CoreWaitForHalt,
        Op::CoreResume,
    ]);
    ops
}

/// hw-traces: 64 blocks of IMEM and 36 of DMEM by DMA from video memory, DMEM 0x4100 bytes behind IMEM.
fn load_dma(ops: &mut Vec<Op>, image: u64) {
    ops.push(Op::Write(0x110600, 0x114));
    ops.push(Op::Poll(0x110118, 1, 0));
    for (count, cmd, from, base) in [
        (64u32, 0x614u32, 0x100u32, image),
        (36, 0x600, 0, image.wrapping_add(0x4100)),
    ] {
        ops.push(Op::Write(0x110110, (base >> 8) as u32));
        ops.push(Op::Write(0x110128, (base >> 40) as u32));
        for block in 0..count {
            ops.push(Op::Poll(0x110118, 1, 0));
            ops.push(Op::Write(0x110114, block * 0x100));
            ops.push(Op::Write(0x11011c, from + block * 0x100));
            ops.push(Op::Write(0x110118, cmd));
        }
        ops.push(Op::Poll(0x110118, 2, 2));
    }
}

/// One block of IMEM and a few words of DMEM by PIO, with a register saved and one modified on the way.
fn load_pio(ops: &mut Vec<Op>) {
    ops.extend([
        Op::Store(0x110624, 0),
        Op::Modify(0x110624, 0x80, 0x80),
        Op::Write(0x110180, 0x0100_0100),
        Op::Write(0x110188, 1),
    ]);
    ops.extend((0..64).map(|i| Op::Write(0x110184, 0x00f8_0000 | i)));
    ops.push(Op::Write(0x1101c0, 0x0100_0000));
    ops.extend((0..16).map(|i| Op::Write(0x1101c4, i)));
    ops.push(Op::Delay(10));
}
