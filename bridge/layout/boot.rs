// SPDX-License-Identifier: GPL-2.0

//! What `boot` reads and writes.

use super::{
    super::bindings::nvkm_gsp,
    *, //
};

check! { nvkm_gsp:
    FB_ALL_OFFSET, FB_ALL_SIZE: fb.size;
    BIOS_ADDR_OFFSET, BIOS_ADDR_SIZE: fb.bios.addr;
    BIOS_SIZE_OFFSET, BIOS_SIZE_SIZE: fb.bios.size;
    VGA_ADDR_OFFSET, VGA_ADDR_SIZE: fb.bios.vga_workspace.addr;
    VGA_SIZE_OFFSET, VGA_SIZE_SIZE: fb.bios.vga_workspace.size;
    WPR2_BOOT_ADDR_OFFSET, WPR2_BOOT_ADDR_SIZE: fb.wpr2.boot.addr;
    WPR2_ELF_ADDR_OFFSET, WPR2_ELF_ADDR_SIZE: fb.wpr2.elf.addr;
    WPR2_HEAP_ADDR_OFFSET, WPR2_HEAP_ADDR_SIZE: fb.wpr2.heap.addr;
    WPR2_HEAP_SIZE_OFFSET, WPR2_HEAP_SIZE_SIZE: fb.wpr2.heap.size;
    WPR2_ADDR_OFFSET, WPR2_ADDR_SIZE: fb.wpr2.addr;
    WPR2_SIZE_OFFSET, WPR2_SIZE_SIZE: fb.wpr2.size;
    FB_HEAP_ADDR_OFFSET, FB_HEAP_ADDR_SIZE: fb.heap.addr;
    FB_HEAP_SIZE_OFFSET, FB_HEAP_SIZE_SIZE: fb.heap.size;
    FWS_SB_OFFSET, FWS_SB_SIZE: fws.falcon.sb;
    FW_LEN_OFFSET, FW_LEN_SIZE: fw.len;
    SIG_OFFSET, SIG_SIZE: sig;
    RADIX3_OFFSET, RADIX3_SIZE: radix3;
    BOOTER_LOAD_OFFSET, BOOTER_LOAD_SIZE: booter.load;
    BOOTER_UNLOAD_OFFSET, BOOTER_UNLOAD_SIZE: booter.unload;
    LIBOS_OFFSET, LIBOS_SIZE: libos;
    LOGINIT_OFFSET, LOGINIT_SIZE: loginit;
    LOGINTR_OFFSET, LOGINTR_SIZE: logintr;
    LOGRM_OFFSET, LOGRM_SIZE: logrm;
    RMARGS_OFFSET, RMARGS_SIZE: rmargs;
    WPR_META_OFFSET, WPR_META_SIZE: wpr_meta;
    SR_SGT_OFFSET, SR_SGT_SIZE: sr.sgt;
    SR_RADIX3_OFFSET, SR_RADIX3_SIZE: sr.radix3;
    SR_META_OFFSET, SR_META_SIZE: sr.meta;
    SHM_MEM_OFFSET, SHM_MEM_SIZE: shm.mem;
    SHM_PTES_NR_OFFSET, SHM_PTES_NR_SIZE: shm.ptes.nr;
    SHM_PTES_SIZE_OFFSET, SHM_PTES_SIZE_SIZE: shm.ptes.size;
    SHM_PTES_PTR_OFFSET, SHM_PTES_PTR_SIZE: shm.ptes.ptr;
    RUNNING_OFFSET, RUNNING_SIZE: running;
    DEBUGFS_PARENT_OFFSET, DEBUGFS_PARENT_SIZE: debugfs.parent;
    DEBUGFS_INIT_OFFSET, DEBUGFS_INIT_SIZE: debugfs.init;
    DEBUGFS_RM_OFFSET, DEBUGFS_RM_SIZE: debugfs.rm;
    DEBUGFS_INTR_OFFSET, DEBUGFS_INTR_SIZE: debugfs.intr;
    DEBUGFS_PMU_OFFSET, DEBUGFS_PMU_SIZE: debugfs.pmu;
    BLOB_INIT_OFFSET, BLOB_INIT_SIZE: blob_init;
    BLOB_INTR_OFFSET, BLOB_INTR_SIZE: blob_intr;
    BLOB_RM_OFFSET, BLOB_RM_SIZE: blob_rm;
    BLOB_PMU_OFFSET, BLOB_PMU_SIZE: blob_pmu;
}
