// SPDX-License-Identifier: GPL-2.0

//! Firmware files to parsed images: everything of nouveau's firmware loading that is reading.
//!
//! Tier 0: plain `::core`, no allocation, no I/O, no `unsafe`, no panic on any input. The same tree
//! is mounted by the kernel's crate and by cargo, so paths in it are relative, and `::core` is
//! written with its leading colons because this module bears the same name. (Mount it as `mod
//! core;` within `fw`.)
//!
//! Everything returned is a slice of what was given. Which files a chip and a version need is the
//! driver's to know, and which of several signatures goes into an image is not decided here: that
//! takes a fuse, which is the boot's to read.
//!
//! | module | what it reads | C |
//! |---|---|---|
//! | [`elf64`] | GSP-RM's ELF: image and signatures, whole or in pieces | `r535_gsp_elf_section` |
//! | [`elf32`] | GSP-FMC: an ELF of hash, public key, signature, image | `gh100_gsp_oneinit` |
//! | [`container`] | `nvfw_bin_hdr`, which all files below begin with | `nvfw_bin_hdr` |
//! | [`booter`] | falcons' images with their signatures | `{tu,ga}102_gsp_booter_ctor` |
//! | [`bootloader`] | GSP-RM's first code | `r535_gsp_rm_boot_ctor` |
//! | [`bl`] | the loader of FWSEC on Turing | `nvkm_gsp_fwsec_v2` |
//! | [`fwsec`] | FWSEC in the VBIOS, and its command | `nvkm_gsp_fwsec_{v2,v3,patch}` |
//! | [`radix3`] | the three-level table through which GSP sees an image | `nvkm_gsp_radix3_sg` |
//! | [`falcon`] | where code and data lie in an image | fields of `struct nvkm_falcon_fw` |
//! | [`read`], [`error`] | little-endian reads; what is wrong, and where | |
//!
//! # Trust
//!
//! Files come from `/lib/firmware` and the VBIOS from flash: nothing in them is believed. Every
//! offset is checked before it is used, every sum for overflow, and every count has a bound, so
//! that no file costs more time than its size. What is accepted here can be handed to C's loaders
//! as it is: all that they read of an image lies in it.
//!
//! # Where this differs from C on purpose
//!
//! C checks the shape of the FMC and nothing else. Refused here, each with structure, field and
//! offset:
//!
//! - What lies outside of its file, image or table, in part or whole. C reads there, and patches
//!   there.
//! - A booter of no signatures, or of a number that does not divide their table into words. C
//!   divides by zero, or drops the rest. More than 16 of them, or than 16 applications; no
//!   application (C reads the first, whatever their number).
//! - FWSEC of no signatures, of fewer than versions that it is signed for, or with signatures
//!   behind its descriptor. C takes what follows for a signature.
//! - Sizes and places that the falcon's loader cannot take. C finds out when it loads, or loads
//!   from the wrong place.
//! - An image of no bytes. C allocates nothing and goes on.
//! - Containers whose magic or version is unknown; ELF files of another class, byte order or
//!   section header; more than 256 sections or 64 KiB of their names, which have to be read before
//!   the file is known to be what it should be.
//! - A section whose name lies outside of the table of names, or a table that ends amid a name. C
//!   compares what follows.
//! - An FRTS region that the command has no bits for. C drops them.
//!
//! And computed otherwise: [`radix3`] rounds up, so it covers the last page of every image, and it
//! clears what it leaves unused. C's table loses that page in some cases, writes past level 1 above
//! 1 GiB, and has old memory in its rest.

// The kernel's crate mounts this below a private module and uses what it needs; the host library
// exports and tests all of it.
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
