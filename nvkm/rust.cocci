// SPDX-License-Identifier: GPL-2.0
// The selector's hooks: latch the user's choice, resolve it for a firmware, begin and end the Rust side's life.

// hook: base-include file=nvkm/subdev/gsp/base.c adds=<subdev/gsp/rust.h> count=1
@base_include@
@@
 #include "priv.h"
+#include <subdev/gsp/rust.h>

// hook: latch file=nvkm/subdev/gsp/base.c function=nvkm_gsp_new_ adds=nvkm_rust_latch( count=1
@latch@
expression device, type, inst;
identifier gsp;
@@
 nvkm_subdev_ctor(&nvkm_gsp, device, type, inst, &gsp->subdev);
+nvkm_rust_latch(gsp);

// hook: start file=nvkm/subdev/gsp/base.c function=nvkm_gsp_new_ adds=nvkm_rust_start( count=1
@start@
expression fwif;
identifier gsp;
@@
 gsp->rm->api = fwif->rm->api;
+if (nvkm_rust_start(gsp, fwif->ver))
+	return -ENOMEM;

// hook: stop file=nvkm/subdev/gsp/base.c function=nvkm_gsp_dtor adds=nvkm_rust_stop( count=1
@stop@
identifier gsp;
@@
+nvkm_rust_stop(gsp);
 if (gsp->func && gsp->func->dtor)
 	gsp->func->dtor(gsp);

// hook: exit-include file=nouveau_drm.c adds=<subdev/gsp/rust.h> count=1
@exit_include@
@@
 #include "nouveau_drv.h"
+#include <subdev/gsp/rust.h>

// hook: exit file=nouveau_drm.c function=nouveau_drm_exit adds=nvkm_rust_exit( count=1
@exit@
@@
 nouveau_drm_exit(...)
 {
 	...
+	nvkm_rust_exit();
 	nouveau_module_debugfs_fini();
 }
