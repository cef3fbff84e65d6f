// SPDX-License-Identifier: GPL-2.0

//! Records of large commands and replies, against slices cut by hand.

mod support;

use nvkm_rs_core::rpc::core::element::RpcHeader;
use nvkm_rs_core::rpc::core::join::{Accept, JoinError, Joiner};
use nvkm_rs_core::rpc::core::split::{Part, Split};
use proptest::prelude::*;
use support::pattern;

const MAX: usize = 0xffb0;

fn header(function: u32, payload: usize) -> RpcHeader {
    RpcHeader::request(function, (0x20 + payload) as u32, 0)
}

#[test]
fn split_at_the_borders() {
    let part = |function, start, end| Part {
        function,
        range: start..end,
    };
    let split = |len| Split::new(4, len).collect::<Vec<_>>();
    assert_eq!(split(0), [part(4, 0, 0)]);
    assert_eq!(split(1), [part(4, 0, 1)]);
    assert_eq!(split(MAX), [part(4, 0, MAX)]);
    assert_eq!(split(MAX + 1), [part(4, 0, MAX), part(71, MAX, MAX + 1)]);
    assert_eq!(split(2 * MAX), [part(4, 0, MAX), part(71, MAX, 2 * MAX)]);
    assert_eq!(
        split(2 * MAX + 1),
        [
            part(4, 0, MAX),
            part(71, MAX, 2 * MAX),
            part(71, 2 * MAX, 2 * MAX + 1)
        ]
    );
    assert!(!Split::is_needed(MAX));
    assert!(Split::is_needed(MAX + 1));
    let mut split = Split::new(1, 0);
    split.next();
    assert_eq!((split.next(), split.next()), (None, None));
}

#[test]
fn join_is_for_what_an_element_cannot_hold() {
    assert!(!Joiner::is_needed(0));
    assert!(!Joiner::is_needed(0xffd0));
    assert!(Joiner::is_needed(0xffd1));
    assert!(Joiner::is_needed(u32::MAX));
    for (total, first) in [(0xffd0, 0x20), (0x2_0000, 0x1f), (0x2_0000, 0xffd1)] {
        let error = Joiner::new(total, &RpcHeader::request(4, first, 0)).unwrap_err();
        assert_eq!(error, JoinError::Length { total, first });
    }
}

#[test]
fn join_refuses_what_does_not_fit() {
    let total = (0x20 + MAX + 100) as u32;
    let begin = || Joiner::new(total, &header(4, MAX)).unwrap();
    assert_eq!(begin().missing(), 100);
    assert_eq!(begin().total(), total as usize);
    assert_eq!(
        begin().accept(&header(71, 101)),
        Err(JoinError::TooLong {
            part: 101,
            missing: 100
        })
    );
    assert_eq!(
        begin().accept(&RpcHeader::request(71, u32::MAX, 0)),
        Err(JoinError::TooLong {
            part: 0xffff_ffdf,
            missing: 100
        })
    );
    // Nothing, and less than nothing: no progress.
    assert_eq!(begin().accept(&header(71, 0)), Err(JoinError::Empty));
    assert_eq!(
        begin().accept(&RpcHeader::request(71, 0x1f, 0)),
        Err(JoinError::Empty)
    );
    for function in [0, 4, 76, 0xfff] {
        assert_eq!(
            begin().accept(&header(function, 100)),
            Err(JoinError::NotContinuation { function })
        );
    }
    // Events come in between, as many as like.
    let mut joiner = begin();
    for function in [0x1000, 0x1003, u32::MAX] {
        assert_eq!(joiner.accept(&header(function, 5)), Ok(Accept::Event));
    }
    assert_eq!(
        joiner.accept(&header(71, 60)),
        Ok(Accept::Part(0x20 + MAX..0x20 + MAX + 60))
    );
    assert_eq!(joiner.missing(), 40);
    assert_eq!(
        joiner.accept(&header(71, 40)),
        Ok(Accept::Part(0x20 + MAX + 60..0x20 + MAX + 100))
    );
    assert_eq!(joiner.missing(), 0);
    // Complete: no further record is any part of it.
    assert!(joiner.accept(&header(71, 1)).is_err());
}

#[test]
fn errors_say_what_was_wrong() {
    let error = JoinError::NotContinuation { function: 76 };
    assert_eq!(
        error.to_string(),
        "large reply: 76 GSP_RM_CONTROL in place of a continuation record"
    );
}

proptest! {
    /// Cut by the splitter, put together by hand.
    #[test]
    fn split_loses_nothing(len in 0usize..4 * MAX, function: u32) {
        let whole = pattern(len, function);
        let mut again: Vec<u8> = Vec::new();
        for (number, part) in Split::new(function, len).enumerate() {
            prop_assert_eq!(part.function, if number == 0 { function } else { 71 });
            prop_assert!(part.range.len() <= MAX);
            prop_assert!(number == 0 || !part.range.is_empty());
            // All but the last are full, as C makes them.
            prop_assert!(part.range.end == len || part.range.len() == MAX);
            again.extend(&whole[part.range]);
        }
        prop_assert_eq!(again, whole);
    }

    /// Cut by hand in any way, put together by the joiner.
    #[test]
    fn join_takes_parts_of_any_size(
        len in MAX + 1..3 * MAX,
        first in 0usize..=MAX,
        parts in prop::collection::vec(1usize..=MAX, 0..20),
    ) {
        let whole = pattern(len, 1);
        let mut got = vec![0; 0x20 + len];
        got[0x20..0x20 + first].copy_from_slice(&whole[..first]);
        let mut joiner = Joiner::new((0x20 + len) as u32, &header(4, first)).unwrap();
        let mut at = first;
        let mut parts = parts.into_iter();
        while at < len {
            let part = parts.next().unwrap_or(MAX).min(len - at);
            match joiner.accept(&header(71, part)) {
                Ok(Accept::Part(range)) => got[range].copy_from_slice(&whole[at..at + part]),
                other => prop_assert!(false, "{:?}", other),
            }
            at += part;
            prop_assert_eq!(joiner.missing(), len - at);
        }
        prop_assert_eq!(&got[0x20..], &whole[..]);
    }

    /// Any headers at all: the ranges given out are within the whole and do not overlap.
    #[test]
    fn join_of_rubbish(
        total in 0xffd1u32..,
        first in 0x20u32..=0xffd0,
        headers in prop::collection::vec(
            (prop_oneof![4 => Just(71u32), 1 => any::<u32>()], prop_oneof![3 => 0u32..0x1_0000, 1 => any::<u32>()]),
            0..50,
        ),
    ) {
        let mut joiner = Joiner::new(total, &RpcHeader::request(4, first, 0)).unwrap();
        let mut at = first as usize;
        for (function, length) in headers {
            let before = joiner.missing();
            if let Ok(Accept::Part(range)) = joiner.accept(&RpcHeader::request(function, length, 0)) {
                prop_assert_eq!(range.start, at);
                prop_assert!(range.end > range.start && range.end <= total as usize);
                at = range.end;
            } else {
                prop_assert_eq!(joiner.missing(), before);
            }
        }
    }
}
