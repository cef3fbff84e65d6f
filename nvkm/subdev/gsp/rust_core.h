/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What nvkm tells of a GSP to those who submit commands beside nouveau (bridge/core.h).
 *
 * With CONFIG_DRM_NOUVEAU_RUST off every hook is empty.
 */
#ifndef __NVKM_GSP_RUST_CORE_H__
#define __NVKM_GSP_RUST_CORE_H__
#include <subdev/gsp.h>

#ifdef CONFIG_DRM_NOUVEAU_RUST
int nvkm_core_up(struct nvkm_gsp *gsp, int ret);
void nvkm_core_down(struct nvkm_gsp *gsp, enum nvkm_suspend_state suspend);
int nvkm_core_stay(struct nvkm_gsp *gsp, int ret);
void nvkm_core_event(struct nvkm_gsp *gsp, u32 event, const void *payload, u32 size);
#else
static inline int nvkm_core_up(struct nvkm_gsp *gsp, int ret) { return ret; }
static inline void nvkm_core_down(struct nvkm_gsp *gsp, enum nvkm_suspend_state suspend) {}
static inline int nvkm_core_stay(struct nvkm_gsp *gsp, int ret) { return ret; }
/* Not an inline: gcc takes r535_gsp_msg_recv() for larger than it is, and inlines less of it. */
#define nvkm_core_event(...) do { } while (0)
#endif
#endif
