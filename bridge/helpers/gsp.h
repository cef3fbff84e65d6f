/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What gsp calls in C, besides ../helpers.h (nvkm/subdev/gsp/rust_gsp.c).
 */
#ifndef __NVKM_BRIDGE_HELPERS_GSP_H__
#define __NVKM_BRIDGE_HELPERS_GSP_H__
#include <subdev/gsp.h>

/* What GSP-RM is told of the system, as the device and PCI have it. */
struct nvkm_rust_gsp_system {
	u64 registers;
	u64 frame_buffer;
	u64 instance;
	u64 pci;
	u64 max_user_va;
	u32 mirror_base;
	u32 mirror_size;
	u32 device_id;
	u32 subsystem_id;
	u32 revision;
	bool primary;
};

/* -ENODEV where there is no PCI. */
int nvkm_rust_gsp_system(struct nvkm_gsp *gsp, struct nvkm_rust_gsp_system *system);

/* nvkm_gsp_rpc_rd() and nvkm_gsp_rpc_done(): the reply's payload, NULL or ERR_PTR, and its end. */
void *nvkm_rust_gsp_ask(struct nvkm_gsp *gsp, u32 fn, u32 size);
void nvkm_rust_gsp_done(struct nvkm_gsp *gsp, void *reply);

/*
 * A control of RM's own subdevice, with size bytes of parameters of which data gives the first
 * len: what it answers, NULL or ERR_PTR, and its end.
 */
void *nvkm_rust_gsp_ctrl(struct nvkm_gsp *gsp, u32 cmd, const void *data, u32 len, u32 size);
void nvkm_rust_gsp_ctrl_done(struct nvkm_gsp *gsp, void *params);

/* Whether RM chooses where in the frame buffer some things are. */
bool nvkm_rust_gsp_wpr_moves(struct nvkm_gsp *gsp);

/*
 * Gives an event's data to all who wait for that event of that client. Returns how many there
 * are; -ENOENT if there is no such client.
 */
int nvkm_rust_gsp_notify(struct nvkm_gsp *gsp, u32 hclient, u32 hevent, void *data, u32 size);

/* Puts what the PMU printed into its log; false if there is none, or no room in it. */
bool nvkm_rust_gsp_print(struct nvkm_gsp *gsp, const void *text, u32 len);

/*
 * ACPI: whether the device has a node. Its displays' ids, at most nr; their number, or an errno.
 * A display's multiplexer, mode and part: a bit for each that was told. JT and Optimus
 * capabilities: 0, or an errno.
 */
bool nvkm_rust_acpi(struct nvkm_gsp *gsp);
int nvkm_rust_acpi_dod(struct nvkm_gsp *gsp, u32 *ids, u32 nr);
int nvkm_rust_acpi_mux(struct nvkm_gsp *gsp, u32 id, u32 values[2]);
int nvkm_rust_acpi_jt(struct nvkm_gsp *gsp, u32 *caps);
int nvkm_rust_acpi_caps(struct nvkm_gsp *gsp, u32 *caps);
#endif
