/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Register accesses that can be traced (tracepoint nvkm_mmio): included by core/device.h, behind
 * the accessors that it replaces, with CONFIG_DRM_NOUVEAU_RUST on.
 */
#ifndef __NVKM_CORE_TRACE_H__
#define __NVKM_CORE_TRACE_H__

/* Functions: a static branch at each of some thousand places would cost more than a call. */
u8 nvkm_mmio_rd08(const struct nvkm_device *device, u32 addr);
u16 nvkm_mmio_rd16(const struct nvkm_device *device, u32 addr);
u32 nvkm_mmio_rd32(const struct nvkm_device *device, u32 addr);
void nvkm_mmio_wr08(const struct nvkm_device *device, u32 addr, u8 value);
void nvkm_mmio_wr16(const struct nvkm_device *device, u32 addr, u16 value);
void nvkm_mmio_wr32(const struct nvkm_device *device, u32 addr, u32 value);

#undef nvkm_rd08
#define nvkm_rd08(d, a) nvkm_mmio_rd08((d), (a))
#undef nvkm_rd16
#define nvkm_rd16(d, a) nvkm_mmio_rd16((d), (a))
#undef nvkm_rd32
#define nvkm_rd32(d, a) nvkm_mmio_rd32((d), (a))
#undef nvkm_wr08
#define nvkm_wr08(d, a, v) nvkm_mmio_wr08((d), (a), (v))
#undef nvkm_wr16
#define nvkm_wr16(d, a, v) nvkm_mmio_wr16((d), (a), (v))
#undef nvkm_wr32
#define nvkm_wr32(d, a, v) nvkm_mmio_wr32((d), (a), (v))
#endif
