// SPDX-License-Identifier: GPL-2.0
//! A virtual NVIDIA GPU: what drivers need of one, so that they boot, run channels and unload.
//!
//! The firmware is not executed. Its containers are checked (WPR metadata, radix3, libos arguments, queues), and the model
//! answers in GSP-RM's place. It never knows who drives it: everything follows from registers, guest memory and
//! messages, synchronously and deterministically.
//!
//! [`device::Device`] is the whole; it needs a [`mem::GuestMemory`] and a [`mem::Interrupt`], and no QEMU.

pub mod bar0;
pub mod buffer;
pub mod ce;
pub mod chips;
pub mod device;
pub mod falcon;
pub mod fifo;
pub mod gsp;
pub mod hostile;
pub mod intr;
pub mod mem;
pub mod mmu;
pub mod pci;
mod report;
pub mod rm;
pub mod synthfw;
pub mod trace;
pub mod vbios;
pub mod window;
