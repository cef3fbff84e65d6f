// SPDX-License-Identifier: GPL-2.0

//! Firmware files to parsed images: everything of nouveau's firmware loading that is reading.
//!
//! Tier 0: plain `::core`, no allocation, no I/O, no `unsafe`, no panic on any input. The same tree is mounted by the
//! kernel's crate and by cargo, so paths in it are relative, and `::core` is written with its leading colons because
//! this module bears the same name. (Mount it as `mod core;` within `fw`.)
//!
//! Everything returned is a slice of what was given. Which files a chip and a version need is the driver's to know, and
//! which of several signatures goes into an image is not decided here: that takes a fuse, which is the boot's to read.
//!
//! | module | what it reads | C |
//! |---|---|---|
//! | [`elf64`] | GSP-RM: an ELF with the image and a signature a family; whole or piece by piece | `r535_gsp_elf_section` |
//! | [`elf32`] | GSP-FMC: an ELF of hash, public key, signature, image | `gh100_gsp_oneinit` |
//! | [`container`] | `nvfw_bin_hdr`, which all files below begin with | `nvfw_bin_hdr` |
//! | [`booter`] | images for the falcons with their signatures | `tu102_gsp_booter_ctor`, `ga102_gsp_booter_ctor` |
//! | [`bootloader`] | GSP-RM's first code | `r535_gsp_rm_boot_ctor` |
//! | [`bl`] | the loader of FWSEC on Turing | `nvkm_gsp_fwsec_v2` |
//! | [`fwsec`] | FWSEC in the VBIOS, and its command | `nvkm_gsp_fwsec_v2`, `_v3`, `nvkm_gsp_fwsec_patch` |
//! | [`radix3`] | the three-level table through which GSP sees an image | `nvkm_gsp_radix3_sg` |
//! | [`falcon`] | where code and data lie in an image | fields of `struct nvkm_falcon_fw` |
//! | [`read`], [`error`] | little-endian reads; what is wrong, and where | |
//!
//! # Trust
//!
//! Files come from `/lib/firmware` and the VBIOS from flash: nothing in them is believed. Every offset is checked before it
//! is used, every sum for overflow, and every count has a bound, so that no file costs more time than its size. What is
//! accepted here can be handed to C's loaders as it is: all that they read of an image lies in it.
//!
//! # Where this differs from C on purpose
//!
//! C checks the FMC and nothing else. Refused here, each with structure, field and offset:
//!
//! - What lies outside of its file, image or table, and what ends past 2^32. C reads there.
//! - No signatures, or a table that its count does not divide. C divides by zero, or drops the rest.
//! - An image of no bytes, a booter without an application, sizes that the falcon cannot load (C fails when it loads).
//! - Containers whose magic or version is unknown, ELF files of another class, byte order or section header.
//! - A section whose name lies outside of the table of names. C compares what follows the table.
//!
//! And computed otherwise: [`radix3`] rounds up, covers the last page of every image, and clears what it leaves unused.

// The kernel's crate mounts this below a private module and uses what it needs; the host library exports and
// tests all of it.
#![allow(dead_code, unreachable_pub)]

pub mod bl;
pub mod booter;
pub mod bootloader;
pub mod container;
pub mod elf32;
pub mod elf64;
pub mod error;
pub mod falcon;
pub mod fwsec;
pub mod radix3;
pub mod read;
