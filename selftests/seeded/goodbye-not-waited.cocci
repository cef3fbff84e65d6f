// SPDX-License-Identifier: GPL-2.0
// A reply policy that does not wait: the goodbye's reply is left in the queue.
// expect: unread
// file: nvkm/subdev/gsp/rm/r535/gsp.c
@goodbye_not_waited@
expression A, B;
@@
 r535_gsp_rpc_unloading_guest_driver(...)
 {
 	<...
 	nvkm_gsp_rpc_wr(A, B,
-			NVKM_GSP_RPC_REPLY_RECV
+			NVKM_GSP_RPC_REPLY_NOWAIT
 	)
 	...>
 }
