// SPDX-License-Identifier: GPL-2.0
//! Compares NVIDIA's firmware ABIs, and makes a new version's module.

fn main() {}
