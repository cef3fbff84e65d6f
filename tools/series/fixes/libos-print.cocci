// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: a libos print is no longer than its message
// file: nvkm/subdev/gsp/rm/r535/gsp.c
// shown: By reading: an entry for the same event that comes first keeps the handler from being called.
// | libos_print_buf_size is the firmware's, and is compared with a page but
// | not with the size of the message that the text is copied from.
// |
// | Compare it with that, and the message with its header.
@@
identifier rpc, kind;
@@
 r535_gsp_msg_libos_print(void *priv, u32 fn, void *repv, u32 repc)
 {
 	...
-	unsigned int kind = rpc->ucode_eng_desc >> 8;
+	unsigned int kind;
+
+	if (repc < sizeof(*rpc) || repc - sizeof(*rpc) < rpc->libos_print_buf_size)
+		return -EINVAL;
+
+	kind = rpc->ucode_eng_desc >> 8;
 	...
 }
