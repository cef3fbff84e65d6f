// SPDX-License-Identifier: GPL-2.0
/*
 * What Rust's fw calls in C: see bridge/helpers/fw.h.
 */
#include <subdev/gsp/rust.h>
#include "../../../bridge/helpers/fw.h"

#include <core/device.h>
#include <subdev/bios.h>
#include <subdev/bios/pmu.h>
#include <subdev/fsp.h>

#include <linux/ctype.h>
#include <linux/dma-mapping.h>
#include <linux/firmware.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

int
nvkm_rust_fw_get(struct nvkm_gsp *gsp, const char *name, const struct firmware **pfw)
{
	return nvkm_firmware_get(&gsp->subdev, name, 0, pfw);
}

int
nvkm_rust_fw_read(struct nvkm_gsp *gsp, const char *name, size_t offset, void *buf, size_t size,
		  const struct firmware **pfw)
{
	struct nvkm_device *device = gsp->subdev.device;
	const struct firmware *fw;
	char path[64], chip[16];
	int ret;

	/* As nvkm_firmware_get() names files. */
	strscpy(chip, device->chip->name, sizeof(chip));
	for (char *c = chip; *c; c++)
		*c = tolower(*c);
	snprintf(path, sizeof(path), "nvidia/%s/%s.bin", chip, name);

	ret = request_partial_firmware_into_buf(&fw, path, device->dev, buf, size, offset);
	if (ret)
		return ret;

	ret = fw->size == size ? 0 : -EIO;
	if (!ret && pfw)
		*pfw = fw;
	else
		release_firmware(fw);

	return ret;
}

void *
nvkm_rust_vmalloc(size_t size)
{
	return vmalloc(size);
}

void
nvkm_rust_vfree(void *ptr)
{
	vfree(ptr);
}

void *
nvkm_rust_memdup(const void *ptr, size_t size)
{
	return kmemdup(ptr, size, GFP_KERNEL);
}

int
nvkm_rust_sg(struct nvkm_gsp *gsp, u64 size, struct sg_table *sgt)
{
	const u64 pages = DIV_ROUND_UP(size, PAGE_SIZE);
	struct scatterlist *sgl;
	int ret, i;

	if (pages > UINT_MAX)
		return -EINVAL;

	ret = sg_alloc_table(sgt, pages, GFP_KERNEL);
	if (ret)
		return ret;

	for_each_sgtable_sg(sgt, sgl, i) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page) {
			ret = -ENOMEM;
			goto free;
		}

		sg_set_page(sgl, page, PAGE_SIZE, 0);
	}

	ret = dma_map_sgtable(gsp->subdev.device->dev, sgt, DMA_BIDIRECTIONAL, 0);
	if (!ret)
		return 0;
free:
	for_each_sgtable_sg(sgt, sgl, i) {
		if (sg_page(sgl))
			__free_page(sg_page(sgl));
	}
	sg_free_table(sgt);
	return ret;
}

size_t
nvkm_rust_sg_pages(struct sg_table *sgt, void **virt, u64 *dma, size_t nr)
{
	struct sg_dma_page_iter dma_iter;
	struct sg_page_iter iter;
	size_t pages = 0, addrs = 0;

	/* A scatterlist page is PAGE_SIZE; GSP's are 4 KiB, and the kernels that run GSP too. */
	BUILD_BUG_ON(PAGE_SIZE != GSP_PAGE_SIZE);

	for_each_sgtable_page(sgt, &iter, 0) {
		if (virt && pages < nr)
			virt[pages] = page_address(sg_page_iter_page(&iter));
		pages++;
	}

	for_each_sgtable_dma_page(sgt, &dma_iter, 0) {
		if (addrs < nr)
			dma[addrs] = sg_page_iter_dma_address(&dma_iter);
		addrs++;
	}

	return virt ? min(pages, addrs) : addrs;
}

int
nvkm_rust_fwsec_find(struct nvkm_gsp *gsp, const u8 **data, size_t *offset, size_t *size)
{
	struct nvkm_bios *bios = gsp->subdev.device->bios;
	struct nvbios_pmuE entry;
	u8 ver, hdr;

	for (u8 idx = 0; nvbios_pmuEp(bios, idx, &ver, &hdr, &entry); idx++) {
		const u8 *desc;

		if (entry.type != 0x85) /* FWSEC */
			continue;

		desc = nvbios_pointer(bios, entry.data);
		if (!desc)
			return -EINVAL;

		*data = nvbios_pointer(bios, 0);
		*offset = desc - *data;
		*size = bios->size - (desc - bios->data);
		return 0;
	}

	return -ENOENT;
}

bool
nvkm_rust_fmc_fits(struct nvkm_gsp *gsp, u32 hash, u32 pkey, u32 sig)
{
	struct nvkm_fsp *fsp = gsp->subdev.device->fsp;

	return fsp && nvkm_fsp_verify_gsp_fmc(fsp, hash, pkey, sig);
}
