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

/* bindgen evaluates no macro that uses another one's arguments. */
enum {
	RESUME_FLAGS = GPU_STATE_FLAGS_PRESERVING | GPU_STATE_FLAGS_PM_TRANSITION,
};
