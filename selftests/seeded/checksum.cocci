// SPDX-License-Identifier: GPL-2.0
// The checksum of an element is one off.
// expect: checksum
// file: nvkm/subdev/gsp/rm/r535/rpc.c
@checksum@
identifier msg, csum;
@@
 r535_gsp_cmdq_push(...)
 {
 	<...
-	msg->checksum = upper_32_bits(csum) ^ lower_32_bits(csum);
+	msg->checksum = (upper_32_bits(csum) ^ lower_32_bits(csum)) + 1;
 	...>
 }
