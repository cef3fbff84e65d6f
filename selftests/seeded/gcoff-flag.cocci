// SPDX-License-Identifier: GPL-2.0
// Suspend says that the GPU keeps its power: the wrong GCOFF flag of r570.
// expect: GSP_RM_CONTROL
// run: --phases load,probe,copy,suspend,copy,unbind,counters,unload
// file: nvkm/subdev/gsp/rm/r570/fbsr.c
@gcoff_flag@
expression ctrl;
@@
-	ctrl->bEnteringGcoffState = 1;
+	ctrl->bEnteringGcoffState = 0;
