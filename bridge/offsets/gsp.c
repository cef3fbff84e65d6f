// SPDX-License-Identifier: GPL-2.0
/*
 * Where the C compiler puts the fields that gsp reads and writes; bridge/layout/gsp.rs holds
 * bindgen's idea of it against this, so that a disagreement fails the build. Compiled to assembly
 * only, as the kernel does for its own asm-offsets.h.
 */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <subdev/gsp.h>

/* What C puts before a control's parameters. */
#include <rm/r535/nvrm/rpcfn.h>
#include <rm/r535/nvrm/ctrl.h>

void nvkm_rust_offsets(void);

void
nvkm_rust_offsets(void)
{
	OFFSET(CLIENT_OFFSET, nvkm_gsp, internal.client);
	DEFINE(CLIENT_SIZE, sizeof_field(struct nvkm_gsp, internal.client));
	OFFSET(CLIENT_CLIENT_OFFSET, nvkm_gsp, internal.client.object.client);
	DEFINE(CLIENT_CLIENT_SIZE, sizeof_field(struct nvkm_gsp, internal.client.object.client));
	OFFSET(CLIENT_PARENT_OFFSET, nvkm_gsp, internal.client.object.parent);
	DEFINE(CLIENT_PARENT_SIZE, sizeof_field(struct nvkm_gsp, internal.client.object.parent));
	OFFSET(CLIENT_HANDLE_OFFSET, nvkm_gsp, internal.client.object.handle);
	DEFINE(CLIENT_HANDLE_SIZE, sizeof_field(struct nvkm_gsp, internal.client.object.handle));
	OFFSET(CLIENT_GSP_OFFSET, nvkm_gsp, internal.client.gsp);
	DEFINE(CLIENT_GSP_SIZE, sizeof_field(struct nvkm_gsp, internal.client.gsp));
	OFFSET(CLIENT_EVENTS_OFFSET, nvkm_gsp, internal.client.events);
	DEFINE(CLIENT_EVENTS_SIZE, sizeof_field(struct nvkm_gsp, internal.client.events));
	OFFSET(DEVICE_CLIENT_OFFSET, nvkm_gsp, internal.device.object.client);
	DEFINE(DEVICE_CLIENT_SIZE, sizeof_field(struct nvkm_gsp, internal.device.object.client));
	OFFSET(DEVICE_PARENT_OFFSET, nvkm_gsp, internal.device.object.parent);
	DEFINE(DEVICE_PARENT_SIZE, sizeof_field(struct nvkm_gsp, internal.device.object.parent));
	OFFSET(DEVICE_HANDLE_OFFSET, nvkm_gsp, internal.device.object.handle);
	DEFINE(DEVICE_HANDLE_SIZE, sizeof_field(struct nvkm_gsp, internal.device.object.handle));
	OFFSET(SUBDEV_CLIENT_OFFSET, nvkm_gsp, internal.device.subdevice.client);
	DEFINE(SUBDEV_CLIENT_SIZE, sizeof_field(struct nvkm_gsp, internal.device.subdevice.client));
	OFFSET(SUBDEV_PARENT_OFFSET, nvkm_gsp, internal.device.subdevice.parent);
	DEFINE(SUBDEV_PARENT_SIZE, sizeof_field(struct nvkm_gsp, internal.device.subdevice.parent));
	OFFSET(SUBDEV_HANDLE_OFFSET, nvkm_gsp, internal.device.subdevice.handle);
	DEFINE(SUBDEV_HANDLE_SIZE, sizeof_field(struct nvkm_gsp, internal.device.subdevice.handle));
	OFFSET(BAR1_PDB_OFFSET, nvkm_gsp, bar.rm_bar1_pdb);
	DEFINE(BAR1_PDB_SIZE, sizeof_field(struct nvkm_gsp, bar.rm_bar1_pdb));
	OFFSET(BAR2_PDB_OFFSET, nvkm_gsp, bar.rm_bar2_pdb);
	DEFINE(BAR2_PDB_SIZE, sizeof_field(struct nvkm_gsp, bar.rm_bar2_pdb));
	OFFSET(GPCS_OFFSET, nvkm_gsp, gr.gpcs);
	DEFINE(GPCS_SIZE, sizeof_field(struct nvkm_gsp, gr.gpcs));
	OFFSET(TPCS_OFFSET, nvkm_gsp, gr.tpcs);
	DEFINE(TPCS_SIZE, sizeof_field(struct nvkm_gsp, gr.tpcs));
	OFFSET(REGION_OFFSET, nvkm_gsp, fb.region);
	DEFINE(REGION_SIZE, sizeof_field(struct nvkm_gsp, fb.region));
	OFFSET(REGION_ADDR_OFFSET, nvkm_gsp, fb.region[0].addr);
	DEFINE(REGION_ADDR_SIZE, sizeof_field(struct nvkm_gsp, fb.region[0].addr));
	OFFSET(REGION_BYTES_OFFSET, nvkm_gsp, fb.region[0].size);
	DEFINE(REGION_BYTES_SIZE, sizeof_field(struct nvkm_gsp, fb.region[0].size));
	OFFSET(REGION_NR_OFFSET, nvkm_gsp, fb.region_nr);
	DEFINE(REGION_NR_SIZE, sizeof_field(struct nvkm_gsp, fb.region_nr));
	OFFSET(RSVD_SIZE_OFFSET, nvkm_gsp, fb.rsvd_size);
	DEFINE(RSVD_SIZE_SIZE, sizeof_field(struct nvkm_gsp, fb.rsvd_size));
	OFFSET(INTR_OFFSET, nvkm_gsp, intr);
	DEFINE(INTR_SIZE, sizeof_field(struct nvkm_gsp, intr));
	OFFSET(INTR_TYPE_OFFSET, nvkm_gsp, intr[0].type);
	DEFINE(INTR_TYPE_SIZE, sizeof_field(struct nvkm_gsp, intr[0].type));
	OFFSET(INTR_INST_OFFSET, nvkm_gsp, intr[0].inst);
	DEFINE(INTR_INST_SIZE, sizeof_field(struct nvkm_gsp, intr[0].inst));
	OFFSET(INTR_STALL_OFFSET, nvkm_gsp, intr[0].stall);
	DEFINE(INTR_STALL_SIZE, sizeof_field(struct nvkm_gsp, intr[0].stall));
	OFFSET(INTR_NONSTALL_OFFSET, nvkm_gsp, intr[0].nonstall);
	DEFINE(INTR_NONSTALL_SIZE, sizeof_field(struct nvkm_gsp, intr[0].nonstall));
	OFFSET(INTR_NR_OFFSET, nvkm_gsp, intr_nr);
	DEFINE(INTR_NR_SIZE, sizeof_field(struct nvkm_gsp, intr_nr));
	OFFSET(CONTROL_HEADER_SIZE, rpc_gsp_rm_control_v03_00, params);
}
