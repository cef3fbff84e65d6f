// SPDX-License-Identifier: GPL-2.0
// Nobody listens for OS_ERROR_LOG.
// expect: Xid|OS_ERROR_LOG|kernel log
// file: nvkm/subdev/gsp/rm/r535/gsp.c
@event_dropped@
identifier gsp;
@@
 r535_gsp_oneinit(...)
 {
 	<...
-	r535_gsp_msg_ntfy_add(gsp, NV_VGPU_MSG_EVENT_OS_ERROR_LOG, r535_gsp_msg_os_error_log, gsp);
 	...>
 }
