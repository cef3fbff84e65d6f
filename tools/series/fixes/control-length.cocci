// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: count the header of a control that is waited for
// file: nvkm/subdev/gsp/rm/r535/ctrl.c
// attacks: gpcs-short tpcs-short memsys-short
// | The reply to a control is asked for by the size of its parameters, and
// | they lie behind a header of their own: parameters that are not there are
// | read behind the end of the reply.
// |
// | Ask for both.
@@
identifier rpc, gsp, repc;
@@
 r535_gsp_rpc_rm_ctrl_push(...)
 {
 	...
-	rpc = nvkm_gsp_rpc_push(gsp, rpc, NVKM_GSP_RPC_REPLY_RECV, repc);
+	rpc = nvkm_gsp_rpc_push(gsp, rpc, NVKM_GSP_RPC_REPLY_RECV,
+				repc ? sizeof(*rpc) + repc : 0);
 	...
 }
