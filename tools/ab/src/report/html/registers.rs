// SPDX-License-Identifier: GPL-2.0
//! The register traces of C and Rust beside each other, around what differs.

use std::fmt::Write;

use serde_json::Value;

use crate::compare::seq;
use crate::compare::seq::Step;
use crate::report::html::escape;
use crate::report::html::evidence::Evidence;
use crate::trace::Access;

/// Accesses shown before and after one that differs.
const CONTEXT: usize = 4;
/// Stretches shown; more are counted.
const HUNKS: usize = 200;
/// Of these, shown at once; the rest is folded.
const UNFOLDED: usize = 20;

/// An access of both sides, or of one.
struct Line {
    phase: String,
    c: Option<Access>,
    rust: Option<Access>,
}

impl Line {
    fn any(&self) -> Access {
        self.c.or(self.rust).unwrap_or(Access {
            write: false,
            addr: 0,
            value: 0,
            dma: None,
            mark: None,
            messages: 0,
        })
    }

    fn equal(&self) -> bool {
        match (&self.c, &self.rust) {
            (Some(c), Some(rust)) => (c.value, c.dma) == (rust.value, rust.dma),
            _ => false,
        }
    }

    fn shown(&self) -> [String; 2] {
        [self.c, self.rust].map(|a| a.map_or(String::new(), |a| a.shown()))
    }
}

/// All accesses, aligned, and the stretches around differences.
#[derive(Default)]
pub struct Registers {
    lines: Vec<Line>,
    /// First line and the one behind the last.
    hunks: Vec<(usize, usize)>,
    traced: bool,
}

/// Finds the stretch that a difference of the report is in; each line is found once.
pub struct Places<'a> {
    registers: &'a Registers,
    /// Lines that differ, not yet found: line, stretch.
    open: Vec<(usize, usize)>,
}

impl Places<'_> {
    /// The stretch, if there is one.
    pub fn find(&mut self, difference: &Value) -> Option<usize> {
        if difference["kind"] != "mmio" {
            return None;
        }
        let is = |line: &Line| {
            let access = line.any();
            let [c, rust] = line.shown();
            let field = if access.write { "write" } else { "read" };
            difference["name"] == format!("{:#08x}", access.addr)
                && difference["field"] == field
                && difference["phase"] == line.phase
                && difference["c"] == c
                && difference["other"] == rust
        };
        let lines = &self.registers.lines;
        let at = self.open.iter().position(|&(n, _)| is(&lines[n]))?;
        Some(self.open.remove(at).1)
    }
}

impl Registers {
    /// What the sides' traces have.
    pub fn new(evidence: &Evidence) -> Self {
        let Some((c, rust)) = evidence.pair() else {
            return Self::default();
        };
        let (a, b) = (&c.accesses, &rust.accesses);
        let keys = |list: &[Access]| {
            let all = list.iter().map(|x| (x.mark, x.write, x.addr));
            all.collect::<Vec<_>>()
        };
        let line = |c_at: Option<usize>, rust_at: Option<usize>| {
            let (c_access, rust_access) = (c_at.map(|n| a[n]), rust_at.map(|n| b[n]));
            let mark = c_access.or(rust_access).and_then(|x| x.mark);
            Line {
                phase: c.run.phase(mark),
                c: c_access,
                rust: rust_access,
            }
        };
        let lines: Vec<Line> = seq::align(&keys(a), &keys(b))
            .into_iter()
            .map(|step| match step {
                Step::Both { a, b } => line(Some(a), Some(b)),
                Step::OnlyA(a) => line(Some(a), None),
                Step::OnlyB(b) => line(None, Some(b)),
            })
            .collect();
        let mut hunks: Vec<(usize, usize)> = Vec::new();
        for n in (0..lines.len()).filter(|&n| !lines[n].equal()) {
            let (from, to) = (n.saturating_sub(CONTEXT), lines.len().min(n + CONTEXT + 1));
            match hunks.last_mut() {
                Some(last) if from <= last.1 => last.1 = to,
                _ => hunks.push((from, to)),
            }
        }
        Self {
            lines,
            hunks,
            traced: true,
        }
    }

    /// For finding the places of differences.
    pub fn places(&self) -> Places<'_> {
        let numbered = self.hunks.iter().take(HUNKS).enumerate();
        let open = numbered
            .flat_map(|(hunk, &(from, to))| (from..to).map(move |n| (n, hunk)))
            .filter(|&(n, _)| !self.lines[n].equal())
            .collect();
        Places {
            registers: self,
            open,
        }
    }

    fn fold(out: &mut String, count: usize) {
        if count > 0 {
            let _ = writeln!(
                out,
                "<p class=\"rest\">{count} accesses, the same on both sides</p>"
            );
        }
    }

    fn hunk(&self, out: &mut String, n: usize) {
        let (from, to) = self.hunks[n];
        let _ = writeln!(
            out,
            "<div class=\"wrap\"><table class=\"hunk\" id=\"h{n}\" tabindex=\"-1\">\
             <caption>from access {from}, phase {}</caption>\
             <tr><th></th><th>register</th><th>C</th><th>Rust</th></tr>",
            escape(&self.lines[from].phase)
        );
        for line in &self.lines[from..to] {
            let access = line.any();
            let [c, rust] = line.shown();
            let class = match (&line.c, &line.rust) {
                _ if line.equal() => "eq",
                (Some(_), Some(_)) => "ne",
                (Some(_), None) => "ne gone",
                _ => "ne new",
            };
            let _ = writeln!(
                out,
                "<tr class=\"{class}\"><td><code>{}</code></td><td><code>{:#08x}</code></td><td><code>{c}</code></td>\
                 <td><code>{rust}</code></td></tr>",
                if access.write { "W" } else { "R" },
                access.addr
            );
        }
        out.push_str("</table></div>\n");
    }

    /// The section.
    pub fn render(&self, out: &mut String) {
        if !self.traced {
            out.push_str("<p class=\"soft\">There are no register traces of both sides.</p>\n");
            return;
        }
        let _ = writeln!(
            out,
            "<p>{} accesses compared, in order; clocks are left out, and reads of one register in a row count as one.</p>",
            self.lines.len()
        );
        if self.hunks.is_empty() {
            out.push_str("<p>No access differs.</p>\n");
            return;
        }
        let mut last = 0;
        let shown = self.hunks.len().min(HUNKS);
        for n in 0..shown {
            if n == UNFOLDED {
                let rest = shown - UNFOLDED;
                let _ = writeln!(
                    out,
                    "<details class=\"more\"><summary>{rest} more stretches that differ</summary>"
                );
            }
            Self::fold(out, self.hunks[n].0 - last);
            self.hunk(out, n);
            last = self.hunks[n].1;
        }
        if shown > UNFOLDED {
            out.push_str("</details>\n");
        }
        if self.hunks.len() > HUNKS {
            let _ = writeln!(
                out,
                "<p class=\"rest\">{} more stretches differ; the traces have them.</p>",
                self.hunks.len() - HUNKS
            );
        } else {
            Self::fold(out, self.lines.len() - last);
        }
    }
}
