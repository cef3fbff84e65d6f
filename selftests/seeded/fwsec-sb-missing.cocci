// SPDX-License-Identifier: GPL-2.0
// A family lacks the method that prepares FWSEC-SB: a boot freeze of r570.
// expect: 0x11012c
// file: nvkm/subdev/gsp/tu102.c
@fwsec_sb_missing@
identifier it;
@@
 const struct nvkm_gsp_func it = {
-	.fwsec_sb.ctor = tu102_gsp_fwsec_sb_ctor,
 };
