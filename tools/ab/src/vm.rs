// SPDX-License-Identifier: GPL-2.0
//! One run of a virtual machine: kernel, initramfs, virtual GPU, and what the guest reported.

pub mod clock;
pub mod contents;
pub mod cpio;
pub mod digest;
pub mod elf;
pub mod firmware;
pub mod guest;
pub mod hw;
pub mod initramfs;
pub mod kernel;
pub mod kselftest;
pub mod machine;
pub mod module;
pub mod place;
pub mod process;
pub mod qemu;
pub mod qmp;
pub mod run;
pub mod slots;
pub mod snapshot;
pub mod unpack;
pub mod watch;
