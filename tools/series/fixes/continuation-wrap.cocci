// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: put the rest of a continuation record where it belongs
// file: nvkm/subdev/gsp/rm/r535/rpc.c
// attacks: large-cut
// | Of a continuation record, the payload alone is copied to where the last
// | record ended. The rest of one that goes round the end of the queue is
// | put behind as many bytes as if its header had been copied, too: 32 bytes
// | too far, past the end of the buffer, with as many missing in between.
// | This needs no GSP that misbehaves.
// |
// | Put it behind what was copied.
@@
expression buf, len, mqe, expected;
@@
-	memcpy(buf + len, mqe, expected);
+	memcpy(buf + len - (info->continuation ? sizeof(struct nvfw_gsp_rpc) : 0),
+	       mqe, expected);
