// SPDX-License-Identifier: GPL-2.0

//! The message queue against an honest device: every size and place, waits, the order of accesses.

mod support;

use nvkm_rs_core::rpc::core::error::{Recovery, RecvError};
use nvkm_rs_core::rpc::core::message::{Integrity, MessageQueue};
use nvkm_rs_core::rpc::core::ring::{Budget, MemoryFault};
use nvkm_rs_core::rpc::core::status::Errno;
use support::queue::{attach, receive};
use support::{pattern, sizes, Access, Message, Window, PAGE};

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
