// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: check the length of continuation records
// file: nvkm/subdev/gsp/rm/r535/rpc.c
// attacks: large-continuation-too-long large-continuation-empty large-continuation-below-header large-continuation-all-ones
// | A large reply is put together in a buffer of the size that is expected,
// | by as many bytes as each continuation record says it has. A record
// | longer than what is missing overflows the buffer, one that is shorter
// | than its header underflows what is copied, and records without payload
// | come for ever.
// |
// | Refuse records that carry nothing, or more than is missing.
@@
@@
 r535_gsp_msgq_recv(struct nvkm_gsp *gsp, u32 gsp_rpc_len, int *retries)
 {
 	...
 	while (expected) {
 		...
-		info.gsp_rpc_len = rpc->length;
+		size = READ_ONCE(rpc->length);
+		if (size <= sizeof(*rpc) || size > expected + sizeof(*rpc)) {
+			nvkm_error(&gsp->subdev, "continuation of %u bytes, %u are missing\n",
+				   size, expected);
+			kvfree(buf);
+			return ERR_PTR(-EIO);
+		}
+
+		info.gsp_rpc_len = size;
 		...
 	}
 	...
 }
