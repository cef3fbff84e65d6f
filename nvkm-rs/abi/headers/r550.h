/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel has no headers of this version: nvkm-abi makes them ("make abi-new"). */
#include "types.h"
#include <r550/r550.h>
