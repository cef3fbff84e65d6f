/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen reads: nvkm's own headers as this kernel compiles them, and our helpers.
 */
#include <subdev/gsp.h>
#include "helpers.h"
#include "helpers/fw.h"
#include "helpers/boot.h"
#include "helpers/gsp.h"
#include "helpers/shadow.h"
#include "../nvkm/subdev/gsp/rust_core.h"
#include "../nvkm/subdev/gsp/trace.h"
