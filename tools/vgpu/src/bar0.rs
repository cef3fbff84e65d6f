// SPDX-License-Identifier: GPL-2.0
//! BAR0: which part of the device answers at which address.
//!
//! Addresses are those that nouveau uses (file named beside each). Registers that no part knows keep what is written to
//! them and are listed in `device.json`.

use std::collections::BTreeMap;

use crate::chips::{Chip, FbSize};

/// Orders the TLB to forget (nvkm/subdev/mmu/vmmtu102.c).
pub const TLB_INVALIDATE: u32 = 0xb830b0;

/// Windows that are not part of the register trace.
pub fn traced(addr: u32) -> bool {
    !matches!(addr, 0x30_0000..=0x37_ffff | 0x70_0000..=0x7f_ffff)
}

/// Nanoseconds that the timer advances at each look at its low word. Time is a function of what the driver does, so that
/// two runs see the same, and a time-out of seconds passes after some 100,000 polls.
const TICK: u64 = 16_384;

/// The part of the register file without a unit of its own.
#[derive(Debug, Default)]
pub struct Plain {
    time: u64,
    /// `0x001700`: PRAMIN window.
    pub window: u32,
    /// WPR2: first byte and end; zero for none.
    pub wpr2: (u64, u64),
    /// Registers that read back what was written.
    pub kept: BTreeMap<u32, u32>,
    /// TLB invalidations.
    pub tlb_flushes: u64,
}

/// Encodes a frame-buffer size for `0x100ce0`: magnitude << (scale + 20) (nvkm/subdev/fb/gp102.c).
fn fb_size_scaled(size: u64) -> u32 {
    let mb = size >> 20;
    let scale = mb.trailing_zeros().min(15);
    (((mb >> scale) as u32) << 4) | scale
}

/// Who may look at the lock's range: everybody; who may change it: level 3.
const LOCK_MASK: u32 = 0xffff_ff8f;

/// Encodes an address of the lock's range: its page's number in bits 31:4 (ga100_gsp_mmu_lock_lo() in
/// nvkm/subdev/gsp/tu102.c). Without a lock the range ends before it begins.
fn lock_address(addr: u64) -> u32 {
    ((addr >> 12) as u32) << 4
}

impl Plain {
    /// Reads a register. `None`: no opinion.
    pub fn read(&mut self, chip: &Chip, resumed: bool, addr: u32) -> Option<u32> {
        Some(match addr {
            // nvkm/engine/device/base.c
            0x000000 => chip.boot0,
            0x000004 => 0,
            0x000a00 => chip.boot42,
            0x101000 => 0x0040_0040,
            // nvkm/subdev/timer/nv04.c
            0x009400 => {
                self.time += TICK;
                self.time as u32
            }
            0x009410 => (self.time >> 32) as u32,
            // FWSEC status, nvkm/subdev/gsp/fwsec.c
            0x001438 | 0x001454 => 0,
            0x001700 => self.window,
            // nvkm/subdev/bar/g84.c: flush done
            0x070000 => 0,
            a if chip.family.fb_size() == FbSize::Scaled(a) => fb_size_scaled(chip.vram),
            a if chip.family.fb_size() == FbSize::Megabytes(a) => (chip.vram >> 20) as u32,
            // nvkm/subdev/devinit/tu102.c: GFW boot done
            0x118128 => 1,
            0x118234 => 0xff,
            0x1180f8 => u32::from(resumed) << 26,
            // nvkm/subdev/gsp/tu102.c, hw-traces: end is given as the address of the last 128 KB.
            0x1fa824 => (self.wpr2.0 >> 8) as u32,
            0x1fa828 => match self.wpr2.1 {
                0 => 0,
                end => (end.saturating_sub(0x2_0000) >> 8) as u32,
            },
            0x1fa7c8 => LOCK_MASK,
            0x1fa82c => chip.locked.map_or(!0xf, |l| lock_address(l.0)),
            0x1fa830 => chip.locked.map_or(0, |l| lock_address(l.1)),
            0x021c00 => 0,
            a if a == chip.family.display_fuse() => 1,
            0x820c04 | 0x021c04 => 0,
            0x824100..=0x8241fc => {
                let fuse = chip.fuses.iter().find(|f| f.0 == addr);
                fuse.map_or(0, |f| f.1)
            }
            // nvkm/subdev/bar/tu102.c: bind done
            0xb80f50 => 0,
            // nvkm/subdev/mmu/vmmtu102.c: invalidation done
            TLB_INVALIDATE => 0,
            _ => return self.kept_register(addr),
        })
    }

    fn kept_register(&self, addr: u32) -> Option<u32> {
        is_kept(addr).then(|| self.kept.get(&addr).copied().unwrap_or(0))
    }

    /// Writes a register. False: no opinion (the value is kept nevertheless).
    pub fn write(&mut self, addr: u32, v: u32) -> bool {
        match addr {
            0x000000 | 0x000004 | 0x070000 => {}
            0x001700 => self.window = v,
            0x009400 => self.time = (self.time & !0xffff_ffff) | u64::from(v),
            0x009410 => self.time = (self.time & 0xffff_ffff) | (u64::from(v) << 32),
            TLB_INVALIDATE => self.tlb_flushes += 1,
            _ => {
                self.kept.insert(addr, v);
                return is_kept(addr);
            }
        }
        true
    }

    /// Video memory address of an offset in the PRAMIN window (nvkm/subdev/instmem/nv50.c).
    pub fn pramin(&self, addr: u32) -> u64 {
        (u64::from(self.window & 0x00ff_ffff) << 16) | u64::from(addr & 0xf_ffff)
    }
}

/// Registers whose only effect is to read back: legacy VGA, timer divider and alarm, sysmem flush page, TLB invalidation address, BAR
/// instance blocks, scratch.
fn is_kept(addr: u32) -> bool {
    matches!(
        addr,
        0x009100
            | 0x009140
            | 0x009200
            | 0x009210
            | 0x009420
            | 0x100c10
            | 0x100c40
            | 0x001704
            | 0x001714
            | 0xb80f40
            | 0xb80f48
            | 0xb830a0
            | 0xb830a4
            | 0x001400..=0x0014fc
            // legacy CRTC index and data
            | 0x6013c0..=0x6013df
    )
}
