// SPDX-License-Identifier: GPL-2.0
/*
 * Where the C compiler puts the fields that rpc reads and writes; bridge/layout/rpc.rs holds
 * bindgen's idea of it against this, so that a disagreement fails the build. Compiled to assembly
 * only, as the kernel does for its own asm-offsets.h.
 */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <subdev/gsp.h>

/* Its structures are its own, and are what C writes into the queues. */
#include "../../nvkm/subdev/gsp/rm/r535/rpc.c"

void nvkm_rust_offsets(void);

void
nvkm_rust_offsets(void)
{
	DEFINE(GSP_SIZE, sizeof(struct nvkm_gsp));
	OFFSET(SUBDEV_DEBUG_OFFSET, nvkm_gsp, subdev.debug);
	DEFINE(SUBDEV_DEBUG_SIZE, sizeof_field(struct nvkm_gsp, subdev.debug));
	OFFSET(SHM_CMDQ_SIZE_OFFSET, nvkm_gsp, shm.cmdq.size);
	DEFINE(SHM_CMDQ_SIZE_SIZE, sizeof_field(struct nvkm_gsp, shm.cmdq.size));
	OFFSET(SHM_CMDQ_PTR_OFFSET, nvkm_gsp, shm.cmdq.ptr);
	DEFINE(SHM_CMDQ_PTR_SIZE, sizeof_field(struct nvkm_gsp, shm.cmdq.ptr));
	OFFSET(SHM_MSGQ_SIZE_OFFSET, nvkm_gsp, shm.msgq.size);
	DEFINE(SHM_MSGQ_SIZE_SIZE, sizeof_field(struct nvkm_gsp, shm.msgq.size));
	OFFSET(SHM_MSGQ_PTR_OFFSET, nvkm_gsp, shm.msgq.ptr);
	DEFINE(SHM_MSGQ_PTR_SIZE, sizeof_field(struct nvkm_gsp, shm.msgq.ptr));
	OFFSET(CMDQ_CNT_OFFSET, nvkm_gsp, cmdq.cnt);
	DEFINE(CMDQ_CNT_SIZE, sizeof_field(struct nvkm_gsp, cmdq.cnt));
	OFFSET(CMDQ_SEQ_OFFSET, nvkm_gsp, cmdq.seq);
	DEFINE(CMDQ_SEQ_SIZE, sizeof_field(struct nvkm_gsp, cmdq.seq));
	OFFSET(CMDQ_WPTR_OFFSET, nvkm_gsp, cmdq.wptr);
	DEFINE(CMDQ_WPTR_SIZE, sizeof_field(struct nvkm_gsp, cmdq.wptr));
	OFFSET(CMDQ_RPTR_OFFSET, nvkm_gsp, cmdq.rptr);
	DEFINE(CMDQ_RPTR_SIZE, sizeof_field(struct nvkm_gsp, cmdq.rptr));
	OFFSET(MSGQ_CNT_OFFSET, nvkm_gsp, msgq.cnt);
	DEFINE(MSGQ_CNT_SIZE, sizeof_field(struct nvkm_gsp, msgq.cnt));
	OFFSET(MSGQ_WPTR_OFFSET, nvkm_gsp, msgq.wptr);
	DEFINE(MSGQ_WPTR_SIZE, sizeof_field(struct nvkm_gsp, msgq.wptr));
	OFFSET(MSGQ_RPTR_OFFSET, nvkm_gsp, msgq.rptr);
	DEFINE(MSGQ_RPTR_SIZE, sizeof_field(struct nvkm_gsp, msgq.rptr));
	OFFSET(RPC_SEQ_OFFSET, nvkm_gsp, rpc_seq);
	DEFINE(RPC_SEQ_SIZE, sizeof_field(struct nvkm_gsp, rpc_seq));
	OFFSET(SUBDEV_DEVICE_OFFSET, nvkm_gsp, subdev.device);
	DEFINE(SUBDEV_DEVICE_SIZE, sizeof_field(struct nvkm_gsp, subdev.device));
	OFFSET(ELEMENT_HEADER_SIZE, r535_gsp_msg, data);
	OFFSET(ELEMENT_CHECKSUM, r535_gsp_msg, checksum);
	OFFSET(ELEMENT_SEQUENCE, r535_gsp_msg, sequence);
	OFFSET(ELEMENT_COUNT, r535_gsp_msg, elem_count);
	OFFSET(RPC_HEADER_SIZE, nvfw_gsp_rpc, data);
	OFFSET(RPC_VERSION, nvfw_gsp_rpc, header_version);
	OFFSET(RPC_SIGNATURE, nvfw_gsp_rpc, signature);
	OFFSET(RPC_LENGTH, nvfw_gsp_rpc, length);
	OFFSET(RPC_FUNCTION, nvfw_gsp_rpc, function);
	OFFSET(RPC_RESULT, nvfw_gsp_rpc, rpc_result);
	OFFSET(RPC_RESULT_PRIVATE, nvfw_gsp_rpc, rpc_result_private);
	OFFSET(RPC_SEQUENCE, nvfw_gsp_rpc, sequence);
	OFFSET(RPC_SPARE, nvfw_gsp_rpc, spare);
}
