// SPDX-License-Identifier: GPL-2.0
// The firmware's heap is a megabyte larger.
// expect: wpr_meta
// file: nvkm/subdev/gsp/tu102.c
@heap_size@
identifier gsp;
@@
 tu102_gsp_oneinit(...)
 {
 	<...
 	gsp->fb.wpr2.heap.size = tu102_gsp_wpr_heap_size(gsp);
+	gsp->fb.wpr2.heap.size += 0x100000;
 	...>
 }
