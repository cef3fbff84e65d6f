// SPDX-License-Identifier: GPL-2.0
// trace: where an element of a queue passes, and where a step of GSP's
// boot ends. Tracepoints: nvkm/subdev/gsp/trace.h.

// hook: trace-rpc-include file=nvkm/subdev/gsp/rm/r535/rpc.c adds=<subdev/gsp/rust_trace.h> count=1
@trace_rpc_include@
@@
 #include "nvrm/rpcfn.h"
+
+#include <subdev/gsp/rust_trace.h>

// hook: trace-base-include file=nvkm/subdev/gsp/base.c adds=<subdev/gsp/rust_trace.h> count=1
// hook: trace-falcon-include file=nvkm/falcon/fw.c adds=<subdev/gsp/rust_trace.h> count=1
@trace_base_include@
@@
 #include "priv.h"
+#include <subdev/gsp/rust_trace.h>

// hook: trace-sent file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_cmdq_push adds=nvkm_trace_sent( count=1
@trace_sent@
identifier gsp, rpc, msg;
expression E;
@@
 r535_gsp_cmdq_push(struct nvkm_gsp *gsp, void *rpc)
 {
 	struct r535_gsp_msg *msg = E;
 	... when any
+	nvkm_trace_sent(gsp, msg);
 	nvkm_falcon_wr32(...);
 	... when any
 }

// hook: trace-received file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_msgq_recv_one_elem adds=nvkm_trace_received( count=1
@trace_received@
identifier gsp, info, buf;
expression E;
@@
 r535_gsp_msgq_recv_one_elem(struct nvkm_gsp *gsp,
 	struct r535_gsp_msg_info *info)
 {
 	u8 *buf = E;
 	... when any
+	nvkm_trace_received(gsp, r535_gsp_msgq_get_entry(gsp), buf,
+			    info->gsp_rpc_len, info->continuation);
 	mb();
 	... when any
 }

// hook: trace-oneinit file=nvkm/subdev/gsp/base.c function=nvkm_gsp_oneinit adds=nvkm_trace_gsp( count=1
@trace_oneinit@
identifier gsp;
@@
-gsp->func->oneinit(gsp)
+nvkm_trace_gsp(gsp, "oneinit", gsp->func->oneinit(gsp))

// hook: trace-init file=nvkm/subdev/gsp/base.c function=nvkm_gsp_init adds=nvkm_trace_gsp( count=1
@trace_init@
identifier gsp;
@@
-gsp->func->init(gsp)
+nvkm_trace_gsp(gsp, "init", gsp->func->init(gsp))

// hook: trace-fini file=nvkm/subdev/gsp/base.c function=nvkm_gsp_fini adds=nvkm_trace_gsp( count=1
@trace_fini@
identifier gsp, suspend;
@@
-gsp->func->fini(gsp, suspend)
+nvkm_trace_gsp(gsp, "fini", gsp->func->fini(gsp, suspend))

// hook: trace-falcon file=nvkm/falcon/fw.c function=nvkm_falcon_fw_boot adds=nvkm_trace_boot( count=1
@trace_falcon@
identifier fw, user, release, irqsclr, ret;
parameter list[3] P;
@@
 nvkm_falcon_fw_boot(struct nvkm_falcon_fw *fw,
 	struct nvkm_subdev *user, bool release, P, u32 irqsclr)
 {
 	... when any
 	if (ret || release)
 		nvkm_falcon_put(...);
-	return ret;
+	return nvkm_trace_boot(fw->fw.device, fw->fw.name, ret);
 }
