/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of nvkm and GSP-RM. C and Rust emit the same, with the same fields: what a trace
 * says does not depend on who served.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nvkm

#if !defined(__NVKM_GSP_TRACE_H__) || defined(TRACE_HEADER_MULTI_READ)
#define __NVKM_GSP_TRACE_H__
#include <core/device.h>
#include <subdev/gsp.h>

#include <linux/tracepoint.h>

#ifndef __NVKM_GSP_TRACE_RPC__
#define __NVKM_GSP_TRACE_RPC__
/* Bytes of a payload that nvkm_gsp_rpc carries, and that one nvkm_gsp_rpc_data does at most. */
#define NVKM_TRACE_HEAD 32
#define NVKM_TRACE_DATA 1024

/* What there is to say of a queue element beside its payload: its own header's, then RPC's. */
struct nvkm_trace_rpc {
	u32 elem_seq;
	u32 elems;	/* pages */
	u32 function;
	u32 length;	/* bytes of RPC header and payload */
	u32 sequence;
	u32 result;
};
#endif

/* An element was written to the command queue, or read from the message queue. */
TRACE_EVENT(nvkm_gsp_rpc,
	    TP_PROTO(const struct nvkm_gsp *gsp, bool sent, const struct nvkm_trace_rpc *rpc,
		     const void *payload, u32 size),
	    TP_ARGS(gsp, sent, rpc, payload, size),
	    TP_STRUCT__entry(__string(dev, dev_name(gsp->subdev.device->dev))
			     __field(bool, sent)
			     __field(u32, function)
			     __field(u32, length)
			     __field(u32, sequence)
			     __field(u32, elem_seq)
			     __field(u32, result)
			     __field(u32, elems)
			     __dynamic_array(u8, head, min_t(u32, size, NVKM_TRACE_HEAD))
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->sent = sent;
			   __entry->function = rpc->function;
			   __entry->length = rpc->length;
			   __entry->sequence = rpc->sequence;
			   __entry->elem_seq = rpc->elem_seq;
			   __entry->result = rpc->result;
			   __entry->elems = rpc->elems;
			   memcpy(__get_dynamic_array(head), payload,
				  __get_dynamic_array_len(head));
	    ),
	    TP_printk("dev=%s queue=%s fn=%u len=%u seq=%u elem_seq=%u result=0x%08x elems=%u head=%s",
		      __get_str(dev), __entry->sent ? "cmdq" : "msgq", __entry->function,
		      __entry->length, __entry->sequence, __entry->elem_seq, __entry->result,
		      __entry->elems,
		      __print_hex_str(__get_dynamic_array(head), __get_dynamic_array_len(head)))
);

/* Its payload, in pieces that the ring buffer takes, behind its nvkm_gsp_rpc. */
TRACE_EVENT(nvkm_gsp_rpc_data,
	    TP_PROTO(const struct nvkm_gsp *gsp, bool sent, const struct nvkm_trace_rpc *rpc,
		     u32 at, const void *bytes, u32 size),
	    TP_ARGS(gsp, sent, rpc, at, bytes, size),
	    TP_STRUCT__entry(__string(dev, dev_name(gsp->subdev.device->dev))
			     __field(bool, sent)
			     __field(u32, function)
			     __field(u32, elem_seq)
			     __field(u32, at)
			     __dynamic_array(u8, bytes, min_t(u32, size, NVKM_TRACE_DATA))
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->sent = sent;
			   __entry->function = rpc->function;
			   __entry->elem_seq = rpc->elem_seq;
			   __entry->at = at;
			   memcpy(__get_dynamic_array(bytes), bytes,
				  __get_dynamic_array_len(bytes));
	    ),
	    TP_printk("dev=%s queue=%s fn=%u elem_seq=%u at=%u bytes=%s",
		      __get_str(dev), __entry->sent ? "cmdq" : "msgq", __entry->function,
		      __entry->elem_seq, __entry->at,
		      __print_hex_str(__get_dynamic_array(bytes), __get_dynamic_array_len(bytes)))
);

/* A step of GSP's boot, suspend or unload has ended: 0 or an errno. */
TRACE_EVENT(nvkm_gsp_boot,
	    TP_PROTO(const struct nvkm_device *device, const char *phase, int status),
	    TP_ARGS(device, phase, status),
	    TP_STRUCT__entry(__string(dev, dev_name(device->dev))
			     __string(phase, phase)
			     __field(int, status)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __assign_str(phase);
			   __entry->status = status;
	    ),
	    TP_printk("dev=%s phase=%s status=%d", __get_str(dev), __get_str(phase),
		      __entry->status)
);

/* An access to BAR0; a mask is a read and a write. */
TRACE_EVENT(nvkm_mmio,
	    TP_PROTO(const struct nvkm_device *device, bool write, u32 addr, u32 value),
	    TP_ARGS(device, write, addr, value),
	    TP_STRUCT__entry(__string(dev, dev_name(device->dev))
			     __field(bool, write)
			     __field(u32, addr)
			     __field(u32, value)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->write = write;
			   __entry->addr = addr;
			   __entry->value = value;
	    ),
	    TP_printk("dev=%s %s 0x%06x 0x%08x", __get_str(dev), __entry->write ? "W" : "R",
		      __entry->addr, __entry->value)
);

/* Shadow mode: what Rust computed is not what C has. */
TRACE_EVENT(nvkm_rust_shadow,
	    TP_PROTO(const struct nvkm_gsp *gsp, const char *subsys, const char *what, u64 c,
		     u64 rust),
	    TP_ARGS(gsp, subsys, what, c, rust),
	    TP_STRUCT__entry(__string(dev, dev_name(gsp->subdev.device->dev))
			     __string(subsys, subsys)
			     __string(what, what)
			     __field(u64, c)
			     __field(u64, rust)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __assign_str(subsys);
			   __assign_str(what);
			   __entry->c = c;
			   __entry->rust = rust;
	    ),
	    TP_printk("dev=%s subsys=%s what=%s c=0x%llx rust=0x%llx", __get_str(dev),
		      __get_str(subsys), __get_str(what), __entry->c, __entry->rust)
);
#endif

/* This part must be outside protection */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
