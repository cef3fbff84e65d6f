// SPDX-License-Identifier: GPL-2.0
/* Events of GSP-RM's to other drivers: see bridge/core.h. */
#include "rust_core_priv.h"

#include <core/device.h>

#include <linux/export.h>

/* More than the message queue has room for. */
#define NVKM_CORE_EVENT_MAX 0x100000

/* So many wait for one listener. */
#define NVKM_CORE_WAITING_MAX 256

struct nvkm_gsp_listener {
	struct kref kref;
	struct list_head head;
	struct nvkm_gsp_core_user *user;
	u32 event;
	bool gone;
	atomic_t waiting;
	void (*call)(void *private, u32 event, const void *payload, u32 size);
	void *private;
};

struct nvkm_core_telling {
	struct work_struct work;
	struct nvkm_gsp_listener *listener;
	u32 size;
	u8 payload[] __counted_by(size);
};

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
	struct nvkm_gsp_core_user *user = listener->user;
	struct nvkm_core *core = user->core;

	/* Who stops listening waits for this, or is called from it. */
	if (!READ_ONCE(listener->gone)) {
		WRITE_ONCE(core->telling, current);
		listener->call(listener->private, listener->event, telling->payload,
			       telling->size);
		WRITE_ONCE(core->telling, NULL);
	}

	atomic_dec(&listener->waiting);
	kref_put(&listener->kref, nvkm_core_listener_free);
	kfree(telling);
	nvkm_core_called(user);
}

static void
nvkm_core_tell(struct nvkm_core *core, struct nvkm_gsp_listener *listener, const void *payload,
	       u32 size)
{
	struct nvkm_core_telling *telling = NULL;

	if (atomic_read(&listener->waiting) < NVKM_CORE_WAITING_MAX)
		telling = kmalloc_flex(*telling, payload, size);
	if (!telling) {
		dev_err_ratelimited(core->dev, "nvkm core: event %#x is lost\n", listener->event);
		return;
	}

	INIT_WORK(&telling->work, nvkm_core_tell_work);
	telling->listener = listener;
	memcpy(telling->payload, payload, size);
	atomic_inc(&listener->waiting);
	atomic_inc(&listener->user->underway);
	kref_get(&listener->kref);
	queue_work(core->events, &telling->work);
}

/* An event has come, and is about to be given to nouveau's own handler. */
void
nvkm_core_event(struct nvkm_gsp *gsp, u32 event, const void *payload, u32 size)
{
	struct nvkm_gsp_listener *listener;
	struct nvkm_core *core;

	/* Or a message that is shorter than its header. */
	if (size > NVKM_CORE_EVENT_MAX)
		return;

	mutex_lock(&nvkm_core_mutex);
	core = nvkm_core_look(gsp, NULL);
	if (core) {
		list_for_each_entry(listener, &core->listeners, head) {
			if (listener->event == event)
				nvkm_core_tell(core, listener, payload, size);
		}
	}
	mutex_unlock(&nvkm_core_mutex);
}

struct nvkm_gsp_listener *
nvkm_gsp_listen(struct nvkm_gsp_core_user *user, u32 event,
		void (*call)(void *private, u32 event, const void *payload, u32 size),
		void *private)
{
	struct nvkm_core *core = user->core;
	struct nvkm_gsp_listener *listener = kzalloc_obj(*listener);
	bool gone;

	if (!listener)
		return ERR_PTR(-ENOMEM);

	kref_init(&listener->kref);
	listener->user = user;
	listener->event = event;
	listener->call = call;
	listener->private = private;

	mutex_lock(&nvkm_core_mutex);
	gone = list_empty(&core->head);
	if (!gone)
		list_add_tail(&listener->head, &core->listeners);
	mutex_unlock(&nvkm_core_mutex);
	if (!gone)
		return listener;

	kfree(listener);
	return ERR_PTR(-ENODEV);
}
EXPORT_SYMBOL_NS_GPL(nvkm_gsp_listen, "NVKM_GSP");

void
nvkm_gsp_unlisten(struct nvkm_gsp_listener *listener)
{
	struct nvkm_core *core;

	if (!listener)
		return;

	core = listener->user->core;
	mutex_lock(&nvkm_core_mutex);
	list_del(&listener->head);
	WRITE_ONCE(listener->gone, true);
	mutex_unlock(&nvkm_core_mutex);

	/* Calls are made one after the other: from one of them there is none to wait for. */
	if (READ_ONCE(core->telling) != current)
		flush_workqueue(core->events);

	kref_put(&listener->kref, nvkm_core_listener_free);
}
EXPORT_SYMBOL_NS_GPL(nvkm_gsp_unlisten, "NVKM_GSP");
