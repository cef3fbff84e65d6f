// SPDX-License-Identifier: GPL-2.0
// A reply policy that does not wait for what suspend describes memory with.
// expect: fn:4 
// run: --phases load,probe,copy,suspend,copy,unbind,counters,unload
// file: nvkm/subdev/gsp/rm/r535/fbsr.c
@memory_not_waited@
expression A, B;
@@
 nvkm_gsp_rpc_wr(A, B,
-		NVKM_GSP_RPC_REPLY_POLL
+		NVKM_GSP_RPC_REPLY_NOWAIT
 )
