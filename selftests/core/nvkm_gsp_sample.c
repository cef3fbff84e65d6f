// SPDX-License-Identifier: GPL-2.0
/*
 * A driver beside nouveau that submits commands to GSP-RM: example and test of bridge/core.h.
 *
 * Each thread has a handle, thereby an RM client of its own, and asks for the TPCs of one GPC after
 * the other. Every second control is asynchronous; some are underway at any time. That each
 * request got its own reply, once, is checked and counted: nvkm_gsp_sample/result in debugfs. A
 * write to "again" beside it starts another round, on the device as it is bound then.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <bridge/core.h>

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "PCI name, like 0000:00:03.0 (default: first GPU that nouveau has)");

static char *firmware = "";
module_param(firmware, charp, 0444);
MODULE_PARM_DESC(firmware, "refuse any other firmware than this one (default: take any)");

static uint controls = 10000;
module_param(controls, uint, 0444);
MODULE_PARM_DESC(controls, "controls of a round, of all threads together (default: 10000)");

static uint threads = 4;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "threads, each with a handle, 1 to 16 (default: 4)");

static bool until_gone;
module_param(until_gone, bool, 0644);
MODULE_PARM_DESC(until_gone, "go on after a round's controls until the device goes");

/* rm/r535/nvrm: rpcfn.h, msgfn.h, ctrl.h; rm/r570/nvrm/gr.h. All versions have these alike. */
#define FN_GSP_RM_CONTROL 76
#define EVENT_OS_ERROR_LOG 0x1006
#define CMD_GET_GPC_INFO 0x20800137
#define CMD_GET_TPC_INFO 0x20800138

/* rpc_gsp_rm_control_v03_00, with the parameters of CMD_GET_TPC_INFO. */
struct sample_control {
	u32 client;
	u32 object;
	u32 command;
	u32 status;
	u32 params_size;
	u32 flags;
	u32 gpc; /* of CMD_GET_GPC_INFO: gpcMask */
	u32 tpc_mask;
};

#define HEADER_SIZE offsetof(struct sample_control, gpc)

enum { FREE, FLYING, LANDED };

struct sample_slot {
	struct nvkm_gsp_request request;
	struct sample_control command;
	struct sample_control reply;
	struct sample_thread *thread;
	atomic_t state;
};

/* So many are underway at once; the last slot is for those that are waited for. */
#define FLYING_MAX 4
#define PATIENCE (20 * HZ)

struct sample_thread {
	struct nvkm_gsp_core_user *user;
	struct nvkm_gsp_objects objects;
	struct nvkm_gsp_listener *listener;
	struct task_struct *task;
	wait_queue_head_t landed;
	struct sample_slot slots[FLYING_MAX + 1];
	u32 gpc[32];
	unsigned int gpcs;
};

/*
 * replied: with a good status; refused: the device went, or is suspended; failed: any other status;
 * swapped: replied, but with what is not this request's; lost: accepted, and no callback; twice:
 * callbacks too many; unsaid: of another status than the one returned; events: calls of listeners.
 */
enum { SUBMITTED, REPLIED, REFUSED, FAILED, SWAPPED, LOST, TWICE, UNSAID, EVENTS, COUNTS };

static const char * const count_names[COUNTS] = {
	"submitted", "replied", "refused", "failed", "swapped", "lost", "twice", "unsaid", "events",
};

static atomic_t counts[COUNTS];
static atomic_t running;
static u32 tpc_masks[32];
static unsigned int rounds;

static struct sample_thread *sample;
static DEFINE_MUTEX(lock); /* of sample, and of the checks */

static struct {
	const char *name;
	bool ok;
} checks[20];

static unsigned int checked;

static void check(const char *name, bool ok)
{
	if (WARN_ON(checked == ARRAY_SIZE(checks)))
		return;
	checks[checked].name = name;
	checks[checked++].ok = ok;
}

static void ended(struct sample_slot *slot, int status)
{
	const struct sample_control *asked = &slot->command, *said = &slot->reply;
	u32 first;

	if (status == -ENODEV || status == -EAGAIN) {
		atomic_inc(&counts[REFUSED]);
		return;
	}
	if (status) {
		atomic_inc(&counts[FAILED]);
		return;
	}
	atomic_inc(&counts[REPLIED]);
	first = cmpxchg(&tpc_masks[asked->gpc], 0, said->tpc_mask);
	if (slot->request.replied != sizeof(*said) || said->client != asked->client ||
	    said->object != asked->object || said->command != asked->command || said->status ||
	    said->gpc != asked->gpc || (first && said->tpc_mask != first))
		atomic_inc(&counts[SWAPPED]);
}

/* Called from a work item, and once. From here on the slot is ours again. */
static void done(struct nvkm_gsp_request *request)
{
	struct sample_slot *slot = request->private;

	if (atomic_cmpxchg(&slot->state, FLYING, LANDED) != FLYING) {
		atomic_inc(&counts[TWICE]);
		return;
	}
	ended(slot, request->status);
	atomic_set_release(&slot->state, FREE);
	wake_up(&slot->thread->landed);
}

static void prepare(struct sample_slot *slot, u32 command, u32 gpc, bool wait)
{
	struct sample_thread *thread = slot->thread;

	slot->command = (struct sample_control) {
		.client = thread->objects.client,
		.object = thread->objects.subdevice,
		.command = command,
		.params_size = command == CMD_GET_TPC_INFO ? 8 : 4,
		.gpc = gpc,
	};
	/* Not what the last reply was. */
	memset(&slot->reply, 0xff, sizeof(slot->reply));
	slot->request = (struct nvkm_gsp_request) {
		.size = sizeof(slot->request),
		.function = FN_GSP_RM_CONTROL,
		.command = &slot->command,
		.command_size = HEADER_SIZE + slot->command.params_size,
		.reply = &slot->reply,
		.reply_size = sizeof(slot->reply),
		.done = wait ? NULL : done,
		.private = slot,
	};
}

static int submit(struct sample_slot *slot, u32 gpc, bool wait)
{
	int err;

	prepare(slot, CMD_GET_TPC_INFO, gpc, wait);
	atomic_inc(&counts[SUBMITTED]);
	if (!wait)
		atomic_set(&slot->state, FLYING);
	err = nvkm_gsp_submit(slot->thread->user, &slot->request);
	/* What was accepted is not ours to look at before done(). */
	if (!wait && !err)
		return 0;
	if (wait && slot->request.status != err)
		atomic_inc(&counts[UNSAID]);
	ended(slot, err);
	if (!wait)
		atomic_set(&slot->state, FREE);
	return err;
}

static struct sample_slot *free_slot(struct sample_thread *thread)
{
	int i;

	for (i = 0; i < FLYING_MAX; i++) {
		if (atomic_read_acquire(&thread->slots[i].state) == FREE)
			return &thread->slots[i];
	}
	return NULL;
}

static struct sample_slot *free_slot_wait(struct sample_thread *thread)
{
	/* Nobody else takes one meanwhile. */
	wait_event_timeout(thread->landed, free_slot(thread), PATIENCE);
	return free_slot(thread);
}

static int flying(struct sample_thread *thread)
{
	int i, n = 0;

	for (i = 0; i < FLYING_MAX; i++)
		n += atomic_read(&thread->slots[i].state) != FREE;
	return n;
}

static int run(void *data)
{
	struct sample_thread *thread = data;
	struct sample_slot *slot;
	unsigned int i, gpc;
	int err;

	for (i = 0; !kthread_should_stop(); i++) {
		if (i >= DIV_ROUND_UP(controls, threads) && !READ_ONCE(until_gone))
			break;
		/* What is underway at one time asks for different GPCs, if there are enough. */
		gpc = thread->gpc[(i / 2 + i % 2) % thread->gpcs];
		slot = i % 2 ? &thread->slots[FLYING_MAX] : free_slot_wait(thread);
		if (!slot)
			break;
		err = submit(slot, gpc, i % 2);
		if (err == -ENODEV)
			break;
		if (err == -EAGAIN)
			schedule_timeout_interruptible(HZ / 100);
	}
	wait_event_timeout(thread->landed, !flying(thread), PATIENCE);
	atomic_add(flying(thread), &counts[LOST]);
	atomic_dec(&running);
	return 0;
}

static void event(void *private, u32 number, const void *payload, u32 size)
{
	if (number == EVENT_OS_ERROR_LOG && payload && size >= sizeof(u32))
		atomic_inc(&counts[EVENTS]);
}

static int open(struct sample_thread *thread, struct pci_dev *pdev)
{
	struct sample_slot *slot = &thread->slots[FLYING_MAX];
	int i, err;

	thread->user = nvkm_gsp_get(pdev, NVKM_GSP_CORE_VERSION, *firmware ? firmware : NULL);
	if (IS_ERR(thread->user))
		return PTR_ERR(thread->user);
	thread->objects = nvkm_gsp_objects_of(thread->user);
	init_waitqueue_head(&thread->landed);
	for (i = 0; i <= FLYING_MAX; i++)
		thread->slots[i].thread = thread;

	thread->listener = nvkm_gsp_listen(thread->user, EVENT_OS_ERROR_LOG, event, NULL);
	if (IS_ERR(thread->listener))
		return PTR_ERR(thread->listener);

	prepare(slot, CMD_GET_GPC_INFO, 0, true);
	err = nvkm_gsp_submit(thread->user, &slot->request);
	if (err)
		return err;
	for (i = 0; i < 32; i++) {
		if (slot->reply.gpc & BIT(i))
			thread->gpc[thread->gpcs++] = i;
	}
	return slot->reply.status || !thread->gpcs ? -EIO : 0;
}

/* Ends the last round and gives its handles back. */
static void stop(void)
{
	int i, err;

	for (i = 0; sample && i < threads; i++) {
		if (sample[i].task)
			kthread_stop_put(sample[i].task);
	}
	checked = 0;
	for (i = 0; sample && i < threads; i++) {
		struct sample_thread *thread = &sample[i];

		if (atomic_read(&counts[REFUSED]) && !IS_ERR_OR_NULL(thread->user)) {
			prepare(&thread->slots[FLYING_MAX], CMD_GET_TPC_INFO, 0, true);
			err = nvkm_gsp_submit(thread->user, &thread->slots[FLYING_MAX].request);
			if (!i)
				check("a handle stays dead", err == -ENODEV);
		}
		if (!IS_ERR_OR_NULL(thread->listener))
			nvkm_gsp_unlisten(thread->listener);
		if (!IS_ERR_OR_NULL(thread->user))
			nvkm_gsp_put(thread->user);
	}
	kfree(sample);
	sample = NULL;
}

static void refused(const char *name, struct nvkm_gsp_core_user *user, int err)
{
	check(name, PTR_ERR_OR_ZERO(user) == err);
	if (!IS_ERR(user))
		nvkm_gsp_put(user);
}

struct nested {
	struct sample_slot *inner;
	struct completion ended;
	int err;
};

static void nested_done(struct nvkm_gsp_request *request)
{
	struct nested *nested = request->private;

	nested->err = nvkm_gsp_submit(nested->inner->thread->user, &nested->inner->request);
	complete(&nested->ended);
}

/* What the interface promises beside replies. Nothing is underway yet. */
static void check_all(struct pci_dev *pdev)
{
	struct nvkm_gsp_core_user *user = sample[0].user;
	struct sample_slot *slot = &sample[0].slots[0], *inner = &sample[0].slots[1];
	struct nested nested = { .inner = inner };
	struct pci_dev *other = NULL;
	void *large;
	u32 size;

	refused("another version", nvkm_gsp_get(pdev, NVKM_GSP_CORE_VERSION + 1, NULL), -EPROTO);
	refused("another firmware", nvkm_gsp_get(pdev, NVKM_GSP_CORE_VERSION, "1.0"), -EPROTO);
	refused("this firmware",
		nvkm_gsp_get(pdev, NVKM_GSP_CORE_VERSION, nvkm_gsp_firmware(user)), 0);
	for_each_pci_dev(other) {
		if (other->vendor != PCI_VENDOR_ID_NVIDIA)
			break;
	}
	if (other)
		refused("another device", nvkm_gsp_get(other, NVKM_GSP_CORE_VERSION, NULL),
			-ENODEV);
	pci_dev_put(other);

	for (size = 0; size <= sizeof(slot->request) + 8; size += sizeof(slot->request) + 8) {
		prepare(slot, CMD_GET_TPC_INFO, sample[0].gpc[0], true);
		slot->request.size = size;
		check(size ? "a larger request" : "a smaller request",
		      nvkm_gsp_submit(user, &slot->request) == -EPROTO);
	}

	prepare(slot, CMD_GET_TPC_INFO, sample[0].gpc[0], true);
	slot->request.command_size = 0;
	check("no command", nvkm_gsp_submit(user, &slot->request) == -EINVAL);
	large = kvzalloc(NVKM_GSP_COMMAND_MAX + 1, GFP_KERNEL);
	if (large) {
		slot->request.command = large;
		slot->request.command_size = NVKM_GSP_COMMAND_MAX + 1;
		check("too large a command", nvkm_gsp_submit(user, &slot->request) == -EINVAL);
		kvfree(large);
	}

	prepare(slot, CMD_GET_TPC_INFO, sample[0].gpc[0], true);
	slot->request.reply_size = HEADER_SIZE;
	check("a reply that is cut", !nvkm_gsp_submit(user, &slot->request) &&
	      slot->request.replied == sizeof(slot->reply) && !slot->reply.status &&
	      slot->reply.gpc == U32_MAX && slot->reply.tpc_mask == U32_MAX);
	prepare(slot, CMD_GET_TPC_INFO, sample[0].gpc[0], true);
	slot->request.reply = NULL;
	slot->request.reply_size = 0;
	check("a reply that is dropped", !nvkm_gsp_submit(user, &slot->request) &&
	      slot->request.replied == sizeof(slot->reply));
	prepare(slot, CMD_GET_TPC_INFO, sample[0].gpc[0], true);
	slot->request.reply = &slot->command;
	check("a reply in the command's place", !nvkm_gsp_submit(user, &slot->request) &&
	      !slot->command.status && slot->command.tpc_mask);

	init_completion(&nested.ended);
	prepare(inner, CMD_GET_TPC_INFO, sample[0].gpc[0], true);
	prepare(slot, CMD_GET_TPC_INFO, sample[0].gpc[0], false);
	slot->request.done = nested_done;
	slot->request.private = &nested;
	/* Were it to wait forever, the handle would not go either: no time-out. */
	if (!nvkm_gsp_submit(user, &slot->request))
		wait_for_completion(&nested.ended);
	check("a submit from a callback", !nested.err && inner->reply.tpc_mask &&
	      inner->reply.gpc == sample[0].gpc[0]);
	check("clients of their own",
	      threads == 1 || sample[0].objects.client != sample[1].objects.client);
}

static struct pci_dev *find(void)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		if (*device ? !strcmp(pci_name(pdev), device) :
		    pdev->vendor == PCI_VENDOR_ID_NVIDIA &&
		    !strcmp(dev_driver_string(&pdev->dev), "nouveau"))
			break;
	}
	return pdev;
}

static int start(void)
{
	struct pci_dev *pdev;
	int i, err = -ENODEV;

	stop();
	for (i = 0; i < COUNTS; i++)
		atomic_set(&counts[i], 0);
	memset(tpc_masks, 0, sizeof(tpc_masks));
	pdev = find();
	if (!pdev)
		return -ENODEV;
	sample = kcalloc(threads, sizeof(*sample), GFP_KERNEL);
	for (i = 0; sample && i < threads; i++) {
		err = open(&sample[i], pdev);
		if (err)
			break;
	}
	if (!sample)
		err = -ENOMEM;
	if (!err)
		check_all(pdev);
	pci_dev_put(pdev);
	if (err) {
		stop();
		return err;
	}
	rounds++;
	atomic_set(&running, 0);
	for (i = 0; i < threads; i++) {
		struct task_struct *task = kthread_create(run, &sample[i], "nvkm_sample/%d", i);

		if (IS_ERR(task)) {
			stop();
			atomic_set(&running, 0);
			return PTR_ERR(task);
		}
		sample[i].task = get_task_struct(task);
		atomic_inc(&running);
	}
	for (i = 0; i < threads; i++)
		wake_up_process(sample[i].task);
	return 0;
}

static int result_show(struct seq_file *m, void *data)
{
	unsigned int i;

	mutex_lock(&lock);
	seq_printf(m, "state: %s\n", atomic_read(&running) ? "running" : "done");
	seq_printf(m, "round: %u\n", rounds);
	for (i = 0; i < COUNTS; i++)
		seq_printf(m, "%s: %d\n", count_names[i], atomic_read(&counts[i]));
	for (i = 0; i < checked; i++)
		seq_printf(m, "check %s: %s\n", checks[i].name, checks[i].ok ? "ok" : "not ok");
	mutex_unlock(&lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

static ssize_t again_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	int err;

	mutex_lock(&lock);
	err = start();
	mutex_unlock(&lock);
	return err ? err : size;
}

static const struct file_operations again_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = again_write,
};

static struct dentry *dir;

static int __init sample_init(void)
{
	int err;

	threads = clamp(threads, 1, 16);
	mutex_lock(&lock);
	err = start();
	mutex_unlock(&lock);
	if (err)
		return err;
	dir = debugfs_create_dir("nvkm_gsp_sample", NULL);
	debugfs_create_file("result", 0400, dir, NULL, &result_fops);
	debugfs_create_file("again", 0200, dir, NULL, &again_fops);
	return 0;
}
module_init(sample_init);

static void __exit sample_exit(void)
{
	debugfs_remove(dir);
	until_gone = false;
	stop();
}
module_exit(sample_exit);

MODULE_DESCRIPTION("Example and test of commands to GSP-RM beside nouveau");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("NVKM_GSP");
