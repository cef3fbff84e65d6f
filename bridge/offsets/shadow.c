// SPDX-License-Identifier: GPL-2.0
/*
 * Where the C compiler puts the fields that shadow mode alone reads; bridge/layout/shadow.rs holds
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
	OFFSET(FWS_LOAD_OFFSET, nvkm_gsp, fws.booter.load);
	DEFINE(FWS_LOAD_SIZE, sizeof_field(struct nvkm_gsp, fws.booter.load));
	OFFSET(FWS_UNLOAD_OFFSET, nvkm_gsp, fws.booter.unload);
	DEFINE(FWS_UNLOAD_SIZE, sizeof_field(struct nvkm_gsp, fws.booter.unload));
	OFFSET(FWS_BL_OFFSET, nvkm_gsp, fws.bl);
	DEFINE(FWS_BL_SIZE, sizeof_field(struct nvkm_gsp, fws.bl));
	OFFSET(FWS_RM_OFFSET, nvkm_gsp, fws.rm);
	DEFINE(FWS_RM_SIZE, sizeof_field(struct nvkm_gsp, fws.rm));
	OFFSET(FW_IMG_OFFSET, nvkm_gsp, fw.img);
	DEFINE(FW_IMG_SIZE, sizeof_field(struct nvkm_gsp, fw.img));
	OFFSET(WPR2_BOOT_SIZE_OFFSET, nvkm_gsp, fb.wpr2.boot.size);
	DEFINE(WPR2_BOOT_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.boot.size));
	OFFSET(WPR2_ELF_SIZE_OFFSET, nvkm_gsp, fb.wpr2.elf.size);
	DEFINE(WPR2_ELF_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.elf.size));
}
