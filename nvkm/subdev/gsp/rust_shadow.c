// SPDX-License-Identifier: GPL-2.0
/*
 * nouveau.rust_gsp=shadow: C serves, Rust computes beside it, and what differs is counted, traced
 * and logged. See bridge/shadow.h.
 */
#include <subdev/gsp/rust.h>
#include "rust_shadow.h"
#include "../../../bridge/helpers/shadow.h"
#include "priv.h"
#include "trace.h"
#include <nvkm_rs_shadow.h>

#include <linux/seq_file.h>

/* Names that are remembered as logged; a driver with more differences than that is not read on. */
#define NVKM_RUST_SHADOW_NAMES 32

/* A device's shadow; the numbers stay when the device goes. */
struct nvkm_rust_shadow {
	u32 mask;
	void *state;

	atomic64_t compared[NVKM_RUST_NR];
	atomic64_t mismatches[NVKM_RUST_NR];

	/* What was logged since the bind. */
	struct mutex mutex;
	unsigned int name_nr;
	char names[NVKM_RUST_SHADOW_NAMES][48];
};

struct nvkm_rust_shadow *
nvkm_rust_shadow_begin(struct nvkm_gsp *gsp, struct nvkm_rust_shadow *shadow, u32 mask,
		       const char *ver)
{
	if (!shadow) {
		shadow = kzalloc(sizeof(*shadow), GFP_KERNEL);
		if (!shadow)
			return NULL;
		mutex_init(&shadow->mutex);
	}

	shadow->mask = mask;
	shadow->name_nr = 0;
	shadow->state = nvkm_rs_shadow_new(gsp, ver, strlen(ver));
	return shadow;
}

/* Says that it did not begin, which harms nobody. */
void
nvkm_rust_shadow_began(struct nvkm_gsp *gsp, struct nvkm_rust_shadow *shadow)
{
	void *state = shadow->state;

	if (!IS_ERR(state))
		return;

	shadow->state = NULL;
	for (int i = 0; i < NVKM_RUST_NR; i++) {
		if (shadow->mask & BIT(i))
			nvkm_rust_shadow_report(gsp, i, "start", 0, PTR_ERR(state));
	}
}

void
nvkm_rust_shadow_end(struct nvkm_rust_shadow *shadow)
{
	if (!shadow)
		return;

	nvkm_rs_shadow_free(shadow->state);
	shadow->state = NULL;
}

void
nvkm_rust_shadow_off(struct nvkm_rust_shadow *shadow)
{
	if (shadow)
		shadow->mask = 0;
}

void
nvkm_rust_shadow_show(struct nvkm_rust_shadow *shadow, struct seq_file *m,
		      enum nvkm_rust_subsys subsys)
{
	if (shadow && shadow->mask & BIT(subsys))
		seq_printf(m, " compared=%lld mismatches=%lld",
			   atomic64_read(&shadow->compared[subsys]),
			   atomic64_read(&shadow->mismatches[subsys]));
}

void
nvkm_rust_shadow_show_all(struct nvkm_rust_shadow *shadow, struct seq_file *m)
{
	s64 compared = 0, mismatches = 0;

	if (!shadow || !shadow->mask)
		return;

	for (int i = 0; i < NVKM_RUST_NR; i++) {
		compared += atomic64_read(&shadow->compared[i]);
		mismatches += atomic64_read(&shadow->mismatches[i]);
	}
	seq_printf(m, "shadow: compared=%lld mismatches=%lld\n", compared, mismatches);
}

void
nvkm_rust_shadow_compared(struct nvkm_gsp *gsp, u32 subsys, u64 n)
{
	struct nvkm_rust_shadow *shadow = nvkm_rust_shadow_of(gsp);

	if (shadow && subsys < NVKM_RUST_NR)
		atomic64_add(n, &shadow->compared[subsys]);
}

/* Whether it is to be logged: the first of its name, while there is room for names. */
static bool
nvkm_rust_shadow_is_new(struct nvkm_rust_shadow *shadow, const char *subsys, const char *what)
{
	char name[sizeof(shadow->names[0])];
	bool is_new = false;

	snprintf(name, sizeof(name), "%s %s", subsys, what);
	mutex_lock(&shadow->mutex);
	for (unsigned int i = 0; i < shadow->name_nr; i++) {
		if (!strcmp(shadow->names[i], name))
			goto done;
	}
	if (shadow->name_nr < NVKM_RUST_SHADOW_NAMES) {
		strscpy(shadow->names[shadow->name_nr++], name, sizeof(name));
		is_new = true;
	}
done:
	mutex_unlock(&shadow->mutex);
	return is_new;
}

void
nvkm_rust_shadow_report(struct nvkm_gsp *gsp, u32 subsys, const char *what, u64 c, u64 rust)
{
	struct nvkm_rust_shadow *shadow = nvkm_rust_shadow_of(gsp);
	const char *name = nvkm_rust_subsys_name(subsys);

	if (!shadow || !name)
		return;

	atomic64_inc(&shadow->mismatches[subsys]);
	trace_nvkm_rust_shadow(gsp, name, what, c, rust);
	if (nvkm_rust_shadow_is_new(shadow, name, what))
		nvkm_warn(&gsp->subdev, "rust: shadow: %s: %s: %#llx in C, %#llx in Rust\n",
			  name, what, c, rust);
}

/* Rust's state, if it looks at that subsystem. */
static void *
nvkm_rust_shadow_state(struct nvkm_gsp *gsp, enum nvkm_rust_subsys subsys)
{
	struct nvkm_rust_shadow *shadow = nvkm_rust_shadow_of(gsp);

	return shadow && shadow->mask & BIT(subsys) ? shadow->state : NULL;
}

void
nvkm_rust_shadow_fw(struct nvkm_gsp *gsp)
{
	void *state = nvkm_rust_shadow_state(gsp, NVKM_RUST_FW);

	if (state)
		nvkm_rs_shadow_fw(state, gsp->func->sig_section,
				  gsp->func->booter.ctor == ga102_gsp_booter_ctor,
				  &gsp->fw.mem.sgt);
}

void
nvkm_rust_shadow_fwsec(struct nvkm_gsp *gsp, struct nvkm_falcon_fw *fw, const char *name,
		       u32 init_cmd)
{
	void *state = nvkm_rust_shadow_state(gsp, NVKM_RUST_FW);

	if (state)
		nvkm_rs_shadow_fwsec(state, fw, name, init_cmd);
}

void
nvkm_rust_shadow_top(struct nvkm_gsp *gsp)
{
	void *state = nvkm_rust_shadow_state(gsp, NVKM_RUST_BOOT);

	if (state)
		nvkm_rs_shadow_top(state);
}

void
nvkm_rust_shadow_layout(struct nvkm_gsp *gsp)
{
	void *state = nvkm_rust_shadow_state(gsp, NVKM_RUST_BOOT);

	if (state)
		nvkm_rs_shadow_layout(state);
}

void
nvkm_rust_shadow_libos(struct nvkm_gsp *gsp)
{
	void *state = nvkm_rust_shadow_state(gsp, NVKM_RUST_BOOT);

	if (state)
		nvkm_rs_shadow_libos(state);
}

void
nvkm_rust_shadow_signature(struct nvkm_falcon_fw *fw, int index)
{
	/* A device that has no GSP has none that could be looked at. */
	struct nvkm_gsp *gsp = fw->falcon->owner->device->gsp;
	void *state = gsp ? nvkm_rust_shadow_state(gsp, NVKM_RUST_BOOT) : NULL;

	if (state)
		nvkm_rs_shadow_signature(state, fw, fw->falcon != &gsp->falcon, index);
}

void
nvkm_rust_shadow_save(struct nvkm_gsp *gsp, u64 size)
{
	void *state = nvkm_rust_shadow_state(gsp, NVKM_RUST_BOOT);

	if (state)
		nvkm_rs_shadow_save(state, size);
}

void
nvkm_rust_shadow_resume(struct nvkm_gsp *gsp)
{
	void *state = nvkm_rust_shadow_state(gsp, NVKM_RUST_BOOT);

	if (state)
		nvkm_rs_shadow_resume(state);
}

void
nvkm_rust_shadow_command(struct nvkm_gsp *gsp, u32 fn, u32 size)
{
	void *state = nvkm_rust_shadow_state(gsp, NVKM_RUST_RPC);

	if (state)
		nvkm_rs_shadow_command(state, fn, size);
}

void
nvkm_rust_shadow_element(struct nvkm_gsp *gsp, const void *rpc, u32 size, u32 next)
{
	void *state = nvkm_rust_shadow_state(gsp, NVKM_RUST_RPC);

	if (state)
		nvkm_rs_shadow_element(state, rpc, size, next);
}
