/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What shadow mode calls in C, besides ../helpers.h (nvkm/subdev/gsp/rust_shadow.c).
 */
#ifndef __NVKM_BRIDGE_HELPERS_SHADOW_H__
#define __NVKM_BRIDGE_HELPERS_SHADOW_H__
#include <subdev/gsp.h>

/* So many values of a subsystem (enum nvkm_rust_subsys) were compared. */
void nvkm_rust_shadow_compared(struct nvkm_gsp *gsp, u32 subsys, u64 n);

/*
 * A value that C and Rust do not agree on: counted, traced, and logged if it is the first of its
 * name since the bind. c is 0 and rust an errno if Rust could not compute it.
 */
void nvkm_rust_shadow_report(struct nvkm_gsp *gsp, u32 subsys, const char *what, u64 c, u64 rust);
#endif
