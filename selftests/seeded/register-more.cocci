// SPDX-License-Identifier: GPL-2.0
// One register is read once more.
// expect: 0x110004
// file: nvkm/subdev/gsp/rm/r535/gsp.c
@register_more@
expression device;
@@
 r535_gsp_postinit(...)
 {
 	<...
+	nvkm_rd32(device, 0x110004);
 	nvkm_wr32(device, 0x110004, 0x00000040);
 	...>
 }
