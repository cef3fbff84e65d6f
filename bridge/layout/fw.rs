// SPDX-License-Identifier: GPL-2.0

//! What `fw` reads and writes.

use super::{
    super::bindings::{
        nvkm_falcon_fw,
        nvkm_gsp,
        nvkm_gsp_mem,
        nvkm_gsp_radix3, //
    },
    *, //
};

check! { nvkm_gsp:
    BOOT_FW_OFFSET, BOOT_FW_SIZE: boot.fw;
    BOOT_CODE_OFFSET, BOOT_CODE_SIZE: boot.code_offset;
    BOOT_DATA_OFFSET, BOOT_DATA_SIZE: boot.data_offset;
    BOOT_MANIFEST_OFFSET, BOOT_MANIFEST_SIZE: boot.manifest_offset;
    BOOT_VERSION_OFFSET, BOOT_VERSION_SIZE: boot.app_version;
    FMC_FW_OFFSET, FMC_FW_SIZE: fmc.fw;
    FMC_HASH_OFFSET, FMC_HASH_SIZE: fmc.hash;
    FMC_PKEY_OFFSET, FMC_PKEY_SIZE: fmc.pkey;
    FMC_SIG_OFFSET, FMC_SIG_SIZE: fmc.sig;
    FRTS_ADDR_OFFSET, FRTS_ADDR_SIZE: fb.wpr2.frts.addr;
    FRTS_SIZE_OFFSET, FRTS_SIZE_SIZE: fb.wpr2.frts.size;
}

static_assert!(size_of::<nvkm_gsp_mem>() == offsets::MEM_TOTAL);
check! { nvkm_gsp_mem:
    MEM_SIZE_OFFSET, MEM_SIZE_SIZE: size;
    MEM_DATA_OFFSET, MEM_DATA_SIZE: data;
    MEM_ADDR_OFFSET, MEM_ADDR_SIZE: addr;
}

static_assert!(size_of::<nvkm_gsp_radix3>() == offsets::RX3_TOTAL);
check! { nvkm_gsp_radix3:
    RX3_LVL0_OFFSET, RX3_LVL0_SIZE: lvl0;
    RX3_LVL1_OFFSET, RX3_LVL1_SIZE: lvl1;
    RX3_LVL2_OFFSET, RX3_LVL2_SIZE: lvl2;
}

static_assert!(size_of::<nvkm_falcon_fw>() == offsets::FALCON_FW_TOTAL);
check! { nvkm_falcon_fw:
    FUSE_VER_OFFSET, FUSE_VER_SIZE: fuse_ver;
    ENGINE_ID_OFFSET, ENGINE_ID_SIZE: engine_id;
    UCODE_ID_OFFSET, UCODE_ID_SIZE: ucode_id;
    NMEM_BASE_IMG_OFFSET, NMEM_BASE_IMG_SIZE: nmem_base_img;
    NMEM_BASE_OFFSET, NMEM_BASE_SIZE: nmem_base;
    NMEM_SIZE_OFFSET, NMEM_SIZE_SIZE: nmem_size;
    IMEM_BASE_IMG_OFFSET, IMEM_BASE_IMG_SIZE: imem_base_img;
    IMEM_BASE_OFFSET, IMEM_BASE_SIZE: imem_base;
    IMEM_SIZE_OFFSET, IMEM_SIZE_SIZE: imem_size;
    DMEM_BASE_IMG_OFFSET, DMEM_BASE_IMG_SIZE: dmem_base_img;
    DMEM_BASE_OFFSET, DMEM_BASE_SIZE: dmem_base;
    DMEM_SIZE_OFFSET, DMEM_SIZE_SIZE: dmem_size;
    DMEM_SIGN_OFFSET, DMEM_SIGN_SIZE: dmem_sign;
    BOOT_OFFSET, BOOT_SIZE: boot;
    BOOT_SIZE_OFFSET, BOOT_SIZE_SIZE: boot_size;
    BOOT_ADDR_OFFSET, BOOT_ADDR_SIZE: boot_addr;
    IMAGE_OFFSET, IMAGE_SIZE: fw.img;
    IMAGE_PHYS_OFFSET, IMAGE_PHYS_SIZE: fw.phys;
    IMAGE_LEN_OFFSET, IMAGE_LEN_SIZE: fw.len;
    SIGN_BASE_OFFSET, SIGN_BASE_SIZE: sig_base_img;
    SIGN_EACH_OFFSET, SIGN_EACH_SIZE: sig_size;
    SIGN_NR_OFFSET, SIGN_NR_SIZE: sig_nr;
    SIGN_OFFSET, SIGN_SIZE: sigs;
}
