// SPDX-License-Identifier: GPL-2.0
// A context's buffers are promoted for another client.
// expect: GSP_RM_CONTROL
// file: nvkm/subdev/gsp/rm/r535/gr.c
@context_client@
identifier ctrl, vmm;
@@
 r535_gr_promote_ctx(...)
 {
 	<...
 	ctrl->hChanClient =
-		vmm->rm.client.object.handle
+		vmm->rm.client.object.handle + 1
 	;
 	...>
 }
