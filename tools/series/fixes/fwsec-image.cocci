// SPDX-License-Identifier: GPL-2.0
// subject: gsp: check where FWSEC and its parts lie
// file: nvkm/subdev/gsp/fwsec.c
// attacks: vbios-imem-size-ampere vbios-dmem-offset vbios-interface-beyond vbios-interface-beyond-ampere vbios-signatures-none vbios-signatures-many
// | FWSEC is copied out of the VBIOS by the sizes in its descriptor, and the
// | copy is changed where its interface table says. Sizes and offsets are
// | taken as they are: what is copied may lie behind the VBIOS, what is
// | changed behind the copy, there may be more signatures than the
// | descriptor has room for, and a descriptor without a signature leaves a
// | NULL that is read from later.
// |
// | Refuse all of that.
@helper@
typedef bool, u8, u32, u64;
@@
+/* Whether that part of the data is there. */
+static bool fwsec_has(struct nvkm_falcon_fw *fw, u64 offset, u32 size)
+{
+	u64 end = fw->dmem_base_img + offset + size;
+
+	return end <= fw->fw.len;
+}
+
+/* Whether the VBIOS has so much behind the descriptor. */
+static bool fwsec_in_bios(struct nvkm_gsp *gsp, const void *desc, u64 size, u32 imem, u32 dmem)
+{
+	struct nvkm_bios *bios = gsp->subdev.device->bios;
+
+	return (u8 *)desc - bios->data + size + imem + dmem <= bios->size;
+}
+
 static int nvkm_gsp_fwsec_patch(...)
 {
 	...
 }

@table@
@@
+	if (WARN_ON(!fwsec_has(fw, if_offset, sizeof(hdr->v1))))
+		return -EINVAL;
+
 	if (WARN_ON(hdr->v1.ver != 1))
 		return -EINVAL;

@entry@
@@
+		if (WARN_ON(!fwsec_has(fw, (u8 *)app - dmem, sizeof(app->v1))))
+			return -EINVAL;
+
 		if (app->v1.id != NVFW_FALCON_APPIF_ID_DMEMMAPPER)
 			continue;

@mapper@
@@
+		if (WARN_ON(!fwsec_has(fw, app->v1.dmem_base, sizeof(dmemmap->v3))))
+			return -EINVAL;
+
 		dmemmap = (void *)(dmem + app->v1.dmem_base);

@command@
@@
+		if (WARN_ON(!fwsec_has(fw, dmemmap->v3.cmd_in_buffer_offset,
+						sizeof(*frtscmd))))
+			return -EINVAL;
+
 		frtscmd = (void *)(dmem + dmemmap->v3.cmd_in_buffer_offset);

@v2@
identifier ret;
@@
 nvkm_gsp_fwsec_v2(...)
 {
 	...
 	int ret;
+
+	if (WARN_ON(desc->IMEMSecSize > desc->IMEMLoadSize))
+		return -EINVAL;
+
+	if (WARN_ON(desc->DMEMOffset > desc->IMEMLoadSize))
+		return -EINVAL;
 	...
 }

@v3@
identifier ret;
@@
 nvkm_gsp_fwsec_v3(...)
 {
 	...
 	int ret;
+
+	if (WARN_ON(!desc->SignatureCount))
+		return -EINVAL;
+
+	if (WARN_ON(sizeof(*desc) + desc->SignatureCount * 96 * 4 > size))
+		return -EINVAL;
 	...
 }

@image@
expression desc, size;
@@
+	if (WARN_ON(!fwsec_in_bios(gsp, desc, size, desc->IMEMLoadSize, desc->DMEMLoadSize)))
+		return -EINVAL;
+
 	ret = nvkm_falcon_fw_ctor(..., (u8 *)desc + size, ...);
