/* SPDX-License-Identifier: GPL-2.0 */
#include "types.h"
#include <nvrm/nvtypes.h>
#include <r535/nvrm/alloc.h>
#include <r535/nvrm/bar.h>
#include <r535/nvrm/ce.h>
#include <r535/nvrm/client.h>
#include <r535/nvrm/ctrl.h>
#include <r535/nvrm/device.h>
#include <r535/nvrm/disp.h>
#include <r535/nvrm/engine.h>
#include <r535/nvrm/event.h>
#include <r535/nvrm/fbsr.h>
#include <r535/nvrm/fifo.h>
#include <r535/nvrm/gr.h>
#include <r535/nvrm/gsp.h>
#include <r535/nvrm/msgfn.h>
#include <r535/nvrm/nvdec.h>
#include <r535/nvrm/nvenc.h>
#include <r535/nvrm/nvjpg.h>
#include <r535/nvrm/ofa.h>
#include <r535/nvrm/rpcfn.h>
#include <r535/nvrm/vmm.h>

/* Kernels before 7.3 lack it: ctrl2080internal.h of NVIDIA's open driver. */
#ifndef NV2080_CTRL_CMD_INTERNAL_MEMSYS_GET_STATIC_CONFIG
#define NV2080_CTRL_CMD_INTERNAL_MEMSYS_GET_STATIC_CONFIG 0x20800a1c
struct NV2080_CTRL_INTERNAL_MEMSYS_GET_STATIC_CONFIG_PARAMS {
	NvBool bOneToOneComptagLineAllocation;
	NvBool bUseOneToFourComptagLineAllocation;
	NvBool bUseRawModeComptaglineAllocation;
	NvBool bDisableCompbitBacking;
	NvBool bDisablePostL2Compression;
	NvBool bEnabledEccFBPA;
	NvBool bL2PreFill;
	NV_DECLARE_ALIGNED(NvU64 l2CacheSize, 8);
	NvBool bFbpaPresent;
	NvU32 comprPageSize;
	NvU32 comprPageShift;
	NvU32 ramType;
	NvU32 ltcCount;
	NvU32 ltsPerLtcCount;
};
#endif
