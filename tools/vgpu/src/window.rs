// SPDX-License-Identifier: GPL-2.0
//! BAR2 without traps: the pages that its page tables map live in a memory file that the guest maps.
//!
//! A guest that maps a file sees always the same pages at the same place, and cannot be told to look elsewhere. So not the
//! window follows video memory, but video memory the window: when the TLB is invalidated, each page that BAR2 maps now is
//! moved into the window's page at that address, and each that it maps no more is moved home. Whoever reads video memory
//! finds the page wherever it is. As on hardware, a changed entry counts from the invalidation on.
//!
//! What is lost is the error for an access to what is not mapped; without the window (`Options::window`) it is there.

use crate::mem::{Aperture, Bus};
use crate::mmu::{self, Root};

/// Bytes of BAR2 that are offered: the lower half, which is the driver's (r535_bar_new_() in nouveau halves it).
pub const WINDOW: u64 = crate::pci::BAR2_SIZE / 2;
/// Bytes of a page.
const PAGE: u64 = 0x1000;
/// Pages that one last-level directory entry covers.
const SPAN: u64 = 512;

/// What is in the window.
#[derive(Debug, Default)]
pub struct Window {
    /// Page of video memory in each page of the window.
    slots: Vec<Option<u64>>,
}

/// The video memory pages that BAR2 maps, by page of the window.
fn mapped(bus: &Bus, root: Root) -> Vec<Option<u64>> {
    let mut want = vec![None; (WINDOW / PAGE) as usize];
    let mut page = 0;
    while page < WINDOW / PAGE {
        match mmu::walk(bus, root, page * PAGE) {
            Ok(t) if t.aperture == Aperture::Vram && !t.sparse => {
                want[page as usize] = Some(t.addr / PAGE);
            }
            // A directory entry that is not there covers many pages.
            Err(f) if f.level >= 0 => {
                page = (page / SPAN + 1) * SPAN;
                continue;
            }
            _ => {}
        }
        page += 1;
    }
    want
}

impl Window {
    /// Makes the window hold what BAR2 maps. `None`: it maps nothing. Returns pages that it maps more than once.
    pub fn follow(&mut self, bus: &mut Bus, root: Option<Root>) -> usize {
        let mut want = match root {
            Some(r) => mapped(bus, r),
            None => Vec::new(),
        };
        let slots = (WINDOW / PAGE) as usize;
        self.slots.resize(slots, None);
        want.resize(slots, None);
        for (have, want) in self.slots.iter_mut().zip(&want) {
            if let (Some(page), true) = (*have, have != want) {
                bus.vram.move_home(page);
                *have = None;
            }
        }
        let mut conflicts = 0;
        for (slot, (have, want)) in self.slots.iter_mut().zip(&want).enumerate() {
            if let (None, Some(page)) = (*have, *want) {
                if bus.vram.move_away(page, slot as u64) {
                    *have = Some(page);
                } else {
                    conflicts += 1;
                }
            }
        }
        conflicts
    }
}
