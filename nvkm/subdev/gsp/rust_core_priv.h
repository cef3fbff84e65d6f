/* SPDX-License-Identifier: GPL-2.0 */
/* What commands (rust_core.c) and events (rust_core_event.c) of other drivers share. */
#ifndef __NVKM_GSP_RUST_CORE_PRIV_H__
#define __NVKM_GSP_RUST_CORE_PRIV_H__
#include <subdev/gsp/rust.h>
#include <subdev/gsp/rust_core.h>
#include "../../../bridge/core.h"

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

/* Of the list of cores, and of all listeners. No other lock is taken under it. */
extern struct mutex nvkm_core_mutex;

struct nvkm_core {
	struct kref kref;
	struct list_head head;		/* under nvkm_core_mutex; empty once it is shut down */
	struct device *dev;
	char firmware[16];

	struct rw_semaphore lock;
	struct nvkm_gsp *gsp;		/* NULL once it is shut down */
	bool up;			/* GSP-RM answers: neither shut down nor suspended */
	struct list_head objects;

	struct workqueue_struct *commands;
	struct workqueue_struct *events;	/* ordered */
	struct task_struct *telling;	/* who calls a listener now */
	struct list_head listeners;	/* under nvkm_core_mutex */
};

struct nvkm_gsp_core_user {
	struct nvkm_core *core;
	struct nvkm_core_objects *rm;	/* under core->lock; NULL once they are freed */
	struct nvkm_gsp_objects objects;
	atomic_t underway;		/* callbacks that are to come, or are being made */
};

/* The core of a GSP, or of a device if gsp is NULL; nvkm_core_mutex is held. */
struct nvkm_core *nvkm_core_look(struct nvkm_gsp *gsp, struct device *dev);

/* A callback has been made: the last that is done with the handle, which may be gone thereafter. */
static inline void
nvkm_core_called(struct nvkm_gsp_core_user *user)
{
	/* Looks at the address only. */
	atomic_dec_and_wake_up(&user->underway);
}
#endif
