// SPDX-License-Identifier: GPL-2.0

//! Regions of frame buffer: what RM leaves to the driver.

use ::core::fmt;

use crate::abi::core::services::{FbRegion, FB_REGIONS};

/// A region that is the driver's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Region {
    /// Where it begins.
    pub addr: u64,
    /// Its bytes.
    pub size: u64,
}

/// What of the frame buffer can be used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usable {
    regions: [Region; FB_REGIONS],
    count: usize,
    /// Where the last region ends that RM does not keep, whether the driver can make use of it or
    /// not.
    pub end: Option<u64>,
}

/// A region that ends before it begins, or behind the last address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BadRegion(pub FbRegion);

impl fmt::Display for BadRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(region) = self;
        write!(
            f,
            "fb region {:016x}-{:016x} cannot be",
            region.base, region.limit
        )
    }
}

/// The regions as a whole cannot be what RM leaves to the driver.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadRegions {
    /// There is none.
    None,
    /// One has no bytes, or is not within the frame buffer.
    Beyond(Region),
    /// One has bytes of another one.
    Overlap(Region),
}

impl fmt::Display for BadRegions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (region, what) = match self {
            Self::None => return f.write_str("no region of the fb can be used"),
            Self::Beyond(region) => (region, "is not within the fb"),
            Self::Overlap(region) => (region, "is part of another one"),
        };
        write!(
            f,
            "fb region of {:#x} bytes at {:#x} {what}",
            region.size, region.addr
        )
    }
}

impl Usable {
    /// Chooses among RM's regions: those that it neither keeps nor protects, and that display and
    /// compression can use.
    ///
    /// # Errors
    ///
    /// [`BadRegion`]
    pub fn choose(regions: &[FbRegion]) -> Result<Self, BadRegion> {
        let mut usable = Self::default();
        for region in regions {
            if region.reserved != 0 || region.protected {
                continue;
            }
            let bad = BadRegion(*region);
            let end = region.limit.checked_add(1).ok_or(bad)?;
            let size = end.checked_sub(region.base).ok_or(bad)?;
            usable.end = Some(end);
            if !region.compressed || !region.iso {
                continue;
            }
            // There is room for all that the message can hold.
            if let Some(slot) = usable.regions.get_mut(usable.count) {
                *slot = Region {
                    addr: region.base,
                    size,
                };
                usable.count = usable.count.saturating_add(1);
            }
        }
        Ok(usable)
    }

    /// Whether the driver's allocator can be given these, of a frame buffer of `memory` bytes. C
    /// gives it whatever RM says, and dies in it.
    ///
    /// # Errors
    ///
    /// [`BadRegions`]
    pub fn check(&self, memory: u64) -> Result<(), BadRegions> {
        if self.regions().is_empty() {
            return Err(BadRegions::None);
        }
        for (n, region) in self.regions().iter().enumerate() {
            let end = region.addr.saturating_add(region.size);
            if region.size == 0 || end > memory {
                return Err(BadRegions::Beyond(*region));
            }
            let overlaps = |other: &Region| {
                region.addr < other.addr.saturating_add(other.size) && other.addr < end
            };
            if self.regions().iter().take(n).any(overlaps) {
                return Err(BadRegions::Overlap(*region));
            }
        }
        Ok(())
    }

    /// The regions, in RM's order.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        self.regions.get(..self.count).unwrap_or(&self.regions)
    }

    /// Bytes from the end of what can be used to the heap that is RM's outside of WPR2, where
    /// `heap` begins. As C has it this is the lower half of a difference: where the heap's place is
    /// RM's to choose, it says nothing.
    #[must_use]
    pub fn reserved(&self, heap: u64) -> Option<u32> {
        let between = heap.wrapping_sub(self.end?);
        u32::try_from(between & 0xffff_ffff).ok()
    }
}
