// SPDX-License-Identifier: GPL-2.0
//! Order between CPU and device, by `loom`: every interleaving of a driver and a device that share two rings, under C11's
//! memory model.
//!
//! A page of a ring is a cell that loom watches: two accesses to it of which one writes, and which nothing orders, are an error.
//! The pointers are relaxed atomics, so that order comes from the barriers alone, which are those of rpc.c by name: `rmb`
//! between the device's pointer and the pages that it announces, `wmb` between pages and pointer, `mb` around the read
//! pointer. The kernel's memory model also orders a store behind the load that a branch before it depends on; C11 does not,
//! so that the command queue's look at free pages is followed by a fence here.
//!
//! Each barrier is left out once, and loom must find that.

use std::panic::catch_unwind;
use std::panic::AssertUnwindSafe;

use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::atomic::fence;
use loom::sync::atomic::AtomicU32;
use loom::sync::atomic::Ordering;
use loom::sync::Arc;
use loom::thread;

use nvkm_rs_core::rpc::core::command::CommandQueue;
use nvkm_rs_core::rpc::core::element::RpcHeader;
use nvkm_rs_core::rpc::core::element::PAGE_SIZE;
use nvkm_rs_core::rpc::core::message::MessageQueue;
use nvkm_rs_core::rpc::core::ring::Budget;
use nvkm_rs_core::rpc::core::ring::MemoryFault;
use nvkm_rs_core::rpc::core::ring::RingMemory;

/// Pages of a ring: one of them is always free, so that each is used again at once.
const PAGES: u32 = 2;
/// Messages that go through it.
const MESSAGES: u32 = 3;

/// A ring, and the pointers of both ends.
struct Shared {
    pages: Vec<UnsafeCell<Vec<u8>>>,
    write: AtomicU32,
    read: AtomicU32,
}

// SAFETY: loom sees every access to the cells and ends the test at one that is not ordered.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

impl Shared {
    fn new() -> Arc<Self> {
        let page = || UnsafeCell::new(vec![0; PAGE_SIZE]);
        Arc::new(Self {
            pages: (0..PAGES).map(|_| page()).collect(),
            write: AtomicU32::new(0),
            read: AtomicU32::new(0),
        })
    }

    fn fill(&self, page: u32, bytes: &[u8]) {
        // SAFETY: loom ends the test if anybody else looks.
        self.pages[page as usize]
            .with_mut(|p| unsafe { (&mut *p)[..bytes.len()].copy_from_slice(bytes) });
    }

    fn get(&self, page: u32) -> Vec<u8> {
        // SAFETY: loom ends the test if anybody writes.
        self.pages[page as usize].with(|p| unsafe { (*p).clone() })
    }
}

/// Which barrier is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    Nothing,
    Rmb,
    Wmb,
    Mb,
}

/// The driver's end.
struct End {
    ring: Arc<Shared>,
    /// It writes the ring, and reads the other pointer.
    writes: bool,
    without: Without,
}

impl RingMemory for End {
    fn read(&mut self, offset: usize, to: &mut [u8]) -> Result<(), MemoryFault> {
        let page = self.ring.get((offset / PAGE_SIZE) as u32);
        let at = offset % PAGE_SIZE;
        to.copy_from_slice(page.get(at..at + to.len()).ok_or(MemoryFault)?);
        Ok(())
    }

    fn write(&mut self, offset: usize, from: &[u8]) -> Result<(), MemoryFault> {
        let at = offset % PAGE_SIZE;
        // SAFETY: as for `fill`.
        self.ring.pages[offset / PAGE_SIZE]
            .with_mut(|p| unsafe { (&mut *p)[at..at + from.len()].copy_from_slice(from) });
        Ok(())
    }

    fn peer(&mut self) -> u32 {
        if self.writes {
            let read = self.ring.read.load(Ordering::Relaxed);
            fence(Ordering::Acquire);
            read
        } else {
            self.ring.write.load(Ordering::Relaxed)
        }
    }

    fn own(&mut self) -> u32 {
        0
    }

    fn publish(&mut self, own: u32) {
        let pointer = if self.writes {
            &self.ring.write
        } else {
            &self.ring.read
        };
        pointer.store(own, Ordering::Relaxed);
    }

    fn read_barrier(&mut self) {
        if self.without != Without::Rmb {
            fence(Ordering::Acquire);
        }
    }

    fn write_barrier(&mut self) {
        if self.without != Without::Wmb {
            fence(Ordering::Release);
        }
    }

    fn full_barrier(&mut self) {
        if self.without != Without::Mb {
            fence(Ordering::SeqCst);
        }
    }

    fn pause(&mut self) -> bool {
        thread::yield_now();
        true
    }
}

fn payload(n: u32) -> [u8; 8] {
    [n as u8 + 1; 8]
}

/// An element as the device writes it: by a queue of its own that nothing is left out of.
fn element(n: u32) -> Vec<u8> {
    let bytes = std::rc::Rc::new(std::cell::RefCell::new(vec![0; PAGE_SIZE]));
    struct Page(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);
    impl RingMemory for Page {
        fn read(&mut self, _: usize, _: &mut [u8]) -> Result<(), MemoryFault> {
            Err(MemoryFault)
        }
        fn write(&mut self, offset: usize, from: &[u8]) -> Result<(), MemoryFault> {
            self.0.borrow_mut()[offset..offset + from.len()].copy_from_slice(from);
            Ok(())
        }
        fn peer(&mut self) -> u32 {
            0
        }
        fn own(&mut self) -> u32 {
            0
        }
        fn publish(&mut self, _: u32) {}
        fn read_barrier(&mut self) {}
        fn write_barrier(&mut self) {}
        fn full_barrier(&mut self) {}
        fn pause(&mut self) -> bool {
            false
        }
    }
    let mut page = Page(bytes.clone());
    let mut queue = CommandQueue::attach(&mut page, 4, n).unwrap();
    let header = RpcHeader::request(0x1006, 0x20 + 8, 0);
    queue
        .push(&mut page, &mut Budget::new(1), &header, &payload(n))
        .unwrap();
    let made = bytes.borrow().clone();
    made
}

/// The device sends, the driver receives.
fn messages(without: Without) {
    let ring = Shared::new();
    let device = {
        let ring = ring.clone();
        thread::spawn(move || {
            let mut write = 0;
            for n in 0..MESSAGES {
                while (write + 1) % PAGES == ring.read.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                fence(Ordering::Acquire);
                ring.fill(write, &element(n));
                fence(Ordering::Release);
                write = (write + 1) % PAGES;
                ring.write.store(write, Ordering::Relaxed);
            }
        })
    };
    let mut end = End {
        ring,
        writes: false,
        without,
    };
    let mut queue = MessageQueue::attach(&mut end, PAGES).unwrap();
    for n in 0..MESSAGES {
        let incoming = queue.peek(&mut end, &mut Budget::new(u32::MAX)).unwrap();
        let mut got = [0; 8];
        let _ = queue.copy_payload(&incoming, &mut end, &mut got).unwrap();
        assert_eq!(got, payload(n));
        queue.consume(incoming, &mut end);
    }
    device.join().unwrap();
}

/// The driver sends, the device receives.
fn commands(without: Without) {
    let ring = Shared::new();
    let device = {
        let ring = ring.clone();
        thread::spawn(move || {
            let mut read = 0;
            for n in 0..MESSAGES {
                while read == ring.write.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                fence(Ordering::Acquire);
                let page = ring.get(read);
                assert_eq!(page[0x50..0x58], payload(n));
                fence(Ordering::Release);
                read = (read + 1) % PAGES;
                ring.read.store(read, Ordering::Relaxed);
            }
        })
    };
    let mut end = End {
        ring,
        writes: true,
        without,
    };
    let mut queue = CommandQueue::attach(&mut end, PAGES, 0).unwrap();
    for n in 0..MESSAGES {
        let header = RpcHeader::request(0x1006, 0x20 + 8, n);
        queue
            .push(&mut end, &mut Budget::new(u32::MAX), &header, &payload(n))
            .unwrap();
    }
    device.join().unwrap();
}

fn model(run: fn(Without), without: Without) {
    let mut builder = Builder::new();
    // All interleavings with so many switches that nobody asked for.
    builder.preemption_bound = Some(3);
    builder.max_branches = 100_000;
    builder.check(move || run(without));
}

/// That it is found.
fn must_fail(run: fn(Without), without: Without) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let ended = catch_unwind(AssertUnwindSafe(|| model(run, without)));
    std::panic::set_hook(hook);
    assert!(ended.is_err(), "nobody missed the {without:?}");
}

#[test]
fn messages_are_read_after_they_were_announced_and_before_they_are_given_back() {
    model(messages, Without::Nothing);
}

#[test]
fn commands_are_written_before_they_are_announced() {
    model(commands, Without::Nothing);
}

#[test]
fn without_rmb_a_page_may_be_read_too_early() {
    must_fail(messages, Without::Rmb);
}

#[test]
fn without_mb_a_page_may_be_given_back_too_early() {
    must_fail(messages, Without::Mb);
}

#[test]
fn without_wmb_a_page_may_be_announced_too_early() {
    must_fail(commands, Without::Wmb);
}
