// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: check the sequencer's commands before they are carried out
// file: nvkm/subdev/gsp/rm/r535/gsp.c
// attacks: sequence-empty-message sequence-short sequence-index-above sequence-index-all-ones sequence-index-wraps sequence-cut
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
@check@
@@
+	if (repc < sizeof(*seq) || seq->cmdIndex > (repc - sizeof(*seq)) / sizeof(u32)) {
+		nvkm_error(subdev, "seq: more commands than %u bytes\n", repc);
+		return -EINVAL;
+	}
+
 	nvkm_debug(subdev, "seq: %08x %08x\n", seq->bufferSizeDWord, seq->cmdIndex);

@loop@
typedef GSP_SEQUENCER_BUFFER_CMD;
@@
 		GSP_SEQUENCER_BUFFER_CMD *cmd = (void *)&seq->commandBuffer[ptr];
+
+		if (GSP_SEQUENCER_PAYLOAD_SIZE_DWORDS(cmd->opCode) >= seq->cmdIndex - ptr)
+			return -EINVAL;

 		ptr += 1;

@write@
@@
+	if (!r535_gsp_seq_reg(device, addr))
+		return -EINVAL;
+
 	nvkm_trace(subdev, "seq wr32 %06x %08x\n", addr, data);

@modify@
@@
+	if (!r535_gsp_seq_reg(device, addr))
+		return -EINVAL;
+
 	nvkm_trace(subdev, "seq mask %06x %08x %08x\n", addr, mask, data);

@poll@
@@
+	if (!r535_gsp_seq_reg(device, addr))
+		return -EINVAL;
+
 	nvkm_trace(subdev, "seq poll %06x %08x %08x %d\n", addr, mask, data, usec);

@store@
@@
+	if (slot >= ARRAY_SIZE(seq->regSaveArea) || !r535_gsp_seq_reg(device, addr))
+		return -EINVAL;
+
 	seq->regSaveArea[slot] = nvkm_rd32(device, addr);

@helper@
typedef bool, u32, u64;
@@
+static bool
+r535_gsp_seq_reg(struct nvkm_device *device, u32 addr)
+{
+	u64 size = device->func->resource_size(device, NVKM_BAR0_PRI);
+
+	return IS_ALIGNED(addr, 4) && (u64)addr + 4 <= size;
+}
+
 static int r535_gsp_msg_post_event(void *priv, u32 fn, void *repv, u32 repc)
 {
 	...
 }
