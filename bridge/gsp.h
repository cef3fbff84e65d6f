/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between nvkm and whoever serves "gsp", what GSP-RM is told, asked, and heard of.
 */
#ifndef __NVKM_BRIDGE_GSP_H__
#define __NVKM_BRIDGE_GSP_H__
#include <subdev/gsp.h>

/**
 * DOC: gsp, the hand-over
 *
 * Cut at the entries of r535_gsp_set_system_info(), r570_gsp_set_system_info(),
 * r535_gsp_rpc_set_registry(), r535_gsp_get_static_info(), r570_gsp_get_static_info(),
 * r535_gsp_intr_get_table(), nvkm_gsp_gcx_ready(), r535_gsp_drop_send_user_shared_data(),
 * r570_gsp_drop_post_nocat_record(), and of the handlers r535_gsp_msg_post_event(),
 * r535_gsp_msg_mmu_fault_queued(), r535_gsp_msg_os_error_log() and r535_gsp_msg_libos_print()
 *. When they are called, and which handlers are there, stays C's, as does
 * RC_TRIGGERED, whose handler is fifo's.
 *
 * Messages go through gsp->rm->api->rpc and ctrl, so that it does not matter who serves those.
 * What a reply says of its length bounds what is read of it. Neither needs locks of their
 * callers'.
 *
 * Fields of struct nvkm_gsp that Rust writes: internal.client and internal.device (of which the
 * handles are RM's own, and nothing is to be freed; the list of events is made empty with every
 * firmware), bar.rm_bar1_pdb, bar.rm_bar2_pdb, fb.region, fb.region_nr, fb.rsvd_size, gr.gpcs,
 * gr.tpcs, memsys.use_raw_mode_comptagline_alloc, intr, intr_nr; two fields of what wpr_meta
 * points to, where RM chooses them; the bytes that blob_pmu points to. Fields that it reads:
 * subdev.debug, fb.heap.addr, shm.msgq.size, wpr_meta. C's registry_list and registry_rpc_size
 * are not used.
 *
 * Context: all calls may sleep. All but nvkm_rs_gsp_event() are made by the one thread that
 * probes or suspends the device; that one by whoever takes messages out of the queue, under
 * cmdq.mutex or the lock of Rust's rpc, so that it must not send any.
 */

/**
 * nvkm_rs_gsp_new() - Begin the state for a device.
 * @gsp: the device's GSP
 * @ver: version of the firmware that was found, like "570.144", not terminated
 * @ver_len: its length in bytes
 *
 * Return: the state, for nvkm_rs_gsp_free(); ERR_PTR(-ENOMEM); ERR_PTR(-EOPNOTSUPP) for a version
 * whose interface is not known.
 */
void *nvkm_rs_gsp_new(struct nvkm_gsp *gsp, const char *ver, size_t ver_len);

/**
 * nvkm_rs_gsp_free() - End it.
 * @state: what nvkm_rs_gsp_new() gave; not used by anyone any more
 */
void nvkm_rs_gsp_free(void *state);

/**
 * nvkm_rs_gsp_set_system_info() - Tell RM of the system, ACPI included.
 * @gsp: the device's GSP
 *
 * Return: 0; -ENODEV where there is no PCI; -ENOMEM; what the message queue returns.
 */
int nvkm_rs_gsp_set_system_info(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_gsp_set_registry() - Give RM its registry (r535_gsp_rpc_set_registry()).
 * @gsp: the device's GSP
 * @setting: the user's keys (NVreg_RegistryDwords), terminated, or NULL; what is wrong in it is
 *   left out, with a line in the log
 *
 * Return: 0; -ENOMEM; what the message queue returns.
 */
int nvkm_rs_gsp_set_registry(struct nvkm_gsp *gsp, const char *setting);

/**
 * nvkm_rs_gsp_get_static_info() - Ask RM of the GPU.
 * @gsp: the device's GSP
 *
 * Return: 0; -EIO for a reply that is shorter than it has to be, or none; -EINVAL for one that
 * cannot be; what the message queue and the controls return. After an error some fields may be
 * written.
 */
int nvkm_rs_gsp_get_static_info(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_gsp_intr_get_table() - Ask RM of its interrupts (r535_gsp_intr_get_table()).
 * @gsp: the device's GSP, whose internal handles are there
 *
 * Return: 0; -ENOSPC if there are more than there is room for; as nvkm_rs_gsp_get_static_info().
 */
int nvkm_rs_gsp_intr_get_table(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_gsp_gcx_ready() - Ask RM whether the GPU could sleep (nvkm_gsp_gcx_ready()).
 * @gsp: the device's GSP
 *
 * Return: NV_DEVICE_GC6_READY and NV_DEVICE_GCOFF_READY; as nvkm_rs_gsp_get_static_info().
 */
int nvkm_rs_gsp_gcx_ready(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_gsp_drop() - Have events dropped in silence that this firmware's RM sends, and no
 * other's.
 * @gsp: the device's GSP
 *
 * An event for which there is no room is not dropped, but printed.
 */
void nvkm_rs_gsp_drop(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_gsp_event() - Do what is to be done on an event.
 * @gsp: the device's GSP
 * @fn: its number: POST_EVENT, MMU_FAULT_QUEUED, OS_ERROR_LOG or UCODE_LIBOS_PRINT
 * @repv: the message's payload, in the driver's memory
 * @repc: its bytes; more than the queue holds cannot be
 *
 * Functions that wait for an event of an object are called under client_id.mutex, with the
 * event's data, which they must not keep.
 *
 * Return: 0; -EINVAL for a message that is not what it should be; -ENOMSG and -E2BIG for prints
 * that are not the PMU's, or too long. Nobody asks for it.
 */
int nvkm_rs_gsp_event(struct nvkm_gsp *gsp, u32 fn, void *repv, u32 repc);
#endif
