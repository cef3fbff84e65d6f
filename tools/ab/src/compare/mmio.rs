// SPDX-License-Identifier: GPL-2.0
//! Comparing register accesses: in order, with clocks left out and polls collapsed.

use crate::address::Normaliser;
use crate::address::Table;
use crate::compare::seq;
use crate::compare::seq::Step;
use crate::compare::Difference;
use crate::compare::Kind;
use crate::compare::Moment;
use crate::compare::Run;
use crate::trace::Access;

/// The accesses worth comparing: without clocks, addresses numbered, and a run of reads of one register as one read
/// with the value that ended it (how often a driver polls says how fast it is, not what it does).
pub fn collapsed(run: &Run, table: &Table) -> Vec<Access> {
    let mut normaliser = Normaliser::new(table, &run.fw);
    let mut all = run.trace.accesses.clone();
    let mut mark = None;
    for at in 0..all.len() {
        if all[at].mark != mark {
            mark = all[at].mark;
            // A driver that binds allocates all its buffers anew.
            if run.phase(mark) == "bind" {
                normaliser.forget();
            }
        }
        normaliser.accesses(&mut all, at);
    }
    let mut kept: Vec<Access> = Vec::new();
    for mut access in all {
        if table.is_clock(access.addr) {
            if !access.write {
                continue;
            }
            // That the clock is set counts; what time it is does not.
            access.value = 0;
        }
        match kept.last_mut() {
            Some(last)
                if !last.write
                    && !access.write
                    && last.addr == access.addr
                    && last.mark == access.mark =>
            {
                *last = access;
            }
            _ => kept.push(access),
        }
    }
    kept
}

/// The differences of the register traces, and where in time each is.
pub fn compare(c: &Run, other: &Run, table: &Table) -> Vec<(Moment, Difference)> {
    let (a, b) = (collapsed(c, table), collapsed(other, table));
    let keys = |list: &[Access]| {
        list.iter()
            .map(|x| (x.mark, x.write, x.addr))
            .collect::<Vec<_>>()
    };
    // Both sides follow the same plan, so a mark means the same phase on both.
    let make = |at: &Access, in_c: String, in_other: String| {
        let moment = Moment::of_access(at);
        let difference = Difference {
            kind: Kind::Mmio,
            phase: c.phase(at.mark),
            message: None,
            name: format!("{:#08x}", at.addr),
            field: if at.write {
                "write".into()
            } else {
                "read".into()
            },
            c: in_c,
            other: in_other,
        };
        (moment, difference)
    };
    let mut found = Vec::new();
    for step in seq::align(&keys(&a), &keys(&b)) {
        match step {
            Step::Both { a: i, b: j } if (a[i].value, a[i].dma) != (b[j].value, b[j].dma) => {
                found.push(make(&a[i], a[i].shown(), b[j].shown()));
            }
            Step::Both { .. } => {}
            Step::OnlyA(i) => found.push(make(&a[i], a[i].shown(), String::new())),
            Step::OnlyB(j) => found.push(make(&b[j], String::new(), b[j].shown())),
        }
    }
    found
}
