// SPDX-License-Identifier: GPL-2.0
/*
 * nouveau.rust_gsp: which nvkm subsystems Rust serves.
 *
 * The setting is copied once a bind, before firmware is looked for, resolved against the
 * firmware that was found, and does not change until the next bind. What was chosen and who
 * served how much stands in debugfs, in nouveau/rust_gsp/<device>, until the module goes: it
 * outlives an unbind and a boot that failed.
 */
#include <subdev/gsp/rust.h>
#include "rust_shadow.h"
#include "../../../bridge/helpers.h"
#include <nvkm_rs_boot.h>
#include <nvkm_rs_fw.h>
#include <nvkm_rs_gsp.h>
#include <nvkm_rs_rpc.h>
#include <nvkm_rs_selector.h>

#include <core/device.h>

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>

extern struct dentry *nouveau_debugfs_root;

/* What is counted, and its name in debugfs. */
struct nvkm_rust_counter {
	const char *name;
	enum nvkm_rust_count which;
};

/* A subsystem: how its state begins and ends, and what is counted of it. */
static const struct {
	const char *name;
	void *(*begin)(struct nvkm_gsp *gsp, const char *ver, size_t ver_len);
	void (*end)(void *state);
	struct nvkm_rust_counter counts[4];
} nvkm_rust_subsys[NVKM_RUST_NR] = {
	[NVKM_RUST_RPC] = {
		"rpc", nvkm_rs_rpc_new, nvkm_rs_rpc_free, {
			{ "sent", NVKM_RUST_SENT },
			{ "received", NVKM_RUST_RECEIVED },
			{ "events", NVKM_RUST_EVENTS },
			{ "errors", NVKM_RUST_ERRORS },
		},
	},
	[NVKM_RUST_FW] = {
		"fw", nvkm_rs_fw_new, nvkm_rs_fw_free, {
			{ "bytes", NVKM_RUST_BYTES },
			{ "copies", NVKM_RUST_COPIES },
		},
	},
	[NVKM_RUST_BOOT] = {
		"boot", nvkm_rs_boot_new, nvkm_rs_boot_free,
	},
	[NVKM_RUST_GSP] = {
		"gsp", nvkm_rs_gsp_new, nvkm_rs_gsp_free, {
			{ "events", NVKM_RUST_GSP_EVENTS },
			{ "refused", NVKM_RUST_GSP_REFUSED },
		},
	},
};

#define NVKM_RUST_TEXT 64

/* A device's choice. One for each device name that was ever bound; freed when the module goes. */
struct nvkm_rust {
	struct list_head head;
	char name[32];

	u32 bind;
	char text[NVKM_RUST_TEXT];
	char ver[16];
	u32 mask;
	void *state[NVKM_RUST_NR];

	u32 shadowed;
	struct nvkm_rust_shadow *shadow;

	atomic64_t calls[NVKM_RUST_NR][2];
	atomic64_t counts[NVKM_RUST_COUNT_NR];
};

static DEFINE_MUTEX(nvkm_rust_mutex);
static LIST_HEAD(nvkm_rust_list);
static struct dentry *nvkm_rust_dir;

static char nvkm_rust_text[NVKM_RUST_TEXT] = "0";

static bool
nvkm_rust_loading(void)
{
#ifdef MODULE
	return THIS_MODULE->state == MODULE_STATE_COMING;
#else
	return system_state < SYSTEM_RUNNING;
#endif
}

static int
nvkm_rust_param_set(const char *val, const struct kernel_param *kp)
{
	size_t len = strcspn(val, "\n");
	int ret = len < NVKM_RUST_TEXT ? nvkm_rs_selector_check(val, len) : -EINVAL;

	if (ret) {
		/* An error here would leave the user without a display. */
		if (!nvkm_rust_loading())
			return ret;
		pr_err("nouveau: rust_gsp=%.*s is not understood, C serves everything\n",
		       (int)len, val);
		val = "0";
		len = 1;
	}

	memcpy(nvkm_rust_text, val, len);
	nvkm_rust_text[len] = '\0';
	return 0;
}

static int
nvkm_rust_param_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", nvkm_rust_text);
}

static const struct kernel_param_ops nvkm_rust_param_ops = {
	.set = nvkm_rust_param_set,
	.get = nvkm_rust_param_get,
};

module_param_cb(rust_gsp, &nvkm_rust_param_ops, NULL, 0644);
MODULE_PARM_DESC(rust_gsp,
		 "nvkm subsystems that Rust serves: 0 (default), 1 (all that are ready), a list (rpc), 1,-rpc (all but), rpc@570 (from that firmware on), shadow (C serves, Rust computes beside it and tells what differs); takes effect at bind");

#if IS_ENABLED(CONFIG_DRM_NOUVEAU_RUST_KUNIT_TEST)
/* Another setting for the devices of a test, until it is NULL. */
void
nvkm_rust_kunit_setting(const char *text)
{
	static char user[NVKM_RUST_TEXT];

	kernel_param_lock(THIS_MODULE);
	if (text)
		strscpy(user, nvkm_rust_text, sizeof(user));
	strscpy(nvkm_rust_text, text ?: user, sizeof(nvkm_rust_text));
	kernel_param_unlock(THIS_MODULE);
}
#endif

static int
nvkm_rust_show(struct seq_file *m, void *data)
{
	struct nvkm_rust *rust = m->private;

	mutex_lock(&nvkm_rust_mutex);
	seq_printf(m, "bind: %u\n", rust->bind);
	seq_printf(m, "requested: %s\n", rust->text);
	seq_printf(m, "firmware: %s\n", rust->ver[0] ? rust->ver : "none");
	for (int i = 0; i < NVKM_RUST_NR; i++) {
		seq_printf(m, "%s: owner=%s c_calls=%lld rust_calls=%lld", nvkm_rust_subsys[i].name,
			   rust->mask & BIT(i) ? "rust" : "c",
			   atomic64_read(&rust->calls[i][0]),
			   atomic64_read(&rust->calls[i][1]));
		for (int j = 0; j < ARRAY_SIZE(nvkm_rust_subsys[i].counts); j++) {
			const struct nvkm_rust_counter *counter = &nvkm_rust_subsys[i].counts[j];

			if (counter->name)
				seq_printf(m, " %s=%lld", counter->name,
					   atomic64_read(&rust->counts[counter->which]));
		}
		nvkm_rust_shadow_show(rust->shadow, m, i);
		seq_putc(m, '\n');
	}
	nvkm_rust_shadow_show_all(rust->shadow, m);
	mutex_unlock(&nvkm_rust_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(nvkm_rust);

void
nvkm_rust_latch(struct nvkm_gsp *gsp)
{
	const char *name = dev_name(gsp->subdev.device->dev);
	struct nvkm_rust *rust;

	mutex_lock(&nvkm_rust_mutex);
	list_for_each_entry(rust, &nvkm_rust_list, head) {
		if (!strcmp(rust->name, name))
			goto found;
	}

	rust = kzalloc(sizeof(*rust), GFP_KERNEL);
	if (!rust)
		goto done; /* nvkm_rust_start() says so. */

	strscpy(rust->name, name, sizeof(rust->name));
	list_add_tail(&rust->head, &nvkm_rust_list);
	if (!nvkm_rust_dir)
		nvkm_rust_dir = debugfs_create_dir("rust_gsp", nouveau_debugfs_root);
	debugfs_create_file(name, 0444, nvkm_rust_dir, rust, &nvkm_rust_fops);
found:
	rust->bind++;
	rust->mask = 0;
	rust->shadowed = 0;
	nvkm_rust_shadow_off(rust->shadow);
	rust->ver[0] = '\0';
	kernel_param_lock(THIS_MODULE);
	strscpy(rust->text, nvkm_rust_text, sizeof(rust->text));
	kernel_param_unlock(THIS_MODULE);
	gsp->rust = rust;
done:
	mutex_unlock(&nvkm_rust_mutex);
}

/* Ends what one subsystem keeps; NULL is nothing. */
static void
nvkm_rust_end(struct nvkm_rust *rust, enum nvkm_rust_subsys subsys)
{
	void *state = rust->state[subsys];

	rust->state[subsys] = NULL;
	nvkm_rust_subsys[subsys].end(state);
}

/*
 * Begins a subsystem that Rust is to serve and that has not begun. Never quietly C: where it
 * fails, so does the caller.
 */
static int
nvkm_rust_begin(struct nvkm_gsp *gsp, enum nvkm_rust_subsys subsys, const char *ver)
{
	struct nvkm_rust *rust = gsp->rust;
	void *state;

	if (!(rust->mask & BIT(subsys)) || rust->state[subsys])
		return 0;

	state = nvkm_rust_subsys[subsys].begin(gsp, ver, strlen(ver));
	if (IS_ERR(state)) {
		nvkm_error(&gsp->subdev, "rust: %s could not be started: %ld\n",
			   nvkm_rust_subsys[subsys].name, PTR_ERR(state));
		return PTR_ERR(state);
	}

	rust->state[subsys] = state;
	return 0;
}

/*
 * A firmware version is about to be tried: what the setting means for it. Called for each of
 * its files; only the first one does anything.
 */
int
nvkm_rust_attempt(struct nvkm_gsp *gsp, const char *ver)
{
	struct nvkm_rust *rust = gsp->rust;
	u32 cannot = 0;
	int ret = 0;

	if (!rust)
		return -ENOMEM;
	if (!strcmp(rust->ver, ver))
		return 0;
	if (!nvkm_rs_boot_knows(gsp->subdev.device->chipset))
		cannot |= BIT(NVKM_RUST_BOOT);

	nvkm_rust_end(rust, NVKM_RUST_FW);

	mutex_lock(&nvkm_rust_mutex);
	strscpy(rust->ver, ver, sizeof(rust->ver));
	rust->mask = nvkm_rs_selector_resolve(rust->text, strlen(rust->text), ver, strlen(ver),
					      cannot, &rust->shadowed);
	mutex_unlock(&nvkm_rust_mutex);

	ret = nvkm_rust_begin(gsp, NVKM_RUST_FW, ver);
	if (ret)
		rust->ver[0] = '\0'; /* The next file of this version must not find C instead. */

	return ret;
}

/* Which subsystems, and what is done of them: a line of the log. */
static void
nvkm_rust_say(struct nvkm_gsp *gsp, const char *verb, u32 mask)
{
	char names[64] = "";

	if (!mask)
		return;

	for (int i = 0; i < NVKM_RUST_NR; i++) {
		if (!(mask & BIT(i)))
			continue;
		if (names[0])
			strlcat(names, ",", sizeof(names));
		strlcat(names, nvkm_rust_subsys[i].name, sizeof(names));
	}
	nvkm_info(&gsp->subdev, "rust: %s %s (rust_gsp=%s)\n", verb, names, gsp->rust->text);
}

/* Has Rust look at what C does. Nothing of it is the bind's to fail of. */
static void
nvkm_rust_start_shadow(struct nvkm_gsp *gsp, const char *ver)
{
	struct nvkm_rust *rust = gsp->rust;
	struct nvkm_rust_shadow *shadow;

	if (!rust->shadowed)
		return;

	shadow = nvkm_rust_shadow_begin(gsp, rust->shadow, rust->shadowed, ver);
	if (!shadow) {
		nvkm_warn(&gsp->subdev, "rust: no memory for a shadow\n");
		return;
	}

	mutex_lock(&nvkm_rust_mutex);
	rust->shadow = shadow;
	mutex_unlock(&nvkm_rust_mutex);
	nvkm_rust_shadow_began(gsp, shadow);
	nvkm_rust_say(gsp, "shadows", rust->shadowed);
}

int
nvkm_rust_start(struct nvkm_gsp *gsp, const char *ver)
{
	struct nvkm_rust *rust = gsp->rust;
	int ret;

	ret = nvkm_rust_attempt(gsp, ver);
	if (ret)
		return ret;

	for (int i = 0; i < NVKM_RUST_NR; i++) {
		ret = nvkm_rust_begin(gsp, i, ver);
		if (ret)
			return ret;
	}

	nvkm_rust_say(gsp, "serves", rust->mask);
	nvkm_rust_start_shadow(gsp, ver);
	return 0;
}

int
nvkm_rust_shared_init(struct nvkm_gsp *gsp)
{
	return nvkm_rust_owns(gsp, NVKM_RUST_RPC) ? nvkm_rs_rpc_attach(gsp) : 0;
}

void
nvkm_rust_stop(struct nvkm_gsp *gsp)
{
	struct nvkm_rust *rust = gsp->rust;

	if (!rust)
		return;

	/* Initialised once GSP-RM runs; C leaves it to chance that it is not queued. */
	if (rust->mask && gsp->msgq.work.func)
		cancel_work_sync(&gsp->msgq.work);

	/* C lets go of these once GSP-RM has said all it has to, and not if it never does. */
	if (nvkm_rust_owns(gsp, NVKM_RUST_BOOT)) {
		nvkm_gsp_mem_dtor(&gsp->boot.fw);
		nvkm_gsp_mem_dtor(&gsp->libos);
	}

	for (int i = 0; i < NVKM_RUST_NR; i++)
		nvkm_rust_end(rust, i);

	gsp->rust = NULL;
	nvkm_rust_shadow_end(rust->shadow);
}

void
nvkm_rust_fw_release(struct nvkm_gsp *gsp)
{
	if (nvkm_rust_owns(gsp, NVKM_RUST_FW))
		nvkm_rs_fw_release(gsp);
}

void *
nvkm_rust_fw_take(struct nvkm_gsp *gsp, const void *src, size_t len)
{
	/* A device that has no GSP has none that could own anything. */
	if (!gsp || !nvkm_rust_owns(gsp, NVKM_RUST_FW))
		return NULL;

	return nvkm_rs_fw_take(gsp, src, len);
}

void
nvkm_rust_exit(void)
{
	struct nvkm_rust *rust, *next;

	debugfs_remove(nvkm_rust_dir);
	nvkm_rust_dir = NULL;
	list_for_each_entry_safe(rust, next, &nvkm_rust_list, head) {
		list_del(&rust->head);
		kfree(rust->shadow);
		kfree(rust);
	}
}

void *
nvkm_rust_state(struct nvkm_gsp *gsp, u32 subsys)
{
	return gsp->rust && subsys < NVKM_RUST_NR ? gsp->rust->state[subsys] : NULL;
}

struct nvkm_rust_shadow *
nvkm_rust_shadow_of(struct nvkm_gsp *gsp)
{
	return gsp->rust ? gsp->rust->shadow : NULL;
}

const char *
nvkm_rust_subsys_name(u32 subsys)
{
	return subsys < NVKM_RUST_NR ? nvkm_rust_subsys[subsys].name : NULL;
}

/* The version of the firmware that was found. */
const char *
nvkm_rust_firmware(struct nvkm_gsp *gsp)
{
	return gsp->rust ? gsp->rust->ver : "";
}

bool
nvkm_rust_owns(struct nvkm_gsp *gsp, enum nvkm_rust_subsys subsys)
{
	return gsp->rust && gsp->rust->state[subsys];
}

bool
nvkm_rust_serves(struct nvkm_gsp *gsp, enum nvkm_rust_subsys subsys)
{
	bool owns = nvkm_rust_owns(gsp, subsys);

	if (gsp->rust)
		atomic64_inc(&gsp->rust->calls[subsys][owns]);
	return owns;
}

void
nvkm_rust_add(struct nvkm_gsp *gsp, enum nvkm_rust_count which, u64 n)
{
	if (gsp->rust)
		atomic64_add(n, &gsp->rust->counts[which]);
}
