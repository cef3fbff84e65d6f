// SPDX-License-Identifier: GPL-2.0

//! GA10x and AD10x: `ga102_gsp_flcn`, `ga102_gsp_fwsec`, `ga102_sec2_flcn`, `ga102_flcn_fw`. A unit
//! is a falcon or RISC-V, images come by DMA, and a boot ROM checks their signatures.

use super::Hal;
use crate::abi::core::sizing::Libos;
use crate::boot::core::error::BootError;
use crate::boot::core::falcon::{Falcon, Limits};
use crate::boot::core::image::Image;
use crate::boot::core::io::Unit;
use crate::boot::core::load;
use crate::boot::core::registers::*;
use crate::boot::core::run::Kind;
use crate::boot::core::signature;
use crate::fw::core::falcon::Falcon as Layout;

/// How long the unit may take to be ready for a reset. It is reset then whether it is or not
/// (`ga102_flcn_reset_prep`).
const READY: u32 = 150;
/// How long memories may take to be cleared (`ga102_flcn_reset_wait_mem_scrubbing`).
const SCRUBBING: u32 = 20_000;
/// How long a choice of core may take (`ga102_flcn_select`).
const CHOICE: u32 = 10_000;

/// GA10x and AD10x.
pub(super) struct Ga102;

impl Hal for Ga102 {
    fn name(&self) -> &'static str {
        "ga102"
    }

    fn libos(&self) -> Libos {
        Libos::Three
    }

    fn has_debug_fuse(&self, _: Unit) -> bool {
        false
    }

    fn prepare_reset(&self, falcon: &mut Falcon<'_>) {
        // C throws the first away.
        let _: NV_PFALCON_FALCON_HWCFG2 = falcon.read();
        // It goes on when the time is over, on purpose: so does NVIDIA's driver.
        let _ = falcon.poll(READY, |state: NV_PFALCON_FALCON_HWCFG2| {
            state.is(NV_PFALCON_FALCON_HWCFG2::RESET_READY)
        });
    }

    fn wait_for_scrubbing(&self, falcon: &mut Falcon<'_>) -> Result<(), BootError> {
        falcon.wait(SCRUBBING, |state: NV_PFALCON_FALCON_HWCFG2| {
            !state.is(NV_PFALCON_FALCON_HWCFG2::MEM_SCRUBBING)
        })?;
        Ok(())
    }

    fn select_falcon(&self, falcon: &mut Falcon<'_>) -> Result<(), BootError> {
        let core: NV_PRISCV_RISCV_BCR_CTRL = falcon.read();
        if core.get(NV_PRISCV_RISCV_BCR_CTRL::CORE_SELECT)
            == NV_PRISCV_RISCV_BCR_CTRL::CORE_SELECT_FALCON
        {
            return Ok(());
        }
        falcon.write(NV_PRISCV_RISCV_BCR_CTRL::default().with(
            NV_PRISCV_RISCV_BCR_CTRL::CORE_SELECT,
            NV_PRISCV_RISCV_BCR_CTRL::CORE_SELECT_FALCON,
        ));
        falcon.wait(CHOICE, |core: NV_PRISCV_RISCV_BCR_CTRL| {
            core.is(NV_PRISCV_RISCV_BCR_CTRL::VALID)
        })?;
        Ok(())
    }

    fn select_riscv(&self, falcon: &mut Falcon<'_>) {
        falcon.update(|core: NV_PRISCV_RISCV_BCR_CTRL| {
            core.with(NV_PRISCV_RISCV_BCR_CTRL::VALID, 1)
                .with(
                    NV_PRISCV_RISCV_BCR_CTRL::CORE_SELECT,
                    NV_PRISCV_RISCV_BCR_CTRL::CORE_SELECT_RISCV,
                )
                .with(NV_PRISCV_RISCV_BCR_CTRL::BRFETCH, 1)
        });
    }

    fn check(&self, image: &dyn Image, limits: Limits) -> Result<(), BootError> {
        load::check_dma(image, limits)
    }

    fn load(&self, falcon: &mut Falcon<'_>, image: &dyn Image, _: Limits) -> Result<(), BootError> {
        load::dma(falcon, image)
    }

    fn write_brom(&self, falcon: &mut Falcon<'_>, layout: &Layout) {
        falcon.write(NV_PFALCON2_FALCON_BROM_PARAADDR::new(layout.dmem_sign));
        falcon.write(NV_PFALCON2_FALCON_BROM_ENGIDMASK::new(layout.engine_id));
        falcon.write(NV_PFALCON2_FALCON_BROM_CURR_UCODE_ID::new(layout.ucode_id));
        falcon.write(NV_PFALCON2_FALCON_MOD_SEL::default().with(
            NV_PFALCON2_FALCON_MOD_SEL::ALGO,
            NV_PFALCON2_FALCON_MOD_SEL::ALGO_RSA3K,
        ));
    }

    fn prepare_signature(&self, _: &mut Falcon<'_>, _: Kind) -> Result<(), BootError> {
        Ok(())
    }

    fn signature(
        &self,
        falcon: &mut Falcon<'_>,
        kind: Kind,
        layout: &Layout,
        count: u32,
    ) -> Result<u32, BootError> {
        match kind {
            Kind::Fwsec => signature::by_version_mask(falcon, layout),
            Kind::Booter => signature::by_version(falcon, layout, count),
        }
    }

    fn require_riscv(&self, falcon: &mut Falcon<'_>) -> Result<(), BootError> {
        let cpu: NV_PRISCV_RISCV_CPUCTL = falcon.read();
        match cpu.is(NV_PRISCV_RISCV_CPUCTL::ACTIVE_STAT) {
            true => Ok(()),
            false => Err(BootError::NotActive {
                seen: falcon.seen(cpu),
            }),
        }
    }
}
