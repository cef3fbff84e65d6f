// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: count the header of a reply that is waited for
// file: nvkm/subdev/gsp/rm/r535/rpc.c
// attacks: reply-short alloc-short
// | What a caller wants of a reply is given without its header, and compared
// | with the length of the message, which has one: a reply may be 32 bytes
// | too short, and is read behind its end.
// |
// | Add the header, as is done for large commands.
@@
identifier rpc, policy, gsp_rpc_len;
expression gsp, fn;
@@
 r535_gsp_rpc_send(...)
 {
 	...
 	struct nvfw_gsp_rpc *rpc = ...;
 	...
-	return r535_gsp_rpc_handle_reply(gsp, fn, policy, gsp_rpc_len);
+	return r535_gsp_rpc_handle_reply(gsp, fn, policy,
+					 gsp_rpc_len ? gsp_rpc_len + sizeof(*rpc) : 0);
 }
