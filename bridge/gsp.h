/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between nvkm and whoever serves "gsp".
 */
#ifndef __NVKM_BRIDGE_GSP_H__
#define __NVKM_BRIDGE_GSP_H__
#include <subdev/gsp.h>

/**
 * nvkm_rs_gsp_new() - Begin the state for a device.
 * @gsp: the device's GSP
 * @ver: version of the firmware that was found, like "570.144", not terminated
 * @ver_len: its length in bytes
 *
 * Return: the state, for nvkm_rs_gsp_free(); ERR_PTR(-ENOMEM); ERR_PTR(-EOPNOTSUPP) for a version
 * whose interface is not known.
 */
void *nvkm_rs_gsp_new(struct nvkm_gsp *gsp, const char *ver, size_t ver_len);

/**
 * nvkm_rs_gsp_free() - End it.
 * @state: what nvkm_rs_gsp_new() gave; not used by anyone any more
 */
void nvkm_rs_gsp_free(void *state);
#endif
