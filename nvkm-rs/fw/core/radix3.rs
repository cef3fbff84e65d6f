// SPDX-License-Identifier: GPL-2.0

//! The table through which GSP sees an image whose pages lie anywhere: three levels of
//! little-endian bus addresses.
//!
//! Level 0 is one page with one entry, the address of level 1. Level 1 is one page with an entry
//! for each page of level 2 (512 at most). Level 2 has an entry for each page of the image. So 512
//! * 512 pages can be told: 1 GiB.
//!
//! C sizes level 2 by `(size / 4096) * 8`, which forgets a last page that is not full, and yet
//! writes an entry for it: where the full pages fill level 2 exactly that entry has no room and is
//! dropped, and the image loses its end. Above 1 GiB C writes past level 1. NVIDIA's own driver
//! rounds up (`kgspCreateRadix3_IMPL`), and so do we. C also leaves in the unused entries of level
//! 2 what was in that memory before; here they are cleared.

use super::error::{FwError, Reason};
use super::read::Field;

const NAME: &str = "radix3";
const SIZE: Field = Field::new("size", 0);

/// Bytes of a page (`GSP_PAGE_SIZE`).
pub const PAGE_SIZE: usize = 0x1000;
const PAGE_SHIFT: u32 = 12;
/// Entries in a page.
const ENTRIES: usize = 512;
const ENTRIES_SHIFT: u32 = 9;
/// Most bytes of an image.
pub const SIZE_MAX: u64 = 1 << 30;

/// One of the levels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// The root: one entry.
    L0,
    /// An entry for each page of level 2.
    L1,
    /// An entry for each page of the image.
    L2,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::L0 => "level 0",
            Self::L1 => "level 1",
            Self::L2 => "level 2",
        }
    }
}

/// Memory of a level, page after page.
pub trait Table {
    /// Writes entry `index`, counted from the level's beginning; whether there is such an entry.
    fn set(&mut self, index: usize, entry: [u8; 8]) -> bool;
}

impl Table for [u8] {
    fn set(&mut self, index: usize, entry: [u8; 8]) -> bool {
        let slot = index
            .checked_mul(8)
            .and_then(|at| self.get_mut(at..)?.first_chunk_mut());
        match slot {
            Some(slot) => *slot = entry,
            None => return false,
        }
        true
    }
}

/// How large the table of an image is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Radix3 {
    image_pages: usize,
    level2_pages: usize,
}

impl Radix3 {
    /// The table for an image of `size` bytes.
    ///
    /// # Errors
    ///
    /// `size` is 0 or more than [`SIZE_MAX`].
    pub fn new(size: u64) -> Result<Self, FwError> {
        let outside = Reason::Value {
            found: size,
            min: 1,
            max: SIZE_MAX,
        };
        let outside = FwError::new(NAME, SIZE.name, 0, outside);
        if size == 0 || size > SIZE_MAX {
            return Err(outside);
        }
        let image_pages = pages(usize::try_from(size).or(Err(outside))?, PAGE_SHIFT);
        Ok(Self {
            image_pages,
            level2_pages: pages(image_pages, ENTRIES_SHIFT),
        })
    }

    /// Pages of the image; the last one need not be full.
    #[must_use]
    pub const fn image_pages(&self) -> usize {
        self.image_pages
    }

    /// Pages that a level has.
    #[must_use]
    pub const fn pages(&self, level: Level) -> usize {
        match level {
            Level::L0 | Level::L1 => 1,
            Level::L2 => self.level2_pages,
        }
    }

    /// Bytes that a level has.
    #[must_use]
    pub const fn size(&self, level: Level) -> usize {
        self.pages(level).saturating_mul(PAGE_SIZE)
    }

    /// Entries of a level that are used.
    #[must_use]
    pub const fn entries(&self, level: Level) -> usize {
        match level {
            Level::L0 => 1,
            Level::L1 => self.level2_pages,
            Level::L2 => self.image_pages,
        }
    }

    /// Fills a level with the addresses of what is below it, in order, and clears the rest of its
    /// pages. Addresses beyond what is used are not looked at.
    ///
    /// # Errors
    ///
    /// Fewer addresses than entries; a table smaller than the level.
    pub fn fill<T: Table + ?Sized>(
        &self,
        level: Level,
        table: &mut T,
        addresses: impl IntoIterator<Item = u64>,
    ) -> Result<(), FwError> {
        let used = self.entries(level);
        let all = self.pages(level).saturating_mul(ENTRIES);
        let mut addresses = addresses.into_iter().take(used).fuse();
        for index in 0..all {
            let entry = match addresses.next() {
                Some(address) => address,
                None if index < used => return Err(short(level, index, used)),
                None => 0,
            };
            if !table.set(index, entry.to_le_bytes()) {
                return Err(short(level, index, all));
            }
        }
        Ok(())
    }
}

fn short(level: Level, index: usize, entries: usize) -> FwError {
    let at = index.saturating_mul(8);
    let all = u64::try_from(entries).unwrap_or(u64::MAX);
    let reason = Reason::Value {
        found: u64::try_from(index).unwrap_or(u64::MAX),
        min: all,
        max: all,
    };
    FwError::new(NAME, level.name(), at, reason)
}

/// Units of `1 << shift` that hold `count`.
const fn pages(count: usize, shift: u32) -> usize {
    match count.checked_sub(1) {
        Some(last) => (last >> shift).saturating_add(1),
        None => 0,
    }
}
