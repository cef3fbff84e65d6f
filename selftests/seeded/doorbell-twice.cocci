// SPDX-License-Identifier: GPL-2.0
// The doorbell is rung twice for each command.
// expect: 0x110c00
// file: nvkm/subdev/gsp/rm/r535/rpc.c
@doorbell_twice@
identifier gsp;
@@
 r535_gsp_cmdq_push(...)
 {
 	<...
 	nvkm_falcon_wr32(&gsp->falcon, 0xc00, 0x00000000);
+	nvkm_falcon_wr32(&gsp->falcon, 0xc00, 0x00000000);
 	...>
 }
