// SPDX-License-Identifier: GPL-2.0
//! A GSP that misbehaves on purpose: named attacks on whatever a driver takes from firmware (`nvkm-vgpu --attack NAME`).
//!
//! An attack is done once, and then the device is an honest one again: a driver that survived must be able to go on, or to
//! boot it anew. Nothing here knows which driver it is done to.
//!
//! Those of the running device wait for the guest's command [`STRIKE`]; what was changed stays so until [`CALM`].

mod background;
mod boot;
mod bytes;
pub mod element;
mod fw;
mod gsp;
mod others;
mod rpc;

use std::sync::Arc;

use serde::Serialize;

use crate::chips::Chip;
use crate::gsp::events::Facts;
use crate::gsp::queue::{Queues, Rpc, Word};
use crate::mem::{le32, Bus, BusError, GuestMemory};
use crate::rm::layout::Layout;
use background::Background;
use element::Element;

/// Number of the event with which a guest asks for the attack.
pub const STRIKE: u8 = 200;
/// Number of the event after which the device is honest again.
pub const CALM: u8 = 201;

/// Who reads what the attack lies about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Consumer {
    /// Message queues.
    Rpc,
    /// Firmware files and the VBIOS.
    Fw,
    /// Boot, suspend, unload.
    Boot,
    /// System information, static information, events.
    Gsp,
    /// Engines and RM objects, which are C whatever `rust_gsp` says.
    C,
}

/// What a driver that handles it can do afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// Go on as if nothing had been: whatever was asked for is done.
    Intact,
    /// What was asked for meanwhile fails; after unbind and bind all is well.
    Disturbed,
    /// The device is not taken; when it is honest again, it is.
    Refused,
    /// It is taken or it is not, as the driver likes.
    Either,
}

/// Which message of the GSP's is meant.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    /// Its function or event number.
    pub function: u32,
    /// The control's command, or the class that is allocated.
    pub detail: Option<u32>,
    /// Only after the guest's command; else the first one.
    pub strike: bool,
}

/// What an attack may look at.
pub struct Scene<'a> {
    /// The firmware's ABI.
    pub layout: &'static Layout,
    /// The chip.
    pub chip: &'static Chip,
    /// Objects that exist, and one that is gone.
    pub facts: Facts,
    /// The honest reply, where there is one.
    pub rpc: &'a Rpc,
}

/// How an attack is done.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// On command: these elements are posted.
    Post(fn(&Scene<'_>) -> Vec<Element>),
    /// These elements go out in place of a message. Those behind the mark of [`later`] are kept until the next message does.
    Reply(Which, fn(&Scene<'_>) -> Vec<Element>),
    /// On command: these words of the queues' memory become what the function makes of (entries, what is there), then the
    /// elements are posted without a look at the pointers.
    Words(
        &'static [(Word, fn(u32, u32) -> u32)],
        fn(&Scene<'_>) -> Vec<Element>,
    ),
    /// On command: an honest event is posted, and a word of it changes for ever between what it is and this.
    Toggle(u64, u32),
    /// On command: the write pointer changes for ever between what it is and this.
    TogglePointer(u32),
    /// On command: events without end, and no reply to anybody.
    Flood,
    /// Registers read as (value & and) | or.
    Registers(From, &'static [(u32, u32, u32)]),
    /// All registers read as ones, and nothing is written.
    Gone(From),
    /// RUN_CPU_SEQUENCER's payload is changed before it is sent.
    Sequence(fn(&mut Vec<u8>)),
    /// The VBIOS is changed.
    Vbios(fn(&mut Vec<u8>)),
    /// On command: an interrupt without a message.
    Interrupt,
}

/// From when on a register lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Power-on.
    PowerOn,
    /// RM was loaded by the booter.
    Loaded,
    /// The guest's command.
    Strike,
}

/// A named attack.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Attack {
    /// Its name.
    pub name: &'static str,
    /// Who reads it.
    pub consumer: Consumer,
    /// What it is, in a few words.
    pub what: &'static str,
    /// Chip to try it on.
    pub gpu: &'static str,
    /// Phases of a guest between the command and the calm, separated by commas; `?` before one that may fail.
    pub during: &'static str,
    /// What has to be possible afterwards.
    pub after: After,
    /// The driver need not say anything.
    pub quiet: bool,
    /// How it is done.
    #[serde(skip)]
    pub how: How,
}

impl Attack {
    const fn new(name: &'static str, consumer: Consumer, what: &'static str, how: How) -> Self {
        Self {
            name,
            consumer,
            what,
            gpu: "tu104",
            during: "",
            after: After::Intact,
            quiet: false,
            how,
        }
    }

    const fn during(mut self, phases: &'static str) -> Self {
        self.during = phases;
        self
    }

    const fn after(mut self, after: After) -> Self {
        self.after = after;
        self
    }

    const fn gpu(mut self, gpu: &'static str) -> Self {
        self.gpu = gpu;
        self
    }

    const fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Whether it waits for the guest's command.
    pub fn waits(&self) -> bool {
        match self.how {
            How::Post(_)
            | How::Words(..)
            | How::Toggle(..)
            | How::TogglePointer(_)
            | How::Flood
            | How::Interrupt => true,
            How::Reply(which, _) => which.strike,
            How::Registers(from, _) | How::Gone(from) => from == From::Strike,
            How::Sequence(_) | How::Vbios(_) => false,
        }
    }
}

/// Every attack there is.
pub fn attacks() -> impl Iterator<Item = &'static Attack> {
    [
        rpc::ATTACKS,
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

    /// Changes the VBIOS; true if it did.
    pub fn vbios(&mut self, image: &mut Vec<u8>) -> bool {
        match self.attack.how {
            How::Vbios(change) if !self.calm => {
                self.done += 1;
                change(image);
                true
            }
            _ => false,
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
                let event = rpc::xid(&self.scene(layout, facts, &none));
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

impl Which {
    /// The first message of that function.
    pub const fn first(function: u32) -> Self {
        Self {
            function,
            detail: None,
            strike: false,
        }
    }

    /// The first reply to that control.
    pub const fn control(command: u32) -> Self {
        Self {
            function: 76,
            detail: Some(command),
            strike: false,
        }
    }

    /// The first after the guest's command.
    pub const fn struck(mut self) -> Self {
        self.strike = true;
        self
    }

    fn matches(self, rpc: &Rpc) -> bool {
        // rpc_gsp_rm_control_v03_00.cmd, rpc_gsp_rm_alloc_v03_00.hClass
        let detail = match rpc.function {
            76 if rpc.payload.len() >= 12 => Some(le32(&rpc.payload, 8)),
            103 if rpc.payload.len() >= 16 => Some(le32(&rpc.payload, 12)),
            _ => None,
        };
        rpc.function == self.function && (self.detail.is_none() || self.detail == detail)
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
