// SPDX-License-Identifier: GPL-2.0
// The registry goes out before the system information.
// expect: SET_SYSTEM_INFO|SET_REGISTRY
// file: nvkm/subdev/gsp/rm/r535/gsp.c
@messages_swapped@
expression g, ret, rmapi;
statement S;
@@
-	ret = rmapi->gsp->set_system_info(g);
+	ret = r535_gsp_rpc_set_registry(g);
 	if (WARN_ON(ret)) S
-	ret = r535_gsp_rpc_set_registry(g);
+	ret = rmapi->gsp->set_system_info(g);
