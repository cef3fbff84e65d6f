// SPDX-License-Identifier: GPL-2.0
/*
 * What Rust's gsp calls in C: see bridge/helpers/gsp.h.
 */
#include <subdev/gsp/rust.h>
#include "../../../bridge/helpers/gsp.h"
#include "priv.h"

#include <core/device.h>
#include <core/pci.h>
#include <subdev/pci/priv.h>

/* As C's: this one knows no primary device, whatever the machine is. */
#include <asm-generic/video.h>

#include <linux/acpi.h>

int
nvkm_rust_gsp_system(struct nvkm_gsp *gsp, struct nvkm_rust_gsp_system *system)
{
	struct nvkm_device *device = gsp->subdev.device;
	struct pci_dev *pdev;

	if (device->type == NVKM_DEVICE_TEGRA)
		return -ENODEV;

	pdev = container_of(device, struct nvkm_device_pci, device)->pdev;
	system->registers = device->func->resource_addr(device, NVKM_BAR0_PRI);
	system->frame_buffer = device->func->resource_addr(device, NVKM_BAR1_FB);
	system->instance = device->func->resource_addr(device, NVKM_BAR2_INST);
	system->pci = pci_dev_id(pdev);
	system->max_user_va = TASK_SIZE;
	system->mirror_base = device->pci->func->cfg.addr;
	system->mirror_size = device->pci->func->cfg.size;
	system->device_id = pdev->device << 16 | pdev->vendor;
	system->subsystem_id = pdev->subsystem_device << 16 | pdev->subsystem_vendor;
	system->revision = pdev->revision;
	system->primary = video_is_primary_device(device->dev);
	return 0;
}

void *
nvkm_rust_gsp_ask(struct nvkm_gsp *gsp, u32 fn, u32 size)
{
	return nvkm_gsp_rpc_rd(gsp, fn, size);
}

void
nvkm_rust_gsp_done(struct nvkm_gsp *gsp, void *reply)
{
	nvkm_gsp_rpc_done(gsp, reply);
}

void *
nvkm_rust_gsp_ctrl(struct nvkm_gsp *gsp, u32 cmd, const void *data, u32 len, u32 size)
{
	struct nvkm_gsp_object *subdevice = &gsp->internal.device.subdevice;
	void *argv = nvkm_gsp_rm_ctrl_get(subdevice, cmd, size);
	int ret;

	if (IS_ERR_OR_NULL(argv))
		return argv;

	memcpy(argv, data, min(len, size));
	ret = nvkm_gsp_rm_ctrl_push(subdevice, &argv, size);
	if (ret) {
		nvkm_gsp_rm_ctrl_done(subdevice, argv);
		return ERR_PTR(ret);
	}

	return argv;
}

void
nvkm_rust_gsp_ctrl_done(struct nvkm_gsp *gsp, void *params)
{
	nvkm_gsp_rm_ctrl_done(&gsp->internal.device.subdevice, params);
}

bool
nvkm_rust_gsp_wpr_moves(struct nvkm_gsp *gsp)
{
	return gsp->rm->wpr->offset_set_by_acr;
}

int
nvkm_rust_gsp_notify(struct nvkm_gsp *gsp, u32 hclient, u32 hevent, void *data, u32 size)
{
	struct nvkm_gsp_client *client;
	struct nvkm_gsp_event *event;
	int nr = -ENOENT;

	mutex_lock(&gsp->client_id.mutex);
	client = idr_find(&gsp->client_id.idr, hclient & NVKM_RM_CLIENT_MASK);
	if (client && client->object.handle == hclient) {
		nr = 0;
		list_for_each_entry(event, &client->events, head) {
			if (event->object.handle != hevent)
				continue;
			event->func(event, data, size);
			nr++;
		}
	}
	mutex_unlock(&gsp->client_id.mutex);
	return nr;
}

bool
nvkm_rust_gsp_print(struct nvkm_gsp *gsp, const void *text, u32 len)
{
#ifdef CONFIG_DEBUG_FS
	if (gsp->blob_pmu.data && len <= gsp->blob_pmu.size) {
		memcpy(gsp->blob_pmu.data, text, len);
		return true;
	}
#endif
	return false;
}

#if defined(CONFIG_ACPI) && defined(CONFIG_X86)
static acpi_handle
nvkm_rust_acpi_handle(struct nvkm_gsp *gsp)
{
	return ACPI_HANDLE(gsp->subdev.device->dev);
}

bool
nvkm_rust_acpi(struct nvkm_gsp *gsp)
{
	return nvkm_rust_acpi_handle(gsp);
}

int
nvkm_rust_acpi_dod(struct nvkm_gsp *gsp, u32 *ids, u32 nr)
{
	struct acpi_buffer output = { ACPI_ALLOCATE_BUFFER, NULL };
	union acpi_object *package;
	int ret = -EINVAL;

	if (ACPI_FAILURE(acpi_evaluate_object(nvkm_rust_acpi_handle(gsp), "_DOD", NULL, &output)))
		return -ENOENT;

	package = output.pointer;
	if (!package || package->type != ACPI_TYPE_PACKAGE || package->package.count > nr)
		goto done;

	for (u32 i = 0; i < package->package.count; i++) {
		const union acpi_object *element = &package->package.elements[i];

		if (element->type != ACPI_TYPE_INTEGER)
			goto done;

		ids[i] = element->integer.value;
	}

	ret = package->package.count;
done:
	ACPI_FREE(output.pointer);
	return ret;
}

int
nvkm_rust_acpi_mux(struct nvkm_gsp *gsp, u32 id, u32 values[2])
{
	static const char * const methods[] = { "MXDM", "MXDS" };
	union acpi_object acquire = { .integer = { .type = ACPI_TYPE_INTEGER, .value = 0 } };
	struct acpi_object_list args = { 1, &acquire };
	acpi_handle display = NULL;
	int done = 0;
	u64 value;

	do {
		if (ACPI_FAILURE(acpi_get_next_object(ACPI_TYPE_DEVICE, nvkm_rust_acpi_handle(gsp),
						      display, &display)) || !display)
			return 0;
	} while (acpi_get_local_u64_address(display, &value) || value != id);

	for (u32 i = 0; i < ARRAY_SIZE(methods); i++) {
		if (ACPI_FAILURE(acpi_evaluate_integer(display, (acpi_string)methods[i], &args,
						       &value)))
			continue;

		values[i] = value;
		done |= BIT(i);
	}

	return done;
}

static int
nvkm_rust_acpi_dsm(struct nvkm_gsp *gsp, const guid_t *guid, u64 rev, u64 func, u32 *value)
{
	u32 none = 0;
	union acpi_object argument = {
		.buffer = { ACPI_TYPE_BUFFER, sizeof(none), (u8 *)&none },
	}, *object;
	int ret = -EINVAL;

	object = acpi_evaluate_dsm(nvkm_rust_acpi_handle(gsp), guid, rev, func, &argument);
	if (!object)
		return -ENOENT;

	if (object->type == ACPI_TYPE_BUFFER && object->buffer.length == sizeof(*value)) {
		memcpy(value, object->buffer.pointer, sizeof(*value));
		ret = 0;
	}

	ACPI_FREE(object);
	return ret;
}

int
nvkm_rust_acpi_jt(struct nvkm_gsp *gsp, u32 *caps)
{
	static const guid_t jt = GUID_INIT(0xcbeca351, 0x067b, 0x4924,
					   0x9c, 0xbd, 0xb4, 0x6b, 0x00, 0xb8, 0x6f, 0x34);

	return nvkm_rust_acpi_dsm(gsp, &jt, 0x103, 1, caps);
}

int
nvkm_rust_acpi_caps(struct nvkm_gsp *gsp, u32 *caps)
{
	static const guid_t nvop = GUID_INIT(0xa486d8f8, 0x0bda, 0x471b,
					     0xa7, 0x2b, 0x60, 0x42, 0xa6, 0xb5, 0xbe, 0xe0);

	if (!acpi_check_dsm(nvkm_rust_acpi_handle(gsp), &nvop, 0x100, BIT_ULL(0x1a)))
		return -ENOENT;

	return nvkm_rust_acpi_dsm(gsp, &nvop, 0x100, 0x1a, caps);
}
#else
bool
nvkm_rust_acpi(struct nvkm_gsp *gsp)
{
	return false;
}

int
nvkm_rust_acpi_dod(struct nvkm_gsp *gsp, u32 *ids, u32 nr)
{
	return -ENOENT;
}

int
nvkm_rust_acpi_mux(struct nvkm_gsp *gsp, u32 id, u32 values[2])
{
	return 0;
}

int
nvkm_rust_acpi_jt(struct nvkm_gsp *gsp, u32 *caps)
{
	return -ENOENT;
}

int
nvkm_rust_acpi_caps(struct nvkm_gsp *gsp, u32 *caps)
{
	return -ENOENT;
}
#endif
