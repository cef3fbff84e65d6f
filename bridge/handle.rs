// SPDX-License-Identifier: GPL-2.0

//! `struct nvkm_gsp` as the subsystems see it.

use core::{
    fmt,
    ptr::NonNull, //
};

use kernel::ffi::c_void;

use super::{
    bindings::{
        self,
        nvkm_gsp, //
    },
    pages::{
        SharedPages,
        SharedWord, //
    },
};

/// How loud a line is (`NV_DBG_*`).
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Level {
    /// Something failed.
    Error = bindings::NV_DBG_ERROR,
    /// Something is odd.
    Warn = bindings::NV_DBG_WARN,
    /// Said to everybody.
    Info = bindings::NV_DBG_INFO,
    /// For those who look for trouble.
    Debug = bindings::NV_DBG_DEBUG,
    /// Every message.
    Trace = bindings::NV_DBG_TRACE,
}

/// The subsystems (`enum nvkm_rust_subsys`).
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Subsystem {
    /// GSP-RM's message queues.
    Rpc = 0,
    /// Firmware files.
    Fw = 1,
    /// GSP boot.
    Boot = 2,
    /// GSP services.
    Gsp = 3,
}

/// The counters of a device (`enum nvkm_rust_count`).
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Count {
    /// Queue elements written.
    Sent = 0,
    /// Queue elements read.
    Received = 1,
    /// Messages given to a handler.
    Events = 2,
    /// Calls and messages that ended in an error.
    Errors = 3,
    /// Bytes of GSP-RM's image.
    Bytes = 4,
    /// Images of which a second copy was made.
    Copies = 5,
    /// Events of which something was done.
    GspEvents = 6,
    /// What RM said and could not be.
    GspRefused = 7,
}

/// One of the two queues, as `r535_gsp_shared_init()` left it.
pub(crate) struct Queue {
    /// The element pages, without the page of the queue's header before them.
    pub(crate) pages: SharedPages,
    /// The pointer that the driver moves.
    pub(crate) own: SharedWord,
    /// The pointer that the device moves.
    pub(crate) peer: SharedWord,
    /// Number of element pages.
    pub(crate) count: u32,
    /// Nanoseconds that the call under way has waited for the device.
    pub(crate) waited: u64,
}

/// A device's GSP.
///
/// # Invariants
///
/// Points to a `struct nvkm_gsp` whose `subdev` and `rust` are set up, and that outlives the
/// object.
#[derive(Clone, Copy)]
pub(crate) struct Gsp(NonNull<nvkm_gsp>);

// SAFETY: What is read of it does not change while Rust serves it, and the helpers may be called
// from any thread.
unsafe impl Send for Gsp {}
// SAFETY: As above.
unsafe impl Sync for Gsp {}

impl Gsp {
    /// The GSP behind C's pointer; `None` for NULL.
    ///
    /// # Safety
    ///
    /// `gsp` is NULL or points to a `struct nvkm_gsp` whose `subdev` and `rust` are set up, and
    /// that outlives the object.
    pub(crate) unsafe fn new(gsp: *mut nvkm_gsp) -> Option<Self> {
        // INVARIANT: By the caller.
        NonNull::new(gsp).map(Self)
    }

    /// The pointer, for C.
    pub(super) fn as_ptr(self) -> *mut nvkm_gsp {
        self.0.as_ptr()
    }

    /// The device, for C.
    pub(super) fn device(self) -> *mut bindings::nvkm_device {
        // SAFETY: By the invariants.
        unsafe { (*self.0.as_ptr()).subdev.device }
    }

    /// The state that a subsystem keeps for this device; NULL when Rust does not serve it.
    pub(crate) fn state(self, subsystem: Subsystem) -> *mut c_void {
        // SAFETY: By the invariants.
        unsafe { bindings::nvkm_rust_state(self.0.as_ptr(), subsystem as u32) }
    }

    /// Adds to a counter of the device.
    pub(crate) fn tally(self, which: Count, n: u64) {
        // SAFETY: By the invariants.
        unsafe { bindings::nvkm_rust_tally(self.0.as_ptr(), which as u32, n) }
    }

    /// One line on the device's log, cut at 320 bytes.
    pub(crate) fn log(self, level: Level, line: fmt::Arguments<'_>) {
        let mut text = Line {
            bytes: [0; 321],
            len: 0,
        };
        // It fails only where the line is cut.
        let _ = fmt::write(&mut text, line);
        // SAFETY: By the invariants; `text` is terminated, since its last byte is never written.
        unsafe {
            bindings::nvkm_rust_log(self.0.as_ptr(), level as u32, text.bytes.as_ptr().cast());
        }
    }

    /// Prints a message, RPC header and payload, when the log's level asks for it.
    pub(crate) fn dump(self, level: Level, sent: bool, message: &[u8]) {
        let Ok(len) = u32::try_from(message.len()) else {
            return;
        };
        // SAFETY: By the invariants; the message is readable for `len` bytes, and shorter ones than
        // a header are refused there.
        unsafe {
            bindings::nvkm_rust_dump(
                self.0.as_ptr(),
                level as u32,
                sent,
                message.as_ptr().cast(),
                len,
            );
        }
    }

    /// Gives an event to those who listen beside nouveau (`bridge/core.h`).
    pub(crate) fn event(self, event: u32, payload: &[u8]) {
        let Ok(len) = u32::try_from(payload.len()) else {
            return;
        };
        // SAFETY: By the invariants; the payload is readable for `len` bytes, and is not kept.
        unsafe {
            bindings::nvkm_core_event(self.0.as_ptr(), event, payload.as_ptr().cast(), len);
        }
    }

    /// Tells GSP-RM that the command queue's write pointer has moved.
    pub(crate) fn doorbell(self) {
        // SAFETY: By the invariants; the falcon is constructed before queues are attached.
        unsafe { bindings::nvkm_rust_doorbell(self.0.as_ptr()) }
    }

    /// Whether the device does not answer at all: it was unplugged, or fell off the bus.
    pub(crate) fn gone(self) -> bool {
        // SAFETY: By the invariants; the registers are mapped while there is a GSP.
        unsafe { bindings::nvkm_rust_gone(self.0.as_ptr()) }
    }

    /// Has the queue's work run again, soon.
    pub(crate) fn requeue(self) {
        // SAFETY: By the invariants; called from the work itself, so it is initialised.
        unsafe { bindings::nvkm_rust_requeue(self.0.as_ptr()) }
    }

    /// The next number of an element and of an RPC (`cmdq.seq`, `rpc_seq`).
    pub(crate) fn sequences(self) -> (u32, u32) {
        let gsp = self.0.as_ptr();
        // SAFETY: By the invariants; C does not write them while Rust owns the queues.
        unsafe { ((*gsp).cmdq.seq, (*gsp).rpc_seq) }
    }

    /// The command queue and the message queue. `None` when they are not what can be.
    ///
    /// # Safety
    ///
    /// `r535_gsp_shared_init()` has set up `shm`, `cmdq` and `msgq`; what this returns is dropped
    /// before `shm.mem` is freed, and nobody else writes the queues' memory but the device.
    pub(crate) unsafe fn queues(self) -> Option<(Queue, Queue)> {
        let gsp = self.0.as_ptr();
        // SAFETY: By the invariants and the caller the fields are set and do not change.
        let (cmdq, msgq, cmd, msg) =
            unsafe { ((*gsp).shm.cmdq, (*gsp).shm.msgq, &(*gsp).cmdq, &(*gsp).msgq) };
        // SAFETY: By the caller; `ptr` and `size` describe one allocation.
        let commands = unsafe { queue(cmdq.ptr, cmdq.size, cmd.cnt, cmd.wptr, cmd.rptr) }?;
        // SAFETY: As above.
        let messages = unsafe { queue(msgq.ptr, msgq.size, msg.cnt, msg.rptr, msg.wptr) }?;
        Some((commands, messages))
    }
}

/// A queue's parts, checked against each other.
///
/// # Safety
///
/// `ptr` points to `size` bytes of shared memory, `own` and `peer` into shared memory; all stay
/// mapped while the queue lives.
unsafe fn queue(
    ptr: *mut c_void,
    size: u32,
    count: u32,
    own: *mut u32,
    peer: *mut u32,
) -> Option<Queue> {
    use crate::rpc::core::element::PAGE_SIZE;

    let size = usize::try_from(size).ok()?;
    let len = usize::try_from(count).ok()?.checked_mul(PAGE_SIZE)?;
    if len.checked_add(PAGE_SIZE)? > size {
        return None;
    }
    // SAFETY: The queue has more than one page, by the check and the caller.
    let first = NonNull::new(ptr.cast::<u8>()).map(|header| unsafe { header.add(PAGE_SIZE) })?;
    Some(Queue {
        // SAFETY: `len` bytes from the first element page on are within the queue.
        pages: unsafe { SharedPages::new(first, len) }?,
        // SAFETY: By the caller.
        own: unsafe { SharedWord::new(NonNull::new(own)?) }?,
        // SAFETY: By the caller.
        peer: unsafe { SharedWord::new(NonNull::new(peer)?) }?,
        count,
        waited: 0,
    })
}

/// Barriers and time, which need no device.
pub(crate) mod cpu {
    use super::bindings;

    /// `rmb()`
    pub(crate) fn rmb() {
        // SAFETY: No conditions.
        unsafe { bindings::nvkm_rust_rmb() }
    }

    /// `wmb()`
    pub(crate) fn wmb() {
        // SAFETY: No conditions.
        unsafe { bindings::nvkm_rust_wmb() }
    }

    /// `mb()`
    pub(crate) fn mb() {
        // SAFETY: No conditions.
        unsafe { bindings::nvkm_rust_mb() }
    }

    /// Sleeps for a microsecond or two.
    pub(crate) fn pause() {
        // SAFETY: Called where one may sleep, as the bridge's contract says.
        unsafe { bindings::nvkm_rust_pause() }
    }

    /// Nanoseconds since boot.
    pub(crate) fn now() -> u64 {
        // SAFETY: No conditions.
        unsafe { bindings::nvkm_rust_now() }
    }
}

/// A line being made; its last byte stays 0.
struct Line {
    bytes: [u8; 321],
    len: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.bytes.len() - 1;
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        let fits = room.len().min(text.len());
        for (to, from) in room.iter_mut().zip(text.as_bytes()) {
            *to = *from;
        }
        self.len += fits;
        if fits == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}
