// SPDX-License-Identifier: GPL-2.0
// subject: gsp/r535: do not unmap what was not mapped
// file: nvkm/subdev/gsp/rm/r535/gsp.c
// shown: CONFIG_DMA_API_DEBUG says so when a page, or the mapping, fails.
// | When a page cannot be had, or the pages cannot be mapped, nvkm_gsp_sg()
// | calls nvkm_gsp_sg_free(), which begins with dma_unmap_sgtable() of a
// | table that was never mapped, and gives back pages that are not there.
// |
// | Give back the pages that there are, and the table.
@@
iterator name for_each_sgtable_sg;
identifier device, sgt, sgl, i, page;
@@
 nvkm_gsp_sg(struct nvkm_device *device, u64 size, struct sg_table *sgt)
 {
 	...
 	for_each_sgtable_sg(sgt, sgl, i) {
 		...
 		if (!page) {
-			nvkm_gsp_sg_free(device, sgt);
-			return -ENOMEM;
+			ret = -ENOMEM;
+			goto free;
 		}
 		...
 	}
 	...
-	if (ret)
-		nvkm_gsp_sg_free(device, sgt);
+	if (!ret)
+		return 0;
+free:
+	for_each_sgtable_sg(sgt, sgl, i) {
+		if (sg_page(sgl))
+			__free_page(sg_page(sgl));
+	}
+	sg_free_table(sgt);
 	return ret;
 }
