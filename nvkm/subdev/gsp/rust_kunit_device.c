// SPDX-License-Identifier: GPL-2.0
/*
 * The device of the KUnit suites: a GSP without a chip. Its registers are memory, its firmware is
 * made here, what GSP-RM would say is written into the queue by the test.
 */
#include "rust_kunit.h"

#include <kunit/device.h>

#include <linux/elf.h>
#include <linux/firmware.h>

#include <nvfw/fw.h>

/* A section of the image, and room for what the tables need. */
#define NVKM_KUNIT_SECTION 0x1000

static const char nvkm_kunit_names[] = "\0.shstrtab\0.fwimage\0.fwsignature_tu10x";

/* Names of the sections, as offsets. */
static const u8 nvkm_kunit_name[] = { 0, 1, 11, 20 };

static struct firmware *
nvkm_kunit_file(size_t size)
{
	struct firmware *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return NULL;
	file->size = size;
	file->data = vzalloc(size);
	if (!file->data) {
		kfree(file);
		return NULL;
	}
	return file;
}

/* gsp-*.bin: an ELF file of an image and its signature, each with a value of its own. */
static struct firmware *
nvkm_kunit_rm(void)
{
	const size_t nr = ARRAY_SIZE(nvkm_kunit_name);
	struct firmware *file = nvkm_kunit_file((nr + 1) * NVKM_KUNIT_SECTION);
	struct elf64_hdr *header;
	struct elf64_shdr *section;
	u8 *data;

	if (!file)
		return NULL;

	data = (u8 *)file->data;
	header = (void *)data;
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_shoff = sizeof(*header);
	header->e_shentsize = sizeof(*section);
	header->e_shnum = nr;
	header->e_shstrndx = 1;

	section = (void *)&data[header->e_shoff];
	for (size_t i = 1; i < nr; i++) {
		section[i].sh_name = nvkm_kunit_name[i];
		section[i].sh_offset = (i + 1) * NVKM_KUNIT_SECTION;
		section[i].sh_size = NVKM_KUNIT_SECTION;
		memset(&data[section[i].sh_offset], i, NVKM_KUNIT_SECTION);
	}
	memcpy(&data[section[1].sh_offset], nvkm_kunit_names, sizeof(nvkm_kunit_names));
	return file;
}

/* bootloader-*.bin: header, description, code. */
static struct firmware *
nvkm_kunit_bootloader(void)
{
	struct firmware *file = nvkm_kunit_file(0x2000);
	struct nvfw_bin_hdr *header;

	if (!file)
		return NULL;

	header = (void *)file->data;
	header->bin_magic = 0x10de;
	header->bin_ver = 1;
	header->bin_size = file->size;
	header->header_offset = 0x100;
	header->data_offset = 0x1000;
	header->data_size = 0x1000;
	return file;
}

static int
nvkm_kunit_load(struct nvkm_gsp *gsp, int ver, const struct nvkm_gsp_fwif *fwif)
{
	gsp->fws.rm = nvkm_kunit_rm();
	gsp->fws.bl = nvkm_kunit_bootloader();
	if (gsp->fws.rm && gsp->fws.bl)
		return 0;

	nvkm_gsp_dtor_fws(gsp);
	return -ENOMEM;
}

/* TU104's, but for FWSEC, which is in a VBIOS. */
static const struct nvkm_gsp_func nvkm_kunit_gsp = {
	.flcn = &tu102_gsp_flcn,
	.sig_section = ".fwsignature_tu10x",
	.booter.ctor = tu102_gsp_booter_ctor,
	.dtor = r535_gsp_dtor,
	.oneinit = r535_gsp_oneinit,
	.reset = tu102_gsp_reset,
	.rm.gpu = &tu1xx_gpu,
};

static const struct nvkm_gsp_fwif nvkm_kunit_made[] = {
	{ 0, nvkm_kunit_load, &nvkm_kunit_gsp, &r570_rm_tu102, "570.144" },
	{}
};

static const struct nvkm_gsp_fwif nvkm_kunit_files[] = {
	{ 0, tu102_gsp_load, &nvkm_kunit_gsp, &r570_rm_tu102, "570.144" },
	{}
};

static const struct nvkm_device_chip nvkm_kunit_chip = {
	.name = "TU104",
};

static u64
nvkm_kunit_time(struct nvkm_timer *timer)
{
	return ktime_get_ns();
}

static const struct nvkm_timer_func nvkm_kunit_timer = {
	.read = nvkm_kunit_time,
};

static resource_size_t
nvkm_kunit_size(struct nvkm_device *device, enum nvkm_bar_id bar)
{
	return bar == NVKM_BAR0_PRI ? NVKM_KUNIT_PRI : 0;
}

static const struct nvkm_device_func nvkm_kunit_func = {
	.resource_size = nvkm_kunit_size,
};

/* Needs a device on a bus. */
static int
nvkm_kunit_system_info(struct nvkm_gsp *gsp)
{
	return 0;
}

static void
nvkm_kunit_end(void *data)
{
	struct nvkm_kunit *it = data;
	struct nvkm_subdev *subdev = it->gsp ? &it->gsp->subdev : NULL;

	if (it->gsp) {
		/* They go when GSP-RM has said that it runs, which it never does here. */
		nvkm_gsp_mem_dtor(&it->gsp->boot.fw);
		nvkm_gsp_mem_dtor(&it->gsp->libos);
		nvkm_subdev_del(&subdev);
	}
	vfree((void __force *)it->device.pri);
}

struct nvkm_kunit *
nvkm_kunit_new(struct kunit *test, const char *setting, bool files)
{
	struct nvkm_kunit *it = kunit_kzalloc(test, sizeof(*it), GFP_KERNEL);
	struct nvkm_device *device;
	void *registers;
	char name[32];
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, it);
	it->test = test;
	it->timer.func = &nvkm_kunit_timer;

	device = &it->device;
	/* A test may have one with C and one with Rust. */
	snprintf(name, sizeof(name), "nvkm-kunit-%s", setting);
	device->dev = kunit_device_register(test, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device->dev);
	device->dev->dma_mask = &it->dma_mask;
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(device->dev, NVKM_KUNIT_DMA), 0);
	device->func = &nvkm_kunit_func;
	device->name = "kunit";
	device->chip = &nvkm_kunit_chip;
	device->chipset = 0x164;
	device->card_type = TU100;
	it->timer.subdev.device = device;
	device->timer = &it->timer;
	INIT_LIST_HEAD(&device->subdev);
	mutex_init(&device->mutex);
	registers = vzalloc(NVKM_KUNIT_PRI);
	KUNIT_ASSERT_NOT_NULL(test, registers);
	device->pri = (void __iomem __force *)registers;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, nvkm_kunit_end, it), 0);

	nvkm_rust_kunit_setting(setting);
	ret = nvkm_gsp_new_(files ? nvkm_kunit_files : nvkm_kunit_made, device, NVKM_SUBDEV_GSP, -1,
			    &device->gsp);
	nvkm_rust_kunit_setting(NULL);
	it->gsp = device->gsp;
	if (ret == -ENOENT && files)
		return NULL;
	KUNIT_ASSERT_EQ(test, ret, 0);

	it->api = *it->gsp->rm->api;
	it->api_gsp = *it->api.gsp;
	it->api_gsp.set_system_info = nvkm_kunit_system_info;
	it->api.gsp = &it->api_gsp;
	it->gsp->rm->api = &it->api;
	KUNIT_ASSERT_EQ(test, it->gsp->func->oneinit(it->gsp), 0);
	return it;
}

void
nvkm_kunit_reach(struct nvkm_kunit *it, u64 alloc, u64 map)
{
	it->device.dev->coherent_dma_mask = alloc;
	it->dma_mask = map;
}

void
nvkm_kunit_say(struct nvkm_kunit *it, const struct nvkm_kunit_said *said)
{
	struct nvkm_gsp *gsp = it->gsp;
	const u32 length = NVKM_KUNIT_RPC + said->size;
	const u32 pages = DIV_ROUND_UP(NVKM_KUNIT_ELEMENT + length, 0x1000);
	u32 wptr = *gsp->msgq.wptr, *header, *rpc;
	u64 sum = 0;
	u8 *element;

	element = kunit_kzalloc(it->test, pages * 0x1000, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(it->test, element);

	header = (void *)&element[0x20];
	header[1] = 0;
	header[2] = pages;
	rpc = (void *)&element[NVKM_KUNIT_ELEMENT];
	rpc[0] = 0x03000000;
	rpc[1] = ('C' << 24) | ('P' << 16) | ('R' << 8) | 'V';
	rpc[2] = length;
	rpc[3] = said->fn;
	rpc[4] = said->result;
	rpc[6] = said->sequence;
	if (said->words)
		memcpy(&rpc[8], said->words, said->size);
	else
		memset(&rpc[8], said->fill, said->size);

	for (u32 i = 0; i < pages * 0x1000 / sizeof(u64); i++)
		sum ^= ((u64 *)element)[i];
	header[0] = upper_32_bits(sum) ^ lower_32_bits(sum);

	for (u32 i = 0; i < pages; i++) {
		memcpy(gsp->shm.msgq.ptr + 0x1000 + wptr * 0x1000, &element[i * 0x1000], 0x1000);
		wptr = (wptr + 1) % gsp->msgq.cnt;
	}
	wmb(); /* The pointer comes behind what it points at. */
	*gsp->msgq.wptr = wptr;
}

int
nvkm_kunit_event(void *priv, u32 fn, void *repv, u32 repc)
{
	struct nvkm_kunit *it = priv;

	it->events++;
	it->event_size = repc;
	it->event_first = repc ? *(u8 *)repv : 0;
	return 0;
}
