/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What boot calls in C, besides ../helpers.h (nvkm/subdev/gsp/rust_boot.c).
 */
#ifndef __NVKM_BRIDGE_HELPERS_BOOT_H__
#define __NVKM_BRIDGE_HELPERS_BOOT_H__
#include <subdev/gsp.h>

/* device->chipset */
u32 nvkm_rust_chipset(struct nvkm_gsp *gsp);

/* The registers' BAR: its bytes, and nvkm_rd32(), nvkm_wr32() of what lies within. */
u32 nvkm_rust_pri_size(struct nvkm_gsp *gsp);
u32 nvkm_rust_rd32(struct nvkm_gsp *gsp, u32 addr);
void nvkm_rust_wr32(struct nvkm_gsp *gsp, u32 addr, u32 value);

/* fsleep() */
void nvkm_rust_delay(u32 usec);

/*
 * Of the GSP's falcon or SEC2's: nvkm_mc_enable() or nvkm_mc_disable(); who uses it, as
 * nvkm_falcon_get() (-EBUSY if somebody does) and nvkm_falcon_put() have it, without accesses.
 */
void nvkm_rust_pmc(struct nvkm_gsp *gsp, bool sec2, bool on);
int nvkm_rust_falcon_claim(struct nvkm_gsp *gsp, bool sec2);
void nvkm_rust_falcon_release(struct nvkm_gsp *gsp, bool sec2);

/* What was written to a falcon's image goes to the device. */
void nvkm_rust_falcon_sync(struct nvkm_falcon_fw *fw);

/* nvkm_fb_vidmem_size(); whether there is a display. */
u64 nvkm_rust_vidmem_size(struct nvkm_gsp *gsp);
bool nvkm_rust_has_disp(struct nvkm_gsp *gsp);

/* What boot leaves to others on its way. */
int nvkm_rust_booter_ctor(struct nvkm_gsp *gsp, bool unload);
int nvkm_rust_oneinit(struct nvkm_gsp *gsp);
int nvkm_rust_fwsec_frts(struct nvkm_gsp *gsp);
int nvkm_rust_fwsec_sb(struct nvkm_gsp *gsp);
int nvkm_rust_boot_start(struct nvkm_gsp *gsp);
int nvkm_rust_boot_stop(struct nvkm_gsp *gsp, u32 suspend);
int nvkm_rust_init_done(struct nvkm_gsp *gsp, u32 fn);
int nvkm_rust_fbsr_suspend(struct nvkm_gsp *gsp);
void nvkm_rust_fbsr_resume(struct nvkm_gsp *gsp);
int nvkm_rust_ntfy_add(struct nvkm_gsp *gsp, u32 fn, nvkm_gsp_msg_ntfy_func func);

/* nvkm_rust_shared_init(): the queues are there. */
int nvkm_rust_queues(struct nvkm_gsp *gsp);

/* dev_name() */
const char *nvkm_rust_name(struct nvkm_gsp *gsp);

/* nouveau's directory in debugfs, or NULL. */
struct dentry *nvkm_rust_debugfs_root(void);

/* A file that stands for a blob, of the blob's size, or NULL. */
struct dentry *nvkm_rust_blob_file(const char *name, struct dentry *dir,
				   struct debugfs_blob_wrapper *blob);

/* Has fini called with the argument when the module goes. */
int nvkm_rust_at_exit(void (*fini)(void *), void *data);

/* kzalloc(), and its end. */
void *nvkm_rust_kzalloc(size_t size);
void nvkm_rust_kfree(const void *ptr);
#endif
