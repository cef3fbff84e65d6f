/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device of RAM for KUnit: registers that do nothing, and a GSP whose queues the test writes to.
 */
#ifndef __NVKM_GSP_RUST_KUNIT_H__
#define __NVKM_GSP_RUST_KUNIT_H__
#include <kunit/test.h>

#include "priv.h"
#include <rm/gpu.h>
#include <rm/rpc.h>
#include <subdev/gsp/rust.h>
#include <subdev/timer/priv.h>

#include <core/device.h>

#include <linux/dma-mapping.h>

/* struct r535_gsp_msg and struct nvfw_gsp_rpc (nvkm/subdev/gsp/rm/r535/rpc.c), by their bytes. */
#define NVKM_KUNIT_ELEMENT 0x30
#define NVKM_KUNIT_RPC 0x20

/* How many bytes of registers there are; BAR0's size. */
#define NVKM_KUNIT_PRI 0x1000000

/* Memory that the device reaches, as a bit mask: all, and next to nothing. */
#define NVKM_KUNIT_DMA DMA_BIT_MASK(47)
#define NVKM_KUNIT_NO_DMA DMA_BIT_MASK(8)

struct nvkm_kunit {
	struct kunit *test;
	struct nvkm_device device;
	u64 dma_mask;
	struct nvkm_timer timer;
	struct nvkm_gsp *gsp;

	/* GSP-RM's interface, but for what needs a device on a bus. */
	struct nvkm_rm_api api;
	struct nvkm_rm_api_gsp api_gsp;

	/* Calls of nvkm_kunit_event(), and what the last one was given. */
	u32 events;
	u32 event_size;
	u8 event_first;
};

/* What the device says. */
struct nvkm_kunit_said {
	u32 fn;
	u32 result;
	u32 sequence;
	/* Payload: so many bytes of that value, or words; then fill is not looked at. */
	u32 size;
	u8 fill;
	const u32 *words;
};

/*
 * A device whose GSP is at the end of r535_gsp_oneinit(), served as setting, a value of
 * nouveau.rust_gsp, says; ends with the test. With files its firmware is what the machine has for
 * a TU104, and NULL that there is none.
 */
struct nvkm_kunit *nvkm_kunit_new(struct kunit *test, const char *setting, bool files);

/* Puts an element into the message queue. */
void nvkm_kunit_say(struct nvkm_kunit *it, const struct nvkm_kunit_said *said);

/* Which memory the device reaches of what is allocated for it, and of what is mapped. */
void nvkm_kunit_reach(struct nvkm_kunit *it, u64 alloc, u64 map);

/* A handler of messages. */
int nvkm_kunit_event(void *priv, u32 fn, void *repv, u32 repc);

static inline u32
nvkm_kunit_read(struct nvkm_kunit *it, u32 addr)
{
	return nvkm_rd32(&it->device, addr);
}
#endif
