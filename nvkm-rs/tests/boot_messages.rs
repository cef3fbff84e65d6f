// SPDX-License-Identifier: GPL-2.0

//! The sequencer's messages: what is refused, before anything is done, and with which words; what each command does.

mod boot_support;

use boot_support::fake::Fake;
use boot_support::{message, Access};
use nvkm_rs_core::boot::core::error::{Errno, SequencerError};
use nvkm_rs_core::boot::core::sequencer::{self, Command, Resume, Summary};

fn sequence(fake: &mut Fake, message: &[u8]) -> Result<(Summary, Vec<Command>), SequencerError> {
    let resume = Resume {
        libos: 0x12_3456_7000,
        app_version: 0x77,
    };
    let mut traced = Vec::new();
    let mut boot = fake.boot("ga106");
    let summary = sequencer::run(&mut boot, message, &resume, &mut |command| {
        traced.push(*command);
    })?;
    Ok((summary, traced))
}

#[test]
fn messages_that_are_refused() {
    let good = [0u32, 0x9_0000, 1];
    #[rustfmt::skip]
    let cases: &[(&[u32], u32, &str)] = &[
        (&[9], 3, "unknown opcode 00000009"),
        (&[u32::MAX], 3, "unknown opcode ffffffff"),
        (&[0, 0x9_0000], 3, "2 words where 3 are needed"),
        (&[0], 3, "1 words where 3 are needed"),
        (&[1, 0x9_0000, 0], 3, "3 words where 4 are needed"),
        (&[2, 0x9_0000, 0, 0, 0], 3, "5 words where 6 are needed"),
        (&[3], 3, "1 words where 2 are needed"),
        (&[4, 0x9_0000], 3, "2 words where 3 are needed"),
        (&[0, 0x100_0000, 0], 3, "no register at 0x1000000"),
        (&[0, 0xffff_fffc, 0], 3, "no register at 0xfffffffc"),
        (&[0, 0xff_fffe, 0], 3, "no register at 0xfffffe"),
        (&[1, 0x9_0001, 0, 0], 3, "no register at 0x90001"),
        (&[2, 0x100_0000, 0, 0, 0, 0], 3, "no register at 0x1000000"),
        (&[4, 0x9_0002, 0], 3, "no register at 0x90002"),
        (&[4, 0x9_0000, 8], 3, "no slot 8"),
        (&[4, 0x9_0000, u32::MAX], 3, "no slot 4294967295"),
        (&[3, 1_000_001], 3, "1000001 microseconds are too long to wait"),
        (&[5, 6, 7, 3, u32::MAX], 6, "4294967295 microseconds are too long to wait"),
        // The last one's register is past the end of BAR0 by a byte.
        (&[0, 0xff_fffc, 0, 0, 0xff_fffd, 0], 6, "no register at 0xfffffd"),
    ];
    for (words, position, text) in cases {
        let mut fake = Fake::default();
        let all = [&good[..], words].concat();
        let error = sequence(&mut fake, &message(&all)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("seq: command at word {position}: {text}")
        );
        assert_eq!(error.errno(), Errno::Invalid);
        assert!(fake.log.is_empty(), "{:?}", fake.log);
    }
    // Delays of a second, for half a minute, are the most.
    let mut fake = Fake::default();
    let error = sequence(&mut fake, &message(&[3u32, 1_000_000].repeat(31))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "seq: command at word 60: 31000000 microseconds are too long to wait"
    );
    assert!(fake.log.is_empty());
    let (summary, _) = sequence(&mut fake, &message(&[3u32, 1_000_000].repeat(30))).unwrap();
    assert_eq!(summary.commands, 30);
    assert_eq!(fake.log, [Access::Delay(1_000_000)].repeat(30));
}

#[test]
fn headers() {
    let whole = message(&[0, 0x9_0000, 1]);
    for len in 0..whole.len() {
        let mut fake = Fake::default();
        let error = sequence(&mut fake, &whole[..len]).unwrap_err();
        let needed = if len < 40 { 10 } else { 13 };
        let text = format!(
            "seq: command at word 0: {} words where {needed} are needed",
            len / 4
        );
        assert_eq!(error.to_string(), text);
    }
    // What it says of its own buffer is not used, by C neither; what is behind the commands is not looked at.
    let mut longer = whole.clone();
    longer[0] = 0xff;
    longer.extend([0xff; 7]);
    let mut fake = Fake::default();
    let (summary, traced) = sequence(&mut fake, &longer).unwrap();
    assert_eq!((summary.commands, traced.len(), fake.log.len()), (1, 1, 1));
    // More than there are.
    for count in [4, 0x4000_0000, u32::MAX - 10, u32::MAX] {
        let mut more = whole.clone();
        more[4..8].copy_from_slice(&count.to_le_bytes());
        let mut fake = Fake::default();
        assert!(sequence(&mut fake, &more).is_err(), "{count}");
        assert!(fake.log.is_empty());
    }
    // Fewer: the last command's words are there, but they are no commands.
    let two = message(&[0, 0x9_0000, 1, 1, 0x9_0000, 2, 3]);
    for count in [4u32, 5, 6] {
        let mut cut = two.clone();
        cut[4..8].copy_from_slice(&count.to_le_bytes());
        let mut fake = Fake::default();
        let error = sequence(&mut fake, &cut).unwrap_err();
        let text = format!(
            "seq: command at word 3: {} words where 4 are needed",
            count - 3
        );
        assert_eq!(error.to_string(), text);
        assert!(fake.log.is_empty());
    }
    // None.
    let (summary, traced) = sequence(&mut Fake::default(), &message(&[])).unwrap();
    assert_eq!((summary, traced), (Summary::default(), vec![]));
}

/// Each command, as it is traced and as it is done; those of the core are in `boot_hardware.rs`.
#[test]
fn commands() {
    use Access::{Delay, Read, Write};
    let mut fake = Fake::default();
    fake.registers.insert(0x9_0000, 0x1234_5678);
    let words = [
        0,
        0xff_fffc,
        0xffff_ffff, // write
        1,
        0x9_0000,
        0x0000_ff00,
        0x0001_ab00, // modify: C does not mask what is put in
        2,
        0x9_0000,
        0x0000_ff00,
        0x0000_ab00,
        5,
        0xe, // poll
        3,
        7, // delay
        4,
        0x9_0000,
        7, // save
        2,
        0x9_0000,
        0,
        0,
        u32::MAX,
        0, // a poll that is over at once
    ];
    let (summary, traced) = sequence(&mut fake, &message(&words)).unwrap();
    let value = 0x1234_0078 | 0x0001_ab00;
    assert_eq!(
        fake.log,
        [
            Write(0xff_fffc, 0xffff_ffff),
            Read(0x9_0000, 0x1234_5678),
            Write(0x9_0000, value),
            Read(0x9_0000, value),
            Read(0x9_0000, value),
            Delay(7),
            Read(0x9_0000, value),
            Read(0x9_0000, value),
            Read(0x9_0000, value),
        ]
    );
    let text: Vec<String> = traced.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "seq wr32 fffffc ffffffff",
            "seq mask 090000 0000ff00 0001ab00",
            "seq poll 090000 0000ff00 0000ab00 5",
            "seq usec 7",
            "seq save 00090000 -> 7: 1235ab78",
            "seq poll 090000 00000000 00000000 -1",
        ]
    );
    let mut saved = [None; 8];
    saved[7] = Some(value);
    let expected = Summary {
        commands: 6,
        saved,
        ..Summary::default()
    };
    assert_eq!(summary, expected);
}

/// The step that fails is where it ends.
#[test]
fn steps_that_fail() {
    let tail = [0u32, 0x9_0000, 1];
    #[rustfmt::skip]
    let cases: &[(u32, u32, u32, &str, Errno)] = &[
        (5, 0x11_00f4, 0x8000_1000, "NV_PFALCON_FALCON_HWCFG2 (0x1100f4) reads 0x80001000 after 20000 microseconds", Errno::TimedOut),
        (8, 0x11_00f4, 0x8000_1000, "NV_PFALCON_FALCON_HWCFG2 (0x1100f4) reads 0x80001000 after 20000 microseconds", Errno::TimedOut),
        (8, 0x11_80f8, 0, "NV_PGC6_BSI_SECURE_SCRATCH_14 (0x1180f8) reads 0x00000000 after 2000000 microseconds", Errno::TimedOut),
        (8, 0x84_0040, 0x35, "sec2 failed: NV_PFALCON_FALCON_MAILBOX0 (0x840040) reads 0x00000035", Errno::Io),
        (8, 0x11_1388, 0, "the RISC-V core does not run: NV_PRISCV_RISCV_CPUCTL (0x111388) reads 0x00000000", Errno::Io),
    ];
    for (opcode, addr, value, text, errno) in cases {
        let mut fake = Fake::says(*addr, *value);
        let words = [&[3, 1, *opcode], &tail[..]].concat();
        let error = sequence(&mut fake, &message(&words)).unwrap_err();
        assert_eq!(error.to_string(), format!("seq: command at word 2: {text}"));
        assert_eq!(error.errno(), *errno);
        assert!(!fake.log.contains(&Access::Write(0x9_0000, 1)));
    }
}
