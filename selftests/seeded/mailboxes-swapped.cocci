// SPDX-License-Identifier: GPL-2.0
// The booter gets its address' halves the wrong way round.
// expect: 0x84004|booter-load
// file: nvkm/subdev/gsp/tu102.c
@mailboxes_swapped@
identifier gsp, mbox0, mbox1;
@@
 tu102_gsp_booter_load(struct nvkm_gsp *gsp, u32 mbox0, u32 mbox1)
 {
 	return nvkm_falcon_fw_boot(&gsp->booter.load, &gsp->subdev, true,
-			&mbox0, &mbox1,
+			&mbox1, &mbox0,
 			0, 0);
 }
