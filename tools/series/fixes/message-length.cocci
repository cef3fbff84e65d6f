// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: read a message's length once, and check it
// file: nvkm/subdev/gsp/rm/r535/rpc.c
// attacks: length-zero length-below-header length-above-buffer length-above-ring length-wraps length-all-ones
// attacks: length-changes length-changes-huge many-bad reply-length-zero
// | The length of a message lies in memory that the GSP writes. It is read
// | to check it, again to allocate memory, and a third time for what is
// | copied: who changes it in between overflows the buffer. A length below
// | the header's underflows what is dumped and given to handlers. One above
// | the largest is answered by NULL, which callers take for success, and the
// | message stays at the head of the queue for ever.
// |
// | Read it once, check both ends, pass over a message that cannot be, and
// | say so by an errno.
@check@
identifier max_rpc_size;
@@
-	if (WARN_ON(rpc->length > max_rpc_size))
-		return NULL;
+	length = READ_ONCE(rpc->length);
+	if (length < sizeof(*rpc) || length > max_rpc_size) {
+		count = clamp_t(u32, READ_ONCE(mqe->elem_count), 1, gsp->msgq.cnt - 1);
+		nvkm_error(&gsp->subdev, "message of %u bytes\n", length);
+		*gsp->msgq.rptr = (*gsp->msgq.rptr + count) % gsp->msgq.cnt;
+		return ERR_PTR(-EIO);
+	}

@depends on check@
expression expected;
@@
-	kvmalloc(max_t(u32, rpc->length, expected), GFP_KERNEL)
+	kvmalloc(max(length, expected), GFP_KERNEL)

@depends on check@
@@
 	info.retries = retries;
-	info.gsp_rpc_len = rpc->length;
+	info.gsp_rpc_len = length;

@depends on check@
expression expected;
identifier max_rpc_size;
@@
+	/* The header was copied anew. */
+	((struct nvfw_gsp_rpc *)buf)->length = length;
+
 	if (expected <= max_rpc_size)
 		return buf;

@depends on check@
@@
 r535_gsp_msgq_recv(...)
 {
 	...
 	u32 expected = gsp_rpc_len;
+	u32 length, count;
 	...
 }
