// SPDX-License-Identifier: GPL-2.0
//! Register accesses of a boot and an unload, step by step.
//!
//! Compared are the registers that booting GSP-RM is about (`BOOT`); polls are one access, a block that goes through a data
//! port is one, clocks are left out. What nova-core does outside of them is a difference, so that nothing of it is passed
//! over; what nvkm does outside of them is counted.

use std::collections::BTreeMap;
use std::ops::Range;

use nvkm_ab::address::Table;
use nvkm_ab::compare::mmio;
use nvkm_ab::compare::seq;
use nvkm_ab::compare::seq::Step as Aligned;
use nvkm_ab::compare::Run;
use nvkm_ab::trace::Access;

use crate::item::Area;
use crate::item::Found;
use crate::item::How;
use crate::item::Pairs;
use crate::item::Place;

/// GSP's falcon and its RISC-V core (nova-core/falcon/gsp.rs), SEC2's (falcon/sec2.rs).
const GSP: Range<u32> = 0x11_0000..0x11_2000;
const SEC2: Range<u32> = 0x84_0000..0x84_2000;
/// Registers of a boot: both falcons, and what nova-core/{regs.rs, fb/regs.rs, gsp/regs.rs} and nvkm/subdev/gsp/*.c read
/// and write for it: who the GPU is, GFW's end, flush page, FB size, display fuse, WPR2 and locked memory, FRTS's and
/// SEC2's status, VGA workspace, fuses of ucode versions.
const BOOT: [Range<u32>; 16] = [
    GSP,
    SEC2,
    0x00_0000..0x00_0004,
    0x00_0a00..0x00_0a04,
    0x11_8128..0x11_812c,
    0x11_8234..0x11_8238,
    0x10_0c10..0x10_0c14,
    0x10_0c40..0x10_0c44,
    0x10_0ce0..0x10_0ce4,
    0x11_83a4..0x11_83a8,
    0x02_1c04..0x02_1c08,
    0x82_0c04..0x82_0c08,
    0x1f_a7c8..0x1f_a840,
    0x00_1438..0x00_1458,
    0x11_80f8..0x11_80fc,
    0x62_5f04..0x62_5f08,
];
const FUSES: Range<u32> = 0x82_4000..0x82_5000;
/// The VBIOS: read in another order and more than once, so only how much of it counts.
const VBIOS: Range<u32> = 0x30_0000..0x40_0000;
/// A doorbell of the queue, one a message; a step of its own once RM runs.
const DOORBELL: u32 = 0x11_0c00;
/// Data ports of IMEM and DMEM: written word by word.
const PORTS: [u32; 4] = [0x11_0184, 0x11_01c4, 0x84_0184, 0x84_01c4];
/// `NV_PFALCON_FALCON_ENGINE`, `_CPUCTL`, `_CPUCTL_ALIAS`, `_OS` from a falcon's base.
const ENGINE: u32 = 0x3c0;
const CPUCTL: u32 = 0x100;
const ALIAS: u32 = 0x130;
const OS: u32 = 0x080;

/// Steps of a probe, in order.
const PROBE: [&str; 6] = [
    "identify",
    "fwsec-frts",
    "libos",
    "booter-load",
    "sequencer",
    "running",
];
/// Steps of an unbind.
const UNBIND: [&str; 3] = ["shutdown", "fwsec-sb", "booter-unload"];

/// An access, or a block through a port.
#[derive(Clone, Debug)]
struct Entry {
    step: &'static str,
    write: bool,
    addr: u32,
    values: Vec<(u32, Option<u32>)>,
}

impl Entry {
    fn what(&self) -> String {
        let op = if self.write { 'W' } else { 'R' };
        let more = if PORTS.contains(&self.addr) {
            "…"
        } else {
            ""
        };
        format!("{op} {:#08x}{more}", self.addr)
    }

    fn shown(&self) -> String {
        match &self.values[..] {
            [(value, None)] => format!("{value:#x}"),
            [(_, Some(_))] => "an address".into(),
            words => format!("{} words", words.len()),
        }
    }

    fn is(&self, other: &Self, pairs: &mut Pairs) -> bool {
        self.values.len() == other.values.len()
            && self
                .values
                .iter()
                .zip(&other.values)
                .all(|(a, b)| match (a.1, b.1) {
                    (Some(x), Some(y)) => a.0 == b.0 && pairs.same(x.into(), y.into()),
                    (None, None) => a.0 == b.0,
                    _ => false,
                })
    }
}

/// Follows a boot by what only it does.
struct Steps {
    now: &'static str,
    /// A falcon was started in this step.
    started: bool,
    frts: bool,
}

impl Steps {
    fn next(&mut self, a: &Access) {
        let reset =
            |base: &Range<u32>| a.write && a.addr == base.start + ENGINE && a.value & 1 != 0;
        let in_sec2 = SEC2.contains(&a.addr);
        let next = match self.now {
            "identify" if reset(&GSP) => Some(if self.frts { "fwsec-frts" } else { "libos" }),
            "fwsec-frts" if reset(&GSP) && self.started => Some("libos"),
            "libos" if in_sec2 => Some("booter-load"),
            "booter-load" if reset(&GSP) && self.started => Some("sequencer"),
            "shutdown" if reset(&GSP) => Some("fwsec-sb"),
            "fwsec-sb" if in_sec2 && self.started => Some("booter-unload"),
            _ => None,
        };
        if let Some(step) = next {
            self.now = step;
            self.started = false;
        }
        let base = if in_sec2 { SEC2.start } else { GSP.start };
        if a.write && a.value & 2 != 0 && [base + CPUCTL, base + ALIAS].contains(&a.addr) {
            self.started = true;
        }
    }

    /// The sequencer ends with the version that the driver tells the resumed core; what comes behind it, with the look
    /// at the core, is still its.
    fn ended(&self, a: &Access, before: Option<&Access>) -> bool {
        let told = before.is_some_and(|b| b.write && b.addr == GSP.start + OS);
        self.now == "sequencer" && !a.write && told
    }
}

/// The boot's accesses of a run's first bind, and how many others there were.
struct Boot {
    entries: Vec<Entry>,
    vbios: BTreeMap<u32, usize>,
    outside: Vec<Access>,
}

fn boot(run: &Run, table: &Table, frts: bool) -> Boot {
    let mut found = Boot {
        entries: Vec::new(),
        vbios: BTreeMap::new(),
        outside: Vec::new(),
    };
    let mut steps = Steps {
        now: PROBE[0],
        started: false,
        frts,
    };
    let mut before: Option<Access> = None;
    for a in mmio::collapsed(run, table) {
        let phase = run.phase(a.mark);
        match phase.as_str() {
            "load" | "probe" => {}
            "unbind" if PROBE.contains(&steps.now) => {
                steps = Steps {
                    now: UNBIND[0],
                    started: false,
                    frts,
                }
            }
            "unbind" => {}
            // A second bind is nova-core's own affair.
            "bind" => break,
            _ => continue,
        }
        if VBIOS.contains(&a.addr) {
            *found.vbios.entry(a.addr).or_default() += 1;
            continue;
        }
        if !BOOT.iter().any(|r| r.contains(&a.addr)) && !FUSES.contains(&a.addr) {
            found.outside.push(a);
            continue;
        }
        steps.next(&a);
        let ended = steps.ended(&a, before.as_ref());
        before = Some(a);
        let doorbell = a.addr == DOORBELL && ["running", "shutdown"].contains(&steps.now);
        match found.entries.last_mut() {
            _ if doorbell => {}
            Some(last)
                if a.write && PORTS.contains(&a.addr) && last.addr == a.addr && last.write =>
            {
                last.values.push((a.value, a.dma));
            }
            _ => found.entries.push(Entry {
                step: steps.now,
                write: a.write,
                addr: a.addr,
                values: vec![(a.value, a.dma)],
            }),
        }
        if ended {
            steps.now = "running";
        }
    }
    found
}

/// Compares; `frts` says whether this chip's FWSEC makes a region. Gives how many accesses of nvkm's are not compared,
/// because nova-core does nothing of that kind.
pub fn compare(nova: &Run, nvkm: &Run, table: &Table, frts: bool, found: &mut Found) -> usize {
    let (a, b) = (boot(nova, table, frts), boot(nvkm, table, frts));
    let mut uncounted = b.outside.len();
    for step in PROBE.into_iter().chain(UNBIND) {
        let of = |list: &[Entry]| -> Vec<Entry> {
            list.iter().filter(|e| e.step == step).cloned().collect()
        };
        let (x, y) = (of(&a.entries), of(&b.entries));
        // Once RM runs nvkm goes on to what nova-core does not do yet.
        if step == "running" && x.is_empty() {
            uncounted += y.len();
            continue;
        }
        // Drivers free and allocate between steps: an address then is another thing. That what is kept (libos arguments,
        // say) stays what it was is seen where buffers are compared.
        one_step(step, &x, &y, &mut Pairs::default(), found);
    }
    for access in &a.outside {
        let entry = Entry {
            step: "elsewhere",
            write: access.write,
            addr: access.addr,
            values: vec![(access.value, access.dma)],
        };
        add(
            found,
            "elsewhere",
            &entry,
            How::OnlyNova,
            Some(&entry),
            None,
        );
    }
    let words = |boot: &Boot| boot.vbios.len();
    let reads = |boot: &Boot| boot.vbios.values().sum::<usize>();
    if (words(&a), reads(&a)) == (words(&b), reads(&b)) {
        found.same(Area::Register, "vbios", 1);
    } else {
        let shown = |boot: &Boot| format!("{} words in {} reads", words(boot), reads(boot));
        let place = Place {
            area: Area::Register,
            of: "vbios".into(),
            what: "R 0x300000…".into(),
            how: How::Differs,
        };
        found.add(place, shown(&a), shown(&b));
    }
    uncounted
}

fn one_step(step: &str, x: &[Entry], y: &[Entry], pairs: &mut Pairs, found: &mut Found) {
    let keys = |list: &[Entry]| list.iter().map(|e| (e.write, e.addr)).collect::<Vec<_>>();
    let (mut only_x, mut only_y) = (Vec::new(), Vec::new());
    let mut equal = 0;
    for aligned in seq::align(&keys(x), &keys(y)) {
        match aligned {
            Aligned::Both { a, b } if x[a].is(&y[b], pairs) => equal += 1,
            Aligned::Both { a, b } => {
                add(found, step, &x[a], How::Differs, Some(&x[a]), Some(&y[b]))
            }
            Aligned::OnlyA(a) => only_x.push(a),
            Aligned::OnlyB(b) => only_y.push(b),
        }
    }
    found.same(Area::Register, step, equal);
    // What is missing in one place and extra in another, with the same value, has moved.
    for a in only_x {
        let moved = only_y.iter().position(|&b| {
            (x[a].write, x[a].addr) == (y[b].write, y[b].addr) && x[a].is(&y[b], pairs)
        });
        match moved {
            Some(n) => {
                let b = only_y.remove(n);
                add(found, step, &x[a], How::Moved, Some(&x[a]), Some(&y[b]));
            }
            None => add(found, step, &x[a], How::OnlyNova, Some(&x[a]), None),
        }
    }
    for b in only_y {
        add(found, step, &y[b], How::OnlyNvkm, None, Some(&y[b]));
    }
}

fn add(
    found: &mut Found,
    step: &str,
    at: &Entry,
    how: How,
    nova: Option<&Entry>,
    nvkm: Option<&Entry>,
) {
    let place = Place {
        area: Area::Register,
        of: step.into(),
        what: at.what(),
        how,
    };
    let shown = |e: Option<&Entry>| e.map_or(String::new(), Entry::shown);
    found.add(place, shown(nova), shown(nvkm));
}
