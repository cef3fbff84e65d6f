// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: keep queue pointers inside of the queues
// file: nvkm/subdev/gsp/rm/r535/rpc.c
// attacks: driver-read-all-ones driver-read-far driver-write-all-ones
// | The driver's read and write pointers lie in memory that the GSP writes
// | as well, and are read back from there for each message: one that is not
// | what the driver left makes it read and write past the queues. The GSP's
// | write pointer is believed, too.
// |
// | Take them modulo the queue's number of elements. A GSP that changes them
// | still loses messages, as it should, and nothing else.
@message@
identifier place;
expression gsp;
@@
 u32 place =
-	*gsp->msgq.place
+	READ_ONCE(*gsp->msgq.place) % gsp->msgq.cnt
 ;

@command@
identifier wptr;
expression gsp;
@@
 wptr =
-	*gsp->cmdq.wptr
+	READ_ONCE(*gsp->cmdq.wptr) % gsp->cmdq.cnt
 ;
