// SPDX-License-Identifier: GPL-2.0

//! GSP boot: falcons reset, loaded and run, FWSEC and the booters on them, GSP-RM's own list of
//! register accesses; what is laid out and handed over before that.
//!
//! Tier 0: plain `::core`, no allocation, no `unsafe`, no panic on any input. All I/O goes through
//! [`io::Io`], all images through [`image::Image`]: the kernel's glue implements both, and so do
//! the host tests, on a model of the device.
//!
//! | module | what it does | C |
//! |---|---|---|
//! | [`registers`] | registers with NVIDIA's names: the only place that has addresses and bits | |
//! | [`io`] | register access, time, waiting | `nvkm_rd32`, `nvkm_msec` |
//! | [`image`] | an image for a falcon, in memory that the device sees | `struct nvkm_falcon_fw` |
//! | [`falcon`] | a falcon: what it has, reset, start | `nvkm/falcon/{base,gm200,gp102}.c` |
//! | [`load`] | images into falcons, by words or DMA | `{gm200,ga102}_flcn_fw_load` |
//! | [`signature`] | which of its signatures goes into an image | `nvkm_falcon_fw_patch` |
//! | [`hal`] | where chips differ: one file a family | `nvkm_falcon_func`, `nvkm_falcon_fw_func` |
//! | [`run`] | FWSEC, booters, RISC-V | `nvkm_falcon_fw_boot`, `{tu,ga}102_gsp_*` |
//! | [`sequencer`] | the accesses that GSP-RM orders | `r535_gsp_msg_run_cpu_sequencer` |
//! | [`error`] | what went wrong: unit, register, value | |
//! | [`layout`] | what lies where in the frame buffer | `tu102_gsp_oneinit` |
//! | [`libos`] | what libos is handed | `r535_gsp_libos_init` |
//!
//! # Order of accesses
//!
//! The accesses to registers are C's, in C's order and with C's values: a recording of a GA106 is a
//! test (`nvkm-rs/tests/boot_hardware.rs`). Only how often a poll reads is not: that is the
//! clock's.
//!
//! # Trust
//!
//! What the device answers is not believed: it chooses between signatures that are there, and ends
//! polls that end by themselves. A message of the sequencer is read to its end before the first of
//! its commands is done.
//!
//! # Where this differs from C on purpose
//!
//! - A signature that a fuse asks for and that is not there is refused. C reads behind the table.
//! - What of an image is to be loaded must lie in it, fit the falcon's memory, and be of whole
//!   blocks (data: words), or nothing is done. C reads, and has the device read, behind the image,
//!   and finds out about blocks amid loading.
//! - A falcon that does not come out of reset is not loaded. C does not look
//!   (`nvkm_falcon_fw_boot`, core reset).
//! - DMA from above 1 TiB has its upper bits. C drops them (`ga102_flcn_dma_init`).
//! - FWSEC-FRTS that says it succeeded but made no WPR2 is an error.
//! - A poll looks once more when its time is over.
//! - The sequencer's: see [`sequencer`].

// The kernel's crate mounts this below a private module and uses what it needs; the host library
// exports and tests all of it.
#![allow(dead_code, unreachable_pub)]

pub mod error;
pub mod falcon;
pub mod hal;
pub mod image;
pub mod io;
pub mod layout;
pub mod libos;
pub mod load;
pub mod registers;
pub mod run;
pub mod sequencer;
pub mod signature;
