/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between nvkm and whoever serves "fw", firmware files to parsed images.
 */
#ifndef __NVKM_BRIDGE_FW_H__
#define __NVKM_BRIDGE_FW_H__
#include <subdev/gsp.h>

/**
 * DOC: fw, the hand-over
 *
 * Cut at the entries of nvkm_gsp_load_fw(), r535_gsp_elf_section(), nvkm_gsp_radix3_sg(),
 * tu102_gsp_booter_ctor(), ga102_gsp_booter_ctor() and nvkm_gsp_fwsec_init(), and where the
 * reading begins in r535_gsp_rm_boot_ctor() and gh100_gsp_oneinit(). Which
 * firmware is asked for, in which order, and what follows when it is not there, stays C's.
 *
 * Whoever owns fw does so for one firmware version: nvkm_firmware_load() may try several, and
 * each attempt begins with nvkm_rs_fw_new(). That is before gsp->func and gsp->rm are set.
 *
 * GSP-RM's image is held once. Its file is read piece by piece (header, table of sections,
 * names, image), the image into pages of its own, which nvkm_firmware_ctor() takes over as they
 * are (nvkm_rs_fw_take()) instead of making a copy. gsp->fws.rm then holds the file's header
 * alone; nvkm_gsp_rm() keeps its meaning. Where a file cannot be read piece by piece (it is
 * compressed, or a security module wants to see all of it at once), it is read whole and copied
 * as in C, and the counter "copies" says so.
 *
 * Fields of struct nvkm_gsp that Rust writes, in the form that r535_gsp_dtor() frees: radix3
 * (and sr.radix3), boot.fw, boot.code_offset, boot.data_offset, boot.manifest_offset,
 * boot.app_version, fmc.fw, fmc.hash, fmc.pkey, fmc.sig. Those of struct nvkm_falcon_fw are
 * written through nvkm_falcon_fw_ctor() and nvkm_falcon_fw_sign(), and then fuse_ver, engine_id,
 * ucode_id, nmem_*, imem_*, dmem_*, boot, boot_size, boot_addr. Fields that Rust reads:
 * subdev.device, fb.wpr2.frts.
 *
 * Life of the state: nvkm_rs_fw_new() at the first file of an attempt; what it holds of files is
 * let go in nvkm_rs_fw_release(), at the end of nvkm_gsp_dtor_fws(); nvkm_rs_fw_free() at the
 * next attempt or at the beginning of nvkm_gsp_dtor().
 *
 * Context: all calls may sleep, and are made by the one thread that probes, suspends or resumes
 * the device. Errors are logged with file, structure, field and offset.
 */

/**
 * nvkm_rs_fw_new() - Begin the state for one firmware version.
 * @gsp: the device's GSP
 * @ver: firmware version like "570.144", not terminated
 * @ver_len: its length in bytes
 *
 * Return: the state, for nvkm_rs_fw_free(); ERR_PTR(-ENOMEM); ERR_PTR(-EOPNOTSUPP) for a version
 * whose interface is not known.
 */
void *nvkm_rs_fw_new(struct nvkm_gsp *gsp, const char *ver, size_t ver_len);

/**
 * nvkm_rs_fw_free() - End it.
 * @state: what nvkm_rs_fw_new() gave; not used by anyone any more
 */
void nvkm_rs_fw_free(void *state);

/**
 * nvkm_rs_fw_load() - Load a firmware file (nvkm_gsp_load_fw()).
 * @gsp: the device's GSP
 * @name: its name without version and directory: "gsp", "bootloader", "booter_load", ...
 * @ver: firmware version
 * @pfw: where the file goes, to be given back by nvkm_firmware_put(); of "gsp" only the header,
 *   unless it had to be read whole
 *
 * Return: 0; -ENOENT (quietly, for the next version may be there); -EINVAL for a file that is
 * not what it should be; -EIO if it is shorter than it says; -ENOMEM.
 */
int nvkm_rs_fw_load(struct nvkm_gsp *gsp, const char *name, const char *ver,
		    const struct firmware **pfw);

/**
 * nvkm_rs_fw_release() - Let go of what is held of files (nvkm_gsp_dtor_fws()).
 * @gsp: the device's GSP
 */
void nvkm_rs_fw_release(struct nvkm_gsp *gsp);

/**
 * nvkm_rs_fw_section() - Find a section of GSP-RM's ELF file (r535_gsp_elf_section()).
 * @gsp: the device's GSP
 * @name: the section's name
 * @pdata: where its address goes; valid until nvkm_rs_fw_release()
 * @psize: where its size in bytes goes
 *
 * Return: 0; -ENOENT if there is none of that name; the errors of nvkm_rs_fw_load().
 */
int nvkm_rs_fw_section(struct nvkm_gsp *gsp, const char *name, const u8 **pdata, u64 *psize);

/**
 * nvkm_rs_fw_take() - Take over the image's pages.
 * @gsp: the device's GSP
 * @src: an address that nvkm_rs_fw_section() gave
 * @len: bytes
 *
 * Return: @src, now the caller's to free by vfree(), with its last page zeroed behind @len bytes;
 * NULL if it is not such memory, and has to be copied.
 */
void *nvkm_rs_fw_take(struct nvkm_gsp *gsp, const void *src, size_t len);

/**
 * nvkm_rs_fw_radix3() - Build the table through which GSP sees an image (nvkm_gsp_radix3_sg()).
 * @gsp: the device's GSP
 * @sgt: the image, mapped for the device
 * @size: its bytes
 * @rx3: where the levels go, to be freed by nvkm_gsp_radix3_dtor(); untouched on error
 *
 * Return: 0; -EINVAL for no bytes, or more than a table can tell; -ENOMEM.
 */
int nvkm_rs_fw_radix3(struct nvkm_gsp *gsp, struct sg_table *sgt, u64 size,
		      struct nvkm_gsp_radix3 *rx3);

/**
 * nvkm_rs_fw_bootloader() - GSP-RM's first code (r535_gsp_rm_boot_ctor()).
 * @gsp: the device's GSP, whose boot is filled in
 * @fw: the file
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int nvkm_rs_fw_bootloader(struct nvkm_gsp *gsp, const struct firmware *fw);

/**
 * nvkm_rs_fw_booter() - A booter (tu102_gsp_booter_ctor(), ga102_gsp_booter_ctor()).
 * @gsp: the device's GSP
 * @func: how such images are run
 * @name: the image's name in messages
 * @blob: the file
 * @falcon: where it is going to run
 * @fw: what is made; on error nothing is left in it
 * @brom: whether the falcon's boot ROM checks it (GA102 and later)
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int nvkm_rs_fw_booter(struct nvkm_gsp *gsp, const struct nvkm_falcon_fw_func *func,
		      const char *name, const struct firmware *blob, struct nvkm_falcon *falcon,
		      struct nvkm_falcon_fw *fw, bool brom);

/**
 * nvkm_rs_fw_fmc() - GSP-FMC, from Hopper on (gh100_gsp_oneinit()).
 * @gsp: the device's GSP, whose fmc is filled in
 * @fw: the file
 *
 * Return: 0; -ENODATA for a file that is not what it should be; -EINVAL if the chip's FSP takes
 * other sizes of hash, key and signature; -ENOMEM.
 */
int nvkm_rs_fw_fmc(struct nvkm_gsp *gsp, const struct firmware *fw);

/**
 * nvkm_rs_fw_fwsec() - FWSEC out of the VBIOS, with a command in it (nvkm_gsp_fwsec_init()).
 * @gsp: the device's GSP; for the FRTS command fb.wpr2.frts says where
 * @func: how it is run
 * @fw: what is made; on error nothing is left in it
 * @name: the image's name in messages
 * @init_cmd: NVFW_FALCON_APPIF_DMEMMAPPER_CMD_*
 *
 * Return: 0; -EINVAL for a VBIOS without it, or with one that is not what it should be, and for
 * an unknown command; -ENOENT if the loader that version 2 wants (acr/bl) is not there; -ENOMEM.
 */
int nvkm_rs_fw_fwsec(struct nvkm_gsp *gsp, const struct nvkm_falcon_fw_func *func,
		     struct nvkm_falcon_fw *fw, const char *name, u32 init_cmd);
#endif
