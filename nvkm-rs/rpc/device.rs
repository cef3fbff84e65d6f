// SPDX-License-Identifier: GPL-2.0

//! One device's message queues: the session of tier 0, the memory that it works on, and who wants
//! which message.

use kernel::{
    error::code::*,
    new_mutex,
    prelude::*,
    sync::Mutex, //
};

use super::core::{
    command::CommandQueue,
    element::RpcHeader,
    error::Error as RpcError,
    history::History,
    host::{
        Awaited,
        Host, //
    },
    message::MessageQueue,
    policy::ReplyPolicy,
    report::{
        Counters,
        Level as ReportLevel,
        Report, //
    },
    ring::{
        MemoryFault,
        RingMemory, //
    },
    session::Session,
    status::Errno, //
};
use crate::bridge::{
    buffer::Buffer,
    handle::{
        cpu,
        Count,
        Gsp,
        Level,
        Queue, //
    },
    rpc::Ntfy,
};

/// As many as C has room for (`nvkm_gsp_msgq.ntfy`).
const HANDLERS: usize = 16;

/// Messages delivered by one run of the queue's work: a device that floods the queue must not hold
/// the lock for ever.
const DRAIN_LIMIT: u32 = 1024;

/// Nanoseconds that one call waits for the device at most; what it does meanwhile does not count. C
/// counts looks, four million of them, each of a microsecond or two and a wakeup: a minute where
/// wakeups are slow. NVIDIA's own driver grants four seconds.
const WAIT_MAX: u64 = 10_000_000_000;

/// The kernel's errno for what went wrong.
fn errno(error: &RpcError) -> Error {
    match error.errno() {
        Errno::Busy => EBUSY,
        Errno::Invalid => EINVAL,
        Errno::Io => EIO,
        Errno::MessageSize => EMSGSIZE,
        Errno::NoMemory => ENOMEM,
        Errno::TimedOut => ETIMEDOUT,
    }
}

impl RingMemory for Queue {
    fn read(&mut self, offset: usize, to: &mut [u8]) -> Result<(), MemoryFault> {
        if self.pages.read(offset, to) {
            Ok(())
        } else {
            Err(MemoryFault)
        }
    }

    fn write(&mut self, offset: usize, from: &[u8]) -> Result<(), MemoryFault> {
        if self.pages.write(offset, from) {
            Ok(())
        } else {
            Err(MemoryFault)
        }
    }

    fn peer(&mut self) -> u32 {
        self.peer.read()
    }

    fn own(&mut self) -> u32 {
        self.own.read()
    }

    fn publish(&mut self, own: u32) {
        self.own.write(own);
    }

    fn read_barrier(&mut self) {
        cpu::rmb();
    }

    fn write_barrier(&mut self) {
        cpu::wmb();
    }

    fn full_barrier(&mut self) {
        cpu::mb();
    }

    fn pause(&mut self) -> bool {
        let before = cpu::now();
        cpu::pause();
        self.waited = self
            .waited
            .saturating_add(cpu::now().saturating_sub(before));
        self.waited < WAIT_MAX
    }
}

/// The queues, once there are any.
struct Attached {
    session: Session,
    commands: Queue,
    messages: Queue,
    /// What the device's counters know already.
    tallied: Counters,
    /// The device did not answer at all when last looked at.
    gone: bool,
}

/// A device's rpc state.
#[pin_data]
pub(crate) struct Rpc {
    gsp: Gsp,
    #[pin]
    attached: Mutex<Option<Attached>>,
    #[pin]
    handlers: Mutex<[Option<(u32, Ntfy)>; HANDLERS]>,
}

/// What tier 0 needs for the length of one call.
struct Link<'a> {
    rpc: &'a Rpc,
    commands: &'a mut Queue,
    messages: &'a mut Queue,
}

impl Host for Link<'_> {
    type Commands = Queue;
    type Messages = Queue;
    type Buffer = Buffer;

    fn commands(&mut self) -> &mut Queue {
        self.commands
    }

    fn messages(&mut self) -> &mut Queue {
        self.messages
    }

    fn doorbell(&mut self) {
        self.rpc.gsp.doorbell();
    }

    fn now(&mut self) -> u64 {
        cpu::now()
    }

    fn allocate(&mut self, size: usize) -> Option<Buffer> {
        Buffer::new(size)
    }

    fn bytes(buffer: &mut Buffer) -> &mut [u8] {
        buffer.bytes()
    }

    fn event(&mut self, header: &RpcHeader, mut message: Buffer) -> bool {
        let gsp = self.rpc.gsp;
        gsp.dump(Level::Trace, false, message.bytes());
        gsp.event(header.function, message.payload());
        let Some(ntfy) = self.rpc.handler(header.function) else {
            // As C does: somebody who looks for trouble wants to see all of it.
            gsp.dump(Level::Warn, false, message.bytes());
            return false;
        };
        ntfy.call(header.function, message.payload());
        true
    }

    fn traced(&mut self) -> bool {
        crate::bridge::trace::rpc_enabled()
    }

    fn trace(&mut self, piece: &super::core::tracing::Piece<'_>) {
        crate::bridge::trace::element(self.rpc.gsp, piece);
    }

    fn report(&mut self, report: &Report<'_>, history: &History) {
        let gsp = self.rpc.gsp;
        let level = match report.level() {
            ReportLevel::Error => Level::Error,
            ReportLevel::Warning => Level::Warn,
            ReportLevel::Debug => Level::Debug,
        };
        // The message itself was printed, in C's words.
        if !matches!(report, Report::Unwanted(_)) {
            gsp.log(level, format_args!("rpc: {report}"));
        }
        if report.wants_history() {
            gsp.log(level, format_args!("rpc: the last messages, oldest first:"));
            for entry in history.iter() {
                gsp.log(level, format_args!("rpc:   {entry}"));
            }
        }
    }
}

impl Rpc {
    /// The state of a device that has no queues yet.
    pub(crate) fn new(gsp: Gsp) -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            pin_init!(Self {
                gsp,
                attached <- new_mutex!(None),
                handlers <- new_mutex!([const { None }; HANDLERS]),
            }),
            GFP_KERNEL,
        )
    }

    /// Takes over queues.
    ///
    /// # Errors
    ///
    /// `EBUSY`: there are queues already. `EINVAL`: a queue's size or pointer cannot be.
    pub(crate) fn attach(&self, mut commands: Queue, mut messages: Queue) -> Result {
        let (element, sequence) = self.gsp.sequences();
        let mut attached = self.attached.lock();
        if attached.is_some() {
            return Err(EBUSY);
        }
        let (command_count, message_count) = (commands.count, messages.count);
        let queues = CommandQueue::attach(&mut commands, command_count, element)
            .and_then(|c| MessageQueue::attach(&mut messages, message_count).map(|m| (c, m)));
        let (command_queue, message_queue) = queues.map_err(|error| {
            self.gsp.log(Level::Error, format_args!("rpc: {error}"));
            EINVAL
        })?;
        *attached = Some(Attached {
            session: Session::new(command_queue, message_queue, sequence),
            commands,
            messages,
            tallied: Counters::default(),
            gone: false,
        });
        Ok(())
    }

    /// Runs something on the queues, under the lock, and brings the device's counters up to date.
    fn with<T>(&self, run: impl FnOnce(&mut Session, &mut Link<'_>) -> Result<T>) -> Result<T> {
        let mut guard = self.attached.lock();
        let Some(attached) = &mut *guard else {
            self.gsp
                .log(Level::Error, format_args!("rpc: no queues yet"));
            return Err(ENODEV);
        };
        // A device that is gone does not make every call wait. It may come back, by a resume.
        attached.gone = attached.gone && self.gsp.gone();
        if attached.gone {
            return Err(ENODEV);
        }
        attached.commands.waited = 0;
        attached.messages.waited = 0;
        let mut link = Link {
            rpc: self,
            commands: &mut attached.commands,
            messages: &mut attached.messages,
        };
        let result = run(&mut attached.session, &mut link);
        // Registers are looked at only when a wait was in vain: no access more than C's otherwise.
        if attached.commands.waited.max(attached.messages.waited) >= WAIT_MAX && self.gsp.gone() {
            attached.gone = true;
            self.gsp
                .log(Level::Error, format_args!("rpc: the device is gone"));
        }

        let (now, was) = (*attached.session.counters(), attached.tallied);
        attached.tallied = now;
        for (which, now, was) in [
            (Count::Sent, now.sent, was.sent),
            (Count::Received, now.received, was.received),
            (Count::Events, now.events, was.events),
            (Count::Errors, now.errors, was.errors),
        ] {
            self.gsp.tally(which, now.wrapping_sub(was));
        }
        result
    }

    /// A command's buffer.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE`, `ENOMEM`
    pub(crate) fn get(&self, function: u32, payload_size: u32) -> Result<Buffer> {
        let length = payload_size
            .checked_add(super::core::element::RPC_HEADER_SIZE as u32)
            .ok_or(EMSGSIZE)?;
        let mut buffer =
            Buffer::new(usize::try_from(length).map_err(|_| EMSGSIZE)?).ok_or(ENOMEM)?;
        buffer.set_header(&RpcHeader::request(function, length, 0));
        Ok(buffer)
    }

    /// Sends a command; the reply, if there is to be one.
    ///
    /// # Errors
    ///
    /// See `nvkm_rs_rpc_push()` in `bridge/rpc.h`.
    pub(crate) fn push(
        &self,
        mut command: Buffer,
        policy: u32,
        reply_len: u32,
    ) -> Result<Option<Buffer>> {
        let policy = ReplyPolicy::try_from(policy).map_err(|_| EINVAL)?;
        let function = command.header().function;
        self.gsp.dump(Level::Trace, true, command.bytes());
        self.with(|session, link| {
            session
                .submit(link, function, command.payload(), policy, reply_len)
                .map_err(|error| errno(&error))
        })
        .map(|reply| self.traced(reply))
    }

    /// Waits for a message; function 0: delivers what is in the queue.
    ///
    /// # Errors
    ///
    /// See `nvkm_rs_rpc_recv()` in `bridge/rpc.h`.
    pub(crate) fn receive(&self, function: u32, length: u32) -> Result<Option<Buffer>> {
        if function == 0 {
            self.drain();
            return Ok(None);
        }
        self.with(|session, link| {
            session
                .receive(
                    link,
                    &Awaited {
                        function,
                        length,
                        sequence: None,
                    },
                )
                .map_err(|error| errno(&error))
        })
        .map(|reply| self.traced(reply))
    }

    /// Delivers what is in the queue; `false`: there is more than one run may deliver.
    pub(crate) fn drain(&self) -> bool {
        self.with(|session, link| Ok(session.drain(link, DRAIN_LIMIT)))
            .map_or(true, |drained| !drained.more)
    }

    /// The queue's work: delivers what is there, and comes again for what is left.
    pub(crate) fn work(&self) {
        if !self.drain() {
            self.gsp.requeue();
        }
    }

    /// Has a function called for each message of a kind.
    ///
    /// # Errors
    ///
    /// `ENOSPC`
    pub(crate) fn ntfy_add(&self, function: u32, ntfy: Ntfy) -> Result {
        let mut handlers = self.handlers.lock();
        let free = handlers
            .iter_mut()
            .find(|handler| handler.is_none())
            .ok_or(ENOSPC)?;
        *free = Some((function, ntfy));
        Ok(())
    }

    /// Who wants a message: the first who asked, as in C.
    fn handler(&self, function: u32) -> Option<Ntfy> {
        self.handlers
            .lock()
            .iter()
            .flatten()
            .find(|(wanted, _)| *wanted == function)
            .map(|(_, ntfy)| *ntfy)
    }

    /// Prints a reply when the log's level asks for it.
    fn traced(&self, mut reply: Option<Buffer>) -> Option<Buffer> {
        if let Some(reply) = &mut reply {
            self.gsp.dump(Level::Trace, false, reply.bytes());
        }
        reply
    }
}
