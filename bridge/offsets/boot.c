// SPDX-License-Identifier: GPL-2.0
/*
 * Where the C compiler puts the fields that boot reads and writes; bridge/layout/boot.rs holds
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
	OFFSET(FB_ALL_OFFSET, nvkm_gsp, fb.size);
	DEFINE(FB_ALL_SIZE, sizeof_field(struct nvkm_gsp, fb.size));
	OFFSET(BIOS_ADDR_OFFSET, nvkm_gsp, fb.bios.addr);
	DEFINE(BIOS_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.bios.addr));
	OFFSET(BIOS_SIZE_OFFSET, nvkm_gsp, fb.bios.size);
	DEFINE(BIOS_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.bios.size));
	OFFSET(VGA_ADDR_OFFSET, nvkm_gsp, fb.bios.vga_workspace.addr);
	DEFINE(VGA_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.bios.vga_workspace.addr));
	OFFSET(VGA_SIZE_OFFSET, nvkm_gsp, fb.bios.vga_workspace.size);
	DEFINE(VGA_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.bios.vga_workspace.size));
	OFFSET(WPR2_BOOT_ADDR_OFFSET, nvkm_gsp, fb.wpr2.boot.addr);
	DEFINE(WPR2_BOOT_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.boot.addr));
	OFFSET(WPR2_ELF_ADDR_OFFSET, nvkm_gsp, fb.wpr2.elf.addr);
	DEFINE(WPR2_ELF_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.elf.addr));
	OFFSET(WPR2_HEAP_ADDR_OFFSET, nvkm_gsp, fb.wpr2.heap.addr);
	DEFINE(WPR2_HEAP_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.heap.addr));
	OFFSET(WPR2_HEAP_SIZE_OFFSET, nvkm_gsp, fb.wpr2.heap.size);
	DEFINE(WPR2_HEAP_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.heap.size));
	OFFSET(WPR2_ADDR_OFFSET, nvkm_gsp, fb.wpr2.addr);
	DEFINE(WPR2_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.addr));
	OFFSET(WPR2_SIZE_OFFSET, nvkm_gsp, fb.wpr2.size);
	DEFINE(WPR2_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.size));
	OFFSET(FB_HEAP_ADDR_OFFSET, nvkm_gsp, fb.heap.addr);
	DEFINE(FB_HEAP_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.heap.addr));
	OFFSET(FB_HEAP_SIZE_OFFSET, nvkm_gsp, fb.heap.size);
	DEFINE(FB_HEAP_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.heap.size));
	OFFSET(FWS_SB_OFFSET, nvkm_gsp, fws.falcon.sb);
	DEFINE(FWS_SB_SIZE, sizeof_field(struct nvkm_gsp, fws.falcon.sb));
	OFFSET(FW_LEN_OFFSET, nvkm_gsp, fw.len);
	DEFINE(FW_LEN_SIZE, sizeof_field(struct nvkm_gsp, fw.len));
	OFFSET(SIG_OFFSET, nvkm_gsp, sig);
	DEFINE(SIG_SIZE, sizeof_field(struct nvkm_gsp, sig));
	OFFSET(RADIX3_OFFSET, nvkm_gsp, radix3);
	DEFINE(RADIX3_SIZE, sizeof_field(struct nvkm_gsp, radix3));
	OFFSET(BOOTER_LOAD_OFFSET, nvkm_gsp, booter.load);
	DEFINE(BOOTER_LOAD_SIZE, sizeof_field(struct nvkm_gsp, booter.load));
	OFFSET(BOOTER_UNLOAD_OFFSET, nvkm_gsp, booter.unload);
	DEFINE(BOOTER_UNLOAD_SIZE, sizeof_field(struct nvkm_gsp, booter.unload));
	OFFSET(LIBOS_OFFSET, nvkm_gsp, libos);
	DEFINE(LIBOS_SIZE, sizeof_field(struct nvkm_gsp, libos));
	OFFSET(LOGINIT_OFFSET, nvkm_gsp, loginit);
	DEFINE(LOGINIT_SIZE, sizeof_field(struct nvkm_gsp, loginit));
	OFFSET(LOGINTR_OFFSET, nvkm_gsp, logintr);
	DEFINE(LOGINTR_SIZE, sizeof_field(struct nvkm_gsp, logintr));
	OFFSET(LOGRM_OFFSET, nvkm_gsp, logrm);
	DEFINE(LOGRM_SIZE, sizeof_field(struct nvkm_gsp, logrm));
	OFFSET(RMARGS_OFFSET, nvkm_gsp, rmargs);
	DEFINE(RMARGS_SIZE, sizeof_field(struct nvkm_gsp, rmargs));
	OFFSET(WPR_META_OFFSET, nvkm_gsp, wpr_meta);
	DEFINE(WPR_META_SIZE, sizeof_field(struct nvkm_gsp, wpr_meta));
	OFFSET(SR_SGT_OFFSET, nvkm_gsp, sr.sgt);
	DEFINE(SR_SGT_SIZE, sizeof_field(struct nvkm_gsp, sr.sgt));
	OFFSET(SR_RADIX3_OFFSET, nvkm_gsp, sr.radix3);
	DEFINE(SR_RADIX3_SIZE, sizeof_field(struct nvkm_gsp, sr.radix3));
	OFFSET(SR_META_OFFSET, nvkm_gsp, sr.meta);
	DEFINE(SR_META_SIZE, sizeof_field(struct nvkm_gsp, sr.meta));
	OFFSET(SHM_MEM_OFFSET, nvkm_gsp, shm.mem);
	DEFINE(SHM_MEM_SIZE, sizeof_field(struct nvkm_gsp, shm.mem));
	OFFSET(SHM_PTES_NR_OFFSET, nvkm_gsp, shm.ptes.nr);
	DEFINE(SHM_PTES_NR_SIZE, sizeof_field(struct nvkm_gsp, shm.ptes.nr));
	OFFSET(SHM_PTES_SIZE_OFFSET, nvkm_gsp, shm.ptes.size);
	DEFINE(SHM_PTES_SIZE_SIZE, sizeof_field(struct nvkm_gsp, shm.ptes.size));
	OFFSET(SHM_PTES_PTR_OFFSET, nvkm_gsp, shm.ptes.ptr);
	DEFINE(SHM_PTES_PTR_SIZE, sizeof_field(struct nvkm_gsp, shm.ptes.ptr));
	OFFSET(RUNNING_OFFSET, nvkm_gsp, running);
	DEFINE(RUNNING_SIZE, sizeof_field(struct nvkm_gsp, running));
	OFFSET(DEBUGFS_PARENT_OFFSET, nvkm_gsp, debugfs.parent);
	DEFINE(DEBUGFS_PARENT_SIZE, sizeof_field(struct nvkm_gsp, debugfs.parent));
	OFFSET(DEBUGFS_INIT_OFFSET, nvkm_gsp, debugfs.init);
	DEFINE(DEBUGFS_INIT_SIZE, sizeof_field(struct nvkm_gsp, debugfs.init));
	OFFSET(DEBUGFS_RM_OFFSET, nvkm_gsp, debugfs.rm);
	DEFINE(DEBUGFS_RM_SIZE, sizeof_field(struct nvkm_gsp, debugfs.rm));
	OFFSET(DEBUGFS_INTR_OFFSET, nvkm_gsp, debugfs.intr);
	DEFINE(DEBUGFS_INTR_SIZE, sizeof_field(struct nvkm_gsp, debugfs.intr));
	OFFSET(DEBUGFS_PMU_OFFSET, nvkm_gsp, debugfs.pmu);
	DEFINE(DEBUGFS_PMU_SIZE, sizeof_field(struct nvkm_gsp, debugfs.pmu));
	OFFSET(BLOB_INIT_OFFSET, nvkm_gsp, blob_init);
	DEFINE(BLOB_INIT_SIZE, sizeof_field(struct nvkm_gsp, blob_init));
	OFFSET(BLOB_INTR_OFFSET, nvkm_gsp, blob_intr);
	DEFINE(BLOB_INTR_SIZE, sizeof_field(struct nvkm_gsp, blob_intr));
	OFFSET(BLOB_RM_OFFSET, nvkm_gsp, blob_rm);
	DEFINE(BLOB_RM_SIZE, sizeof_field(struct nvkm_gsp, blob_rm));
	OFFSET(BLOB_PMU_OFFSET, nvkm_gsp, blob_pmu);
	DEFINE(BLOB_PMU_SIZE, sizeof_field(struct nvkm_gsp, blob_pmu));
}
