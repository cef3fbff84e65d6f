/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One core function for other drivers: submit a command to GSP-RM and get its reply.
 *
 * For drivers in C, such as a VFIO or vGPU manager beside nouveau. It is the same whichever side,
 * C or Rust, serves nouveau's rpc.
 */
#ifndef __NVKM_BRIDGE_CORE_H__
#define __NVKM_BRIDGE_CORE_H__
#include <linux/types.h>

struct pci_dev;

/**
 * DOC: core, submitting commands beside nouveau
 *
 * A driver gets a handle for a device that nouveau has brought up, by nvkm_gsp_get(), submits
 * commands by nvkm_gsp_submit(), and gives the handle back by nvkm_gsp_put(). It may keep the
 * handle as long as it likes: the handle keeps nouveau loaded, but not bound. Once nouveau
 * unbinds from the device every submit ends with -ENODEV, and what was underway has ended, with
 * its callbacks, before GSP-RM goes down. The handle stays dead when nouveau binds again; another
 * one is got then.
 *
 * While the device is suspended, submits end with -EAGAIN: a system that goes to sleep must not
 * wait for a caller that waits for it. A device that is only idle (runtime suspend) is woken up for
 * the time of a command.
 *
 * Payloads are NVIDIA's structures, and these are those of one firmware version. So a caller says
 * which version its payloads are made for, and is refused if the device runs another one.
 *
 * Objects: nvkm_gsp_get() makes an RM client, device and subdevice of the handle's own, with
 * handles that nouveau does not use. They are the objects of controls and the parents of what the
 * caller allocates under handles of its choice below that client, and go, with all below them, with
 * the handle or with the device.
 *
 * A control is function GSP_RM_CONTROL with an rpc_gsp_rm_control (client, object, control, status,
 * bytes of parameters, flags) and the parameters behind it, an allocation GSP_RM_ALLOC with an
 * rpc_gsp_rm_alloc, the end of an object FREE: nvkm/subdev/gsp/rm/r535/nvrm/ctrl.h and alloc.h. The
 * reply is the same again, with what RM has written. selftests/core/sample.c does it.
 *
 * GSP-RM takes one command at a time, nouveau's and all callers'. What is waited for keeps its
 * order; asynchronous commands have none among each other.
 *
 * Context: all functions may sleep, and none may be called from a handler of nvkm's own. All may be
 * called from callbacks of this interface, but for nvkm_gsp_put() of that handle. A callback may
 * sleep, and submit a command and wait for it; it does not wait for another callback.
 */

#define NVKM_GSP_CORE_VERSION 1

struct nvkm_gsp_core_user;

/**
 * struct nvkm_gsp_request - A command, and what became of it.
 * @size: sizeof(struct nvkm_gsp_request), as the caller knows it
 * @function: RPC function (NV_VGPU_MSG_FUNCTION_*)
 * @command: the command's payload, behind the RPC header
 * @command_size: its bytes, 1 to NVKM_GSP_COMMAND_MAX. GSP-RM writes the reply in the command's
 *   place, so that this is also as much as the reply can have
 * @reply: where the reply's payload goes; may be @command; NULL to drop it
 * @reply_size: room there, in bytes; what a reply has beyond that is dropped
 * @replied: bytes that the reply has, or 0; more than @reply_size if it was cut
 * @status: 0; -EIO: GSP-RM refused the command, or gave no reply; -ENODEV: the device went;
 *   -EAGAIN: it is suspended; -ENOMEM; -ETIMEDOUT
 * @done: called once, from a work item, when @status is set; NULL to wait for it in
 *   nvkm_gsp_submit()
 * @private: for the caller
 *
 * With @done the request, @command and @reply are the interface's from nvkm_gsp_submit() until
 * @done is called. NV_STATUS of a control or of an allocation is in the reply, and not looked at.
 */
struct nvkm_gsp_request {
	u32 size;
	u32 function;
	const void *command;
	u32 command_size;
	u32 reply_size;
	void *reply;
	u32 replied;
	int status;
	void (*done)(struct nvkm_gsp_request *request);
	void *private;
};

#define NVKM_GSP_COMMAND_MAX 0x100000

/**
 * struct nvkm_gsp_objects - RM's objects of a handle.
 * @client: hClient
 * @device: hDevice, class NV01_DEVICE_0
 * @subdevice: hSubdevice, class NV20_SUBDEVICE_0
 */
struct nvkm_gsp_objects {
	u32 client;
	u32 device;
	u32 subdevice;
};

/**
 * nvkm_gsp_get() - A handle for a device that nouveau has brought up with GSP-RM.
 * @pdev: the device
 * @version: NVKM_GSP_CORE_VERSION
 * @firmware: the firmware that the caller's payloads are made for, like "570.144"; NULL if the
 *   caller will look at nvkm_gsp_firmware() itself
 *
 * Return: the handle, for nvkm_gsp_put(); ERR_PTR(-EPROTO) if the interface or the firmware is
 * another one, with a line in the log; ERR_PTR(-ENODEV) if nouveau has no GSP-RM running there;
 * ERR_PTR(-EAGAIN) if the device is suspended; or what RM's objects could not be made for.
 */
struct nvkm_gsp_core_user *nvkm_gsp_get(struct pci_dev *pdev, u32 version, const char *firmware);

/**
 * nvkm_gsp_put() - Give a handle back.
 * @user: the handle, not used by anyone any more; NULL is nothing
 *
 * Waits for the handle's callbacks, of commands and of listeners. Its objects are freed; while the
 * device is suspended that is done when it is up again.
 */
void nvkm_gsp_put(struct nvkm_gsp_core_user *user);

/**
 * nvkm_gsp_firmware() - The firmware that the device of a handle runs.
 * @user: the handle
 *
 * Return: its version, like "570.144"; valid until nvkm_gsp_put().
 */
const char *nvkm_gsp_firmware(struct nvkm_gsp_core_user *user);

/**
 * nvkm_gsp_objects_of() - RM's objects of a handle.
 * @user: the handle
 *
 * Return: the objects.
 */
struct nvkm_gsp_objects nvkm_gsp_objects_of(struct nvkm_gsp_core_user *user);

/**
 * nvkm_gsp_submit() - Submit a command to GSP-RM, and get its reply.
 * @user: the handle
 * @request: the command
 *
 * Return: without @request->done the command's status; with it 0 if it was accepted, and @done
 * will be called with the status, however it ends; -EPROTO, with a line in the log, if @request
 * has another size; -EINVAL if its sizes cannot be; -ENOMEM. An error is never followed by a call
 * of @done.
 */
int nvkm_gsp_submit(struct nvkm_gsp_core_user *user, struct nvkm_gsp_request *request);

struct nvkm_gsp_listener;

/**
 * nvkm_gsp_listen() - Be told of an event of GSP-RM's.
 * @user: the handle
 * @event: its number (NV_VGPU_MSG_EVENT_*)
 * @call: called for each, from a work item, with the event's payload, which it does not keep
 * @private: its first argument
 *
 * Nouveau's own handler of the event, if it has one, is called as ever. Calls are made one after
 * the other, of all listeners of a device, in the order in which events came. Where more than 256
 * wait for one of them, or memory is short, the event is lost to it, with a line in the log.
 *
 * Return: for nvkm_gsp_unlisten(); ERR_PTR(-ENOMEM); ERR_PTR(-ENODEV) if the device went.
 */
struct nvkm_gsp_listener *nvkm_gsp_listen(struct nvkm_gsp_core_user *user, u32 event,
					  void (*call)(void *private, u32 event,
						       const void *payload, u32 size),
					  void *private);

/**
 * nvkm_gsp_unlisten() - Be told no more.
 * @listener: what nvkm_gsp_listen() gave; NULL is nothing
 *
 * When it returns, @call is not running and will not be called, but for the call that it was
 * called from. To be called before nvkm_gsp_put() of its handle.
 */
void nvkm_gsp_unlisten(struct nvkm_gsp_listener *listener);
#endif
