// SPDX-License-Identifier: GPL-2.0
// Elements are not numbered.
// expect: element|elem
// file: nvkm/subdev/gsp/rm/r535/rpc.c
@element_number_repeats@
identifier msg, gsp;
@@
 r535_gsp_cmdq_push(...)
 {
 	<...
-	msg->sequence = gsp->cmdq.seq++;
+	msg->sequence = gsp->cmdq.seq;
 	...>
 }
