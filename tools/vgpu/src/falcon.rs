// SPDX-License-Identifier: GPL-2.0
//! One Falcon with its RISC-V twin, as seen from BAR0: reset, PIO and DMA load, start, mailboxes, interrupts.
//!
//! Register offsets are those of nvkm/falcon/{gm200,gp102,tu102,ga100,ga102}.c; reset values are those that a real GA106
//! read (hw-traces).

pub mod load;

use self::load::{Loaded, Place};
use crate::chips::Family;
use crate::mem::Bus;
use crate::mem::{Aperture, BusError};

/// Bytes of IMEM and of DMEM: 0x110108 reads 0x80420100 on GA106, 256 blocks each.
pub const MEM_SIZE: usize = 64 << 10;

const IRQSCLR: u32 = 0x004;
const IRQSTAT: u32 = 0x008;
const MAILBOX0: u32 = 0x040;
const MAILBOX1: u32 = 0x044;
const OS: u32 = 0x080;
const CPUCTL: u32 = 0x100;
const DMATRFCMD: u32 = 0x118;
const CPUCTL_ALIAS: u32 = 0x130;
const ENGINE: u32 = 0x3c0;
const RETRIGGER: u32 = 0x3e8;
const BCR_CTRL: u32 = 0x1668;

/// What a register write asks of the rest of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FalconEvent {
    /// Nothing.
    None,
    /// The Falcon's core was started, through the alias register or not.
    Start {
        /// Through CPUCTL_ALIAS.
        alias: bool,
    },
    /// The engine came out of reset.
    Reset,
    /// A transfer between external and internal memory was ordered.
    Dma(u32),
    /// The word at offset 0x080 was written.
    Os,
    /// A queue head (doorbell) register was written.
    Doorbell,
    /// Interrupts are to be signalled again if any is pending.
    Retrigger,
}

/// A Falcon.
pub struct Falcon {
    /// For messages.
    pub name: &'static str,
    family: Family,
    /// Instruction memory.
    pub imem: Vec<u8>,
    /// Data memory.
    pub dmem: Vec<u8>,
    imemc: u32,
    dmemc: u32,
    /// Mailboxes.
    pub mailbox: [u32; 2],
    /// Interrupt status.
    pub irqstat: u32,
    irqmask: u32,
    riscv_irqmask: u32,
    itfen: u32,
    /// What the driver says runs.
    pub os: u32,
    rm: u32,
    /// The core has halted (or never ran).
    pub halted: bool,
    /// CPUCTL_ALIAS starts the core: a signed image has run.
    pub alias: bool,
    bootvec: u32,
    dma_base: u64,
    dma_moffs: u32,
    dma_fboffs: u32,
    engine_reset: bool,
    fbif_ctl: u32,
    transcfg: [u32; 8],
    /// Core select: bit 4 RISC-V, bit 0 valid, bit 8 boot from the boot ROM.
    bcr: u32,
    brom: [u32; 4],
    /// Something was loaded since reset.
    pub loaded: bool,
    pieces: Loaded,
    /// The RISC-V core runs.
    pub riscv_active: bool,
    debug: u32,
}

impl Falcon {
    /// A Falcon after power-on.
    pub fn new(name: &'static str, family: Family) -> Self {
        let mut f = Self {
            name,
            family,
            imem: vec![0; MEM_SIZE],
            dmem: vec![0; MEM_SIZE],
            imemc: 0,
            dmemc: 0,
            mailbox: [0; 2],
            irqstat: 0,
            irqmask: 0,
            riscv_irqmask: 0,
            itfen: 0,
            os: 0,
            rm: 0,
            halted: false,
            alias: false,
            bootvec: 0,
            dma_base: 0,
            dma_moffs: 0,
            dma_fboffs: 0,
            engine_reset: false,
            fbif_ctl: 0,
            transcfg: [0; 8],
            bcr: 0,
            brom: [0; 4],
            loaded: false,
            pieces: Loaded::default(),
            riscv_active: false,
            debug: 0,
        };
        f.reset();
        // VBIOS left the Falcon core selected (hw-traces: the first read of 0x111668 gives 1).
        f.bcr = 0x001;
        f
    }

    /// What an engine reset does. Mailboxes, the OS word and core select have the reset values of a real GA106.
    fn reset(&mut self) {
        self.imem.fill(0);
        self.dmem.fill(0);
        self.imemc = 0;
        self.dmemc = 0;
        self.mailbox = [0; 2];
        self.irqstat = 0;
        self.irqmask = 0;
        self.riscv_irqmask = 0;
        self.itfen = 0;
        self.os = 0;
        self.rm = 0;
        self.halted = true;
        self.alias = false;
        self.bootvec = 0;
        self.dma_base = 0;
        self.dma_moffs = 0;
        self.dma_fboffs = 0;
        self.fbif_ctl = 0x110;
        self.transcfg = [0x110; 8];
        self.bcr = 0x110;
        self.brom = [0; 4];
        self.loaded = false;
        self.pieces.clear();
        self.riscv_active = false;
        self.debug = 0;
    }

    fn port(base: u32, stride: u32, off: u32) -> Option<(u32, u32)> {
        let rel = off.checked_sub(base)?;
        (rel < stride * 4).then_some((rel / stride, rel % stride))
    }

    fn mem_address(ctl: u32) -> usize {
        (ctl & 0x00ff_fffc) as usize
    }

    /// Reads the register at `off` from the Falcon's base. `None`: no opinion.
    pub fn read(&mut self, off: u32) -> Option<u32> {
        if let Some((_, 0x0)) = Self::port(0x180, 0x10, off) {
            return Some(self.imemc);
        }
        match Self::port(0x1c0, 8, off) {
            Some((_, 0)) => return Some(self.dmemc),
            Some((_, 4)) => {
                let at = Self::mem_address(self.dmemc);
                if self.dmemc & (1 << 25) != 0 {
                    self.dmemc = self.dmemc.wrapping_add(4);
                }
                return Some(crate::mem::le32(&self.dmem, at));
            }
            _ => {}
        }
        Some(match off {
            IRQSTAT => self.irqstat,
            IRQSCLR | 0x010 | 0x014 => 0,
            0x018 => self.irqmask,
            MAILBOX0 => self.mailbox[0],
            MAILBOX1 => self.mailbox[1],
            0x048 => self.itfen,
            OS => self.os,
            0x084 => self.rm,
            // HWCFG2: RISC-V present, reset ready, scrubbing done.
            0x0f4 => 0x8000_0400,
            CPUCTL => (u32::from(self.halted) << 4) | (u32::from(self.alias) << 6),
            0x104 => self.bootvec,
            0x108 => 0x8042_0100,
            0x10c => 0,
            0x110 => (self.dma_base >> 8) as u32,
            0x114 => self.dma_moffs,
            // Idle; the transfer itself is instantaneous.
            DMATRFCMD => 0x2,
            0x11c => self.dma_fboffs,
            0x128 => (self.dma_base >> 40) as u32,
            0x12c => 0xca10_1136,
            ENGINE => u32::from(self.engine_reset),
            RETRIGGER => 0,
            0x408 => self.debug,
            0x600..=0x61c => self.transcfg[(off as usize - 0x600) / 4],
            0x624 => self.fbif_ctl,
            0x1180 => self.brom[0],
            0x1198 => self.brom[1],
            0x119c => self.brom[2],
            0x1210 => self.brom[3],
            BCR_CTRL => self.bcr,
            o if o == self.family.riscv_irqmask() => self.riscv_irqmask,
            o if o == self.family.riscv_active().0 => {
                if self.riscv_active {
                    self.family.riscv_active().1
                } else {
                    0
                }
            }
            _ => return None,
        })
    }

    /// Writes a register. `None`: no opinion.
    pub fn write(&mut self, off: u32, v: u32) -> Option<FalconEvent> {
        if let Some((_, reg)) = Self::port(0x180, 0x10, off) {
            match reg {
                0x0 => self.imemc = v,
                0x4 => {
                    let at = Self::mem_address(self.imemc);
                    crate::mem::put32(&mut self.imem, at, v);
                    self.loaded = true;
                    let secure = self.imemc & (1 << 28) != 0;
                    let place = if secure { Place::Secure } else { Place::Imem };
                    self.pieces.note(place, at, 4);
                    if self.imemc & (1 << 24) != 0 {
                        self.imemc = self.imemc.wrapping_add(4);
                    }
                }
                _ => {}
            }
            return Some(FalconEvent::None);
        }
        if let Some((_, reg)) = Self::port(0x1c0, 8, off) {
            if reg == 0 {
                self.dmemc = v;
            } else {
                let at = Self::mem_address(self.dmemc);
                crate::mem::put32(&mut self.dmem, at, v);
                self.loaded = true;
                self.pieces.note(Place::Dmem, at, 4);
                if self.dmemc & (1 << 24) != 0 {
                    self.dmemc = self.dmemc.wrapping_add(4);
                }
            }
            return Some(FalconEvent::None);
        }
        match off {
            0x000 => self.irqstat |= v,
            IRQSCLR => self.irqstat &= !v,
            0x010 => self.irqmask |= v,
            0x014 => self.irqmask &= !v,
            MAILBOX0 => self.mailbox[0] = v,
            MAILBOX1 => self.mailbox[1] = v,
            0x048 => self.itfen = v,
            OS => {
                self.os = v;
                return Some(FalconEvent::Os);
            }
            0x084 => self.rm = v,
            CPUCTL | CPUCTL_ALIAS => {
                if v & 0x2 != 0 {
                    return Some(FalconEvent::Start {
                        alias: off == CPUCTL_ALIAS,
                    });
                }
            }
            0x104 => self.bootvec = v,
            0x10c => {}
            0x110 => self.dma_base = (self.dma_base & !0xff_ffff_ffff) | (u64::from(v) << 8),
            0x114 => self.dma_moffs = v,
            DMATRFCMD => return Some(FalconEvent::Dma(v)),
            0x11c => self.dma_fboffs = v,
            0x128 => {
                self.dma_base = (self.dma_base & 0xff_ffff_ffff) | (u64::from(v & 0x1ff) << 40);
            }
            ENGINE => {
                let was = self.engine_reset;
                self.engine_reset = v & 1 != 0;
                if self.engine_reset {
                    self.reset();
                } else if was {
                    return Some(FalconEvent::Reset);
                }
            }
            RETRIGGER => return Some(FalconEvent::Retrigger),
            0x600..=0x61c => self.transcfg[(off as usize - 0x600) / 4] = v,
            0x624 => self.fbif_ctl = v,
            0xc00..=0xc3c => return Some(FalconEvent::Doorbell),
            0x1180 => self.brom[0] = v,
            0x1198 => self.brom[1] = v,
            0x119c => self.brom[2] = v,
            0x1210 => self.brom[3] = v,
            // Selecting a core is immediate: the valid bit comes with it.
            BCR_CTRL => self.bcr = (v & 0x110) | 0x001,
            _ => return None,
        }
        Some(FalconEvent::None)
    }

    /// Performs the transfer that `cmd` orders.
    ///
    /// # Errors
    /// When the external address has no memory, or the block leaves the internal one.
    pub fn dma(&mut self, bus: &Bus, cmd: u32) -> Result<(), BusError> {
        let len = 4usize << ((cmd >> 8) & 7);
        let ctx = (cmd >> 12) as usize & 7;
        let addr = self.dma_base.wrapping_add(u64::from(self.dma_fboffs));
        let mem = if cmd & 0x10 != 0 {
            &mut self.imem
        } else {
            &mut self.dmem
        };
        let at = self.dma_moffs as usize;
        let Some(block) = at.checked_add(len).and_then(|end| mem.get_mut(at..end)) else {
            return Err(BusError {
                addr: u64::from(self.dma_moffs),
                len,
            });
        };
        let aperture = match self.transcfg[ctx] & 3 {
            0 => Aperture::Vram,
            _ => Aperture::Sys,
        };
        if cmd & 0x20 != 0 {
            bus.write(aperture, addr, block)?;
        } else {
            self.loaded = true;
            bus.read(aperture, addr, block)?;
            let place = match (cmd & 0x10 != 0, cmd & 0x4 != 0) {
                (true, true) => Place::Secure,
                (true, false) => Place::Imem,
                (false, _) => Place::Dmem,
            };
            self.pieces.note(place, at, len);
        }
        Ok(())
    }

    /// Raises interrupt bits; tells whether any of them was clear before.
    pub fn raise(&mut self, bits: u32) -> bool {
        let new = bits & !self.irqstat != 0;
        self.irqstat |= bits;
        new
    }

    /// Sets the RISC-V interrupt mask, as RM does when it has booted.
    pub fn set_riscv_irqmask(&mut self, mask: u32) {
        self.riscv_irqmask = mask;
    }

    /// The RISC-V core is selected.
    pub fn riscv_selected(&self) -> bool {
        self.bcr & 0x10 != 0
    }
}
