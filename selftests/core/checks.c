// SPDX-License-Identifier: GPL-2.0
/* What bridge/core.h promises beside replies, each promise a line of the result. */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/slab.h>
#include "sample.h"

/* In several elements of the message queue; what RM makes of it does not matter. */
#define LARGE 100000
#define CMD_NONE 0x2080ffff

static struct {
	const char *name;
	bool ok;
} checks[32];

static unsigned int checked;

void sample_check(const char *name, bool ok)
{
	if (WARN_ON(checked == ARRAY_SIZE(checks)))
		return;
	checks[checked].name = name;
	checks[checked++].ok = ok;
}

void sample_checks_forget(void)
{
	checked = 0;
}

void sample_checks_show(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < checked; i++)
		seq_printf(m, "check %s: %s\n", checks[i].name, checks[i].ok ? "ok" : "not ok");
}

static void check_get(const char *name, struct pci_dev *pdev, u32 version, const char *firmware,
		      int err)
{
	struct nvkm_gsp_core_user *user = nvkm_gsp_get(pdev, version, firmware);

	sample_check(name, PTR_ERR_OR_ZERO(user) == err);
	if (!IS_ERR(user))
		nvkm_gsp_put(user);
}

/* Who gets a handle. */
static void check_gets(struct sample_thread *thread, struct pci_dev *pdev)
{
	const char *firmware = nvkm_gsp_firmware(thread->user);
	struct pci_dev *other = NULL;

	check_get("another version", pdev, NVKM_GSP_CORE_VERSION + 1, NULL, -EPROTO);
	check_get("another firmware", pdev, NVKM_GSP_CORE_VERSION, "1.0", -EPROTO);
	check_get("this firmware", pdev, NVKM_GSP_CORE_VERSION, firmware, 0);
	for_each_pci_dev(other) {
		if (other->vendor != PCI_VENDOR_ID_NVIDIA)
			break;
	}
	if (other)
		check_get("another device", other, NVKM_GSP_CORE_VERSION, NULL, -ENODEV);
	pci_dev_put(other);
}

static int ask(struct sample_slot *slot)
{
	return nvkm_gsp_submit(slot->thread->user, &slot->request);
}

static void prepare(struct sample_slot *slot)
{
	sample_prepare(slot, CMD_GET_TPC_INFO, slot->thread->gpc[0], true);
}

/* What of a request is refused before anything is sent. */
static void check_sizes(struct sample_slot *slot)
{
	prepare(slot);
	slot->request.size -= 8;
	sample_check("a smaller request", ask(slot) == -EPROTO);
	prepare(slot);
	slot->request.size += 8;
	sample_check("a larger request", ask(slot) == -EPROTO);

	prepare(slot);
	slot->request.command = NULL;
	sample_check("no command", ask(slot) == -EINVAL);
	prepare(slot);
	slot->request.command_size = 0;
	sample_check("an empty command", ask(slot) == -EINVAL);
	prepare(slot);
	slot->request.command_size = NVKM_GSP_COMMAND_MAX + 1;
	sample_check("too large a command", ask(slot) == -EINVAL);
}

/* Where a reply goes. */
static void check_replies(struct sample_slot *slot)
{
	prepare(slot);
	slot->request.reply_size = HEADER_SIZE;
	sample_check("a reply that is cut", !ask(slot) &&
		     slot->request.replied == sizeof(slot->reply) && !slot->reply.status &&
		     slot->reply.gpc == U32_MAX && slot->reply.tpc_mask == U32_MAX);
	prepare(slot);
	slot->request.reply = NULL;
	slot->request.reply_size = 0;
	sample_check("a reply that is dropped", !ask(slot) &&
		     slot->request.replied == sizeof(slot->reply));
	prepare(slot);
	slot->request.reply = &slot->command;
	sample_check("a reply in the command's place", !ask(slot) &&
		     !slot->command.status && slot->command.tpc_mask);
}

/*
 * A command and a reply that take several messages. Upstream's r535_gsp_msgq_recv_one_elem() puts a
 * reply's second message together wrongly where it crosses the queue's end, which it does not do
 * twice running.
 */
static void check_large(struct sample_slot *slot)
{
	struct sample_control *command = kvzalloc(LARGE, GFP_KERNEL);
	u8 *bytes = (u8 *)command, *reply = kvzalloc(LARGE, GFP_KERNEL);
	bool whole = false, same = false;
	unsigned int i;

	if (!command || !reply)
		goto done;

	prepare(slot);
	for (i = HEADER_SIZE; i < LARGE; i++)
		bytes[i] = i % 251;
	memcpy(command, &slot->command, HEADER_SIZE);
	command->command = CMD_NONE;
	command->params_size = LARGE - HEADER_SIZE;
	slot->request.command = command;
	slot->request.command_size = LARGE;
	slot->request.reply = reply;
	slot->request.reply_size = LARGE;
	for (i = 0; i < 2 && !same; i++) {
		memset(reply, 0, LARGE);
		whole = !ask(slot) && slot->request.replied == LARGE &&
			((struct sample_control *)reply)->status;
		same = whole && !memcmp(bytes + HEADER_SIZE, reply + HEADER_SIZE,
					LARGE - HEADER_SIZE);
	}
	sample_check("a large command", whole);
	sample_check("a large reply", same);

	/* And another one behind it has its own reply. */
	prepare(slot);
	sample_check("a small one after it", !ask(slot) && slot->reply.tpc_mask);
done:
	kvfree(command);
	kvfree(reply);
}

struct nested {
	struct sample_slot *inner;
	struct nvkm_gsp_core_user *other;
	struct completion ended;
	int err;
};

static void nested_done(struct nvkm_gsp_request *request)
{
	struct nested *nested = request->private;

	nvkm_gsp_put(nested->other);
	nested->err = ask(nested->inner);
	complete(&nested->ended);
}

/* What may be done in a callback. */
static void check_nested(struct sample_slot *slot, struct sample_slot *inner, struct pci_dev *pdev)
{
	struct nested nested = { .inner = inner };

	nested.other = nvkm_gsp_get(pdev, NVKM_GSP_CORE_VERSION, NULL);
	if (IS_ERR(nested.other))
		nested.other = NULL;
	init_completion(&nested.ended);
	prepare(inner);
	prepare(slot);
	slot->request.done = nested_done;
	slot->request.private = &nested;
	/* Were it to wait forever, the handle would not go either: no time-out. */
	if (!ask(slot))
		wait_for_completion(&nested.ended);
	sample_check("from a callback", nested.other && !nested.err && inner->reply.tpc_mask &&
		     inner->reply.gpc == inner->thread->gpc[0]);
}

static void slow_done(struct nvkm_gsp_request *request)
{
	msleep(20);
	atomic_set((atomic_t *)request->private, 1);
}

/* A handle's callbacks have run when it has been put. */
static void check_put(struct sample_slot *slot, struct pci_dev *pdev)
{
	struct nvkm_gsp_core_user *user = nvkm_gsp_get(pdev, NVKM_GSP_CORE_VERSION, NULL);
	atomic_t ended = ATOMIC_INIT(0);
	int err = -ENODEV;

	if (!IS_ERR(user)) {
		prepare(slot);
		slot->command.client = nvkm_gsp_objects_of(user).client;
		slot->command.object = nvkm_gsp_objects_of(user).subdevice;
		slot->request.done = slow_done;
		slot->request.private = &ended;
		err = nvkm_gsp_submit(user, &slot->request);
		nvkm_gsp_put(user);
	}
	sample_check("put after a callback", !err && atomic_read(&ended) && !slot->reply.status);
	if (!err && !atomic_read(&ended))
		msleep(200);
}

void sample_check_all(struct sample_thread *thread, struct pci_dev *pdev)
{
	struct sample_slot *slot = &thread->slots[0];

	check_gets(thread, pdev);
	check_sizes(slot);
	check_replies(slot);
	check_large(slot);
	check_nested(slot, &thread->slots[1], pdev);
	check_put(slot, pdev);
}
