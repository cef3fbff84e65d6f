// SPDX-License-Identifier: GPL-2.0
//! radix3: three levels of page tables, by which GSP finds an image in memory that is not contiguous.
//!
//! Level 0 and level 1 are one page each; level 2 has one entry a page of the image (nvkm_gsp_radix3_sg() in
//! nvkm/subdev/gsp/rm/r535/gsp.c).

use crate::buffer::Buffer;
use crate::mem::{le64, Bus};

const PAGE: u64 = 0x1000;
/// Entries of a table page.
const ENTRIES: u64 = PAGE / 8;
/// Largest image that can be described with one page of level 1.
pub const MAX_IMAGE: u64 = ENTRIES * ENTRIES * PAGE;

/// Whether the pages that the table names are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The image is there, and read.
    Image,
    /// Only room for data that GSP will write: that there is memory is enough.
    Tables,
}

/// An image, and the tables that led to it.
#[derive(Debug, Default)]
pub struct Radix3 {
    /// The image.
    pub image: Vec<u8>,
    /// What is behind it in its last page.
    pub padding: Vec<u8>,
    /// What is to say of each level: its addresses are left out, they say nothing.
    pub tables: Vec<Buffer>,
}

/// What a level's pages are checked for.
struct Level {
    pages: u64,
    needed: u64,
    present: u64,
    aligned: bool,
    rest_zero: bool,
}

impl Level {
    fn new(needed: u64) -> Self {
        Self {
            pages: 0,
            needed,
            present: 0,
            aligned: true,
            rest_zero: true,
        }
    }

    /// Reads one more page of the table; gives its entries that are in use.
    fn page(&mut self, bus: &Bus, addr: u64) -> Result<Vec<u64>, String> {
        let mut bytes = [0; PAGE as usize];
        bus.mem
            .read(addr, &mut bytes)
            .map_err(|e| format!("radix3: {e}"))?;
        let all: Vec<u64> = (0..ENTRIES as usize).map(|n| le64(&bytes, n * 8)).collect();
        let used = (self.needed - self.pages * ENTRIES).min(ENTRIES) as usize;
        let (used, rest) = all.split_at(used);
        self.pages += 1;
        self.present += used.iter().filter(|e| **e != 0).count() as u64;
        self.aligned &= used.iter().all(|e| e % PAGE == 0);
        self.rest_zero &= rest.iter().all(|e| *e == 0);
        Ok(used.to_vec())
    }

    fn buffer(&self, name: String) -> Buffer {
        Buffer {
            name,
            size: self.pages * PAGE,
            ..Buffer::default()
        }
        .with("entries", self.present)
        .with("entries_needed", self.needed)
        .with("aligned", self.aligned)
        .with("rest_zero", self.rest_zero)
    }
}

/// Follows the table at `level0` to an image of `size` bytes; `name` is for the tables' own names.
///
/// # Errors
/// A sentence that says where it ends.
pub fn follow(
    bus: &Bus,
    name: &str,
    level0: u64,
    size: u64,
    depth: Depth,
) -> Result<Radix3, String> {
    if size == 0 || size > MAX_IMAGE {
        return Err(format!("{name}: image of {size:#x} bytes"));
    }
    let pages = size.div_ceil(PAGE);
    let mut levels = [1, pages.div_ceil(ENTRIES), pages].map(Level::new);
    let [top, middle, bottom] = &mut levels;
    let level1 = top.page(bus, level0)?[0];
    let level2 = middle.page(bus, level1)?;
    let mut leaves = Vec::with_capacity(pages as usize);
    for (n, at) in level2.into_iter().enumerate() {
        let entries = bottom.page(bus, at);
        leaves.extend(entries.map_err(|e| format!("{e} (level 2, page {n})"))?);
    }
    let mut found = Radix3 {
        tables: levels
            .iter()
            .enumerate()
            .map(|(n, level)| level.buffer(format!("{name} level {n}")))
            .collect(),
        ..Radix3::default()
    };
    let wanted = match depth {
        Depth::Image => PAGE as usize,
        Depth::Tables => 8,
    };
    let mut page = vec![0; wanted];
    for (n, at) in leaves.into_iter().enumerate() {
        bus.mem
            .read(at, &mut page)
            .map_err(|e| format!("{name}: page {n}: {e}"))?;
        if depth == Depth::Image {
            found.image.extend_from_slice(&page);
        }
    }
    if depth == Depth::Image {
        found.padding = found.image.split_off(size as usize);
    }
    Ok(found)
}
