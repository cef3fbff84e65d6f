/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract of shadow mode: C serves, and Rust computes beside it what it would have done.
 */
#ifndef __NVKM_BRIDGE_SHADOW_H__
#define __NVKM_BRIDGE_SHADOW_H__
#include <subdev/gsp.h>

/**
 * DOC: shadow, beside C
 *
 * Not a subsystem but a way to look at some (nouveau.rust_gsp=shadow): C has done its part and
 * left what it made in struct nvkm_gsp; from the same inputs Rust computes the same, by the code
 * that serves when Rust is chosen, and both are compared. Of fw that is all that files and VBIOS
 * decide, of boot the layout, all structures and lists that are handed over, and which signature
 * is chosen, of rpc each element that is sent.
 *
 * Nothing is written but counters and the log, no memory is kept beyond a call, and nothing that
 * happens in here changes what C does: no function returns anything. Fields of struct nvkm_gsp
 * that are read are those of bridge/fw.h, bridge/boot.h and bridge/rpc.h, fws.rm, fws.bl,
 * fws.booter and fw.img. Registers are read, never written: that of the VGA workspace where there
 * is a display, those of the MMU lock on GA100, and that of the fuse, each directly behind C's
 * read of it (of the lock: behind C's last).
 *
 * A value that differs goes to nvkm_rust_shadow_report(). So does an errno, where Rust cannot
 * compute what C could (its name then ends in "errno"). Where Rust differs from C on purpose
 * (migration-plan.md), what a well-formed file or a well-behaved device cannot show is not looked
 * for, and the one thing that such a file can show, the last page of an image that C's radix3
 * leaves out, is left out of the comparison.
 *
 * Life of the state: from nvkm_gsp_new_() to the beginning of nvkm_gsp_dtor(), as those of the
 * subsystems. Context: all calls may sleep. Those of fw and boot are made by the thread that
 * probes, suspends or resumes the device, those of rpc under cmdq.mutex.
 */

/**
 * nvkm_rs_shadow_new() - Begin the state for a device.
 * @gsp: the device's GSP
 * @ver: version of the firmware that was found, like "570.144", not terminated
 * @ver_len: its length in bytes
 *
 * Return: the state, for nvkm_rs_shadow_free(); ERR_PTR(-ENOMEM); ERR_PTR(-EOPNOTSUPP) for a
 * version whose interface is not known.
 */
void *nvkm_rs_shadow_new(struct nvkm_gsp *gsp, const char *ver, size_t ver_len);

/**
 * nvkm_rs_shadow_free() - End it.
 * @state: what nvkm_rs_shadow_new() gave, not used by anyone any more; NULL is nothing
 */
void nvkm_rs_shadow_free(void *state);

/**
 * nvkm_rs_shadow_fw() - Compare what the files became, before C lets go of them.
 * @state: the state
 * @signature: name of the section that has the image's signature
 * @brom: whether the booters are made by ga102_gsp_booter_ctor()
 * @image: the image's pages, mapped
 */
void nvkm_rs_shadow_fw(void *state, const char *signature, bool brom, struct sg_table *image);

/**
 * nvkm_rs_shadow_fwsec() - Compare FWSEC and the command in it.
 * @state: the state
 * @fw: what nvkm_gsp_fwsec_init() made
 * @name: the image's name
 * @init_cmd: NVFW_FALCON_APPIF_DMEMMAPPER_CMD_*
 */
void nvkm_rs_shadow_fwsec(void *state, struct nvkm_falcon_fw *fw, const char *name, u32 init_cmd);

/**
 * nvkm_rs_shadow_top() - Compare what of the frame buffer is not GSP-RM's.
 * @state: the state
 */
void nvkm_rs_shadow_top(void *state);

/**
 * nvkm_rs_shadow_layout() - Compare the layout of the frame buffer, and what the booter is told.
 * @state: the state
 */
void nvkm_rs_shadow_layout(void *state);

/**
 * nvkm_rs_shadow_libos() - Compare what libos and RM are handed.
 * @state: the state
 */
void nvkm_rs_shadow_libos(void *state);

/**
 * nvkm_rs_shadow_signature() - Compare which signature goes into an image.
 * @state: the state
 * @fw: the image, with all of its signatures
 * @sec2: whether it is for SEC2, and not for the GSP
 * @index: which one C has chosen; an errno if none
 */
void nvkm_rs_shadow_signature(void *state, struct nvkm_falcon_fw *fw, bool sec2, int index);

/**
 * nvkm_rs_shadow_save() - Compare how much is saved at suspend, and what the booter is told of it.
 * @state: the state
 * @size: bytes, as C has reckoned them
 */
void nvkm_rs_shadow_save(void *state, u64 size);

/**
 * nvkm_rs_shadow_resume() - Compare what RM is told when it comes back from a suspend.
 * @state: the state
 */
void nvkm_rs_shadow_resume(void *state);

/**
 * nvkm_rs_shadow_command() - A command is going to be sent, by nvkm_rs_shadow_element()s.
 * @state: the state
 * @fn: its RPC function
 * @size: its bytes of payload
 */
void nvkm_rs_shadow_command(void *state, u32 fn, u32 size);

/**
 * nvkm_rs_shadow_element() - Compare an element that stands in the queue, not yet published.
 * @state: the state
 * @rpc: its RPC header and payload, in the driver's memory
 * @size: bytes of the element, with its own header before @rpc: whole pages
 * @next: the write pointer that is going to be published
 */
void nvkm_rs_shadow_element(void *state, const void *rpc, u32 size, u32 next);
#endif
