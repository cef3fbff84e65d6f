/* SPDX-License-Identifier: GPL-2.0 */
/* What the example (sample.c) and what is checked of the interface (checks.c) share. */
#ifndef __NVKM_GSP_SAMPLE_H__
#define __NVKM_GSP_SAMPLE_H__
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/wait.h>
#include <bridge/core.h>

/* rm/r535/nvrm: rpcfn.h, msgfn.h, ctrl.h; rm/r570/nvrm/gr.h. All versions have these alike. */
#define FN_GSP_RM_CONTROL 76
#define EVENT_OS_ERROR_LOG 0x1006
#define CMD_GET_GPC_INFO 0x20800137
#define CMD_GET_TPC_INFO 0x20800138

/* rpc_gsp_rm_control_v03_00, with the parameters of CMD_GET_TPC_INFO. */
struct sample_control {
	u32 client;
	u32 object;
	u32 command;
	u32 status;
	u32 params_size;
	u32 flags;
	u32 gpc; /* of CMD_GET_GPC_INFO: gpcMask */
	u32 tpc_mask;
};

#define HEADER_SIZE offsetof(struct sample_control, gpc)

enum { FREE, FLYING, LANDED };

struct sample_slot {
	struct nvkm_gsp_request request;
	struct sample_control command;
	struct sample_control reply;
	struct sample_thread *thread;
	atomic_t state;
};

/* So many are underway at once; the last slot is for those that are waited for. */
#define FLYING_MAX 4
#define PATIENCE (20 * HZ)

struct sample_thread {
	struct nvkm_gsp_core_user *user;
	struct nvkm_gsp_objects objects;
	struct nvkm_gsp_core_user *spare; /* put while the device is suspended, and got again */
	struct nvkm_gsp_listener *listener;
	struct nvkm_gsp_listener *once; /* taken by whoever ends it */
	struct task_struct *task;
	wait_queue_head_t landed;
	struct sample_slot slots[FLYING_MAX + 1];
	u32 gpc[32];
	unsigned int gpcs;
};

/* A control's request: waited for, or with sample.c's own callback. */
void sample_prepare(struct sample_slot *slot, u32 command, u32 gpc, bool wait);

/* What the interface promises beside replies; nothing is underway yet. */
void sample_check_all(struct sample_thread *thread, struct pci_dev *pdev);

/* One line of the result. */
void sample_check(const char *name, bool ok);
void sample_checks_show(struct seq_file *m);
void sample_checks_forget(void);
#endif
