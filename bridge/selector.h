/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract of the selector: what the words of nouveau.rust_gsp mean.
 */
#ifndef __NVKM_BRIDGE_SELECTOR_H__
#define __NVKM_BRIDGE_SELECTOR_H__
#include <linux/types.h>

/**
 * nvkm_rs_selector_check() - Whether a setting of nouveau.rust_gsp can be understood.
 * @text: the setting, not terminated
 * @len: its length in bytes
 *
 * Return: 0, or -EINVAL.
 */
int nvkm_rs_selector_check(const char *text, size_t len);

/**
 * nvkm_rs_selector_resolve() - What a setting means for a firmware.
 * @text: the setting, not terminated
 * @len: its length in bytes
 * @ver: firmware version like "570.144", not terminated
 * @ver_len: its length in bytes
 * @cannot: subsystems that cannot be served on the device's chip: 1 does not mean them, nor does
 *   shadow; their names do
 * @shadowed: where one bit a subsystem goes that C serves and that Rust computes beside it
 *
 * Return: one bit a subsystem (BIT(enum nvkm_rust_subsys)) that Rust is to serve; 0 for a
 * setting that nvkm_rs_selector_check() refuses.
 */
u32 nvkm_rs_selector_resolve(const char *text, size_t len, const char *ver, size_t ver_len,
			     u32 cannot, u32 *shadowed);
#endif
