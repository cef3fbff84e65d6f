// SPDX-License-Identifier: GPL-2.0

//! What must hold for any message of the sequencer, on any device: for property tests and for fuzzing. Nothing else is
//! needed than the library.

use nvkm_rs_core::boot::core::error::Why;
use nvkm_rs_core::boot::core::hal;
use nvkm_rs_core::boot::core::io::{Io, Unit};
use nvkm_rs_core::boot::core::run::Boot;
use nvkm_rs_core::boot::core::sequencer::{self, Resume, TOTAL};

/// Bytes of BAR0.
const BAR0: u32 = 16 << 20;

/// A device that answers at random, or as if it were ready.
struct Any {
    random: u64,
    /// Of 256 answers, so many are at random.
    wild: u8,
    clock: u64,
    tick: u64,
    accesses: u64,
    reads: u64,
    delays: u64,
}

impl Any {
    fn next(&mut self) -> u64 {
        // xorshift64
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn access(&mut self, addr: u32) {
        assert!(addr % 4 == 0 && addr < BAR0, "{addr:#x}");
        self.accesses += 1;
    }
}

impl Io for Any {
    fn size(&self) -> u32 {
        BAR0
    }

    fn read(&mut self, addr: u32) -> u32 {
        self.access(addr);
        self.reads += 1;
        let random = self.next();
        if random as u8 >= self.wild {
            match addr & 0x1fff {
                0x0f4 => return 0x8000_0000,
                0x100 => return 0x10,
                0x118 => return 2,
                0x040 | 0x10c => return 0,
                0x1240 | 0x1388 => return 0x81,
                _ => {}
            }
        }
        (random >> 16) as u32
    }

    fn write(&mut self, addr: u32, _: u32) {
        self.access(addr);
    }

    fn now(&mut self) -> u64 {
        self.clock = self.clock.wrapping_add(self.tick);
        self.clock
    }

    fn pause(&mut self) {}

    fn delay(&mut self, microseconds: u32) {
        self.delays += u64::from(microseconds);
        self.clock = self.clock.wrapping_add(u64::from(microseconds) * 1000);
    }

    fn pmc(&mut self, _: Unit, _: bool) {}
}

/// The first 16 bytes are the device's, the rest is the message. Says whether it was carried out.
pub fn sequencer(bytes: &[u8]) -> bool {
    let Some((device, message)) = bytes.split_at_checked(16) else {
        return false;
    };
    let chips = [0x162, 0x170, 0x176, 0x192];
    let mut any = Any {
        random: u64::from_le_bytes(device[..8].try_into().unwrap()) | 1,
        wild: device[8],
        clock: 0,
        // It stands still, or takes steps of 65 us and more: what a poll may take does not take long.
        tick: u64::from(device[9]) << 16,
        accesses: 0,
        reads: 0,
        delays: 0,
    };
    let hal = hal::select(chips[usize::from(device[10] % 4)]).unwrap();
    let mut boot = Boot { io: &mut any, hal };
    let resume = Resume {
        libos: 0x12_3456_7000,
        app_version: 7,
    };
    let mut traced = 0u64;
    let mut text = 0;
    let mut trace = |command: &sequencer::Command| {
        traced += 1;
        text += command.to_string().len();
    };
    let result = sequencer::run(&mut boot, message, &resume, &mut trace);

    // It comes to an end: all its time, and that of one more command, which may reset, wait and look.
    let most = u64::from(TOTAL) * 1000 + 8_000_000_000;
    assert!(any.clock <= most, "{} ns", any.clock);
    assert!(any.delays <= u64::from(TOTAL) + 40 * traced);
    // A word has at most the reads of a reset, but for those while time does not pass.
    let words = message.len() as u64 / 4;
    let still = if any.tick == 0 {
        1 << 19
    } else {
        most / any.tick
    };
    assert!(
        any.reads <= 64 * words + 4 * still + 5000,
        "{} reads",
        any.reads
    );
    match result {
        Ok(summary) => {
            assert_eq!(u64::from(summary.commands), traced);
            assert!(summary.timeouts <= summary.commands);
            true
        }
        Err(error) => {
            assert!(error.to_string().len() > 20);
            assert!(u64::from(error.position) <= words);
            match error.why {
                Why::Boot(_) | Why::Late | Why::Clock => {}
                // It was refused: nothing was done.
                _ => assert_eq!((any.accesses, any.delays, traced), (0, 0, 0), "{error}"),
            }
            false
        }
    }
}
