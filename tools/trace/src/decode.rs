// SPDX-License-Identifier: GPL-2.0
//! From a message's bytes to fields with names. Every byte belongs to a field, to padding, or is counted as unknown.

mod registry;
mod sequencer;
#[cfg(test)]
pub mod tests;
mod text;
mod walk;

use std::ops::Range;
use std::path::Path;

use anyhow::Result;

use crate::layouts::Function;
use crate::layouts::Layouts;
use crate::layouts::Named;
use crate::layouts::Payload;
use crate::names::Names;
use crate::Message;
use crate::FIRST_EVENT;
use crate::FN_CONTINUATION;

use walk::Walk;

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A field of a struct.
    Value,
    /// Bytes between fields, which mean nothing.
    Padding,
    /// Bytes that have a place but no struct: what a record continues, or a payload that the driver does not look at.
    Opaque,
}

/// A field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text, without the zero at its end.
    Text(String),
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where it is, such as `params.entries[2].engineName`.
    pub path: String,
    /// From the beginning of the payload, in bytes.
    pub offset: usize,
    /// In bytes. Bit fields of the same bytes follow each other.
    pub size: usize,
    /// What it is.
    pub kind: Kind,
    /// Its value.
    pub value: Value,
    /// The value as a person reads it.
    pub shown: String,
}

impl Field {
    /// Whether all its bytes are 0.
    pub fn is_zero(&self) -> bool {
        match &self.value {
            Value::Number(n) => *n == 0,
            Value::Bytes(bytes) => bytes.iter().all(|b| *b == 0),
            Value::Text(text) => text.is_empty(),
        }
    }
}

/// A message, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Function, and control or class where it has one, by name.
    pub title: String,
    /// In order of their offsets.
    pub fields: Vec<Field>,
    /// Bytes of the payload that no field has.
    pub unknown: Vec<Range<usize>>,
    /// Whether function, control or class have no name.
    pub nameless: bool,
    /// Bytes that the layout has and the payload has not.
    pub missing: usize,
}

impl Decoded {
    /// Bytes that no field has.
    pub fn unknown_bytes(&self) -> usize {
        self.unknown.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether something in it is not understood.
    pub fn is_unknown(&self) -> bool {
        self.nameless || !self.unknown.is_empty()
    }

    /// The field at an offset of the payload.
    pub fn at(&self, offset: usize) -> Option<&Field> {
        let mut fields = self.fields.iter();
        fields.find(|f| (f.offset..f.offset + f.size).contains(&offset))
    }
}

/// Decodes the messages of one firmware version.
pub struct Decoder {
    names: Names,
    layouts: Layouts,
}

impl Decoder {
    /// With the names of a version.
    pub fn new(names: Names) -> Self {
        let layouts = Layouts::new(&names);
        Self { names, layouts }
    }

    /// With the names that the build made of a version.
    ///
    /// # Errors
    ///
    /// There are none of that version.
    pub fn for_firmware(firmware: &str) -> Result<Self> {
        Self::find(firmware, None)
    }

    /// With the names of a version in a file, or in a directory of such.
    ///
    /// # Errors
    ///
    /// There are none of that version.
    pub fn find(firmware: &str, place: Option<&Path>) -> Result<Self> {
        Ok(Self::new(Names::find(firmware, place)?))
    }

    /// The names.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What they mean.
    pub fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    /// A function or an event by number.
    pub fn function(&self, number: u32) -> Option<&Function> {
        self.layouts.functions.get(&number)
    }

    /// A control by number.
    pub fn control(&self, number: u32) -> Option<&Named> {
        self.layouts.controls.get(&number)
    }

    /// A class by number.
    pub fn class(&self, number: u32) -> Option<&Named> {
        self.layouts.classes.get(&number)
    }

    /// The name of a function, or its number.
    pub fn function_name(&self, number: u32) -> String {
        match self.function(number) {
            Some(function) => function.name.clone(),
            None if number >= FIRST_EVENT => format!("event {number:#x}"),
            None => format!("function {number}"),
        }
    }

    /// Decodes a message. One that was split must have been joined (see [`crate::Trace::joined`]); a first part alone has
    /// the fields that it holds.
    pub fn message(&self, message: &Message) -> Decoded {
        let function = self.function(message.function);
        let mut out = Decoded {
            title: self.function_name(message.function),
            nameless: function.is_none(),
            ..Decoded::default()
        };
        let mut walk = Walk::new(self, &message.payload);
        if let Some(number) = message.control() {
            walk.inner = title(&mut out, self.control(number), &format!("{number:#010x}"));
        } else if let Some(number) = message.class() {
            walk.inner = title(
                &mut out,
                self.class(number),
                &format!("class {number:#06x}"),
            );
        }
        if message.function == FN_CONTINUATION {
            walk.opaque("continued", 0, message.payload.len());
        } else {
            match function.map(|f| &f.payload) {
                Some(Payload::Record(record)) if !message.payload.is_empty() => {
                    walk.message(record);
                }
                Some(Payload::Dropped) => walk.opaque("payload", 0, message.payload.len()),
                _ => {}
            }
        }
        let (fields, missing) = walk.finish();
        out.missing = missing;
        out.unknown = uncovered(message.payload.len(), &fields);
        out.fields = fields;
        out
    }

    /// The name of the field at an offset of a message's payload, such as `params.gpcMask`.
    pub fn field_at(&self, message: &Message, offset: usize) -> Option<String> {
        let decoded = self.message(message);
        let field = decoded.at(offset)?;
        Some(match &field.value {
            Value::Bytes(bytes) if bytes.len() > 1 => {
                format!("{}[{}]", field.path, offset - field.offset)
            }
            _ => field.path.clone(),
        })
    }
}

/// Adds a control or a class to the title; returns the struct of its parameters.
fn title(out: &mut Decoded, named: Option<&Named>, number: &str) -> Option<String> {
    out.title.push(' ');
    out.title += named.map_or(number, |n| n.name.as_str());
    out.nameless |= named.is_none();
    named.and_then(|n| n.record.clone())
}

/// The ranges of `0..len` that no field has.
fn uncovered(len: usize, fields: &[Field]) -> Vec<Range<usize>> {
    let mut covered: Vec<Range<usize>> =
        fields.iter().map(|f| f.offset..f.offset + f.size).collect();
    covered.sort_by_key(|r| (r.start, r.end));
    let mut out = Vec::new();
    let mut at = 0;
    for range in covered {
        if range.start > at {
            out.push(at..range.start.min(len));
        }
        at = at.max(range.end);
    }
    if at < len {
        out.push(at..len);
    }
    out
}
