// SPDX-License-Identifier: GPL-2.0
// Suspend tells RM the power level of a running GPU.
// expect: UNLOADING_GUEST_DRIVER
// run: --phases load,probe,copy,suspend,copy,unbind,counters,unload
// file: nvkm/subdev/gsp/rm/r535/gsp.c
@suspend_level@
identifier rpc;
@@
 r535_gsp_rpc_unloading_guest_driver(...)
 {
 	<...
-	rpc->newLevel = NV2080_CTRL_GPU_SET_POWER_STATE_GPU_LEVEL_3;
+	rpc->newLevel = NV2080_CTRL_GPU_SET_POWER_STATE_GPU_LEVEL_0;
 	...>
 }
