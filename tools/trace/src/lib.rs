// SPDX-License-Identifier: GPL-2.0
//! What nouveau and GSP-RM say to each other: read from a run, an ftrace capture or a kernel log, and decoded with the names
//! and layouts of the firmware version.
//!
//! ```no_run
//! use nvkm_trace::Decoder;
//! let trace = nvkm_trace::load("build/ab/tu104-570.144/rust".as_ref())?;
//! let decoder = Decoder::for_firmware("570.144")?;
//! for message in &trace.joined() {
//!     println!("{}", decoder.message(message).title);
//! }
//! # Ok::<(), anyhow::Error>(())
//! ```

mod access;
mod message;
mod trace;

pub mod decode;
pub mod diff;
pub mod filter;
pub mod layouts;
pub mod names;
pub mod seq;
pub mod show;
pub mod source;
pub mod stat;

pub use access::mmio;
pub use access::mmio_and_errors;
pub use access::Access;
pub use access::Complaint;
pub use decode::Decoded;
pub use decode::Decoder;
pub use decode::Field;
pub use message::from_hex;
pub use message::to_hex;
pub use message::wire;
pub use message::Message;
pub use message::Queue;
pub use message::FIRST_EVENT;
pub use message::FN_ALLOC;
pub use message::FN_CONTINUATION;
pub use message::FN_CONTROL;
pub use message::FN_FREE;
pub use message::FN_UNLOADING;
pub use message::RPC_HEADER;
pub use names::Names;
pub use source::load;
pub use source::load_with;
pub use source::Format;
pub use source::Options;
pub use trace::Boot;
pub use trace::Entry;
pub use trace::Shadow;
pub use trace::Trace;
