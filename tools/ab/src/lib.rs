// SPDX-License-Identifier: GPL-2.0
//! The A/B runner: virtual machines with nouveau in them, and the comparison of what their GPUs saw.

pub mod ab;
pub mod address;
pub mod bench;
pub mod compare;
pub mod counters;
pub mod faults;
pub mod fleet;
pub mod hostile;
pub mod lists;
pub mod matrix;
pub mod names;
pub mod pair;
pub mod plant;
pub mod pool;
pub mod report;
pub mod rows;
pub mod seams;
pub mod swap;
pub mod verdict;
pub mod vm;

pub use nvkm_trace as trace;
