// SPDX-License-Identifier: GPL-2.0

//! What shadow mode reads besides what the subsystems do.

use super::{
    super::bindings::nvkm_gsp,
    *, //
};

check! { nvkm_gsp:
    FWS_LOAD_OFFSET, FWS_LOAD_SIZE: fws.booter.load;
    FWS_UNLOAD_OFFSET, FWS_UNLOAD_SIZE: fws.booter.unload;
    FWS_BL_OFFSET, FWS_BL_SIZE: fws.bl;
    FWS_RM_OFFSET, FWS_RM_SIZE: fws.rm;
    FW_IMG_OFFSET, FW_IMG_SIZE: fw.img;
    WPR2_BOOT_SIZE_OFFSET, WPR2_BOOT_SIZE_SIZE: fb.wpr2.boot.size;
    WPR2_ELF_SIZE_OFFSET, WPR2_ELF_SIZE_SIZE: fb.wpr2.elf.size;
}
