// SPDX-License-Identifier: GPL-2.0
//! The messages of three sides, those that correspond in one row; which difference is about which row.

use serde_json::Value;

use crate::compare::seq;
use crate::compare::seq::Step;
use crate::compare::wire;
use crate::compare::wire::Key;
use crate::report::html::evidence::Evidence;
use crate::report::html::evidence::Seen;
use crate::report::html::list;
use crate::trace::Message;

/// What is to be said of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All sides have the same.
    Same,
    /// The C sides differ.
    Noise,
    /// C and Rust differ, and are meant to.
    Meant,
    /// C and Rust differ.
    Different,
}

impl State {
    /// Its CSS class.
    pub fn class(self) -> &'static str {
        match self {
            State::Same => "same",
            State::Noise => "noise",
            State::Meant => "meant",
            State::Different => "differs",
        }
    }
}

/// One row: indices into the sides' messages.
#[derive(Clone, Debug)]
pub struct Row {
    /// `c1`, `c2`, `rust`.
    pub at: [Option<usize>; 3],
    /// What is to be said of it.
    pub state: State,
}

/// All rows, in order.
#[derive(Clone, Debug, Default)]
pub struct Rows(pub Vec<Row>);

/// Where a side's messages stand relative to the reference's.
struct Placed {
    /// The partner of each message of the reference.
    partner: Vec<Option<usize>>,
    /// Those without one, before each message of the reference, and behind the last.
    before: Vec<Vec<usize>>,
}

fn place(reference: &[Key], other: &[Key]) -> Placed {
    let mut placed = Placed {
        partner: vec![None; reference.len()],
        before: vec![Vec::new(); reference.len() + 1],
    };
    let mut at = 0;
    for step in seq::align(reference, other) {
        match step {
            Step::Both { a, b } => {
                placed.partner[a] = Some(b);
                at = a + 1;
            }
            Step::OnlyA(a) => at = a + 1,
            Step::OnlyB(b) => placed.before[at].push(b),
        }
    }
    placed
}

/// Whether two messages are the same but for where their buffers lie.
pub fn equal(a: &Message, b: &Message) -> bool {
    let header = |m: &Message| (m.len, m.seq, m.elem_seq, m.result, m.elems);
    header(a) == header(b) && a.payload == b.payload
}

fn messages(side: &Option<Seen>) -> &[Message] {
    side.as_ref().map_or(&[], |s| &s.messages)
}

impl Rows {
    /// The rows of what was seen, and what the report says of them.
    pub fn new(evidence: &Evidence, report: &Value) -> Self {
        let all = [0, 1, 2].map(|n| messages(&evidence.sides[n]));
        let keys = all.map(|list| list.iter().map(wire::key).collect::<Vec<_>>());
        let [second, third] = [place(&keys[0], &keys[1]), place(&keys[0], &keys[2])];
        let mut rows = Vec::new();
        for at in 0..=keys[0].len() {
            let (extra2, extra3) = (&second.before[at], &third.before[at]);
            let of = |list: &[usize], keys: &[Key]| list.iter().map(|&n| keys[n]).collect();
            let (left, right): (Vec<Key>, Vec<Key>) = (of(extra2, &keys[1]), of(extra3, &keys[2]));
            for step in seq::align(&left, &right) {
                rows.push(match step {
                    Step::Both { a, b } => [None, Some(extra2[a]), Some(extra3[b])],
                    Step::OnlyA(a) => [None, Some(extra2[a]), None],
                    Step::OnlyB(b) => [None, None, Some(extra3[b])],
                });
            }
            if at < keys[0].len() {
                rows.push([Some(at), second.partner[at], third.partner[at]]);
            }
        }
        let state = |row: &[Option<usize>; 3]| {
            let get = |side: usize| row[side].map(|at| &all[side][at]);
            let same = |a: Option<&Message>, b: Option<&Message>| match (a, b) {
                (Some(a), Some(b)) => equal(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            let there = |n: usize| evidence.sides[n].is_some();
            match () {
                () if there(2) && !same(get(0), get(2)) => State::Different,
                () if there(1) && !same(get(0), get(1)) => State::Noise,
                () => State::Same,
            }
        };
        let rows = rows.into_iter().map(|at| Row {
            state: state(&at),
            at,
        });
        let mut rows = Self(rows.collect());
        rows.excuse(evidence, report);
        rows
    }

    /// What the report does not list as a difference, but as noise or as intended, is no difference.
    fn excuse(&mut self, evidence: &Evidence, report: &Value) {
        let of = |list_name: &str| -> Vec<usize> {
            let found = report.pointer(list_name).map_or(&[][..], list);
            found
                .iter()
                .filter_map(|d| self.find(evidence, d))
                .collect()
        };
        let real = of("/differences");
        let meant = of("/intended/found");
        for (n, row) in self.0.iter_mut().enumerate() {
            if row.state == State::Different && !real.contains(&n) && meant.contains(&n) {
                row.state = State::Meant;
            }
        }
    }

    /// The row that a difference between C and Rust is about.
    pub fn find(&self, evidence: &Evidence, difference: &Value) -> Option<usize> {
        let n = difference["message"].as_u64()?;
        let kind = difference["kind"].as_str().unwrap_or_default();
        let side = if kind.starts_with("extra-") { 2 } else { 0 };
        let all = messages(&evidence.sides[side]);
        let is = |row: &Row| row.at[side].is_some_and(|at| all[at].n == n);
        self.0.iter().position(is)
    }
}
