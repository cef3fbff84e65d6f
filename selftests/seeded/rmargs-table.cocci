// SPDX-License-Identifier: GPL-2.0
// RM is told of one page less of the queues.
// expect: rmargs
// file: nvkm/subdev/gsp/rm/r570/gsp.c
@rmargs_table@
expression args;
identifier gsp;
@@
 r570_gsp_set_rmargs(...)
 {
 	<...
 	args->messageQueueInitArguments.pageTableEntryCount =
-		gsp->shm.ptes.nr
+		gsp->shm.ptes.nr - 1
 	;
 	...>
 }
