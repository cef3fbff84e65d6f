/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between nvkm and whoever serves "rpc", GSP-RM's message queues.
 */
#ifndef __NVKM_BRIDGE_RPC_H__
#define __NVKM_BRIDGE_RPC_H__
#include <subdev/gsp.h>

struct nvfw_gsp_rpc;

/**
 * DOC: rpc, the hand-over
 *
 * Cut at the entries of r535_gsp_rpc_get(), _push(), _done(), r535_gsp_msg_recv(),
 * r535_gsp_rpc_poll(), r535_gsp_msg_ntfy_add() and r535_gsp_msgq_work().
 * Whoever owns rpc on a device owns all of them, from nvkm_gsp_new_() to nvkm_gsp_dtor().
 *
 * Fields of struct nvkm_gsp that Rust reads: shm.cmdq.ptr, shm.cmdq.size, shm.msgq.ptr,
 * shm.msgq.size, cmdq.cnt, cmdq.wptr, cmdq.rptr, cmdq.seq, msgq.cnt, msgq.wptr, msgq.rptr,
 * rpc_seq, all of them once, in nvkm_rs_rpc_attach(), and subdev.debug at every message.
 * Through helpers: falcon (the doorbell, falcon offset 0xc00), subdev (the log), rust
 * (counters).
 *
 * Fields that Rust writes: none. cmdq.seq, rpc_seq and msgq.ntfy are not kept up to date, since
 * nothing but rpc looks at them; cmdq.mutex and msgq.mutex are not taken, since nothing but rpc
 * takes them. Queue memory stays nvkm's: r535_gsp_shared_init() allocates it and
 * r535_gsp_dtor() frees it.
 *
 * Life of the state: nvkm_rs_rpc_new() in nvkm_gsp_new_(), as notifications are added before
 * queues exist; nvkm_rs_rpc_attach() at the end of r535_gsp_shared_init(); kept over suspend,
 * when GSP-RM keeps the queues' pointers; nvkm_rs_rpc_free() at the beginning of
 * nvkm_gsp_dtor(), after msgq.work was cancelled and with interrupts of the device off.
 *
 * Context: all calls may sleep; none may be made from a notification, which runs under the lock.
 */

/**
 * nvkm_rs_rpc_new() - Begin a device's rpc state.
 * @gsp: the device's GSP
 * @ver: version of the firmware that was found, like "570.144", not terminated
 * @ver_len: its length in bytes
 *
 * Return: the state, for nvkm_rs_rpc_free(); ERR_PTR(-ENOMEM); ERR_PTR(-EOPNOTSUPP) for a version
 * whose interface is not known.
 */
void *nvkm_rs_rpc_new(struct nvkm_gsp *gsp, const char *ver, size_t ver_len);

/**
 * nvkm_rs_rpc_attach() - Take over the queues that r535_gsp_shared_init() made.
 * @gsp: the device's GSP, with shm, cmdq and msgq filled in
 *
 * Return: 0; -EINVAL if the queues cannot be (size, count, pointers); -EBUSY if they were
 * attached before.
 */
int nvkm_rs_rpc_attach(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_rpc_free() - End a device's rpc state.
 * @state: what nvkm_rs_rpc_new() gave; not used by anyone any more
 */
void nvkm_rs_rpc_free(void *state);

/**
 * nvkm_rs_rpc_get() - Allocate a command.
 * @gsp: the device's GSP
 * @fn: RPC function (NV_VGPU_MSG_FUNCTION_*)
 * @payload_size: bytes of payload
 *
 * Return: @payload_size zeroed bytes, to be given to nvkm_rs_rpc_push() or nvkm_rs_rpc_done();
 * ERR_PTR(-ENOMEM); ERR_PTR(-EMSGSIZE) when a size in bytes does not fit 32 bits.
 */
void *nvkm_rs_rpc_get(struct nvkm_gsp *gsp, u32 fn, u32 payload_size);

/**
 * nvkm_rs_rpc_push() - Submit a command and have its reply.
 * @gsp: the device's GSP
 * @payload: what nvkm_rs_rpc_get() gave; consumed on every path
 * @policy: whether to wait, and for what
 * @repc: bytes of the reply that the caller looks at (0: none, the reply is dropped)
 *
 * Larger commands than an element holds go as continuation records, and their reply comes so,
 * of the same size.
 *
 * Return: the reply's payload, for nvkm_rs_rpc_done(): at least @repc bytes that the device sent,
 * and behind them at least 32 more, zeroes if it sent no more: what callers put in front of what
 * they count; NULL where none is wanted; ERR_PTR: -EINVAL (the RM's result is not 0; an unknown
 * policy), -EIO (a reply that is too short or not well-formed), -EMSGSIZE (a length that no
 * element can have), -ETIMEDOUT, -ENOMEM, -ENODEV (no queues yet; the device does not answer at
 * all).
 */
void *nvkm_rs_rpc_push(struct nvkm_gsp *gsp, void *payload,
		       enum nvkm_gsp_rpc_reply_policy policy, u32 repc);

/**
 * nvkm_rs_rpc_done() - Free a reply.
 * @gsp: the device's GSP
 * @repv: what nvkm_rs_rpc_push() or nvkm_rs_rpc_get() gave; NULL and ERR_PTR do nothing
 */
void nvkm_rs_rpc_done(struct nvkm_gsp *gsp, void *repv);

/**
 * nvkm_rs_rpc_recv() - Wait for a message (r535_gsp_msg_recv()).
 * @gsp: the device's GSP
 * @fn: its function, or 0 to deliver what is in the queue
 * @len: bytes of it, RPC header included, that the caller looks at
 *
 * Return: as nvkm_rs_rpc_push(), but a pointer to the RPC header.
 */
struct nvfw_gsp_rpc *nvkm_rs_rpc_recv(struct nvkm_gsp *gsp, int fn, u32 len);

/**
 * nvkm_rs_rpc_poll() - Wait for a message and drop it.
 * @gsp: the device's GSP
 * @fn: its function
 *
 * Return: 0 or an errno of nvkm_rs_rpc_push().
 */
int nvkm_rs_rpc_poll(struct nvkm_gsp *gsp, u32 fn);

/**
 * nvkm_rs_rpc_ntfy_add() - Have a function called for each message of a kind that is nobody's
 * reply.
 * @gsp: the device's GSP
 * @fn: the message's function
 * @func: called with the payload and its length in bytes, under the lock; NULL: such messages
 *   are dropped in silence
 * @priv: @func's first argument
 *
 * Return: 0, or -ENOSPC when there are too many.
 */
int nvkm_rs_rpc_ntfy_add(struct nvkm_gsp *gsp, u32 fn, nvkm_gsp_msg_ntfy_func func, void *priv);

/**
 * nvkm_rs_rpc_work() - Deliver what is in the queue (r535_gsp_msgq_work()).
 * @gsp: the device's GSP
 */
void nvkm_rs_rpc_work(struct nvkm_gsp *gsp);
#endif
