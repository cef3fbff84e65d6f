// SPDX-License-Identifier: GPL-2.0
// fw: every function that reads a firmware file or the VBIOS' FWSEC branches at its entry, or where the reading begins.
// Contract: bridge/fw.h. (nvkm_gsp_radix3_sg() is hooked in anchors.toml: Coccinelle does not see through its labels.)

// hook: fw-load file=nvkm/subdev/gsp/base.c function=nvkm_gsp_load_fw adds=nvkm_rs_fw_load( count=1
@fw_load@
identifier gsp, name, ver, pfw;
expression E;
@@
 nvkm_gsp_load_fw(struct nvkm_gsp *gsp, const char *name, const char *ver,
 	const struct firmware **pfw)
 {
 	...
+	int ret = nvkm_rust_attempt(gsp, ver);
+
+	if (ret)
+		return ret;
+
+	if (nvkm_rust_fw(gsp))
+		return nvkm_rs_fw_load(gsp, name, ver, pfw);
+
 	snprintf(E, ...);
 	... when any
 }

// hook: fw-release file=nvkm/subdev/gsp/base.c function=nvkm_gsp_dtor_fws adds=nvkm_rust_fw_release( count=1
@fw_release@
identifier gsp;
@@
 nvkm_gsp_dtor_fws(struct nvkm_gsp *gsp)
 {
 	...
 	gsp->fws.rm = NULL;
+	nvkm_rust_fw_release(gsp);
 }

// The declarations of C's function look into the whole file already, which Rust does not hold.
// hook: fw-section file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_elf_section adds=nvkm_rs_fw_section( count=1
@fw_section@
identifier gsp, name, pdata, psize;
type T, U;
@@
 r535_gsp_elf_section(struct nvkm_gsp *gsp, const char *name, T pdata,
 	U psize)
 {
+	if (nvkm_rust_fw(gsp))
+		return nvkm_rs_fw_section(gsp, name, pdata, psize);
+
 	...
 }

// hook: fw-bootloader file=nvkm/subdev/gsp/rm/r535/gsp.c function=r535_gsp_rm_boot_ctor adds=nvkm_rs_fw_bootloader( count=1
@fw_bootloader@
identifier gsp, fw, hdr, ret, fail;
@@
 r535_gsp_rm_boot_ctor(struct nvkm_gsp *gsp)
 {
 	...
 	const struct firmware *fw = gsp->fws.bl;
 	... when any
+	if (nvkm_rust_fw(gsp)) {
+		ret = nvkm_rs_fw_bootloader(gsp, fw);
+		if (ret)
+			goto fail;
+
+		return 0;
+	}
+
 	hdr = nvfw_bin_hdr(...);
 	... when any
 	if (ret)
 		goto fail;
 	... when any
 }

// hook: fw-booter-turing file=nvkm/subdev/gsp/tu102.c function=tu102_gsp_booter_ctor adds=nvkm_rs_fw_booter( count=1
@fw_booter_turing@
identifier gsp, name, blob, falcon, fw, func, hdr;
expression E;
@@
 tu102_gsp_booter_ctor(struct nvkm_gsp *gsp, const char *name,
 	const struct firmware *blob, struct nvkm_falcon *falcon,
 	struct nvkm_falcon_fw *fw)
 {
 	...
 	const struct nvkm_falcon_fw_func *func = E;
 	...
+	if (nvkm_rust_fw(gsp))
+		return nvkm_rs_fw_booter(gsp, func, name, blob, falcon, fw, false);
+
 	hdr = nvfw_bin_hdr(...);
 	... when any
 }

// hook: fw-booter-brom file=nvkm/subdev/gsp/ga102.c function=ga102_gsp_booter_ctor adds=nvkm_rs_fw_booter( count=1
@fw_booter_brom@
identifier gsp, name, blob, falcon, fw, func, hdr;
expression E;
@@
 ga102_gsp_booter_ctor(struct nvkm_gsp *gsp, const char *name,
 	const struct firmware *blob, struct nvkm_falcon *falcon,
 	struct nvkm_falcon_fw *fw)
 {
 	...
 	const struct nvkm_falcon_fw_func *func = E;
 	...
+	if (nvkm_rust_fw(gsp))
+		return nvkm_rs_fw_booter(gsp, func, name, blob, falcon, fw, true);
+
 	hdr = nvfw_bin_hdr(...);
 	... when any
 }

// hook: fw-fmc file=nvkm/subdev/gsp/gh100.c function=gh100_gsp_oneinit adds=nvkm_rs_fw_fmc( count=1
@fw_fmc@
identifier gsp, ret;
statement S;
@@
 gh100_gsp_oneinit(struct nvkm_gsp *gsp)
 {
 	...
 	int ret;
+
+	if (nvkm_rust_fw(gsp)) {
+		ret = nvkm_rs_fw_fmc(gsp, gsp->fws.fmc);
+		if (ret)
+			return ret;
+
+		ret = r535_gsp_oneinit(gsp);
+		if (ret)
+			return ret;
+
+		return gh100_gsp_wpr_meta_init(gsp);
+	}
 	S
 	... when any
 }

// hook: fw-fwsec file=nvkm/subdev/gsp/fwsec.c function=nvkm_gsp_fwsec_init adds=nvkm_rs_fw_fwsec( count=1
@fw_fwsec@
identifier gsp, fw, name, init_cmd;
@@
 nvkm_gsp_fwsec_init(struct nvkm_gsp *gsp, struct nvkm_falcon_fw *fw,
 	const char *name, u32 init_cmd)
 {
+	if (nvkm_rust_fw(gsp))
+		return nvkm_rs_fw_fwsec(gsp, gsp->func->fwsec, fw, name, init_cmd);
+
 	...
 }

// The image that Rust read is page-aligned already: it is mapped as it is, where C makes a second one.
// hook: fw-take file=nvkm/core/firmware.c function=nvkm_firmware_ctor adds=nvkm_rust_fw_take( count=1
// hook: fw-copy file=nvkm/core/firmware.c function=nvkm_firmware_ctor adds=nvkm_rust_fw_copy( count=1
@fw_take@
identifier fw;
expression size, src;
@@
-	fw->img = vmalloc(size);
+	fw->img = nvkm_rust_fw_take(device->gsp, src, fw->len) ?: vmalloc(size);
 	if (fw->img) {
 		...
-		memcpy(fw->img, src, fw->len);
+		nvkm_rust_fw_copy(fw->img, src, fw->len);
 		... when any
 	}

// hook: fw-include-firmware file=nvkm/core/firmware.c adds=<subdev/gsp/rust.h> count=1
@fw_include_firmware@
@@
 #include <subdev/mmu.h>
+#include <subdev/gsp/rust.h>

// hook: fw-include-tu102 file=nvkm/subdev/gsp/tu102.c adds=<subdev/gsp/rust.h> count=1
// hook: fw-include-ga102 file=nvkm/subdev/gsp/ga102.c adds=<subdev/gsp/rust.h> count=1
@fw_include_booter@
@@
 #include <nvfw/hs.h>
+#include <subdev/gsp/rust.h>

// hook: fw-include-gh100 file=nvkm/subdev/gsp/gh100.c adds=<subdev/gsp/rust.h> count=1
@fw_include_fmc@
@@
 #include <subdev/fsp.h>
+#include <subdev/gsp/rust.h>

// hook: fw-include-fwsec file=nvkm/subdev/gsp/fwsec.c adds=<subdev/gsp/rust.h> count=1
@fw_include_fwsec@
@@
 #include <subdev/bios/pmu.h>
+#include <subdev/gsp/rust.h>
