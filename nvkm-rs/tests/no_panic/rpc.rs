// SPDX-License-Identifier: GPL-2.0

//! Every generic function of the tree, instantiated; compiled to an object by `tests/no_panic.rs` as the kernel
//! compiles its own. All that the host does is hidden behind functions that are defined nowhere.

#![no_std]

#[path = "../../abi"]
mod abi {
    pub(crate) use paste::paste;

    pub(crate) mod core;
}

#[path = "../../rpc"]
mod rpc {
    pub(crate) mod core;
}

use rpc::core::command::CommandQueue;
use rpc::core::element::RpcHeader;
use rpc::core::history::History;
use rpc::core::host::{Awaited, Host};
use rpc::core::message::MessageQueue;
use rpc::core::policy::ReplyPolicy;
use rpc::core::report::Report;
use rpc::core::ring::{MemoryFault, RingMemory};
use rpc::core::session::Session;
use rpc::core::shadow::{self, Plan, Written};

extern "C" {
    fn ring_read(offset: usize, to: *mut u8, len: usize) -> bool;
    fn ring_write(offset: usize, from: *const u8, len: usize) -> bool;
    fn word() -> u32;
    fn set(word: u32);
    fn allocate(size: usize) -> *mut u8;
    fn event(function: u32, message: *mut u8, len: usize) -> bool;
    fn print(text: *const u8, len: usize);
}

struct Ring;

impl RingMemory for Ring {
    fn read(&mut self, offset: usize, to: &mut [u8]) -> Result<(), MemoryFault> {
        // SAFETY: This is compiled and looked at, never run.
        match unsafe { ring_read(offset, to.as_mut_ptr(), to.len()) } {
            true => Ok(()),
            false => Err(MemoryFault),
        }
    }

    fn write(&mut self, offset: usize, from: &[u8]) -> Result<(), MemoryFault> {
        // SAFETY: This is compiled and looked at, never run.
        match unsafe { ring_write(offset, from.as_ptr(), from.len()) } {
            true => Ok(()),
            false => Err(MemoryFault),
        }
    }

    fn peer(&mut self) -> u32 {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { word() }
    }

    fn own(&mut self) -> u32 {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { word() }
    }

    fn publish(&mut self, own: u32) {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { set(own) }
    }

    fn read_barrier(&mut self) {}

    fn write_barrier(&mut self) {}

    fn full_barrier(&mut self) {}

    fn pause(&mut self) -> bool {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { word() != 0 }
    }
}

struct Buffer(*mut u8, usize);

struct Driver(Ring, Ring);

struct Console;

impl ::core::fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> ::core::fmt::Result {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { print(text.as_ptr(), text.len()) };
        Ok(())
    }
}

impl Host for Driver {
    type Commands = Ring;
    type Messages = Ring;
    type Buffer = Buffer;

    fn commands(&mut self) -> &mut Ring {
        &mut self.0
    }

    fn messages(&mut self) -> &mut Ring {
        &mut self.1
    }

    fn doorbell(&mut self) {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { set(0) }
    }

    fn now(&mut self) -> u64 {
        // SAFETY: This is compiled and looked at, never run.
        u64::from(unsafe { word() })
    }

    fn allocate(&mut self, size: usize) -> Option<Buffer> {
        // SAFETY: This is compiled and looked at, never run.
        let at = unsafe { allocate(size) };
        (!at.is_null()).then_some(Buffer(at, size))
    }

    fn bytes(buffer: &mut Buffer) -> &mut [u8] {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { ::core::slice::from_raw_parts_mut(buffer.0, buffer.1) }
    }

    fn event(&mut self, header: &RpcHeader, message: Buffer) -> bool {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { event(header.function, message.0, message.1) }
    }

    fn report(&mut self, report: &Report<'_>, history: &History) {
        let _ = ::core::fmt::write(
            &mut Console,
            format_args!("{:?} {report} {history}", report.level()),
        );
    }
}

#[no_mangle]
extern "C" fn attach(to: &mut Option<Session>, count: u32, sequence: u32) {
    *to = CommandQueue::attach(&mut Ring, count, sequence)
        .ok()
        .zip(MessageQueue::attach(&mut Ring, count).ok())
        .map(|(commands, messages)| Session::new(commands, messages, sequence));
}

#[no_mangle]
extern "C" fn submit(
    session: &mut Session,
    function: u32,
    payload: *const u8,
    len: usize,
    policy: u32,
    reply_len: u32,
) -> *mut u8 {
    // SAFETY: This is compiled and looked at, never run.
    let payload = unsafe { ::core::slice::from_raw_parts(payload, len) };
    let Ok(policy) = ReplyPolicy::try_from(policy) else {
        return ::core::ptr::null_mut();
    };
    session
        .submit(
            &mut Driver(Ring, Ring),
            function,
            payload,
            policy,
            reply_len,
        )
        .ok()
        .flatten()
        .map_or(::core::ptr::null_mut(), |reply| reply.0)
}

#[no_mangle]
extern "C" fn poll(session: &mut Session, function: u32) -> bool {
    let awaited = Awaited {
        function,
        length: 0,
        sequence: None,
    };
    session.receive(&mut Driver(Ring, Ring), &awaited).is_ok()
}

#[no_mangle]
extern "C" fn drain(session: &mut Session, limit: u32) -> bool {
    session.drain(&mut Driver(Ring, Ring), limit).more
}

#[no_mangle]
extern "C" fn beside(plan: &mut Plan, function: u32, message: *const u8, len: usize) -> u64 {
    // SAFETY: This is compiled and looked at, never run.
    let message = unsafe { ::core::slice::from_raw_parts(message, len) };
    let Some((header, payload)) = message.split_first_chunk() else {
        return 0;
    };
    let header = RpcHeader::decode(header);
    // SAFETY: This is compiled and looked at, never run.
    let next = || unsafe { word() };
    let numbers = plan.number(next(), next());
    let ring = Written {
        count: next(),
        position: next(),
        next: next(),
    };
    let found = shadow::element(ring, numbers.element, &header, payload, |at, to| {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { ring_read(at, to.as_mut_ptr(), to.len()) }
    });
    let differences = [plan.command(function, len), plan.part(function, len), found.ok().flatten()];
    let words = |it: shadow::Difference| {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { print(it.what.as_ptr(), it.what.len()) };
        it.found ^ it.expected
    };
    differences.into_iter().flatten().map(words).fold(0, |sum, it| sum ^ it)
}

/// What the test must notice.
#[cfg(seeded)]
#[no_mangle]
extern "C" fn seeded(of: &[u8; 4], at: usize) -> u8 {
    of[at]
}

/// Any version's interface: its functions are all in the table that this gives.
pub fn interface(version: &[u8]) -> Option<usize> {
    let abi: &dyn abi::core::Abi = abi::core::select(version)?;
    Some(abi.static_info_size())
}
