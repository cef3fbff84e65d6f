// SPDX-License-Identifier: GPL-2.0
// boot: every function between the frame buffer's layout and a GSP-RM that answers, and back, branches at its entry; the
// FRTS command, which fw makes and boot runs, in between. Contract: bridge/boot.h.

// hook: boot-oneinit file=nvkm/subdev/gsp/tu102.c function=tu102_gsp_oneinit adds=nvkm_rs_boot_oneinit( count=1
@boot_oneinit@
identifier gsp, device, ret;
expression E;
@@
 tu102_gsp_oneinit(struct nvkm_gsp *gsp)
 {
 	struct nvkm_device *device = E;
 	int ret;

+	if (nvkm_rust_boot(gsp))
+		return nvkm_rs_boot_oneinit(gsp);
+
 	...
 }

// hook: boot-init file=nvkm/subdev/gsp/tu102.c function=tu102_gsp_init adds=nvkm_rs_boot_init( count=1
@boot_init@
identifier gsp;
statement S1, S2;
@@
 tu102_gsp_init(struct nvkm_gsp *gsp)
 {
 	...
+	if (nvkm_rust_boot(gsp))
+		return nvkm_rs_boot_init(gsp);
+
 	if (!gsp->sr.meta.data) S1 else S2
 	... when any
 }

// hook: boot-fini file=nvkm/subdev/gsp/tu102.c function=tu102_gsp_fini adds=nvkm_rs_boot_fini( count=1
@boot_fini@
identifier gsp, suspend, ret;
@@
 tu102_gsp_fini(struct nvkm_gsp *gsp, enum nvkm_suspend_state suspend)
 {
 	...
+	if (nvkm_rust_boot(gsp))
+		return nvkm_rs_boot_fini(gsp, suspend);
+
 	ret = r535_gsp_fini(gsp, suspend);
 	... when any
 }

// hook: boot-frts file=nvkm/subdev/gsp/fwsec.c function=nvkm_gsp_fwsec_frts adds=nvkm_rs_boot_frts( count=1
@boot_frts@
identifier gsp, fw, ret;
@@
 nvkm_gsp_fwsec_frts(struct nvkm_gsp *gsp)
 {
 	...
+	if (nvkm_rust_boot(gsp)) {
+		ret = nvkm_rs_boot_frts(gsp, &fw);
+		goto fwsec_dtor;
+	}
+
 	ret = nvkm_gsp_fwsec_boot(gsp, &fw);
 	... when any
 }

// hook: boot-sb file=nvkm/subdev/gsp/fwsec.c function=nvkm_gsp_fwsec_sb adds=nvkm_rs_boot_sb( count=1
@boot_sb@
identifier gsp, ret;
@@
 nvkm_gsp_fwsec_sb(struct nvkm_gsp *gsp)
 {
 	...
+	if (nvkm_rust_boot(gsp))
+		return nvkm_rs_boot_sb(gsp);
+
 	ret = nvkm_gsp_fwsec_boot(...);
 	...
 }

// hook: boot-start file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_init adds=nvkm_rs_boot_start( count=1
@boot_start@
identifier gsp, ret;
@@
 r535_gsp_init(struct nvkm_gsp *gsp)
 {
 	int ret;

+	if (nvkm_rust_boot(gsp))
+		return nvkm_rs_boot_start(gsp, r535_gsp_postinit, nvkm_gsp_radix3_dtor);
+
 	...
 }

// hook: boot-stop file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_fini adds=nvkm_rs_boot_stop( count=1
@boot_stop@
identifier gsp, suspend, rm, ret;
expression E;
@@
 r535_gsp_fini(struct nvkm_gsp *gsp, enum nvkm_suspend_state suspend)
 {
 	struct nvkm_rm *rm = E;
 	int ret;

+	if (nvkm_rust_boot(gsp))
+		return nvkm_rs_boot_stop(gsp, suspend, nvkm_gsp_radix3_sg,
+					 nvkm_gsp_radix3_dtor);
+
 	...
 }

// hook: boot-libos file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_libos_init adds=nvkm_rs_boot_libos( count=1
@boot_libos@
identifier gsp, args, ret;
@@
 r535_gsp_libos_init(struct nvkm_gsp *gsp)
 {
 	LibosMemoryRegionInitArgument *args;
 	int ret;

+	if (nvkm_rust_boot(gsp))
+		return nvkm_rs_boot_libos(gsp, NVKM_RUST_LIBOS_PRINT,
+					  NVKM_RUST_KEEP_LOGGING);
+
 	...
 }

// hook: boot-sequencer file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_msg_run_cpu_sequencer adds=nvkm_rs_boot_sequencer( count=1
@boot_sequencer@
identifier priv, fn, repv, repc, gsp;
expression E;
@@
 r535_gsp_msg_run_cpu_sequencer(void *priv, u32 fn, void *repv, u32 repc)
 {
 	struct nvkm_gsp *gsp = E;
 	... when any
+	if (nvkm_rust_boot(gsp))
+		return nvkm_rs_boot_sequencer(gsp, repv, repc);
+
 	nvkm_debug(...);
 	... when any
 }
