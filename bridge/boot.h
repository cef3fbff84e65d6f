/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between nvkm and whoever serves "boot", from the frame buffer's layout to a
 * GSP-RM that answers, and back.
 */
#ifndef __NVKM_BRIDGE_BOOT_H__
#define __NVKM_BRIDGE_BOOT_H__
#include <subdev/gsp.h>

/**
 * DOC: boot, the hand-over
 *
 * Cut at the entries of tu102_gsp_oneinit(), tu102_gsp_init(), tu102_gsp_fini(),
 * r535_gsp_libos_init(), r535_gsp_init(), r535_gsp_fini(), nvkm_gsp_fwsec_sb() and
 * r535_gsp_msg_run_cpu_sequencer(), and in nvkm_gsp_fwsec_frts() between the making of the image
 * (fw's) and its run. What others serve on the way is called where C calls it:
 * booter.ctor, r535_gsp_oneinit(), r535_gsp_rpc_poll(), r535_gsp_postinit(), fbsr, the message
 * queues. Turing to Ada: from Hopper on boot goes through FSP, and is C's (nvkm_rs_boot_knows()).
 *
 * Fields of struct nvkm_gsp that Rust writes, in the form that r535_gsp_dtor() frees: fb.size,
 * fb.bios, fb.wpr2, fb.heap, wpr_meta, libos, loginit, logintr, logrm, rmargs, shm, cmdq.cnt,
 * cmdq.wptr, cmdq.rptr, msgq.cnt, msgq.wptr, msgq.rptr, debugfs, blob_init, blob_intr, blob_rm,
 * blob_pmu, sr, running. Fields that it reads: subdev, radix3.lvl0.addr, fw.len, sig, boot,
 * fws.falcon.sb, booter.
 *
 * Falcons are claimed as nvkm_falcon_get() claims them while an image runs on them. The log files
 * in debugfs go with the state (nvkm_rs_boot_free()), or, if they are to be kept, with the module.
 *
 * Context: all calls may sleep. All but nvkm_rs_boot_sequencer() are made by the one thread that
 * probes, suspends, resumes or unbinds the device; that one by whoever takes messages out of the
 * queue, under cmdq.mutex. Errors are logged with unit, register and value. Every wait ends.
 */

/**
 * nvkm_rs_boot_knows() - Whether Rust can boot a chip.
 * @chipset: device->chipset
 *
 * Return: false from Hopper on. rust_gsp=1 does not mean boot there, and boot by its name fails.
 */
bool nvkm_rs_boot_knows(u32 chipset);

/**
 * nvkm_rs_boot_new() - Begin the state for a device.
 * @gsp: the device's GSP
 * @ver: version of the firmware that was found, like "570.144", not terminated
 * @ver_len: its length in bytes
 *
 * Return: the state, for nvkm_rs_boot_free(); ERR_PTR(-ENOMEM); ERR_PTR(-EOPNOTSUPP) for a version
 * whose interface is not known, or a chip that Rust cannot boot.
 */
void *nvkm_rs_boot_new(struct nvkm_gsp *gsp, const char *ver, size_t ver_len);

/**
 * nvkm_rs_boot_free() - End it, and the log files.
 * @state: what nvkm_rs_boot_new() gave; not used by anyone any more. Its GSP's log buffers are
 *   still there.
 */
void nvkm_rs_boot_free(void *state);

/**
 * nvkm_rs_boot_oneinit() - Lay the frame buffer out and bring the GSP to where it can be started
 * (tu102_gsp_oneinit()).
 * @gsp: the device's GSP
 *
 * Return: 0; -ENOSPC when the frame buffer is too small; -EIO and -ETIMEDOUT from a falcon;
 * -ENOMEM; what others on the way return.
 */
int nvkm_rs_boot_oneinit(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_boot_libos() - Make what libos and RM are handed: arguments, log buffers and their files
 * in debugfs, shared queues, RM's arguments (r535_gsp_libos_init()).
 * @gsp: the device's GSP
 * @print: the handler of UCODE_LIBOS_PRINT, or NULL
 * @keep: whether the log files are to stay when the device goes (keep_gsp_logging)
 *
 * Return: 0; -ENOMEM; what rpc says to its queues.
 */
int nvkm_rs_boot_libos(struct nvkm_gsp *gsp,
		       int (*print)(void *priv, u32 fn, void *repv, u32 repc), bool keep);

/**
 * nvkm_rs_boot_frts() - Run FWSEC's FRTS command (nvkm_gsp_fwsec_frts()).
 * @gsp: the device's GSP
 * @fw: FWSEC with that command; the caller's to free
 *
 * Return: 0; -EIO, -ETIMEDOUT; -EINVAL for an image that cannot be loaded.
 */
int nvkm_rs_boot_frts(struct nvkm_gsp *gsp, struct nvkm_falcon_fw *fw);

/**
 * nvkm_rs_boot_sb() - Run FWSEC's SB command (nvkm_gsp_fwsec_sb()).
 * @gsp: the device's GSP
 *
 * Return: as nvkm_rs_boot_frts().
 */
int nvkm_rs_boot_sb(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_boot_init() - Run the booter, and start GSP-RM; anew, or from what was saved at suspend
 * (tu102_gsp_init()).
 * @gsp: the device's GSP
 *
 * Return: 0; as nvkm_rs_boot_frts(); as r535_gsp_init().
 */
int nvkm_rs_boot_init(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_boot_start() - Start RISC-V and wait for INIT_DONE (r535_gsp_init()).
 * @gsp: the device's GSP
 * @postinit: what follows the first start
 * @radix3_dtor: frees a page table of what was saved
 *
 * Return: 0; -EIO when RISC-V does not run; what r535_gsp_rpc_poll() and @postinit return.
 */
int nvkm_rs_boot_start(struct nvkm_gsp *gsp, int (*postinit)(struct nvkm_gsp *gsp),
		       void (*radix3_dtor)(struct nvkm_gsp *gsp, struct nvkm_gsp_radix3 *rx3));

/**
 * nvkm_rs_boot_fini() - Stop GSP-RM and take WPR2 down (tu102_gsp_fini()).
 * @gsp: the device's GSP
 * @suspend: enum nvkm_suspend_state; 0 is for good
 *
 * Return: 0; with @suspend what r535_gsp_fini() returns.
 */
int nvkm_rs_boot_fini(struct nvkm_gsp *gsp, u32 suspend);

/**
 * nvkm_rs_boot_stop() - Save what is to survive, tell GSP-RM to unload, wait until it has
 * (r535_gsp_fini()).
 * @gsp: the device's GSP
 * @suspend: enum nvkm_suspend_state; 0 is for good
 * @radix3: makes a page table of a scatterlist
 * @radix3_dtor: frees it
 *
 * Return: 0; -ENOMEM; what fbsr and the message return. After an error nothing is left in sr.
 */
int nvkm_rs_boot_stop(struct nvkm_gsp *gsp, u32 suspend,
		      int (*radix3)(struct nvkm_gsp *gsp, struct sg_table *sgt, u64 size,
				    struct nvkm_gsp_radix3 *rx3),
		      void (*radix3_dtor)(struct nvkm_gsp *gsp, struct nvkm_gsp_radix3 *rx3));

/**
 * nvkm_rs_boot_sequencer() - Do what GSP-RM asks for by RUN_CPU_SEQUENCER.
 * @gsp: the device's GSP
 * @msg: the message's payload
 * @len: its bytes
 *
 * Nothing is done of a message of which a part cannot be done: an address outside of the
 * registers, a save slot that is not there, a command that is cut off or not known.
 *
 * Return: 0; -EINVAL for such a message; -EIO, -ETIMEDOUT.
 */
int nvkm_rs_boot_sequencer(struct nvkm_gsp *gsp, const void *msg, u32 len);
#endif
