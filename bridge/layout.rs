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
