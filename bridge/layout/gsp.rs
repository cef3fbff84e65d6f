// SPDX-License-Identifier: GPL-2.0

//! What `gsp` reads and writes.

use super::{
    super::bindings::nvkm_gsp,
    *, //
};

check! { nvkm_gsp:
    CLIENT_OFFSET, CLIENT_SIZE: internal.client;
    CLIENT_CLIENT_OFFSET, CLIENT_CLIENT_SIZE: internal.client.object.client;
    CLIENT_PARENT_OFFSET, CLIENT_PARENT_SIZE: internal.client.object.parent;
    CLIENT_HANDLE_OFFSET, CLIENT_HANDLE_SIZE: internal.client.object.handle;
    CLIENT_GSP_OFFSET, CLIENT_GSP_SIZE: internal.client.gsp;
    CLIENT_EVENTS_OFFSET, CLIENT_EVENTS_SIZE: internal.client.events;
    DEVICE_CLIENT_OFFSET, DEVICE_CLIENT_SIZE: internal.device.object.client;
    DEVICE_PARENT_OFFSET, DEVICE_PARENT_SIZE: internal.device.object.parent;
    DEVICE_HANDLE_OFFSET, DEVICE_HANDLE_SIZE: internal.device.object.handle;
    SUBDEV_CLIENT_OFFSET, SUBDEV_CLIENT_SIZE: internal.device.subdevice.client;
    SUBDEV_PARENT_OFFSET, SUBDEV_PARENT_SIZE: internal.device.subdevice.parent;
    SUBDEV_HANDLE_OFFSET, SUBDEV_HANDLE_SIZE: internal.device.subdevice.handle;
    BAR1_PDB_OFFSET, BAR1_PDB_SIZE: bar.rm_bar1_pdb;
    BAR2_PDB_OFFSET, BAR2_PDB_SIZE: bar.rm_bar2_pdb;
    GPCS_OFFSET, GPCS_SIZE: gr.gpcs;
    TPCS_OFFSET, TPCS_SIZE: gr.tpcs;
    REGION_OFFSET, REGION_SIZE: fb.region;
    REGION_NR_OFFSET, REGION_NR_SIZE: fb.region_nr;
    RSVD_SIZE_OFFSET, RSVD_SIZE_SIZE: fb.rsvd_size;
    INTR_OFFSET, INTR_SIZE: intr;
    INTR_NR_OFFSET, INTR_NR_SIZE: intr_nr;
}

check_first! { nvkm_gsp:
    REGION_ADDR_OFFSET, REGION_ADDR_SIZE: fb.region[0].addr;
    REGION_BYTES_OFFSET, REGION_BYTES_SIZE: fb.region[0].size;
    INTR_TYPE_OFFSET, INTR_TYPE_SIZE: intr[0].type_;
    INTR_INST_OFFSET, INTR_INST_SIZE: intr[0].inst;
    INTR_STALL_OFFSET, INTR_STALL_SIZE: intr[0].stall;
    INTR_NONSTALL_OFFSET, INTR_NONSTALL_SIZE: intr[0].nonstall;
}
