// SPDX-License-Identifier: GPL-2.0
//! A/A/B on a real card: looks at the machine, binds nouveau twice in C and once in Rust, judges what the driver's
//! tracepoints told, and makes a report that names nobody's machine.

pub mod archive;
pub mod capture;
pub mod card;
pub mod chips;
pub mod cli;
pub mod counters;
pub mod edid;
pub mod facts;
pub mod load;
pub mod log;
pub mod mounts;
pub mod plan;
pub mod preflight;
pub mod report;
pub mod restore;
pub mod root;
pub mod run;
pub mod say;
pub mod scrub;
pub mod secrets;
pub mod side;
pub mod text;
pub mod watchdog;
