// SPDX-License-Identifier: GPL-2.0
/*
 * Where the C compiler puts the fields that Rust reads; bridge/gsp.rs holds bindgen's idea of
 * it against this, so that a disagreement fails the build. Compiled to assembly only, as the
 * kernel does for its own asm-offsets.h.
 */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <subdev/gsp.h>

/* Its structures are its own, and are what C writes into the queues. */
#include "../nvkm/subdev/gsp/rm/r535/rpc.c"

void nvkm_rust_offsets(void);

void
nvkm_rust_offsets(void)
{
	DEFINE(GSP_SIZE, sizeof(struct nvkm_gsp));
	OFFSET(SUBDEV_DEBUG_OFFSET, nvkm_gsp, subdev.debug);
	DEFINE(SUBDEV_DEBUG_SIZE, sizeof_field(struct nvkm_gsp, subdev.debug));
	OFFSET(SHM_CMDQ_SIZE_OFFSET, nvkm_gsp, shm.cmdq.size);
	DEFINE(SHM_CMDQ_SIZE_SIZE, sizeof_field(struct nvkm_gsp, shm.cmdq.size));
	OFFSET(SHM_CMDQ_PTR_OFFSET, nvkm_gsp, shm.cmdq.ptr);
	DEFINE(SHM_CMDQ_PTR_SIZE, sizeof_field(struct nvkm_gsp, shm.cmdq.ptr));
	OFFSET(SHM_MSGQ_SIZE_OFFSET, nvkm_gsp, shm.msgq.size);
	DEFINE(SHM_MSGQ_SIZE_SIZE, sizeof_field(struct nvkm_gsp, shm.msgq.size));
	OFFSET(SHM_MSGQ_PTR_OFFSET, nvkm_gsp, shm.msgq.ptr);
	DEFINE(SHM_MSGQ_PTR_SIZE, sizeof_field(struct nvkm_gsp, shm.msgq.ptr));
	OFFSET(CMDQ_CNT_OFFSET, nvkm_gsp, cmdq.cnt);
	DEFINE(CMDQ_CNT_SIZE, sizeof_field(struct nvkm_gsp, cmdq.cnt));
	OFFSET(CMDQ_SEQ_OFFSET, nvkm_gsp, cmdq.seq);
	DEFINE(CMDQ_SEQ_SIZE, sizeof_field(struct nvkm_gsp, cmdq.seq));
	OFFSET(CMDQ_WPTR_OFFSET, nvkm_gsp, cmdq.wptr);
	DEFINE(CMDQ_WPTR_SIZE, sizeof_field(struct nvkm_gsp, cmdq.wptr));
	OFFSET(CMDQ_RPTR_OFFSET, nvkm_gsp, cmdq.rptr);
	DEFINE(CMDQ_RPTR_SIZE, sizeof_field(struct nvkm_gsp, cmdq.rptr));
	OFFSET(MSGQ_CNT_OFFSET, nvkm_gsp, msgq.cnt);
	DEFINE(MSGQ_CNT_SIZE, sizeof_field(struct nvkm_gsp, msgq.cnt));
	OFFSET(MSGQ_WPTR_OFFSET, nvkm_gsp, msgq.wptr);
	DEFINE(MSGQ_WPTR_SIZE, sizeof_field(struct nvkm_gsp, msgq.wptr));
	OFFSET(MSGQ_RPTR_OFFSET, nvkm_gsp, msgq.rptr);
	DEFINE(MSGQ_RPTR_SIZE, sizeof_field(struct nvkm_gsp, msgq.rptr));
	OFFSET(RPC_SEQ_OFFSET, nvkm_gsp, rpc_seq);
	DEFINE(RPC_SEQ_SIZE, sizeof_field(struct nvkm_gsp, rpc_seq));
	OFFSET(SUBDEV_DEVICE_OFFSET, nvkm_gsp, subdev.device);
	DEFINE(SUBDEV_DEVICE_SIZE, sizeof_field(struct nvkm_gsp, subdev.device));
	OFFSET(BOOT_FW_OFFSET, nvkm_gsp, boot.fw);
	DEFINE(BOOT_FW_SIZE, sizeof_field(struct nvkm_gsp, boot.fw));
	OFFSET(BOOT_CODE_OFFSET, nvkm_gsp, boot.code_offset);
	DEFINE(BOOT_CODE_SIZE, sizeof_field(struct nvkm_gsp, boot.code_offset));
	OFFSET(BOOT_DATA_OFFSET, nvkm_gsp, boot.data_offset);
	DEFINE(BOOT_DATA_SIZE, sizeof_field(struct nvkm_gsp, boot.data_offset));
	OFFSET(BOOT_MANIFEST_OFFSET, nvkm_gsp, boot.manifest_offset);
	DEFINE(BOOT_MANIFEST_SIZE, sizeof_field(struct nvkm_gsp, boot.manifest_offset));
	OFFSET(BOOT_VERSION_OFFSET, nvkm_gsp, boot.app_version);
	DEFINE(BOOT_VERSION_SIZE, sizeof_field(struct nvkm_gsp, boot.app_version));
	OFFSET(FMC_FW_OFFSET, nvkm_gsp, fmc.fw);
	DEFINE(FMC_FW_SIZE, sizeof_field(struct nvkm_gsp, fmc.fw));
	OFFSET(FMC_HASH_OFFSET, nvkm_gsp, fmc.hash);
	DEFINE(FMC_HASH_SIZE, sizeof_field(struct nvkm_gsp, fmc.hash));
	OFFSET(FMC_PKEY_OFFSET, nvkm_gsp, fmc.pkey);
	DEFINE(FMC_PKEY_SIZE, sizeof_field(struct nvkm_gsp, fmc.pkey));
	OFFSET(FMC_SIG_OFFSET, nvkm_gsp, fmc.sig);
	DEFINE(FMC_SIG_SIZE, sizeof_field(struct nvkm_gsp, fmc.sig));
	OFFSET(FRTS_ADDR_OFFSET, nvkm_gsp, fb.wpr2.frts.addr);
	DEFINE(FRTS_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.frts.addr));
	OFFSET(FRTS_SIZE_OFFSET, nvkm_gsp, fb.wpr2.frts.size);
	DEFINE(FRTS_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.wpr2.frts.size));

	DEFINE(MEM_TOTAL, sizeof(struct nvkm_gsp_mem));
	OFFSET(MEM_SIZE_OFFSET, nvkm_gsp_mem, size);
	DEFINE(MEM_SIZE_SIZE, sizeof_field(struct nvkm_gsp_mem, size));
	OFFSET(MEM_DATA_OFFSET, nvkm_gsp_mem, data);
	DEFINE(MEM_DATA_SIZE, sizeof_field(struct nvkm_gsp_mem, data));
	OFFSET(MEM_ADDR_OFFSET, nvkm_gsp_mem, addr);
	DEFINE(MEM_ADDR_SIZE, sizeof_field(struct nvkm_gsp_mem, addr));

	DEFINE(RX3_TOTAL, sizeof(struct nvkm_gsp_radix3));
	OFFSET(RX3_LVL0_OFFSET, nvkm_gsp_radix3, lvl0);
	DEFINE(RX3_LVL0_SIZE, sizeof_field(struct nvkm_gsp_radix3, lvl0));
	OFFSET(RX3_LVL1_OFFSET, nvkm_gsp_radix3, lvl1);
	DEFINE(RX3_LVL1_SIZE, sizeof_field(struct nvkm_gsp_radix3, lvl1));
	OFFSET(RX3_LVL2_OFFSET, nvkm_gsp_radix3, lvl2);
	DEFINE(RX3_LVL2_SIZE, sizeof_field(struct nvkm_gsp_radix3, lvl2));

	DEFINE(FALCON_FW_TOTAL, sizeof(struct nvkm_falcon_fw));
	OFFSET(FUSE_VER_OFFSET, nvkm_falcon_fw, fuse_ver);
	DEFINE(FUSE_VER_SIZE, sizeof_field(struct nvkm_falcon_fw, fuse_ver));
	OFFSET(ENGINE_ID_OFFSET, nvkm_falcon_fw, engine_id);
	DEFINE(ENGINE_ID_SIZE, sizeof_field(struct nvkm_falcon_fw, engine_id));
	OFFSET(UCODE_ID_OFFSET, nvkm_falcon_fw, ucode_id);
	DEFINE(UCODE_ID_SIZE, sizeof_field(struct nvkm_falcon_fw, ucode_id));
	OFFSET(NMEM_BASE_IMG_OFFSET, nvkm_falcon_fw, nmem_base_img);
	DEFINE(NMEM_BASE_IMG_SIZE, sizeof_field(struct nvkm_falcon_fw, nmem_base_img));
	OFFSET(NMEM_BASE_OFFSET, nvkm_falcon_fw, nmem_base);
	DEFINE(NMEM_BASE_SIZE, sizeof_field(struct nvkm_falcon_fw, nmem_base));
	OFFSET(NMEM_SIZE_OFFSET, nvkm_falcon_fw, nmem_size);
	DEFINE(NMEM_SIZE_SIZE, sizeof_field(struct nvkm_falcon_fw, nmem_size));
	OFFSET(IMEM_BASE_IMG_OFFSET, nvkm_falcon_fw, imem_base_img);
	DEFINE(IMEM_BASE_IMG_SIZE, sizeof_field(struct nvkm_falcon_fw, imem_base_img));
	OFFSET(IMEM_BASE_OFFSET, nvkm_falcon_fw, imem_base);
	DEFINE(IMEM_BASE_SIZE, sizeof_field(struct nvkm_falcon_fw, imem_base));
	OFFSET(IMEM_SIZE_OFFSET, nvkm_falcon_fw, imem_size);
	DEFINE(IMEM_SIZE_SIZE, sizeof_field(struct nvkm_falcon_fw, imem_size));
	OFFSET(DMEM_BASE_IMG_OFFSET, nvkm_falcon_fw, dmem_base_img);
	DEFINE(DMEM_BASE_IMG_SIZE, sizeof_field(struct nvkm_falcon_fw, dmem_base_img));
	OFFSET(DMEM_BASE_OFFSET, nvkm_falcon_fw, dmem_base);
	DEFINE(DMEM_BASE_SIZE, sizeof_field(struct nvkm_falcon_fw, dmem_base));
	OFFSET(DMEM_SIZE_OFFSET, nvkm_falcon_fw, dmem_size);
	DEFINE(DMEM_SIZE_SIZE, sizeof_field(struct nvkm_falcon_fw, dmem_size));
	OFFSET(DMEM_SIGN_OFFSET, nvkm_falcon_fw, dmem_sign);
	DEFINE(DMEM_SIGN_SIZE, sizeof_field(struct nvkm_falcon_fw, dmem_sign));
	OFFSET(BOOT_OFFSET, nvkm_falcon_fw, boot);
	DEFINE(BOOT_SIZE, sizeof_field(struct nvkm_falcon_fw, boot));
	OFFSET(BOOT_SIZE_OFFSET, nvkm_falcon_fw, boot_size);
	DEFINE(BOOT_SIZE_SIZE, sizeof_field(struct nvkm_falcon_fw, boot_size));
	OFFSET(BOOT_ADDR_OFFSET, nvkm_falcon_fw, boot_addr);
	DEFINE(BOOT_ADDR_SIZE, sizeof_field(struct nvkm_falcon_fw, boot_addr));

	OFFSET(ELEMENT_HEADER_SIZE, r535_gsp_msg, data);
	OFFSET(ELEMENT_CHECKSUM, r535_gsp_msg, checksum);
	OFFSET(ELEMENT_SEQUENCE, r535_gsp_msg, sequence);
	OFFSET(ELEMENT_COUNT, r535_gsp_msg, elem_count);
	OFFSET(RPC_HEADER_SIZE, nvfw_gsp_rpc, data);
	OFFSET(RPC_VERSION, nvfw_gsp_rpc, header_version);
	OFFSET(RPC_SIGNATURE, nvfw_gsp_rpc, signature);
	OFFSET(RPC_LENGTH, nvfw_gsp_rpc, length);
	OFFSET(RPC_FUNCTION, nvfw_gsp_rpc, function);
	OFFSET(RPC_RESULT, nvfw_gsp_rpc, rpc_result);
	OFFSET(RPC_RESULT_PRIVATE, nvfw_gsp_rpc, rpc_result_private);
	OFFSET(RPC_SEQUENCE, nvfw_gsp_rpc, sequence);
	OFFSET(RPC_SPARE, nvfw_gsp_rpc, spare);
}
