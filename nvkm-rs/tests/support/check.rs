// SPDX-License-Identifier: GPL-2.0

//! What must hold of a session whatever the device does: for the fuzzer and for property tests alike.

use nvkm_rs_core::rpc::core::policy::ReplyPolicy::Recv;

use super::rig::Rig;
use super::{set_checksum, set_word, Message, PAGE};

const PAGES: usize = 6;

/// Numbers out of bytes, zeroes behind their end.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, &[][..]), |(b, r)| (*b, r));
        self.0 = rest;
        first
    }

    fn word(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let n = (self.byte() as usize * 37) % (most + 1);
        let seed = self.byte();
        (0..n).map(|i| seed.wrapping_add((i % 251) as u8)).collect()
    }
}

/// A device that writes what it likes, into elements and pointers, while a driver drains, waits and sends. Nothing panics,
/// everything ends, the driver's pointer stays in its ring, and an honest message behind it all is delivered.
pub fn receive(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (mut rig, mut session) = Rig::new(PAGES, input.byte() as usize % PAGES);
    for _ in 0..input.byte() % 8 {
        let action = input.byte();
        let (function, sequence) = (u32::from(input.byte()) | 0x1000, input.word());
        let message = Message::new(function, input.bytes(PAGE)).sequence(sequence);
        let mut raw = message.raw();
        for _ in 0..action % 4 {
            let (at, word) = (0x20 + 4 * (input.byte() as usize % 12), input.word());
            set_word(&mut raw, at, word);
        }
        if action & 0x10 != 0 {
            set_checksum(&mut raw);
        }
        let announced = if action & 0x20 != 0 {
            input.byte() as usize % PAGES
        } else {
            raw.len() / PAGE
        };
        rig.messages.ring.borrow_mut().post_raw(&raw, announced);
        if action & 0x40 != 0 {
            let write = input.word();
            rig.messages.peers.borrow_mut().push_back(write);
        }
        if action & 0x80 != 0 {
            let _ = session.submit(&mut rig, 76, &[1; 8], Recv, 4);
        } else {
            let drained = session.drain(&mut rig, 100);
            assert!(
                drained.messages <= 2 * PAGES as u32,
                "a ring has no more than its pages"
            );
        }
        assert!((session.messages().position() as usize) < PAGES);
    }
    // The device is honest again: it begins where the driver stands.
    rig.messages.peers.borrow_mut().clear();
    {
        let mut ring = rig.messages.ring.borrow_mut();
        let at = session.messages().position();
        ring.read = at;
        ring.write = at;
    }
    let before = rig.events.len();
    let honest = Message::new(0x1006, vec![7; 100]);
    rig.post(&honest);
    session.drain(&mut rig, 10);
    assert_eq!(
        rig.events[before..],
        [honest],
        "an honest message behind all that"
    );
}

/// Commands of every size go out as another implementation reads them, and its replies come back whole: split and joined
/// by both.
pub fn there_and_back(bytes: &[u8]) {
    let mut input = Input(bytes);
    let pages = 20 + input.byte() as usize % 44;
    let (mut rig, mut session) = Rig::new(pages, input.byte() as usize % pages);
    let between = input.byte();
    for _ in 0..1 + input.byte() % 3 {
        let length = (input.word() % 200_000) as usize;
        let seed = input.byte();
        let payload: Vec<u8> = (0..length)
            .map(|i| seed.wrapping_add((i % 253) as u8))
            .collect();
        let mut whole: Vec<u8> = Vec::new();
        let expected = payload.len();
        // As the device: joins the parts, and splits the reply by its own rule.
        let wire = rig.answer(move |part| {
            whole.extend(&part.payload);
            if whole.len() < expected {
                return Vec::new();
            }
            let mut reply = Vec::new();
            for (n, chunk) in std::mem::take(&mut whole).chunks(0xffb0).enumerate() {
                let function = if n == 0 { 76 } else { 71 };
                if n > 0 && between & 1 != 0 {
                    reply.push(Message::new(0x1005, Vec::new()));
                }
                reply.push(Message::new(function, chunk.to_vec()));
            }
            if reply.is_empty() {
                reply.push(Message::new(76, Vec::new()));
            }
            reply
        });
        let got = session.submit(
            &mut rig,
            76,
            &payload,
            Recv,
            u32::try_from(length.min(0xff00)).unwrap_or(0),
        );
        let sent: Vec<u8> = wire
            .borrow()
            .iter()
            .flat_map(|part| part.payload.clone())
            .collect();
        assert_eq!(sent, payload, "what the device got");
        match got.expect("the device answers") {
            Some(reply) => assert_eq!(reply[0x20..0x20 + length], payload[..], "what came back"),
            None => assert_eq!(length, 0, "nothing was asked for"),
        }
    }
}
