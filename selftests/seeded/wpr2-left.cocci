// SPDX-License-Identifier: GPL-2.0
// WPR2 is left up at unbind, so that the next bind fails.
// expect: phase unbind
// file: nvkm/subdev/gsp/tu102.c
@wpr2_left@
identifier ret, gsp;
expression A, B;
@@
 tu102_gsp_fini(...)
 {
 	<...
-	ret = tu102_gsp_booter_unload(gsp, A, B);
 	...>
 }
