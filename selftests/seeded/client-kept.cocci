// SPDX-License-Identifier: GPL-2.0
// Clients are never freed.
// expect: FREE
// file: nvkm/subdev/gsp/rm/client.c
@client_kept@
identifier client;
@@
 nvkm_gsp_client_dtor(...)
 {
 	<...
-	if (client->object.client) nvkm_gsp_rm_free(&client->object);
 	...>
 }
