// SPDX-License-Identifier: GPL-2.0
//! Attacks on the boot: registers that lie, engines that do not do what they are told, the sequencer's commands.

use super::bytes::set32;
use super::{After, Attack, Consumer, From, How, Which};

/// Words in front of the sequencer's commands (`rpc_run_cpu_sequencer_v17_00`, nvrm/gsp.h).
const HEADER: usize = 10;

/// Replaces the commands.
fn commands(p: &mut Vec<u8>, words: &[u32]) {
    p.resize((HEADER + words.len()) * 4, 0);
    set32(p, 0, words.len() as u32);
    set32(p, 4, words.len() as u32);
    for (n, word) in words.iter().enumerate() {
        set32(p, (HEADER + n) * 4, *word);
    }
}

/// Adds commands behind those that there are.
fn more(p: &mut Vec<u8>, words: &[u32]) {
    p.extend(words.iter().flat_map(|w| w.to_le_bytes()));
    let count = (p.len() / 4 - HEADER) as u32;
    set32(p, 0, count);
    set32(p, 4, count);
}

const fn boot(name: &'static str, what: &'static str, how: How) -> Attack {
    Attack::new(name, Consumer::Boot, what, how).after(After::Refused)
}

const fn sequence(name: &'static str, what: &'static str, change: fn(&mut Vec<u8>)) -> Attack {
    boot(name, what, How::Sequence(change))
}

const fn registers(
    name: &'static str,
    what: &'static str,
    from: From,
    list: &'static [(u32, u32, u32)],
) -> Attack {
    boot(name, what, How::Registers(from, list))
}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    // RUN_CPU_SEQUENCER
    sequence(
        "sequence-empty-message",
        "sequencer message of no bytes",
        Vec::clear,
    ),
    sequence(
        "sequence-short",
        "sequencer message that ends in its header",
        |p| p.truncate(20),
    ),
    sequence(
        "sequence-index-above",
        "cmdIndex one word above what is there",
        |p| {
            let count = (p.len() / 4 - HEADER) as u32;
            set32(p, 4, count + 1);
        },
    ),
    sequence("sequence-index-all-ones", "cmdIndex 0xffffffff", |p| {
        set32(p, 4, u32::MAX)
    }),
    sequence(
        "sequence-index-wraps",
        "cmdIndex that becomes small when it is counted in bytes",
        |p| {
            set32(p, 4, 0x4000_0001);
        },
    ),
    sequence(
        "sequence-none",
        "sequencer message without commands: the core is never resumed",
        |p| {
            commands(p, &[]);
        },
    ),
    sequence("sequence-unknown", "command 9", |p| commands(p, &[9])),
    sequence("sequence-unknown-all-ones", "command 0xffffffff", |p| {
        commands(p, &[u32::MAX])
    }),
    sequence("sequence-cut", "write command without its value", |p| {
        commands(p, &[0, 0x11_0040])
    }),
    sequence("sequence-slot-above", "save slot 8 of 8", |p| {
        commands(p, &[4, 0x11_0624, 8])
    }),
    sequence("sequence-slot-all-ones", "save slot 0xffffffff", |p| {
        commands(p, &[4, 0x11_0624, u32::MAX]);
    }),
    sequence(
        "sequence-slot-far",
        "save slot 0x100000: 4 MB behind the array",
        |p| {
            commands(p, &[4, 0x11_0624, 0x10_0000]);
        },
    ),
    sequence(
        "sequence-write-beyond",
        "write behind the end of BAR0",
        |p| {
            commands(p, &[0, 0x0100_0000, 1]);
        },
    ),
    sequence("sequence-write-far", "write at 0xfffffffc", |p| {
        commands(p, &[0, 0xffff_fffc, 1])
    }),
    sequence(
        "sequence-write-unaligned",
        "write at an address that is no register's",
        |p| {
            commands(p, &[0, 0x11_0041, 1]);
        },
    ),
    sequence(
        "sequence-modify-beyond",
        "modify behind the end of BAR0",
        |p| {
            commands(p, &[1, 0x0200_0000, 1, 1]);
        },
    ),
    sequence("sequence-poll-beyond", "poll behind the end of BAR0", |p| {
        commands(p, &[2, 0x0200_0000, 1, 1, 1000, 0]);
    }),
    sequence("sequence-save-beyond", "save behind the end of BAR0", |p| {
        commands(p, &[4, 0x0200_0000, 0]);
    }),
    sequence(
        "sequence-poll-never",
        "poll of 0xffffffff microseconds for what never comes",
        |p| {
            commands(p, &[2, 0x11_0040, u32::MAX, 0x1234_5678, u32::MAX, 0]);
        },
    ),
    sequence(
        "sequence-delay-hour",
        "delay of 0xffffffff microseconds",
        |p| {
            commands(p, &[3, u32::MAX]);
        },
    ),
    sequence("sequence-delays", "a thousand delays of a second", |p| {
        commands(p, &[[3u32, 1_000_000]; 1000].concat());
    }),
    sequence(
        "sequence-halt-never",
        "wait for a core that is not started to halt, ten times",
        |p| {
            commands(p, &[[5u32, 7]; 10].concat());
        },
    )
    .after(After::Either),
    sequence(
        "sequence-resume-twice",
        "the core is resumed a second time",
        |p| more(p, &[8]),
    )
    .after(After::Either)
    .quiet(),
    // Messages of the boot
    boot(
        "init-done-never",
        "INIT_DONE never comes",
        How::Reply(Which::first(0x1001), |_| Vec::new()),
    ),
    boot(
        "init-done-failed",
        "INIT_DONE with an rpc result",
        How::Reply(Which::first(0x1001), |s| {
            vec![super::Element::of(crate::gsp::queue::Rpc {
                result: 0x65,
                ..s.rpc.clone()
            })]
        }),
    ),
    // What engines say
    registers(
        "booter-failed",
        "the booter ends with status 1",
        From::PowerOn,
        &[(0x84_0040, !0, 1)],
    ),
    registers(
        "frts-failed",
        "FWSEC says that it could not make its region",
        From::PowerOn,
        &[(0x00_1438, 0xffff, 0x00de_0000)],
    ),
    registers(
        "frts-elsewhere",
        "FWSEC made its region elsewhere",
        From::PowerOn,
        &[(0x1f_a824, 0, 0x0012_3450)],
    )
    .after(After::Either)
    .quiet(),
    registers(
        "frts-nowhere",
        "FWSEC made no region",
        From::PowerOn,
        &[(0x1f_a824, 0, 0), (0x1f_a828, 0, 0)],
    ),
    registers(
        "gsp-never-halts",
        "the GSP's falcon runs for ever",
        From::PowerOn,
        &[(0x11_0100, !0x10, 0)],
    ),
    registers(
        "sec2-never-halts",
        "SEC2's falcon runs for ever",
        From::PowerOn,
        &[(0x84_0100, !0x10, 0)],
    ),
    registers(
        "gsp-never-scrubbed",
        "the GSP's memory is never scrubbed",
        From::PowerOn,
        &[(0x11_010c, !0, 6)],
    ),
    registers(
        "sec2-never-scrubbed",
        "SEC2's memory is never scrubbed",
        From::PowerOn,
        &[(0x84_010c, !0, 6)],
    ),
    registers(
        "riscv-never-active",
        "the RISC-V core never starts",
        From::PowerOn,
        &[(0x11_1240, !1, 0)],
    ),
    registers(
        "riscv-never-active-ampere",
        "the same on Ampere",
        From::PowerOn,
        &[(0x11_1388, !0x80, 0)],
    )
    .gpu("ga106"),
    registers(
        "dma-never-done",
        "the falcon's DMA is never done",
        From::PowerOn,
        &[(0x11_0118, !2, 0), (0x84_0118, !2, 0)],
    )
    .gpu("ga106"),
    registers(
        "dma-always-full",
        "the falcon's DMA queue is always full",
        From::PowerOn,
        &[(0x11_0118, !2, 1), (0x84_0118, !2, 1)],
    )
    .gpu("ga106"),
    registers(
        "resume-never",
        "SEC2 never says that it resumed the GSP",
        From::PowerOn,
        &[(0x11_80f8, 0, 0)],
    ),
    registers(
        "fuses-all-ones",
        "fuses that ask for a signature that no file has",
        From::PowerOn,
        &[(0x82_4148, 0, u32::MAX), (0x82_41e0, 0, u32::MAX)],
    )
    .gpu("ga106"),
    registers(
        "memory-none",
        "video memory of 0 bytes",
        From::PowerOn,
        &[(0x10_0ce0, 0, 0)],
    ),
    registers(
        "memory-tiny",
        "video memory of 1 MB",
        From::PowerOn,
        &[(0x10_0ce0, 0, 0x10)],
    ),
    registers(
        "memory-absurd",
        "video memory of 63 << 15 MB",
        From::PowerOn,
        &[(0x10_0ce0, 0, 0x3ff)],
    ),
    registers(
        "unload-never",
        "GSP-RM never says that it has unloaded",
        From::Strike,
        &[(0x11_0040, 0, 0)],
    )
    .during("?unbind,?bind")
    .after(After::Disturbed),
    registers(
        "unload-wpr2-stays",
        "WPR2 is still up after the unload",
        From::Strike,
        &[(0x1f_a828, !0, 0x10)],
    )
    .during("?unbind")
    .after(After::Disturbed),
    // All of it
    boot(
        "gone-while-booting",
        "the device answers 0xffffffff once RM was loaded",
        How::Gone(From::Loaded),
    ),
    boot(
        "gone-while-running",
        "the device answers 0xffffffff",
        How::Gone(From::Strike),
    )
    .during("?copy,?unbind")
    .after(After::Disturbed)
    // nouveau_channel_idle() looks for 15 s at a fence, without a pause, for each channel.
    .patient(),
];
