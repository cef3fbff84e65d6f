// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: bound the number of frame buffer regions
// file: nvkm/subdev/gsp/rm/r535/gsp.c
// attacks: static-regions-many static-regions-one-too-many
// | numFBRegions is RM's, and counts entries of an array of 16 in its reply.
// | A larger number makes the driver read past the reply's end, and take
// | what lies there for memory that it may use.
// |
// | Look at the entries that there are.
@@
identifier info, i;
@@
 r535_gsp_get_static_info_fb(...)
 {
 	<...
-	i < info->numFBRegions
+	i < min_t(u32, info->numFBRegions, ARRAY_SIZE(info->fbRegion))
 	...>
 }
