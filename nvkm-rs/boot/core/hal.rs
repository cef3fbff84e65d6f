// SPDX-License-Identifier: GPL-2.0

//! Where chips differ. Methods have Turing's way as a default, which GA100 shares; the others' is
//! in a file each.

use super::error::BootError;
use super::falcon::{Falcon, Limits};
use super::image::Image;
use super::load;
use super::registers::*;
use super::run::Kind;
use super::signature;
use crate::abi::core::sizing::Libos;
use crate::fw::core::falcon::Falcon as Layout;

mod ga100;
mod ga102;
mod tu102;

/// A family of chips. There is one value a family, which holds no state.
pub trait Hal: Sync {
    /// The chip that the family is called after.
    fn name(&self) -> &'static str;

    /// FWSEC-FRTS makes a region for itself at the end of WPR2, before the booter runs. (On GA100
    /// the booter makes all of it.)
    fn has_frts(&self) -> bool {
        true
    }

    /// The VBIOS may have locked the end of the frame buffer (`ga100_gsp_mmu_lock_lo`).
    fn locks_memory(&self) -> bool {
        false
    }

    /// What GSP-RM runs on, which decides on its heap (`r570_rm_tu102`, `r570_rm_ga102` and the
    /// like).
    fn libos(&self) -> Libos {
        Libos::Two
    }

    /// The falcon has a register that says whether debug signatures are to be taken
    /// (`falcon->func->debug`).
    fn has_debug_fuse(&self, unit: super::io::Unit) -> bool {
        unit == super::io::Unit::Sec2
    }

    /// Comes before each reset (`falcon->func->reset_prep`).
    fn prepare_reset(&self, _falcon: &mut Falcon<'_>) {}

    /// Waits until memories are cleared (`falcon->func->reset_wait_mem_scrubbing`).
    ///
    /// # Errors
    ///
    /// They are not in time.
    fn wait_for_scrubbing(&self, falcon: &mut Falcon<'_>) -> Result<(), BootError> {
        falcon.wait_for_dmactl()
    }

    /// Makes a unit with two cores a falcon (`falcon->func->select`).
    ///
    /// # Errors
    ///
    /// It does not become one in time.
    fn select_falcon(&self, _falcon: &mut Falcon<'_>) -> Result<(), BootError> {
        Ok(())
    }

    /// Makes it RISC-V once it was reset (`gsp->func->reset`).
    fn select_riscv(&self, _falcon: &mut Falcon<'_>) {}

    /// Refuses an image that [`Hal::load`] could not load as it is.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn check(&self, image: &dyn Image, limits: Limits) -> Result<(), BootError> {
        load::check_pio(image, limits)
    }

    /// Loads an image that was checked (`fw->func->load`).
    ///
    /// # Errors
    ///
    /// The device does not do its part; the image is not what it was.
    fn load(
        &self,
        falcon: &mut Falcon<'_>,
        image: &dyn Image,
        limits: Limits,
    ) -> Result<(), BootError> {
        load::pio(falcon, image, limits)
    }

    /// Tells a boot ROM what it is to check (`fw->func->boot`).
    fn write_brom(&self, _falcon: &mut Falcon<'_>, _layout: &Layout) {}

    /// Comes before the falcon can be asked for [`Hal::signature`].
    ///
    /// # Errors
    ///
    /// It does not come out of reset.
    fn prepare_signature(&self, falcon: &mut Falcon<'_>, kind: Kind) -> Result<(), BootError> {
        match kind {
            Kind::Fwsec => Ok(()),
            Kind::Booter => falcon.enable(),
        }
    }

    /// Which of `count` signatures goes into an image (`fw->func->signature`); whether there is one
    /// is not checked here. Reads registers, and writes none.
    ///
    /// # Errors
    ///
    /// None does; the falcon cannot be asked.
    fn signature(
        &self,
        falcon: &mut Falcon<'_>,
        kind: Kind,
        _layout: &Layout,
        _count: u32,
    ) -> Result<u32, BootError> {
        match kind {
            // Turing's FWSEC is not signed for fuses: C takes the first, if any.
            Kind::Fwsec => Ok(0),
            Kind::Booter => Ok(signature::by_debug_fuse(falcon)),
        }
    }

    /// Makes sure that the RISC-V core runs (`falcon->func->riscv_active`).
    ///
    /// # Errors
    ///
    /// It does not.
    fn require_riscv(&self, falcon: &mut Falcon<'_>) -> Result<(), BootError> {
        let status: NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS = falcon.read();
        match status.is(NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS::ACTIVE_STAT) {
            true => Ok(()),
            false => Err(BootError::NotActive {
                seen: falcon.seen(status),
            }),
        }
    }
}

/// The family of a chip, by nouveau's number for it (`device->chipset`); none for those that boot
/// in another way or are not known (`nvkm/engine/device/base.c`).
#[must_use]
pub fn select(chipset: u32) -> Option<&'static dyn Hal> {
    match chipset {
        // TU102, TU104, TU106; TU117, TU116
        0x162 | 0x164 | 0x166 | 0x167 | 0x168 => Some(&tu102::Tu102),
        0x170 => Some(&ga100::Ga100),
        // GA102, GA103, GA104, GA106, GA107
        0x172 | 0x173 | 0x174 | 0x176 | 0x177 => Some(&ga102::Ga102),
        // AD102, AD103, AD104, AD106, AD107
        0x192 | 0x193 | 0x194 | 0x196 | 0x197 => Some(&ga102::Ga102),
        _ => None,
    }
}
