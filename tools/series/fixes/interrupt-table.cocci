// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: bound the number of lines of the interrupt table
// file: nvkm/subdev/gsp/rm/r535/gsp.c
// attacks: table-many table-one-too-many
// | tableLen is RM's, and counts lines of an array of 128 in its reply. A
// | larger number makes the driver read past the reply's end.
// |
// | Look at the lines that there are.
@@
expression ctrl, object;
statement S;
@@
 r535_gsp_intr_get_table(...)
 {
 	...
 	ret = nvkm_gsp_rm_ctrl_push(object, &ctrl, sizeof(*ctrl));
 	if (WARN_ON(ret)) S
+	ctrl->tableLen = min_t(u32, ctrl->tableLen, ARRAY_SIZE(ctrl->table));
 	...
 }
