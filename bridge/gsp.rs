// SPDX-License-Identifier: GPL-2.0

//! `struct nvkm_gsp` as the subsystems see it.

use core::{
    fmt,
    mem::{
        offset_of,
        MaybeUninit, //
    },
    ptr::NonNull, //
};

use kernel::{
    build_assert::static_assert,
    ffi::c_void, //
};

use super::{
    bindings::{
        self,
        nvkm_gsp, //
    },
    offsets,
    pages::{
        SharedPages,
        SharedWord, //
    },
};

/// The size of what a pointer points to.
#[allow(dead_code)] // Used in assertions.
const fn size_behind<T>(_: *const T) -> usize {
    size_of::<T>()
}

/// Holds bindgen's idea of a field against the C compiler's.
macro_rules! check {
    ($($offset:ident, $size:ident: $first:ident $(. $more:ident)*;)*) => {
        $(
            static_assert!(offset_of!(nvkm_gsp, $first $(. $more)*) == offsets::$offset);
            static_assert!({
                let gsp = MaybeUninit::<nvkm_gsp>::uninit();
                // SAFETY: Only the place is computed, within the object; nothing is read.
                size_behind(unsafe { &raw const (*gsp.as_ptr()).$first $(. $more)* })
            } == offsets::$size);
        )*
    };
}

static_assert!(size_of::<nvkm_gsp>() == offsets::GSP_SIZE);
check! {
    SUBDEV_DEBUG_OFFSET, SUBDEV_DEBUG_SIZE: subdev.debug;
    SHM_CMDQ_SIZE_OFFSET, SHM_CMDQ_SIZE_SIZE: shm.cmdq.size;
    SHM_CMDQ_PTR_OFFSET, SHM_CMDQ_PTR_SIZE: shm.cmdq.ptr;
    SHM_MSGQ_SIZE_OFFSET, SHM_MSGQ_SIZE_SIZE: shm.msgq.size;
    SHM_MSGQ_PTR_OFFSET, SHM_MSGQ_PTR_SIZE: shm.msgq.ptr;
    CMDQ_CNT_OFFSET, CMDQ_CNT_SIZE: cmdq.cnt;
    CMDQ_SEQ_OFFSET, CMDQ_SEQ_SIZE: cmdq.seq;
    CMDQ_WPTR_OFFSET, CMDQ_WPTR_SIZE: cmdq.wptr;
    CMDQ_RPTR_OFFSET, CMDQ_RPTR_SIZE: cmdq.rptr;
    MSGQ_CNT_OFFSET, MSGQ_CNT_SIZE: msgq.cnt;
    MSGQ_WPTR_OFFSET, MSGQ_WPTR_SIZE: msgq.wptr;
    MSGQ_RPTR_OFFSET, MSGQ_RPTR_SIZE: msgq.rptr;
    RPC_SEQ_OFFSET, RPC_SEQ_SIZE: rpc_seq;
}

/// Holds NVIDIA's headers against the structures that C's rpc.c has of its own.
mod framing_as_in_c {
    use super::{
        offsets as c,
        static_assert, //
    };
    use crate::abi::core::framing::{
        ELEMENT,
        ELEMENT_HEADER_SIZE,
        RPC,
        RPC_HEADER_SIZE, //
    };

    static_assert!(ELEMENT_HEADER_SIZE == c::ELEMENT_HEADER_SIZE);
    static_assert!(ELEMENT.checksum.offset == c::ELEMENT_CHECKSUM);
    static_assert!(ELEMENT.sequence.offset == c::ELEMENT_SEQUENCE);
    static_assert!(ELEMENT.elem_count.offset == c::ELEMENT_COUNT);
    static_assert!(RPC_HEADER_SIZE == c::RPC_HEADER_SIZE);
    static_assert!(RPC.header_version.offset == c::RPC_VERSION);
    static_assert!(RPC.signature.offset == c::RPC_SIGNATURE);
    static_assert!(RPC.length.offset == c::RPC_LENGTH);
    static_assert!(RPC.function.offset == c::RPC_FUNCTION);
    static_assert!(RPC.rpc_result.offset == c::RPC_RESULT);
    static_assert!(RPC.rpc_result_private.offset == c::RPC_RESULT_PRIVATE);
    static_assert!(RPC.sequence.offset == c::RPC_SEQUENCE);
    static_assert!(RPC.spare.offset == c::RPC_SPARE);
}

/// How loud a line is (`NV_DBG_*`).
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Level {
    /// Something failed.
    Error = bindings::NV_DBG_ERROR,
    /// Something is odd.
    Warn = bindings::NV_DBG_WARN,
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
}

/// A device's GSP.
///
/// # Invariants
///
/// Points to a `struct nvkm_gsp` whose `subdev` and `rust` are set up, and that outlives the object.
#[derive(Clone, Copy)]
pub(crate) struct Gsp(NonNull<nvkm_gsp>);

// SAFETY: What is read of it does not change while Rust serves it, and the helpers may be called from any thread.
unsafe impl Send for Gsp {}
// SAFETY: As above.
unsafe impl Sync for Gsp {}

impl Gsp {
    /// The GSP behind C's pointer; `None` for NULL.
    ///
    /// # Safety
    ///
    /// `gsp` is NULL or points to a `struct nvkm_gsp` whose `subdev` and `rust` are set up, and that outlives the
    /// object.
    pub(crate) unsafe fn new(gsp: *mut nvkm_gsp) -> Option<Self> {
        // INVARIANT: By the caller.
        NonNull::new(gsp).map(Self)
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

    /// One line on the device's log, cut at 240 bytes.
    pub(crate) fn log(self, level: Level, line: fmt::Arguments<'_>) {
        let mut text = Line {
            bytes: [0; 241],
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
        // SAFETY: By the invariants; the message is readable for `len` bytes, and shorter ones than a header are
        // refused there.
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

    /// Tells GSP-RM that the command queue's write pointer has moved.
    pub(crate) fn doorbell(self) {
        // SAFETY: By the invariants; the falcon is constructed before queues are attached.
        unsafe { bindings::nvkm_rust_doorbell(self.0.as_ptr()) }
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
    /// `r535_gsp_shared_init()` has set up `shm`, `cmdq` and `msgq`; what this returns is dropped before
    /// `shm.mem` is freed, and nobody else writes the queues' memory but the device.
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
/// `ptr` points to `size` bytes of shared memory, `own` and `peer` into shared memory; all stay mapped while the queue
/// lives.
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
    bytes: [u8; 241],
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
