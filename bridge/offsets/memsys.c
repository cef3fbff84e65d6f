// SPDX-License-Identifier: GPL-2.0
/* Where a kernel has nvkm_gsp.memsys: see bridge/compat.rs. */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <subdev/gsp.h>

void nvkm_rust_offsets(void);

void
nvkm_rust_offsets(void)
{
	OFFSET(COMPTAGS_OFFSET, nvkm_gsp, memsys.use_raw_mode_comptagline_alloc);
	DEFINE(COMPTAGS_SIZE, sizeof_field(struct nvkm_gsp, memsys.use_raw_mode_comptagline_alloc));
}
