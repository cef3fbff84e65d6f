/* SPDX-License-Identifier: GPL-2.0 */
#include "types.h"
#include <nvrm/nvtypes.h>
#include <r570/nvrm/client.h>
#include <r570/nvrm/disp.h>
#include <r570/nvrm/engine.h>
#include <r570/nvrm/fbsr.h>
#include <r570/nvrm/fifo.h>
#include <r570/nvrm/gr.h>
#include <r570/nvrm/gsp.h>
#include <r570/nvrm/msgfn.h>
#include <r570/nvrm/ofa.h>
#include <r570/nvrm/rpcfn.h>

/* Kernels before 7.3 lack it: ctrl2080internal.h of NVIDIA's open driver. */
#ifndef NV2080_CTRL_CMD_INTERNAL_GCX_ENTRY_PREREQUISITE
#define NV2080_CTRL_CMD_INTERNAL_GCX_ENTRY_PREREQUISITE 0x2080a7d7
struct NV2080_CTRL_INTERNAL_GCX_ENTRY_PREREQUISITE_PARAMS {
	NvBool bIsGC6Satisfied;
	NvBool bIsGCOFFSatisfied;
};
#endif

/*
 * Not macros: bindgen evaluates none that uses another one's arguments, and keeps the first of two.
 *
 * GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS3_BAREMETAL_MIN_MB is 170 in the kernel's header, which is what
 * NVIDIA's gsp_fw_heap.h makes of it in a build with code coverage; the driver of 570.144 has 88.
 */
enum {
	LIBOS3_BAREMETAL_MIN_MB = 88,
	RESUME_FLAGS = GPU_STATE_FLAGS_PRESERVING | GPU_STATE_FLAGS_PM_TRANSITION,
};
