// SPDX-License-Identifier: GPL-2.0

//! The command queue against a device that checks every byte it takes.

mod support;

use nvkm_rs_core::rpc::core::command::CommandQueue;
use nvkm_rs_core::rpc::core::element::RpcHeader;
use nvkm_rs_core::rpc::core::error::SendError;
use nvkm_rs_core::rpc::core::ring::{AttachError, Budget, Ring};
use nvkm_rs_core::rpc::core::status::Errno;
use proptest::prelude::*;
use support::{pattern, sizes, Access, Message, Window, PAGE};

fn header(function: u32, payload: usize, sequence: u32) -> RpcHeader {
    RpcHeader::request(function, (payload + 0x20) as u32, sequence)
}

fn push(
    queue: &mut CommandQueue,
    window: &mut Window,
    function: u32,
    payload: &[u8],
    tries: u32,
) -> Result<(), SendError> {
    queue
        .push(
            window,
            &mut Budget::new(tries),
            &header(function, payload.len(), 7),
            payload,
        )
        .map(drop)
}

fn sent(element: u32, function: u32, payload: Vec<u8>) -> Message {
    Message {
        element,
        function,
        result: u32::MAX,
        private: u32::MAX,
        sequence: 7,
        payload,
    }
}

#[test]
fn every_size_at_every_place() {
    // 20 pages: a 16-page element crosses the end from 15 places.
    for at in 0..20 {
        for size in sizes() {
            let mut window = Window::commands(20, at);
            let mut queue = CommandQueue::attach(&mut window, 20, 3).unwrap();
            let payload = pattern(size, at as u32);
            push(&mut queue, &mut window, 76, &payload, 1).unwrap();
            let before = window.ring.borrow().clone();
            assert_eq!(
                window.ring.borrow_mut().take(),
                Some(sent(3, 76, payload)),
                "size {size:#x} at {at}"
            );
            assert_eq!(window.ring.borrow_mut().take(), None);
            assert_eq!(queue.position(), window.ring.borrow().read);
            // Nothing outside of the element was touched.
            let pages = (size + 0x50).div_ceil(PAGE);
            let rest = (20 - pages) * PAGE;
            let clean = support::Ring::new(20, at);
            assert_eq!(
                before.get(at as u32, pages * PAGE, rest),
                clean.get(at as u32, pages * PAGE, rest)
            );
        }
    }
}

#[test]
fn pointer_moves_once_after_all_bytes_with_barriers() {
    let mut window = Window::commands(63, 60);
    let mut queue = CommandQueue::attach(&mut window, 63, 0).unwrap();
    window.log.borrow_mut().clear();
    push(&mut queue, &mut window, 1, &pattern(5 * PAGE, 1), 1).unwrap();
    let log = window.accesses();
    let (tail, writes) = {
        let at = log
            .iter()
            .position(|access| *access == Access::WriteBarrier)
            .unwrap();
        (log[at..].to_vec(), log[1..at].to_vec())
    };
    assert_eq!(log[0], Access::Peer(60));
    assert!(writes
        .iter()
        .all(|access| matches!(access, Access::Write(..))));
    assert_eq!(
        tail,
        [
            Access::WriteBarrier,
            Access::Publish(3),
            Access::FullBarrier
        ]
    );
}

#[test]
fn attach_checks_what_it_takes_over() {
    for (count, at, error) in [
        (0, 0, AttachError::Count(0)),
        (1, 0, AttachError::Count(1)),
        (0x1_0001, 0, AttachError::Count(0x1_0001)),
        (
            63,
            63,
            AttachError::Pointer {
                value: 63,
                count: 63,
            },
        ),
        (
            63,
            u32::MAX,
            AttachError::Pointer {
                value: u32::MAX,
                count: 63,
            },
        ),
    ] {
        let mut window = Window::commands(63, 0);
        window.ring.borrow_mut().write = at;
        assert_eq!(
            CommandQueue::attach(&mut window, count, 0).unwrap_err(),
            error
        );
        assert_eq!(window.accesses(), [Access::Own]);
    }
    // Later the driver's own pointer in memory is never believed again.
    let mut window = Window::commands(63, 5);
    let mut queue = CommandQueue::attach(&mut window, 63, 0).unwrap();
    window.ring.borrow_mut().write = 0x7777_7777;
    push(&mut queue, &mut window, 1, &[1], 1).unwrap();
    assert_eq!(window.ring.borrow().write, 6);
}

#[test]
fn waits_for_room_of_the_whole_message() {
    for full in 0..=19 {
        for pages in 1..=16 {
            let mut window = Window::commands(20, 11);
            window.ring.borrow_mut().read = ((11 + 20 - full) % 20) as u32;
            let mut queue = CommandQueue::attach(&mut window, 20, 0).unwrap();
            // The device frees a page at every third look.
            window.on_pause(|ring, count| {
                if count % 3 == 0 {
                    assert_ne!(ring.pending(), 0, "the message is already published");
                    ring.read = (ring.read + 1) % 20;
                }
                true
            });
            let payload = pattern(pages * PAGE - 0x50, 2);
            push(&mut queue, &mut window, 9, &payload, 1000).unwrap();
            let missing = (pages + full).saturating_sub(19);
            assert_eq!(
                *window.pauses.borrow() as usize,
                3 * missing,
                "{pages} pages, {full} full"
            );
            let mut ring = window.ring.borrow_mut();
            ring.read = 11;
            assert_eq!(ring.take().unwrap().payload, payload);
        }
    }
}

#[test]
fn times_out_and_leaves_all_as_it_was() {
    let mut window = Window::commands(20, 0);
    window.ring.borrow_mut().read = 3;
    let mut queue = CommandQueue::attach(&mut window, 20, 41).unwrap();
    let before = window.ring.borrow().bytes.clone();
    let error = push(&mut queue, &mut window, 47, &[0; 3 * PAGE - 0x50], 500).unwrap_err();
    assert_eq!(
        error,
        SendError::TimedOut {
            function: 47,
            pages: 3,
            free: 2
        }
    );
    assert_eq!(error.errno(), Errno::TimedOut);
    assert_eq!(
        error.to_string(),
        "command 47 UNLOADING_GUEST_DRIVER: timed out waiting for 3 free pages, 2 are"
    );
    assert_eq!(*window.pauses.borrow(), 500);
    assert_eq!(window.ring.borrow().bytes, before);
    assert_eq!((queue.sequence(), queue.position()), (41, 0));
    // The number that was not spent goes to the next command.
    push(&mut queue, &mut window, 1, &[0; 8], 1).unwrap();
    window.ring.borrow_mut().read = 0;
    assert_eq!(window.ring.borrow_mut().take().unwrap().element, 41);
}

#[test]
fn a_waiter_is_stopped_by_its_memory() {
    let mut window = Window::commands(4, 0);
    window.ring.borrow_mut().read = 1;
    let mut queue = CommandQueue::attach(&mut window, 4, 0).unwrap();
    window.on_pause(|_, count| count < 3);
    let error = push(&mut queue, &mut window, 1, &[], 1_000_000).unwrap_err();
    assert_eq!(error.errno(), Errno::TimedOut);
    assert_eq!(*window.pauses.borrow(), 3);
}

#[test]
fn a_read_pointer_outside_of_the_ring_is_refused() {
    for value in [63, 64, 0x8000_0000, u32::MAX] {
        let mut window = Window::commands(63, 1);
        window.ring.borrow_mut().read = value;
        let mut queue = CommandQueue::attach(&mut window, 63, 0).unwrap();
        let before = window.ring.borrow().bytes.clone();
        let error = push(&mut queue, &mut window, 1, &[1, 2], 10).unwrap_err();
        assert_eq!(error, SendError::ReadPointer { value, count: 63 });
        assert_eq!(error.errno(), Errno::Io);
        assert_eq!(window.ring.borrow().bytes, before);
        assert_eq!(queue.position(), 1);
        window.ring.borrow_mut().read = 1;
        push(&mut queue, &mut window, 1, &[1, 2], 10).unwrap();
        assert_eq!(window.ring.borrow_mut().take().unwrap().payload, [1, 2]);
    }
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let mut window = Window::commands(63, 0);
    let mut queue = CommandQueue::attach(&mut window, 63, 0).unwrap();
    let large = vec![0; 0xffb1];
    let error = push(&mut queue, &mut window, 5, &large, 1).unwrap_err();
    assert_eq!(error.errno(), Errno::MessageSize);
    // A header that tells another length than the payload has.
    for length in [0, 0x1f, 0x20, 0x27, 0x29, u32::MAX] {
        let header = RpcHeader::request(5, length, 0);
        assert!(matches!(
            queue.push(&mut window, &mut Budget::new(1), &header, &[0; 8]),
            Err(SendError::TooLarge {
                function: 5,
                payload: 8
            })
        ));
    }
    // A ring that can never hold it.
    let mut window = Window::commands(4, 0);
    let mut queue = CommandQueue::attach(&mut window, 4, 0).unwrap();
    push(&mut queue, &mut window, 5, &[0; 3 * PAGE - 0x50], 1).unwrap();
    window.ring.borrow_mut().read = 3;
    let error = push(&mut queue, &mut window, 5, &[0; 3 * PAGE], 1).unwrap_err();
    assert_eq!(error.errno(), Errno::MessageSize);
    // Memory smaller than the ring: an error, and nothing published.
    let mut window = Window::commands(4, 3);
    let mut queue = CommandQueue::attach(&mut window, 63, 0).unwrap();
    window.log.borrow_mut().clear();
    let error = push(&mut queue, &mut window, 5, &[0; 2 * PAGE], 1).unwrap_err();
    assert_eq!(error, SendError::Memory);
    assert!(!window
        .accesses()
        .iter()
        .any(|access| matches!(access, Access::Publish(_))));
}

#[test]
fn element_numbers_wrap() {
    let mut window = Window::commands(63, 0);
    let mut queue = CommandQueue::attach(&mut window, 63, u32::MAX).unwrap();
    push(&mut queue, &mut window, 1, &[], 1).unwrap();
    push(&mut queue, &mut window, 1, &[], 1).unwrap();
    assert_eq!(window.ring.borrow_mut().take().unwrap().element, u32::MAX);
    assert_eq!(window.ring.borrow_mut().take().unwrap().element, 0);
}

#[test]
fn ring_arithmetic_against_counting() {
    for count in 2..12u32 {
        for position in 0..count {
            for peer in 0..count + 2 {
                let ring = Ring::new(count, position).unwrap();
                // Walk page by page.
                let walk = |from: u32, to: u32| {
                    (to < count && from < count)
                        .then(|| (0..count).find(|n| (from + n) % count == to).unwrap())
                };
                assert_eq!(ring.used(peer), walk(position, peer));
                assert_eq!(
                    ring.free(peer),
                    walk(peer, position).map(|used| count - 1 - used)
                );
            }
            for pages in 0..=count {
                let mut ring = Ring::new(count, position).unwrap();
                ring.advance(pages);
                assert_eq!(ring.position(), (position + pages) % count);
            }
            let ring = Ring::new(count, position).unwrap();
            assert_eq!(ring.spans(1, count as usize * PAGE), None);
            assert_eq!(ring.spans(usize::MAX, 2), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Commands of any size come out as they went in, while the device takes them at its own pace.
    #[test]
    fn a_stream_of_commands(
        pages in 18usize..64,
        at in 0usize..18,
        commands in prop::collection::vec((0u32..300, 0usize..=0xffb0, 0usize..3), 1..40),
    ) {
        let mut window = Window::commands(pages, at);
        let mut queue = CommandQueue::attach(&mut window, pages as u32, 0).unwrap();
        let taken = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let sink = taken.clone();
        window.on_pause(move |ring, _| {
            sink.borrow_mut().extend(ring.take());
            true
        });
        let mut expected = Vec::new();
        for (number, (function, size, eager)) in commands.into_iter().enumerate() {
            let payload = pattern(size, number as u32);
            push(&mut queue, &mut window, function, &payload, 100).unwrap();
            expected.push(sent(number as u32, function, payload));
            for _ in 0..eager {
                taken.borrow_mut().extend(window.ring.borrow_mut().take());
            }
        }
        while let Some(message) = window.ring.borrow_mut().take() {
            taken.borrow_mut().push(message);
        }
        prop_assert_eq!(&*taken.borrow(), &expected);
    }
}
