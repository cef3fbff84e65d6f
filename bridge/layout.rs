// SPDX-License-Identifier: GPL-2.0

//! bindgen's idea of nvkm's structures, held against the C compiler's (`bridge/offsets.c`): what disagrees does not build.

use core::mem::{
    offset_of,
    MaybeUninit, //
};

use kernel::build_assert::static_assert;

use super::{
    bindings::{
        nvkm_falcon_fw,
        nvkm_gsp,
        nvkm_gsp_mem,
        nvkm_gsp_radix3, //
    },
    offsets, //
};

/// The size of what a pointer points to.
#[allow(dead_code)] // Used in assertions.
const fn size_behind<T>(_: *const T) -> usize {
    size_of::<T>()
}

macro_rules! check {
    ($type:ident: $($offset:ident, $size:ident: $first:ident $(. $more:ident)*;)*) => {
        $(
            static_assert!(offset_of!($type, $first $(. $more)*) == offsets::$offset);
            static_assert!({
                let it = MaybeUninit::<$type>::uninit();
                // SAFETY: Only the place is computed, within the object; nothing is read.
                size_behind(unsafe { &raw const (*it.as_ptr()).$first $(. $more)* })
            } == offsets::$size);
        )*
    };
}

static_assert!(size_of::<nvkm_gsp>() == offsets::GSP_SIZE);
check! { nvkm_gsp:
    SUBDEV_DEBUG_OFFSET, SUBDEV_DEBUG_SIZE: subdev.debug;
    CLIENT_OFFSET, CLIENT_SIZE: internal.client;
    CLIENT_CLIENT_OFFSET, CLIENT_CLIENT_SIZE: internal.client.object.client;
    CLIENT_PARENT_OFFSET, CLIENT_PARENT_SIZE: internal.client.object.parent;
    CLIENT_HANDLE_OFFSET, CLIENT_HANDLE_SIZE: internal.client.object.handle;
    CLIENT_GSP_OFFSET, CLIENT_GSP_SIZE: internal.client.gsp;
    CLIENT_EVENTS_OFFSET, CLIENT_EVENTS_SIZE: internal.client.events;
    DEVICE_CLIENT_OFFSET, DEVICE_CLIENT_SIZE: internal.device.object.client;
    DEVICE_PARENT_OFFSET, DEVICE_PARENT_SIZE: internal.device.object.parent;
    DEVICE_HANDLE_OFFSET, DEVICE_HANDLE_SIZE: internal.device.object.handle;
    SUBDEV_CLIENT_OFFSET, SUBDEV_CLIENT_SIZE: internal.device.subdevice.client;
    SUBDEV_PARENT_OFFSET, SUBDEV_PARENT_SIZE: internal.device.subdevice.parent;
    SUBDEV_HANDLE_OFFSET, SUBDEV_HANDLE_SIZE: internal.device.subdevice.handle;
    BAR1_PDB_OFFSET, BAR1_PDB_SIZE: bar.rm_bar1_pdb;
    BAR2_PDB_OFFSET, BAR2_PDB_SIZE: bar.rm_bar2_pdb;
    GPCS_OFFSET, GPCS_SIZE: gr.gpcs;
    TPCS_OFFSET, TPCS_SIZE: gr.tpcs;
    REGION_OFFSET, REGION_SIZE: fb.region;
    REGION_NR_OFFSET, REGION_NR_SIZE: fb.region_nr;
    RSVD_SIZE_OFFSET, RSVD_SIZE_SIZE: fb.rsvd_size;
    COMPTAGS_OFFSET, COMPTAGS_SIZE: memsys.use_raw_mode_comptagline_alloc;
    INTR_OFFSET, INTR_SIZE: intr;
    INTR_NR_OFFSET, INTR_NR_SIZE: intr_nr;
    SHM_CMDQ_SIZE_OFFSET, SHM_CMDQ_SIZE_SIZE: shm.cmdq.size;
    SHM_CMDQ_PTR_OFFSET, SHM_CMDQ_PTR_SIZE: shm.cmdq.ptr;
    SHM_MSGQ_SIZE_OFFSET, SHM_MSGQ_SIZE_SIZE: shm.msgq.size;
    SHM_MSGQ_PTR_OFFSET, SHM_MSGQ_PTR_SIZE: shm.msgq.ptr;
    CMDQ_CNT_OFFSET, CMDQ_CNT_SIZE: cmdq.cnt;
    CMDQ_SEQ_OFFSET, CMDQ_SEQ_SIZE: cmdq.seq;
    CMDQ_WPTR_OFFSET, CMDQ_WPTR_SIZE: cmdq.wptr;
    CMDQ_RPTR_OFFSET, CMDQ_RPTR_SIZE: cmdq.rptr;
    MSGQ_CNT_OFFSET, MSGQ_CNT_SIZE: msgq.cnt;
    MSGQ_WPTR_OFFSET, MSGQ_WPTR_SIZE: msgq.wptr;
    MSGQ_RPTR_OFFSET, MSGQ_RPTR_SIZE: msgq.rptr;
    RPC_SEQ_OFFSET, RPC_SEQ_SIZE: rpc_seq;
    SUBDEV_DEVICE_OFFSET, SUBDEV_DEVICE_SIZE: subdev.device;
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

/// The same for fields of an array's first element.
macro_rules! check_first {
    ($type:ident: $($offset:ident, $size:ident: $($field:ident).+ [0] . $inner:ident;)*) => {
        $(
            static_assert!({
                let it = MaybeUninit::<$type>::uninit();
                // SAFETY: Only places are computed, within the object; nothing is read.
                let (at, size) = unsafe {
                    let place = &raw const (*it.as_ptr()).$($field).+[0].$inner;
                    (place.cast::<u8>().offset_from(it.as_ptr().cast()), size_behind(place))
                };
                at == offsets::$offset as isize && size == offsets::$size
            });
        )*
    };
}

check_first! { nvkm_gsp:
    REGION_ADDR_OFFSET, REGION_ADDR_SIZE: fb.region[0].addr;
    REGION_BYTES_OFFSET, REGION_BYTES_SIZE: fb.region[0].size;
    INTR_TYPE_OFFSET, INTR_TYPE_SIZE: intr[0].type_;
    INTR_INST_OFFSET, INTR_INST_SIZE: intr[0].inst;
    INTR_STALL_OFFSET, INTR_STALL_SIZE: intr[0].stall;
    INTR_NONSTALL_OFFSET, INTR_NONSTALL_SIZE: intr[0].nonstall;
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

/// Holds NVIDIA's headers against the structures that C's rpc.c has of its own.
mod framing_as_in_c {
    use super::{
        offsets as c,
        static_assert, //
    };
    use crate::abi::core::framing::{
        ELEMENT,
        ELEMENT_HEADER_SIZE,
        RPC,
        RPC_HEADER_SIZE, //
    };

    static_assert!(ELEMENT_HEADER_SIZE == c::ELEMENT_HEADER_SIZE);
    static_assert!(ELEMENT.checksum.offset == c::ELEMENT_CHECKSUM);
    static_assert!(ELEMENT.sequence.offset == c::ELEMENT_SEQUENCE);
    static_assert!(ELEMENT.elem_count.offset == c::ELEMENT_COUNT);
    static_assert!(RPC_HEADER_SIZE == c::RPC_HEADER_SIZE);
    static_assert!(RPC.header_version.offset == c::RPC_VERSION);
    static_assert!(RPC.signature.offset == c::RPC_SIGNATURE);
    static_assert!(RPC.length.offset == c::RPC_LENGTH);
    static_assert!(RPC.function.offset == c::RPC_FUNCTION);
    static_assert!(RPC.rpc_result.offset == c::RPC_RESULT);
    static_assert!(RPC.rpc_result_private.offset == c::RPC_RESULT_PRIVATE);
    static_assert!(RPC.sequence.offset == c::RPC_SEQUENCE);
    static_assert!(RPC.spare.offset == c::RPC_SPARE);
}
