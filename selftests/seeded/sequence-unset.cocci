// SPDX-License-Identifier: GPL-2.0
// RPC sequence numbers stay unset: this broke r570's suspend.
// expect: sequence
// file: nvkm/subdev/gsp/rm/r535/rpc.c
@sequence_unset@
identifier rpc, gsp;
@@
 r535_gsp_rpc_send(...)
 {
 	<...
-	rpc->sequence = gsp->rpc_seq++;
+	rpc->sequence = 0;
 	...>
 }
