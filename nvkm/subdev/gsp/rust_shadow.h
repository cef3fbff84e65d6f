/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow mode, as the selector (rust.c) begins, shows and ends it.
 */
#ifndef __NVKM_GSP_RUST_SHADOW_H__
#define __NVKM_GSP_RUST_SHADOW_H__
#include <subdev/gsp/rust.h>

struct nvkm_rust_shadow;
struct seq_file;

/* The device's shadow, or NULL; a subsystem's name, or NULL (rust.c). */
struct nvkm_rust_shadow *nvkm_rust_shadow_of(struct nvkm_gsp *gsp);
const char *nvkm_rust_subsys_name(u32 subsys);

/*
 * Has Rust look at some subsystems; shadow is what an earlier bind made, or NULL. Returns it, or
 * NULL for no memory; once nvkm_rust_shadow_of() gives it, nvkm_rust_shadow_began() is to follow.
 */
struct nvkm_rust_shadow *nvkm_rust_shadow_begin(struct nvkm_gsp *gsp,
						struct nvkm_rust_shadow *shadow, u32 mask,
						const char *ver);
void nvkm_rust_shadow_began(struct nvkm_gsp *gsp, struct nvkm_rust_shadow *shadow);

/* The device goes; the next bind has none. Both take NULL. */
void nvkm_rust_shadow_end(struct nvkm_rust_shadow *shadow);
void nvkm_rust_shadow_off(struct nvkm_rust_shadow *shadow);

/* What was compared of a subsystem, and of all; nothing if none was to be. */
void nvkm_rust_shadow_show(struct nvkm_rust_shadow *shadow, struct seq_file *m,
			   enum nvkm_rust_subsys subsys);
void nvkm_rust_shadow_show_all(struct nvkm_rust_shadow *shadow, struct seq_file *m);
#endif
