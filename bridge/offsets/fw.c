// SPDX-License-Identifier: GPL-2.0
/*
 * Where the C compiler puts the fields that fw reads and writes; bridge/layout/fw.rs holds
 * bindgen's idea of it against this, so that a disagreement fails the build. Compiled to assembly
 * only, as the kernel does for its own asm-offsets.h.
 */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <subdev/gsp.h>

void nvkm_rust_offsets(void);

void
nvkm_rust_offsets(void)
{
	OFFSET(BOOT_FW_OFFSET, nvkm_gsp, boot.fw);
	DEFINE(BOOT_FW_SIZE, sizeof_field(struct nvkm_gsp, boot.fw));
	OFFSET(BOOT_CODE_OFFSET, nvkm_gsp, boot.code_offset);
	DEFINE(BOOT_CODE_SIZE, sizeof_field(struct nvkm_gsp, boot.code_offset));
	OFFSET(BOOT_DATA_OFFSET, nvkm_gsp, boot.data_offset);
	DEFINE(BOOT_DATA_SIZE, sizeof_field(struct nvkm_gsp, boot.data_offset));
	OFFSET(BOOT_MANIFEST_OFFSET, nvkm_gsp, boot.manifest_offset);
	DEFINE(BOOT_MANIFEST_SIZE, sizeof_field(struct nvkm_gsp, boot.manifest_offset));
	OFFSET(BOOT_VERSION_OFFSET, nvkm_gsp, boot.app_version);
	DEFINE(BOOT_VERSION_SIZE, sizeof_field(struct nvkm_gsp, boot.app_version));
	OFFSET(FMC_FW_OFFSET, nvkm_gsp, fmc.fw);
	DEFINE(FMC_FW_SIZE, sizeof_field(struct nvkm_gsp, fmc.fw));
	OFFSET(FMC_HASH_OFFSET, nvkm_gsp, fmc.hash);
	DEFINE(FMC_HASH_SIZE, sizeof_field(struct nvkm_gsp, fmc.hash));
	OFFSET(FMC_PKEY_OFFSET, nvkm_gsp, fmc.pkey);
	DEFINE(FMC_PKEY_SIZE, sizeof_field(struct nvkm_gsp, fmc.pkey));
	OFFSET(FMC_SIG_OFFSET, nvkm_gsp, fmc.sig);
	DEFINE(FMC_SIG_SIZE, sizeof_field(struct nvkm_gsp, fmc.sig));
	OFFSET(FRTS_ADDR_OFFSET, nvkm_gsp, fb.wpr2.frts.addr);
	DEFINE(FRTS_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.frts.addr));
	OFFSET(FRTS_SIZE_OFFSET, nvkm_gsp, fb.wpr2.frts.size);
	DEFINE(FRTS_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.frts.size));
	DEFINE(MEM_TOTAL, sizeof(struct nvkm_gsp_mem));
	OFFSET(MEM_SIZE_OFFSET, nvkm_gsp_mem, size);
	DEFINE(MEM_SIZE_SIZE, sizeof_field(struct nvkm_gsp_mem, size));
	OFFSET(MEM_DATA_OFFSET, nvkm_gsp_mem, data);
	DEFINE(MEM_DATA_SIZE, sizeof_field(struct nvkm_gsp_mem, data));
	OFFSET(MEM_ADDR_OFFSET, nvkm_gsp_mem, addr);
	DEFINE(MEM_ADDR_SIZE, sizeof_field(struct nvkm_gsp_mem, addr));
	DEFINE(RX3_TOTAL, sizeof(struct nvkm_gsp_radix3));
	OFFSET(RX3_LVL0_OFFSET, nvkm_gsp_radix3, lvl0);
	DEFINE(RX3_LVL0_SIZE, sizeof_field(struct nvkm_gsp_radix3, lvl0));
	OFFSET(RX3_LVL1_OFFSET, nvkm_gsp_radix3, lvl1);
	DEFINE(RX3_LVL1_SIZE, sizeof_field(struct nvkm_gsp_radix3, lvl1));
	OFFSET(RX3_LVL2_OFFSET, nvkm_gsp_radix3, lvl2);
	DEFINE(RX3_LVL2_SIZE, sizeof_field(struct nvkm_gsp_radix3, lvl2));
	DEFINE(FALCON_FW_TOTAL, sizeof(struct nvkm_falcon_fw));
	OFFSET(FUSE_VER_OFFSET, nvkm_falcon_fw, fuse_ver);
	DEFINE(FUSE_VER_SIZE, sizeof_field(struct nvkm_falcon_fw, fuse_ver));
	OFFSET(ENGINE_ID_OFFSET, nvkm_falcon_fw, engine_id);
	DEFINE(ENGINE_ID_SIZE, sizeof_field(struct nvkm_falcon_fw, engine_id));
	OFFSET(UCODE_ID_OFFSET, nvkm_falcon_fw, ucode_id);
	DEFINE(UCODE_ID_SIZE, sizeof_field(struct nvkm_falcon_fw, ucode_id));
	OFFSET(NMEM_BASE_IMG_OFFSET, nvkm_falcon_fw, nmem_base_img);
	DEFINE(NMEM_BASE_IMG_SIZE, sizeof_field(struct nvkm_falcon_fw, nmem_base_img));
	OFFSET(NMEM_BASE_OFFSET, nvkm_falcon_fw, nmem_base);
	DEFINE(NMEM_BASE_SIZE, sizeof_field(struct nvkm_falcon_fw, nmem_base));
	OFFSET(NMEM_SIZE_OFFSET, nvkm_falcon_fw, nmem_size);
	DEFINE(NMEM_SIZE_SIZE, sizeof_field(struct nvkm_falcon_fw, nmem_size));
	OFFSET(IMEM_BASE_IMG_OFFSET, nvkm_falcon_fw, imem_base_img);
	DEFINE(IMEM_BASE_IMG_SIZE, sizeof_field(struct nvkm_falcon_fw, imem_base_img));
	OFFSET(IMEM_BASE_OFFSET, nvkm_falcon_fw, imem_base);
	DEFINE(IMEM_BASE_SIZE, sizeof_field(struct nvkm_falcon_fw, imem_base));
	OFFSET(IMEM_SIZE_OFFSET, nvkm_falcon_fw, imem_size);
	DEFINE(IMEM_SIZE_SIZE, sizeof_field(struct nvkm_falcon_fw, imem_size));
	OFFSET(DMEM_BASE_IMG_OFFSET, nvkm_falcon_fw, dmem_base_img);
	DEFINE(DMEM_BASE_IMG_SIZE, sizeof_field(struct nvkm_falcon_fw, dmem_base_img));
	OFFSET(DMEM_BASE_OFFSET, nvkm_falcon_fw, dmem_base);
	DEFINE(DMEM_BASE_SIZE, sizeof_field(struct nvkm_falcon_fw, dmem_base));
	OFFSET(DMEM_SIZE_OFFSET, nvkm_falcon_fw, dmem_size);
	DEFINE(DMEM_SIZE_SIZE, sizeof_field(struct nvkm_falcon_fw, dmem_size));
	OFFSET(DMEM_SIGN_OFFSET, nvkm_falcon_fw, dmem_sign);
	DEFINE(DMEM_SIGN_SIZE, sizeof_field(struct nvkm_falcon_fw, dmem_sign));
	OFFSET(BOOT_OFFSET, nvkm_falcon_fw, boot);
	DEFINE(BOOT_SIZE, sizeof_field(struct nvkm_falcon_fw, boot));
	OFFSET(BOOT_SIZE_OFFSET, nvkm_falcon_fw, boot_size);
	DEFINE(BOOT_SIZE_SIZE, sizeof_field(struct nvkm_falcon_fw, boot_size));
	OFFSET(BOOT_ADDR_OFFSET, nvkm_falcon_fw, boot_addr);
	DEFINE(BOOT_ADDR_SIZE, sizeof_field(struct nvkm_falcon_fw, boot_addr));
	OFFSET(IMAGE_OFFSET, nvkm_falcon_fw, fw.img);
	DEFINE(IMAGE_SIZE, sizeof_field(struct nvkm_falcon_fw, fw.img));
	OFFSET(IMAGE_PHYS_OFFSET, nvkm_falcon_fw, fw.phys);
	DEFINE(IMAGE_PHYS_SIZE, sizeof_field(struct nvkm_falcon_fw, fw.phys));
	OFFSET(IMAGE_LEN_OFFSET, nvkm_falcon_fw, fw.len);
	DEFINE(IMAGE_LEN_SIZE, sizeof_field(struct nvkm_falcon_fw, fw.len));
	OFFSET(SIGN_BASE_OFFSET, nvkm_falcon_fw, sig_base_img);
	DEFINE(SIGN_BASE_SIZE, sizeof_field(struct nvkm_falcon_fw, sig_base_img));
	OFFSET(SIGN_EACH_OFFSET, nvkm_falcon_fw, sig_size);
	DEFINE(SIGN_EACH_SIZE, sizeof_field(struct nvkm_falcon_fw, sig_size));
	OFFSET(SIGN_NR_OFFSET, nvkm_falcon_fw, sig_nr);
	DEFINE(SIGN_NR_SIZE, sizeof_field(struct nvkm_falcon_fw, sig_nr));
	OFFSET(SIGN_OFFSET, nvkm_falcon_fw, sigs);
	DEFINE(SIGN_SIZE, sizeof_field(struct nvkm_falcon_fw, sigs));
}
