// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r570: bound the number of falcons
// file: nvkm/subdev/gsp/rm/r570/fifo.c
// attacks: falcons-many
// | numConstructedFalcons is RM's, and counts entries of an array in its
// | reply. A larger number makes the driver read past the reply's end.
// |
// | Look at the entries that there are.
@@
expression ctrl;
statement S;
@@
 r570_fifo_ectx_size(...)
 {
 	...
 	if (WARN_ON(IS_ERR(ctrl))) S
+	ctrl->numConstructedFalcons = min_t(u32, ctrl->numConstructedFalcons,
+					    ARRAY_SIZE(ctrl->constructedFalconsTable));
 	...
 }
