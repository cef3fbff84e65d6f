// SPDX-License-Identifier: GPL-2.0

//! Registers, under NVIDIA's names. No other file has an address of one or a bit in one.
//!
//! Headers named below are those of NVIDIA's open-gpu-kernel-modules,
//! `src/common/inc/swref/published/`: `turing/tu102/`, `ampere/ga100/`, `ampere/ga102/`. Where a
//! register has no name there, the source of its name is said.
//!
//! A register is a type, its value is one of that type, and its fields are constants of the type,
//! so that a field cannot be taken for another register's: `value.get(R::FIELD)`,
//! `value.with(R::FIELD, 1)`.

use ::core::marker::PhantomData;

use super::io::Unit;

/// What addresses count from.
pub trait Space {
    /// The first address for a unit.
    fn base(unit: Unit) -> u32;
}

/// BAR0 itself: the unit does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Bar0;

impl Space for Bar0 {
    fn base(_: Unit) -> u32 {
        0
    }
}

/// A falcon's registers: `NV_PGSP` (`dev_gsp.h`), `NV_PSEC` (`dev_sec_pri.h`).
#[derive(Clone, Copy, Debug)]
pub struct PFalcon;

impl Space for PFalcon {
    fn base(unit: Unit) -> u32 {
        match unit {
            Unit::Gsp => 0x11_0000,
            Unit::Sec2 => 0x84_0000,
        }
    }
}

/// Its second block, with its RISC-V core: `NV_FALCON2_GSP_BASE`, `NV_FALCON2_SEC_BASE`
/// (`dev_falcon_second_pri.h`).
#[derive(Clone, Copy, Debug)]
pub struct PFalcon2;

impl Space for PFalcon2 {
    fn base(unit: Unit) -> u32 {
        match unit {
            Unit::Gsp => 0x11_1000,
            Unit::Sec2 => 0x84_1000,
        }
    }
}

/// A register, and a value of it.
pub trait Register: Copy {
    /// What its address counts from.
    type Space: Space;
    /// Its name.
    const NAME: &'static str;
    /// Its address, from there.
    const OFFSET: u32;

    /// A value.
    fn new(raw: u32) -> Self;
    /// The same as a number.
    fn raw(self) -> u32;

    /// Its address in BAR0.
    #[must_use]
    fn address(unit: Unit) -> u32 {
        Self::Space::base(unit).wrapping_add(Self::OFFSET)
    }

    /// A field of it.
    #[must_use]
    fn get(self, field: Field<Self>) -> u32 {
        (self.raw() & field.mask).wrapping_shr(field.low)
    }

    /// The same value with that field set; what does not fit in the field is dropped.
    #[must_use]
    fn with(self, field: Field<Self>, value: u32) -> Self {
        let kept = self.raw() & !field.mask;
        Self::new(kept | (value.wrapping_shl(field.low) & field.mask))
    }

    /// A field of one bit is set.
    #[must_use]
    fn is(self, field: Field<Self>) -> bool {
        self.get(field) != 0
    }
}

/// Several registers in a row.
pub trait Array: Register {
    /// How many.
    const COUNT: u32;
    /// Bytes from one to the next.
    const STRIDE: u32;

    /// Address of one of them; none when there are not so many.
    #[must_use]
    fn address_of(unit: Unit, index: u32) -> Option<u32> {
        match index < Self::COUNT {
            true => Some(Self::address(unit).wrapping_add(index.wrapping_mul(Self::STRIDE))),
            false => None,
        }
    }
}

/// Bits of a register.
#[derive(Debug)]
pub struct Field<R> {
    mask: u32,
    low: u32,
    register: PhantomData<fn() -> R>,
}

impl<R> Clone for Field<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Field<R> {}

impl<R> Field<R> {
    /// Bits `high` to `low`.
    #[must_use]
    pub const fn new(high: u32, low: u32) -> Self {
        let ones = u32::MAX.wrapping_shr(31u32.wrapping_sub(high.wrapping_sub(low)));
        Self {
            mask: ones.wrapping_shl(low),
            low,
            register: PhantomData,
        }
    }
}

/// Defines registers: space, name, address, `[count by stride]` for several, fields, and names for
/// values of fields.
macro_rules! registers {
    ($(
        $(#[$doc:meta])*
        $space:ident $name:ident @ $offset:literal $([$count:literal by $stride:literal])? {
            $( $(#[$field_doc:meta])* $field:ident $high:literal : $low:literal; )*
        }
        $( => { $( $(#[$value_doc:meta])* $value:ident = $number:literal; )* } )?
    )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
        #[allow(non_camel_case_types)]
        pub struct $name(u32);

        impl Register for $name {
            type Space = $space;
            const NAME: &'static str = stringify!($name);
            const OFFSET: u32 = $offset;

            fn new(raw: u32) -> Self {
                Self(raw)
            }

            fn raw(self) -> u32 {
                self.0
            }
        }

        $(
            impl Array for $name {
                const COUNT: u32 = $count;
                const STRIDE: u32 = $stride;
            }
        )?

        impl $name {
            $(
                $(#[$field_doc])*
                pub const $field: Field<Self> = {
                    assert!($low <= $high && $high < 32);
                    Field::new($high, $low)
                };
            )*
            $( $(
                $(#[$value_doc])*
                pub const $value: u32 = $number;
            )* )?
        }
    )* };
}

pub mod fb;

registers! {
    /// The chip (`dev_boot.h`).
    Bar0 NV_PMC_BOOT_0 @ 0x00_0000 {}

    /// A word that FWSEC-FRTS leaves: `NV_PBUS_VBIOS_SCRATCH` (`dev_bus.h`, 0x001400) of
    /// `NV_VBIOS_FWSECLIC_SCRATCH_INDEX_0E` (`kernel_gsp_frts_tu102.c`, as the field).
    Bar0 NV_PBUS_VBIOS_SCRATCH_0E @ 0x00_1438 {
        /// `NV_VBIOS_FWSECLIC_FRTS_ERR_CODE`; 0 is good.
        FRTS_ERR_CODE 31:16;
    }

    /// A word that FWSEC-SB leaves: the same of `NV_VBIOS_FWSECLIC_SCRATCH_INDEX_15`.
    Bar0 NV_PBUS_VBIOS_SCRATCH_15 @ 0x00_1454 {
        /// `NV_VBIOS_FWSECLIC_SB_ERR_CODE`; 0 is good.
        SB_ERR_CODE 15:0;
    }

    /// Left by the booter (`dev_gc6_island.h`, `dev_gc6_island_addendum.h`).
    Bar0 NV_PGC6_BSI_SECURE_SCRATCH_14 @ 0x11_80f8 {
        /// It has handed over.
        BOOT_STAGE_3_HANDOFF 26:26;
    }

    /// First address of WPR2 (`dev_fb.h`).
    Bar0 NV_PFB_PRI_MMU_WPR2_ADDR_LO @ 0x1f_a824 {}

    /// Last address of WPR2; 0: there is none (`dev_fb.h`).
    Bar0 NV_PFB_PRI_MMU_WPR2_ADDR_HI @ 0x1f_a828 {}

    /// Version that NVDEC's images must have at least, by ucode id less one
    /// (`ampere/ga100/dev_fuse.h`).
    Bar0 NV_FUSE_OPT_FPF_NVDEC_UCODE1_VERSION @ 0x82_4100 [16 by 4] {}

    /// The same for SEC2's images.
    Bar0 NV_FUSE_OPT_FPF_SEC2_UCODE1_VERSION @ 0x82_4140 [16 by 4] {}

    /// The same for the GSP's images.
    Bar0 NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION @ 0x82_41c0 [16 by 4] {}

    /// Masks interrupts (`dev_falcon_v4.h`, as all that is called `NV_PFALCON_FALCON_` where
    /// nothing else is said).
    PFalcon NV_PFALCON_FALCON_IRQMCLR @ 0x014 {}

    /// Goes in as argument, comes out as status.
    PFalcon NV_PFALCON_FALCON_MAILBOX0 @ 0x040 {} => {
        /// RM has stopped: `INTERRUPT_PROCESSOR_SUSPENDED_VALUE` in `kernel_gsp_tu102.c`.
        PROCESSOR_SUSPENDED = 0x8000_0000;
    }

    /// Goes in as argument, comes out as status.
    PFalcon NV_PFALCON_FALCON_MAILBOX1 @ 0x044 {}

    /// Interfaces (Linux, `drivers/gpu/drm/tegra/falcon.h`).
    PFalcon NV_PFALCON_FALCON_ITFEN @ 0x048 {
        /// Contexts.
        CTXEN 0:0;
        /// Methods.
        MTHDEN 1:1;
    }

    /// What runs, for others to read.
    PFalcon NV_PFALCON_FALCON_OS @ 0x080 {}

    /// What chip it is, for the falcon to read.
    PFalcon NV_PFALCON_FALCON_RM @ 0x084 {}

    /// What the falcon has, and its state (RESET_READY: `ampere/ga102/dev_falcon_v4_addendum.h`).
    PFalcon NV_PFALCON_FALCON_HWCFG2 @ 0x0f4 {
        /// Memories are being cleared.
        MEM_SCRUBBING 12:12;
        /// It may be reset.
        RESET_READY 31:31;
    }

    /// The core.
    PFalcon NV_PFALCON_FALCON_CPUCTL @ 0x100 {
        /// Starts it.
        STARTCPU 1:1;
        /// It has stopped, or never ran.
        HALTED 4:4;
        /// It is started by `CPUCTL_ALIAS`: what has run was signed.
        ALIAS_EN 6:6;
    }

    /// Where it starts.
    PFalcon NV_PFALCON_FALCON_BOOTVEC @ 0x104 {}

    /// Sizes, in blocks of 256 bytes (DMEM's: `nvkm_falcon_oneinit`).
    PFalcon NV_PFALCON_FALCON_HWCFG @ 0x108 {
        /// Of code's memory.
        IMEM_SIZE 8:0;
        /// Of data's memory.
        DMEM_SIZE 17:9;
    }

    /// DMA, and on chips before GA102 the state of the memories. Bit 0 is `REQUIRE_CTX`.
    PFalcon NV_PFALCON_FALCON_DMACTL @ 0x10c {
        /// Data's memory is being cleared.
        DMEM_SCRUBBING 1:1;
        /// Code's memory is being cleared.
        IMEM_SCRUBBING 2:2;
    }

    /// Where DMA reads: bits 39:8 of the address.
    PFalcon NV_PFALCON_FALCON_DMATRFBASE @ 0x110 {}

    /// Where in the falcon's memory DMA writes.
    PFalcon NV_PFALCON_FALCON_DMATRFMOFFS @ 0x114 {}

    /// Begins a transfer, and its state.
    PFalcon NV_PFALCON_FALCON_DMATRFCMD @ 0x118 {
        /// There is none under way.
        IDLE 1:1;
        /// Code is secure.
        SEC 3:2;
        /// To code's memory.
        IMEM 4:4;
        /// Bytes.
        SIZE 10:8;
    } => {
        /// A block.
        SIZE_256B = 6;
    }

    /// Where DMA reads, from its base; for code also the virtual address.
    PFalcon NV_PFALCON_FALCON_DMATRFFBOFFS @ 0x11c {}

    /// Where DMA reads: bits 48:40 of the address.
    PFalcon NV_PFALCON_FALCON_DMATRFBASE1 @ 0x128 {
        /// Those.
        BASE 8:0;
    }

    /// What the falcon is (nova-core, `regs.rs`).
    PFalcon NV_PFALCON_FALCON_HWCFG1 @ 0x12c {}

    /// Starts the core once something signed has run.
    PFalcon NV_PFALCON_FALCON_CPUCTL_ALIAS @ 0x130 {
        /// Starts it.
        STARTCPU 1:1;
    }

    /// Where in code's memory words go, by the first of its ports. Offset and block (`OFFS`, `BLK`)
    /// together are an address, of 24 bits since GA102.
    PFalcon NV_PFALCON_FALCON_IMEMC @ 0x180 {
        /// The address.
        ADDRESS 23:0;
        /// It moves on with each word.
        AINCW 24:24;
        /// Code is secure.
        SECURE 28:28;
    }

    /// Words for there.
    PFalcon NV_PFALCON_FALCON_IMEMD @ 0x184 {}

    /// Virtual address of the block that follows, in blocks.
    PFalcon NV_PFALCON_FALCON_IMEMT @ 0x188 {
        /// That.
        TAG 15:0;
    }

    /// Where in data's memory words go, by the first of its ports.
    PFalcon NV_PFALCON_FALCON_DMEMC @ 0x1c0 {
        /// The address.
        ADDRESS 23:0;
        /// It moves on with each word.
        AINCW 24:24;
    }

    /// Words for there.
    PFalcon NV_PFALCON_FALCON_DMEMD @ 0x1c4 {}

    /// Reset (`dev_gsp.h`, `dev_sec_pri.h`: `NV_PGSP_FALCON_ENGINE`, `NV_PSEC_FALCON_ENGINE`).
    PFalcon NV_PFALCON_FALCON_ENGINE @ 0x3c0 {
        /// Holds it in reset.
        RESET 0:0;
    }

    /// Secure co-processor, on SEC2 (nvkm: `falcon->func->debug`; other units' is called so,
    /// `dev_minion_ip.h`).
    PFalcon NV_PSEC_SCP_CTL_STAT @ 0x408 {
        /// The chip is fused for images with debug signatures.
        DEBUG_MODE 20:20;
    }

    /// What DMA of a context reaches (`dev_fbif_v4.h`; the block is at 0x600, `NV_PGSP_FBIF_BASE`).
    PFalcon NV_PFALCON_FBIF_TRANSCFG @ 0x600 [8 by 4] {
        /// Whose memory.
        TARGET 1:0;
        /// Whose addresses.
        MEM_TYPE 2:2;
        /// Through whose tables.
        ENGINE_ID_FLAG 16:16;
    } => {
        /// The system's, coherent.
        TARGET_COHERENT_SYSMEM = 1;
        /// Physical.
        MEM_TYPE_PHYSICAL = 1;
        /// BAR2's.
        ENGINE_ID_FLAG_BAR2_FN0 = 0;
        /// The context of code (`FALCON_DMAIDX_UCODE`, `nvkm/include/nvkm/engine/falcon.h`).
        UCODE = 0;
        /// The context that Turing's loader of FWSEC is told to use
        /// (`FALCON_DMAIDX_PHYS_SYS_NCOH`).
        PHYS_SYS_NCOH = 4;
    }

    /// Access to memory (`dev_fbif_v4.h`).
    PFalcon NV_PFALCON_FBIF_CTL @ 0x624 {
        /// Physical addresses need no context.
        ALLOW_PHYS_NO_CTX 7:7;
    }

    /// How the boot ROM checks a signature (`dev_falcon_second_pri.h`, as the next three).
    PFalcon2 NV_PFALCON2_FALCON_MOD_SEL @ 0x180 {
        /// The algorithm.
        ALGO 7:0;
    } => {
        /// RSA-3K.
        ALGO_RSA3K = 1;
    }

    /// Which fuse counts for the image.
    PFalcon2 NV_PFALCON2_FALCON_BROM_CURR_UCODE_ID @ 0x198 {}

    /// Which engines it is for.
    PFalcon2 NV_PFALCON2_FALCON_BROM_ENGIDMASK @ 0x19c {}

    /// Where in data's memory the signature is (the first of these).
    PFalcon2 NV_PFALCON2_FALCON_BROM_PARAADDR @ 0x210 {}

    /// Whether the RISC-V core runs, before GA102 (`turing/tu102/dev_riscv_pri.h`).
    PFalcon2 NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS @ 0x240 {
        /// It does.
        ACTIVE_STAT 0:0;
    }

    /// The RISC-V core, since GA102 (`ampere/ga102/dev_riscv_pri.h`, as the next).
    PFalcon2 NV_PRISCV_RISCV_CPUCTL @ 0x388 {
        /// It runs.
        ACTIVE_STAT 7:7;
    }

    /// Which of the two cores it is.
    PFalcon2 NV_PRISCV_RISCV_BCR_CTRL @ 0x668 {
        /// The choice is made.
        VALID 0:0;
        /// The choice.
        CORE_SELECT 4:4;
        /// It starts from its boot ROM.
        BRFETCH 8:8;
    } => {
        /// The falcon.
        CORE_SELECT_FALCON = 0;
        /// RISC-V.
        CORE_SELECT_RISCV = 1;
    }
}
