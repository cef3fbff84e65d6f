// SPDX-License-Identifier: GPL-2.0

//! A command that C has encoded, held against ours: elements as the tests write them by hand are as we would write
//! them, and each byte that is not is found, by the name of what it belongs to.

mod support;

use nvkm_rs_core::rpc::core::element::{element_pages, RpcHeader, PAGE_SIZE, PAYLOAD_MAX};
use nvkm_rs_core::rpc::core::shadow::{self, Difference, Plan, Written};
use nvkm_rs_core::rpc::core::status::Errno;
use support::{pattern, set_checksum, Message, Ring};

const PAGES: usize = 63;
const ELEMENT: u32 = 7;
const SEQUENCE: u32 = 5;

/// A ring with one element in it, not yet published.
fn ring(at: usize, payload: &[u8]) -> (Ring, Vec<u8>, RpcHeader, Written) {
    let mut message = Message::new(76, payload.to_vec()).sequence(SEQUENCE);
    message.element = ELEMENT;
    message.result = u32::MAX;
    message.private = u32::MAX;
    let raw = message.raw();
    let mut ring = Ring::new(PAGES, at);
    ring.put(at as u32, 0, &raw);
    let length = 0x20 + payload.len() as u32;
    let written = Written {
        count: PAGES as u32,
        position: at as u32,
        next: (at as u32 + element_pages(length)) % PAGES as u32,
    };
    (ring, raw, RpcHeader::request(76, length, SEQUENCE), written)
}

fn look(
    ring: &Ring,
    written: Written,
    element: u32,
    header: &RpcHeader,
    payload: &[u8],
) -> Result<Option<Difference>, Errno> {
    shadow::element(written, element, header, payload, |at, to| {
        match ring.bytes.get(at..at + to.len()) {
            Some(from) => to.copy_from_slice(from),
            None => return false,
        }
        true
    })
}

#[test]
fn what_is_right_is_the_same() {
    for len in [0, 1, 7, 8, 63, 0xfb0, 0xfb1, 0x2345, PAYLOAD_MAX] {
        // In the middle, and around the ring's end.
        for at in [0, 20, PAGES - 1, PAGES - 2, PAGES - 15] {
            let payload = pattern(len, 3);
            let (ring, _, header, written) = ring(at, &payload);
            let found = look(&ring, written, ELEMENT, &header, &payload);
            assert_eq!(found, Ok(None), "{len} bytes at page {at}");
        }
    }
}

/// Each byte of an element matters, its padding included. Where the checksum is made to fit, what differs is named; where
/// nothing else differs, the checksum is.
#[test]
fn each_byte_that_differs_is_found_and_named() {
    let payload = pattern(0x65, 1);
    let (whole, raw, header, written) = ring(PAGES - 1, &payload);
    assert_eq!(raw.len(), PAGE_SIZE);
    for at in 0..raw.len() {
        let mut changed = raw.clone();
        changed[at] ^= 0x40;
        set_checksum(&mut changed);
        if changed == raw {
            continue; // It was the checksum's.
        }
        let mut ring = whole.clone();
        ring.put(written.position, 0, &changed);
        let found = look(&ring, written, ELEMENT, &header, &payload).unwrap();
        let expected = match at & !3 {
            0x20 => continue,
            0x24 => "seqNum",
            0x28 => "elemCount",
            0x00..0x30 => "element",
            0x30 => "header_version",
            0x34 => "signature",
            0x38 => "length",
            0x3c => "function",
            0x40 => "rpc_result",
            0x44 => "rpc_result_private",
            0x48 => "sequence",
            0x4c => "u",
            _ if at < 0x50 + 0x65 => "payload",
            _ => "padding",
        };
        let found = found.unwrap_or_else(|| panic!("byte {at:#x} is not looked at"));
        assert_eq!(found.what, expected, "byte {at:#x}");
        assert_ne!(found.found, found.expected, "byte {at:#x}");
    }
    for at in 0x20..0x24 {
        let mut changed = raw.clone();
        changed[at] ^= 1;
        let mut ring = whole.clone();
        ring.put(written.position, 0, &changed);
        let found = look(&ring, written, ELEMENT, &header, &payload);
        assert_eq!(found.unwrap().unwrap().what, "checkSum", "byte {at:#x}");
    }
}

#[test]
fn numbers_and_the_pointer_are_compared() {
    let payload = pattern(100, 1);
    let (ring, _, header, written) = ring(9, &payload);
    let found = look(&ring, written, ELEMENT + 1, &header, &payload).unwrap();
    let expected = Difference {
        what: "seqNum",
        found: ELEMENT.into(),
        expected: u64::from(ELEMENT) + 1,
    };
    assert_eq!(found, Some(expected));

    let other = RpcHeader::request(76, header.length, 0);
    let found = look(&ring, written, ELEMENT, &other, &payload).unwrap();
    assert_eq!(found.unwrap().what, "sequence");

    let next = Written {
        next: 11,
        ..written
    };
    let found = look(&ring, next, ELEMENT, &header, &payload).unwrap();
    let expected = Difference {
        what: "write_pointer",
        found: 11,
        expected: 10,
    };
    assert_eq!(found, Some(expected));
}

/// What could not have been sent at all is an error, and so is a ring that is none.
#[test]
fn what_cannot_be_is_refused() {
    let payload = pattern(100, 1);
    let (ring, _, header, written) = ring(9, &payload);
    let short = look(&ring, written, ELEMENT, &header, &payload[1..]);
    assert_eq!(short, Err(Errno::MessageSize));
    let large = pattern(PAYLOAD_MAX + 1, 1);
    let header = RpcHeader::request(76, 0x20 + large.len() as u32, SEQUENCE);
    let found = look(&ring, written, ELEMENT, &header, &large);
    assert_eq!(found, Err(Errno::MessageSize));
    for (count, position) in [(0, 0), (1, 0), (63, 63), (u32::MAX, 0)] {
        let none = Written {
            count,
            position,
            next: 0,
        };
        let header = RpcHeader::request(76, 0x20, SEQUENCE);
        let found = look(&ring, none, ELEMENT, &header, &[]);
        assert_eq!(found, Err(Errno::Invalid), "{count}, {position}");
    }
    // Memory that ends before the ring does.
    let tail = Written {
        count: 100,
        position: 80,
        next: 81,
    };
    let header = RpcHeader::request(76, 0x20, SEQUENCE);
    let found = look(&ring, tail, ELEMENT, &header, &[]);
    assert_eq!(found, Err(Errno::Io));
}

#[test]
fn parts_of_a_command_come_as_planned() {
    for len in [0, 1, PAYLOAD_MAX, PAYLOAD_MAX + 1, 3 * PAYLOAD_MAX, 1 << 20] {
        let mut plan = Plan::default();
        assert_eq!(plan.command(76, len), None);
        let (mut left, mut function) = (len, 76);
        loop {
            let size = left.min(PAYLOAD_MAX);
            assert_eq!(plan.part(function, size), None, "{len}");
            left -= size;
            function = 71; // CONTINUATION_RECORD
            if left == 0 {
                break;
            }
        }
        assert_eq!(plan.part(71, 1).unwrap().what, "parts", "{len}");
        assert_eq!(plan.command(76, 1), None, "{len}");
    }
}

#[test]
fn parts_that_are_not_as_planned_are_told() {
    let what = |difference: Option<Difference>| difference.map(|it| it.what);
    let mut plan = Plan::default();
    assert_eq!(what(plan.part(76, 1)), Some("parts"), "no command");
    plan.command(76, PAYLOAD_MAX + 1);
    assert_eq!(what(plan.part(76, PAYLOAD_MAX - 8)), Some("part_size"));
    assert_eq!(what(plan.part(76, 1)), Some("part_function"));
    plan.command(76, PAYLOAD_MAX + 1);
    plan.part(76, PAYLOAD_MAX);
    assert_eq!(what(plan.command(76, 1)), Some("parts"), "one was left");
}

/// C counts elements, and those RPCs that are not to go without a number. A slip is told once, not for ever.
#[test]
fn elements_and_rpcs_are_numbered() {
    let mut plan = Plan::default();
    let mut numbers = |element, rpc| {
        let numbers = plan.number(element, rpc);
        (numbers.element, numbers.rpc)
    };
    assert_eq!(numbers(1, 0), (0, 0), "the first, without a number");
    assert_eq!(numbers(2, 0), (1, 0));
    assert_eq!(numbers(3, 1), (2, 0), "the first that is counted");
    assert_eq!(numbers(4, 2), (3, 1));
    assert_eq!(numbers(5, 2), (4, 0), "without a number again");
    assert_eq!(numbers(6, 3), (5, 2));
    assert_eq!(numbers(9, 7), (6, 3), "C skipped some");
    assert_eq!(numbers(10, 8), (9, 7), "and counting goes on from there");
}
