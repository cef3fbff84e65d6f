// SPDX-License-Identifier: GPL-2.0
//! The interrupt tree of the virtual-function block (nvkm/subdev/vfn/tu102.c) and the MSI behind it.

/// Leaves of 32 vectors.
const LEAVES: usize = 8;

/// The tree.
#[derive(Debug, Default)]
pub struct IntrTree {
    pending: [u32; LEAVES],
    enabled: [u32; LEAVES],
    top_enabled: u32,
    armed: bool,
    /// Vectors latched since power-on.
    pub latched: u64,
}

impl IntrTree {
    /// The tree after reset: all disabled, MSI armed.
    pub fn new() -> Self {
        Self {
            armed: true,
            ..Self::default()
        }
    }

    /// Latches a vector. Returns false for one that the tree does not have.
    pub fn latch(&mut self, vector: u32) -> bool {
        let leaf = vector as usize / 32;
        match self.pending.get_mut(leaf) {
            Some(p) => {
                *p |= 1 << (vector % 32);
                self.latched += 1;
                true
            }
            None => false,
        }
    }

    /// Subtrees (pairs of leaves) with something pending and enabled.
    fn top(&self) -> u32 {
        (0..LEAVES)
            .filter(|&l| self.pending[l] & self.enabled[l] != 0)
            .fold(0, |top, l| top | (1 << (l / 2)))
    }

    /// Tells whether a message is to be sent now; if so, no other follows until [`IntrTree::rearm`].
    pub fn take_message(&mut self) -> bool {
        let fire = self.armed && self.top() & self.top_enabled != 0;
        if fire {
            self.armed = false;
        }
        fire
    }

    /// The driver wrote the MSI rearm register (nvkm/subdev/pci/gp100.c).
    pub fn rearm(&mut self) {
        self.armed = true;
    }

    /// Reads a register at `off` from the block's base; `None` where the tree has none.
    pub fn read(&self, off: u32) -> Option<u32> {
        let leaf = (off as usize & 0xff) / 4;
        match off {
            0x1000..=0x101c => Some(self.pending[leaf]),
            0x1200..=0x121c | 0x1400..=0x141c => Some(self.enabled[leaf]),
            0x1600 => Some(self.top()),
            0x1608 | 0x1610 => Some(self.top_enabled),
            _ => None,
        }
    }

    /// Writes a register; false where the tree has none.
    pub fn write(&mut self, off: u32, v: u32) -> bool {
        let leaf = (off as usize & 0xff) / 4;
        match off {
            0x1000..=0x101c => self.pending[leaf] &= !v,
            0x1200..=0x121c => self.enabled[leaf] |= v,
            0x1400..=0x141c => self.enabled[leaf] &= !v,
            0x1608 => self.top_enabled |= v,
            0x1610 => self.top_enabled &= !v,
            _ => return false,
        }
        true
    }

    /// Pending bits of every leaf.
    pub fn pending(&self) -> &[u32] {
        &self.pending
    }

    /// Enable bits of every leaf.
    pub fn enabled(&self) -> &[u32] {
        &self.enabled
    }
}
