// SPDX-License-Identifier: GPL-2.0
// A registry entry has another value.
// expect: SET_REGISTRY
// file: nvkm/subdev/gsp/rm/r535/gsp.c
@registry_value@
identifier it;
@@
 const struct nv_gsp_registry_entries it[] = {
 	...,
 	{ "RMSecBusResetEnable",
-	1
+	2
 	},
 	...,
 };
