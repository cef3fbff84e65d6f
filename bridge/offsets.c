// SPDX-License-Identifier: GPL-2.0
/*
 * Where the C compiler puts the fields that Rust reads; bridge/gsp.rs holds bindgen's idea of it against this, so that a
 * disagreement fails the build. Compiled to assembly only, as the kernel does for its own asm-offsets.h.
 */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <subdev/gsp.h>

#define FIELD(name, field)					\
	OFFSET(name##_OFFSET, nvkm_gsp, field);			\
	DEFINE(name##_SIZE, sizeof_field(struct nvkm_gsp, field))

void nvkm_rust_offsets(void);

void
nvkm_rust_offsets(void)
{
	DEFINE(GSP_SIZE, sizeof(struct nvkm_gsp));
	FIELD(SUBDEV_DEBUG, subdev.debug);
	FIELD(SHM_CMDQ_SIZE, shm.cmdq.size);
	FIELD(SHM_CMDQ_PTR, shm.cmdq.ptr);
	FIELD(SHM_MSGQ_SIZE, shm.msgq.size);
	FIELD(SHM_MSGQ_PTR, shm.msgq.ptr);
	FIELD(CMDQ_CNT, cmdq.cnt);
	FIELD(CMDQ_SEQ, cmdq.seq);
	FIELD(CMDQ_WPTR, cmdq.wptr);
	FIELD(CMDQ_RPTR, cmdq.rptr);
	FIELD(MSGQ_CNT, msgq.cnt);
	FIELD(MSGQ_WPTR, msgq.wptr);
	FIELD(MSGQ_RPTR, msgq.rptr);
	FIELD(RPC_SEQ, rpc_seq);
}
