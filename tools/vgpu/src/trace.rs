// SPDX-License-Identifier: GPL-2.0
//! What the device saw: `wire.jsonl`, `mmio.txt`, and the counters that end up in `device.json`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::buffer::Buffer;

/// No more errors than this are kept as text; the rest is counted.
const MAX_ERRORS: usize = 200;
/// No more unknown registers than this are told apart.
const MAX_UNKNOWN_REGISTERS: usize = 4096;

/// One element of a message queue.
#[derive(Debug)]
pub struct WireRecord<'a> {
    /// `cmdq` (driver to GSP) or `msgq`.
    pub queue: &'static str,
    /// RPC function.
    pub function: u32,
    /// Its name.
    pub name: &'static str,
    /// `rpc.length`.
    pub length: u32,
    /// `rpc.sequence`.
    pub sequence: u32,
    /// Sequence number of the queue element.
    pub elem_seq: u32,
    /// `rpc.rpc_result`.
    pub result: u32,
    /// Pages that the element takes.
    pub elems: u32,
    /// Everything behind the RPC header.
    pub payload: &'a [u8],
}

/// A buffer that the driver handed over, or what it loaded into a Falcon.
#[derive(Debug, Clone, Serialize)]
pub struct Handed {
    /// Which boot, from 1.
    pub boot: u32,
    /// The last mark before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<u8>,
    /// What it is.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Digest of the content when it was handed over; [`Recorder::pages`] has those of its pages.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Its first page in hexadecimal, without trailing zeros (empty for what is firmware).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub head: String,
    /// What else there is to say of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<&'static str, serde_json::Value>,
}

/// Accesses to a register that the model has no opinion about.
#[derive(Debug, Default, Clone, Copy)]
pub struct Unknown {
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
}

/// Message and doorbell counters.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Counts {
    /// Elements taken from the command queue.
    pub cmdq: u64,
    /// Elements put on the message queue.
    pub msgq: u64,
    /// Of those, asynchronous events.
    pub events: u64,
    /// Command-queue doorbells.
    pub doorbells: u64,
    /// Channel doorbells.
    pub channel_doorbells: u64,
    /// Interrupt messages sent.
    pub interrupts: u64,
    /// Trapped accesses to BAR1.
    pub bar1_accesses: u64,
    /// Trapped accesses to BAR2.
    pub bar2_accesses: u64,
}

struct Files {
    wire: BufWriter<File>,
    mmio: BufWriter<File>,
    dir: PathBuf,
}

/// Records what happens; writes files only when it was given a directory.
#[derive(Default)]
pub struct Recorder {
    files: Option<Files>,
    wire_n: u64,
    /// Counters.
    pub counts: Counts,
    /// Calls the model does not know: (kind, id) -> count.
    pub unknown_calls: BTreeMap<(&'static str, u32), u64>,
    /// Registers the model does not know.
    pub unknown_registers: BTreeMap<u32, Unknown>,
    /// Buffers handed over.
    pub handed: Vec<Handed>,
    /// Digests of the pages of what was handed over, by the digest of the whole: the same image at every boot is here once.
    pub pages: BTreeMap<String, String>,
    last_mark: Option<u8>,
    /// What the driver (or the model) did wrong.
    pub errors: Vec<String>,
    /// Errors beyond those kept.
    pub errors_dropped: u64,
}

impl Recorder {
    /// A recorder that writes below `dir`.
    ///
    /// # Errors
    /// When the directory or the files cannot be made.
    pub fn to_dir(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self {
            files: Some(Files {
                wire: BufWriter::with_capacity(1 << 16, File::create(dir.join("wire.jsonl"))?),
                mmio: BufWriter::with_capacity(1 << 16, File::create(dir.join("mmio.txt"))?),
                dir: dir.to_path_buf(),
            }),
            ..Self::default()
        })
    }

    /// Notes an error. The text says what was wrong, with numbers.
    pub fn error(&mut self, text: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            if let Some(f) = &mut self.files {
                // So that it is known after which access.
                let _ = writeln!(f.mmio, "# error {}", self.errors.len());
            }
            self.errors.push(text.into());
        } else {
            self.errors_dropped += 1;
        }
    }

    /// Notes a call that the model does not know.
    pub fn unknown_call(&mut self, kind: &'static str, id: u32) {
        *self.unknown_calls.entry((kind, id)).or_default() += 1;
    }

    /// Notes an access to a register that the model does not know.
    pub fn unknown_register(&mut self, addr: u32, write: bool) {
        if self.unknown_registers.len() >= MAX_UNKNOWN_REGISTERS
            && !self.unknown_registers.contains_key(&addr)
        {
            return;
        }
        let u = self.unknown_registers.entry(addr).or_default();
        if write {
            u.writes += 1;
        } else {
            u.reads += 1;
        }
    }

    /// One BAR0 access.
    pub fn mmio(&mut self, write: bool, addr: u32, value: u32) {
        if let Some(f) = &mut self.files {
            let dir = if write { 'W' } else { 'R' };
            let _ = writeln!(f.mmio, "{dir} {addr:#08x} {value:#010x}");
        }
    }

    /// One queue element.
    pub fn wire(&mut self, r: &WireRecord<'_>) {
        if r.queue == "cmdq" {
            self.counts.cmdq += 1;
        } else {
            self.counts.msgq += 1;
        }
        let n = self.wire_n;
        self.wire_n += 1;
        if let Some(f) = &mut self.files {
            // So that it is known which accesses came before a message.
            let _ = writeln!(f.mmio, "# wire {n}");
            let _ = write!(
                f.wire,
                "{{\"n\":{n},\"q\":\"{}\",\"fn\":{},\"name\":\"{}\",\"len\":{},\"seq\":{},\"elem_seq\":{},\"result\":{},\"elems\":{},\"payload\":\"",
                r.queue, r.function, r.name, r.length, r.sequence, r.elem_seq, r.result, r.elems
            );
            let mut hex = String::with_capacity(r.payload.len() * 2);
            push_hex(&mut hex, r.payload);
            let _ = f.wire.write_all(hex.as_bytes());
            let _ = f.wire.write_all(b"\"}\n");
        }
    }

    /// Something was handed over at a boot.
    pub fn hand(&mut self, boot: u32, buffer: Buffer) {
        if !buffer.pages.is_empty() {
            self.pages
                .entry(buffer.digest.clone())
                .or_insert(buffer.pages);
        }
        self.handed.push(Handed {
            boot,
            mark: self.last_mark,
            name: buffer.name,
            size: buffer.size,
            digest: buffer.digest,
            head: buffer.head,
            facts: buffer.facts,
        });
    }

    /// A mark set by the guest's script, in both files.
    pub fn mark(&mut self, mark: u8) {
        self.last_mark = Some(mark);
        if let Some(f) = &mut self.files {
            let _ = writeln!(f.mmio, "# mark {mark}");
            let _ = writeln!(f.wire, "{{\"mark\":{mark}}}");
        }
    }

    /// A remark in `mmio.txt`.
    pub fn remark(&mut self, text: &str) {
        if let Some(f) = &mut self.files {
            let _ = writeln!(f.mmio, "# {text}");
        }
    }

    /// Writes out what is buffered, and `device.json` with that content.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn flush(&mut self, device: &serde_json::Value) -> io::Result<()> {
        let Some(f) = &mut self.files else {
            return Ok(());
        };
        f.wire.flush()?;
        f.mmio.flush()?;
        // A reader never sees half of it.
        let tmp = f.dir.join("device.json.tmp");
        let mut text = serde_json::to_string_pretty(device)?;
        text.push('\n');
        fs::write(&tmp, text)?;
        fs::rename(tmp, f.dir.join("device.json"))
    }
}

/// Appends `bytes` in lower-case hexadecimal.
pub fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for b in bytes {
        out.push(DIGITS[usize::from(b >> 4)] as char);
        out.push(DIGITS[usize::from(b & 15)] as char);
    }
}
