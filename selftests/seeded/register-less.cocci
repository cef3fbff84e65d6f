// SPDX-License-Identifier: GPL-2.0
// The GSP's interrupt is not acknowledged once it runs: one register access less.
// expect: 0x110004
// file: nvkm/subdev/gsp/rm/r535/gsp.c
@register_less@
expression device;
@@
 r535_gsp_postinit(...)
 {
 	<...
-	nvkm_wr32(device, 0x110004, 0x00000040);
 	...>
 }
