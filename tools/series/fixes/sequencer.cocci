// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: check the sequencer's commands before they are carried out
// file: nvkm/subdev/gsp/rm/r535/gsp.c
// attacks: sequence-short sequence-index-above sequence-index-all-ones sequence-index-wraps sequence-cut
// attacks: sequence-slot-above sequence-slot-all-ones sequence-slot-far
// attacks: sequence-write-beyond sequence-write-far sequence-modify-beyond sequence-poll-beyond sequence-save-beyond
// | RUN_CPU_SEQUENCER has the driver access registers on behalf of GSP-RM.
// | All numbers in the message are the firmware's, and none is looked at:
// | cmdIndex may be larger than the message, which is then read past its
// | end; the index of REG_STORE goes into an array of eight words, so that
// | a register's value is written anywhere behind it; and an address past
// | the end of BAR0 is accessed nevertheless.
// |
// | Check cmdIndex against the size of the message, that each command is
// | there as a whole, the index, and the addresses.
@decl@
@@
 r535_gsp_msg_run_cpu_sequencer(void *priv, u32 fn, void *repv, u32 repc)
 {
 	...
 	rpc_run_cpu_sequencer_v17_00 *seq = repv;
+	u32 end;
 	...
 }

@check@
@@
+	if (repc < sizeof(*seq) || seq->cmdIndex > (repc - sizeof(*seq)) / sizeof(u32)) {
+		nvkm_error(subdev, "seq: more commands than %u bytes\n", repc);
+		return -EINVAL;
+	}
+
 	nvkm_debug(subdev, "seq: %08x %08x\n", seq->bufferSizeDWord, seq->cmdIndex);

@loop@
@@
-	ptr += 1;
-	ptr += GSP_SEQUENCER_PAYLOAD_SIZE_DWORDS(cmd->opCode);
+	end = ptr + 1 + GSP_SEQUENCER_PAYLOAD_SIZE_DWORDS(cmd->opCode);
+	if (end > seq->cmdIndex)
+		return -EINVAL;
+
+	ptr = end;

@addr@
identifier addr;
expression E;
@@
 r535_gsp_msg_run_cpu_sequencer(...)
 {
 	<...
 	u32 addr = E;
 	... when != nvkm_trace(...)
+	if (!IS_ALIGNED(addr, 4) ||
+	    addr > device->func->resource_size(device, NVKM_BAR0_PRI) - 4)
+		return -EINVAL;
+
 	nvkm_trace(...);
 	...>
 }

@slot@
@@
+	if (slot >= ARRAY_SIZE(seq->regSaveArea) || !IS_ALIGNED(addr, 4) ||
+	    addr > device->func->resource_size(device, NVKM_BAR0_PRI) - 4)
+		return -EINVAL;
+
 	seq->regSaveArea[slot] = nvkm_rd32(device, addr);
