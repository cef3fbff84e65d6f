// SPDX-License-Identifier: GPL-2.0
// subject: device: let go of a device whose constructor failed
// file: nvkm/engine/device/base.c
// attacks: gone-at-power-on
// | nvkm_device_ctor() puts the device into the list of devices before it
// | looks at it, and leaves it there when something fails: memory that is
// | short, or a chip that does not answer. Every later probe of that device
// | then ends with -EEXIST, until the machine is restarted.
// |
// | Take it out of the list with its mapping.
@@
identifier device;
@@
 nvkm_device_ctor(..., struct nvkm_device *device)
 {
 	<...
 		iounmap(device->pri);
 		device->pri = NULL;
+		list_del(&device->head);
 	...>
 }
