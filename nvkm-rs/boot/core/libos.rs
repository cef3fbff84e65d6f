// SPDX-License-Identifier: GPL-2.0

//! What libos and RM are handed at their start, and what of it lies in memory that the device sees:
//! log buffers, queues (`r535_gsp_libos_init()`, `r535_gsp_shared_init()` of
//! nvkm/subdev/gsp/rm/r535/gsp.c).

use crate::abi::core::field::Place;
use crate::abi::core::framing::QUEUE;

/// Bytes of GSP's page.
pub const PAGE: u64 = 0x1000;
/// Bytes of the libos arguments' memory.
pub const ARGS_SIZE: usize = 0x1000;
/// Bytes of RM arguments' memory.
pub const RMARGS_SIZE: usize = 0x1000;
/// Bytes of a log buffer.
pub const LOG_SIZE: usize = 0x1_0000;
/// The log buffers, by the names that libos knows.
pub const LOGS: [&str; 3] = ["LOGINIT", "LOGINTR", "LOGRM"];
/// The name of RM's arguments.
pub const RMARGS: &str = "RMARGS";

/// Bytes of an entry of a page list.
const ENTRY: u64 = 8;

/// The list of the pages of a contiguous buffer, as bytes: offset and address of each. `from` is
/// where the list begins.
pub fn page_list(addr: u64, size: u64, from: u64) -> impl Iterator<Item = (usize, [u8; 8])> {
    (0..size.div_ceil(PAGE)).map_while(move |page| {
        let offset = page.checked_mul(ENTRY)?.checked_add(from)?;
        let entry = page.checked_mul(PAGE)?.checked_add(addr)?;
        Some((usize::try_from(offset).ok()?, entry.to_le_bytes()))
    })
}

/// Where a log buffer's list of its own pages begins: behind its put pointer.
pub const LOG_LIST: u64 = 8;

/// The queues' shared memory: a list of all its pages, the command queue, the message queue.
pub mod shared {
    use super::{page_list, Place, ENTRY, PAGE, QUEUE};

    /// Bytes of a queue, with its headers' page.
    pub const QUEUE_SIZE: u64 = 0x4_0000;
    /// Pages, those of the list itself counted.
    pub const PAGES: u64 = {
        let queues = 2 * QUEUE_SIZE / PAGE;
        queues + (queues * ENTRY).div_ceil(PAGE)
    };
    /// Bytes of the list, whole pages.
    pub const LIST_SIZE: u64 = (PAGES * ENTRY).next_multiple_of(PAGE);
    /// Bytes of all of it.
    pub const SIZE: u64 = LIST_SIZE + 2 * QUEUE_SIZE;
    /// Where the command queue begins.
    pub const COMMANDS: u64 = LIST_SIZE;
    /// Where the message queue begins.
    pub const MESSAGES: u64 = LIST_SIZE + QUEUE_SIZE;
    /// Elements of a queue.
    pub const ELEMENTS: u32 = ((QUEUE_SIZE - PAGE) / PAGE) as u32; // CAST: 63.

    /// Where in a queue its write pointer is.
    pub const WRITE_POINTER: usize = QUEUE.write_pointer.offset;
    /// Where in a queue its peer's read pointer is.
    pub const READ_POINTER: usize = QUEUE.tx_size + QUEUE.read_pointer.offset;

    /// The list of pages: offset and entry of each.
    pub fn list(addr: u64) -> impl Iterator<Item = (usize, [u8; 8])> {
        page_list(addr, PAGES * PAGE, 0)
    }

    /// The command queue's header: place in the queue and value of each field. The message queue's
    /// is GSP's to write.
    #[must_use]
    pub fn commands_header() -> [(Place, u32); 8] {
        [
            (QUEUE.version, 0),
            (QUEUE.size, QUEUE_SIZE as u32),   // CAST: 0x40000.
            (QUEUE.entry_offset, PAGE as u32), // CAST: 0x1000.
            (QUEUE.message_size, PAGE as u32), // CAST: As above.
            (QUEUE.message_count, ELEMENTS),
            (QUEUE.write_pointer, 0),
            (QUEUE.flags, 1),
            (QUEUE.rx_offset, READ_POINTER as u32), // CAST: 32.
        ]
    }
}
