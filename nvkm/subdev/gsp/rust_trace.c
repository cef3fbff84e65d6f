// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints of trace.h, for C and for Rust, and what hooks in C say to them.
 */
#include <subdev/gsp/rust_trace.h>

#include <core/device.h>
#include <subdev/gsp.h>

#include <nvif/os.h>

#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "trace.h"

/*
 * GSP_MSG_QUEUE_ELEMENT and rpc_message_header_v in dwords; that they are laid out so is asserted
 * where the queues are served (bridge/gsp.rs).
 */
enum {
	ELEM_SEQ = 9,
	ELEM_COUNT = 10,
	ELEM_DATA = 12,
	RPC_LENGTH = 2,
	RPC_FUNCTION = 3,
	RPC_RESULT = 4,
	RPC_SEQUENCE = 6,
	RPC_DATA = 8,
};

static void
nvkm_trace_element(const struct nvkm_gsp *gsp, bool sent, const u32 *elem, const u32 *hdr,
		   const void *payload, u32 len)
{
	const struct nvkm_trace_rpc rpc = {
		.elem_seq = elem[ELEM_SEQ],
		.elems = elem[ELEM_COUNT],
		.function = hdr[RPC_FUNCTION],
		.length = len,
		.sequence = hdr[RPC_SEQUENCE],
		.result = hdr[RPC_RESULT],
	};
	u32 size = len > RPC_DATA * 4 ? len - RPC_DATA * 4 : 0;

	trace_nvkm_gsp_rpc(gsp, sent, &rpc, payload, size);
	if (!trace_nvkm_gsp_rpc_data_enabled())
		return;

	for (u32 at = 0; at < size; at += NVKM_TRACE_DATA)
		trace_nvkm_gsp_rpc_data(gsp, sent, &rpc, at, payload + at, size - at);
}

static bool
nvkm_trace_rpc_enabled(void)
{
	return trace_nvkm_gsp_rpc_enabled() || trace_nvkm_gsp_rpc_data_enabled();
}

void
nvkm_trace_sent(const struct nvkm_gsp *gsp, const void *elem)
{
	const u32 *hdr = (const u32 *)elem + ELEM_DATA;

	if (nvkm_trace_rpc_enabled())
		nvkm_trace_element(gsp, true, elem, hdr, hdr + RPC_DATA, hdr[RPC_LENGTH]);
}

void
nvkm_trace_received(const struct nvkm_gsp *gsp, const void *elem, const void *buf, u32 len,
		    bool continuation)
{
	const u32 *hdr = continuation ? (const u32 *)elem + ELEM_DATA : buf;

	if (nvkm_trace_rpc_enabled())
		nvkm_trace_element(gsp, false, elem, hdr, continuation ? buf : hdr + RPC_DATA, len);
}

int
nvkm_trace_boot(const struct nvkm_device *device, const char *phase, int status)
{
	trace_nvkm_gsp_boot(device, phase, status);
	return status;
}

#define NVKM_MMIO(bits, type, read, write)					\
type										\
nvkm_mmio_rd##bits(const struct nvkm_device *device, u32 addr)			\
{										\
	type value = read(device->pri + addr);					\
										\
	trace_nvkm_mmio(device, false, addr, value);				\
	return value;								\
}										\
										\
void										\
nvkm_mmio_wr##bits(const struct nvkm_device *device, u32 addr, type value)	\
{										\
	trace_nvkm_mmio(device, true, addr, value);				\
	write(value, device->pri + addr);					\
}

NVKM_MMIO(08, u8, ioread8, iowrite8)
NVKM_MMIO(16, u16, ioread16_native, iowrite16_native)
NVKM_MMIO(32, u32, ioread32_native, iowrite32_native)
