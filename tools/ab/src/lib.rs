// SPDX-License-Identifier: GPL-2.0
//! The A/B runner: virtual machines with nouveau in them, and the comparison of what their GPUs saw.

pub mod address;
pub mod compare;
pub mod trace;
pub mod vm;
