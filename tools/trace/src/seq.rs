// SPDX-License-Identifier: GPL-2.0
//! Aligning two sequences: which elements correspond, which exist on one side only.

use std::hash::Hash;
use std::time::Duration;
use std::time::Instant;

use similar::Algorithm;
use similar::DiffOp;

/// How a stretch of the two sequences corresponds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Element `a` of the first is element `b` of the second.
    Both {
        /// Index in the first.
        a: usize,
        /// Index in the second.
        b: usize,
    },
    /// Only the first has it.
    OnlyA(usize),
    /// Only the second has it.
    OnlyB(usize),
}

/// Very different sequences are aligned only roughly after this time: the verdict is 'different' anyhow.
const LIMIT: Duration = Duration::from_secs(10);

/// Aligns by equality of keys.
pub fn align<K: Hash + Eq + Ord>(a: &[K], b: &[K]) -> Vec<Step> {
    let deadline = Some(Instant::now() + LIMIT);
    let mut steps = Vec::with_capacity(a.len().max(b.len()));
    for op in similar::capture_diff_slices_deadline(Algorithm::Myers, a, b, deadline) {
        match op {
            DiffOp::Equal {
                old_index,
                new_index,
                len,
            } => {
                steps.extend((0..len).map(|n| Step::Both {
                    a: old_index + n,
                    b: new_index + n,
                }));
            }
            DiffOp::Delete {
                old_index, old_len, ..
            } => {
                steps.extend((old_index..old_index + old_len).map(Step::OnlyA));
            }
            DiffOp::Insert {
                new_index, new_len, ..
            } => {
                steps.extend((new_index..new_index + new_len).map(Step::OnlyB));
            }
            DiffOp::Replace {
                old_index,
                old_len,
                new_index,
                new_len,
            } => {
                steps.extend((old_index..old_index + old_len).map(Step::OnlyA));
                steps.extend((new_index..new_index + new_len).map(Step::OnlyB));
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::align;
    use super::Step;

    #[test]
    fn finds_what_is_only_on_one_side() {
        let steps = align(&[1, 2, 3, 4], &[1, 3, 4, 5]);
        assert!(steps.contains(&Step::OnlyA(1)));
        assert!(steps.contains(&Step::OnlyB(3)));
        assert_eq!(
            steps
                .iter()
                .filter(|s| matches!(s, Step::Both { .. }))
                .count(),
            3
        );
    }
}
