// SPDX-License-Identifier: GPL-2.0
// A channel is bound to the next engine.
// expect: GSP_RM_CONTROL
// file: nvkm/subdev/gsp/rm/r535/fifo.c
@channel_engine@
identifier ctrl;
@@
 NVA06F_CTRL_BIND_PARAMS *ctrl;
 ...
 ctrl->engineType =
-	eT
+	eT + 1
 ;
