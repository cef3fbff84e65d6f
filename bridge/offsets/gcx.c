// SPDX-License-Identifier: GPL-2.0
/* Where a kernel has nvkm_gsp_gcx_ready(): see bridge/compat.rs. */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <subdev/gsp.h>

#include <nvif/cl0080.h>

void nvkm_rust_offsets(void);

void
nvkm_rust_offsets(void)
{
	DEFINE(GC6_READY, NV_DEVICE_GC6_READY);
	DEFINE(GCOFF_READY, NV_DEVICE_GCOFF_READY);
}
