// SPDX-License-Identifier: GPL-2.0
/*
 * Commands to GSP-RM from other drivers: see bridge/core.h.
 *
 * A device's core lives from the first time that GSP-RM answers until it is shut down and the last
 * handle is put. Its lock is held for reading by whoever talks to GSP-RM, so that who takes it for
 * writing knows that nobody does: to bring it down, or to make and free a handle's objects.
 */
#include "rust_core_priv.h"

#include <core/device.h>

#include <linux/export.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

/* GSP-RM takes one command at a time; more workers than that are for callbacks that sleep. */
#define NVKM_CORE_WORKERS 16

/* rpc_message_header_v: version, signature, length, function, result, private result, ... */
#define NVKM_CORE_HEADER (8 * sizeof(u32))
#define NVKM_CORE_HEADER_LENGTH 2

/* RM's objects of a handle. They outlive it where GSP-RM does not answer when it is put. */
struct nvkm_core_objects {
	struct list_head head;
	struct nvkm_gsp_core_user *user;
	struct nvkm_gsp_client client;
	struct nvkm_gsp_device device;
};

struct nvkm_core_command {
	struct work_struct work;
	struct nvkm_gsp_core_user *user;
	struct nvkm_gsp_request *request;
};

/* Of the list, and of listeners: rust_core_priv.h. */
DEFINE_MUTEX(nvkm_core_mutex);
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

struct nvkm_core *
nvkm_core_look(struct nvkm_gsp *gsp, struct device *dev)
{
	struct nvkm_core *core;

	list_for_each_entry(core, &nvkm_core_list, head) {
		if (gsp ? core->gsp == gsp : core->dev == dev)
			return core;
	}
	return NULL;
}

/* The same, with a reference. */
static struct nvkm_core *
nvkm_core_find(struct nvkm_gsp *gsp, struct device *dev)
{
	struct nvkm_core *core;

	mutex_lock(&nvkm_core_mutex);
	core = nvkm_core_look(gsp, dev);
	if (core)
		kref_get(&core->kref);
	mutex_unlock(&nvkm_core_mutex);
	return core;
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
	INIT_LIST_HEAD(&core->objects);
	INIT_LIST_HEAD(&core->listeners);
	core->commands = alloc_workqueue("nvkm-core", WQ_UNBOUND, NVKM_CORE_WORKERS);
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

/* The lock is held for writing. */
static void
nvkm_core_objects_free(struct nvkm_core *core, struct nvkm_core_objects *rm)
{
	if (!core->up) {
		/* A GSP-RM that does not answer cannot be asked; they go with it. */
		rm->device.object.client = NULL;
		rm->client.object.client = NULL;
	}
	nvkm_gsp_device_dtor(&rm->device);
	nvkm_gsp_client_dtor(&rm->client);
	if (rm->user)
		rm->user->rm = NULL;
	list_del(&rm->head);
	kfree(rm);
}

/* GSP-RM answers, if ret says so: after a boot, and after a resume. */
int
nvkm_core_up(struct nvkm_gsp *gsp, int ret)
{
	struct nvkm_core_objects *rm, *next;
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
	list_for_each_entry_safe(rm, next, &core->objects, head) {
		if (!rm->user)
			nvkm_core_objects_free(core, rm);
	}
	up_write(&core->lock);
	nvkm_core_put(core);
	return ret;
}

/* GSP-RM is about to end, for now or for good: when this returns nobody talks to it. */
void
nvkm_core_down(struct nvkm_gsp *gsp, enum nvkm_suspend_state suspend)
{
	struct nvkm_core *core = nvkm_core_find(gsp, NULL);
	struct nvkm_core_objects *rm, *next;

	if (!core)
		return;

	if (suspend != NVKM_POWEROFF) {
		down_write(&core->lock);
		core->up = false;
		up_write(&core->lock);
		nvkm_core_put(core);
		return;
	}

	/* Nobody finds it any more, and no event is handed out. */
	mutex_lock(&nvkm_core_mutex);
	list_del_init(&core->head);
	mutex_unlock(&nvkm_core_mutex);

	down_write(&core->lock);
	list_for_each_entry_safe(rm, next, &core->objects, head)
		nvkm_core_objects_free(core, rm);
	core->up = false;
	WRITE_ONCE(core->gsp, NULL);
	up_write(&core->lock);

	/* What waits finds no GSP; every callback has run when this returns. */
	flush_workqueue(core->commands);
	flush_workqueue(core->events);
	nvkm_core_put(core);
	nvkm_core_put(core);
}

/* A suspend failed, if ret says so: GSP-RM answers as before, unless it was told to end. */
int
nvkm_core_stay(struct nvkm_gsp *gsp, int ret)
{
	struct nvkm_core *core = ret && gsp->running ? nvkm_core_find(gsp, NULL) : NULL;

	if (core) {
		nvkm_core_put(core);
		nvkm_core_up(gsp, 0);
	}
	return ret;
}

/* Whether a runtime suspend was ended or prevented, until nvkm_core_sleep(). */
static int
nvkm_core_wake(struct nvkm_core *core)
{
	int ret;

	/* Whoever has the device now is not to be disturbed. */
	if (!READ_ONCE(core->gsp))
		return -ENODEV;

	ret = pm_runtime_get_sync(core->dev);
	if (ret < 0 && ret != -EACCES) {
		pm_runtime_put_noidle(core->dev);
		return -EAGAIN;
	}
	return 0;
}

static void
nvkm_core_sleep(struct nvkm_core *core)
{
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
	nvkm_core_called(user);
}

int
nvkm_gsp_submit(struct nvkm_gsp_core_user *user, struct nvkm_gsp_request *request)
{
	struct nvkm_core_command *command;

	if (request->size != sizeof(*request)) {
		dev_err_ratelimited(user->core->dev, "nvkm core: a request of %u bytes, not %zu\n",
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
	struct nvkm_core_objects *rm;
	int ret;

	rm = kzalloc_obj(*rm);
	if (!rm)
		return -ENOMEM;

	ret = nvkm_core_wake(core);
	if (ret)
		goto done;

	down_write(&core->lock);
	ret = nvkm_core_alive(core);
	if (!ret)
		ret = nvkm_gsp_client_device_ctor(core->gsp, &rm->client, &rm->device);
	if (!ret) {
		user->objects.client = rm->client.object.handle;
		user->objects.device = rm->device.object.handle;
		user->objects.subdevice = rm->device.subdevice.handle;
		user->rm = rm;
		rm->user = user;
		list_add(&rm->head, &core->objects);
	}
	up_write(&core->lock);
	nvkm_core_sleep(core);
done:
	if (ret)
		kfree(rm);
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
	wait_var_event(&user->underway, !atomic_read_acquire(&user->underway));

	awake = !nvkm_core_wake(core);
	down_write(&core->lock);
	if (user->rm) {
		user->rm->user = NULL;
		/* If it does not answer now: when it does again. */
		if (core->up)
			nvkm_core_objects_free(core, user->rm);
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
