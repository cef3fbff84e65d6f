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

/* nvkm_firmware_get() for a name like "gsp/bootloader-570.144": nvidia/<chip>/<name>.bin */
int nvkm_rust_fw_get(struct nvkm_gsp *gsp, const char *name, const struct firmware **pfw);

/*
 * Reads size bytes at an offset of such a file into a buffer of that size; -EIO if there are
 * fewer. With pfw the file stays open, as a firmware whose data is the buffer.
 */
int nvkm_rust_fw_read(struct nvkm_gsp *gsp, const char *name, size_t offset, void *buf, size_t size,
		      const struct firmware **pfw);

/* Pages, not cleared, and their end. */
void *nvkm_rust_vmalloc(size_t size);
void nvkm_rust_vfree(void *ptr);

/* kmemdup() */
void *nvkm_rust_memdup(const void *ptr, size_t size);

/*
 * Where the pages of a mapped table are, in order: for the CPU (virt may be NULL) and for the
 * device, at most nr of them. Returns how many there are.
 */
size_t nvkm_rust_sg_pages(struct sg_table *sgt, void **virt, u64 *dma, size_t nr);

/*
 * Where FWSEC's descriptor is: the VBIOS' beginning, the descriptor's offset from there, and how
 * many bytes there are from it to the VBIOS' end. -ENOENT if it has none.
 */
int nvkm_rust_fwsec_find(struct nvkm_gsp *gsp, const u8 **data, size_t *offset, size_t *size);

/* nvkm_fsp_verify_gsp_fmc(); sizes in bytes. */
bool nvkm_rust_fmc_fits(struct nvkm_gsp *gsp, u32 hash, u32 pkey, u32 sig);
#endif
