// SPDX-License-Identifier: GPL-2.0
//! What the virtual GPU recorded of a run: messages, register accesses, and its own state.

use std::fs;
use std::path::Path;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;

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
#[derive(Clone, Debug, Deserialize)]
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

/// One register access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// Write, or else read.
    pub write: bool,
    /// Offset in BAR0.
    pub addr: u32,
    /// The value.
    pub value: u32,
    /// The number of the DMA address in it, which `value` then no longer has; see [`crate::address`].
    pub dma: Option<u32>,
    /// The last mark before it.
    pub mark: Option<u32>,
}

impl Access {
    /// The value as reports show it.
    pub fn shown(&self) -> String {
        match self.dma {
            Some(n) if self.value != 0 => format!("dma#{n} | {:#010x}", self.value),
            Some(n) => format!("dma#{n}"),
            None => format!("{:#010x}", self.value),
        }
    }
}

/// Everything the device recorded.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Messages of both queues, in order.
    pub messages: Vec<Message>,
    /// Register accesses, in order.
    pub accesses: Vec<Access>,
    /// `device.json`.
    pub device: Value,
}

impl Trace {
    /// Reads the traces of a run.
    ///
    /// # Errors
    ///
    /// A file is missing or broken.
    pub fn load(dir: &Path) -> Result<Self> {
        let text = |name: &str| {
            let path = dir.join(name);
            fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let messages =
            wire(&text("wire.jsonl")?).with_context(|| format!("{}/wire.jsonl", dir.display()))?;
        let accesses =
            mmio(&text("mmio.txt")?).with_context(|| format!("{}/mmio.txt", dir.display()))?;
        let device = serde_json::from_str(&text("device.json")?)
            .with_context(|| format!("{}/device.json", dir.display()))?;
        Ok(Self {
            messages,
            accesses,
            device,
        })
    }
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

/// Parses `mmio.txt`.
///
/// # Errors
///
/// A line is neither an access nor a comment.
pub fn mmio(text: &str) -> Result<Vec<Access>> {
    let mut mark = None;
    let mut accesses = Vec::new();
    let number = |word: &str| u32::from_str_radix(word.trim_start_matches("0x"), 16).ok();
    for (n, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (None, ..) => {}
            (Some("#"), Some("mark"), Some(number)) => mark = number.parse().ok(),
            (Some(word), ..) if word.starts_with('#') => {}
            (Some(kind @ ("R" | "W")), Some(addr), Some(value)) => {
                match (number(addr), number(value)) {
                    (Some(addr), Some(value)) => accesses.push(Access {
                        write: kind == "W",
                        addr,
                        value,
                        dma: None,
                        mark,
                    }),
                    _ => bail!("line {}: '{line}' is not an access", n + 1),
                }
            }
            _ => bail!("line {}: '{line}' is not an access", n + 1),
        }
    }
    Ok(accesses)
}

#[cfg(test)]
mod tests {
    use super::mmio;
    use super::wire;

    #[test]
    fn wire_lines_and_marks() {
        let text = concat!(
            r#"{"mark":1}"#,
            "\n",
            r#"{"n":0,"q":"cmdq","fn":76,"name":"GSP_RM_CONTROL","len":56,"seq":1,"elem_seq":2,"result":0,"elems":1,"payload":"000000000000000012345678"}"#,
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

    #[test]
    fn register_lines_and_marks() {
        let accesses = mmio("# made by x\nR 0x100 0x1\n# mark 3\nW 0x104 0xffffffff\n").unwrap();
        assert_eq!(accesses.len(), 2);
        assert_eq!(accesses[0].mark, None);
        assert_eq!(accesses[1].mark, Some(3));
        assert!(accesses[1].write);
        assert!(mmio("R 0x100").is_err());
        assert!(mmio("X 0x100 0x1").is_err());
        assert!(mmio("R zz 0x1").is_err());
    }
}
