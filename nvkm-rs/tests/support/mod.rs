// SPDX-License-Identifier: GPL-2.0

//! Shared memory as the driver lays it out, and the GSP's end of it, written apart from the code under test:
//! byte by byte, with numbers of its own.

#![allow(dead_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use nvkm_rs_core::rpc::core::ring::{MemoryFault, RingMemory};

pub mod check;
pub mod queue;
pub mod rig;

pub const PAGE: usize = 4096;

/// Something to do while the driver waits: the other end's chance to act. Gets the number of the wait.
pub type OnPause = Box<dyn FnMut(&mut Ring, u32) -> bool>;

/// One ring in shared memory, seen from neither end.
#[derive(Clone)]
pub struct Ring {
    pub bytes: Vec<u8>,
    pub pages: usize,
    pub write: u32,
    pub read: u32,
}

impl Ring {
    /// A ring whose pages hold rubbish, both ends standing at `at`.
    pub fn new(pages: usize, at: usize) -> Self {
        Self {
            bytes: (0..pages * PAGE).map(|i| (i % 251) as u8 | 1).collect(),
            pages,
            write: at as u32,
            read: at as u32,
        }
    }

    fn at(&self, page: u32, offset: usize) -> usize {
        (page as usize * PAGE + offset) % (self.pages * PAGE)
    }

    pub fn put(&mut self, page: u32, offset: usize, bytes: &[u8]) {
        for (i, byte) in bytes.iter().enumerate() {
            let at = self.at(page, offset + i);
            self.bytes[at] = *byte;
        }
    }

    pub fn get(&self, page: u32, offset: usize, len: usize) -> Vec<u8> {
        (0..len)
            .map(|i| self.bytes[self.at(page, offset + i)])
            .collect()
    }

    fn word(&self, page: u32, offset: usize) -> u32 {
        u32::from_le_bytes(self.get(page, offset, 4).try_into().unwrap())
    }

    pub fn pending(&self) -> usize {
        (self.write as usize + self.pages - self.read as usize) % self.pages
    }

    pub fn room(&self) -> usize {
        self.pages - 1 - self.pending()
    }

    /// As the device: takes the next element, checking all that the protocol promises.
    pub fn take(&mut self) -> Option<Message> {
        if self.pending() == 0 {
            return None;
        }
        let page = self.read;
        let count = self.word(page, 0x28) as usize;
        assert!(count <= 16 && count <= self.pending(), "published whole");
        let element = self.get(page, 0, count * PAGE);
        let sum = element.chunks(4).fold(0, |sum, word| {
            sum ^ u32::from_le_bytes(word.try_into().unwrap())
        });
        assert_eq!(sum, 0, "checksum");
        assert!(element[..0x20].iter().all(|byte| *byte == 0), "auth, aad");
        assert_eq!(self.word(page, 0x2c), 0, "pad");
        assert_eq!(&element[0x34..0x38], b"VRPC");
        assert_eq!(self.word(page, 0x30), 0x0300_0000);
        let length = self.word(page, 0x38) as usize;
        assert_eq!(count, (0x30 + length).div_ceil(PAGE), "element count");
        assert!(
            element[0x30 + length..].iter().all(|byte| *byte == 0),
            "zero padding"
        );
        let message = Message {
            element: self.word(page, 0x24),
            function: self.word(page, 0x3c),
            result: self.word(page, 0x40),
            private: self.word(page, 0x44),
            sequence: self.word(page, 0x48),
            payload: element[0x50..0x30 + length].to_vec(),
        };
        assert_eq!(self.word(page, 0x4c), 0, "spare");
        self.read = ((page as usize + count) % self.pages) as u32;
        Some(message)
    }

    /// As the device: writes an element as given, whatever it says of itself, and publishes `pages` of it.
    pub fn post_raw(&mut self, raw: &[u8], pages: usize) {
        self.put(self.write, 0, raw);
        self.write = ((self.write as usize + pages) % self.pages) as u32;
    }

    /// As the device: sends a message.
    pub fn post(&mut self, message: &Message) {
        let raw = message.raw();
        assert!(
            raw.len() / PAGE <= self.room(),
            "the test's device has no room"
        );
        self.post_raw(&raw, raw.len() / PAGE);
    }
}

/// A message as a test thinks of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Message {
    pub element: u32,
    pub function: u32,
    pub result: u32,
    pub private: u32,
    pub sequence: u32,
    pub payload: Vec<u8>,
}

impl Message {
    pub fn new(function: u32, payload: Vec<u8>) -> Self {
        Self {
            function,
            payload,
            ..Self::default()
        }
    }

    pub fn sequence(mut self, sequence: u32) -> Self {
        self.sequence = sequence;
        self
    }

    pub fn result(mut self, result: u32) -> Self {
        self.result = result;
        self
    }

    /// The whole element with a right checksum.
    pub fn raw(&self) -> Vec<u8> {
        let length = 0x20 + self.payload.len();
        let pages = (0x30 + length).div_ceil(PAGE);
        let mut raw = vec![0; 0x20];
        for word in [
            0,
            self.element,
            pages as u32,
            0,
            0x0300_0000,
            0x4350_5256,
            length as u32,
            self.function,
            self.result,
            self.private,
            self.sequence,
            0,
        ] {
            raw.extend(u32::to_le_bytes(word));
        }
        raw.extend(&self.payload);
        raw.resize(pages * PAGE, 0);
        set_checksum(&mut raw);
        raw
    }
}

/// Overwrites a 32-bit word of an element.
pub fn set_word(raw: &mut [u8], offset: usize, word: u32) {
    raw[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
}

/// Offset of an element's count of pages.
pub const ELEM_COUNT: usize = 0x28;
/// Offset of the RPC's length in an element.
pub const LENGTH: usize = 0x38;

/// An element with words changed.
pub fn lie(message: &Message, changes: &[(usize, u32)]) -> Vec<u8> {
    let mut raw = message.raw();
    for (offset, word) in changes {
        set_word(&mut raw, *offset, *word);
    }
    raw
}

/// Makes an element's checksum right.
pub fn set_checksum(raw: &mut [u8]) {
    set_word(raw, 0x20, 0);
    let sum = raw.chunks(4).fold(0, |sum, word| {
        sum ^ u32::from_le_bytes(word.try_into().unwrap())
    });
    set_word(raw, 0x20, sum);
}

/// What the driver did to shared memory, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Access {
    Read(usize, usize),
    Write(usize, usize),
    Peer(u32),
    Own,
    Publish(u32),
    ReadBarrier,
    WriteBarrier,
    FullBarrier,
}

/// The driver's window on a ring.
#[derive(Clone)]
pub struct Window {
    pub ring: Rc<RefCell<Ring>>,
    /// The driver writes this ring (the command queue), or reads it (the message queue).
    writer: bool,
    pub log: Rc<RefCell<Vec<Access>>>,
    pub pauses: Rc<RefCell<u32>>,
    on_pause: Rc<RefCell<Option<OnPause>>>,
    /// Answers for the next reads of the device's pointer, before the true one is given.
    pub peers: Rc<RefCell<VecDeque<u32>>>,
    /// Every byte read from the ring is flipped in memory at once: whoever reads again sees something else.
    pub fickle: bool,
}

impl Window {
    pub fn new(ring: Ring, writer: bool) -> Self {
        Self {
            ring: Rc::new(RefCell::new(ring)),
            writer,
            log: Rc::default(),
            pauses: Rc::default(),
            on_pause: Rc::default(),
            peers: Rc::default(),
            fickle: false,
        }
    }

    pub fn commands(pages: usize, at: usize) -> Self {
        Self::new(Ring::new(pages, at), true)
    }

    pub fn messages(pages: usize, at: usize) -> Self {
        Self::new(Ring::new(pages, at), false)
    }

    /// Sets what happens when the driver waits.
    pub fn on_pause(&self, act: impl FnMut(&mut Ring, u32) -> bool + 'static) {
        *self.on_pause.borrow_mut() = Some(Box::new(act));
    }

    pub fn accesses(&self) -> Vec<Access> {
        self.log.borrow().clone()
    }

    fn note(&self, access: Access) {
        self.log.borrow_mut().push(access);
    }
}

impl RingMemory for Window {
    fn read(&mut self, offset: usize, to: &mut [u8]) -> Result<(), MemoryFault> {
        self.note(Access::Read(offset, to.len()));
        let mut ring = self.ring.borrow_mut();
        let from = ring
            .bytes
            .get_mut(offset..offset + to.len())
            .ok_or(MemoryFault)?;
        to.copy_from_slice(from);
        if self.fickle {
            from.iter_mut().for_each(|byte| *byte = !*byte);
        }
        Ok(())
    }

    fn write(&mut self, offset: usize, from: &[u8]) -> Result<(), MemoryFault> {
        self.note(Access::Write(offset, from.len()));
        self.ring
            .borrow_mut()
            .bytes
            .get_mut(offset..offset + from.len())
            .ok_or(MemoryFault)?
            .copy_from_slice(from);
        Ok(())
    }

    fn peer(&mut self) -> u32 {
        let ring = self.ring.borrow();
        let true_one = if self.writer { ring.read } else { ring.write };
        let peer = self.peers.borrow_mut().pop_front().unwrap_or(true_one);
        self.note(Access::Peer(peer));
        peer
    }

    fn own(&mut self) -> u32 {
        self.note(Access::Own);
        let ring = self.ring.borrow();
        if self.writer {
            ring.write
        } else {
            ring.read
        }
    }

    fn publish(&mut self, own: u32) {
        self.note(Access::Publish(own));
        let mut ring = self.ring.borrow_mut();
        if self.writer {
            ring.write = own;
        } else {
            ring.read = own;
        }
    }

    fn read_barrier(&mut self) {
        self.note(Access::ReadBarrier);
    }

    fn write_barrier(&mut self) {
        self.note(Access::WriteBarrier);
    }

    fn full_barrier(&mut self) {
        self.note(Access::FullBarrier);
    }

    fn pause(&mut self) -> bool {
        let count = {
            let mut pauses = self.pauses.borrow_mut();
            *pauses += 1;
            *pauses
        };
        match &mut *self.on_pause.borrow_mut() {
            Some(act) => act(&mut self.ring.borrow_mut(), count),
            None => true,
        }
    }
}

/// Bytes that differ from place to place.
pub fn pattern(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// Payload sizes around the borders: header, word, page, and 16-page element.
pub fn sizes() -> Vec<usize> {
    let mut sizes: Vec<usize> = (0..18).collect();
    for pages in [1, 2, 3, 8, 15, 16] {
        let full = pages * PAGE - 0x50;
        sizes.extend(full.saturating_sub(9)..=full);
        if pages < 16 {
            sizes.extend(full + 1..full + 9);
        }
    }
    sizes
}
