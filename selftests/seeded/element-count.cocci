// SPDX-License-Identifier: GPL-2.0
// An element says that it has a page more.
// expect: pages: C 0x1
// file: nvkm/subdev/gsp/rm/r535/rpc.c
@element_count@
identifier msg;
expression len;
@@
 r535_gsp_cmdq_push(...)
 {
 	<...
-	msg->elem_count = DIV_ROUND_UP(len, 0x1000);
+	msg->elem_count = DIV_ROUND_UP(len, 0x1000) + 1;
 	...>
 }
