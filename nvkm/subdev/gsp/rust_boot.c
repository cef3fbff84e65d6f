// SPDX-License-Identifier: GPL-2.0
/*
 * What Rust's boot calls in C: see bridge/helpers.h.
 */
#include <subdev/gsp/rust.h>
#include "../../../bridge/helpers.h"
