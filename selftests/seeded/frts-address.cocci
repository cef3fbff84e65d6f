// SPDX-License-Identifier: GPL-2.0
// FRTS lies 128 KB lower.
// expect: fwsec-frts|wpr_meta
// file: nvkm/subdev/gsp/tu102.c
@frts_address@
identifier gsp;
expression E;
@@
 tu102_gsp_oneinit(...)
 {
 	<...
 	gsp->fb.wpr2.frts.addr = E;
+	gsp->fb.wpr2.frts.addr -= 0x20000;
 	...>
 }
