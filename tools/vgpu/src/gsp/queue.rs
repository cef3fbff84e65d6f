// SPDX-License-Identifier: GPL-2.0
//! The message queues in guest memory: rings of 4 KB pages, elements of one to sixteen pages, checksums.
//!
//! Shapes: `msgqTxHeader`, `msgqRxHeader`, `GSP_MSG_QUEUE_ELEMENT` and `rpc_message_header_v` of nvrm/gsp.h (r535), and
//! r535_gsp_shared_init() in nvkm/subdev/gsp/rm/r535/gsp.c. The reader of a queue keeps its read pointer in the other
//! queue's header ("swap RX").

use super::element::Element;
use crate::mem::{le32, put32, put64, Bus, BusError};

/// Bytes of a page of the queue.
pub const PAGE: usize = 0x1000;
/// Bytes of the element header in front of the RPC.
pub const ELEMENT_HEADER: usize = 0x30;
/// Bytes of the RPC header.
pub const RPC_HEADER: usize = 0x20;
/// Pages of the longest element.
pub const MAX_PAGES: usize = 16;
/// Longest RPC (header and payload) in one element.
pub const MAX_RPC: usize = MAX_PAGES * PAGE - ELEMENT_HEADER;
/// Longest payload in one element.
pub const MAX_PAYLOAD: usize = MAX_RPC - RPC_HEADER;

/// Offset of `msgqTxHeader.writePtr`.
pub const TX_WRITE_PTR: usize = 0x10;
/// Offset of `msgqRxHeader.readPtr`: of the other queue.
pub const RX_READ_PTR: usize = 0x20;
const HEADER_VERSION: u32 = 0x0300_0000;
const SIGNATURE: u32 = 0x4350_5256;

/// An RPC as it stands in one element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rpc {
    /// Function or event number.
    pub function: u32,
    /// `rpc_result`.
    pub result: u32,
    /// `rpc_result_private`.
    pub result_private: u32,
    /// RPC sequence number.
    pub sequence: u32,
    /// Behind the header.
    pub payload: Vec<u8>,
}

/// What is wrong with an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadElement(pub String);

impl std::fmt::Display for BadElement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// XOR of all 64-bit words, folded to 32 bits. `data` may end within a word: the rest counts as zero.
pub fn checksum(data: &[u8]) -> u32 {
    let sum = data.chunks(8).fold(0u64, |sum, c| {
        let mut w = [0; 8];
        w[..c.len()].copy_from_slice(c);
        sum ^ u64::from_le_bytes(w)
    });
    (sum >> 32) as u32 ^ sum as u32
}

/// Lays an RPC out as an element: whole pages, checksum zero over all of it.
///
/// # Panics
/// Never: a payload over [`MAX_PAYLOAD`] is cut (callers split before).
pub fn encode(rpc: &Rpc, elem_seq: u32) -> Vec<u8> {
    let payload = &rpc.payload[..rpc.payload.len().min(MAX_PAYLOAD)];
    let used = ELEMENT_HEADER + RPC_HEADER + payload.len();
    let pages = used.div_ceil(PAGE);
    let mut e = vec![0; pages * PAGE];
    put32(&mut e, 0x24, elem_seq);
    put32(&mut e, 0x28, pages as u32);
    put32(&mut e, 0x30, HEADER_VERSION);
    put32(&mut e, 0x34, SIGNATURE);
    put32(&mut e, 0x38, (RPC_HEADER + payload.len()) as u32);
    put32(&mut e, 0x3c, rpc.function);
    put32(&mut e, 0x40, rpc.result);
    put32(&mut e, 0x44, rpc.result_private);
    put32(&mut e, 0x48, rpc.sequence);
    e[0x50..used].copy_from_slice(payload);
    let sum = checksum(&e);
    put32(&mut e, 0x20, sum);
    e
}

/// Pages that the element beginning with this page says it takes.
///
/// # Errors
/// [`BadElement`] when that number is not 1 to 16 or the RPC's length does not fit it.
pub fn element_pages(first: &[u8]) -> Result<usize, BadElement> {
    let pages = le32(first, 0x28) as usize;
    let length = le32(first, 0x38) as usize;
    if !(1..=MAX_PAGES).contains(&pages) {
        return Err(BadElement(format!("element of {pages} pages")));
    }
    if !(RPC_HEADER..=pages * PAGE - ELEMENT_HEADER).contains(&length) {
        return Err(BadElement(format!(
            "RPC of {length} bytes in an element of {pages} pages"
        )));
    }
    Ok(pages)
}

/// An element as it was taken from the command queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its sequence number.
    pub elem_seq: u32,
    /// Pages it takes.
    pub pages: u32,
    /// What it carries.
    pub rpc: Rpc,
    /// What GSP-RM would complain about, although the element can be read: checksum, order. The model answers such an
    /// element nevertheless, so that a faulty driver is seen to be faulty and does not merely time out.
    pub complaint: Option<String>,
}

/// Takes an element apart.
///
/// # Errors
/// [`BadElement`] for lengths, version or signature that cannot be an RPC's.
pub fn decode(e: &[u8]) -> Result<Taken, BadElement> {
    let pages = element_pages(e)?;
    if e.len() < pages * PAGE {
        return Err(BadElement(format!("element cut at {} bytes", e.len())));
    }
    let (version, signature) = (le32(e, 0x30), le32(e, 0x34));
    if version != HEADER_VERSION {
        return Err(BadElement(format!("RPC header version {version:#x}")));
    }
    if signature != SIGNATURE {
        return Err(BadElement(format!("RPC signature {signature:#x}")));
    }
    let used = ELEMENT_HEADER + le32(e, 0x38) as usize;
    // NVIDIA's own driver sums what is used, nouveau whole pages; the rest of a page is zero or stale.
    let sum = checksum(&e[..used]);
    let complaint = (sum != 0 && checksum(&e[..pages * PAGE]) != 0).then(|| {
        format!(
            "function {}: checksum of the element leaves {sum:#x}",
            le32(e, 0x3c)
        )
    });
    let rpc = Rpc {
        function: le32(e, 0x3c),
        result: le32(e, 0x40),
        result_private: le32(e, 0x44),
        sequence: le32(e, 0x48),
        payload: e[0x50..used].to_vec(),
    };
    Ok(Taken {
        elem_seq: le32(e, 0x24),
        pages: pages as u32,
        rpc,
        complaint,
    })
}

/// One queue: the pages that hold its header and its entries.
#[derive(Debug, Clone, Default)]
pub struct Ring {
    pages: Vec<u64>,
}

impl Ring {
    /// A ring over these pages, the first of which holds the header.
    pub fn new(pages: Vec<u64>) -> Self {
        Self { pages }
    }

    /// Entries of one page each.
    pub fn entries(&self) -> u32 {
        self.pages.len() as u32 - 1
    }

    fn header(&self, bus: &Bus, off: usize) -> Result<u32, BusError> {
        bus.sys32(self.pages[0].wrapping_add(off as u64))
    }

    fn set_header(&self, bus: &Bus, off: usize, v: u32) -> Result<(), BusError> {
        bus.mem
            .write(self.pages[0].wrapping_add(off as u64), &v.to_le_bytes())
    }

    /// Bus address of entry `n` (modulo the ring).
    fn entry(&self, n: u32) -> u64 {
        self.pages[1 + (n % self.entries()) as usize]
    }
}

/// A word in the queues' memory, by its offset in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Of the command queue's header page.
    Commands(u64),
    /// Of the message queue's.
    Messages(u64),
    /// Of the element that is posted next.
    Next(u64),
}

/// Both queues of one boot.
#[derive(Debug, Clone, Default)]
pub struct Queues {
    cmdq: Ring,
    msgq: Ring,
    next_cmd: Option<u32>,
    next_msg: u32,
}

impl Queues {
    /// Reads the page table of the shared memory and finds both queues in it.
    ///
    /// # Errors
    /// A sentence that says which argument does not make sense.
    pub fn attach(
        bus: &Bus,
        shared: u64,
        ptes: u32,
        cmdq_off: u64,
        msgq_off: u64,
    ) -> Result<Self, String> {
        if !(4..=4096).contains(&ptes) {
            return Err(format!("page table of {ptes} entries for the queues"));
        }
        let mut raw = vec![0; ptes as usize * 8];
        bus.mem
            .read(shared, &mut raw)
            .map_err(|e| format!("page table of the queues: {e}"))?;
        let pages: Vec<u64> = raw
            .chunks_exact(8)
            .map(|c| crate::mem::le64(c, 0))
            .collect();
        let (c, m) = (cmdq_off / PAGE as u64, msgq_off / PAGE as u64);
        if cmdq_off % PAGE as u64 != 0 || msgq_off % PAGE as u64 != 0 || c + 1 >= m {
            return Err(format!("queues at {cmdq_off:#x} and {msgq_off:#x}"));
        }
        let count = m - c;
        let end = m + count;
        // The table need not list every page of the last queue's end; contiguous memory follows its first page.
        let page = |i: u64| -> Option<u64> { pages.get(i as usize).copied() };
        if page(c).is_none() || page(end - 1).is_none() {
            return Err(format!(
                "queues end at page {end} and the table has {ptes} entries"
            ));
        }
        let ring = |first: u64| Ring::new((first..first + count).filter_map(page).collect());
        let mut q = Self {
            cmdq: ring(c),
            msgq: ring(m),
            next_cmd: None,
            next_msg: 0,
        };
        let h = |off| q.cmdq.header(bus, off).map_err(|e| e.to_string());
        let (size, msg_size, msg_count, entry_off) = (h(0x04)?, h(0x08)?, h(0x0c)?, h(0x1c)?);
        if msg_size != PAGE as u32 || entry_off != PAGE as u32 || msg_count != q.cmdq.entries() {
            return Err(format!(
                "command queue of {size:#x} bytes: {msg_count} entries of {msg_size:#x} at {entry_off:#x}"
            ));
        }
        q.init_msgq(bus).map_err(|e| e.to_string())?;
        Ok(q)
    }

    /// Writes the message queue's own header, as GSP-RM does when it starts.
    fn init_msgq(&mut self, bus: &Bus) -> Result<(), BusError> {
        let entries = self.msgq.entries();
        let words = [
            (0x00, 0),
            (0x04, (entries + 1) * PAGE as u32),
            (0x08, PAGE as u32),
            (0x0c, entries),
            (TX_WRITE_PTR, 0),
            (0x14, 1),
            (0x18, RX_READ_PTR as u32),
            (0x1c, PAGE as u32),
            (RX_READ_PTR, 0),
        ];
        for (off, v) in words {
            self.msgq.set_header(bus, off, v)?;
        }
        Ok(())
    }

    /// Takes the next element from the command queue, if there is one.
    ///
    /// A bad element is dropped with its pages (all that is queued, if its page count makes no sense).
    ///
    /// # Errors
    /// What was wrong with it, and whether there can be more behind it: a queue whose memory or pointers are bad has nothing.
    pub fn take(&mut self, bus: &Bus) -> Option<Result<Taken, (BadElement, bool)>> {
        let entries = self.cmdq.entries();
        let bad = |e: BusError| BadElement(format!("command queue: {e}"));
        let write = match self.cmdq.header(bus, TX_WRITE_PTR) {
            Ok(w) => w,
            Err(e) => return Some(Err((bad(e), false))),
        };
        let read = match self.msgq.header(bus, RX_READ_PTR) {
            Ok(r) => r,
            Err(e) => return Some(Err((bad(e), false))),
        };
        if write >= entries || read >= entries {
            let text = format!("command queue pointers: write {write}, read {read}, of {entries}");
            return Some(Err((BadElement(text), false)));
        }
        if write == read {
            return None;
        }
        let queued = (write + entries - read) % entries;
        let mut first = [0; PAGE];
        if let Err(e) = bus.mem.read(self.cmdq.entry(read), &mut first) {
            return Some(Err((bad(e), false)));
        }
        let (pages, result) = match element_pages(&first) {
            Ok(pages) if pages as u32 <= queued => {
                let mut e = vec![0; pages * PAGE];
                let all = e
                    .chunks_exact_mut(PAGE)
                    .enumerate()
                    .try_for_each(|(i, p)| bus.mem.read(self.cmdq.entry(read + i as u32), p));
                (pages as u32, all.map_err(bad).and_then(|()| decode(&e)))
            }
            Ok(pages) => (
                queued,
                Err(BadElement(format!(
                    "element of {pages} pages with {queued} queued"
                ))),
            ),
            Err(e) => (queued, Err(e)),
        };
        let next = (read + pages) % entries;
        if let Err(e) = self.msgq.set_header(bus, RX_READ_PTR, next) {
            return Some(Err((bad(e), false)));
        }
        let result = result.map_err(|e| (e, true));
        Some(result.map(|mut taken| {
            // The first element may carry any number.
            let seq = taken.elem_seq;
            let expected = self.next_cmd.unwrap_or(seq);
            self.next_cmd = Some(seq.wrapping_add(1));
            if seq != expected && taken.complaint.is_none() {
                taken.complaint = Some(format!(
                    "function {}: element {seq} where {expected} was due",
                    taken.rpc.function
                ));
            }
            taken
        }))
    }

    /// Puts an element on the message queue.
    ///
    /// Returns its sequence number and pages, or `None` when there is no room yet.
    ///
    /// # Errors
    /// When the queue's memory is gone or the driver's read pointer is out of range.
    pub fn post(&mut self, bus: &Bus, element: &Element) -> Result<Option<(u32, u32)>, String> {
        let text = |e: BusError| e.to_string();
        let entries = self.msgq.entries();
        let write = self.msgq.header(bus, TX_WRITE_PTR).map_err(text)?;
        let read = self.cmdq.header(bus, RX_READ_PTR).map_err(text)?;
        if write >= entries || read >= entries {
            return Err(format!(
                "message queue pointers: write {write}, read {read}, of {entries}"
            ));
        }
        let e = element.bytes(self.next_msg);
        let pages = element.pages(&e);
        let free = (read + entries - write - 1) % entries;
        if free < pages.max((e.len() / PAGE) as u32) {
            return Ok(None);
        }
        self.put(bus, write, &e, pages).map(Some).map_err(text)
    }

    /// Puts an element on the message queue without a look at how far the driver has read.
    ///
    /// # Errors
    /// When the queue's memory is gone.
    pub fn force(&mut self, bus: &Bus, element: &Element) -> Result<(u32, u32), BusError> {
        let write = self.msgq.header(bus, TX_WRITE_PTR)? % self.msgq.entries();
        let e = element.bytes(self.next_msg);
        self.put(bus, write, &e, element.pages(&e))
    }

    fn put(&mut self, bus: &Bus, at: u32, e: &[u8], pages: u32) -> Result<(u32, u32), BusError> {
        for (i, page) in e.chunks_exact(PAGE).enumerate() {
            bus.mem.write(self.msgq.entry(at + i as u32), page)?;
        }
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        let next = at.wrapping_add(pages) % self.msgq.entries();
        self.msgq.set_header(bus, TX_WRITE_PTR, next)?;
        let seq = self.next_msg;
        self.next_msg = seq.wrapping_add(1);
        Ok((seq, pages))
    }

    /// Bus address of a word: of a queue's header, or of the element that is posted next.
    pub fn place(&self, bus: &Bus, word: Word) -> Result<u64, BusError> {
        Ok(match word {
            Word::Commands(offset) => self.cmdq.pages[0].wrapping_add(offset),
            Word::Messages(offset) => self.msgq.pages[0].wrapping_add(offset),
            Word::Next(offset) => {
                let write = self.msgq.header(bus, TX_WRITE_PTR)?;
                self.msgq.entry(write).wrapping_add(offset)
            }
        })
    }

    /// Entries of the message queue.
    pub fn entries(&self) -> u32 {
        self.msgq.entries()
    }

    /// The message queue's pages, the first of which holds the header.
    pub fn message_pages(&self) -> &[u64] {
        &self.msgq.pages
    }

    /// Pages in either queue that nobody has read; none where the memory or the pointers make no sense.
    pub fn unread(&self, bus: &Bus) -> Option<u32> {
        let [write, read, msg_write, msg_read] = self.pointers(bus)?;
        let pages = |entries: u32, write: u32, read: u32| {
            (write < entries && read < entries).then(|| (write + entries - read) % entries)
        };
        let commands = pages(self.cmdq.entries(), write, read)?;
        Some(commands + pages(self.msgq.entries(), msg_write, msg_read)?)
    }

    /// Pointers as they stand: command queue write and read, message queue write and read.
    pub fn pointers(&self, bus: &Bus) -> Option<[u32; 4]> {
        if self.cmdq.pages.is_empty() {
            return None;
        }
        Some([
            self.cmdq.header(bus, TX_WRITE_PTR).ok()?,
            self.msgq.header(bus, RX_READ_PTR).ok()?,
            self.msgq.header(bus, TX_WRITE_PTR).ok()?,
            self.cmdq.header(bus, RX_READ_PTR).ok()?,
        ])
    }
}

/// Lays out the shared memory as a driver does; for tests and drivers in-process. `base` holds the page table, followed by
/// both queues of `pages` pages each. Returns (entries of the page table, offset of cmdq, offset of msgq).
pub fn init_shared(bus: &Bus, base: u64, pages: u32) -> Result<(u32, u64, u64), BusError> {
    let table_pages = (pages as usize * 2 * 8).div_ceil(PAGE) as u32;
    let total = table_pages + 2 * pages;
    let mut table = vec![0; total as usize * 8];
    for i in 0..total as usize {
        put64(&mut table, i * 8, base + (i * PAGE) as u64);
    }
    bus.mem.write(base, &table)?;
    let cmdq = u64::from(table_pages) * PAGE as u64;
    let msgq = cmdq + u64::from(pages) * PAGE as u64;
    let mut h = vec![0; 0x24];
    put32(&mut h, 0x04, pages * PAGE as u32);
    put32(&mut h, 0x08, PAGE as u32);
    put32(&mut h, 0x0c, pages - 1);
    put32(&mut h, 0x14, 1);
    put32(&mut h, 0x18, RX_READ_PTR as u32);
    put32(&mut h, 0x1c, PAGE as u32);
    bus.mem.write(base + cmdq, &h)?;
    Ok((total, cmdq, msgq))
}
