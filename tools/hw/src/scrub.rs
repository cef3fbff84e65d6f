// SPDX-License-Identifier: GPL-2.0
//! Taking out of a report what identifies its machine.
//!
//! In texts a placeholder takes the value's place. In payloads and register values a number does, the same for the same
//! bytes on all three sides and another for others: what was equal stays equal, and what differed still differs.

use std::collections::HashMap;
use std::ops::Range;

use nvkm_ab::trace::Access;
use nvkm_ab::trace::Message;
use regex::bytes::Regex as BytesRegex;
use regex::Regex;

use crate::edid;
use crate::secrets;
use crate::secrets::Kind;
use crate::secrets::Secrets;

/// `NV_VGPU_MSG_FUNCTION_GET_GSP_STATIC_INFO` (rm/r535/nvrm/rpcfn.h).
const FN_STATIC_INFO: u32 = 65;
/// `GspStaticConfigInfo.gidInfo.data`: behind grCapsBits\[23\] (padded), index, flags, length; NV2080_GPU_MAX_GID_LENGTH
/// bytes (rm/r535/nvrm/gsp.h, rm/r570/nvrm/gsp.h; both begin alike).
const GID: Range<usize> = 36..36 + 256;
/// Windows through which the card's ROM and the copy of it in memory are read: the VBIOS is NVIDIA's, and behind it is the
/// board's own data (nvkm/subdev/bios/shadowrom.c, shadowramin.c).
const ROM: [Range<u32>; 2] = [0x30_0000..0x40_0000, 0x70_0000..0x80_0000];

const MAC: &str = r"(?i)\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b";
const UUID: &str = r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b";
const IPV4: &str = r"\b(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\b";
const IPV6: &str = r"(?i)\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b|\bfe80::[0-9a-f:]+";

/// A pattern that identifies by its form alone.
pub struct Pattern {
    /// What it is.
    pub kind: Kind,
    regex: Regex,
}

impl Pattern {
    /// Where it is in a text.
    pub fn places<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        self.regex
            .find_iter(text)
            .map(|m| m.range())
            .filter(move |range| {
                // A version with five parts, as a VBIOS has one, is no address.
                let dot = |at: Option<u8>, next: Option<u8>| {
                    at == Some(b'.') && next.is_some_and(|c| c.is_ascii_hexdigit())
                };
                let bytes = text.as_bytes();
                let before = |n: usize| range.start.checked_sub(n).map(|at| bytes[at]);
                let after = |n: usize| bytes.get(range.end + n).copied();
                self.kind != Kind::Ip || !(dot(before(1), before(2)) || dot(after(0), after(1)))
            })
    }
}

fn regex(text: &str) -> Regex {
    // The texts are this file's, or were escaped.
    Regex::new(text).unwrap_or_else(|e| unreachable!("{e}"))
}

/// The patterns.
pub fn patterns() -> Vec<Pattern> {
    [
        (Kind::Mac, MAC),
        (Kind::Uuid, UUID),
        (Kind::Ip, IPV4),
        (Kind::Ip, IPV6),
    ]
    .map(|(kind, text)| Pattern {
        kind,
        regex: regex(text),
    })
    .into()
}

/// A value as a word of its own, in any case.
pub fn word(value: &str) -> Regex {
    let edge = |c: Option<char>, text| {
        if c.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            text
        } else {
            ""
        }
    };
    let (first, last) = (
        edge(value.chars().next(), r"\b"),
        edge(value.chars().last(), r"\b"),
    );
    regex(&format!("(?i){first}{}{last}", regex::escape(value)))
}

/// UTF-16, little-endian, as NVIDIA's structures and UEFI keep text.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Takes values out.
pub struct Scrubber {
    words: Vec<(Kind, Regex)>,
    patterns: Vec<Pattern>,
    bytes: Vec<Vec<u8>>,
    forms: Vec<BytesRegex>,
    tokens: HashMap<Vec<u8>, u64>,
    registers: HashMap<u32, u32>,
}

impl Scrubber {
    /// One for a machine with these secrets.
    pub fn new(secrets: &Secrets) -> Self {
        let list = secrets.list();
        let mut bytes: Vec<Vec<u8>> = Vec::new();
        for secret in &list {
            bytes.extend(secrets::raw(secret));
            // Shorter ones are in any payload by chance.
            if secret.value.len() >= 4 {
                bytes.extend([secret.value.as_bytes().to_vec(), utf16(&secret.value)]);
            }
        }
        let form = |text: &str| {
            BytesRegex::new(&format!("(?-u){text}")).unwrap_or_else(|e| unreachable!("{e}"))
        };
        Self {
            words: list.iter().map(|s| (s.kind, word(&s.value))).collect(),
            patterns: patterns(),
            bytes,
            forms: [MAC, UUID].map(form).into(),
            tokens: HashMap::new(),
            registers: HashMap::new(),
        }
    }

    /// A text without what identifies.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_string();
        for (kind, word) in &self.words {
            if word.is_match(&text) {
                text = word.replace_all(&text, kind.placeholder()).into_owned();
            }
        }
        for pattern in &self.patterns {
            let places: Vec<Range<usize>> = pattern.places(&text).collect();
            for place in places.into_iter().rev() {
                text.replace_range(place, pattern.kind.placeholder());
            }
        }
        text
    }

    /// Puts a number where bytes were; zeros stay, they say nothing.
    fn mask(&mut self, field: &mut [u8]) {
        if field.iter().all(|b| *b == 0) {
            return;
        }
        let next = self.tokens.len() as u64 + 1;
        let token = *self.tokens.entry(field.to_vec()).or_insert(next);
        field.fill(0);
        let len = field.len().min(8);
        field[..len].copy_from_slice(&token.to_le_bytes()[..len]);
    }

    /// Takes out of a message what identifies the card, a screen or the machine.
    pub fn message(&mut self, message: &mut Message) {
        let payload = &mut message.payload;
        if message.function == FN_STATIC_INFO && payload.len() >= GID.end {
            self.mask(&mut payload[GID]);
        }
        let mut places = edid::places(payload);
        for bytes in &self.bytes {
            places.extend(memchr::memmem::find_iter(payload, bytes).map(|at| at..at + bytes.len()));
        }
        for form in &self.forms {
            places.extend(form.find_iter(payload).map(|m| m.range()));
        }
        for place in places {
            self.mask(&mut payload[place]);
        }
    }

    /// Takes the card's ROM out of a register access.
    pub fn access(&mut self, access: &mut Access) {
        let rom = ROM.iter().any(|window| window.contains(&access.addr));
        if access.write || !rom || access.value == 0 || access.value == u32::MAX {
            return;
        }
        let next = self.registers.len() as u32 + 1;
        access.value = *self.registers.entry(access.value).or_insert(next);
    }
}
