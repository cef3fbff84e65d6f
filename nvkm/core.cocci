// SPDX-License-Identifier: GPL-2.0
// core: where GSP-RM begins to answer, where it ends, and where its
// events are handed out. Contract: bridge/core.h.

// hook: core-include-base file=nvkm/subdev/gsp/base.c adds=<subdev/gsp/rust_core.h> count=1
@core_include_base@
@@
 #include "priv.h"
+#include <subdev/gsp/rust_core.h>

// hook: core-include-rpc file=nvkm/subdev/gsp/rm/r535/rpc.c adds=<subdev/gsp/rust_core.h> count=1
@core_include_rpc@
@@
 #include <rm/rpc.h>
+#include <subdev/gsp/rust_core.h>

// hook: core-up file=nvkm/subdev/gsp/base.c function=nvkm_gsp_init adds=nvkm_core_up( count=1
@core_up@
identifier gsp;
@@
-return gsp->func->init(gsp);
+return nvkm_core_up(gsp, gsp->func->init(gsp));

// hook: core-down file=nvkm/subdev/gsp/base.c function=nvkm_gsp_fini adds=nvkm_core_down( count=1
@core_down@
identifier gsp, suspend;
@@
+nvkm_core_down(gsp, suspend);
-return gsp->func->fini(gsp, suspend);
+return nvkm_core_stay(gsp, gsp->func->fini(gsp, suspend));

// A GSP whose resume failed is not shut down by nvkm_gsp_fini().
// hook: core-gone file=nvkm/subdev/gsp/base.c function=nvkm_gsp_dtor adds=nvkm_core_down( count=1
@core_gone@
identifier gsp;
@@
+nvkm_core_down(gsp, NVKM_POWEROFF);
 if (gsp->func && gsp->func->dtor)
 	gsp->func->dtor(gsp);

// hook: core-event file=nvkm/subdev/gsp/rm/r535/rpc.c function=r535_gsp_msg_recv adds=nvkm_core_event( count=1
@core_event@
identifier gsp, rpc, ntfy, i;
@@
 r535_gsp_msg_recv(struct nvkm_gsp *gsp, ...)
 {
 	...
+	nvkm_core_event(gsp, rpc->function, rpc->data,
+			rpc->length - sizeof(*rpc));
 	for (i = 0; i < gsp->msgq.ntfy_nr; i++) {
 		...
 		if (ntfy->fn == rpc->function) {
 			...
 		}
 	}
 	...
 }
