/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What fw calls in C, besides ../helpers.h (nvkm/subdev/gsp/rust_fw.c).
 */
#ifndef __NVKM_BRIDGE_HELPERS_FW_H__
#define __NVKM_BRIDGE_HELPERS_FW_H__
#include <subdev/gsp.h>

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
 * Makes size bytes of pages, mapped for the device, for nvkm_gsp_sg_free(): nvkm_gsp_sg(), whose
 * way out of a failure unmaps what was not mapped. On error nothing is left.
 */
int nvkm_rust_sg(struct nvkm_gsp *gsp, u64 size, struct sg_table *sgt);

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

/* nvkm_fsp_verify_gsp_fmc(); sizes in bytes. */
bool nvkm_rust_fmc_fits(struct nvkm_gsp *gsp, u32 hash, u32 pkey, u32 sig);
#endif
