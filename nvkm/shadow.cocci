// SPDX-License-Identifier: GPL-2.0
// shadow: where C has done its part of fw, boot or rpc, and Rust may look
// at what became of it. Contract: bridge/shadow.h.

// hook: shadow-fw file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_oneinit adds=nvkm_rust_shadow_fw( count=1
@shadow_fw@
identifier gsp;
@@
 r535_gsp_oneinit(struct nvkm_gsp *gsp)
 {
 	...
+	nvkm_rust_shadow_fw(gsp);
 	nvkm_gsp_dtor_fws(gsp);
 	...
 }

// hook: shadow-libos file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_oneinit adds=nvkm_rust_shadow_libos( count=1
@shadow_libos@
identifier gsp, ret, rmapi;
@@
 r535_gsp_oneinit(struct nvkm_gsp *gsp)
 {
 	...
+	nvkm_rust_shadow_libos(gsp);
 	ret = rmapi->gsp->set_system_info(gsp);
 	...
 }

// hook: shadow-save file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_fini adds=nvkm_rust_shadow_save( count=1
@shadow_save@
identifier gsp, ret, rm, sr, len;
@@
 sr->sizeOfSuspendResumeData = len;

+nvkm_rust_shadow_save(gsp, len);
 ret = rm->api->fbsr->suspend(gsp);

// hook: shadow-fwsec file=nvkm/subdev/gsp/fwsec.c function=nvkm_gsp_fwsec_init adds=nvkm_rust_shadow_fwsec( count=1
@shadow_fwsec exists@
identifier gsp, fw, name, init_cmd, ret;
statement S;
@@
 nvkm_gsp_fwsec_init(struct nvkm_gsp *gsp, struct nvkm_falcon_fw *fw,
 	const char *name, u32 init_cmd)
 {
 	...
 	if (ret) S
+	nvkm_rust_shadow_fwsec(gsp, fw, name, init_cmd);
 	return 0;
 }

// hook: shadow-top file=nvkm/subdev/gsp/tu102.c function=tu102_gsp_oneinit adds=nvkm_rust_shadow_top( count=1
@shadow_top@
identifier gsp, ret;
@@
 tu102_gsp_oneinit(struct nvkm_gsp *gsp)
 {
 	... when any
+	nvkm_rust_shadow_top(gsp);
 	ret = gsp->func->booter.ctor(gsp, "booter-load", ...);
 	... when any
 }

// hook: shadow-layout file=nvkm/subdev/gsp/tu102.c function=tu102_gsp_oneinit adds=nvkm_rust_shadow_layout( count=1
@shadow_layout@
identifier gsp;
statement S;
@@
 tu102_gsp_oneinit(struct nvkm_gsp *gsp)
 {
 	... when any
+	nvkm_rust_shadow_layout(gsp);
 	if (gsp->fb.wpr2.frts.size) S
 	... when any
 }

// hook: shadow-resume file=nvkm/subdev/gsp/tu102.c function=tu102_gsp_init adds=nvkm_rust_shadow_resume( count=1
@shadow_resume@
identifier gsp;
@@
 gsp->rm->api->gsp->set_rmargs(gsp, true);
+nvkm_rust_shadow_resume(gsp);

// Directly behind the reading of the fuse.
// hook: shadow-signature file=nvkm/falcon/fw.c function=nvkm_falcon_fw_patch adds=nvkm_rust_shadow_signature( count=1
@shadow_signature@
identifier fw, idx, base;
@@
 idx = fw->func->signature(fw, &base);
+nvkm_rust_shadow_signature(fw, idx);

// hook: shadow-include file=nvkm/falcon/fw.c adds=<subdev/gsp/rust.h> count=1
@shadow_include@
@@
 #include <subdev/mmu.h>
+#include <subdev/gsp/rust.h>

// hook: shadow-command file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_rpc_push adds=nvkm_rust_shadow_command( count=1
@shadow_command@
identifier gsp, payload, policy, len, rpc, size;
expression E;
@@
 r535_gsp_rpc_push(struct nvkm_gsp *gsp, void *payload,
 	enum nvkm_gsp_rpc_reply_policy policy, u32 len)
 {
 	struct nvfw_gsp_rpc *rpc = E;
 	...
 	u32 size = rpc->length - sizeof(*rpc);
 	...
 	mutex_lock(&gsp->cmdq.mutex);
+	nvkm_rust_shadow_command(gsp, rpc->function, size);
 	... when any
 }

// Where the element stands in the queue, and nobody knows of it yet.
// hook: shadow-element file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_cmdq_push adds=nvkm_rust_shadow_element( count=1
@shadow_element@
identifier gsp, rpc, wptr, off, len;
expression E;
@@
 r535_gsp_cmdq_push(struct nvkm_gsp *gsp, void *rpc)
 {
 	... when any
 	off += E;
 	len -= E;
 	... when any
+	nvkm_rust_shadow_element(gsp, rpc, off, wptr);
 	nvkm_trace(&gsp->subdev, "cmdq: wptr %d\n", wptr);
 	... when any
 }
