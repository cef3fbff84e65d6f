// SPDX-License-Identifier: GPL-2.0
//! What a program on the machine does with nouveau: used by PID 1 of the virtual machine, and on real ones by `nvkm-hw`.

pub mod copy;
pub mod drm;
pub mod fw_cfg;
pub mod kmsg;
pub mod modules;
pub mod nvif;
pub mod parcel;
pub mod report;
pub mod sys;
