// SPDX-License-Identifier: GPL-2.0

//! The message queue against a device that lies, in one word or in all of them.

mod support;

use nvkm_rs_core::rpc::core::error::{Recovery, RecvError};
use nvkm_rs_core::rpc::core::message::Integrity;
use nvkm_rs_core::rpc::core::ring::Budget;
use nvkm_rs_core::rpc::core::status::Errno;
use proptest::prelude::*;
use support::queue::{attach, receive};
use support::{pattern, set_checksum, set_word, Access, Message, Window, ELEM_COUNT, LENGTH, PAGE};

const FUNCTION: usize = 0x3c;

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
