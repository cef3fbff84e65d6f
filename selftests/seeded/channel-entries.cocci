// SPDX-License-Identifier: GPL-2.0
// A channel has half its entries.
// expect: GSP_RM_ALLOC
// file: nvkm/subdev/gsp/rm/r570/fifo.c
@channel_entries@
expression args;
@@
 args->gpFifoEntries =
-	gpfifo_length / 8
+	gpfifo_length / 16
 ;
