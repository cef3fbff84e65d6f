// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: bound the numbers of engines and falcons
// file: nvkm/subdev/gsp/rm/r535/fifo.c
// attacks: device-info-many
// | numEntries and numConstructedFalcons are RM's, and count entries of
// | arrays in its replies. Larger numbers make the driver read past the
// | replies' ends.
// |
// | Look at the entries that there are.
@@
expression ctrl;
statement S;
@@
 r535_fifo_runl_ctor(...)
 {
 	...
 	if (WARN_ON(IS_ERR(ctrl))) S
+	ctrl->numEntries = min_t(u32, ctrl->numEntries, ARRAY_SIZE(ctrl->entries));
 	...
 }

@@
expression ctrl;
statement S;
@@
 r535_fifo_ectx_size(...)
 {
 	...
 	if (WARN_ON(IS_ERR(ctrl))) S
+	ctrl->numConstructedFalcons = min_t(u32, ctrl->numConstructedFalcons,
+					    ARRAY_SIZE(ctrl->constructedFalconsTable));
 	...
 }
