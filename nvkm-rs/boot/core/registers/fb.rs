// SPDX-License-Identifier: GPL-2.0

//! What of the frame buffer is taken.

use super::{Bar0, Field, Register};

registers! {
    /// Where the display's VGA workspace is (`turing/tu102/dev_disp.h`).
    Bar0 NV_PDISP_VGA_WORKSPACE_BASE @ 0x62_5f04 {
        /// The address means something.
        STATUS_VALID 3:3;
        /// Bits 39:16 of it (`nvkm/subdev/gsp/tu102.c` has them so).
        ADDR 31:8;
    }

    /// Who may read the next two (`ampere/ga100/dev_fb.h`, as those).
    Bar0 NV_PFB_PRI_MMU_LOCK_CFG_PRIV_LEVEL_MASK @ 0x1f_a7c8 {
        /// Everybody.
        READ_PROTECTION_LEVEL0 0:0;
    }

    /// First address that the VBIOS has locked.
    Bar0 NV_PFB_PRI_MMU_LOCK_ADDR_LO @ 0x1f_a82c {
        /// Bits 39:12 of it.
        VAL 31:4;
    }

    /// Last address that it has locked.
    Bar0 NV_PFB_PRI_MMU_LOCK_ADDR_HI @ 0x1f_a830 {
        /// Bits 39:12 of it.
        VAL 31:4;
    }
}
