// SPDX-License-Identifier: GPL-2.0
//! What becomes of video memory over suspend: power goes, and RM brings back what it was told to keep, and its own.
//!
//! r535 is told of regions, and keeps them in memory of the driver's (`FBSR_INIT`, `FBSR_SEND_REGION_INFO`; nvrm/fbsr.h); with
//! r570 the driver keeps its own.

use super::objects::{status, Kind, Object};
use super::{Ctx, Rm};
use crate::mem::{le32, le64, Aperture, Bus};

const PAGE: u64 = 0x1000;
/// NV01_MEMORY_LIST_SYSTEM, NV01_MEMORY_LIST_FBMEM
const LIST_SYSTEM: u32 = 0x81;
const LIST_FBMEM: u32 = 0x82;

/// A piece of video memory and where in the driver's memory it goes.
#[derive(Debug, Clone, Copy)]
struct Region {
    addr: u64,
    size: u64,
    to: u64,
}

/// What RM was told for a suspend.
#[derive(Debug, Default)]
pub(super) struct Saved {
    /// Pages of the driver's memory.
    pages: Vec<u64>,
    expected: usize,
    regions: Vec<Region>,
    /// RM's own: page directories of BAR1 and BAR2.
    own: Vec<(u64, Vec<u8>)>,
}

impl Saved {
    /// Copies `size` bytes from or to the driver's memory at `offset`.
    fn system(
        &self,
        offset: u64,
        size: u64,
        mut f: impl FnMut(u64, std::ops::Range<usize>) -> bool,
    ) -> bool {
        let mut done = 0;
        while done < size {
            let at = offset + done;
            let n = (size - done).min(PAGE - at % PAGE);
            let Some(page) = self.pages.get((at / PAGE) as usize) else {
                return false;
            };
            if !f(page + at % PAGE, done as usize..(done + n) as usize) {
                return false;
            }
            done += n;
        }
        true
    }
}

impl Rm {
    /// rpc_alloc_memory_v13_01: an object that is a list of pages.
    pub(super) fn alloc_memory(&mut self, ctx: &mut Ctx<'_>, p: &[u8]) {
        let (client, parent, handle, class) = (le32(p, 0), le32(p, 4), le32(p, 8), le32(p, 12));
        let (length, count) = (le64(p, 32), le32(p, 40) as usize);
        let listed = (le32(p, 48) >> 16) as usize;
        let pages: Vec<u64> = (0..count.min(p.len() / 8))
            .map(|n| le64(p, 56 + n * 8) << 12)
            .collect();
        let whole = p.len() == 56 + count * 8 && listed == count && length == count as u64 * PAGE;
        if !whole || !matches!(class, LIST_SYSTEM | LIST_FBMEM) {
            ctx.rec.error(format!(
                "ALLOC_MEMORY handle {handle:#x} class {class:#x}: {length:#x} bytes in {count} pages, {listed} listed"
            ));
        }
        let aperture = match class {
            LIST_FBMEM => Aperture::Vram,
            _ => Aperture::Sys,
        };
        let object = Object {
            class,
            parent,
            internal: false,
            kind: Kind::Memory { aperture, pages },
        };
        if let Err(s) = self.objects.add(client, handle, object) {
            ctx.rec.error(format!(
                "ALLOC_MEMORY client {client:#x} parent {parent:#x} handle {handle:#x}: status {s:#x}"
            ));
        }
    }

    /// NV2080_CTRL_INTERNAL_FBSR_INIT_PARAMS: the driver's memory for what is kept.
    pub(super) fn fbsr_init(&mut self, ctx: &mut Ctx<'_>, p: &[u8]) -> u32 {
        let (expected, client, handle) = if self.layout.fbsr_regions {
            (le32(p, 4) as usize, le32(p, 8), le32(p, 12))
        } else {
            (0, le32(p, 0), le32(p, 4))
        };
        let kind = self.objects.get(client, handle).map(|o| &o.kind);
        let Some(Kind::Memory {
            aperture: Aperture::Sys,
            pages,
        }) = kind
        else {
            ctx.rec.error(format!(
                "FBSR_INIT: client {client:#x} object {handle:#x} is no system memory"
            ));
            return status::INVALID_HANDLE;
        };
        self.saved = Saved {
            pages: pages.clone(),
            expected,
            ..Saved::default()
        };
        status::OK
    }

    /// NV2080_CTRL_INTERNAL_FBSR_SEND_REGION_INFO_PARAMS: one region.
    pub(super) fn fbsr_region(&mut self, ctx: &mut Ctx<'_>, p: &[u8]) -> u32 {
        let (client, handle) = (le32(p, 4), le32(p, 8));
        let (from, to, size) = (le64(p, 16), le64(p, 24), le64(p, 32));
        let kind = self.objects.get(client, handle).map(|o| &o.kind);
        let fits = match kind {
            Some(Kind::Memory {
                aperture: Aperture::Vram,
                pages,
            }) => {
                let contiguous = pages.windows(2).all(|w| w[1] == w[0] + PAGE);
                let room = pages.len() as u64 * PAGE;
                let inside = from.checked_add(size).is_some_and(|end| end <= room);
                pages
                    .first()
                    .copied()
                    .filter(|_| contiguous && inside && from % PAGE == 0)
            }
            _ => None,
        };
        let Some(first) = fits else {
            ctx.rec.error(format!(
                "FBSR_SEND_REGION_INFO: client {client:#x} object {handle:#x}, {size:#x} bytes at {from:#x}"
            ));
            return status::INVALID_ARGUMENT;
        };
        self.saved.regions.push(Region {
            addr: first + from,
            size,
            to,
        });
        status::OK
    }

    /// Puts away what is to survive. Sentences about what cannot.
    pub fn put_away(&mut self, bus: &Bus) -> Vec<String> {
        let mut wrong = Vec::new();
        let saved = &self.saved;
        if saved.regions.len() != saved.expected {
            wrong.push(format!(
                "suspend: {} regions, {} were promised",
                saved.regions.len(),
                saved.expected
            ));
        }
        for r in &saved.regions {
            let mut data = vec![0; r.size as usize];
            let done = bus.vram.read(r.addr, &mut data).is_ok()
                && saved.system(r.to, r.size, |at, part| {
                    bus.mem.write(at, &data[part]).is_ok()
                });
            if !done {
                wrong.push(format!("suspend: {r:x?} cannot be kept"));
            }
        }
        let own = [self.fb.bar1_pdb, self.fb.bar2_pdb].map(|pdb| {
            let mut page = vec![0; PAGE as usize];
            let _ = bus.vram.read(pdb, &mut page);
            (pdb, page)
        });
        self.saved.own = own.to_vec();
        wrong
    }

    /// Brings it back. Sentences about what cannot be brought back.
    pub fn bring_back(&mut self, bus: &Bus) -> Vec<String> {
        let saved = std::mem::take(&mut self.saved);
        let mut wrong = Vec::new();
        for r in &saved.regions {
            let mut data = vec![0; r.size as usize];
            let done = saved.system(r.to, r.size, |at, part| {
                bus.mem.read(at, &mut data[part]).is_ok()
            }) && bus.vram.write(r.addr, &data).is_ok();
            if !done {
                wrong.push(format!("resume: {r:x?} is not there"));
            }
        }
        for (pdb, page) in &saved.own {
            let _ = bus.vram.write(*pdb, page);
        }
        wrong
    }
}
