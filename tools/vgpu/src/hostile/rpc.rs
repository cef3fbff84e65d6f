// SPDX-License-Identifier: GPL-2.0
//! Attacks on whoever reads the message queues: one element's lengths, counts and numbers, and the pointers.

use super::attack::Words;
use super::{After, Attack, Consumer, How, Scene};
use crate::gsp::element::word::{
    CHECKSUM, COUNT, FUNCTION, LENGTH, RESULT, RESULT_PRIVATE, SEQUENCE, SIGNATURE, VERSION,
};
use crate::gsp::element::Element;
use crate::gsp::queue::{Rpc, Word, MAX_RPC, RX_READ_PTR, TX_WRITE_PTR};
use crate::gsp::CONTINUATION_RECORD;

/// OS_ERROR_LOG with Xid 31: an event that a driver prints.
pub fn xid(scene: &Scene<'_>) -> Element {
    let mut p = vec![0; scene.layout.os_error_log];
    super::bytes::set32(&mut p, 0, 31);
    for (to, from) in p[12..].iter_mut().zip(b"posted by a hostile GSP") {
        *to = *from;
    }
    Element::event(0x1006, p)
}

/// The same for two pages.
fn two_pages() -> Element {
    let mut p = vec![b'x'; 8 + 0x1000];
    super::bytes::set32(&mut p, 0, 0x00f3_d722 << 8);
    super::bytes::set32(&mut p, 4, 0x1000);
    Element::event(0x100c, p)
}

/// Nothing.
pub fn none(_: &Scene<'_>) -> Vec<Element> {
    Vec::new()
}

fn one(scene: &Scene<'_>) -> Vec<Element> {
    vec![xid(scene)]
}

const fn post(
    name: &'static str,
    what: &'static str,
    make: fn(&Scene<'_>) -> Vec<Element>,
) -> Attack {
    Attack::new(name, Consumer::Rpc, what, How::Post(make))
}

const fn words(
    name: &'static str,
    what: &'static str,
    list: Words,
    then: fn(&Scene<'_>) -> Vec<Element>,
) -> Attack {
    Attack::new(name, Consumer::Rpc, what, How::Words(list, then))
}

const WRITE: Word = Word::Messages(TX_WRITE_PTR as u64);
/// The driver's own pointers, in memory that the device can write.
const DRIVER_READ: Word = Word::Commands(RX_READ_PTR as u64);
const DRIVER_WRITE: Word = Word::Commands(TX_WRITE_PTR as u64);
/// How far the device has read the command queue.
const READ: Word = Word::Messages(RX_READ_PTR as u64);

/// All of them.
pub const ATTACKS: &[Attack] = &[
    // Lengths and counts of one element.
    post("length-zero", "rpc length 0", |s| {
        vec![xid(s).with(LENGTH, 0)]
    }),
    post(
        "length-below-header",
        "rpc length one byte below its header's",
        |s| vec![xid(s).with(LENGTH, 0x1f)],
    ),
    post(
        "length-above-buffer",
        "rpc length one byte above the longest",
        |s| vec![xid(s).with(LENGTH, MAX_RPC as u32 + 1)],
    ),
    post(
        "length-above-ring",
        "rpc length of more pages than the ring has",
        |s| vec![xid(s).with(LENGTH, 64 * 0x1000)],
    ),
    post(
        "length-wraps",
        "rpc length that becomes small when the header's is added",
        |s| vec![xid(s).with(LENGTH, 0xffff_ffe0)],
    ),
    post("length-all-ones", "rpc length 0xffffffff", |s| {
        vec![xid(s).with(LENGTH, u32::MAX)]
    }),
    post(
        "length-not-announced",
        "rpc length of 16 pages, one of which is there",
        |s| vec![xid(s).with(LENGTH, MAX_RPC as u32).with(COUNT, 16)],
    )
    .after(After::Disturbed),
    post(
        "length-beyond-count",
        "rpc length of two pages in an element of one",
        |s| vec![xid(s).with(LENGTH, 0x1800)],
    ),
    post("count-zero", "element of 0 pages", |s| {
        vec![xid(s).with(COUNT, 0)]
    }),
    post("count-two", "element of 2 pages that needs 1", |s| {
        vec![xid(s).with(COUNT, 2)]
    }),
    post("count-one", "element of 1 page that needs 2", |_| {
        vec![two_pages().with(COUNT, 1)]
    }),
    post("count-above-most", "element of 17 pages", |s| {
        vec![xid(s).with(COUNT, 17)]
    }),
    post("count-all-ones", "element of 0xffffffff pages", |s| {
        vec![xid(s).with(COUNT, u32::MAX)]
    }),
    // What an element says of itself.
    post("bad-version", "rpc header of another version", |s| {
        vec![xid(s).with(VERSION, 0x0400_0000)]
    })
    .quiet(),
    post("bad-signature", "rpc signature of zeroes", |s| {
        vec![xid(s).with(SIGNATURE, 0)]
    })
    .quiet(),
    post("bad-checksum", "checksum of another element", |s| {
        vec![xid(s).with(CHECKSUM, 0x1234_5678).unsealed()]
    }),
    post(
        "sequence-again",
        "element number that was there before",
        |s| vec![xid(s).with(SEQUENCE, 1)],
    )
    .quiet(),
    post("sequence-ahead", "element number far ahead", |s| {
        vec![xid(s).with(SEQUENCE, 0x8000_0000)]
    })
    .quiet(),
    post("event-with-result", "event with an rpc result", |s| {
        vec![xid(s).with(RESULT, 0x65)]
    }),
    post(
        "event-with-private-result",
        "event with a private result",
        |s| vec![xid(s).with(RESULT_PRIVATE, u32::MAX)],
    )
    .quiet(),
    // Numbers that nobody expects.
    post("function-zero", "message of function 0", |s| {
        vec![xid(s).with(FUNCTION, 0)]
    }),
    post("function-all-ones", "message of function 0xffffffff", |s| {
        vec![xid(s).with(FUNCTION, u32::MAX)]
    }),
    post("event-unknown", "event that no version has", |_| {
        vec![Element::event(0x10fe, vec![1; 64])]
    }),
    post("event-unknown-empty", "the same without payload", |_| {
        vec![Element::event(0x10fe, Vec::new())]
    }),
    post(
        "reply-to-nobody",
        "reply to a control that nobody sent",
        |_| {
            vec![Element::of(Rpc {
                function: 76,
                payload: vec![0; 24],
                ..Rpc::default()
            })]
        },
    ),
    post(
        "continuation-of-nothing",
        "continuation record without a beginning",
        |_| {
            vec![Element::of(Rpc {
                function: CONTINUATION_RECORD,
                payload: vec![0; 64],
                ..Rpc::default()
            })]
        },
    )
    .quiet(),
    post("many-bad", "sixty elements of length 0", |s| {
        vec![xid(s).with(LENGTH, 0); 60]
    }),
    // Pointers.
    words(
        "write-pointer-count",
        "write pointer at the ring's end",
        &[(WRITE, |n, _| n)],
        none,
    ),
    words(
        "write-pointer-all-ones",
        "write pointer 0xffffffff",
        &[(WRITE, |_, _| u32::MAX)],
        none,
    ),
    words(
        "write-pointer-back",
        "write pointer one page back: the ring looks full",
        &[(WRITE, |n, now| (now + n - 1) % n)],
        none,
    )
    .after(After::Disturbed),
    words(
        "write-pointer-ahead",
        "write pointer half the ring ahead: old elements again",
        &[(WRITE, |n, now| (now + n / 2) % n)],
        none,
    )
    .after(After::Disturbed),
    words(
        "driver-read-all-ones",
        "the driver's read pointer becomes 0xffffffff",
        &[(DRIVER_READ, |_, _| u32::MAX)],
        one,
    ),
    words(
        "driver-read-far",
        "the driver's read pointer becomes 0x10000: 256 MB behind the ring",
        &[(DRIVER_READ, |_, _| 0x1_0000)],
        one,
    ),
    words(
        "driver-read-back",
        "the driver's read pointer goes back",
        &[(DRIVER_READ, |n, now| (now + n - 3) % n)],
        one,
    ),
    words(
        "driver-write-all-ones",
        "the driver's write pointer becomes 0xffffffff",
        &[(DRIVER_WRITE, |_, _| u32::MAX)],
        none,
    )
    .during("?copy")
    .quiet(),
    words(
        "driver-write-far",
        "the driver's write pointer becomes 0x10000",
        &[(DRIVER_WRITE, |_, _| 0x1_0000)],
        none,
    )
    .during("?copy")
    .quiet(),
    words(
        "read-pointer-all-ones",
        "the command queue's read pointer is 0xffffffff",
        &[(READ, |_, _| u32::MAX)],
        none,
    )
    .during("?copy")
    .after(After::Disturbed),
    words(
        "read-pointer-count",
        "the command queue's read pointer is at the ring's end",
        &[(READ, |n, _| n)],
        none,
    )
    .during("?copy")
    .after(After::Disturbed),
    words(
        "queue-full-for-ever",
        "the command queue is never read",
        &[(READ, |n, now| (now + 1) % n)],
        none,
    )
    .during("?copy")
    .after(After::Disturbed),
    // The message queue's own description, changed after the driver has looked at it.
    words(
        "header-count",
        "msgCount 0xffff",
        &[(Word::Messages(0x0c), |_, _| 0xffff)],
        one,
    )
    .quiet(),
    words(
        "header-size",
        "msgSize 0",
        &[(Word::Messages(0x08), |_, _| 0)],
        one,
    )
    .quiet(),
    words(
        "header-entry-offset",
        "entryOff 0xfffff000",
        &[(Word::Messages(0x1c), |_, _| 0xffff_f000)],
        one,
    )
    .quiet(),
    words(
        "header-read-offset",
        "rxHdrOff 0xfffff000",
        &[(Word::Messages(0x18), |_, _| 0xffff_f000)],
        one,
    )
    .quiet(),
    words(
        "header-gone",
        "the queue's header is all ones",
        &[
            (Word::Messages(0x00), |_, _| u32::MAX),
            (Word::Messages(0x04), |_, _| u32::MAX),
            (Word::Messages(0x08), |_, _| u32::MAX),
            (Word::Messages(0x0c), |_, _| u32::MAX),
            (Word::Messages(0x14), |_, _| u32::MAX),
            (Word::Messages(0x18), |_, _| u32::MAX),
            (Word::Messages(0x1c), |_, _| u32::MAX),
        ],
        one,
    )
    .quiet(),
];
