// SPDX-License-Identifier: GPL-2.0
//! The kernel logs of C and Rust beside each other, around what differs.

use std::fmt::Write;

use crate::compare::dmesg;
use crate::compare::seq;
use crate::compare::seq::Step;
use crate::report::html::escape;
use crate::report::html::evidence::Evidence;

/// Lines shown around one that differs.
const CONTEXT: usize = 2;

/// The section.
pub fn render(out: &mut String, evidence: &Evidence) {
    let Some((c, rust)) = evidence.pair() else {
        out.push_str("<p class=\"soft\">There are no traces of both sides.</p>\n");
        return;
    };
    let (a, b) = (dmesg::lines(&c.run), dmesg::lines(&rust.run));
    let lines: Vec<(char, &dmesg::Line)> = seq::align(&a, &b)
        .into_iter()
        .map(|step| match step {
            Step::Both { a: n, .. } => (' ', &a[n]),
            Step::OnlyA(n) => ('-', &a[n]),
            Step::OnlyB(n) => ('+', &b[n]),
        })
        .collect();
    if lines.iter().all(|(sign, _)| *sign == ' ') {
        let _ = writeln!(
            out,
            "<p>{} lines from the loading of nouveau on, the same in C and in Rust.</p>",
            lines.len()
        );
        return;
    }
    let near = |n: usize| {
        let (from, to) = (n.saturating_sub(CONTEXT), lines.len().min(n + CONTEXT + 1));
        lines[from..to].iter().any(|(sign, _)| *sign != ' ')
    };
    out.push_str("<pre class=\"log\">");
    let mut folded = 0;
    for (n, (sign, (phase, level, text))) in lines.iter().enumerate() {
        if !near(n) {
            folded += 1;
            continue;
        }
        if folded > 0 {
            let _ = writeln!(
                out,
                "<span class=\"rest\">  {folded} lines, the same</span>"
            );
            folded = 0;
        }
        let class = match sign {
            '-' => "gone",
            '+' => "new",
            _ => "eq",
        };
        let _ = writeln!(
            out,
            "<span class=\"{class}\">{sign} {}, level {level}: {}</span>",
            escape(phase),
            escape(text)
        );
    }
    if folded > 0 {
        let _ = writeln!(
            out,
            "<span class=\"rest\">  {folded} lines, the same</span>"
        );
    }
    out.push_str("</pre>\n<p class=\"soft\">- only in C, + only in Rust.</p>\n");
}
