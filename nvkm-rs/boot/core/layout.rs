// SPDX-License-Identifier: GPL-2.0

//! Where in the frame buffer everything goes: `tu102_gsp_oneinit()` and `tu102_gsp_wpr_meta_init()`
//! (nvkm/subdev/gsp/tu102.c).
//!
//! From the top down: VGA workspace (or what the VBIOS has locked, if that is lower), FRTS,
//! bootloader, image, heap, and the metadata below it make WPR2; below that is the heap outside of
//! WPR2. All values are bytes.

use ::core::fmt;

use super::io::{Io, Unit};
use super::registers::fb::{
    NV_PDISP_VGA_WORKSPACE_BASE, NV_PFB_PRI_MMU_LOCK_ADDR_HI, NV_PFB_PRI_MMU_LOCK_ADDR_LO,
    NV_PFB_PRI_MMU_LOCK_CFG_PRIV_LEVEL_MASK,
};
use super::registers::Register;
use crate::abi::core::arguments::{Range, WprMeta, WPR_META_SIZE};

/// Where WPR2's end is rounded down to.
const WPR_END_ALIGN: u64 = 0x2_0000;
/// Where the bootloader is rounded down to.
const BOOT_ALIGN: u64 = 0x1000;
/// Where the image is rounded down to.
const IMAGE_ALIGN: u64 = 0x1_0000;
/// Where heaps and WPR2's beginning are rounded down to.
const HEAP_ALIGN: u64 = 0x10_0000;
/// The heap outside of WPR2.
const NON_WPR_HEAP: u64 = 0x10_0000;
/// Bytes at the end of the frame buffer within which a VGA workspace is believed.
const VGA_WORKSPACE: u64 = 0x10_0000;
/// The workspace where the register points below that.
const VGA_WORKSPACE_LEAST: u64 = 0x2_0000;
/// Least bytes between WPR2's beginning and the heap.
const WPR_META: u64 = WPR_META_SIZE as u64; // CAST: A small number.

/// What does not fit into the frame buffer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoRoom {
    /// For what.
    pub what: &'static str,
    /// Where it would have to end.
    pub end: u64,
    /// Its bytes.
    pub size: u64,
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no room in the frame buffer for {}: {:#x} bytes below {:#x}",
            self.what, self.size, self.end
        )
    }
}

/// The largest multiple of `align`, a power of two, that is not above `value`.
fn align_down(value: u64, align: u64) -> u64 {
    value & !align.wrapping_sub(1)
}

/// A place of `size` bytes below `end`, rounded down.
fn below(what: &'static str, end: u64, size: u64, align: u64) -> Result<Range, NoRoom> {
    let addr = end.checked_sub(size).ok_or(NoRoom { what, end, size })?;
    Ok(Range {
        addr: align_down(addr, align),
        size,
    })
}

/// The frame buffer's top, which is not GSP-RM's to have.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Top {
    /// Bytes of frame buffer.
    pub frame_buffer: u64,
    /// VGA workspace, up to the frame buffer's end.
    pub vga_workspace: Range,
    /// First byte that is not to be used.
    pub end: u64,
}

/// What registers say of the frame buffer's top.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reserved {
    /// Where the VGA workspace is, where there is a display and its register is valid.
    pub vga_workspace: Option<u64>,
    /// First byte that the VBIOS has locked (GA100: for the row remapper).
    pub locked: Option<u64>,
}

/// Reads a register of BAR0.
fn read<R: Register>(io: &mut dyn Io) -> R {
    R::new(io.read(R::address(Unit::Gsp)))
}

impl Reserved {
    /// Asks the registers: for the VGA workspace where there is a display, for what is locked where
    /// the chip has that.
    pub fn read(io: &mut dyn Io, display: bool, lockable: bool) -> Self {
        Self {
            vga_workspace: display.then(|| vga_workspace(io)).flatten(),
            locked: lockable.then(|| locked(io)).flatten(),
        }
    }
}

/// Where the VGA workspace is, as the display has it.
fn vga_workspace(io: &mut dyn Io) -> Option<u64> {
    type Base = NV_PDISP_VGA_WORKSPACE_BASE;
    let base: Base = read(io);
    base.is(Base::STATUS_VALID)
        .then(|| u64::from(base.get(Base::ADDR)) << 16_u32)
}

/// The first byte that the VBIOS has locked (`ga100_gsp_mmu_lock_lo()`).
fn locked(io: &mut dyn Io) -> Option<u64> {
    type Mask = NV_PFB_PRI_MMU_LOCK_CFG_PRIV_LEVEL_MASK;
    let mask: Mask = read(io);
    if !mask.is(Mask::READ_PROTECTION_LEVEL0) {
        return None;
    }
    let low: NV_PFB_PRI_MMU_LOCK_ADDR_LO = read(io);
    let high: NV_PFB_PRI_MMU_LOCK_ADDR_HI = read(io);
    let low = u64::from(low.get(NV_PFB_PRI_MMU_LOCK_ADDR_LO::VAL)) << 12_u32;
    let high = u64::from(high.get(NV_PFB_PRI_MMU_LOCK_ADDR_HI::VAL)) << 12_u32;
    // Nothing is locked where the range ends before it begins; at 0 begins none (C: the same).
    (low != 0 && high >= low).then_some(low)
}

impl Top {
    /// The top of a frame buffer of so many bytes.
    ///
    /// # Errors
    ///
    /// [`NoRoom`]: it is smaller than a workspace, or what is locked is not in it.
    pub fn new(frame_buffer: u64, reserved: Reserved) -> Result<Self, NoRoom> {
        let workspace = |size| below("the VGA workspace", frame_buffer, size, 1);
        let base = workspace(VGA_WORKSPACE)?.addr;
        let addr = match reserved.vga_workspace {
            None => base,
            Some(addr) if addr < base => workspace(VGA_WORKSPACE_LEAST)?.addr,
            Some(addr) => addr,
        };
        let vga_workspace = Range {
            addr,
            size: frame_buffer.checked_sub(addr).ok_or(NoRoom {
                what: "the VGA workspace",
                end: frame_buffer,
                size: addr,
            })?,
        };
        let end = reserved.locked.map_or(addr, |locked| locked.min(addr));
        Ok(Self {
            frame_buffer,
            vga_workspace,
            end,
        })
    }
}

/// Bytes of what goes into WPR2.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sizes {
    /// FRTS region; 0 where the booter needs none.
    pub frts: u64,
    /// Bootloader.
    pub boot: u64,
    /// GSP-RM's image.
    pub image: u64,
    /// The least heap.
    pub heap: u64,
}

/// The layout.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Layout {
    /// What is above.
    pub top: Top,
    /// WPR2 as a whole.
    pub wpr2: Range,
    /// FRTS region.
    pub frts: Range,
    /// Bootloader.
    pub boot: Range,
    /// GSP-RM's image.
    pub image: Range,
    /// Heap in WPR2.
    pub heap: Range,
    /// Heap below it.
    pub non_wpr_heap: Range,
}

impl Layout {
    /// Places everything below `top`.
    ///
    /// # Errors
    ///
    /// [`NoRoom`]
    pub fn new(top: Top, sizes: Sizes) -> Result<Self, NoRoom> {
        let end = align_down(top.end, WPR_END_ALIGN);
        let frts = below("FRTS", end, sizes.frts, 1)?;
        let boot = below("the bootloader", frts.addr, sizes.boot, BOOT_ALIGN)?;
        let image = below("GSP-RM", boot.addr, sizes.image, IMAGE_ALIGN)?;
        let heap = below("GSP-RM's heap", image.addr, sizes.heap, HEAP_ALIGN)?;
        let heap = Range {
            addr: heap.addr,
            // What rounding leaves is the heap's.
            size: align_down(image.addr.saturating_sub(heap.addr), HEAP_ALIGN),
        };
        let start = below("GspFwWprMeta", heap.addr, WPR_META, HEAP_ALIGN)?.addr;
        Ok(Self {
            top,
            wpr2: Range {
                addr: start,
                size: end.saturating_sub(start),
            },
            frts,
            boot,
            image,
            heap,
            non_wpr_heap: below("the heap outside of WPR2", start, NON_WPR_HEAP, 1)?,
        })
    }

    /// What the booter is told of it. What is in system memory is for the caller to add.
    #[must_use]
    pub fn meta(&self) -> WprMeta {
        WprMeta {
            reserved_start: self.non_wpr_heap.addr,
            non_wpr_heap: self.non_wpr_heap,
            wpr_start: self.wpr2.addr,
            wpr_end: align_down(self.top.end, WPR_END_ALIGN),
            heap: self.heap,
            image_offset: self.image.addr,
            bootloader_offset: self.boot.addr,
            frts: self.frts,
            frame_buffer: self.top.frame_buffer,
            vga_workspace: self.top.vga_workspace,
            ..WprMeta::default()
        }
    }
}
