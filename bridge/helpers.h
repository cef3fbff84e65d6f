/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Rust calls in C: nvkm's inlines and macros, which bindgen cannot see, one line each
 * (nvkm/subdev/gsp/rust_helpers.c).
 */
#ifndef __NVKM_BRIDGE_HELPERS_H__
#define __NVKM_BRIDGE_HELPERS_H__
#include <subdev/gsp.h>

/* The state that nvkm_rs_<subsystem>_new() gave for this device, or NULL. */
void *nvkm_rust_state(struct nvkm_gsp *gsp, u32 subsys);

/* nvkm_rust_add() */
void nvkm_rust_tally(struct nvkm_gsp *gsp, u32 which, u64 n);

/* One line on the device's log at level NV_DBG_*; text is terminated. */
void nvkm_rust_log(struct nvkm_gsp *gsp, u32 level, const char *text);

/* As r535_gsp_msg_dump() and r535_gsp_rpc_send() print a message, if the log level says so. */
void nvkm_rust_dump(struct nvkm_gsp *gsp, u32 level, bool sent, const void *rpc, u32 len);

/* Tells GSP-RM that the command queue's write pointer has moved. */
void nvkm_rust_doorbell(struct nvkm_gsp *gsp);

/* Has nvkm_rs_rpc_work() called again, soon. */
void nvkm_rust_requeue(struct nvkm_gsp *gsp);

/* usleep_range(1, 2) */
void nvkm_rust_pause(void);

/* ktime_get_ns() */
u64 nvkm_rust_now(void);

void nvkm_rust_rmb(void);
void nvkm_rust_wmb(void);
void nvkm_rust_mb(void);

/* Zeroed memory for a message, or NULL, and its end. */
void *nvkm_rust_alloc(size_t size);
void nvkm_rust_free(void *ptr);

/* nvkm_firmware_get() for a name like "gsp/bootloader-570.144": nvidia/<chip>/<name>.bin */
int nvkm_rust_fw_get(struct nvkm_gsp *gsp, const char *name, const struct firmware **pfw);

/*
 * Reads size bytes at an offset of such a file into a buffer of that size; -EIO if there are
 * fewer. With pfw the file stays open, as a firmware whose data is the buffer.
 */
int nvkm_rust_fw_read(struct nvkm_gsp *gsp, const char *name, size_t offset, void *buf, size_t size,
		      const struct firmware **pfw);

/* Pages, not cleared, and their end. */
void *nvkm_rust_vmalloc(size_t size);
void nvkm_rust_vfree(void *ptr);

/* kmemdup() */
void *nvkm_rust_memdup(const void *ptr, size_t size);

/*
 * Where the pages of a mapped table are, in order: for the CPU (virt may be NULL) and for the
 * device, at most nr of them. Returns how many there are.
 */
size_t nvkm_rust_sg_pages(struct sg_table *sgt, void **virt, u64 *dma, size_t nr);

/*
 * Where FWSEC's descriptor is: the VBIOS' beginning, the descriptor's offset from there, and how
 * many bytes there are from it to the VBIOS' end. -ENOENT if it has none.
 */
int nvkm_rust_fwsec_find(struct nvkm_gsp *gsp, const u8 **data, size_t *offset, size_t *size);

/* device->chipset */
u32 nvkm_rust_chipset(struct nvkm_gsp *gsp);

/* The registers' BAR: its bytes, and nvkm_rd32(), nvkm_wr32() of what lies within. */
u32 nvkm_rust_pri_size(struct nvkm_gsp *gsp);
u32 nvkm_rust_rd32(struct nvkm_gsp *gsp, u32 addr);
void nvkm_rust_wr32(struct nvkm_gsp *gsp, u32 addr, u32 value);

/* fsleep() */
void nvkm_rust_delay(u32 usec);

/*
 * Of the GSP's falcon or SEC2's: nvkm_mc_enable() or nvkm_mc_disable(); who uses it, as
 * nvkm_falcon_get() (-EBUSY if somebody does) and nvkm_falcon_put() have it, without accesses.
 */
void nvkm_rust_pmc(struct nvkm_gsp *gsp, bool sec2, bool on);
int nvkm_rust_falcon_claim(struct nvkm_gsp *gsp, bool sec2);
void nvkm_rust_falcon_release(struct nvkm_gsp *gsp, bool sec2);

/* What was written to a falcon's image goes to the device. */
void nvkm_rust_falcon_sync(struct nvkm_falcon_fw *fw);

/* nvkm_fb_vidmem_size(); whether there is a display. */
u64 nvkm_rust_vidmem_size(struct nvkm_gsp *gsp);
bool nvkm_rust_has_disp(struct nvkm_gsp *gsp);

/* What boot leaves to others on its way. */
int nvkm_rust_booter_ctor(struct nvkm_gsp *gsp, bool unload);
int nvkm_rust_oneinit(struct nvkm_gsp *gsp);
int nvkm_rust_fwsec_frts(struct nvkm_gsp *gsp);
int nvkm_rust_fwsec_sb(struct nvkm_gsp *gsp);
int nvkm_rust_boot_start(struct nvkm_gsp *gsp);
int nvkm_rust_boot_stop(struct nvkm_gsp *gsp, u32 suspend);
int nvkm_rust_init_done(struct nvkm_gsp *gsp, u32 fn);
int nvkm_rust_fbsr_suspend(struct nvkm_gsp *gsp);
void nvkm_rust_fbsr_resume(struct nvkm_gsp *gsp);
int nvkm_rust_ntfy_add(struct nvkm_gsp *gsp, u32 fn, nvkm_gsp_msg_ntfy_func func);

/* nvkm_rust_shared_init(): the queues are there. */
int nvkm_rust_queues(struct nvkm_gsp *gsp);

/*
 * Sends a message: one that is answered, whose reply is waited for and dropped, or one that has
 * neither a reply nor a sequence number.
 */
int nvkm_rust_rpc_send(struct nvkm_gsp *gsp, u32 fn, const void *data, u32 size, bool answered);

/* dev_name() */
const char *nvkm_rust_name(struct nvkm_gsp *gsp);

/* nouveau's directory in debugfs, or NULL. */
struct dentry *nvkm_rust_debugfs_root(void);

/* A file that stands for a blob, of the blob's size, or NULL. */
struct dentry *nvkm_rust_blob_file(const char *name, struct dentry *dir,
				   struct debugfs_blob_wrapper *blob);

/* Has fini called with the argument when the module goes. */
int nvkm_rust_at_exit(void (*fini)(void *), void *data);

/* kzalloc(), and its end. */
void *nvkm_rust_kzalloc(size_t size);
void nvkm_rust_kfree(const void *ptr);

/* nvkm_fsp_verify_gsp_fmc(); sizes in bytes. */
bool nvkm_rust_fmc_fits(struct nvkm_gsp *gsp, u32 hash, u32 pkey, u32 sig);

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
