/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel has no headers of this version: nvkm-abi makes them ("make abi-new"), from debug
 * information where there is nothing better, which knows no macros. These were decided by hand.
 */
#include "types.h"
#include <r550/r550.h>

/* src/nvidia/inc/kernel/gpu/gsp/gsp_fw_heap.h of NVIDIA's open driver 550.163.01 */
#ifndef GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3_BAREMETAL
#define GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3_BAREMETAL (22 << 20)
#endif
#ifndef GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS3_BAREMETAL_MIN_MB
#define GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS3_BAREMETAL_MIN_MB 86u
#endif
