// SPDX-License-Identifier: GPL-2.0
//! Register traces of real cards: what a driver did to one, it must do to the virtual one.
//!
//! A recording covers a window of the boot: its first access to its last. Left out on both sides is what the recording's
//! head says it leaves out: timed polls and doorbells. DMA addresses are each machine's own; of those that are written one
//! after the other, the distance from the first counts.

use serde::Serialize;

use crate::address::Table;
use crate::compare::Run;
use crate::compare::DOORBELL;
use crate::trace::Access;

/// A recording.
#[derive(Debug)]
pub struct Recording {
    /// Its name in reports.
    pub name: &'static str,
    /// The chip.
    pub gpu: &'static str,
    /// The firmware's version.
    pub fw: &'static str,
    text: &'static str,
}

/// Register reads that are polls, and registers that are polls or doorbells whichever way: the recording's head.
const POLLED: [u32; 2] = [0x11_0100, 0x11_0118];
const LEFT_OUT: [u32; 2] = [0x11_00f4, DOORBELL];
/// The first access (a read), and the last (a write): the libos mailbox.
const FIRST: u32 = 0x11_012c;
const MAILBOX: [u32; 2] = [0x11_0040, 0x11_0044];
/// Where DMA is told its base.
const DMA_BASE: u32 = 0x11_0110;

/// All that there are.
pub const RECORDINGS: &[Recording] = &[Recording {
    name: "ga106-r570-fwsec-frts",
    gpu: "ga106",
    fw: "570.144",
    text: include_str!("../../../vgpu/tests/data/ga106-r570-fwsec-frts.txt"),
}];

/// How a run compares with a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The recording.
    pub recording: String,
    /// The side.
    pub side: String,
    /// Accesses of the recording.
    pub accesses: usize,
    /// Whether the run's are the same, in the same order, with the same values.
    pub equal: bool,
    /// The first that is not.
    pub first: Option<String>,
}

/// Direction, address, value.
type Step = (bool, u32, u32);

impl Recording {
    /// The recordings of a chip with a firmware.
    pub fn of(gpu: &str, fw: &str) -> Vec<&'static Recording> {
        RECORDINGS
            .iter()
            .filter(|r| r.gpu == gpu && r.fw == fw)
            .collect()
    }

    fn steps(&self) -> Vec<Step> {
        let hex = |word: &str| u32::from_str_radix(word.trim_start_matches("0x"), 16).ok();
        self.text
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let write = match words.next()? {
                    "R" => false,
                    "W" => true,
                    _ => return None,
                };
                Some((write, hex(words.next()?)?, hex(words.next()?)?))
            })
            .collect()
    }

    /// Compares a run with it.
    pub fn compare(&self, side: &str, run: &Run, table: &Table) -> Row {
        let ours = self.steps();
        let theirs: Vec<Step> = run
            .trace
            .accesses
            .iter()
            .filter(|a| !table.is_clock(a.addr))
            .map(|a: &Access| (a.write, a.addr, a.value))
            .collect();
        let (want, got) = (window(&ours), window(&theirs));
        let at = (0..want.len().max(got.len())).find(|&n| want.get(n) != got.get(n));
        let shown = |step: Option<&Step>| match step {
            Some((write, addr, value)) => {
                format!(
                    "{} {addr:#08x} {value:#010x}",
                    if *write { 'W' } else { 'R' }
                )
            }
            None => "nothing".into(),
        };
        Row {
            recording: self.name.into(),
            side: side.into(),
            accesses: want.len(),
            equal: at.is_none() && !want.is_empty(),
            first: at.map(|n| {
                format!(
                    "access {n}: hardware {}, {side} {}",
                    shown(want.get(n)),
                    shown(got.get(n))
                )
            }),
        }
    }
}

/// The window of a trace, without what is left out, addresses made comparable. Empty where there is none.
fn window(all: &[Step]) -> Vec<Step> {
    let Some(begin) = all.iter().position(|s| !s.0 && s.1 == FIRST) else {
        return Vec::new();
    };
    let rest = &all[begin..];
    let Some(end) = rest.iter().position(|s| s.0 && s.1 == MAILBOX[1]) else {
        return Vec::new();
    };
    let mut kept: Vec<Step> = rest[..=end]
        .iter()
        .filter(|(write, addr, _)| !LEFT_OUT.contains(addr) && (*write || !POLLED.contains(addr)))
        .copied()
        .collect();
    let mut base = None;
    for (_, addr, value) in &mut kept {
        if *addr == DMA_BASE {
            *value = value.wrapping_sub(*base.get_or_insert(*value));
        }
    }
    // The last two are the mailboxes.
    let from = kept.len().saturating_sub(2);
    for (write, addr, value) in &mut kept[from..] {
        if *write && MAILBOX.contains(addr) {
            *value = 0;
        }
    }
    kept
}
