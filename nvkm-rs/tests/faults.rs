// SPDX-License-Identifier: GPL-2.0

//! Conversations with a device that is late, lies, floods, or says nothing; and a driver without memory.

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use nvkm_rs_core::rpc::core::error::{Error, RecvError, SendError};
use nvkm_rs_core::rpc::core::host::{Awaited, Drained};
use nvkm_rs_core::rpc::core::policy::ReplyPolicy::{NoSeq, NoWait, Poll, Recv};
use nvkm_rs_core::rpc::core::session::Patience;
use nvkm_rs_core::rpc::core::status::Errno;
use proptest::prelude::*;
use support::rig::{echo, works, Rig};
use support::{lie, pattern, Message, ELEM_COUNT, LENGTH, PAGE};

const MAX: usize = 0xffb0;

/// A manager that posts raw elements, once.
fn post_raw(rig: &mut Rig, elements: Vec<Vec<u8>>) {
    let mut elements = Some(elements);
    rig.manager(move |commands, messages| {
        commands.take();
        for raw in elements.take().unwrap_or_default() {
            messages.post_raw(&raw, raw.len() / PAGE);
        }
    });
}

#[test]
fn patience_is_that_of_c() {
    let patience = Patience::default();
    assert_eq!(patience.command, 1_000_000);
    assert_eq!(patience.message, 4_000_000);
}

#[test]
fn no_reply() {
    for policy in [Recv, Poll] {
        let (mut rig, mut session) = Rig::new(63, 0);
        let error = session
            .submit(&mut rig, 76, &[1], policy, 0x20)
            .unwrap_err();
        assert_eq!(error, Error::Recv(RecvError::TimedOut));
        assert_eq!(error.errno(), Errno::TimedOut);
        // One look of the 500 goes to the receive itself.
        assert_eq!(*rig.messages.pauses.borrow(), 499);
        assert_eq!(
            rig.reports,
            ["no reply to 76 GSP_RM_CONTROL: timed out waiting for a message"]
        );
        assert_eq!(
            rig.history,
            "->      0 sent     1.000000 76 GSP_RM_CONTROL length 0x21 seq 0x0\n"
        );
        while rig.commands.ring.borrow_mut().take().is_some() {}
        works(&mut rig, &mut session);
    }
}

#[test]
fn patience_is_shared_by_all_that_is_received() {
    let (mut rig, mut session) = Rig::new(63, 0);
    rig.messages.on_pause(|messages, count| {
        if count % 100 == 0 {
            messages.post(&Message::new(0x1003, vec![]));
        }
        true
    });
    let error = session.submit(&mut rig, 76, &[1], Recv, 0).unwrap_err();
    assert_eq!(error.errno(), Errno::TimedOut);
    assert_eq!(rig.events.len(), 4);
    // Five receives cost a look each.
    assert_eq!(*rig.messages.pauses.borrow(), 495);
}

#[test]
fn no_room_for_the_command() {
    let (mut rig, mut session) = Rig::new(63, 0);
    // Nobody takes anything: 62 pages fit.
    let mut sent = 0;
    let error = loop {
        match session.submit(&mut rig, 73, &[0; 3000], NoSeq, 0) {
            Ok(reply) => assert_eq!(reply, None),
            Err(error) => break error,
        }
        sent += 1;
    };
    assert_eq!(sent, 62);
    assert_eq!(
        error,
        Error::Send(SendError::TimedOut {
            function: 73,
            pages: 1,
            free: 0
        })
    );
    assert_eq!(*rig.commands.pauses.borrow(), 50);
    assert_eq!(
        (session.counters().sent, session.counters().errors),
        (62, 1)
    );
    // Both directions' last sixteen are in the log, oldest first.
    let lines: Vec<_> = rig.history.lines().collect();
    assert_eq!(lines.len(), 16);
    assert!(lines[0].contains(" 46 sent ") && lines[15].contains(" 61 sent "));
    while rig.commands.ring.borrow_mut().take().is_some() {}
    works(&mut rig, &mut session);
}

#[test]
fn no_room_for_the_rest_of_a_large_command() {
    let (mut rig, mut session) = Rig::new(63, 0);
    let error = session
        .submit(&mut rig, 4, &pattern(5 * MAX, 1), Recv, 0)
        .unwrap_err();
    assert_eq!(
        error,
        Error::Send(SendError::TimedOut {
            function: 71,
            pages: 16,
            free: 14
        })
    );
    assert_eq!(session.sequence(), 3);
    while rig.commands.ring.borrow_mut().take().is_some() {}
    works(&mut rig, &mut session);
}

#[test]
fn a_late_reply_is_not_the_next_one() {
    let (mut rig, mut session) = Rig::new(63, 0);
    for _ in 0..3 {
        session.submit(&mut rig, 76, &[1; 4], Recv, 1).unwrap_err();
    }
    while rig.commands.ring.borrow_mut().take().is_some() {}
    // Three late replies, then our own.
    rig.answer(|command| {
        let mut messages: Vec<_> = (0..3)
            .map(|n| Message::new(76, vec![0xbb; 4]).sequence(n))
            .collect();
        messages.push(echo(command));
        messages
    });
    let got = session
        .submit(&mut rig, 76, &[2; 4], Recv, 1)
        .unwrap()
        .unwrap();
    assert_eq!(got[0x20..0x24], [2; 4]);
    assert_eq!(session.counters().late, 3);
    // They are due no longer.
    rig.answer(|_| vec![Message::new(76, vec![0xcc; 4]).sequence(0)]);
    let got = session
        .submit(&mut rig, 76, &[2; 4], Recv, 1)
        .unwrap()
        .unwrap();
    assert_eq!(got[0x20..0x24], [0xcc; 4]);
}

#[test]
fn whoever_waits_again_gets_the_reply() {
    let (mut rig, mut session) = Rig::new(63, 0);
    session.submit(&mut rig, 76, &[1; 4], Recv, 1).unwrap_err();
    rig.post(&Message::new(76, vec![9; 4]));
    let awaited = Awaited {
        function: 76,
        length: 1,
        sequence: Some((0, 0)),
    };
    let got = session.receive(&mut rig, &awaited).unwrap().unwrap();
    assert_eq!(got[0x20..0x24], [9; 4]);
    assert_eq!(session.counters().late, 0);
}

#[test]
fn firmware_need_not_give_sequence_numbers_back() {
    for number in [0, 5, u32::MAX] {
        let (mut rig, mut session) = Rig::new(63, 0);
        rig.answer(move |command| vec![echo(command).sequence(number)]);
        for _ in 0..4 {
            assert!(session.submit(&mut rig, 76, &[2; 4], Recv, 1).is_ok());
        }
        // A late reply to another function is nobody's; another function's number is none of ours.
        let (mut rig, mut session) = Rig::new(63, 0);
        session.submit(&mut rig, 103, &[0; 4], Recv, 1).unwrap_err();
        while rig.commands.ring.borrow_mut().take().is_some() {}
        rig.answer(|command| vec![echo(command).sequence(0)]);
        assert!(session.submit(&mut rig, 76, &[2; 4], Recv, 1).is_ok());
        assert_eq!(session.counters().late, 0);
    }
}

#[test]
fn a_bad_message_that_is_not_ours_costs_us_nothing() {
    for changes in [
        &[(LENGTH, 0)][..],
        &[(LENGTH, u32::MAX)],
        &[(LENGTH, 0x20), (ELEM_COUNT, 2)],
    ] {
        let (mut rig, mut session) = Rig::new(63, 61);
        let bad = lie(&Message::new(0x1003, vec![0; 5000]), changes);
        let good = Message::new(76, vec![4; 4]).raw();
        post_raw(&mut rig, vec![bad, good]);
        let got = session
            .submit(&mut rig, 76, &[0; 4], Recv, 1)
            .unwrap()
            .unwrap();
        assert_eq!(got[0x20..0x24], [4; 4]);
        assert_eq!(rig.reports.len(), 1);
        assert!(
            rig.reports[0].contains("0x1003 POST_EVENT")
                && rig.reports[0].ends_with("skipped 2 pages")
        );
        assert_eq!(
            (session.counters().errors, session.counters().dropped),
            (1, 1)
        );
        works(&mut rig, &mut session);
    }
}

#[test]
fn a_bad_message_that_may_be_ours_fails_us_at_once() {
    for (function, changes, dropped) in [
        (76, &[(LENGTH, 0)][..], 0),
        (76, &[(LENGTH, u32::MAX)], 0),
        (76, &[(LENGTH, 0x20)], 0),
        (0x1003, &[(ELEM_COUNT, 0)], 1),
        (0x1003, &[(ELEM_COUNT, 50), (LENGTH, 0)], 1),
    ] {
        let (mut rig, mut session) = Rig::new(63, 61);
        let bad = lie(&Message::new(function, vec![0; 5000]), changes);
        let event = Message::new(0x1006, vec![1]).raw();
        post_raw(&mut rig, vec![bad, event]);
        let error = session.submit(&mut rig, 76, &[0; 4], Recv, 1).unwrap_err();
        assert_eq!(error.errno(), Errno::Io);
        assert_eq!(*rig.messages.pauses.borrow(), 0);
        assert_eq!(rig.reports.len(), 1, "one line: {:?}", rig.reports);
        assert!(rig.reports[0].starts_with("no reply to 76 GSP_RM_CONTROL: message "));
        session.drain(&mut rig, 10);
        assert_eq!(rig.events.len(), 1 - dropped);
        works(&mut rig, &mut session);
    }
}

#[test]
fn a_bad_write_pointer() {
    let (mut rig, mut session) = Rig::new(63, 0);
    rig.answer(|command| vec![echo(command)]);
    rig.messages.peers.borrow_mut().push_back(63);
    let error = session.submit(&mut rig, 76, &[0; 4], Recv, 1).unwrap_err();
    assert_eq!(
        error,
        Error::Recv(RecvError::WritePointer {
            value: 63,
            count: 63
        })
    );
    // The reply is there, and late: the next one's caller does not get it.
    rig.answer(|command| vec![echo(command)]);
    let got = session
        .submit(&mut rig, 76, &[8; 8], Recv, 8)
        .unwrap()
        .unwrap();
    assert_eq!(got[0x20..0x28], [8; 8]);
    assert_eq!(session.counters().late, 1);
    rig.messages.peers.borrow_mut().extend([7000, 7000]);
    assert_eq!(session.drain(&mut rig, 5), Drained::default());
}

#[test]
fn draining_passes_over_what_is_bad() {
    let (mut rig, mut session) = Rig::new(63, 60);
    let event = |n| Message::new(0x1003, vec![n; 10]);
    let mut queue = rig.messages.ring.borrow_mut();
    queue.post(&event(0));
    queue.post_raw(&lie(&event(1), &[(LENGTH, 3)]), 1);
    queue.post(&event(2));
    queue.post_raw(&lie(&event(3), &[(LENGTH, 0xffff)]), 1);
    queue.post(&event(4));
    drop(queue);
    assert_eq!(
        session.drain(&mut rig, 20),
        Drained {
            messages: 5,
            more: false
        }
    );
    assert_eq!(rig.events, [event(0), event(2), event(4)]);
    assert_eq!(rig.reports.len(), 2);
    rig.messages
        .ring
        .borrow_mut()
        .post_raw(&lie(&event(5), &[(ELEM_COUNT, 9)]), 1);
    rig.post(&event(6));
    session.drain(&mut rig, 20);
    assert!(rig.reports[2].ends_with("gave up 2 pages, up to the write pointer"));
    works(&mut rig, &mut session);
}

#[test]
fn draining_goes_on_after_the_write_pointer_was_the_way_out() {
    let (mut rig, mut session) = Rig::new(63, 0);
    rig.messages
        .ring
        .borrow_mut()
        .post_raw(&lie(&Message::new(0x1003, vec![]), &[(ELEM_COUNT, 9)]), 1);
    rig.post(&Message::new(0x1006, vec![1]));
    // The second message comes while the first is looked at.
    rig.messages.peers.borrow_mut().extend([1, 1]);
    assert_eq!(
        session.drain(&mut rig, 5),
        Drained {
            messages: 2,
            more: false
        }
    );
    assert_eq!(rig.events.len(), 1);
}

#[test]
fn a_flood_ends() {
    let (mut rig, mut session) = Rig::new(63, 0);
    let queue = rig.messages.ring.clone();
    // Whenever the driver asks for a buffer there is one more event.
    rig.manager(move |_, messages| {
        for _ in 0..62 {
            messages.post(&Message::new(0x1003, vec![]));
        }
    });
    let refill = Rc::new(RefCell::new(0));
    let count = refill.clone();
    rig.on_event = Some(Box::new(move || {
        *count.borrow_mut() += 1;
        queue.borrow_mut().post(&Message::new(0x1003, vec![]));
    }));
    let error = session.submit(&mut rig, 76, &[0; 4], Recv, 1).unwrap_err();
    assert_eq!(error, Error::Recv(RecvError::TimedOut));
    assert_eq!(*refill.borrow(), 500);
    assert_eq!(*rig.messages.pauses.borrow(), 0);
    assert_eq!(
        session.drain(&mut rig, 1000),
        Drained {
            messages: 501,
            more: false
        }
    );
}

#[test]
fn no_memory() {
    let (mut rig, mut session) = Rig::new(63, 0);
    rig.answer(|command| vec![Message::new(0x1003, vec![1]), echo(command)]);
    // Neither for the event nor for the reply.
    rig.memory = 0;
    let error = session.submit(&mut rig, 76, &[0; 4], Recv, 1).unwrap_err();
    assert_eq!(error, Error::NoMemory { function: 76 });
    assert_eq!(error.errno(), Errno::NoMemory);
    assert_eq!(rig.reports.len(), 2);
    assert!(
        rig.reports[0].contains("0x1003 POST_EVENT") && rig.reports[0].ends_with("lost, no memory")
    );
    assert!(rig.events.is_empty());
    rig.memory = usize::MAX;
    works(&mut rig, &mut session);
}

#[test]
fn a_wrong_checksum_is_told_and_forgiven() {
    let (mut rig, mut session) = Rig::new(63, 0);
    let raw = lie(&Message::new(76, vec![4; 4]), &[(0x20, 0)]);
    post_raw(&mut rig, vec![raw]);
    assert!(session.submit(&mut rig, 76, &[0; 4], Recv, 1).is_ok());
    assert_eq!(session.counters().checksums, 1);
    assert!(rig.reports[0].starts_with("message 76 GSP_RM_CONTROL: checksum off by 0x"));
    works(&mut rig, &mut session);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a device writes into both rings and all pointers: no panic, bounded time, buffers no larger
    /// than an element asks for, and afterwards the session works.
    #[test]
    fn rubbish(
        pages in 17usize..64,
        commands in prop::collection::vec((0u32..80, 0usize..3 * MAX, 0u32..4, 0u32..0x2_0000), 1..6),
        elements in prop::collection::vec(
            (
                prop_oneof![3 => 0u32..80, 2 => Just(71u32), 2 => 0x1000u32..0x1020],
                0usize..9000,
                prop::collection::vec((0usize..0x50 / 4, prop_oneof![0u32..80, any::<u32>()]), 0..4),
            ),
            0..60,
        ),
        peers in prop::collection::vec(prop_oneof![9 => 0u32..70, 1 => any::<u32>()], 0..30),
    ) {
        let (mut rig, mut session) = Rig::new(pages, 0);
        rig.messages.peers.borrow_mut().extend(&peers);
        rig.commands.peers.borrow_mut().extend(peers);
        rig.messages.fickle = true;
        let mut elements = elements.into_iter();
        rig.manager(move |commands, messages| {
            // A device that reads what it likes.
            commands.read = commands.write;
            for (function, len, changes) in elements.by_ref().take(4) {
                let changes: Vec<_> = changes.iter().map(|(word, value)| (word * 4, *value)).collect();
                let raw = lie(&Message::new(function, vec![0; len]), &changes);
                messages.post_raw(&raw, raw.len() / PAGE);
            }
        });
        for (function, len, policy, reply_len) in commands {
            let policy = policy.try_into().unwrap();
            let payload = vec![0; len];
            let _ = session.submit(&mut rig, function, &payload, policy, reply_len);
            session.drain(&mut rig, 10);
            prop_assert!((session.messages().position() as usize) < pages);
            prop_assert!((session.commands().position() as usize) < pages);
        }
        prop_assert!(rig.allocated.iter().all(|size| *size <= 0x40 + 0x2_0000.max(3 * MAX)));

        rig.messages.fickle = false;
        rig.messages.peers.borrow_mut().clear();
        rig.commands.peers.borrow_mut().clear();
        // The device's rings as the driver knows them.
        let at = session.messages().position();
        rig.messages.ring.borrow_mut().write = at;
        rig.messages.ring.borrow_mut().read = at;
        let at = session.commands().position();
        rig.commands.ring.borrow_mut().write = at;
        rig.commands.ring.borrow_mut().read = at;
        works(&mut rig, &mut session);
    }
}

#[test]
fn one_line_and_no_history_for_a_bad_message() {
    // A policy that does not wait reports nothing, whatever lies in the queue.
    let (mut rig, mut session) = Rig::new(63, 0);
    rig.messages
        .ring
        .borrow_mut()
        .post_raw(&lie(&Message::new(5, vec![]), &[(LENGTH, 0)]), 1);
    session.submit(&mut rig, 76, &[], NoWait, 0).unwrap();
    assert!(rig.reports.is_empty());
    let awaited = Awaited {
        function: 5,
        length: 0,
        sequence: None,
    };
    session.receive(&mut rig, &awaited).unwrap_err();
    assert_eq!(rig.reports.len(), 1);
    assert!(
        rig.history.is_empty(),
        "only a time-out prints what led there"
    );
}
