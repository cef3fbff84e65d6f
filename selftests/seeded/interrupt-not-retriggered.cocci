// SPDX-License-Identifier: GPL-2.0
// Interrupts that came meanwhile are not looked for again.
// expect: 0x1103e8
// run: --gpu ga106
// file: nvkm/subdev/gsp/rm/r535/gsp.c
@interrupt_not_retriggered@
identifier gsp;
@@
 r535_gsp_intr(...)
 {
 	<...
-	nvkm_falcon_intr_retrigger(&gsp->falcon);
 	...>
 }
