// SPDX-License-Identifier: GPL-2.0

//! The message queue against an honest device, and against one that lies in every word.

mod support;

use nvkm_rs_core::rpc::core::error::{Recovery, RecvError};
use nvkm_rs_core::rpc::core::message::{Integrity, MessageQueue};
use nvkm_rs_core::rpc::core::ring::{Budget, MemoryFault};
use nvkm_rs_core::rpc::core::status::Errno;
use proptest::prelude::*;
use support::{pattern, set_checksum, set_word, sizes, Access, Message, Window, PAGE};

const ELEM_COUNT: usize = 0x28;
const LENGTH: usize = 0x38;
const FUNCTION: usize = 0x3c;

fn attach(window: &mut Window) -> MessageQueue {
    let pages = window.ring.borrow().pages as u32;
    MessageQueue::attach(window, pages).unwrap()
}

/// Peek, copy, consume, as glue does it. The message as received.
fn receive(
    queue: &mut MessageQueue,
    window: &mut Window,
    tries: u32,
) -> Result<Message, RecvError> {
    let incoming = queue.peek(window, &mut Budget::new(tries))?;
    let mut buffer = vec![0xaa; incoming.message_len()];
    let integrity = queue.copy_message(&incoming, window, &mut buffer).unwrap();
    assert_eq!(integrity, Integrity::Good);
    let headers = *incoming.headers();
    assert_eq!(buffer[..0x20], headers.rpc.encode());
    assert_eq!(buffer.len(), 0x20 + incoming.payload_len());
    queue.consume(incoming, window);
    assert_eq!(window.ring.borrow().read, queue.position());
    Ok(Message {
        element: headers.element.sequence,
        function: headers.rpc.function,
        result: headers.rpc.rpc_result,
        private: headers.rpc.rpc_result_private,
        sequence: headers.rpc.sequence,
        payload: buffer[0x20..].to_vec(),
    })
}

#[test]
fn every_size_at_every_place() {
    for at in 0..20 {
        for size in sizes() {
            let mut window = Window::messages(20, at);
            let mut queue = attach(&mut window);
            let first = Message::new(0x1003, pattern(size, at as u32)).sequence(9);
            let second = Message::new(0x1006, vec![1, 2, 3]);
            window.ring.borrow_mut().post(&first);
            window.ring.borrow_mut().post(&second);
            assert_eq!(
                receive(&mut queue, &mut window, 1),
                Ok(first),
                "{size:#x} at {at}"
            );
            assert_eq!(
                receive(&mut queue, &mut window, 1),
                Ok(second),
                "{size:#x} at {at}"
            );
            assert_eq!(
                receive(&mut queue, &mut window, 1),
                Err(RecvError::TimedOut)
            );
        }
    }
}

#[test]
fn payload_alone_into_a_buffer_of_exactly_its_size() {
    let mut window = Window::messages(20, 19);
    let mut queue = attach(&mut window);
    let payload = pattern(2 * PAGE + 5, 1);
    window
        .ring
        .borrow_mut()
        .post(&Message::new(1, payload.clone()));
    let incoming = queue.peek(&mut window, &mut Budget::new(1)).unwrap();
    for wrong in [0, payload.len() - 1, payload.len() + 1] {
        let mut buffer = vec![0; wrong];
        assert_eq!(
            queue.copy_payload(&incoming, &mut window, &mut buffer),
            Err(MemoryFault)
        );
    }
    let mut short = [0; 0x1f];
    assert_eq!(
        queue.copy_message(&incoming, &mut window, &mut short),
        Err(MemoryFault)
    );
    let mut buffer = vec![0; payload.len()];
    assert_eq!(
        queue.copy_payload(&incoming, &mut window, &mut buffer),
        Ok(Integrity::Good)
    );
    assert_eq!(buffer, payload);
}

#[test]
fn each_byte_is_read_once_and_the_first_reading_counts() {
    for (at, size) in [(0, 0), (3, 1), (19, 100), (18, 3 * PAGE), (5, 0xffb0)] {
        let mut window = Window::messages(20, at);
        let mut queue = attach(&mut window);
        let message = Message::new(0x1004, pattern(size, 3)).sequence(0x55);
        window.ring.borrow_mut().post(&message);
        window.fickle = true;
        window.log.borrow_mut().clear();
        assert_eq!(receive(&mut queue, &mut window, 1), Ok(message));

        let mut reads = vec![0; 20 * PAGE];
        for access in window.accesses() {
            match access {
                Access::Read(offset, len) => {
                    reads[offset..offset + len].iter_mut().for_each(|n| *n += 1);
                }
                Access::Write(..) | Access::Own => panic!("{access:?}"),
                _ => {}
            }
        }
        let element = (0..0x50 + size).map(|i| (at * PAGE + i) % (20 * PAGE));
        assert!(element.clone().all(|i| reads[i] == 1), "read once");
        let padding = (8 - size % 8) % 8;
        assert_eq!(
            reads.iter().sum::<usize>(),
            0x50 + size + padding,
            "and nothing else"
        );
    }
}

#[test]
fn barriers_stand_where_they_must() {
    let mut window = Window::messages(20, 0);
    let mut queue = attach(&mut window);
    window.ring.borrow_mut().post(&Message::new(1, vec![1; 8]));
    window.log.borrow_mut().clear();
    receive(&mut queue, &mut window, 1).unwrap();
    assert_eq!(
        window.accesses(),
        [
            Access::Peer(1),
            Access::ReadBarrier,
            Access::Read(0, 0x30),
            Access::Read(0x30, 0x20),
            Access::Peer(1),
            Access::ReadBarrier,
            Access::Read(0x50, 8),
            Access::FullBarrier,
            Access::Publish(1),
        ]
    );
}

#[test]
fn own_pointer_in_memory_is_not_believed() {
    let mut window = Window::messages(20, 4);
    let mut queue = attach(&mut window);
    let message = Message::new(1, vec![9; 20]);
    window.ring.borrow_mut().post(&message);
    window.ring.borrow_mut().read = 0xdead_beef;
    assert_eq!(receive(&mut queue, &mut window, 1), Ok(message));
    for (count, at) in [(20, 20), (20, u32::MAX), (1, 0), (0, 0)] {
        window.ring.borrow_mut().read = at;
        assert!(MessageQueue::attach(&mut window, count).is_err());
    }
}

#[test]
fn waits_as_long_as_it_may() {
    let mut window = Window::messages(20, 0);
    let mut queue = attach(&mut window);
    let error = receive(&mut queue, &mut window, 300).unwrap_err();
    assert_eq!(error, RecvError::TimedOut);
    assert_eq!(error.errno(), Errno::TimedOut);
    assert_eq!(*window.pauses.borrow(), 300);
    let looks = window.accesses();
    assert_eq!(
        looks
            .iter()
            .filter(|look| **look == Access::Peer(0))
            .count(),
        300
    );
    // Just in time, and the budget is what is left of it.
    let message = Message::new(7, vec![7]);
    let late = message.clone();
    *window.pauses.borrow_mut() = 0;
    window.on_pause(move |ring, count| {
        if count == 299 {
            ring.post(&late);
        }
        true
    });
    let mut budget = Budget::new(300);
    let incoming = queue.peek(&mut window, &mut budget).unwrap();
    assert_eq!(budget.left(), 1);
    queue.consume(incoming, &mut window);
    // Told to stop.
    window.on_pause(|_, _| false);
    assert_eq!(
        receive(&mut queue, &mut window, 300),
        Err(RecvError::TimedOut)
    );
}

#[test]
fn a_message_that_is_published_page_by_page() {
    let mut window = Window::messages(20, 15);
    let mut queue = attach(&mut window);
    let message = Message::new(7, pattern(9 * PAGE, 5));
    let raw = message.raw();
    window.ring.borrow_mut().post_raw(&raw, 1);
    window.on_pause(|ring, count| {
        if count % 2 == 0 && count <= 18 {
            ring.write = (ring.write + 1) % 20;
        }
        true
    });
    assert_eq!(receive(&mut queue, &mut window, 100), Ok(message));
    assert_eq!(*window.pauses.borrow(), 18);
}

#[test]
fn a_message_that_never_comes_whole() {
    let mut window = Window::messages(20, 15);
    let mut queue = attach(&mut window);
    window
        .ring
        .borrow_mut()
        .post_raw(&Message::new(7, vec![0; 9 * PAGE]).raw(), 4);
    let error = receive(&mut queue, &mut window, 50).unwrap_err();
    assert!(matches!(
        error,
        RecvError::Incomplete {
            pages: 10,
            recovery: Recovery::Resynced { pages: 4 },
            ..
        }
    ));
    assert_eq!(error.errno(), Errno::TimedOut);
    assert_eq!(window.ring.borrow().read, 19);
    let good = Message::new(8, vec![1]);
    window.ring.borrow_mut().post(&good);
    assert_eq!(receive(&mut queue, &mut window, 1), Ok(good));
}

#[test]
fn a_write_pointer_outside_of_the_ring() {
    for value in [20, 21, 0x8000_0000, u32::MAX] {
        let mut window = Window::messages(20, 3);
        let mut queue = attach(&mut window);
        let message = Message::new(7, pattern(5000, 1));
        window.ring.borrow_mut().post(&message);
        window.log.borrow_mut().clear();
        window.peers.borrow_mut().extend([value, value]);
        let error = receive(&mut queue, &mut window, 50).unwrap_err();
        assert_eq!(error, RecvError::WritePointer { value, count: 20 });
        assert_eq!(error.errno(), Errno::Io);
        assert!(error.is_stuck());
        assert_eq!(
            window.accesses(),
            [Access::Peer(value)],
            "nothing else was touched"
        );
        assert_eq!(queue.pending(&mut window), Err(error));
        // Only the second look is bad: the element stays.
        window.peers.borrow_mut().extend([5, value]);
        assert_eq!(receive(&mut queue, &mut window, 50), Err(error));
        assert_eq!(receive(&mut queue, &mut window, 50), Ok(message));
    }
}

/// Posts a message with a word changed between two good ones; the error, and which of the good one after it
/// and one posted later can still be read.
fn lie(at: usize, payload: usize, changes: &[(usize, u32)]) -> (RecvError, bool) {
    let mut window = Window::messages(40, at);
    let mut queue = attach(&mut window);
    let before = Message::new(1, vec![1; 10]);
    let after = Message::new(2, pattern(5000, 8));
    let mut raw = Message::new(0x1003, pattern(payload, 3)).raw();
    for (offset, word) in changes {
        set_word(&mut raw, *offset, *word);
    }
    set_checksum(&mut raw);
    window.ring.borrow_mut().post(&before);
    let pages = raw.len() / PAGE;
    window.ring.borrow_mut().post_raw(&raw, pages);
    window.ring.borrow_mut().post(&after);

    assert_eq!(receive(&mut queue, &mut window, 1), Ok(before));
    window.log.borrow_mut().clear();
    let error = receive(&mut queue, &mut window, 30).expect_err("the lie");
    let read: usize = window
        .accesses()
        .iter()
        .map(|access| match access {
            Access::Read(_, len) => *len,
            _ => 0,
        })
        .sum();
    assert_eq!(read, 0x50, "only the headers were looked at");
    assert_eq!(window.ring.borrow().read, queue.position(), "published");

    let kept = match receive(&mut queue, &mut window, 1) {
        Ok(message) => {
            assert_eq!(message, after);
            true
        }
        Err(error) => {
            assert_eq!(error, RecvError::TimedOut);
            false
        }
    };
    // The queue works on.
    for _ in 0..20 {
        window.ring.borrow_mut().post(&after);
        assert_eq!(receive(&mut queue, &mut window, 1), Ok(after.clone()));
    }
    (error, kept)
}

#[test]
fn lies_about_the_length() {
    for at in [0, 1, 37, 38, 39] {
        for length in [
            0,
            1,
            0x1f,
            0xffd1,
            0x1_0000,
            0x7fff_ffff,
            0x8000_0000,
            u32::MAX - 0x30,
            u32::MAX,
        ] {
            for payload in [0, 3 * PAGE] {
                let (error, kept) = lie(at, payload, &[(LENGTH, length)]);
                assert!(kept, "elem_count tells where the next one is");
                assert!(
                    matches!(error, RecvError::Length { headers, recovery: Recovery::Skipped { .. } }
                        if headers.rpc.length == length && headers.rpc.function == 0x1003),
                    "{error:?}"
                );
                assert_eq!(error.errno(), Errno::Io);
                assert!(error.to_string().contains(&format!("length {length:#x} ")));
            }
        }
        // Plausible, but not for the element's count of pages.
        let (error, kept) = lie(at, 3 * PAGE, &[(LENGTH, 0x20)]);
        assert!(kept);
        assert!(matches!(
            error,
            RecvError::ElementCount {
                pages: 1,
                recovery: Recovery::Skipped { pages: 4 },
                ..
            }
        ));
    }
}

#[test]
fn lies_about_the_count_of_pages() {
    for at in [0, 37, 38, 39] {
        // 4 pages, and 2 of the next message: none of these can be believed.
        for count in [0, 7, 16, 17, 40, 0x8000_0000, u32::MAX] {
            let (error, kept) = lie(at, 3 * PAGE, &[(ELEM_COUNT, count)]);
            assert!(!kept);
            assert!(
                matches!(error, RecvError::ElementCount { headers, pages: 4, recovery: Recovery::Resynced { pages: 6 } }
                    if headers.element.elem_count == count),
                "{error:?}"
            );
            assert_eq!(error.errno(), Errno::Io);
        }
        let (error, kept) = lie(at, 3 * PAGE, &[(ELEM_COUNT, 0), (LENGTH, 0)]);
        assert!(!kept);
        assert_eq!(error.recovery(), Recovery::Resynced { pages: 6 });
    }
    // So many pages are there, but no element has so many.
    let mut window = Window::messages(40, 30);
    let mut queue = attach(&mut window);
    let mut raw = Message::new(1, vec![]).raw();
    set_word(&mut raw, ELEM_COUNT, 17);
    window.ring.borrow_mut().post_raw(&raw, 1);
    for _ in 0..20 {
        window.ring.borrow_mut().post(&Message::new(2, vec![]));
    }
    let error = receive(&mut queue, &mut window, 1).unwrap_err();
    assert_eq!(error.recovery(), Recovery::Resynced { pages: 21 });
    // It can be believed, and leads to the next message's end.
    let (error, kept) = lie(0, 3 * PAGE, &[(ELEM_COUNT, 6)]);
    assert!(!kept);
    assert_eq!(error.recovery(), Recovery::Skipped { pages: 6 });
}

#[test]
fn a_message_longer_than_the_ring() {
    let mut window = Window::messages(8, 0);
    let mut queue = attach(&mut window);
    let mut raw = Message::new(1, vec![0; 100]).raw();
    // 8 pages need a ring of 9.
    set_word(&mut raw, LENGTH, 8 * 0x1000 - 0x30);
    set_word(&mut raw, ELEM_COUNT, 8);
    window.ring.borrow_mut().post_raw(&raw, 1);
    let error = receive(&mut queue, &mut window, 5).unwrap_err();
    assert!(matches!(
        error,
        RecvError::Length {
            recovery: Recovery::Resynced { pages: 1 },
            ..
        }
    ));
}

#[test]
fn any_other_word_may_be_anything() {
    for offset in (0..0x50).step_by(4) {
        if [ELEM_COUNT, LENGTH, 0x20].contains(&offset) {
            continue;
        }
        for word in [0, 1, 0x8000_0000, u32::MAX] {
            let mut window = Window::messages(20, 19);
            let mut queue = attach(&mut window);
            let mut raw = Message::new(0x1003, pattern(6000, 3)).raw();
            set_word(&mut raw, offset, word);
            set_checksum(&mut raw);
            window.ring.borrow_mut().post_raw(&raw, 2);
            let message = receive(&mut queue, &mut window, 1).unwrap();
            assert_eq!(message.payload, pattern(6000, 3));
            if offset == FUNCTION {
                assert_eq!(message.function, word);
            }
        }
    }
}

#[test]
fn a_wrong_checksum_is_noticed() {
    for size in [0, 1, 7, 8, 9, 5000] {
        for bit in [0, 0x20 * 8, 0x30 * 8, 0x50 * 8 - 1] {
            let mut window = Window::messages(20, 19);
            let mut queue = attach(&mut window);
            let mut raw = Message::new(3, pattern(size, 1)).raw();
            if bit / 8 != LENGTH {
                raw[bit / 8] ^= 1 << (bit % 8);
            }
            let pages = raw.len() / PAGE;
            window.ring.borrow_mut().post_raw(&raw, pages);
            let incoming = queue.peek(&mut window, &mut Budget::new(1)).unwrap();
            let mut buffer = vec![0; size];
            assert_eq!(
                queue.copy_payload(&incoming, &mut window, &mut buffer),
                Ok(Integrity::Bad(1 << (bit % 32)))
            );
        }
    }
}

#[test]
fn what_stands_between_payload_and_next_word_counts() {
    let mut window = Window::messages(20, 0);
    let mut queue = attach(&mut window);
    let mut raw = Message::new(3, pattern(21, 1)).raw();
    raw[0x50 + 22] = 0x80;
    set_checksum(&mut raw);
    window.ring.borrow_mut().post_raw(&raw, 1);
    assert!(receive(&mut queue, &mut window, 1).is_ok());
}

#[test]
fn memory_smaller_than_the_ring() {
    let mut window = Window::messages(4, 3);
    let mut queue = MessageQueue::attach(&mut window, 20).unwrap();
    window.ring.borrow_mut().write = 5;
    let raw = Message::new(3, pattern(5000, 1)).raw();
    window.ring.borrow_mut().put(3, 0, &raw);
    let incoming = queue.peek(&mut window, &mut Budget::new(1)).unwrap();
    let mut buffer = vec![0; 5000];
    assert_eq!(
        queue.copy_payload(&incoming, &mut window, &mut buffer),
        Err(MemoryFault)
    );
    queue.consume(incoming, &mut window);
    window.ring.borrow_mut().write = 7;
    assert_eq!(
        queue.peek(&mut window, &mut Budget::new(1)).unwrap_err(),
        RecvError::Memory {
            recovery: Recovery::Resynced { pages: 2 }
        }
    );
}

proptest! {
    /// Whatever stands in shared memory, and wherever the device points: an answer in bounded time, and the
    /// driver's own pointer stays in the ring.
    #[test]
    fn rubbish(
        count in 2usize..40,
        at in 0usize..40,
        words in prop::collection::vec((0usize..0x50 / 4, prop_oneof![0u32..80, any::<u32>()]), 0..20),
        peers in prop::collection::vec(prop_oneof![9 => 0u32..45, 1 => any::<u32>()], 1..20),
        length in prop_oneof![0u32..0x1_1000, any::<u32>()],
    ) {
        let mut window = Window::messages(count, at % count);
        let mut queue = attach(&mut window);
        window.peers.borrow_mut().extend(peers);
        for page in 0..count as u32 {
            let mut raw = Message::new(page, vec![0; 8]).raw();
            set_word(&mut raw, LENGTH, length.rotate_left(page));
            set_word(&mut raw, ELEM_COUNT, length.div_ceil(0x1000) & 0x1f);
            for (word, value) in &words {
                set_word(&mut raw, word * 4, *value);
            }
            window.ring.borrow_mut().put(page, 0, &raw);
        }
        for _ in 0..10 {
            if let Ok(incoming) = queue.peek(&mut window, &mut Budget::new(3)) {
                prop_assert!(incoming.message_len() <= 0xffd0);
                prop_assert!((1..=16).contains(&incoming.pages()));
                let mut buffer = vec![0; incoming.message_len()];
                let _ = queue.copy_message(&incoming, &mut window, &mut buffer).unwrap();
                queue.consume(incoming, &mut window);
            }
            prop_assert!((queue.position() as usize) < count);
        }
        prop_assert!(*window.pauses.borrow() <= 40);
    }

    /// A stream with liars in it: every honest message comes through, in order, while the liars' page counts
    /// are true.
    #[test]
    fn honest_messages_among_liars(
        at in 0usize..33,
        messages in prop::collection::vec(
            (0usize..0xffb0, prop::option::of(prop_oneof![0u32..0x20, 0xffd1u32..]), 0usize..4),
            1..40,
        ),
    ) {
        let mut window = Window::messages(33, at);
        let mut queue = attach(&mut window);
        let mut expected = Vec::new();
        let mut got = Vec::new();
        let mut lies = 0;
        for (number, (size, lie, take)) in messages.into_iter().enumerate() {
            let message = Message::new(number as u32, pattern(size, number as u32));
            let mut raw = message.raw();
            let pages = raw.len() / PAGE;
            while window.ring.borrow().room() < pages {
                got.extend(receive(&mut queue, &mut window, 1));
            }
            match lie {
                Some(length) => {
                    set_word(&mut raw, LENGTH, length);
                    lies += 1;
                }
                None => expected.push(message),
            }
            window.ring.borrow_mut().post_raw(&raw, pages);
            for _ in 0..take {
                got.extend(receive(&mut queue, &mut window, 1));
            }
        }
        for _ in 0..expected.len() + lies {
            got.extend(receive(&mut queue, &mut window, 1));
        }
        prop_assert_eq!(got, expected);
    }
}
