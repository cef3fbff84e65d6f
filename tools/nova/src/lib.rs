// SPDX-License-Identifier: GPL-2.0
//! nova-core, as the kernel's source has it, on the virtual GPU: its firmware container, and what it does there beside
//! what nvkm does.

pub mod buffers;
pub mod convert;
pub mod files;
pub mod item;
pub mod layout;
pub mod machine;
pub mod messages;
pub mod parity;
pub mod plan;
pub mod reasons;
pub mod registers;
pub mod report;
pub mod run;
pub mod sections;
pub mod subsystems;
pub mod tlv;
