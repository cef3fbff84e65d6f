// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: an Xid's text may lack its end
// file: nvkm/subdev/gsp/rm/r535/gsp.c
// attacks: error-log-endless
// | The text of OS_ERROR_LOG is an array in the message, and nothing says
// | that a zero is in it. Without one, what lies behind the message is
// | printed too.
// |
// | Print no more than the array has.
@@
identifier msg, subdev;
@@
 r535_gsp_msg_os_error_log(...)
 {
 	<...
-	nvkm_error(subdev, "Xid:%d %s\n", msg->exceptType, msg->errString);
+	nvkm_error(subdev, "Xid:%d %.*s\n", msg->exceptType, (int)sizeof(msg->errString),
+		   msg->errString);
 	...>
 }
