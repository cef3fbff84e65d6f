// SPDX-License-Identifier: GPL-2.0
//! The chips: data, and the few places where families differ.

mod ampere;
mod turing;

use crate::vbios::Shape;

/// Families that differ in the parts the model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// TU1xx: Falcons loaded by PIO, FWSEC by way of a loader (acr/bl.bin).
    Turing,
    /// GA100: Turing's boot with Ampere's host.
    Ga100,
    /// GA10x: Falcons loaded by DMA and verified by the boot ROM.
    Ampere,
    /// AD10x: as GA10x.
    Ada,
}

impl Family {
    /// Falcons of this family have the boot ROM, DMA load and core select of GA102 (nvkm/falcon/ga102.c).
    pub fn has_brom(self) -> bool {
        matches!(self, Family::Ampere | Family::Ada)
    }

    /// Offset of the RISC-V interrupt mask from the Falcon's base (`riscv_irqmask` in nvkm/subdev/gsp).
    pub fn riscv_irqmask(self) -> u32 {
        if self.has_brom() {
            0x1528
        } else {
            0x12b4
        }
    }

    /// Offset from the Falcon's base and bit of the register that tells that the RISC-V core runs (nvkm/falcon/tu102.c, ga102.c).
    pub fn riscv_active(self) -> (u32, u32) {
        if self.has_brom() {
            (0x1388, 0x80)
        } else {
            (0x1240, 0x01)
        }
    }

    /// The booter makes WPR2 all by itself, and FWSEC has no FRTS command (tu102_gsp_oneinit() in nvkm/subdev/gsp/tu102.c).
    pub fn has_frts(self) -> bool {
        self != Family::Ga100
    }

    /// RM allots compression tags in raw mode, which drivers switch off over suspend (nvkm/subdev/gsp/rm/r570/fbsr.c).
    pub fn raw_compression(self) -> bool {
        self != Family::Turing
    }

    /// The register that holds the frame buffer's size: as magnitude and scale, or in megabytes (nvkm/subdev/fb/ga100.c,
    /// ga102.c).
    pub fn fb_size(self) -> FbSize {
        if self.has_brom() {
            FbSize::Megabytes(0x1183a4)
        } else {
            FbSize::Scaled(0x100ce0)
        }
    }

    /// Register and bit of the fuse that says that the chip has no display (nvkm/subdev/devinit/gm107.c, ga100.c).
    pub fn display_fuse(self) -> u32 {
        match self {
            Family::Turing => 0x021c04,
            _ => 0x820c04,
        }
    }

    /// Classes that RM offers on this family (nvkm/subdev/gsp/rm/tu1xx.c, ga100.c, ga1xx.c, ad10x.c; nvif/class.h).
    pub fn classes(self) -> Classes {
        match self {
            Family::Turing => Classes {
                gpfifo: 0xc46f,
                ce: 0xc5b5,
                gr: &[0xa140, 0x902d, 0xc597, 0xc5c0],
                nvdec: 0xc4b0,
                nvenc: 0xc4b7,
                ofa: 0,
                usermode: 0xc461,
            },
            Family::Ga100 => Classes {
                gpfifo: 0xc56f,
                ce: 0xc6b5,
                gr: &[0xa140, 0x902d, 0xc697, 0xc6c0],
                nvdec: 0xc6b0,
                nvenc: 0,
                ofa: 0xc6fa,
                usermode: 0xc561,
            },
            Family::Ampere => Classes {
                gpfifo: 0xc56f,
                ce: 0xc7b5,
                gr: &[0xa140, 0x902d, 0xc797, 0xc7c0],
                nvdec: 0xc7b0,
                nvenc: 0xc7b7,
                ofa: 0xc7fa,
                usermode: 0xc561,
            },
            Family::Ada => Classes {
                gpfifo: 0xc56f,
                ce: 0xc7b5,
                gr: &[0xa140, 0x902d, 0xc997, 0xc9c0],
                nvdec: 0xc9b0,
                nvenc: 0xc9b7,
                ofa: 0xc9fa,
                usermode: 0xc561,
            },
        }
    }
}

/// Where the frame buffer's size stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FbSize {
    /// Magnitude and scale.
    Scaled(u32),
    /// Megabytes.
    Megabytes(u32),
}

/// Class numbers of a family.
#[derive(Debug, Clone, Copy)]
pub struct Classes {
    /// The GPFIFO channel.
    pub gpfifo: u32,
    /// The copy engine.
    pub ce: u32,
    /// Inline-to-memory, 2D, 3D, compute.
    pub gr: &'static [u32],
    /// Video decoder.
    pub nvdec: u32,
    /// Video encoder, 0 for none.
    pub nvenc: u32,
    /// Optical flow, 0 for none.
    pub ofa: u32,
    /// The usermode (doorbell) region.
    pub usermode: u32,
}

/// What an engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Graphics and compute.
    Gr,
    /// Copy engine n.
    Ce(u32),
    /// Video decoder n.
    Nvdec(u32),
    /// Video encoder n.
    Nvenc(u32),
    /// The software engine that RM lists last.
    Sw,
}

/// One row of the chip's engine table.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    /// What it is.
    pub kind: EngineKind,
    /// Runlist number.
    pub runlist: u32,
    /// Base of the runlist's registers (0 before Ampere).
    pub runlist_pri: u32,
    /// Interrupt vector for stalling interrupts.
    pub stall: u32,
    /// Interrupt vector for non-stalling interrupts.
    pub nonstall: u32,
}

const fn engine(
    kind: EngineKind,
    runlist: u32,
    runlist_pri: u32,
    stall: u32,
    nonstall: u32,
) -> Engine {
    Engine {
        kind,
        runlist,
        runlist_pri,
        stall,
        nonstall,
    }
}

/// A chip.
#[derive(Debug)]
pub struct Chip {
    /// Lower-case name, as in file names.
    pub name: &'static str,
    /// Family.
    pub family: Family,
    /// NV_PMC_BOOT_0.
    pub boot0: u32,
    /// NV_PMC_BOOT_42.
    pub boot42: u32,
    /// PCI device id.
    pub device_id: u16,
    /// PCI revision id.
    pub revision: u8,
    /// Subsystem vendor and device.
    pub subsystem: (u16, u16),
    /// Marketing name that RM reports.
    pub board_name: &'static str,
    /// Video memory in bytes.
    pub vram: u64,
    /// Top of video memory that the VBIOS has locked: first byte and last.
    pub locked: Option<(u64, u64)>,
    /// Fuses of ucode versions that are not 0: register and value (nvkm/falcon/ga100.c, nvkm/subdev/gsp/ga102.c).
    pub fuses: &'static [(u32, u32)],
    /// TPC mask of each GPC.
    pub tpcs: &'static [u32],
    /// Engines in the order in which RM lists them.
    pub engines: &'static [Engine],
    /// Vector of the GSP's stalling interrupt.
    pub gsp_vector: u32,
    /// How large the code of its VBIOS' FWSEC is.
    pub vbios: Shape,
    /// ELF section of the GSP firmware that holds this chip's signatures (nvkm/subdev/gsp).
    pub signature_section: &'static str,
}

impl Chip {
    /// First byte of video memory that the firmware's region may not reach.
    pub fn memory_end(&self) -> u64 {
        self.locked.map_or(self.vram, |(first, _)| first)
    }
}

/// Every chip that can be modelled.
pub const CHIPS: &[&Chip] = &[
    &turing::TU102,
    &turing::TU104,
    &turing::TU106,
    &turing::TU116,
    &ampere::GA100,
    &ampere::GA102,
    &ampere::GA106,
    &ampere::AD102,
];

/// The chip of that name.
pub fn find(name: &str) -> Option<&'static Chip> {
    CHIPS.iter().copied().find(|c| c.name == name)
}
