// SPDX-License-Identifier: GPL-2.0
// rpc: every function through which the rest of nvkm reaches the message queues branches at its entry, and the two
// places where an element passes are counted. Contract: bridge/rpc.h.

// hook: rpc-include file=nvkm/subdev/gsp/rm/r535/rpc.c adds=<subdev/gsp/rust.h> count=1
// hook: gsp-include file=nvkm/subdev/gsp/rm/r535/gsp.c adds=<subdev/gsp/rust.h> count=1
@rpc_include@
@@
 #include <rm/rpc.h>
+#include <subdev/gsp/rust.h>

// hook: rpc-get file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_rpc_get adds=nvkm_rs_rpc_get( count=1
@rpc_get@
identifier gsp, fn, size, rpc;
@@
 r535_gsp_rpc_get(struct nvkm_gsp *gsp, u32 fn, u32 size)
 {
 	...
+	if (nvkm_rust_rpc(gsp))
+		return nvkm_rs_rpc_get(gsp, fn, size);
+
 	rpc = r535_gsp_cmdq_get(...);
 	... when any
 }

// hook: rpc-push file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_rpc_push adds=nvkm_rs_rpc_push( count=1
@rpc_push@
identifier gsp, payload, policy, len;
@@
 r535_gsp_rpc_push(struct nvkm_gsp *gsp, void *payload,
 	enum nvkm_gsp_rpc_reply_policy policy, u32 len)
 {
 	...
+	if (nvkm_rust_rpc(gsp))
+		return nvkm_rs_rpc_push(gsp, payload, policy, len);
+
 	mutex_lock(&gsp->cmdq.mutex);
 	... when any
 }

// hook: rpc-done file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_rpc_done adds=nvkm_rs_rpc_done( count=1
@rpc_done@
identifier gsp, repv;
@@
 r535_gsp_rpc_done(struct nvkm_gsp *gsp, void *repv)
 {
 	...
+	if (nvkm_rust_rpc(gsp)) {
+		nvkm_rs_rpc_done(gsp, repv);
+		return;
+	}
 	r535_gsp_msg_done(...);
 	... when any
 }

// hook: rpc-recv file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_msg_recv adds=nvkm_rs_rpc_recv( count=1
@rpc_recv@
identifier gsp, fn, len, rpc;
@@
 r535_gsp_msg_recv(struct nvkm_gsp *gsp, int fn, u32 len)
 {
 	...
+	if (nvkm_rust_owns(gsp, NVKM_RUST_RPC))
+		return nvkm_rs_rpc_recv(gsp, fn, len);
+
 	rpc = r535_gsp_msgq_peek(...);
 	... when any
 }

// hook: rpc-poll file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_rpc_poll adds=nvkm_rs_rpc_poll( count=1
@rpc_poll@
identifier gsp, fn;
@@
 r535_gsp_rpc_poll(struct nvkm_gsp *gsp, u32 fn)
 {
 	...
+	if (nvkm_rust_rpc(gsp))
+		return nvkm_rs_rpc_poll(gsp, fn);
+
 	mutex_lock(&gsp->cmdq.mutex);
 	... when any
 }

// hook: rpc-ntfy-add file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_msg_ntfy_add adds=nvkm_rs_rpc_ntfy_add( count=1
@rpc_ntfy_add@
identifier gsp, fn, func, priv;
@@
 r535_gsp_msg_ntfy_add(struct nvkm_gsp *gsp, u32 fn,
 	nvkm_gsp_msg_ntfy_func func, void *priv)
 {
 	...
+	if (nvkm_rust_rpc(gsp))
+		return nvkm_rs_rpc_ntfy_add(gsp, fn, func, priv);
+
 	mutex_lock(&gsp->msgq.mutex);
 	... when any
 }

// hook: rpc-count-sent file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_cmdq_push adds=nvkm_rust_count( count=1
@rpc_count_sent@
identifier gsp, rpc;
@@
 r535_gsp_cmdq_push(struct nvkm_gsp *gsp, void *rpc)
 {
 	... when any
 	nvkm_falcon_wr32(...);
+	nvkm_rust_count(gsp, NVKM_RUST_SENT);
 	... when any
 }

// hook: rpc-count-received file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_msgq_recv_one_elem adds=nvkm_rust_count( count=1
@rpc_count_received@
identifier gsp, info;
expression pointer, rptr;
@@
 r535_gsp_msgq_recv_one_elem(struct nvkm_gsp *gsp,
 	struct r535_gsp_msg_info *info)
 {
 	... when any
 	mb();
 	pointer = rptr;
+	nvkm_rust_count(gsp, NVKM_RUST_RECEIVED);
 	... when any
 }

// hook: rpc-work file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_msgq_work adds=nvkm_rs_rpc_work( count=1
@rpc_work@
identifier work, gsp;
expression E;
statement S;
@@
 r535_gsp_msgq_work(struct work_struct *work)
 {
 	struct nvkm_gsp *gsp = E;
+
+	if (nvkm_rust_rpc(gsp)) {
+		nvkm_rs_rpc_work(gsp);
+		return;
+	}
 	S
 	... when any
 }

// hook: rpc-attach file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_shared_init adds=nvkm_rust_shared_init( count=1
@rpc_attach@
identifier gsp;
@@
 r535_gsp_shared_init(struct nvkm_gsp *gsp)
 {
 	...
-	return 0;
+	return nvkm_rust_shared_init(gsp);
 }
