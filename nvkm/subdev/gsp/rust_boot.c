// SPDX-License-Identifier: GPL-2.0
/*
 * What Rust's boot calls in C: see bridge/helpers/boot.h.
 */
#include <subdev/gsp/rust.h>
#include "../../../bridge/helpers/boot.h"
#include "priv.h"

#include <engine/sec2.h>
#include <rm/rpc.h>
#include <subdev/fb.h>
#include <subdev/mc.h>

#include <nvif/log.h>

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

extern struct dentry *nouveau_debugfs_root;

u32
nvkm_rust_chipset(struct nvkm_gsp *gsp)
{
	return gsp->subdev.device->chipset;
}

u32
nvkm_rust_pri_size(struct nvkm_gsp *gsp)
{
	struct nvkm_device *device = gsp->subdev.device;
	resource_size_t size = device->func->resource_size(device, NVKM_BAR0_PRI);

	return min_t(resource_size_t, size, U32_MAX);
}

u32
nvkm_rust_rd32(struct nvkm_gsp *gsp, u32 addr)
{
	return nvkm_rd32(gsp->subdev.device, addr);
}

void
nvkm_rust_wr32(struct nvkm_gsp *gsp, u32 addr, u32 value)
{
	nvkm_wr32(gsp->subdev.device, addr, value);
}

void
nvkm_rust_delay(u32 usec)
{
	fsleep(usec);
}

static struct nvkm_falcon *
nvkm_rust_falcon(struct nvkm_gsp *gsp, bool sec2)
{
	return sec2 ? &gsp->subdev.device->sec2->falcon : &gsp->falcon;
}

void
nvkm_rust_pmc(struct nvkm_gsp *gsp, bool sec2, bool on)
{
	const struct nvkm_subdev *owner = nvkm_rust_falcon(gsp, sec2)->owner;

	if (on)
		nvkm_mc_enable(owner->device, owner->type, owner->inst);
	else
		nvkm_mc_disable(owner->device, owner->type, owner->inst);
}

int
nvkm_rust_falcon_claim(struct nvkm_gsp *gsp, bool sec2)
{
	struct nvkm_falcon *falcon = nvkm_rust_falcon(gsp, sec2);
	int ret = 0;

	mutex_lock(&falcon->mutex);
	if (falcon->user) {
		nvkm_error(&gsp->subdev, "%s falcon already acquired by %s!\n",
			   falcon->name, falcon->user->name);
		ret = -EBUSY;
	} else {
		nvkm_debug(&gsp->subdev, "acquired %s falcon\n", falcon->name);
		falcon->user = &gsp->subdev;
	}
	mutex_unlock(&falcon->mutex);
	return ret;
}

void
nvkm_rust_falcon_release(struct nvkm_gsp *gsp, bool sec2)
{
	struct nvkm_falcon *falcon = nvkm_rust_falcon(gsp, sec2);

	mutex_lock(&falcon->mutex);
	if (falcon->user == &gsp->subdev) {
		nvkm_debug(&gsp->subdev, "released %s falcon\n", falcon->name);
		falcon->user = NULL;
	}
	mutex_unlock(&falcon->mutex);
}

void
nvkm_rust_falcon_sync(struct nvkm_falcon_fw *fw)
{
	dma_sync_single_for_device(fw->fw.device->dev, fw->fw.phys, sg_dma_len(&fw->fw.mem.sgl),
				   DMA_TO_DEVICE);
}

u64
nvkm_rust_vidmem_size(struct nvkm_gsp *gsp)
{
	return nvkm_fb_vidmem_size(gsp->subdev.device);
}

bool
nvkm_rust_has_disp(struct nvkm_gsp *gsp)
{
	return gsp->subdev.device->disp;
}

int
nvkm_rust_booter_ctor(struct nvkm_gsp *gsp, bool unload)
{
	struct nvkm_falcon *falcon = nvkm_rust_falcon(gsp, true);

	if (unload)
		return gsp->func->booter.ctor(gsp, "booter-unload", gsp->fws.booter.unload,
					      falcon, &gsp->booter.unload);

	return gsp->func->booter.ctor(gsp, "booter-load", gsp->fws.booter.load,
				      falcon, &gsp->booter.load);
}

int
nvkm_rust_oneinit(struct nvkm_gsp *gsp)
{
	return r535_gsp_oneinit(gsp);
}

int
nvkm_rust_fwsec_frts(struct nvkm_gsp *gsp)
{
	return nvkm_gsp_fwsec_frts(gsp);
}

int
nvkm_rust_fwsec_sb(struct nvkm_gsp *gsp)
{
	return nvkm_gsp_fwsec_sb(gsp);
}

int
nvkm_rust_boot_start(struct nvkm_gsp *gsp)
{
	return r535_gsp_init(gsp);
}

int
nvkm_rust_boot_stop(struct nvkm_gsp *gsp, u32 suspend)
{
	return r535_gsp_fini(gsp, suspend);
}

int
nvkm_rust_init_done(struct nvkm_gsp *gsp, u32 fn)
{
	return r535_gsp_rpc_poll(gsp, fn);
}

int
nvkm_rust_fbsr_suspend(struct nvkm_gsp *gsp)
{
	return gsp->rm->api->fbsr->suspend(gsp);
}

void
nvkm_rust_fbsr_resume(struct nvkm_gsp *gsp)
{
	gsp->rm->api->fbsr->resume(gsp);
}

int
nvkm_rust_ntfy_add(struct nvkm_gsp *gsp, u32 fn, nvkm_gsp_msg_ntfy_func func)
{
	return r535_gsp_msg_ntfy_add(gsp, fn, func, gsp);
}

int
nvkm_rust_queues(struct nvkm_gsp *gsp)
{
	return nvkm_rust_shared_init(gsp);
}

void *
nvkm_rust_kzalloc(size_t size)
{
	return kzalloc(size, GFP_KERNEL);
}

void
nvkm_rust_kfree(const void *ptr)
{
	kfree(ptr);
}

const char *
nvkm_rust_name(struct nvkm_gsp *gsp)
{
	return dev_name(gsp->subdev.device->dev);
}

#ifdef CONFIG_DEBUG_FS
struct dentry *
nvkm_rust_debugfs_root(void)
{
	return nouveau_debugfs_root;
}

struct dentry *
nvkm_rust_blob_file(const char *name, struct dentry *dir, struct debugfs_blob_wrapper *blob)
{
	struct dentry *dentry = debugfs_create_blob(name, 0444, dir, blob);

	if (IS_ERR(dentry))
		return NULL;

	/* debugfs_create_blob() leaves the size at 0. */
	i_size_write(d_inode(dentry), blob->size);
	return dentry;
}

struct nvkm_rust_exit {
	struct nvif_log log;
	void (*fini)(void *data);
	void *data;
};

static void
nvkm_rust_exit_fini(struct nvif_log *log)
{
	struct nvkm_rust_exit *at = container_of(log, typeof(*at), log);

	list_del(&log->entry);
	at->fini(at->data);
	kfree(at);
}

int
nvkm_rust_at_exit(void (*fini)(void *), void *data)
{
	struct nvkm_rust_exit *at = kzalloc(sizeof(*at), GFP_KERNEL);

	if (!at)
		return -ENOMEM;

	at->log.shutdown = nvkm_rust_exit_fini;
	at->fini = fini;
	at->data = data;
	list_add(&at->log.entry, &gsp_logs.head);
	return 0;
}
#else
struct dentry *
nvkm_rust_debugfs_root(void)
{
	return NULL;
}

struct dentry *
nvkm_rust_blob_file(const char *name, struct dentry *dir, struct debugfs_blob_wrapper *blob)
{
	return NULL;
}

int
nvkm_rust_at_exit(void (*fini)(void *), void *data)
{
	return -EOPNOTSUPP;
}
#endif
