// SPDX-License-Identifier: GPL-2.0

//! A falcon: its registers, what it has, reset, start.

use super::error::{BootError, Seen};
use super::hal::Hal;
use super::io::{poll, Io, Timeout, Unit};
use super::registers::*;

/// How long memories may take to be cleared, before GA102 (`gm200_flcn_reset_wait_mem_scrubbing`).
const SCRUBBING: u32 = 10_000;
/// How long a falcon stays in reset (`gp102_flcn_reset_eng`).
const IN_RESET: u32 = 10;

/// Bytes of a falcon's memories.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// For code.
    pub imem: u32,
    /// For data.
    pub dmem: u32,
}

/// Bytes of a block, in which memories are counted.
const BLOCK_SHIFT: u32 = 8;

/// A falcon; and, through it, registers that belong to none.
pub struct Falcon<'a> {
    io: &'a mut (dyn Io + 'a),
    unit: Unit,
    hal: &'static dyn Hal,
}

impl<'a> Falcon<'a> {
    /// A unit's falcon.
    pub fn new(io: &'a mut (dyn Io + 'a), unit: Unit, hal: &'static dyn Hal) -> Self {
        Self { io, unit, hal }
    }

    /// Whose it is.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// What differs between chips.
    #[must_use]
    pub fn hal(&self) -> &'static dyn Hal {
        self.hal
    }

    /// Reads a register.
    pub fn read<R: Register>(&mut self) -> R {
        R::new(self.io.read(R::address(self.unit)))
    }

    /// Reads a register of several, for an error to show; none when there are not so many.
    pub fn see_at<R: Array>(&mut self, index: u32) -> Option<Seen> {
        let addr = R::address_of(self.unit, index)?;
        Some(Seen {
            register: R::NAME,
            addr,
            value: self.io.read(addr),
        })
    }

    /// Writes a register.
    pub fn write<R: Register>(&mut self, value: R) {
        self.io.write(R::address(self.unit), value.raw());
    }

    /// Reads a register, and writes what becomes of that (`nvkm_mask`).
    pub fn update<R: Register>(&mut self, change: impl FnOnce(R) -> R) {
        let value = self.read();
        self.write(change(value));
    }

    /// The same for a register of several; nothing is done when there are not so many.
    pub fn update_at<R: Array>(&mut self, index: u32, change: impl FnOnce(R) -> R) {
        if let Some(addr) = R::address_of(self.unit, index) {
            let value = R::new(self.io.read(addr));
            self.io.write(addr, change(value).raw());
        }
    }

    /// Reads a register until it is as it should be.
    ///
    /// # Errors
    ///
    /// [`Timeout`]
    pub fn poll<R: Register>(
        &mut self,
        micros: u32,
        mut done: impl FnMut(R) -> bool,
    ) -> Result<R, Timeout> {
        let addr = R::address(self.unit);
        poll(self.io, addr, micros, |value| done(R::new(value))).map(R::new)
    }

    /// The same where the boot ends if it does not become so.
    ///
    /// # Errors
    ///
    /// [`BootError::Timeout`]
    pub fn wait<R: Register>(
        &mut self,
        micros: u32,
        done: impl FnMut(R) -> bool,
    ) -> Result<R, BootError> {
        self.poll(micros, done)
            .map_err(|timeout| BootError::Timeout {
                seen: self.seen(R::new(timeout.value)),
                timeout,
            })
    }

    /// A value for an error.
    pub fn seen<R: Register>(&self, value: R) -> Seen {
        Seen {
            register: R::NAME,
            addr: R::address(self.unit),
            value: value.raw(),
        }
    }

    /// Looks at what the falcon has, as C does whenever it takes one (`nvkm_falcon_oneinit`).
    pub fn look(&mut self) -> Limits {
        // Version and number of ports, which nothing depends on here.
        let _: NV_PFALCON_FALCON_HWCFG1 = self.read();
        let has: NV_PFALCON_FALCON_HWCFG = self.read();
        if self.hal.has_debug_fuse(self.unit) {
            // Read again when a signature is chosen.
            let _: NV_PSEC_SCP_CTL_STAT = self.read();
        }
        Limits {
            imem: has
                .get(NV_PFALCON_FALCON_HWCFG::IMEM_SIZE)
                .wrapping_shl(BLOCK_SHIFT),
            dmem: has
                .get(NV_PFALCON_FALCON_HWCFG::DMEM_SIZE)
                .wrapping_shl(BLOCK_SHIFT),
        }
    }

    /// `gp102_flcn_reset_eng`
    ///
    /// # Errors
    ///
    /// Its memories are not cleared in time.
    pub fn reset_engine(&mut self) -> Result<(), BootError> {
        self.hal.prepare_reset(self);
        self.update(|engine: NV_PFALCON_FALCON_ENGINE| {
            engine.with(NV_PFALCON_FALCON_ENGINE::RESET, 1)
        });
        self.io.delay(IN_RESET);
        self.update(|engine: NV_PFALCON_FALCON_ENGINE| {
            engine.with(NV_PFALCON_FALCON_ENGINE::RESET, 0)
        });
        self.wait_for_scrubbing()
    }

    /// Waits until the memories are cleared.
    fn wait_for_scrubbing(&mut self) -> Result<(), BootError> {
        // C reads and writes it back without a change, on every chip.
        self.update(|mailbox: NV_PFALCON_FALCON_MAILBOX0| mailbox);
        self.hal.wait_for_scrubbing(self)
    }

    /// What [`Hal::wait_for_scrubbing`] does where nothing else is said.
    ///
    /// # Errors
    ///
    /// They are not cleared in time.
    pub fn wait_for_dmactl(&mut self) -> Result<(), BootError> {
        self.wait(SCRUBBING, |dma: NV_PFALCON_FALCON_DMACTL| {
            !dma.is(NV_PFALCON_FALCON_DMACTL::DMEM_SCRUBBING)
                && !dma.is(NV_PFALCON_FALCON_DMACTL::IMEM_SCRUBBING)
        })?;
        Ok(())
    }

    /// `nvkm_falcon_enable` (`gm200_flcn_enable`)
    ///
    /// # Errors
    ///
    /// It does not come out of reset, or does not become a falcon.
    pub fn enable(&mut self) -> Result<(), BootError> {
        self.reset_engine()?;
        self.hal.select_falcon(self)?;
        self.power(true);
        self.wait_for_scrubbing()?;
        let chip: NV_PMC_BOOT_0 = self.read();
        self.write(NV_PFALCON_FALCON_RM::new(chip.raw()));
        Ok(())
    }

    /// `gm200_flcn_disable`
    ///
    /// # Errors
    ///
    /// As [`Falcon::enable`].
    pub fn disable(&mut self) -> Result<(), BootError> {
        self.hal.select_falcon(self)?;
        self.update(|interfaces: NV_PFALCON_FALCON_ITFEN| {
            interfaces
                .with(NV_PFALCON_FALCON_ITFEN::CTXEN, 0)
                .with(NV_PFALCON_FALCON_ITFEN::MTHDEN, 0)
        });
        self.write(NV_PFALCON_FALCON_IRQMCLR::new(u32::MAX));
        if self.unit == Unit::Sec2 {
            self.hal.prepare_reset(self);
        }
        self.power(false);
        self.reset_engine()
    }

    /// `nvkm_falcon_reset`
    ///
    /// # Errors
    ///
    /// As [`Falcon::enable`].
    pub fn reset(&mut self) -> Result<(), BootError> {
        self.disable()?;
        self.enable()
    }

    /// Only SEC2 has a bit in PMC (C: `falcon->func->reset_pmc`).
    fn power(&mut self, on: bool) {
        if self.unit == Unit::Sec2 {
            self.io.pmc(self.unit, on);
        }
    }

    /// Starts the core (`nvkm_falcon_v1_start`).
    pub fn start(&mut self) {
        let cpu: NV_PFALCON_FALCON_CPUCTL = self.read();
        match cpu.is(NV_PFALCON_FALCON_CPUCTL::ALIAS_EN) {
            true => self.write(
                NV_PFALCON_FALCON_CPUCTL_ALIAS::default()
                    .with(NV_PFALCON_FALCON_CPUCTL_ALIAS::STARTCPU, 1),
            ),
            false => self.start_directly(),
        }
    }

    /// Starts the core where nothing signed can have run.
    pub fn start_directly(&mut self) {
        self.write(NV_PFALCON_FALCON_CPUCTL::default().with(NV_PFALCON_FALCON_CPUCTL::STARTCPU, 1));
    }

    /// Waits until the core has stopped.
    ///
    /// # Errors
    ///
    /// [`Timeout`]
    pub fn wait_for_halt(&mut self, micros: u32) -> Result<(), Timeout> {
        self.poll(micros, |cpu: NV_PFALCON_FALCON_CPUCTL| {
            cpu.is(NV_PFALCON_FALCON_CPUCTL::HALTED)
        })?;
        Ok(())
    }

    /// Lets DMA read physical memory without a context.
    pub fn allow_physical(&mut self) {
        self.update(|control: NV_PFALCON_FBIF_CTL| {
            control.with(NV_PFALCON_FBIF_CTL::ALLOW_PHYS_NO_CTX, 1)
        });
        // All of it is 0, `REQUIRE_CTX` too.
        self.write(NV_PFALCON_FALCON_DMACTL::default());
    }

    /// Writes an address into both mailboxes.
    pub fn write_mailboxes(&mut self, addr: u64) {
        let (low, high) = halves(addr);
        self.write(NV_PFALCON_FALCON_MAILBOX0::new(low));
        self.write(NV_PFALCON_FALCON_MAILBOX1::new(high));
    }
}

/// The lower and the upper 32 bits.
#[must_use]
pub fn halves(value: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    (
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    )
}
