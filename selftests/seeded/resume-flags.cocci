// SPDX-License-Identifier: GPL-2.0
// Resume tells RM that nothing was preserved.
// expect: rmargs
// run: --phases load,probe,copy,suspend,copy,unbind,counters,unload
// file: nvkm/subdev/gsp/rm/r570/gsp.c
@resume_flags@
expression args;
@@
 r570_gsp_set_rmargs(...)
 {
 	<...
-	args->srInitArguments.flags = GPU_STATE_FLAGS_PRESERVING | GPU_STATE_FLAGS_PM_TRANSITION;
+	args->srInitArguments.flags = 0;
 	...>
 }
