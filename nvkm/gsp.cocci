// SPDX-License-Identifier: GPL-2.0
// gsp: what tells GSP-RM of the system and asks it of the GPU, and what hears of it, branches at its entry.
// Contract: bridge/gsp.h. (rm/r535/gsp.c includes rust.h already, by rpc.cocci.)

// hook: gsp-system-info-535 file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_set_system_info adds=nvkm_rs_gsp_set_system_info( count=1
@gsp_system_info_535@
identifier gsp, info;
@@
 r535_gsp_set_system_info(struct nvkm_gsp *gsp)
 {
 	...
+	if (nvkm_rust_gsp(gsp))
+		return nvkm_rs_gsp_set_system_info(gsp);
+
 	if (WARN_ON(...))
 		return -ENOSYS;
 	info = nvkm_gsp_rpc_get(...);
 	... when any
 }

// hook: gsp-system-info-570 file=nvkm/subdev/gsp/rm/r570/gsp.c function=r570_gsp_set_system_info adds=nvkm_rs_gsp_set_system_info( count=1
@gsp_system_info_570@
identifier gsp, info;
@@
 r570_gsp_set_system_info(struct nvkm_gsp *gsp)
 {
 	...
+	if (nvkm_rust_gsp(gsp))
+		return nvkm_rs_gsp_set_system_info(gsp);
+
 	if (WARN_ON(...))
 		return -ENOSYS;
 	info = nvkm_gsp_rpc_get(...);
 	... when any
 }

// hook: gsp-registry file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_rpc_set_registry adds=nvkm_rs_gsp_set_registry( count=1
@gsp_registry@
identifier gsp;
@@
 r535_gsp_rpc_set_registry(struct nvkm_gsp *gsp)
 {
 	...
+	if (nvkm_rust_gsp(gsp))
+		return nvkm_rs_gsp_set_registry(gsp, NVreg_RegistryDwords);
+
 	INIT_LIST_HEAD(&gsp->registry_list);
 	... when any
 }

// hook: gsp-static-info-535 file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_get_static_info adds=nvkm_rs_gsp_get_static_info( count=1
@gsp_static_info_535@
identifier gsp, rpc;
@@
 r535_gsp_get_static_info(struct nvkm_gsp *gsp)
 {
 	...
+	if (nvkm_rust_gsp(gsp))
+		return nvkm_rs_gsp_get_static_info(gsp);
+
 	rpc = nvkm_gsp_rpc_rd(...);
 	... when any
 }

// hook: gsp-static-info-570 file=nvkm/subdev/gsp/rm/r570/gsp.c function=r570_gsp_get_static_info adds=nvkm_rs_gsp_get_static_info( count=1
@gsp_static_info_570@
identifier gsp, rpc;
@@
 r570_gsp_get_static_info(struct nvkm_gsp *gsp)
 {
 	...
+	if (nvkm_rust_gsp(gsp))
+		return nvkm_rs_gsp_get_static_info(gsp);
+
 	rpc = nvkm_gsp_rpc_rd(...);
 	... when any
 }

// hook: gsp-intr-table file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_intr_get_table adds=nvkm_rs_gsp_intr_get_table( count=1
@gsp_intr_table@
identifier gsp, ctrl;
@@
 r535_gsp_intr_get_table(struct nvkm_gsp *gsp)
 {
 	...
+	if (nvkm_rust_gsp(gsp))
+		return nvkm_rs_gsp_intr_get_table(gsp);
+
 	ctrl = nvkm_gsp_rm_ctrl_get(...);
 	... when any
 }

// hook: gsp-gcx file=nvkm/subdev/gsp/base.c function=nvkm_gsp_gcx_ready adds=nvkm_rs_gsp_gcx_ready( count=1 when=nvkm/subdev/gsp/rm/rm.h:gcx_ready
@gsp_gcx@
identifier gsp;
@@
 nvkm_gsp_gcx_ready(struct nvkm_gsp *gsp)
 {
+	if (nvkm_rust_gsp(gsp))
+		return nvkm_rs_gsp_gcx_ready(gsp);
+
 	...
 }

// hook: gsp-drop-535 file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_drop_send_user_shared_data adds=nvkm_rs_gsp_drop( count=1
@gsp_drop_535@
identifier gsp;
@@
 r535_gsp_drop_send_user_shared_data(struct nvkm_gsp *gsp)
 {
+	if (nvkm_rust_gsp(gsp)) {
+		nvkm_rs_gsp_drop(gsp);
+		return;
+	}
+
 	...
 }

// hook: gsp-drop-570 file=nvkm/subdev/gsp/rm/r570/gsp.c function=r570_gsp_drop_post_nocat_record adds=nvkm_rs_gsp_drop( count=1
@gsp_drop_570@
identifier gsp;
@@
 r570_gsp_drop_post_nocat_record(struct nvkm_gsp *gsp)
 {
+	if (nvkm_rust_gsp(gsp)) {
+		nvkm_rs_gsp_drop(gsp);
+		return;
+	}
+
 	...
 }

// Before anything of the message is looked at: C does so among its declarations.
// hook: gsp-event-post file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_msg_post_event adds=nvkm_rs_gsp_event( count=1
// hook: gsp-event-mmu-fault file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_msg_mmu_fault_queued adds=nvkm_rs_gsp_event( count=1
// hook: gsp-event-os-error file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_msg_os_error_log adds=nvkm_rs_gsp_event( count=1
// hook: gsp-event-libos file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_msg_libos_print adds=nvkm_rs_gsp_event( count=1
@gsp_event@
identifier handler = {
	r535_gsp_msg_post_event,
	r535_gsp_msg_mmu_fault_queued,
	r535_gsp_msg_os_error_log,
	r535_gsp_msg_libos_print
};
identifier data, fn, repv, repc, gsp;
@@
 handler(void *data, u32 fn, void *repv, u32 repc)
 {
 	struct nvkm_gsp *gsp = data;
+
+	if (nvkm_rust_gsp(gsp))
+		return nvkm_rs_gsp_event(gsp, fn, repv, repc);
+
 	...
 }

// hook: gsp-include-570 file=nvkm/subdev/gsp/rm/r570/gsp.c adds=<subdev/gsp/rust.h> count=1
@gsp_include@
@@
 #include <subdev/pci/priv.h>
+#include <subdev/gsp/rust.h>
