// SPDX-License-Identifier: GPL-2.0
//! Attacks on whoever waits for a reply: none, another one, one of several parts, in the wrong order or time.

use super::rpc::{none, xid};
use super::{later, After, Attack, Consumer, How, Scene, Which};
use crate::gsp::element::word::{COUNT, FUNCTION, LENGTH, RESULT, RPC_SEQUENCE};
use crate::gsp::element::Element;
use crate::gsp::queue::{Rpc, MAX_PAYLOAD};
use crate::gsp::CONTINUATION_RECORD;

fn reply(scene: &Scene<'_>) -> Element {
    Element::of(scene.rpc.clone())
}

fn parts(scene: &Scene<'_>) -> Vec<Element> {
    Element::split(scene.rpc, false)
}

/// The control with which our sample (selftests/core) tries a large command.
const SAMPLE_LARGE: u32 = 0x2080_ffff;
const LARGE: Which = Which::control(SAMPLE_LARGE).struck();
/// Any reply to an allocation: whoever opens the device makes some.
const ALLOC: Which = Which::first(103).struck();
const FREE: Which = Which::first(10).struck();

/// A reply is lied about while a user's program runs.
const fn answer(
    name: &'static str,
    what: &'static str,
    which: Which,
    make: fn(&Scene<'_>) -> Vec<Element>,
) -> Attack {
    Attack::new(name, Consumer::Rpc, what, How::Reply(which, make)).during("?copy")
}

const fn large(
    name: &'static str,
    what: &'static str,
    make: fn(&Scene<'_>) -> Vec<Element>,
) -> Attack {
    Attack::new(name, Consumer::Rpc, what, How::Reply(LARGE, make))
        .during("?core=load:controls=20:threads=1,?core=wait,?core=unload")
}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    // Replies.
    answer("reply-never", "no reply to an allocation", ALLOC, none).after(After::Disturbed),
    answer(
        "reply-late",
        "the reply comes with the next one",
        ALLOC,
        |s| vec![later(), reply(s)],
    )
    .after(After::Disturbed),
    answer("reply-twice", "the same reply two times", ALLOC, |s| {
        vec![reply(s), reply(s)]
    }),
    answer(
        "reply-wrong-sequence",
        "reply with another command's number",
        ALLOC,
        |s| vec![reply(s).with(RPC_SEQUENCE, s.rpc.sequence.wrapping_sub(1))],
    )
    .quiet()
    .after(After::Disturbed),
    answer(
        "reply-other-first",
        "a reply to nobody, then the right one",
        ALLOC,
        |s| {
            let other = Rpc {
                function: 76,
                payload: vec![0; 24],
                ..Rpc::default()
            };
            vec![Element::of(other), reply(s)]
        },
    ),
    answer(
        "reply-other-only",
        "a reply of another function",
        ALLOC,
        |s| vec![reply(s).with(FUNCTION, 65)],
    )
    .after(After::Disturbed),
    answer("reply-failed", "rpc result of an error", ALLOC, |s| {
        vec![reply(s).with(RESULT, 0x51)]
    })
    .after(After::Disturbed),
    answer(
        "reply-short",
        "reply of a header and nothing else",
        ALLOC,
        |s| vec![reply(s).with(LENGTH, 0x20)],
    )
    .after(After::Disturbed),
    answer(
        "reply-one-short",
        "reply that lacks its last byte",
        ALLOC,
        |s| {
            let length = 0x20 + s.rpc.payload.len() as u32 - 1;
            vec![reply(s).with(LENGTH, length)]
        },
    )
    .quiet()
    .after(After::Either),
    answer(
        "reply-too-long",
        "reply as long as an element can be",
        ALLOC,
        |s| {
            let mut rpc = s.rpc.clone();
            rpc.payload.resize(MAX_PAYLOAD, 0xa5);
            vec![Element::of(rpc)]
        },
    )
    .quiet(),
    answer("reply-length-zero", "reply of length 0", ALLOC, |s| {
        vec![reply(s).with(LENGTH, 0)]
    })
    .after(After::Disturbed),
    answer(
        "reply-length-all-ones",
        "reply of length 0xffffffff",
        ALLOC,
        |s| vec![reply(s).with(LENGTH, u32::MAX)],
    )
    .after(After::Disturbed),
    answer(
        "reply-among-events",
        "thirty events, then the reply",
        ALLOC,
        |s| {
            let mut all = vec![xid(s); 30];
            all.push(reply(s));
            all
        },
    ),
    answer("free-never", "no reply to a free", FREE, none).after(After::Disturbed),
    // Large replies: an element, and continuation records.
    large(
        "large-continuation-too-long",
        "continuation record with more than is missing",
        |s| {
            let mut all = parts(s);
            if let Some(last) = all.last_mut() {
                last.rpc.payload.resize(MAX_PAYLOAD, 0xa5);
            }
            all
        },
    )
    .after(After::Disturbed),
    large(
        "large-continuation-empty",
        "continuation records without payload",
        |s| {
            let mut all = parts(s);
            all.truncate(1);
            let rpc = Rpc {
                function: CONTINUATION_RECORD,
                ..Rpc::default()
            };
            all.extend(vec![Element::of(rpc); 8]);
            all
        },
    )
    .after(After::Disturbed),
    large(
        "large-continuation-below-header",
        "continuation record of length 0x10",
        |s| {
            let mut all = parts(s);
            if let Some(last) = all.pop() {
                all.push(last.with(LENGTH, 0x10));
            }
            all
        },
    )
    .after(After::Disturbed),
    large(
        "large-continuation-all-ones",
        "continuation record of length 0xffffffff",
        |s| {
            let mut all = parts(s);
            if let Some(last) = all.pop() {
                all.push(last.with(LENGTH, u32::MAX));
            }
            all
        },
    )
    .after(After::Disturbed),
    large("large-cut", "the continuation record never comes", |s| {
        let mut all = parts(s);
        all.truncate(1);
        all
    })
    .after(After::Disturbed),
    large(
        "large-other",
        "another reply in the continuation record's place",
        |s| {
            let mut all = parts(s);
            all.truncate(1);
            all.push(Element::of(Rpc {
                function: 76,
                payload: vec![0; 64],
                ..Rpc::default()
            }));
            all
        },
    )
    .after(After::Disturbed),
    large("large-event-between", "an event between the parts", |s| {
        let mut all = parts(s);
        all.insert(1, xid(s));
        all
    })
    .after(After::Either),
    large(
        "large-many-small",
        "continuation records of a word each",
        |s| {
            let mut all = parts(s);
            let rest = all.pop().map(|e| e.rpc).unwrap_or_default();
            let tail = rest.payload.len().saturating_sub(40 * 4);
            for chunk in rest.payload[..rest.payload.len() - tail].chunks(4) {
                all.push(Element::of(Rpc {
                    payload: chunk.to_vec(),
                    ..rest.clone()
                }));
            }
            let end = rest.payload[rest.payload.len() - tail..].to_vec();
            all.push(Element::of(Rpc {
                payload: end,
                ..rest
            }));
            all
        },
    )
    .quiet(),
    // Time.
    Attack::new(
        "flood",
        Consumer::Rpc,
        "events without end, and no replies",
        How::Flood,
    )
    .during("?copy")
    .after(After::Disturbed),
    Attack::new(
        "interrupt-only",
        Consumer::Rpc,
        "an interrupt without a message",
        How::Interrupt,
    )
    .quiet(),
    Attack::new(
        "length-changes",
        Consumer::Rpc,
        "rpc length that changes between two looks",
        How::Toggle(LENGTH as u64, 0xffff),
    )
    .quiet(),
    Attack::new(
        "length-changes-huge",
        Consumer::Rpc,
        "the same, to 0xffffffff",
        How::Toggle(LENGTH as u64, u32::MAX),
    )
    .quiet(),
    Attack::new(
        "count-changes",
        Consumer::Rpc,
        "element count that changes",
        How::Toggle(COUNT as u64, 16),
    )
    .quiet(),
    Attack::new(
        "function-changes",
        Consumer::Rpc,
        "function number that changes",
        How::Toggle(FUNCTION as u64, CONTINUATION_RECORD),
    )
    .quiet(),
    Attack::new(
        "write-pointer-changes",
        Consumer::Rpc,
        "write pointer that changes",
        How::TogglePointer(u32::MAX),
    )
    .during("?copy")
    .after(After::Disturbed),
];
