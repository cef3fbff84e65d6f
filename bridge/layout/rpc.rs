// SPDX-License-Identifier: GPL-2.0

//! What `rpc` reads and writes.

use super::{
    super::bindings::nvkm_gsp,
    *, //
};

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
