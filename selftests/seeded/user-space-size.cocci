// SPDX-License-Identifier: GPL-2.0
// RM is told of another size of user space.
// expect: GSP_SET_SYSTEM_INFO
// file: nvkm/subdev/gsp/rm/r570/gsp.c
@user_space_size@
identifier info;
@@
 r570_gsp_set_system_info(...)
 {
 	<...
 	info->maxUserVa =
-		TASK_SIZE
+		TASK_SIZE - 1
 	;
 	...>
 }
