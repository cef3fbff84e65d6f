// SPDX-License-Identifier: GPL-2.0
// A client is made with the parameters' size of another firmware version.
// expect: GSP_RM_ALLOC
// file: nvkm/subdev/gsp/rm/r570/client.c
@client_size@
expression A, B, C, D;
identifier args;
@@
 nvkm_gsp_rm_alloc_get(A, B, C,
-	sizeof(*args)
+	sizeof(*args) - 12
 	, D)
