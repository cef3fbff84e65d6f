/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Rust calls in C: nvkm's inlines and macros, which bindgen cannot see, one line each
 * (nvkm/subdev/gsp/rust_helpers.c).
 */
#ifndef __NVKM_BRIDGE_HELPERS_H__
#define __NVKM_BRIDGE_HELPERS_H__
#include <subdev/gsp.h>

/* The state that nvkm_rs_<subsystem>_new() gave for this device, or NULL. */
void *nvkm_rust_state(struct nvkm_gsp *gsp, u32 subsys);

/* nvkm_rust_add() */
void nvkm_rust_tally(struct nvkm_gsp *gsp, u32 which, u64 n);

/* One line on the device's log at level NV_DBG_*; text is terminated. */
void nvkm_rust_log(struct nvkm_gsp *gsp, u32 level, const char *text);

/* As r535_gsp_msg_dump() and r535_gsp_rpc_send() print a message, if the log level says so. */
void nvkm_rust_dump(struct nvkm_gsp *gsp, u32 level, bool sent, const void *rpc, u32 len);

/* Tells GSP-RM that the command queue's write pointer has moved. */
void nvkm_rust_doorbell(struct nvkm_gsp *gsp);

/* Whether NV_PMC_BOOT_0, which is no chip's all ones, reads as a device that does not answer. */
bool nvkm_rust_gone(struct nvkm_gsp *gsp);

/* Has nvkm_rs_rpc_work() called again, soon. */
void nvkm_rust_requeue(struct nvkm_gsp *gsp);

/* usleep_range(1, 2) */
void nvkm_rust_pause(void);

/* ktime_get_ns() */
u64 nvkm_rust_now(void);

void nvkm_rust_rmb(void);
void nvkm_rust_wmb(void);
void nvkm_rust_mb(void);

/* Zeroed memory for a message, or NULL, and its end. */
void *nvkm_rust_alloc(size_t size);
void nvkm_rust_free(void *ptr);

/*
 * Sends a message: one that is answered, whose reply is waited for and dropped, or one that has
 * neither a reply nor a sequence number.
 */
int nvkm_rust_rpc_send(struct nvkm_gsp *gsp, u32 fn, const void *data, u32 size, bool answered);
#endif
