// SPDX-License-Identifier: GPL-2.0
//! A GSP that misbehaves on purpose: named attacks on whatever a driver takes from firmware (`nvkm-vgpu --attack NAME`).
//!
//! An attack is done once, and then the device is an honest one again: a driver that survived must be able to go on, or to
//! boot it anew. Nothing here knows which driver it is done to.
//!
//! Those of the running device wait for the guest's command [`STRIKE`]; what was changed stays so until [`CALM`].

mod attack;
mod background;
mod boot;
mod bytes;
mod fw;
mod gsp;
mod others;
mod replies;
mod rpc;

use std::sync::Arc;

use crate::chips::Chip;
use crate::gsp::element::Element;
use crate::gsp::events::Facts;
use crate::gsp::queue::{Queues, Rpc, Word};
use crate::mem::{le32, Bus, BusError, GuestMemory};
use crate::rm::layout::Layout;
pub use attack::{After, Attack, Consumer, From, How, Scene, Which};
use background::Background;

/// Number of the event with which a guest asks for the attack.
pub const STRIKE: u8 = 200;
/// Number of the event after which the device is honest again.
pub const CALM: u8 = 201;

/// Every attack there is.
pub fn attacks() -> impl Iterator<Item = &'static Attack> {
    [
        rpc::ATTACKS,
        replies::ATTACKS,
        gsp::ATTACKS,
        boot::ATTACKS,
        fw::ATTACKS,
        others::ATTACKS,
    ]
    .into_iter()
    .flatten()
}

/// The attack of that name.
pub fn find(name: &str) -> Option<&'static Attack> {
    attacks().find(|a| a.name == name)
}

/// A mark between elements: what follows it is sent with the next message.
pub fn later() -> Element {
    Element::event(u32::MAX, b"later".to_vec())
}

fn is_later(e: &Element) -> bool {
    e.rpc.function == u32::MAX && e.rpc.payload == b"later"
}

/// An attack under way.
pub struct Hostile {
    attack: &'static Attack,
    chip: &'static Chip,
    memory: Arc<dyn GuestMemory + Sync>,
    struck: bool,
    loaded: bool,
    calm: bool,
    done: u64,
    kept: Vec<Element>,
    changed: Vec<(u64, u32, u32)>,
    background: Option<Background>,
}

impl Hostile {
    /// Prepares an attack. `memory` is the guest's, for what happens while the device is idle.
    pub fn new(
        attack: &'static Attack,
        chip: &'static Chip,
        memory: Arc<dyn GuestMemory + Sync>,
    ) -> Self {
        Self {
            attack,
            chip,
            memory,
            struck: false,
            loaded: false,
            calm: false,
            done: 0,
            kept: Vec::new(),
            changed: Vec::new(),
            background: None,
        }
    }

    /// Its name, and how often it was done: what a test asks before it believes that a driver survived it.
    pub fn report(&self) -> serde_json::Value {
        let done = self.done + self.background.as_ref().map_or(0, Background::done);
        serde_json::json!({"name": self.attack.name, "done": done})
    }

    fn scene<'a>(&self, layout: &'static Layout, facts: Facts, rpc: &'a Rpc) -> Scene<'a> {
        Scene {
            layout,
            chip: self.chip,
            facts,
            rpc,
        }
    }

    /// What goes out in place of a message.
    pub fn outgoing(
        &mut self,
        layout: &'static Layout,
        rpc: &Rpc,
        honest: Vec<Element>,
    ) -> Vec<Element> {
        let mut all = std::mem::take(&mut self.kept);
        let withheld = matches!(self.attack.how, How::Flood) && self.struck && !self.calm;
        let meant = match self.attack.how {
            How::Reply(which, make) if self.done == 0 && !self.calm => {
                (which.matches(rpc) && (self.struck || !which.strike)).then_some(make)
            }
            _ => None,
        };
        match meant {
            Some(make) => {
                self.done += 1;
                let mut made = make(&self.scene(layout, Facts::default(), rpc));
                if let Some(at) = made.iter().position(is_later) {
                    self.kept = made.split_off(at + 1);
                    made.pop();
                }
                all.extend(made);
            }
            None if withheld => {}
            None => all.extend(honest),
        }
        all
    }

    /// RM was loaded.
    pub fn loaded(&mut self) {
        self.loaded = true;
    }

    /// Changes the sequencer's payload.
    pub fn sequence(&mut self, payload: &mut Vec<u8>) {
        if let (How::Sequence(change), 0, false) = (self.attack.how, self.done, self.calm) {
            self.done += 1;
            change(payload);
        }
    }

    /// Changes the VBIOS.
    pub fn vbios(&mut self, image: &mut Vec<u8>) {
        if let (How::Vbios(change), false) = (self.attack.how, self.calm) {
            self.done += 1;
            change(image);
        }
    }

    fn since(&self, from: From) -> bool {
        !self.calm
            && match from {
                From::PowerOn => true,
                From::Loaded => self.loaded,
                From::Strike => self.struck,
            }
    }

    /// What a register reads as.
    pub fn register(&mut self, addr: u32, value: u32) -> u32 {
        let lie = match self.attack.how {
            How::Registers(from, words) if self.since(from) => words
                .iter()
                .find(|w| w.0 == addr)
                .map_or(value, |(_, and, or)| (value & and) | or),
            How::Gone(from) if self.since(from) => u32::MAX,
            _ => value,
        };
        self.done += u64::from(lie != value);
        lie
    }

    /// Whether the device takes no notice of anything.
    pub fn gone(&self) -> bool {
        matches!(self.attack.how, How::Gone(from) if self.since(from))
    }

    /// The guest's command. Returns elements to post in good order; errors are of memory that is not there.
    ///
    /// # Errors
    /// The queues' memory is not there.
    pub fn strike(
        &mut self,
        bus: &Bus,
        queues: &mut Queues,
        layout: &'static Layout,
        facts: Facts,
    ) -> Result<Vec<Element>, BusError> {
        self.struck = true;
        let none = Rpc::default();
        match self.attack.how {
            How::Post(make) => {
                self.done += 1;
                return Ok(make(&self.scene(layout, facts, &none)));
            }
            How::Words(words, then) => {
                self.done += 1;
                for (word, becomes) in words {
                    self.change(bus, queues, *word, *becomes)?;
                }
                for element in then(&self.scene(layout, facts, &none)) {
                    queues.force(bus, &element)?;
                }
            }
            How::Toggle(offset, value) => {
                let at = queues.place(bus, Word::Next(offset))?;
                let event = rpc::xid(&self.scene(layout, facts, &none));
                let sequence = queues.force(bus, &event)?.0;
                let honest = le32(&event.bytes(sequence), offset as usize);
                self.background =
                    Some(Background::toggle(self.memory.clone(), at, [honest, value]));
            }
            How::TogglePointer(value) => {
                let at =
                    queues.place(bus, Word::Messages(crate::gsp::queue::TX_WRITE_PTR as u64))?;
                let now = bus.sys32(at)?;
                self.changed.push((at, now, value));
                self.background = Some(Background::toggle(self.memory.clone(), at, [now, value]));
            }
            How::Flood => {
                // One that drivers drop without a word.
                let event = Element::event(0x100f, vec![0; 8]);
                let read =
                    queues.place(bus, Word::Commands(crate::gsp::queue::RX_READ_PTR as u64))?;
                self.background = Some(Background::flood(self.memory.clone(), queues, read, event));
            }
            How::Interrupt => self.done += 1,
            _ => {}
        }
        Ok(Vec::new())
    }

    fn change(
        &mut self,
        bus: &Bus,
        queues: &Queues,
        word: Word,
        becomes: fn(u32, u32) -> u32,
    ) -> Result<(), BusError> {
        let at = queues.place(bus, word)?;
        let was = bus.sys32(at)?;
        let is = becomes(queues.entries(), was);
        bus.mem.write(at, &is.to_le_bytes())?;
        self.changed.push((at, was, is));
        Ok(())
    }

    /// From here on the device is honest. Words that still are as they were made become what they were.
    pub fn calm(&mut self, bus: &Bus) {
        self.calm = true;
        if let Some(background) = self.background.take() {
            self.done += background.stop();
        }
        for (at, was, is) in self.changed.drain(..) {
            if bus.sys32(at) == Ok(is) {
                let _ = bus.mem.write(at, &was.to_le_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_plain() {
        let mut names: Vec<_> = attacks().map(|a| a.name).collect();
        let plain = |n: &&str| {
            n.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        assert!(names.iter().all(plain));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_message_is_found_by_function_and_control() {
        let mut rpc = Rpc {
            function: 76,
            payload: vec![0; 24],
            ..Rpc::default()
        };
        crate::mem::put32(&mut rpc.payload, 8, 0x2080_0a5c);
        assert!(Which::control(0x2080_0a5c).matches(&rpc));
        assert!(!Which::control(0x2080_0137).matches(&rpc));
        assert!(Which::first(76).matches(&rpc));
        rpc.payload.clear();
        assert!(!Which::control(0).matches(&rpc));
    }
}
