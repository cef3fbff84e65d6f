// SPDX-License-Identifier: GPL-2.0
//! Reads structs out of bytes, field by field.

use crate::names::Member;
use crate::names::Record;
use crate::names::Ty;

use super::registry;
use super::sequencer;
use super::text::flagged;
use super::text::hex;
use super::text::plain;
use super::text::printable;
use super::text::wide_hex;
use super::Decoder;
use super::Field;
use super::Kind;
use super::Value;

/// Structs lie in each other no deeper than this: a file of names must not lead astray.
const DEPTH: u32 = 32;
/// Fields may hold so many times the bytes that there are: what points at the same bytes again and again is cut there.
const SHARED: usize = 4;
/// So many zero bytes behind a message's struct are what it was rounded up by.
const ROUNDED: usize = 8;

/// The reading of one payload.
pub struct Walk<'a> {
    decoder: &'a Decoder,
    bytes: &'a [u8],
    /// Bytes from here on are not for the struct that is being read.
    limit: usize,
    /// The struct of the parameters of a control or a class.
    pub inner: Option<String>,
    /// Where the parameters of a control or class end, as its header says.
    params_end: usize,
    fields: Vec<Field>,
    missing: usize,
    /// Bytes that fields may still hold.
    budget: usize,
}

impl<'a> Walk<'a> {
    /// Of a payload.
    pub fn new(decoder: &'a Decoder, bytes: &'a [u8]) -> Self {
        Self {
            decoder,
            bytes,
            limit: bytes.len(),
            inner: None,
            params_end: 0,
            fields: Vec::new(),
            missing: 0,
            budget: bytes.len().saturating_mul(SHARED),
        }
    }

    /// The fields, and how many bytes the struct has that the payload has not.
    pub fn finish(mut self) -> (Vec<Field>, usize) {
        self.fields.sort_by_key(|f| f.offset);
        (self.fields, self.missing)
    }

    /// The payload is a struct.
    pub fn message(&mut self, record: &str) {
        let end = self.record(record, 0, "", 0).max(self.params_end);
        self.missing += end.saturating_sub(self.bytes.len());
        if let Some(rest) = self.bytes.get(end..) {
            if rest.len() < ROUNDED && rest.iter().all(|b| *b == 0) {
                self.padding("(rounded)", end, self.bytes.len());
            }
        }
    }

    /// The bytes that are there of a place.
    pub fn get(&self, at: usize, size: usize) -> Option<&'a [u8]> {
        let end = at.checked_add(size)?;
        (end <= self.limit).then(|| self.bytes.get(at..end))?
    }

    /// The little-endian number at a place.
    pub fn number(&self, at: usize, size: usize) -> Option<u64> {
        let bytes = self.get(at, size).filter(|b| b.len() <= 8)?;
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        Some(u64::from_le_bytes(word))
    }

    /// Where the struct being read ends at the latest.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that mean nothing, as far as they are there.
    pub fn padding(&mut self, path: &str, from: usize, to: usize) {
        self.plain(path, from, to, Kind::Padding);
    }

    /// Bytes without a struct, as far as they are there.
    pub fn opaque(&mut self, path: &str, from: usize, to: usize) {
        self.plain(path, from, to, Kind::Opaque);
    }

    fn plain(&mut self, path: &str, from: usize, to: usize, kind: Kind) {
        let to = to.min(self.limit);
        let Some(bytes) = self.bytes.get(from..to).filter(|b| !b.is_empty()) else {
            return;
        };
        self.push(
            path.to_owned(),
            from,
            bytes.len(),
            kind,
            Value::Bytes(bytes.to_vec()),
            hex(bytes),
        );
    }

    fn push(
        &mut self,
        path: String,
        offset: usize,
        size: usize,
        kind: Kind,
        value: Value,
        shown: String,
    ) {
        if let Some(left) = self.budget.checked_sub(size) {
            self.budget = left;
            self.fields.push(Field {
                path,
                offset,
                size,
                kind,
                value,
                shown,
            });
        }
    }

    /// Text or bytes of a place, as far as they are there; `text` if it is one when it can be.
    pub fn bytes(&mut self, path: String, at: usize, size: usize, text: bool) {
        let to = at.saturating_add(size).min(self.limit);
        let Some(bytes) = self.bytes.get(at..to).filter(|b| !b.is_empty()) else {
            return;
        };
        let (value, shown) = match text.then(|| printable(bytes)).flatten() {
            Some(text) => (
                Value::Text(text.to_owned()),
                format!("\"{}\"", text.escape_default()),
            ),
            None => (Value::Bytes(bytes.to_vec()), hex(bytes)),
        };
        self.push(path, at, bytes.len(), Kind::Value, value, shown);
    }

    /// Reads a struct or union; returns where it ends, with what its flexible array holds.
    pub fn record(&mut self, name: &str, at: usize, prefix: &str, depth: u32) -> usize {
        let decoder = self.decoder;
        let Some(record) = decoder.names.records.get(name).filter(|_| depth < DEPTH) else {
            return at;
        };
        let end = at.saturating_add(record.size as usize);
        let mut cursor = at;
        for member in members(self, record) {
            if cursor > self.limit {
                break;
            }
            let start = at.saturating_add(member.offset as usize);
            if start > cursor {
                self.padding(&format!("{prefix}(padding)"), cursor, start);
            }
            cursor = cursor.max(self.member(name, record, member, at, prefix, depth));
        }
        if cursor < end {
            self.padding(&format!("{prefix}(padding)"), cursor, end);
        }
        cursor.max(end)
    }

    fn member(
        &mut self,
        name: &str,
        of: &Record,
        member: &Member,
        at: usize,
        prefix: &str,
        depth: u32,
    ) -> usize {
        let start = at.saturating_add(member.offset as usize);
        let path = if member.name.is_empty() {
            // Its fields are the outer one's.
            prefix.trim_end_matches('.').to_owned()
        } else {
            format!("{prefix}{}", member.name)
        };
        let key = format!("{}.{}", name.split('@').next().unwrap_or(name), member.name);
        if let Some((first, width)) = member.bits {
            return self.bits(path, at, first, width, &key);
        }
        let size = self.element(&member.ty);
        let mut counts: Vec<usize> = member.counts.iter().map(|n| *n as usize).collect();
        if let Some(open) = counts.first_mut().filter(|n| **n == 0) {
            let counted = self.decoder.layouts.counts.get(&key);
            let count = counted.and_then(|field| self.sibling(of, at, field));
            let there = self.limit.saturating_sub(start);
            *open = match count {
                Some(n) => usize::try_from(n).unwrap_or(usize::MAX),
                None => there / size.max(1),
            };
            if let Some(end) = self.special(&key, of, at, start, *open, &path, depth) {
                return end;
            }
        }
        self.array(&member.ty, &counts, start, size, path, &key, depth)
    }

    /// What a flexible array holds that is not simply an array.
    #[allow(clippy::too_many_arguments)]
    fn special(
        &mut self,
        key: &str,
        of: &Record,
        at: usize,
        start: usize,
        count: usize,
        path: &str,
        depth: u32,
    ) -> Option<usize> {
        match key {
            "rpc_gsp_rm_control_v03_00.params" | "rpc_gsp_rm_alloc_v03_00.params" => {
                let end = start.saturating_add(count);
                let outer = self.limit;
                self.limit = end.min(outer);
                if let Some(inner) = self.inner.take() {
                    let wants = self.record(&inner, start, &format!("{path}."), depth + 1);
                    self.missing += wants.saturating_sub(end);
                }
                self.limit = outer;
                self.params_end = end;
                Some(end)
            }
            "rpc_run_cpu_sequencer_v17_00.commandBuffer" => {
                let used = self.sibling(of, at, "cmdIndex").unwrap_or(0);
                Some(sequencer::commands(
                    self,
                    start,
                    usize::try_from(used).unwrap_or(usize::MAX),
                    count,
                    path,
                ))
            }
            "PACKED_REGISTRY_TABLE.entries" => {
                Some(registry::entries(self, at, start, count, path, depth))
            }
            _ => None,
        }
    }

    /// Names of the version.
    pub fn decoder(&self) -> &'a Decoder {
        self.decoder
    }

    /// The value of another field of the same struct.
    fn sibling(&self, of: &Record, at: usize, name: &str) -> Option<u64> {
        let member = of.fields.iter().find(|m| m.name == name)?;
        if let Some((first, width)) = member.bits {
            return self.bit_field(at, first, width).map(|(value, ..)| value);
        }
        let at = at.saturating_add(member.offset as usize);
        self.number(at, self.element(&member.ty))
    }

    fn element(&self, ty: &Ty) -> usize {
        let size = match ty {
            Ty::Number(_, size) | Ty::Enum(_, size) => *size,
            Ty::Record(name) => self.decoder.names.records.get(name).map_or(0, |r| r.size),
        };
        usize::try_from(size).unwrap_or(usize::MAX)
    }

    #[allow(clippy::too_many_arguments)]
    fn array(
        &mut self,
        ty: &Ty,
        counts: &[usize],
        start: usize,
        size: usize,
        path: String,
        key: &str,
        depth: u32,
    ) -> usize {
        let Some((count, inner)) = counts.split_first() else {
            return self.one(ty, start, size, path, key, depth);
        };
        let whole = inner.iter().fold(size, |size, n| size.saturating_mul(*n));
        let end = start.saturating_add(whole.saturating_mul(*count));
        if inner.is_empty() {
            match ty {
                Ty::Number(_, 1) => {
                    let name = path.rsplit('.').next().unwrap_or_default();
                    let text =
                        matches!(ty, Ty::Number(n, _) if n == "char") || name.contains("String");
                    self.bytes(path, start, *count, text);
                    return end;
                }
                Ty::Number(_, 2) if path.ends_with("_Unicode") => {
                    self.wide(path, start, *count);
                    return end;
                }
                _ => {}
            }
        }
        if whole == 0 {
            return start;
        }
        for n in 0..*count {
            let at = start.saturating_add(n.saturating_mul(whole));
            if at >= self.limit {
                break;
            }
            self.array(ty, inner, at, size, format!("{path}[{n}]"), key, depth);
        }
        end
    }

    /// A text of 16-bit characters.
    fn wide(&mut self, path: String, at: usize, count: usize) {
        let to = at.saturating_add(count.saturating_mul(2)).min(self.limit);
        let Some(bytes) = self.bytes.get(at..to).filter(|b| !b.is_empty()) else {
            return;
        };
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|c| u16::from_le_bytes([c[0], c[1]]))
            .collect();
        let end = units.iter().position(|u| *u == 0).unwrap_or(units.len());
        let clean = bytes.len() % 2 == 0 && units[end..].iter().all(|u| *u == 0);
        let (value, shown) = match String::from_utf16(&units[..end]).ok().filter(|_| clean) {
            Some(text) => (
                Value::Text(text.clone()),
                format!("\"{}\"", text.escape_default()),
            ),
            None => (Value::Bytes(bytes.to_vec()), hex(bytes)),
        };
        self.push(path, at, bytes.len(), Kind::Value, value, shown);
    }

    /// A number, as far as it is there.
    pub fn scalar(&mut self, ty: &Ty, at: usize, size: usize, path: String) {
        self.one(ty, at, size, path, "", 0);
    }

    fn one(
        &mut self,
        ty: &Ty,
        at: usize,
        size: usize,
        path: String,
        key: &str,
        depth: u32,
    ) -> usize {
        let end = at.saturating_add(size);
        if let Ty::Record(name) = ty {
            let prefix = if path.is_empty() { path } else { path + "." };
            return self.record(name, at, &prefix, depth + 1);
        }
        match self.number(at, size) {
            Some(number) => {
                let shown = self.shown(ty, number, key);
                self.push(path, at, size, Kind::Value, Value::Number(number), shown);
            }
            // Half of it is there, or nothing: what is there is shown as it is.
            None => self.bytes(path, at, size, false),
        }
        end
    }

    fn bit_field(&self, at: usize, first: u64, width: u64) -> Option<(u64, usize, usize)> {
        let from = at.checked_add(usize::try_from(first / 8).ok()?)?;
        let shift = first % 8;
        let size = usize::try_from((shift + width).div_ceil(8)).ok()?;
        let value = self.number(from, size)? >> shift;
        let mask = if width >= 64 {
            u64::MAX
        } else {
            (1 << width) - 1
        };
        Some((value & mask, from, size))
    }

    fn bits(&mut self, path: String, at: usize, first: u64, width: u64, key: &str) -> usize {
        let Some((value, from, size)) = self.bit_field(at, first, width) else {
            return at;
        };
        let shown = self.shown(&Ty::Number(String::new(), 4), value, key);
        self.push(path, from, size, Kind::Value, Value::Number(value), shown);
        from + size
    }

    /// A number as a person reads it.
    fn shown(&self, ty: &Ty, number: u64, key: &str) -> String {
        let layouts = &self.decoder.layouts;
        if let Ty::Enum(name, size) = ty {
            let signed = if *size == 4 {
                i64::from(number as u32 as i32)
            } else {
                number as i64
            };
            let values = self.decoder.names.enums.get(name);
            let found = values.and_then(|v| v.iter().find(|(_, n)| *n == signed));
            return found.map_or_else(|| plain(number), |(n, _)| n.clone());
        }
        if let Some(name) = layouts.values.get(key).and_then(|v| v.get(&number)) {
            return format!("{} {name}", wide_hex(number, 8));
        }
        if let Some(flags) = layouts.flags.get(key) {
            return flagged(number, flags);
        }
        match ty {
            Ty::Number(name, _) if name == "NvBool" && number <= 1 => (number == 1).to_string(),
            Ty::Number(name, _) if name == "NvHandle" => wide_hex(number, 8),
            _ => plain(number),
        }
    }
}

/// A struct's fields; of a union the largest, which has all its bytes.
fn members<'r>(walk: &Walk<'_>, record: &'r Record) -> Vec<&'r Member> {
    if !record.union {
        let mut members: Vec<&Member> = record.fields.iter().collect();
        members.sort_by_key(|m| (m.offset, m.bits));
        return members;
    }
    let size = |m: &&Member| {
        let counts = m
            .counts
            .iter()
            .fold(1, |n: usize, c| n.saturating_mul(*c as usize));
        walk.element(&m.ty).saturating_mul(counts)
    };
    let mut best: Option<&Member> = None;
    for member in &record.fields {
        if best.is_none_or(|b| size(&member) > size(&b)) {
            best = Some(member);
        }
    }
    best.into_iter().collect()
}
