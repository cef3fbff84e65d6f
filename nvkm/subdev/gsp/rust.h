/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which nvkm subsystems Rust serves on a device, and the hooks that ask.
 *
 * With CONFIG_DRM_NOUVEAU_RUST off every hook is empty and nouveau's objects are what they are
 * without it.
 */
#ifndef __NVKM_GSP_RUST_H__
#define __NVKM_GSP_RUST_H__
#include <subdev/gsp.h>

/* The subsystems, in the order of nvkm-rs/selector/core.rs. */
enum nvkm_rust_subsys {
	NVKM_RUST_RPC,
	NVKM_RUST_FW,
	NVKM_RUST_BOOT,
	NVKM_RUST_GSP,
	NVKM_RUST_NR,
};

enum nvkm_rust_count {
	NVKM_RUST_SENT,		/* queue elements written */
	NVKM_RUST_RECEIVED,	/* queue elements read */
	NVKM_RUST_EVENTS,	/* messages given to a handler (Rust only) */
	NVKM_RUST_ERRORS,	/* calls and messages that ended in an error (Rust only) */
	NVKM_RUST_BYTES,	/* bytes of GSP-RM's image (Rust only) */
	NVKM_RUST_COPIES,	/* images of which a second copy was made (Rust only) */
	NVKM_RUST_GSP_EVENTS,	/* events of which something was done (Rust only) */
	NVKM_RUST_GSP_REFUSED,	/* what RM said and could not be (Rust only) */
	NVKM_RUST_COUNT_NR,
};

#include "../../../bridge/boot.h"
#include "../../../bridge/fw.h"
#include "../../../bridge/gsp.h"
#include "../../../bridge/rpc.h"
#include "../../../bridge/selector.h"
#include "../../../bridge/shadow.h"

#ifdef CONFIG_DRM_NOUVEAU_RUST
void nvkm_rust_latch(struct nvkm_gsp *gsp);
int nvkm_rust_attempt(struct nvkm_gsp *gsp, const char *ver);
int nvkm_rust_start(struct nvkm_gsp *gsp, const char *ver);
int nvkm_rust_shared_init(struct nvkm_gsp *gsp);
void nvkm_rust_stop(struct nvkm_gsp *gsp);
void nvkm_rust_exit(void);
const char *nvkm_rust_firmware(struct nvkm_gsp *gsp);
bool nvkm_rust_owns(struct nvkm_gsp *gsp, enum nvkm_rust_subsys subsys);
bool nvkm_rust_serves(struct nvkm_gsp *gsp, enum nvkm_rust_subsys subsys);
void nvkm_rust_add(struct nvkm_gsp *gsp, enum nvkm_rust_count which, u64 n);
void nvkm_rust_fw_release(struct nvkm_gsp *gsp);
void *nvkm_rust_fw_take(struct nvkm_gsp *gsp, const void *src, size_t len);
void nvkm_rust_kunit_setting(const char *text);
#else
static inline void nvkm_rust_latch(struct nvkm_gsp *gsp) {}
static inline int nvkm_rust_attempt(struct nvkm_gsp *gsp, const char *ver) { return 0; }
static inline int nvkm_rust_start(struct nvkm_gsp *gsp, const char *ver) { return 0; }
static inline int nvkm_rust_shared_init(struct nvkm_gsp *gsp) { return 0; }
static inline void nvkm_rust_stop(struct nvkm_gsp *gsp) {}
static inline void nvkm_rust_exit(void) {}
static inline bool nvkm_rust_owns(struct nvkm_gsp *gsp, enum nvkm_rust_subsys s) { return false; }
static inline bool nvkm_rust_serves(struct nvkm_gsp *gsp, enum nvkm_rust_subsys s) { return false; }
static inline void nvkm_rust_add(struct nvkm_gsp *gsp, enum nvkm_rust_count which, u64 n) {}
static inline void nvkm_rust_fw_release(struct nvkm_gsp *gsp) {}
static inline void *nvkm_rust_fw_take(struct nvkm_gsp *g, const void *s, size_t n) { return NULL; }
#endif

/* Entry hook of fw: counts the call for whoever serves it. */
static inline bool
nvkm_rust_fw(struct nvkm_gsp *gsp)
{
	return nvkm_rust_serves(gsp, NVKM_RUST_FW);
}

/* An image that was taken over is where it should be already. */
static inline void
nvkm_rust_fw_copy(void *img, const void *src, size_t len)
{
	if (!IS_ENABLED(CONFIG_DRM_NOUVEAU_RUST) || img != src)
		memcpy(img, src, len);
}

/* What of gsp.c is there in kernels with debugfs only. */
#ifdef CONFIG_DEBUG_FS
#define NVKM_RUST_LIBOS_PRINT r535_gsp_msg_libos_print
#define NVKM_RUST_KEEP_LOGGING keep_gsp_logging
#else
#define NVKM_RUST_LIBOS_PRINT NULL
#define NVKM_RUST_KEEP_LOGGING false
#endif

/* Entry hook of boot: counts the call for whoever serves it. */
static inline bool
nvkm_rust_boot(struct nvkm_gsp *gsp)
{
	return nvkm_rust_serves(gsp, NVKM_RUST_BOOT);
}

/*
 * Entry hook of gsp: counts the call for whoever serves it. Off it is not even an inline: gcc puts
 * a function that has one elsewhere than the same without (r535_gsp_msg_mmu_fault_queued()).
 */
#ifdef CONFIG_DRM_NOUVEAU_RUST
static inline bool
nvkm_rust_gsp(struct nvkm_gsp *gsp)
{
	return nvkm_rust_serves(gsp, NVKM_RUST_GSP);
}
#else
#define nvkm_rust_gsp(gsp) ((void)(gsp), false)
#endif

/* Entry hook of rpc: counts the call for whoever serves it. */
static inline bool
nvkm_rust_rpc(struct nvkm_gsp *gsp)
{
	return nvkm_rust_serves(gsp, NVKM_RUST_RPC);
}

/* Shadow mode, where C has done its part: bridge/shadow.h. Off they are no inlines either. */
#ifdef CONFIG_DRM_NOUVEAU_RUST
void nvkm_rust_shadow_fw(struct nvkm_gsp *gsp);
void nvkm_rust_shadow_fwsec(struct nvkm_gsp *gsp, struct nvkm_falcon_fw *fw, const char *name,
			    u32 init_cmd);
void nvkm_rust_shadow_top(struct nvkm_gsp *gsp);
void nvkm_rust_shadow_layout(struct nvkm_gsp *gsp);
void nvkm_rust_shadow_libos(struct nvkm_gsp *gsp);
void nvkm_rust_shadow_signature(struct nvkm_falcon_fw *fw, int index);
void nvkm_rust_shadow_save(struct nvkm_gsp *gsp, u64 size);
void nvkm_rust_shadow_resume(struct nvkm_gsp *gsp);
void nvkm_rust_shadow_command(struct nvkm_gsp *gsp, u32 fn, u32 size);
void nvkm_rust_shadow_element(struct nvkm_gsp *gsp, const void *rpc, u32 size, u32 next);
#else
#define nvkm_rust_shadow_fw(gsp) ((void)(gsp))
#define nvkm_rust_shadow_fwsec(gsp, ...) ((void)(gsp))
#define nvkm_rust_shadow_top(gsp) ((void)(gsp))
#define nvkm_rust_shadow_layout(gsp) ((void)(gsp))
#define nvkm_rust_shadow_libos(gsp) ((void)(gsp))
#define nvkm_rust_shadow_signature(fw, ...) ((void)(fw))
#define nvkm_rust_shadow_save(gsp, ...) ((void)(gsp))
#define nvkm_rust_shadow_resume(gsp) ((void)(gsp))
#define nvkm_rust_shadow_command(gsp, ...) ((void)(gsp))
#define nvkm_rust_shadow_element(gsp, ...) ((void)(gsp))
#endif

static inline void
nvkm_rust_count(struct nvkm_gsp *gsp, enum nvkm_rust_count which)
{
	nvkm_rust_add(gsp, which, 1);
}
#endif
