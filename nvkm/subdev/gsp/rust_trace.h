/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What hooks in C say to the tracepoints (trace.h). Off it is macros that leave nothing behind.
 */
#ifndef __NVKM_GSP_RUST_TRACE_H__
#define __NVKM_GSP_RUST_TRACE_H__
#include <linux/types.h>

#ifdef CONFIG_DRM_NOUVEAU_RUST
struct nvkm_device;
struct nvkm_gsp;

/* The message with this element header, as it was written to the command queue. */
void nvkm_trace_sent(const struct nvkm_gsp *gsp, const void *elem);

/*
 * The element at the message queue's head, before the read pointer moves: buf holds RPC header
 * and payload of len bytes, or of a continuation the payload alone.
 */
void nvkm_trace_received(const struct nvkm_gsp *gsp, const void *elem, const void *buf, u32 len,
			 bool continuation);

/* A step has ended; gives its status back. */
int nvkm_trace_boot(const struct nvkm_device *device, const char *phase, int status);
#else
#define nvkm_trace_sent(gsp, elem)
#define nvkm_trace_received(gsp, elem, buf, len, continuation)
#define nvkm_trace_boot(device, phase, status) ((void)(device), (void)(phase), (status))
#endif

/* The same, of a GSP. */
#define nvkm_trace_gsp(gsp, phase, status) nvkm_trace_boot((gsp)->subdev.device, phase, status)
#endif
