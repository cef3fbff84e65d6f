// SPDX-License-Identifier: GPL-2.0

//! A ring of pages with one writer and one reader, seen from the driver's end.

use super::element::PAGE_SIZE;

/// An access that the memory behind a ring does not cover. A defect of the driver, not of the
/// device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MemoryFault;

/// One queue's shared memory, and the means to wait for the other end.
///
/// Offsets count from the first element page, that is from `shm.<queue>.ptr + GSP_PAGE_SIZE`; all
/// accesses made here lie within `count * PAGE_SIZE`. `own` is the pointer that the driver moves
/// (the command queue's write pointer, the message queue's read pointer), `peer` the one that the
/// device moves.
pub trait RingMemory {
    /// Copies `to.len()` bytes out of the ring, reading each byte once.
    ///
    /// # Errors
    ///
    /// [`MemoryFault`] when the range is not within the ring.
    fn read(&mut self, offset: usize, to: &mut [u8]) -> Result<(), MemoryFault>;

    /// Copies `from` into the ring.
    ///
    /// # Errors
    ///
    /// [`MemoryFault`] when the range is not within the ring.
    fn write(&mut self, offset: usize, from: &[u8]) -> Result<(), MemoryFault>;

    /// Reads the device's pointer, once and volatile.
    fn peer(&mut self) -> u32;

    /// Reads the driver's own pointer from shared memory; only asked for when a queue is attached.
    fn own(&mut self) -> u32;

    /// Writes the driver's own pointer, once and volatile.
    fn publish(&mut self, own: u32);

    /// Orders a read of the device's pointer before reads of the pages that it announces.
    fn read_barrier(&mut self);

    /// Orders writes of pages before the write of the pointer (`wmb`).
    fn write_barrier(&mut self);

    /// Orders everything (`mb`).
    fn full_barrier(&mut self);

    /// Waits for a microsecond or two. False: do not wait any longer (the device is gone, a
    /// signal).
    fn pause(&mut self) -> bool;
}

/// How often to look again before giving up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    left: u32,
}

impl Budget {
    /// A budget of `tries` looks.
    #[must_use]
    pub fn new(tries: u32) -> Self {
        Self { left: tries }
    }

    /// Looks left.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Takes some looks off without waiting. False when there are not as many left.
    pub fn charge(&mut self, looks: u32) -> bool {
        match self.left.checked_sub(looks) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.left = 0;
                false
            }
        }
    }

    /// Pauses and takes one look off. False when the caller must give up.
    pub fn pause<M: RingMemory>(&mut self, memory: &mut M) -> bool {
        self.charge(1) && memory.pause() && self.left > 0
    }
}

/// A queue cannot be attached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AttachError {
    /// The number of pages is none that a ring can have.
    Count(u32),
    /// The driver's own pointer is not within the ring.
    Pointer {
        /// The pointer found.
        value: u32,
        /// Pages of the ring.
        count: u32,
    },
}

impl ::core::fmt::Display for AttachError {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        match self {
            Self::Count(count) => write!(f, "a queue of {count} pages is not possible"),
            Self::Pointer { value, count } => {
                write!(f, "own queue pointer {value:#x} is not below {count:#x}")
            }
        }
    }
}

/// A ring's size and the driver's own pointer.
///
/// # Invariants
///
/// `2 <= count <= COUNT_MAX` and `position < count`.
#[derive(Debug, Eq, PartialEq)]
pub struct Ring {
    count: u32,
    position: u32,
}

impl Ring {
    /// More pages than any queue has (nouveau: 63), few enough that offsets fit 32 bits.
    pub const COUNT_MAX: u32 = 0x1_0000;

    /// A ring of `count` pages, the driver being at page `position`.
    ///
    /// # Errors
    ///
    /// [`AttachError`] when the invariants would not hold.
    pub fn new(count: u32, position: u32) -> Result<Self, AttachError> {
        if !(2..=Self::COUNT_MAX).contains(&count) {
            return Err(AttachError::Count(count));
        }
        if position >= count {
            return Err(AttachError::Pointer {
                value: position,
                count,
            });
        }
        Ok(Self { count, position })
    }

    /// Pages of the ring.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The driver's own pointer.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.position
    }

    /// Pages from `from` forward to `to`; both must be below `count`.
    fn distance(&self, from: u32, to: u32) -> u32 {
        match to.checked_sub(from) {
            Some(pages) => pages,
            None => to.saturating_add(self.count).saturating_sub(from),
        }
    }

    /// Pages waiting to be read when the device's write pointer is `write`; `None` if that is no
    /// pointer.
    #[must_use]
    pub fn used(&self, write: u32) -> Option<u32> {
        (write < self.count).then(|| self.distance(self.position, write))
    }

    /// Pages that may be written when the device's read pointer is `read`; `None` if that is no
    /// pointer.
    ///
    /// One page always stays empty, so that a full ring does not look like an empty one.
    #[must_use]
    pub fn free(&self, read: u32) -> Option<u32> {
        let used = (read < self.count).then(|| self.distance(read, self.position))?;
        Some(self.count.saturating_sub(used).saturating_sub(1))
    }

    /// Moves the driver's own pointer; the caller publishes it.
    pub fn advance(&mut self, pages: u32) {
        // position + pages stays below 2 * count for any pages <= count.
        let pages = pages.min(self.count);
        let moved = self.position.saturating_add(pages);
        self.position = moved.checked_sub(self.count).unwrap_or(moved);
    }

    /// Where the `len` bytes that begin `skip` bytes behind the driver's pointer lie: one or two
    /// ranges of (offset, length), the second one empty unless they cross the ring's end.
    ///
    /// `None` when they do not fit the ring.
    #[must_use]
    pub fn spans(&self, skip: usize, len: usize) -> Option<[(usize, usize); 2]> {
        let size = usize::try_from(self.count).ok()?.checked_mul(PAGE_SIZE)?;
        if skip.checked_add(len)? > size {
            return None;
        }
        let start = usize::try_from(self.position)
            .ok()?
            .checked_mul(PAGE_SIZE)?
            .checked_add(skip)?;
        if let Some(start) = start.checked_sub(size) {
            return Some([(start, len), (0, 0)]);
        }
        let first = len.min(size.checked_sub(start)?);
        Some([(start, first), (0, len.checked_sub(first)?)])
    }
}
