// SPDX-License-Identifier: GPL-2.0
// subject: gsp: FWSEC's descriptor may lie outside of the VBIOS
// file: nvkm/subdev/gsp/fwsec.c
// attacks: vbios-desc-beyond vbios-desc-far
// | The VBIOS' table of PMU images says where FWSEC's descriptor is. For an
// | address that the VBIOS does not have nvbios_pointer() returns NULL,
// | which is read from.
// |
// | Refuse it as a descriptor that is not one.
@@
identifier desc;
@@
 nvkm_gsp_fwsec_init(...)
 {
 	<...
-	if (WARN_ON(!(desc->v2.Hdr & 0x00000001)))
+	if (WARN_ON(!desc || !(desc->v2.Hdr & 0x00000001)))
 		return -EINVAL;
 	...>
 }
