// SPDX-License-Identifier: GPL-2.0

//! Every poll: it waits for the right bits of the right register, for as long as C does, and then it ends, whatever the
//! device and the clock do. (Polls are what the recordings of `boot_hardware.rs` leave out.)

mod boot_support;

use boot_support::fake::{Fake, Stuck};
use boot_support::images::Loadable;
use boot_support::message;
use boot_support::model::memory::Memory;
use nvkm_rs_core::boot::core::error::{BootError, Errno, Why};
use nvkm_rs_core::boot::core::image::Image;
use nvkm_rs_core::boot::core::io::Unit;
use nvkm_rs_core::boot::core::run::{Boot, Kind};
use nvkm_rs_core::boot::core::sequencer::{self, Resume, Summary};
use nvkm_rs_core::fw::core::falcon::Falcon;

/// What came of it: how many polls were in vain without an end to it all, or the register that it ended at.
type Outcome = Result<u32, String>;

/// An image of one block of each kind.
fn image() -> Loadable {
    let layout = Falcon {
        nmem_size: 0x100,
        imem_base_img: 0x100,
        imem_base: 0x100,
        imem_size: 0x100,
        dmem_base_img: 0x200,
        dmem_size: 0x100,
        ..Falcon::default()
    };
    Loadable::new(&Memory::default(), 0x1_0000, &[0; 0x300], layout)
}

fn outcome<T>(result: Result<T, BootError>) -> Outcome {
    match result {
        Ok(_) => Ok(0),
        Err(error) => {
            assert_eq!(error.errno(), Errno::TimedOut, "{error}");
            let BootError::Timeout { seen, .. } = error else {
                let BootError::Failed {
                    running: Some((seen, _)),
                    ..
                } = error
                else {
                    panic!("{error}");
                };
                return Err(seen.register.into());
            };
            Err(seen.register.into())
        }
    }
}

fn run(boot: &mut Boot<'_, Fake>, unit: Unit, kind: Kind) -> Outcome {
    outcome(boot.run(unit, kind, &mut image(), (0, None)))
}

fn fwsec(boot: &mut Boot<'_, Fake>) -> Outcome {
    run(boot, Unit::Gsp, Kind::Fwsec)
}

fn booter(boot: &mut Boot<'_, Fake>) -> Outcome {
    run(boot, Unit::Sec2, Kind::Booter)
}

fn reset(boot: &mut Boot<'_, Fake>) -> Outcome {
    outcome(boot.reset())
}

fn unloaded(boot: &mut Boot<'_, Fake>) -> Outcome {
    match boot.wait_unloaded() {
        true => Ok(0),
        false => Err("NV_PFALCON_FALCON_MAILBOX0".into()),
    }
}

fn sequence(boot: &mut Boot<'_, Fake>, words: &[u32]) -> Outcome {
    let resume = Resume {
        libos: 0,
        app_version: 0,
    };
    match sequencer::run(boot, &message(words), &resume, &mut |_| {}) {
        Ok(summary) => Ok(summary.timeouts),
        Err(error) => match error.why {
            Why::Boot(error) => outcome(Err::<(), _>(error)),
            other => panic!("{other:?}"),
        },
    }
}

fn halt(boot: &mut Boot<'_, Fake>) -> Outcome {
    sequence(boot, &[7])
}

fn resume(boot: &mut Boot<'_, Fake>) -> Outcome {
    sequence(boot, &[8])
}

fn poll_1ms(boot: &mut Boot<'_, Fake>) -> Outcome {
    sequence(boot, &[2, 0x9_0000, 0x0f00, 0x0500, 1000, 0])
}

fn poll_default(boot: &mut Boot<'_, Fake>) -> Outcome {
    sequence(boot, &[2, 0x9_0000, 0x0f00, 0x0500, 0, 0])
}

fn poll_capped(boot: &mut Boot<'_, Fake>) -> Outcome {
    sequence(boot, &[2, 0x9_0000, 0x0f00, 0x0500, u32::MAX, 0])
}

/// One poll.
struct Case {
    gpu: &'static str,
    run: fn(&mut Boot<'_, Fake>) -> Outcome,
    addr: u32,
    /// Everything but what is waited for, as far as the way to the poll allows it.
    pending: u32,
    /// Nothing but what is waited for.
    ready: u32,
    micros: u64,
    /// What a device that never becomes ready leads to.
    never: Result<u32, &'static str>,
    /// The poll comes that often in a run that goes on.
    times: u64,
    /// Reads of the register before the poll's.
    before: u64,
    /// It is the poll of a command, after which others come.
    command: bool,
}

const DMACTL: Result<u32, &str> = Err("NV_PFALCON_FALCON_DMACTL");
const HWCFG2: Result<u32, &str> = Err("NV_PFALCON_FALCON_HWCFG2");
const CPUCTL: Result<u32, &str> = Err("NV_PFALCON_FALCON_CPUCTL");
const DMATRFCMD: Result<u32, &str> = Err("NV_PFALCON_FALCON_DMATRFCMD");
const BCR_CTRL: Result<u32, &str> = Err("NV_PRISCV_RISCV_BCR_CTRL");
const SCRATCH_14: Result<u32, &str> = Err("NV_PGC6_BSI_SECURE_SCRATCH_14");
const MAILBOX0: Result<u32, &str> = Err("NV_PFALCON_FALCON_MAILBOX0");

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    type Run = fn(&mut Boot<'_, Fake>) -> Outcome;
    let case = |gpu, run: Run, addr, (pending, ready), micros, never| {
        Case { gpu, run, addr, pending, ready, micros, never, times: 1, before: 0, command: false }
    };
    let mut cases = Vec::new();
    for (gpu, run, base) in [
        ("tu102", fwsec as Run, 0x11_0000), ("tu116", reset, 0x11_0000), ("ga100", booter, 0x84_0000),
        ("ga100", fwsec, 0x11_0000), ("tu104", booter, 0x84_0000),
    ] {
        // gm200_flcn_reset_wait_mem_scrubbing
        cases.push(case(gpu, run, base + 0x10c, (2, 0xffff_fff9), 10_000, DMACTL));
        cases.push(case(gpu, run, base + 0x10c, (4, 0xffff_fff9), 10_000, DMACTL));
    }
    for (gpu, run, base, times) in [
        ("ga106", fwsec as Run, 0x11_0000, 2), ("ad102", reset, 0x11_0000, 1), ("ga102", booter, 0x84_0000, 3),
    ] {
        // ga102_flcn_reset_prep: goes on. It comes before each reset, of which a run has two (SEC2: and once more).
        let prep = case(gpu, run, base + 0x0f4, (0x7fff_efff, 0x8000_0000), 150, Ok(0));
        cases.push(Case { times, before: 1, ..prep });
        // ga102_flcn_reset_wait_mem_scrubbing
        let scrub = case(gpu, run, base + 0x0f4, (0x8000_1000, 0xffff_efff), 20_000, HWCFG2);
        let before = if base == 0x84_0000 { 4 } else { 2 };
        cases.push(Case { before, ..scrub });
    }
    for (gpu, run, base) in [("ga106", fwsec as Run, 0x11_0000), ("ad102", booter, 0x84_0000)] {
        // ga102_flcn_select, ga102_flcn_dma_done
        let select = case(gpu, run, base + 0x1668, (0xffff_fffe, 1), 10_000, BCR_CTRL);
        cases.push(Case { before: 1, ..select });
        cases.push(case(gpu, run, base + 0x118, (0xffff_fffd, 2), 2_000_000, DMATRFCMD));
    }
    for (gpu, run, base) in [
        ("ga106", fwsec as Run, 0x11_0000), ("ad102", booter, 0x84_0000), ("tu102", booter, 0x84_0000),
    ] {
        // gm200_flcn_fw_boot
        cases.push(case(gpu, run, base + 0x100, (0xffff_ffef, 0x10), 2_000_000, CPUCTL));
    }
    for gpu in ["tu102", "ga106"] {
        // r535_gsp_fini
        for pending in [0, 0x7fff_ffff, 0x8000_0001, 0xffff_ffff] {
            cases.push(case(gpu, unloaded, 0x11_0040, (pending, 0x8000_0000), 2_000_000, MAILBOX0));
        }
        // r535_gsp_msg_run_cpu_sequencer
        let halt = case(gpu, halt, 0x11_0100, (0xffff_ffef, 0x10), 2_000_000, Ok(1));
        cases.push(Case { command: true, ..halt });
        cases.push(case(gpu, resume, 0x11_80f8, (0xfbff_ffff, 0x0400_0000), 2_000_000, SCRATCH_14));
        for (run, micros) in [(poll_1ms as Run, 1000), (poll_default, 4_000_000), (poll_capped, 4_000_000)] {
            for (pending, ready) in [(0, 0x0500), (0x0f00, 0xffff_f5ff), (0x0400, 0x0500)] {
                let poll = case(gpu, run, 0x9_0000, (pending, ready), micros, Ok(1));
                cases.push(Case { before: 1, command: true, ..poll });
            }
        }
    }
    cases
}

fn stuck(case: &Case, after: Option<u64>) -> Fake {
    Fake {
        stuck: Some(Stuck {
            addr: case.addr,
            pending: case.pending,
            ready: case.ready,
            after,
        }),
        ..Fake::default()
    }
}

fn name(case: &Case) -> String {
    format!("{} {:#x} from {:#x}", case.gpu, case.addr, case.pending)
}

#[test]
fn a_device_that_is_never_ready() {
    for case in cases() {
        let mut fake = stuck(&case, None);
        let start = fake.clock;
        let outcome = (case.run)(&mut fake.boot(case.gpu));
        let (limit, name) = (case.micros * 1000, name(&case));
        assert_eq!(
            outcome.as_ref().map_err(String::as_str),
            case.never.as_ref().map_err(|e| *e),
            "{name}"
        );
        // Its time, each time that it polls; and a bit, for looking at the clock and for what comes besides.
        let taken = fake.clock - start;
        let (least, most) = (limit * case.times, limit * case.times + 100_000);
        assert!((least..most).contains(&taken), "{name}: {taken} ns");
        // It looks at the register all the time, and pauses in between.
        let reads = case.times * case.micros;
        assert!(
            (reads..reads + 32).contains(&fake.reads),
            "{name}: {} reads",
            fake.reads
        );
        assert!(
            (reads..reads + 32).contains(&fake.pauses),
            "{name}: {} pauses",
            fake.pauses
        );
        assert!(
            fake.last - start > limit,
            "{name}: looks once more when the time is over"
        );
    }
}

#[test]
fn a_device_that_is_ready_after_a_while() {
    for case in cases() {
        let name = name(&case);
        for wait in [0, 1, 7] {
            let mut fake = stuck(&case, Some(case.before + wait));
            assert_eq!((case.run)(&mut fake.boot(case.gpu)), Ok(0), "{name} {wait}");
            // It is seen at once when it is ready.
            assert_eq!(fake.pauses, wait, "{name} {wait}");
        }
    }
}

#[test]
fn what_becomes_ready_when_the_time_is_over_is_ready() {
    for case in cases() {
        let mut fake = stuck(&case, Some(case.before + 1));
        // The first look at the clock is the beginning, the second is past the end.
        fake.tick = case.micros * 1000 + 1;
        // The sequencer looks before each command.
        assert_eq!(
            (case.run)(&mut fake.boot(case.gpu)),
            Ok(0),
            "{}",
            name(&case)
        );
        assert_eq!(fake.pauses, 1);
    }
}

#[test]
fn a_clock_that_stands_still() {
    for case in cases() {
        for tick in [0, 1] {
            if tick == 1 && case.micros > 20_000 {
                // The same with more reads.
                continue;
            }
            let mut fake = stuck(&case, None);
            fake.tick = tick;
            if case.command {
                // An error of its own: the rest of the message would take as long.
                let words: &[u32] = match case.addr {
                    0x11_0100 => &[7, 7, 7],
                    _ => &[2, 0x9_0000, 0x0f00, 0x0500, case.micros as u32, 0, 7],
                };
                let resume = Resume {
                    libos: 0,
                    app_version: 0,
                };
                let mut boot = fake.boot(case.gpu);
                let error = sequencer::run(&mut boot, &message(words), &resume, &mut |_| {});
                let error = error.unwrap_err();
                assert_eq!(
                    (error.position, error.why),
                    (0, Why::Clock),
                    "{}",
                    name(&case)
                );
                assert_eq!(error.errno(), Errno::TimedOut);
            } else {
                let outcome = (case.run)(&mut fake.boot(case.gpu));
                assert_eq!(outcome.is_ok(), case.never.is_ok(), "{}", name(&case));
            }
            // 16 reads a microsecond, or 2^18 without the clock moving: whichever is less.
            let most = match tick {
                0 => (case.micros * 16).min(1 << 18),
                _ => case.micros * 16,
            };
            assert!(
                fake.reads <= case.times * (most + 8),
                "{}: {} reads",
                name(&case),
                fake.reads
            );
        }
    }
}

#[test]
fn a_clock_that_goes_backwards() {
    for case in cases() {
        let mut fake = stuck(&case, Some(case.before + 100));
        fake.tick = u64::MAX;
        assert_eq!(
            (case.run)(&mut fake.boot(case.gpu)),
            Ok(0),
            "{}",
            name(&case)
        );
    }
}

/// All polls of a message in vain: it ends, and says so.
#[test]
fn a_message_has_an_end() {
    let mut words = Vec::new();
    for _ in 0..100 {
        words.extend([2, 0x9_0000, 1, 1, 0, 0]);
    }
    let resume = Resume {
        libos: 0,
        app_version: 0,
    };
    let mut fake = Fake::default();
    let start = fake.clock;
    let mut boot = fake.boot("ga106");
    let error = sequencer::run(&mut boot, &message(&words), &resume, &mut |_| {}).unwrap_err();
    // Seven take 28 seconds, the eighth ends after 30.
    assert_eq!((error.position, error.why), (8 * 6, Why::Late));
    assert_eq!(error.errno(), Errno::TimedOut);
    assert!(fake.clock - start < 33_000_000_000);

    // Three of them are within its time.
    let mut fake = Fake::default();
    let mut boot = fake.boot("ga106");
    let summary = sequencer::run(&mut boot, &message(&words[..18]), &resume, &mut |_| {}).unwrap();
    let Summary {
        commands,
        timeouts,
        last_timeout: Some((12, last)),
        ..
    } = summary
    else {
        panic!("{summary:?}");
    };
    assert_eq!(
        (commands, timeouts, last.micros, last.clock),
        (3, 3, 4_000_000, false)
    );
}

/// A reset holds the falcon for ten microseconds.
#[test]
fn a_reset_takes_its_time() {
    for gpu in ["tu102", "ga106"] {
        let mut fake = Fake::default();
        fake.boot(gpu).reset().unwrap();
        let text = format!("{:?}", fake.log);
        let order = ["W 0x1103c0 0x00000001", "delay 10", "W 0x1103c0 0x00000000"];
        let places = order.map(|what| text.find(what).unwrap());
        assert!(places.is_sorted(), "{text}");
    }
    assert!(!image().is_empty());
}
