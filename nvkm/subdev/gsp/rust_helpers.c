// SPDX-License-Identifier: GPL-2.0
/*
 * What Rust calls in C: see bridge/helpers.h.
 */
#include <subdev/gsp/rust.h>
#include "../../../bridge/helpers.h"

#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

void
nvkm_rust_tally(struct nvkm_gsp *gsp, u32 which, u64 n)
{
	if (which < NVKM_RUST_COUNT_NR)
		nvkm_rust_add(gsp, which, n);
}

void
nvkm_rust_log(struct nvkm_gsp *gsp, u32 level, const char *text)
{
	switch (level) {
	case NV_DBG_FATAL:
	case NV_DBG_ERROR:
		nvkm_error(&gsp->subdev, "%s\n", text);
		break;
	case NV_DBG_WARN:
		nvkm_warn(&gsp->subdev, "%s\n", text);
		break;
	case NV_DBG_INFO:
		nvkm_info(&gsp->subdev, "%s\n", text);
		break;
	case NV_DBG_DEBUG:
		nvkm_debug(&gsp->subdev, "%s\n", text);
		break;
	default:
		nvkm_trace(&gsp->subdev, "%s\n", text);
		break;
	}
}

void
nvkm_rust_dump(struct nvkm_gsp *gsp, u32 level, bool sent, const void *rpc, u32 len)
{
	/* rpc_message_header_v: version, signature, length, function, result, private result. */
	const u32 *hdr = rpc;
	const u32 hdr_size = 8 * sizeof(u32);

	if (gsp->subdev.debug < level || len < hdr_size)
		return;

	if (sent)
		nvkm_printk__(&gsp->subdev, level, info, " rpc fn:%d len:0x%x/0x%x\n",
			      hdr[3], hdr[2], len - hdr_size);
	else
		nvkm_printk__(&gsp->subdev, level, info,
			      "msg fn:%d len:0x%x/0x%x res:0x%x resp:0x%x\n", hdr[3], hdr[2],
			      len - hdr_size, hdr[4], hdr[5]);
	print_hex_dump(KERN_INFO, sent ? "rpc: " : "msg: ", DUMP_PREFIX_OFFSET, 16, 1,
		       hdr + 8, len - hdr_size, true);
}

void
nvkm_rust_doorbell(struct nvkm_gsp *gsp)
{
	nvkm_falcon_wr32(&gsp->falcon, 0xc00, 0x00000000);
}

bool
nvkm_rust_gone(struct nvkm_gsp *gsp)
{
	return nvkm_rd32(gsp->subdev.device, 0x000000) == 0xffffffff;
}

void
nvkm_rust_requeue(struct nvkm_gsp *gsp)
{
	schedule_work(&gsp->msgq.work);
}

void
nvkm_rust_pause(void)
{
	usleep_range(1, 2);
}

u64
nvkm_rust_now(void)
{
	return ktime_get_ns();
}

void
nvkm_rust_rmb(void)
{
	/* Tier 0 says what for: nvkm-rs/rpc/core/message.rs. */
	rmb();
}

void
nvkm_rust_wmb(void)
{
	/* nvkm-rs/rpc/core/command.rs */
	wmb();
}

void
nvkm_rust_mb(void)
{
	/* nvkm-rs/rpc/core/{command,message}.rs */
	mb();
}

void *
nvkm_rust_alloc(size_t size)
{
	return kvzalloc(size, GFP_KERNEL);
}

void
nvkm_rust_free(void *ptr)
{
	kvfree(ptr);
}

int
nvkm_rust_rpc_send(struct nvkm_gsp *gsp, u32 fn, const void *data, u32 size, bool answered)
{
	void *argv = nvkm_gsp_rpc_get(gsp, fn, size);

	if (IS_ERR_OR_NULL(argv))
		return argv ? PTR_ERR(argv) : -EIO;

	memcpy(argv, data, size);
	return nvkm_gsp_rpc_wr(gsp, argv, answered ? NVKM_GSP_RPC_REPLY_RECV :
						     NVKM_GSP_RPC_REPLY_NOSEQ);
}
