// SPDX-License-Identifier: GPL-2.0
/*
 * Commands to GSP-RM from other drivers: see bridge/core.h.
 *
 * A device's core lives from the first time that GSP-RM answers until it is shut down and the last
 * handle is put. Its lock is held for reading by whoever talks to GSP-RM, so that who takes it for
 * writing knows that nobody does: to bring it down, or to make and free a handle's objects.
 */
#include <subdev/gsp/rust.h>
#include <subdev/gsp/rust_core.h>
#include "../../../bridge/core.h"
#include "../../../bridge/helpers.h"

#include <core/device.h>

#include <linux/export.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

/* More than the message queue has room for. */
#define NVKM_CORE_EVENT_MAX 0x100000

/* rpc_message_header_v: version, signature, length, function, result, private result, ... */
#define NVKM_CORE_HEADER (8 * sizeof(u32))
#define NVKM_CORE_HEADER_LENGTH 2

struct nvkm_core {
	struct kref kref;
	struct list_head head;		/* nvkm_core_list, under nvkm_core_mutex */
	struct device *dev;
	char firmware[16];

	struct rw_semaphore lock;
	struct nvkm_gsp *gsp;		/* NULL once it is shut down */
	bool up;			/* GSP-RM answers: not suspended */
	struct list_head users;

	struct workqueue_struct *commands;
	struct workqueue_struct *events;	/* ordered */
	struct task_struct *telling;	/* who calls a listener now */
	struct mutex listeners_mutex;
	struct list_head listeners;
};

struct nvkm_gsp_core_user {
	struct nvkm_core *core;
	struct list_head head;
	struct nvkm_gsp_client client;
	struct nvkm_gsp_device device;
	struct nvkm_gsp_objects objects;
	atomic_t underway;
	wait_queue_head_t idle;
};

struct nvkm_gsp_listener {
	struct kref kref;
	struct list_head head;
	struct nvkm_core *core;
	u32 event;
	bool gone;
	void (*call)(void *private, u32 event, const void *payload, u32 size);
	void *private;
};

struct nvkm_core_command {
	struct work_struct work;
	struct nvkm_gsp_core_user *user;
	struct nvkm_gsp_request *request;
};

struct nvkm_core_telling {
	struct work_struct work;
	struct nvkm_gsp_listener *listener;
	u32 size;
	u8 payload[] __counted_by(size);
};

static DEFINE_MUTEX(nvkm_core_mutex);
static LIST_HEAD(nvkm_core_list);

static void
nvkm_core_free(struct kref *kref)
{
	struct nvkm_core *core = container_of(kref, struct nvkm_core, kref);

	if (core->commands)
		destroy_workqueue(core->commands);
	if (core->events)
		destroy_workqueue(core->events);
	put_device(core->dev);
	kfree(core);
}

static void
nvkm_core_put(struct nvkm_core *core)
{
	kref_put(&core->kref, nvkm_core_free);
}

/* The core of a GSP or of a device, with a reference, or NULL. */
static struct nvkm_core *
nvkm_core_find(struct nvkm_gsp *gsp, struct device *dev)
{
	struct nvkm_core *core, *found = NULL;

	mutex_lock(&nvkm_core_mutex);
	list_for_each_entry(core, &nvkm_core_list, head) {
		if (gsp ? core->gsp == gsp : core->dev == dev) {
			kref_get(&core->kref);
			found = core;
			break;
		}
	}
	mutex_unlock(&nvkm_core_mutex);
	return found;
}

static struct nvkm_core *
nvkm_core_new(struct nvkm_gsp *gsp)
{
	struct nvkm_core *core = kzalloc_obj(*core);

	if (!core)
		return NULL;

	kref_init(&core->kref);
	core->dev = get_device(gsp->subdev.device->dev);
	core->gsp = gsp;
	strscpy(core->firmware, nvkm_rust_firmware(gsp), sizeof(core->firmware));
	init_rwsem(&core->lock);
	INIT_LIST_HEAD(&core->users);
	mutex_init(&core->listeners_mutex);
	INIT_LIST_HEAD(&core->listeners);
	core->commands = alloc_workqueue("nvkm-core", WQ_UNBOUND, 0);
	core->events = alloc_ordered_workqueue("nvkm-core-events", 0);
	if (!core->commands || !core->events) {
		nvkm_core_put(core);
		return NULL;
	}

	mutex_lock(&nvkm_core_mutex);
	list_add_tail(&core->head, &nvkm_core_list);
	mutex_unlock(&nvkm_core_mutex);
	kref_get(&core->kref);
	return core;
}

/* GSP-RM answers, if ret says so: after a boot, and after a resume. */
int
nvkm_core_up(struct nvkm_gsp *gsp, int ret)
{
	struct nvkm_core *core;

	if (ret || !gsp->running || !gsp->rm)
		return ret;

	core = nvkm_core_find(gsp, NULL) ?: nvkm_core_new(gsp);
	if (!core) {
		/* Nouveau itself does not need it. */
		nvkm_warn(&gsp->subdev, "core: no memory, other drivers get no access\n");
		return ret;
	}

	down_write(&core->lock);
	core->up = true;
	up_write(&core->lock);
	nvkm_core_put(core);
	return ret;
}

/* RM's objects of a handle; GSP-RM answers, and the lock is held for writing. */
static void
nvkm_core_objects_free(struct nvkm_gsp_core_user *user)
{
	nvkm_gsp_device_dtor(&user->device);
	nvkm_gsp_client_dtor(&user->client);
	list_del_init(&user->head);
}

/* GSP-RM is about to end, for now or for good: when this returns nobody talks to it. */
void
nvkm_core_down(struct nvkm_gsp *gsp, enum nvkm_suspend_state suspend)
{
	struct nvkm_core *core = nvkm_core_find(gsp, NULL);
	struct nvkm_gsp_core_user *user, *next;

	if (!core)
		return;

	if (suspend != NVKM_POWEROFF) {
		down_write(&core->lock);
		core->up = false;
		up_write(&core->lock);
		nvkm_core_put(core);
		return;
	}

	mutex_lock(&nvkm_core_mutex);
	list_del(&core->head);
	mutex_unlock(&nvkm_core_mutex);

	down_write(&core->lock);
	list_for_each_entry_safe(user, next, &core->users, head)
		nvkm_core_objects_free(user);
	core->gsp = NULL;
	core->up = false;
	up_write(&core->lock);

	/* What waits finds no GSP; every callback has run when this returns. */
	flush_workqueue(core->commands);
	flush_workqueue(core->events);
	nvkm_core_put(core);
	nvkm_core_put(core);
}

/* Whether a runtime suspend was ended or prevented, until nvkm_core_sleep(). */
static int
nvkm_core_wake(struct nvkm_core *core)
{
	int ret = pm_runtime_get_sync(core->dev);

	if (ret < 0 && ret != -EACCES) {
		pm_runtime_put_noidle(core->dev);
		return -EAGAIN;
	}
	return 0;
}

static void
nvkm_core_sleep(struct nvkm_core *core)
{
	pm_runtime_mark_last_busy(core->dev);
	pm_runtime_put_autosuspend(core->dev);
}

static int
nvkm_core_alive(struct nvkm_core *core)
{
	return !core->gsp ? -ENODEV : !core->up ? -EAGAIN : 0;
}

static int
nvkm_core_send(struct nvkm_gsp *gsp, struct nvkm_gsp_request *request)
{
	void *command, *reply;
	u32 length;

	command = nvkm_gsp_rpc_get(gsp, request->function, request->command_size);
	if (IS_ERR_OR_NULL(command))
		return command ? PTR_ERR(command) : -EIO;

	memcpy(command, request->command, request->command_size);

	/* Whatever length a reply has. (That of a large command has the command's.) */
	reply = nvkm_gsp_rpc_push(gsp, command, NVKM_GSP_RPC_REPLY_RECV, 1);
	if (IS_ERR_OR_NULL(reply)) {
		/* What C and Rust call a refusal differs. */
		switch (PTR_ERR(reply)) {
		case -ENOMEM:
		case -ETIMEDOUT:
			return PTR_ERR(reply);
		default:
			return -EIO;
		}
	}

	length = ((u32 *)(reply - NVKM_CORE_HEADER))[NVKM_CORE_HEADER_LENGTH];
	request->replied = length > NVKM_CORE_HEADER ? length - NVKM_CORE_HEADER : 0;
	if (request->reply)
		memcpy(request->reply, reply, min(request->replied, request->reply_size));
	nvkm_gsp_rpc_done(gsp, reply);
	return 0;
}

static int
nvkm_core_run(struct nvkm_core *core, struct nvkm_gsp_request *request)
{
	int ret = nvkm_core_wake(core);

	request->replied = 0;
	if (!ret) {
		down_read(&core->lock);
		ret = nvkm_core_alive(core) ?: nvkm_core_send(core->gsp, request);
		up_read(&core->lock);
		nvkm_core_sleep(core);
	}
	request->status = ret;
	return ret;
}

static void
nvkm_core_command_work(struct work_struct *work)
{
	struct nvkm_core_command *command = container_of(work, struct nvkm_core_command, work);
	struct nvkm_gsp_request *request = command->request;
	struct nvkm_gsp_core_user *user = command->user;

	kfree(command);
	nvkm_core_run(user->core, request);
	request->done(request);
	if (atomic_dec_and_test(&user->underway))
		wake_up_all(&user->idle);
}

int
nvkm_gsp_submit(struct nvkm_gsp_core_user *user, struct nvkm_gsp_request *request)
{
	struct nvkm_core_command *command;

	if (request->size != sizeof(*request)) {
		dev_err(user->core->dev, "nvkm core: a request of %u bytes, not %zu\n",
			request->size, sizeof(*request));
		return -EPROTO;
	}
	if (!request->command || !request->command_size ||
	    request->command_size > NVKM_GSP_COMMAND_MAX)
		return -EINVAL;

	if (!request->done)
		return nvkm_core_run(user->core, request);

	command = kmalloc_obj(*command);
	if (!command)
		return -ENOMEM;

	INIT_WORK(&command->work, nvkm_core_command_work);
	command->user = user;
	command->request = request;
	atomic_inc(&user->underway);
	queue_work(user->core->commands, &command->work);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(nvkm_gsp_submit, "NVKM_GSP");

static int
nvkm_core_objects_new(struct nvkm_gsp_core_user *user)
{
	struct nvkm_core *core = user->core;
	int ret = nvkm_core_wake(core);

	if (ret)
		return ret;

	down_write(&core->lock);
	ret = nvkm_core_alive(core);
	if (!ret)
		ret = nvkm_gsp_client_device_ctor(core->gsp, &user->client, &user->device);
	if (!ret) {
		user->objects.client = user->client.object.handle;
		user->objects.device = user->device.object.handle;
		user->objects.subdevice = user->device.subdevice.handle;
		list_add(&user->head, &core->users);
	}
	up_write(&core->lock);
	nvkm_core_sleep(core);
	return ret;
}

struct nvkm_gsp_core_user *
nvkm_gsp_get(struct pci_dev *pdev, u32 version, const char *firmware)
{
	struct nvkm_gsp_core_user *user;
	struct nvkm_core *core;
	int ret;

	if (version != NVKM_GSP_CORE_VERSION) {
		pci_err(pdev, "nvkm core: version %u is asked for, this is %u\n", version,
			NVKM_GSP_CORE_VERSION);
		return ERR_PTR(-EPROTO);
	}

	core = nvkm_core_find(NULL, &pdev->dev);
	if (!core)
		return ERR_PTR(-ENODEV);

	if (firmware && strcmp(firmware, core->firmware)) {
		pci_err(pdev, "nvkm core: a caller for firmware %s, the device runs %s\n", firmware,
			core->firmware);
		nvkm_core_put(core);
		return ERR_PTR(-EPROTO);
	}

	user = kzalloc_obj(*user);
	if (!user || !try_module_get(THIS_MODULE)) {
		ret = user ? -ENODEV : -ENOMEM;
		goto fail;
	}

	user->core = core;
	INIT_LIST_HEAD(&user->head);
	init_waitqueue_head(&user->idle);
	ret = nvkm_core_objects_new(user);
	if (!ret)
		return user;

	module_put(THIS_MODULE);
fail:
	kfree(user);
	nvkm_core_put(core);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_NS_GPL(nvkm_gsp_get, "NVKM_GSP");

void
nvkm_gsp_put(struct nvkm_gsp_core_user *user)
{
	struct nvkm_core *core;
	bool awake;

	if (!user)
		return;

	core = user->core;
	wait_event(user->idle, !atomic_read(&user->underway));

	awake = !nvkm_core_wake(core);
	down_write(&core->lock);
	if (!list_empty(&user->head)) {
		/* A GSP-RM that does not answer cannot be asked; it frees them when it goes. */
		if (nvkm_core_alive(core)) {
			user->device.object.client = NULL;
			user->client.object.client = NULL;
		}
		nvkm_core_objects_free(user);
	}
	up_write(&core->lock);
	if (awake)
		nvkm_core_sleep(core);

	kfree(user);
	nvkm_core_put(core);
	module_put(THIS_MODULE);
}
EXPORT_SYMBOL_NS_GPL(nvkm_gsp_put, "NVKM_GSP");

const char *
nvkm_gsp_firmware(struct nvkm_gsp_core_user *user)
{
	return user->core->firmware;
}
EXPORT_SYMBOL_NS_GPL(nvkm_gsp_firmware, "NVKM_GSP");

struct nvkm_gsp_objects
nvkm_gsp_objects_of(struct nvkm_gsp_core_user *user)
{
	return user->objects;
}
EXPORT_SYMBOL_NS_GPL(nvkm_gsp_objects_of, "NVKM_GSP");

static void
nvkm_core_listener_free(struct kref *kref)
{
	kfree(container_of(kref, struct nvkm_gsp_listener, kref));
}

static void
nvkm_core_tell_work(struct work_struct *work)
{
	struct nvkm_core_telling *telling = container_of(work, struct nvkm_core_telling, work);
	struct nvkm_gsp_listener *listener = telling->listener;

	/* Who stops listening waits for this, or is called from it: its core outlives both. */
	if (!READ_ONCE(listener->gone)) {
		struct nvkm_core *core = listener->core;

		WRITE_ONCE(core->telling, current);
		listener->call(listener->private, listener->event, telling->payload,
			       telling->size);
		WRITE_ONCE(core->telling, NULL);
	}

	kref_put(&listener->kref, nvkm_core_listener_free);
	kfree(telling);
}

/* An event has come, and is about to be given to nouveau's own handler. */
void
nvkm_core_event(struct nvkm_gsp *gsp, u32 event, const void *payload, u32 size)
{
	struct nvkm_core *core = nvkm_core_find(gsp, NULL);
	struct nvkm_gsp_listener *listener;

	if (!core)
		return;

	mutex_lock(&core->listeners_mutex);
	list_for_each_entry(listener, &core->listeners, head) {
		struct nvkm_core_telling *telling;

		if (listener->event != event || size > NVKM_CORE_EVENT_MAX)
			continue;

		telling = kmalloc_flex(*telling, payload, size);
		if (!telling) {
			dev_err(core->dev, "nvkm core: event %#x is lost\n", event);
			continue;
		}
		INIT_WORK(&telling->work, nvkm_core_tell_work);
		telling->listener = listener;
		telling->size = size;
		memcpy(telling->payload, payload, size);
		kref_get(&listener->kref);
		queue_work(core->events, &telling->work);
	}
	mutex_unlock(&core->listeners_mutex);
	nvkm_core_put(core);
}

struct nvkm_gsp_listener *
nvkm_gsp_listen(struct nvkm_gsp_core_user *user, u32 event,
		void (*call)(void *private, u32 event, const void *payload, u32 size),
		void *private)
{
	struct nvkm_core *core = user->core;
	struct nvkm_gsp_listener *listener;
	bool gone;

	down_read(&core->lock);
	gone = !core->gsp;
	up_read(&core->lock);
	if (gone)
		return ERR_PTR(-ENODEV);

	listener = kzalloc_obj(*listener);
	if (!listener)
		return ERR_PTR(-ENOMEM);

	kref_init(&listener->kref);
	kref_get(&core->kref);
	listener->core = core;
	listener->event = event;
	listener->call = call;
	listener->private = private;

	mutex_lock(&core->listeners_mutex);
	list_add_tail(&listener->head, &core->listeners);
	mutex_unlock(&core->listeners_mutex);
	return listener;
}
EXPORT_SYMBOL_NS_GPL(nvkm_gsp_listen, "NVKM_GSP");

void
nvkm_gsp_unlisten(struct nvkm_gsp_listener *listener)
{
	struct nvkm_core *core;

	if (!listener)
		return;

	core = listener->core;
	mutex_lock(&core->listeners_mutex);
	list_del(&listener->head);
	WRITE_ONCE(listener->gone, true);
	mutex_unlock(&core->listeners_mutex);

	/* Calls are made one after the other: from one of them there is none to wait for. */
	if (READ_ONCE(core->telling) != current)
		flush_workqueue(core->events);

	kref_put(&listener->kref, nvkm_core_listener_free);
	nvkm_core_put(core);
}
EXPORT_SYMBOL_NS_GPL(nvkm_gsp_unlisten, "NVKM_GSP");
