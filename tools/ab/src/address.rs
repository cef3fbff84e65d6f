// SPDX-License-Identifier: GPL-2.0
//! Normalising addresses: by what the ABI says is one (`data/addresses.json`), never by what happens to differ.
//!
//! The first DMA address that appears in a run becomes 1, the next new one 2, and so on.  Two runs that use their
//! buffers alike then have the same numbers, wherever the buffers were.

use std::collections::HashMap;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

use crate::trace::Access;
use crate::trace::Message;
use crate::trace::Queue;
use crate::trace::FN_ALLOC;
use crate::trace::FN_CONTINUATION;
use crate::trace::FN_FREE;
use crate::trace::FN_UNLOADING;

/// A number written in JSON as text, for hex.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn text_number<'de, D: serde::Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    let text = String::deserialize(d)?;
    number(&text).ok_or_else(|| serde::de::Error::custom(format!("'{text}' is not a number")))
}

fn maybe_number<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    text_number(d).map(Some)
}

#[derive(Clone, Debug, Deserialize)]
struct Condition {
    offset: usize,
    #[serde(deserialize_with = "text_number")]
    value: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct MessageField {
    #[serde(rename = "fn")]
    function: u32,
    #[serde(default, deserialize_with = "maybe_number")]
    control: Option<u32>,
    #[serde(default, deserialize_with = "maybe_number")]
    class_low_byte: Option<u32>,
    fw: String,
    #[serde(rename = "if")]
    condition: Option<Condition>,
    offset: usize,
    width: usize,
    shift: u32,
    #[serde(default)]
    repeat: bool,
}

impl MessageField {
    fn is_in(&self, message: &Message, fw: &str) -> bool {
        self.function == message.function
            && (self.fw == "*" || self.fw == fw)
            && self.control.is_none_or(|c| message.control() == Some(c))
            && self
                .class_low_byte
                .is_none_or(|c| message.class().is_some_and(|class| class & 0xff == c))
            && self
                .condition
                .as_ref()
                .is_none_or(|c| message.word(c.offset) == Some(c.value))
    }
}

#[derive(Clone, Debug, Deserialize)]
struct Register {
    #[serde(deserialize_with = "text_number")]
    addr: u32,
    #[serde(default)]
    shift: u32,
    #[serde(default)]
    align: u32,
    #[serde(default, deserialize_with = "text_number")]
    flag: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct Port {
    #[serde(deserialize_with = "text_number")]
    control: u32,
    #[serde(deserialize_with = "text_number")]
    data: u32,
    block: usize,
    words: Vec<usize>,
}

#[derive(Clone, Debug, Deserialize)]
struct BufferField {
    name: String,
    offset: usize,
    #[serde(default)]
    stride: usize,
    #[serde(default = "one")]
    count: usize,
}

fn one() -> usize {
    1
}

/// The committed table.
#[derive(Clone, Debug, Deserialize)]
pub struct Table {
    messages: Vec<MessageField>,
    registers: Vec<Register>,
    ports: Vec<Port>,
    buffers: Vec<BufferField>,
    clocks: Vec<Register>,
}

impl Table {
    /// The table that this program was built with.
    ///
    /// # Errors
    ///
    /// It is broken.
    pub fn committed() -> Result<Self> {
        serde_json::from_str(include_str!("../data/addresses.json")).context("data/addresses.json")
    }

    /// Whether a register tells the time: its value says nothing about the driver.
    pub fn is_clock(&self, addr: u32) -> bool {
        self.clocks.iter().any(|c| c.addr == addr)
    }
}

/// The addresses of one run, numbered as they appear.
pub struct Normaliser<'a> {
    table: &'a Table,
    fw: &'a str,
    seen: HashMap<u64, u64>,
    /// How many numbers were given out.
    given: u64,
    /// The addresses that an object brought with it, by client and handle: they may be used anew when it is freed.
    objects: HashMap<(u32, u32), Vec<u64>>,
    /// The addresses in the message at hand.
    current: Vec<u64>,
    /// An array that goes on in the continuations of a message: width, shift.
    running: Option<(usize, u32)>,
}

impl<'a> Normaliser<'a> {
    /// A run with this firmware, of which nothing was seen yet.
    pub fn new(table: &'a Table, fw: &'a str) -> Self {
        Self {
            table,
            fw,
            seen: HashMap::new(),
            given: 0,
            objects: HashMap::new(),
            current: Vec::new(),
            running: None,
        }
    }

    /// Forgets all addresses: what comes now was allocated anew.  Numbers go on, so that none means two things.
    pub fn forget(&mut self) {
        self.seen.clear();
        self.objects.clear();
    }

    fn token(&mut self, address: u64) -> u64 {
        // No address is no address.
        if address == 0 {
            return 0;
        }
        self.current.push(address);
        if let Some(&known) = self.seen.get(&address) {
            return known;
        }
        self.given += 1;
        self.seen.insert(address, self.given);
        self.given
    }

    /// Notes whose addresses a message carried, and forgets those of an object that it frees.
    fn account(&mut self, message: &Message) {
        if message.q != Queue::Cmdq {
            return;
        }
        let current = std::mem::take(&mut self.current);
        match (message.function, message.word(0)) {
            // rpc_gsp_rm_alloc_v03_00: hClient, hParent, hObject
            (FN_ALLOC, Some(client)) if !current.is_empty() => {
                let handle = message.word(8).unwrap_or(0);
                self.objects
                    .entry((client, handle))
                    .or_default()
                    .extend(current);
            }
            // NVOS00_PARAMETERS_v03_00: hRoot, hObjectParent, hObjectOld.  A client takes its objects with it.
            (FN_FREE, Some(client)) => {
                let handle = message.word(8).unwrap_or(0);
                let gone: Vec<(u32, u32)> = self
                    .objects
                    .keys()
                    .copied()
                    .filter(|&(c, h)| c == client && (h == handle || handle == client))
                    .collect();
                for address in gone
                    .iter()
                    .filter_map(|key| self.objects.remove(key))
                    .flatten()
                {
                    self.seen.remove(&address);
                }
            }
            (FN_UNLOADING, _) => self.forget(),
            _ => {}
        }
    }

    fn replace(&mut self, payload: &mut [u8], at: usize, width: usize, shift: u32) {
        let Some(field) = payload.get_mut(at..at + width) else {
            return;
        };
        let mut bytes = [0; 8];
        bytes[..width].copy_from_slice(field);
        let token = self.token(u64::from_le_bytes(bytes) << shift);
        field.copy_from_slice(&token.to_le_bytes()[..width]);
    }

    /// Replaces the addresses in a message.  Messages must come in the order of the trace.
    pub fn message(&mut self, message: &mut Message) {
        self.current.clear();
        if message.function == FN_CONTINUATION {
            if let (Some((width, shift)), Queue::Cmdq) = (self.running, message.q) {
                for at in (0..message.payload.len()).step_by(width) {
                    self.replace(&mut message.payload, at, width, shift);
                }
            }
            return;
        }
        if message.q == Queue::Cmdq {
            self.running = None;
        }
        let table = self.table;
        let fields: Vec<&MessageField> = table
            .messages
            .iter()
            .filter(|f| f.is_in(message, self.fw))
            .collect();
        for field in fields {
            let end = if field.repeat {
                message.payload.len()
            } else {
                field.offset + field.width
            };
            if field.repeat && message.q == Queue::Cmdq {
                self.running = Some((field.width, field.shift));
            }
            for at in (field.offset..end).step_by(field.width) {
                self.replace(&mut message.payload, at, field.width, field.shift);
            }
        }
        self.account(message);
    }

    /// Replaces the address in the access at an index, if there is one.  Accesses must come in order.
    pub fn accesses(&mut self, all: &mut [Access], at: usize) {
        let table = self.table;
        let access = all[at];
        if let Some(register) = table.registers.iter().find(|r| r.addr == access.addr) {
            let rest = access.value & !register.flag;
            if rest != 0 && (register.align == 0 || rest % register.align == 0) {
                all[at].dma = Some(self.token(u64::from(rest) << register.shift) as u32);
                all[at].value = access.value & register.flag;
            }
        }
        if let Some(port) = table
            .ports
            .iter()
            .find(|p| p.control == access.addr && access.write)
        {
            let block = all[at + 1..]
                .iter()
                .take_while(|a| a.write && a.addr == port.data)
                .count();
            for word in port.words.iter().filter(|_| block == port.block) {
                let place = &mut all[at + 1 + word];
                if place.value != 0 {
                    place.dma = Some(self.token(place.value.into()) as u32);
                    place.value = 0;
                }
            }
        }
    }

    /// Replaces the addresses in the beginning of a buffer that was handed over.
    pub fn buffer(&mut self, name: &str, bytes: &mut [u8]) {
        let table = self.table;
        for field in table.buffers.iter().filter(|b| b.name == name) {
            for n in 0..field.count {
                self.replace(bytes, field.offset + n * field.stride, 8, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Normaliser;
    use super::Table;
    use crate::trace::wire;
    use crate::trace::Message;

    fn message(function: u32, payload: &[u8]) -> Message {
        let hex = payload
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<Vec<_>>()
            .concat();
        let line = format!(r#"{{"n":0,"q":"cmdq","fn":{function},"len":0,"payload":"{hex}"}}"#);
        wire(&line).unwrap().remove(0)
    }

    /// An allocation of a channel whose method buffer is at `address`.
    fn channel(address: u64) -> Message {
        let mut payload = vec![0; 400];
        payload[12..16].copy_from_slice(&0xc46fu32.to_le_bytes());
        payload[248..256].copy_from_slice(&address.to_le_bytes());
        message(103, &payload)
    }

    #[test]
    fn first_appearance_numbers_addresses() {
        let table = Table::committed().unwrap();
        let mut run = Normaliser::new(&table, "570.144");
        let mut tokens = Vec::new();
        for address in [0x1000, 0x2000, 0x1000, 0] {
            let mut m = channel(address);
            run.message(&mut m);
            tokens.push(m.word(248).unwrap());
        }
        assert_eq!(tokens, [1, 2, 1, 0]);
    }

    #[test]
    fn other_bytes_stay() {
        let table = Table::committed().unwrap();
        let mut run = Normaliser::new(&table, "570.144");
        let mut m = channel(0x1000);
        let before = m.clone();
        run.message(&mut m);
        for at in (0..400).filter(|at| !(248..256).contains(at)) {
            assert_eq!(m.payload[at], before.payload[at]);
        }
        // Another class is no channel.
        let mut other = channel(0x1000);
        other.payload[12] = 0x80;
        let before = other.payload.clone();
        run.message(&mut other);
        assert_eq!(other.payload, before);
    }

    #[test]
    fn page_lists_go_on_in_continuations() {
        let table = Table::committed().unwrap();
        let mut run = Normaliser::new(&table, "570.144");
        let mut payload = vec![0; 72];
        payload[12] = 0x81;
        payload[56] = 7;
        payload[64] = 8;
        let mut first = message(4, &payload);
        run.message(&mut first);
        assert_eq!((first.word(56), first.word(64)), (Some(1), Some(2)));
        let mut next = message(71, &[8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
        run.message(&mut next);
        assert_eq!((next.word(0), next.word(8)), (Some(2), Some(3)));
    }
}
