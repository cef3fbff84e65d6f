// SPDX-License-Identifier: GPL-2.0
// subject: fb/r535: refuse frame buffer regions that cannot be
// file: nvkm/subdev/fb/r535.c
// attacks: static-regions-none static-regions-overlap
// | RM says which regions of the frame buffer the driver may use.
// | nvkm_mm_init() has a BUG_ON() for one that begins before the last one
// | ends, and without any region the allocator is not initialised when it
// | is asked for memory.
// |
// | Refuse both.
@@
identifier ram, gsp, ret, i;
expression E1, E2, E3;
@@
 r535_fb_ram_new(...)
 {
 	...
 	int ret;
+	u64 end = 0;
 	...
 	mutex_init(&ram->mutex);
+
+	if (!gsp->fb.region_nr)
+		return -EINVAL;
 	for (int i = 0; i < gsp->fb.region_nr; i++) {
+		if (gsp->fb.region[i].addr < end)
+			return -EINVAL;
+
+		end = gsp->fb.region[i].addr + gsp->fb.region[i].size;
 		ret = nvkm_mm_init(&ram->vram, E1, E2, E3, 1);
 		...
 	}
 	...
 }
