// SPDX-License-Identifier: GPL-2.0
/*
 * A driver beside nouveau that submits commands to GSP-RM: example and test of bridge/core.h.
 *
 * Each thread has a handle, thereby an RM client of its own, and asks for the TPCs of one GPC after
 * the other. Every second control is asynchronous; some are underway at any time. That each
 * request got its own reply, once, is checked and counted: nvkm_gsp_sample/result in debugfs. A
 * write to "again" beside it starts another round, on the device as it is bound then.
 */
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "sample.h"

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

/*
 * replied: with a good status; refused: the device went; asleep: it is suspended; failed: any other
 * status; swapped: replied, but with what is not this request's; lost: accepted, and no callback;
 * twice: callbacks too many; unsaid: of another status than the one returned; events: calls of the
 * listeners that stay; once: of those that end themselves when they are called; reopened: handles
 * that were put while the device was suspended, and got again.
 */
enum {
	SUBMITTED, REPLIED, REFUSED, ASLEEP, FAILED, SWAPPED, LOST, TWICE, UNSAID, EVENTS, ONCE,
	REOPENED, COUNTS
};

static const char * const count_names[COUNTS] = {
	"submitted", "replied", "refused", "asleep", "failed", "swapped", "lost", "twice", "unsaid",
	"events", "once", "reopened",
};

static atomic_t counts[COUNTS];
static atomic_t running;
static u32 tpc_masks[32];
static unsigned int rounds;

static struct pci_dev *gpu;
static struct sample_thread *sample;
static DEFINE_MUTEX(lock); /* of sample, and of the checks */

static void ended(struct sample_slot *slot, int status)
{
	const struct sample_control *asked = &slot->command, *said = &slot->reply;
	u32 first;

	if (status) {
		atomic_inc(&counts[status == -ENODEV ? REFUSED :
				   status == -EAGAIN ? ASLEEP : FAILED]);
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

void sample_prepare(struct sample_slot *slot, u32 command, u32 gpc, bool wait)
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

	sample_prepare(slot, CMD_GET_TPC_INFO, gpc, wait);
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

static struct nvkm_gsp_core_user *get(void)
{
	return nvkm_gsp_get(gpu, NVKM_GSP_CORE_VERSION, *firmware ? firmware : NULL);
}

/* A handle may be put at any time, and its client is never another's who comes later. */
static void reopen(struct sample_thread *thread, int err)
{
	if (err == -EAGAIN) {
		nvkm_gsp_put(thread->spare);
		thread->spare = NULL;
	}
	if (err || thread->spare)
		return;

	thread->spare = get();
	if (!IS_ERR(thread->spare)) {
		atomic_inc(&counts[REOPENED]);
		return;
	}
	if (PTR_ERR(thread->spare) != -EAGAIN && PTR_ERR(thread->spare) != -ENODEV)
		atomic_inc(&counts[FAILED]);
	thread->spare = NULL;
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
		if (i % 2)
			reopen(thread, err);
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

/* Ends itself. A call that comes before nvkm_gsp_listen() has returned leaves that to the next. */
static void event_once(void *private, u32 number, const void *payload, u32 size)
{
	struct sample_thread *thread = private;
	struct nvkm_gsp_listener *once = xchg(&thread->once, NULL);

	if (once)
		nvkm_gsp_unlisten(once);
	atomic_inc(&counts[ONCE]);
}

static int open(struct sample_thread *thread)
{
	struct nvkm_gsp_listener *once;
	struct sample_slot *slot = &thread->slots[FLYING_MAX];
	int i, err;

	thread->user = get();
	if (IS_ERR(thread->user))
		return PTR_ERR(thread->user);
	thread->spare = get();
	if (IS_ERR(thread->spare))
		return PTR_ERR(thread->spare);
	thread->objects = nvkm_gsp_objects_of(thread->user);
	init_waitqueue_head(&thread->landed);
	for (i = 0; i <= FLYING_MAX; i++)
		thread->slots[i].thread = thread;

	thread->listener = nvkm_gsp_listen(thread->user, EVENT_OS_ERROR_LOG, event, NULL);
	if (IS_ERR(thread->listener))
		return PTR_ERR(thread->listener);
	once = nvkm_gsp_listen(thread->user, EVENT_OS_ERROR_LOG, event_once, thread);
	if (IS_ERR(once))
		return PTR_ERR(once);
	/* Before its first call, or with the xchg() there. */
	smp_store_release(&thread->once, once);

	sample_prepare(slot, CMD_GET_GPC_INFO, 0, true);
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
	sample_checks_forget();
	for (i = 0; sample && i < threads; i++) {
		struct sample_thread *thread = &sample[i];

		if (atomic_read(&counts[REFUSED]) && !IS_ERR_OR_NULL(thread->user)) {
			sample_prepare(&thread->slots[FLYING_MAX], CMD_GET_TPC_INFO, 0, true);
			err = nvkm_gsp_submit(thread->user, &thread->slots[FLYING_MAX].request);
			if (!i)
				sample_check("a handle stays dead", err == -ENODEV);
		}
		if (!IS_ERR_OR_NULL(thread->listener))
			nvkm_gsp_unlisten(thread->listener);
		nvkm_gsp_unlisten(xchg(&thread->once, NULL));
		if (!IS_ERR_OR_NULL(thread->user))
			nvkm_gsp_put(thread->user);
		if (!IS_ERR_OR_NULL(thread->spare))
			nvkm_gsp_put(thread->spare);
	}
	kfree(sample);
	sample = NULL;
	pci_dev_put(gpu);
	gpu = NULL;
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
	int i, err = -ENOMEM;

	stop();
	for (i = 0; i < COUNTS; i++)
		atomic_set(&counts[i], 0);
	memset(tpc_masks, 0, sizeof(tpc_masks));
	gpu = find();
	if (!gpu)
		return -ENODEV;
	sample = kcalloc(threads, sizeof(*sample), GFP_KERNEL);
	for (i = 0; sample && i < threads; i++) {
		err = open(&sample[i]);
		if (err)
			break;
	}
	if (err) {
		stop();
		return err;
	}
	sample_check_all(sample, gpu);
	sample_check("clients of their own",
		     threads == 1 || sample[0].objects.client != sample[1].objects.client);
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
	sample_checks_show(m);
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
