// SPDX-License-Identifier: GPL-2.0

//! Whole conversations: policies, large commands and replies, events in between.

mod support;

use nvkm_rs_core::rpc::core::error::Error;
use nvkm_rs_core::rpc::core::host::{Awaited, Drained};
use nvkm_rs_core::rpc::core::policy::ReplyPolicy::{self, NoSeq, NoWait, Poll, Recv};
use nvkm_rs_core::rpc::core::ring::RingMemory;
use nvkm_rs_core::rpc::core::status::Errno;
use proptest::prelude::*;
use support::rig::Rig;
use support::{pattern, Message};

const MAX: usize = 0xffb0;

/// The reply that a manager gives by default: the command's function and sequence, the payload inverted.
fn reply(command: &Message) -> Message {
    let payload = command.payload.iter().map(|byte| !byte).collect();
    Message::new(command.function, payload).sequence(command.sequence)
}

/// A reply of `payload` as records.
fn records(function: u32, sequence: u32, payload: &[u8]) -> Vec<Message> {
    let mut parts = payload.chunks(MAX);
    let first = parts.next().unwrap_or_default().to_vec();
    let mut records = vec![Message::new(function, first).sequence(sequence)];
    records.extend(parts.map(|part| Message::new(71, part.to_vec()).sequence(sequence)));
    records
}

/// What a reply's buffer begins with.
fn message_bytes(
    function: u32,
    length: usize,
    result: u32,
    sequence: u32,
    payload: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [
        0x0300_0000,
        0x4350_5256,
        length as u32,
        function,
        result,
        0,
        sequence,
        0,
    ] {
        bytes.extend(u32::to_le_bytes(word));
    }
    bytes.extend(payload);
    bytes
}

#[test]
fn each_policy() {
    for (policy, waits, sequence) in [
        (NoWait, false, 0),
        (NoSeq, false, 0),
        (Recv, true, 1),
        (Poll, true, 1),
    ] {
        let (mut rig, mut session) = Rig::new(63, 0);
        let wire = rig.answer(|command| vec![reply(command)]);
        // One before, so that a counted number is not 0.
        if waits {
            session.submit(&mut rig, 1, &[], NoWait, 0).unwrap();
            session.drain(&mut rig, 10);
        }
        let payload = pattern(100, 4);
        let got = session.submit(&mut rig, 76, &payload, policy, 60).unwrap();
        let command = wire.borrow().last().unwrap().clone();
        assert_eq!(command.function, 76);
        assert_eq!(command.payload, payload);
        assert_eq!((command.result, command.private), (u32::MAX, u32::MAX));
        assert_eq!(command.sequence, sequence);
        assert_eq!(session.sequence(), sequence + u32::from(policy != NoSeq));
        match policy {
            Recv => {
                let inverted: Vec<u8> = payload.iter().map(|byte| !byte).collect();
                let expected = message_bytes(76, 0x84, 0, 1, &inverted);
                assert_eq!(got, Some(expected));
            }
            _ => assert_eq!(got, None),
        }
        // Whoever does not wait leaves the reply in the queue.
        assert_eq!(
            session.messages().pending(&mut rig.messages).unwrap(),
            u32::from(!waits)
        );
    }
}

#[test]
fn sequence_numbers_are_spent_by_counted_commands_only() {
    let (mut rig, mut session) = Rig::new(63, 0);
    let wire = rig.answer(|_| Vec::new());
    for policy in [NoSeq, NoWait, NoSeq, NoSeq, NoWait, NoWait] {
        session.submit(&mut rig, 72, &[], policy, 0).unwrap();
    }
    let numbers: Vec<_> = wire
        .borrow()
        .iter()
        .map(|command| (command.element, command.sequence))
        .collect();
    assert_eq!(numbers, [(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (5, 2)]);
    assert_eq!(rig.doorbells, 6);
}

#[test]
fn a_reply_that_is_longer_or_as_long_or_shorter_than_needed() {
    for (reply_len, ok) in [(1u32, true), (10, true), (11, false), (0xffd0, false)] {
        let (mut rig, mut session) = Rig::new(63, 0);
        rig.answer(|command| vec![reply(command)]);
        let got = session.submit(&mut rig, 65, &[0; 10], Recv, reply_len);
        if ok {
            let bytes = got.unwrap().unwrap();
            let expected = message_bytes(65, 0x2a, 0, 0, &[0xff; 10]);
            assert_eq!(bytes[..0x2a], expected);
            // As many as were asked for lie beyond the header, zeroes where none were sent.
            assert!(bytes.len() >= 0x20 + reply_len as usize);
            assert!(bytes[0x2a..].iter().all(|byte| *byte == 0));
        } else {
            let error = got.unwrap_err();
            assert_eq!(
                error,
                Error::Short {
                    function: 65,
                    length: 0x2a,
                    expected: 0x20 + reply_len
                }
            );
            assert_eq!(error.errno(), Errno::Io);
        }
        assert_eq!(session.drain(&mut rig, 10), Drained::default());
    }
}

#[test]
fn recv_of_nothing_drops_the_reply() {
    let (mut rig, mut session) = Rig::new(63, 0);
    rig.answer(|command| vec![reply(command)]);
    assert_eq!(session.submit(&mut rig, 70, &[1; 24], Recv, 0), Ok(None));
    assert!(rig.allocated.is_empty());
    assert_eq!(session.drain(&mut rig, 10), Drained::default());
}

#[test]
fn a_result_other_than_zero_fails_the_command() {
    for policy in [Recv, Poll] {
        let (mut rig, mut session) = Rig::new(63, 0);
        rig.answer(|command| vec![reply(command).result(0x1f)]);
        let error = session.submit(&mut rig, 65, &[], policy, 0x20).unwrap_err();
        assert_eq!(
            error,
            Error::Result {
                function: 65,
                result: 0x1f
            }
        );
        assert_eq!(error.errno(), Errno::Invalid);
        assert_eq!(
            rig.reports,
            ["no reply to 65 GET_GSP_STATIC_INFO: reply 65 GET_GSP_STATIC_INFO: rpc_result 0x1f"]
        );
        assert_eq!(session.drain(&mut rig, 10), Drained::default());
    }
}

#[test]
fn events_on_the_way_are_delivered_in_order() {
    let (mut rig, mut session) = Rig::new(63, 50);
    let events: Vec<_> = (0..30)
        .map(|n| Message::new(0x1003 + n % 4, pattern(n as usize * 200, n)))
        .collect();
    rig.unwanted = vec![0x1005];
    let before = events.clone();
    rig.answer(move |command| {
        let mut messages = before.clone();
        messages.push(reply(command));
        messages
    });
    let got = session.submit(&mut rig, 76, &[5; 8], Recv, 8).unwrap();
    assert_eq!(got.unwrap()[0x20..0x28], [0xfa; 8]);
    assert_eq!(rig.events, events);
    let unwanted = events
        .iter()
        .filter(|event| event.function == 0x1005)
        .count();
    assert_eq!(rig.reports.len(), unwanted);
    assert_eq!(session.counters().unwanted, unwanted as u64);
    assert_eq!(session.counters().events, (30 - unwanted) as u64);
    assert_eq!(session.counters().received, 31);
}

#[test]
fn a_failed_event_and_a_stray_record_cost_nobody_anything() {
    let (mut rig, mut session) = Rig::new(63, 0);
    rig.answer(|command| {
        vec![
            Message::new(0x1003, vec![1; 4]).result(0x40),
            Message::new(71, vec![2; 4]),
            reply(command),
        ]
    });
    assert!(session.submit(&mut rig, 76, &[0; 4], Recv, 1).is_ok());
    assert!(rig.events.is_empty());
    assert_eq!(rig.reports.len(), 2);
    assert!(rig.reports[0].contains("0x1003 POST_EVENT") && rig.reports[0].contains("0x40"));
    assert!(rig.reports[1].contains("71 CONTINUATION_RECORD"));
}

#[test]
fn waiting_for_an_event() {
    let (mut rig, mut session) = Rig::new(63, 0);
    rig.post(&Message::new(0x1002, vec![7; 12]));
    rig.post(&Message::new(0x1001, vec![]));
    rig.post(&Message::new(0x1006, vec![8]));
    let awaited = Awaited {
        function: 0x1001,
        length: 0,
        sequence: None,
    };
    assert_eq!(session.receive(&mut rig, &awaited), Ok(None));
    assert_eq!(rig.events, [Message::new(0x1002, vec![7; 12])]);
    assert_eq!(
        session.drain(&mut rig, 10),
        Drained {
            messages: 1,
            more: false
        }
    );
    assert_eq!(rig.events[1], Message::new(0x1006, vec![8]));
}

#[test]
fn draining_ends_where_it_is_told_to() {
    let (mut rig, mut session) = Rig::new(63, 60);
    assert_eq!(session.drain(&mut rig, 10), Drained::default());
    assert_eq!(
        *rig.messages.pauses.borrow(),
        0,
        "an empty queue is not waited for"
    );
    for n in 0..25 {
        rig.post(&Message::new(0x1003, vec![n]));
    }
    for (messages, more) in [(10, true), (10, true), (5, false), (0, false)] {
        assert_eq!(session.drain(&mut rig, 10), Drained { messages, more });
    }
    let order: Vec<_> = rig.events.iter().map(|event| event.payload[0]).collect();
    assert_eq!(order, (0..25).collect::<Vec<u8>>());
    rig.post(&Message::new(0x1003, vec![]));
    assert_eq!(
        session.drain(&mut rig, 1),
        Drained {
            messages: 1,
            more: false
        }
    );
}

#[test]
fn a_large_command_is_sent_in_records() {
    for (policy, at) in [(NoWait, 0), (NoSeq, 40), (NoSeq, 62)] {
        let (mut rig, mut session) = Rig::new(63, at);
        let wire = rig.answer(|_| Vec::new());
        session.submit(&mut rig, 1, &[], NoWait, 0).unwrap();
        let payload = pattern(2 * MAX + 77, 6);
        session.submit(&mut rig, 4, &payload, policy, 0).unwrap();
        let wire = wire.borrow();
        let parts: Vec<_> = payload.chunks(MAX).collect();
        assert_eq!(wire.len(), 4);
        assert_eq!(rig.doorbells, 4);
        for ((number, element), part) in (1..).zip(&wire[1..]).zip(parts) {
            assert_eq!(element.function, if number == 1 { 4 } else { 71 });
            assert_eq!(element.element, number);
            // Records are counted whatever the policy says.
            assert_eq!(element.sequence, number);
            assert_eq!(element.payload, part);
        }
        assert_eq!(session.sequence(), 4);
    }
}

/// Submits a large command whose reply is `answer`'s; the payload that was inverted in it.
fn large(
    rig: &mut Rig,
    len: usize,
    answer: impl Fn(Vec<Message>) -> Vec<Message> + 'static,
) -> Vec<u8> {
    let payload = pattern(len, 9);
    let inverted: Vec<u8> = payload.iter().map(|byte| !byte).collect();
    let whole = inverted.clone();
    let mut seen = 0;
    rig.answer(move |command| {
        seen += command.payload.len();
        if seen < len {
            Vec::new()
        } else {
            seen = 0;
            answer(records(4, 0, &whole))
        }
    });
    inverted
}

#[test]
fn a_large_reply_is_joined_wherever_it_lies() {
    for at in 0..63 {
        let (mut rig, mut session) = Rig::new(63, at);
        let len = 2 * MAX + 1 + at * 997;
        let inverted = large(&mut rig, len, |records| records);
        let got = session
            .submit(&mut rig, 4, &pattern(len, 9), Recv, 3)
            .unwrap()
            .unwrap();
        // The header tells the length of the whole, as C leaves it.
        let expected = message_bytes(4, 0x20 + len, 0, 0, &inverted);
        assert!(got[..0x20 + len] == expected, "at {at}");
        assert!(got[0x20 + len..].iter().all(|byte| *byte == 0));
        assert_eq!(session.drain(&mut rig, 10), Drained::default());
        assert!(rig.reports.is_empty());
    }
}

#[test]
fn events_before_and_amid_a_large_reply() {
    let (mut rig, mut session) = Rig::new(63, 33);
    let len = 3 * MAX;
    let event = |n| Message::new(0x1003, pattern(40_000, n));
    let inverted = large(&mut rig, len, move |mut records| {
        let last = records.pop().unwrap();
        records.insert(0, event(0));
        records.push(event(1));
        records.push(event(2));
        records.push(last);
        records.push(event(3));
        records
    });
    let got = session
        .submit(&mut rig, 4, &pattern(len, 9), Recv, 0)
        .unwrap()
        .unwrap();
    assert!(got[0x20..0x20 + len] == inverted);
    assert_eq!(rig.events, (0..3).map(event).collect::<Vec<_>>());
    rig.doorbells = 0;
    session
        .submit(&mut rig, 4, &pattern(len, 9), Recv, 0)
        .unwrap();
    assert_eq!(rig.events[3], event(3));
}

#[test]
fn a_large_reply_that_is_polled_for_leaves_strays() {
    let (mut rig, mut session) = Rig::new(63, 0);
    let len = MAX + 5;
    large(&mut rig, len, |records| records);
    for _ in 0..5 {
        assert_eq!(
            session.submit(&mut rig, 4, &pattern(len, 9), Poll, 0),
            Ok(None)
        );
    }
    // All but the last one's rest were met on the way to the next reply.
    assert_eq!(session.counters().unwanted, 4);
    session.drain(&mut rig, 10);
    assert_eq!(session.counters().unwanted, 5);
    assert!(rig.events.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Conversations of any kind against what a person would expect of them.
    #[test]
    fn conversations(
        pages in 36usize..64,
        at in 0usize..36,
        calls in prop::collection::vec(
            (
                1u32..70,
                prop_oneof![3 => 0usize..5000, 1 => MAX - 20..MAX + 20, 1 => 0usize..2 * MAX],
                0u32..4,
                1u32..9,
                prop::collection::vec((0x1002u32..0x1010, 0usize..9000), 0..4),
                prop::collection::vec((0x1002u32..0x1010, 0usize..9000), 0..4),
            ),
            1..25,
        ),
    ) {
        let (mut rig, mut session) = Rig::new(pages, at);
        let mut expected_events = Vec::new();
        let mut expected_wire = Vec::new();
        let mut wire = Vec::new();
        let mut sequence = 0;
        for (n, (function, len, policy, limit, before, after)) in calls.into_iter().enumerate() {
            let policy = ReplyPolicy::try_from(policy).unwrap();
            let payload = pattern(len, n as u32);
            let parts = records(function, 0, &payload);
            for part in &parts {
                let counted = parts.len() > 1 || policy != NoSeq;
                expected_wire.push((part.function, if counted { sequence } else { 0 }, part.payload.clone()));
                sequence += u32::from(counted);
            }
            let event = |(i, (function, len)): (usize, (u32, usize))| {
                Message::new(function, pattern(len, (n * 100 + i) as u32))
            };
            let before: Vec<_> = before.into_iter().enumerate().map(event).collect();
            let after: Vec<_> = after.into_iter().enumerate().map(event).collect();
            let mut events = before.clone();
            events.extend(after.iter().cloned());

            let whole: Vec<u8> = payload.iter().map(|byte| byte ^ 0x5a).collect();
            let mut answer = Vec::new();
            if policy.waits() {
                // Some events come before the reply, some amid its records or behind it.
                let mut parts = records(function, 0, &whole).into_iter();
                answer.extend(before.iter().cloned());
                answer.extend(parts.next());
                answer.extend(after.iter().cloned());
                answer.extend(parts);
            } else {
                answer = events.clone();
            }
            let elements = parts.len();
            let mut seen = 0;
            let trace = rig.answer(move |_| {
                seen += 1;
                if seen == elements { std::mem::take(&mut answer) } else { Vec::new() }
            });
            expected_events.extend(events);

            let got = session.submit(&mut rig, function, &payload, policy, (len as u32).min(100)).unwrap();
            match got {
                Some(bytes) => {
                    prop_assert_eq!(policy, Recv);
                    prop_assert!(bytes[0x20..0x20 + len] == whole[..]);
                }
                None => prop_assert!(policy != Recv || len == 0),
            }
            wire.extend(trace.borrow().iter().map(|m| (m.function, m.sequence, m.payload.clone())));
            // What did not fit in the ring comes once the driver waits; none of it may be left behind.
            loop {
                rig.messages.pause();
                if session.messages().pending(&mut rig.messages).unwrap() == 0 {
                    break;
                }
                session.drain(&mut rig, limit);
            }
        }
        prop_assert_eq!(rig.events, expected_events);
        prop_assert!(wire == expected_wire);
        prop_assert_eq!(session.sequence(), sequence);
        prop_assert_eq!(session.counters().errors, 0);
        prop_assert_eq!(session.counters().dropped, 0);
        prop_assert_eq!(session.counters().checksums, 0);
    }
}
