// SPDX-License-Identifier: GPL-2.0
//! What the bytes of a message are called, for reports: asked of whoever knows the firmware's types.

use nvkm_trace::layouts::Payload;
use serde_json::json;
use serde_json::Value;

use crate::trace::Decoder;
use crate::trace::Message;

/// One field of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// Its name with those of what it is in, such as `NV2080_CTRL_FB_INFO_PARAMS.list[2].data`.
    pub path: String,
    /// Where it begins, in bytes from the start of the payload.
    pub offset: usize,
    /// How many bytes it has.
    pub size: usize,
    /// Its value, as a person wants to see it.
    pub shown: String,
    /// Whether it is 0, or nothing but zeros.
    pub zero: bool,
}

/// Somebody who knows what is in messages.
pub trait Names {
    /// What the message is: function, and control or class by name.
    fn title(&self, message: &Message) -> String;

    /// Its fields in order; what is not known is left out, or is a field of its own.
    fn fields(&self, message: &Message) -> Vec<Field>;

    /// The name of the field that has the byte at an offset of the payload.
    fn field_at(&self, message: &Message, offset: usize) -> Option<String>;
}

/// Whoever knows most of a firmware version's messages: its names if the build made them (`make trace-names`).
pub fn of(fw: &str) -> Box<dyn Names> {
    match Decoder::for_firmware(fw) {
        Ok(decoder) => Box::new(Known(decoder)),
        Err(_) => Box::new(Plain),
    }
}

/// Knows a firmware version's names and types.
pub struct Known(pub Decoder);

impl Known {
    /// A path that begins with the name of a type: what is in a control's or an allocation's parameters is a field of their type,
    /// the rest one of the message's own.
    fn whole(&self, message: &Message, path: &str) -> String {
        let named = match (message.control(), message.class()) {
            (Some(number), _) => self.0.control(number),
            (_, Some(number)) => self.0.class(number),
            _ => None,
        };
        let parameters = named.and_then(|n| n.record.as_deref());
        if let (Some(record), Some(field)) = (parameters, path.strip_prefix(PARAMETERS)) {
            return format!("{record}.{field}");
        }
        match self.0.function(message.function).map(|f| &f.payload) {
            Some(Payload::Record(record)) => format!("{record}.{path}"),
            _ => path.to_string(),
        }
    }
}

/// What precedes the fields of a control's or an allocation's parameters in a path.
const PARAMETERS: &str = "params.";

impl Names for Known {
    fn title(&self, message: &Message) -> String {
        // The trace may name what the headers do not.
        match self.0.function(message.function) {
            Some(_) => self.0.message(message).title,
            None => message.title(),
        }
    }

    fn fields(&self, message: &Message) -> Vec<Field> {
        let decoded = self.0.message(message);
        let mut fields: Vec<Field> = decoded
            .fields
            .iter()
            .map(|f| Field {
                path: self.whole(message, &f.path),
                offset: f.offset,
                size: f.size,
                shown: f.shown.clone(),
                zero: f.is_zero(),
            })
            .collect();
        for range in decoded.unknown {
            let Some(bytes) = message.payload.get(range.clone()) else {
                continue;
            };
            let words = bytes.chunks(4).enumerate();
            fields.extend(words.map(|(n, bytes)| word(range.start + n * 4, bytes)));
        }
        fields.sort_by_key(|f| f.offset);
        fields
    }

    fn field_at(&self, message: &Message, offset: usize) -> Option<String> {
        let path = self.0.field_at(message, offset)?;
        Some(self.whole(message, &path))
    }
}

/// Knows only numbers: words by their offset.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Names for Plain {
    fn title(&self, message: &Message) -> String {
        message.title()
    }

    fn fields(&self, message: &Message) -> Vec<Field> {
        let words = message.payload.chunks(4).enumerate();
        words.map(|(n, bytes)| word(n * 4, bytes)).collect()
    }

    fn field_at(&self, _: &Message, _: usize) -> Option<String> {
        None
    }
}

/// A word (the last may be a part of one) that has no name.
fn word(offset: usize, bytes: &[u8]) -> Field {
    let mut whole = [0; 4];
    whole[..bytes.len()].copy_from_slice(bytes);
    let digits = bytes.len() * 2;
    Field {
        path: format!("payload+{offset:#x}"),
        offset,
        size: bytes.len(),
        shown: format!("0x{:0digits$x}", u32::from_le_bytes(whole)),
        zero: whole == [0; 4],
    }
}

/// The offset in the payload that a difference's field names.
pub fn offset(field: &str) -> Option<usize> {
    usize::from_str_radix(field.strip_prefix("payload+0x")?, 16).ok()
}

/// Gives each difference in a report that is about bytes of a payload the name of the field that they are in: as `decoded`,
/// and in its text. `reference` are the messages of the first C side, which has them all.
pub fn annotate(report: &mut Value, reference: &[Message], names: &dyn Names) {
    for list in [
        "/differences",
        "/noise",
        "/unlisted_noise",
        "/intended/found",
    ] {
        let found = report.pointer_mut(list).and_then(Value::as_array_mut);
        for difference in found.into_iter().flatten() {
            let place = (
                difference["field"].as_str().and_then(offset),
                difference["message"].as_u64(),
            );
            let (Some(at), Some(n), None) = (place.0, place.1, difference["decoded"].as_str())
            else {
                continue;
            };
            let message = reference.iter().find(|m| m.n == n);
            let Some(path) = message.and_then(|m| names.field_at(m, at)) else {
                continue;
            };
            let field = format!("payload+{at:#x}");
            let text = difference["text"].as_str().unwrap_or_default();
            difference["text"] = json!(text.replacen(&field, &format!("{field} ({path})"), 1));
            difference["decoded"] = json!(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::offset;
    use super::Names;
    use super::Plain;
    use crate::trace::wire;

    #[test]
    fn without_names_there_are_words() {
        let line = r#"{"n":0,"q":"cmdq","fn":72,"len":0,"payload":"0102030405"}"#;
        let message = wire(line).unwrap().remove(0);
        let fields = Plain.fields(&message);
        assert_eq!(fields.len(), 2);
        assert_eq!(fields[0].shown, "0x04030201");
        assert_eq!(
            (fields[1].path.as_str(), fields[1].shown.as_str()),
            ("payload+0x4", "0x05")
        );
        assert_eq!(Plain.field_at(&message, 0), None);
    }

    #[test]
    fn only_payloads_have_offsets() {
        assert_eq!(offset("payload+0x1b"), Some(0x1b));
        for other in ["content+0x1b", "rpc.length", "payload+0x", "payload+0xz"] {
            assert_eq!(offset(other), None);
        }
    }
}
