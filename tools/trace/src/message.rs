// SPDX-License-Identifier: GPL-2.0
//! One message of a queue, and how `wire.jsonl` writes them.

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

/// `NV_VGPU_MSG_FUNCTION_FREE` (rm/r535/nvrm/rpcfn.h, as those that follow).
pub const FN_FREE: u32 = 10;
/// `NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER`.
pub const FN_UNLOADING: u32 = 47;
/// `NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD`.
pub const FN_CONTINUATION: u32 = 71;
/// `NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL`.
pub const FN_CONTROL: u32 = 76;
/// `NV_VGPU_MSG_FUNCTION_GSP_RM_ALLOC`.
pub const FN_ALLOC: u32 = 103;
/// Functions from here on are events: messages that nobody asked for (`FIRST_EVENT`, rm/r535/nvrm/msgfn.h).
pub const FIRST_EVENT: u32 = 0x1000;
/// Bytes of the RPC header, which `len` counts and the payload does not have (`rpc_message_header_v03_00`, rm/r535/nvrm/gsp.h).
pub const RPC_HEADER: usize = 32;

/// Which queue a message was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Queue {
    /// From the driver to GSP.
    Cmdq,
    /// From GSP to the driver.
    Msgq,
}

impl Queue {
    /// The queue's name in traces.
    pub fn name(self) -> &'static str {
        match self {
            Queue::Cmdq => "cmdq",
            Queue::Msgq => "msgq",
        }
    }
}

/// One message as it was in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// Its number in the trace.
    pub n: u64,
    /// The queue.
    pub q: Queue,
    /// Function (or event) number.
    #[serde(rename = "fn")]
    pub function: u32,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The RPC header's length.
    pub len: u32,
    /// The RPC header's sequence.
    #[serde(default)]
    pub seq: u32,
    /// The queue element's sequence.
    #[serde(default)]
    pub elem_seq: u32,
    /// The RPC header's result.
    #[serde(default)]
    pub result: u32,
    /// Queue pages it takes.
    #[serde(default)]
    pub elems: u32,
    /// Everything behind the RPC header.
    #[serde(deserialize_with = "hex")]
    pub payload: Vec<u8>,
    /// The last mark before it.
    #[serde(skip)]
    pub mark: Option<u32>,
}

impl Message {
    /// The little-endian dword at an offset of the payload.
    pub fn word(&self, at: usize) -> Option<u32> {
        let bytes = self.payload.get(at..at + 4)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// The control's command, if it is one (`rpc_gsp_rm_control_v03_00.cmd`).
    pub fn control(&self) -> Option<u32> {
        (self.function == FN_CONTROL)
            .then(|| self.word(8))
            .flatten()
    }

    /// The class to be allocated, if it is an allocation (`rpc_gsp_rm_alloc_v03_00.hClass`).
    pub fn class(&self) -> Option<u32> {
        (self.function == FN_ALLOC).then(|| self.word(12)).flatten()
    }

    /// Bytes of the payload that the header promises and the trace does not have.
    pub fn missing(&self) -> usize {
        (self.len as usize)
            .saturating_sub(RPC_HEADER)
            .saturating_sub(self.payload.len())
    }

    /// Whether nobody asked for it.
    pub fn is_event(&self) -> bool {
        self.q == Queue::Msgq && self.function >= FIRST_EVENT
    }

    /// The name a person would call it by: function, and control or class where it has one.
    pub fn title(&self) -> String {
        let name = if self.name.is_empty() {
            format!("{:#x}", self.function)
        } else {
            self.name.clone()
        };
        match (self.control(), self.class()) {
            (Some(cmd), _) => format!("{name} {cmd:#010x}"),
            (_, Some(class)) => format!("{name} class {class:#06x}"),
            _ => name,
        }
    }
}

/// Bytes as hex digits.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        out.extend(
            [byte >> 4, byte & 15].map(|n| char::from_digit(u32::from(n), 16).unwrap_or('?')),
        );
    }
    out
}

/// Bytes that were written as hex digits.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() % 2 != 0 {
        return None;
    }
    let digit = |c: u8| (c as char).to_digit(16);
    digits
        .chunks_exact(2)
        .map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8))
        .collect()
}

fn hex<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(d)?;
    from_hex(&text).ok_or_else(|| serde::de::Error::custom("payload is not hex"))
}

/// Parses `wire.jsonl`.
///
/// # Errors
///
/// A line is neither a message nor a mark.
pub fn wire(text: &str) -> Result<Vec<Message>> {
    #[derive(Deserialize)]
    struct Mark {
        mark: u32,
    }
    let mut mark = None;
    let mut messages = Vec::new();
    for (n, line) in text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty())
    {
        if let Ok(found) = serde_json::from_str::<Mark>(line) {
            mark = Some(found.mark);
            continue;
        }
        let mut message: Message =
            serde_json::from_str(line).with_context(|| format!("line {}", n + 1))?;
        message.mark = mark;
        messages.push(message);
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::wire;

    #[test]
    fn wire_lines_and_marks() {
        let text = concat!(
            r#"{"mark":1}"#,
            "\n",
            r#"{"n":0,"q":"cmdq","fn":76,"name":"GSP_RM_CONTROL","len":56,"seq":1,"elem_seq":2,"result":0,"elems":1,"#,
            r#""payload":"000000000000000012345678"}"#,
            "\n"
        );
        let messages = wire(text).unwrap();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].mark, Some(1));
        assert_eq!(messages[0].title(), "GSP_RM_CONTROL 0x78563412");
        assert!(wire("{\"n\":0}").is_err());
        assert!(wire(&text.replace("1234", "123")).is_err());
        assert!(wire(&text.replace("1234", "12xy")).is_err());
    }
}
