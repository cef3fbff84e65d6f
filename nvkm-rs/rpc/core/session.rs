// SPDX-License-Identifier: GPL-2.0

//! Both queues together: submit a command and have its reply, drain what arrives unasked.
//!
//! All calls are made under one lock (nouveau's `gsp->cmdq.mutex`). Event handlers run inside, so they must not
//! submit commands; C's do not either.

use super::command::CommandQueue;
use super::element::{RpcHeader, RPC_HEADER_SIZE};
use super::error::{Error, Recovery, RecvError, SendError};
use super::history::{Direction, History};
use super::join::{Accept, Joiner};
use super::message::{Incoming, Integrity, MessageQueue};
use super::names::CONTINUATION_RECORD;
use super::policy::ReplyPolicy;
use super::report::{Counters, Late, Report};
use super::ring::{Budget, RingMemory};
use super::split::Split;

/// What a session needs of the driver around it.
pub trait Host {
    /// The command queue's memory.
    type Commands: RingMemory;
    /// The message queue's memory.
    type Messages: RingMemory;
    /// A buffer that holds one message.
    type Buffer;

    /// The command queue's memory.
    fn commands(&mut self) -> &mut Self::Commands;

    /// The message queue's memory.
    fn messages(&mut self) -> &mut Self::Messages;

    /// Tells the GSP that the command queue's write pointer moved.
    fn doorbell(&mut self);

    /// The time in nanoseconds, for the history.
    fn now(&mut self) -> u64;

    /// A zeroed buffer of `size` bytes, or `None`.
    fn allocate(&mut self, size: usize) -> Option<Self::Buffer>;

    /// The bytes of a buffer, as many as were asked for.
    fn bytes(buffer: &mut Self::Buffer) -> &mut [u8];

    /// Delivers a message that is nobody's reply: RPC header, then payload, `header.length` bytes in all.
    /// Returns whether anybody wanted it.
    fn event(&mut self, header: &RpcHeader, message: Self::Buffer) -> bool;

    /// Something for the log. `history` is what led there, for the reports that ask for it
    /// ([`Report::wants_history`]).
    fn report(&mut self, report: &Report<'_>, history: &History);
}

/// The reply that is waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Awaited {
    /// Its function.
    pub function: u32,
    /// Least bytes of RPC header and payload; 0 to drop the reply when it comes. More than an element holds:
    /// the reply comes in parts that make exactly this many bytes.
    pub length: u32,
    /// First and last sequence number of the command's elements, where there was a command.
    pub sequence: Option<(u32, u32)>,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drained {
    /// Messages taken out of the queue, bad ones included.
    pub messages: u32,
    /// The limit was reached before the queue was empty: come again.
    pub more: bool,
}

/// One device's message queues.
#[derive(Debug)]
pub struct Session {
    commands: CommandQueue,
    messages: MessageQueue,
    sequence: u32,
    history: History,
    late: Late,
    counters: Counters,
}

/// What one message turned out to be.
enum Step<B> {
    /// Not the reply; dealt with.
    Other,
    /// The reply; `None` if it was to be dropped.
    Reply(Option<B>),
}

impl Session {
    /// A session over attached queues; `sequence` is the next RPC's number (`gsp->rpc_seq`).
    #[must_use]
    pub fn new(commands: CommandQueue, messages: MessageQueue, sequence: u32) -> Self {
        Self {
            commands,
            messages,
            sequence,
            history: History::new(),
            late: Late::new(),
            counters: Counters::default(),
        }
    }

    /// The command queue.
    #[must_use]
    pub fn commands(&self) -> &CommandQueue {
        &self.commands
    }

    /// The message queue.
    #[must_use]
    pub fn messages(&self) -> &MessageQueue {
        &self.messages
    }

    /// The next RPC's number, for `gsp->rpc_seq`.
    #[must_use]
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// What happened so far, in numbers.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The last messages.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Sends a command and, if the policy says so, waits for its reply.
    ///
    /// `reply_len` is the least number of bytes that the caller will look at; as in C, 0 drops a reply that
    /// [`ReplyPolicy::Recv`] waited for, and a command that was split expects a reply of its own size.
    /// The reply's buffer begins with the RPC header and holds at least `reply_len` bytes beyond it,
    /// zeroes where the device sent less.
    ///
    /// # Errors
    ///
    /// [`Error`]
    pub fn submit<H: Host>(
        &mut self,
        host: &mut H,
        function: u32,
        payload: &[u8],
        policy: ReplyPolicy,
        reply_len: u32,
    ) -> Result<Option<H::Buffer>, Error> {
        let split = Split::is_needed(payload.len());
        let first = self.sequence;
        let mut last = first;
        let mut budget = Budget::new(Budget::COMMAND);

        for part in Split::new(function, payload.len()) {
            let too_large = SendError::TooLarge {
                function,
                payload: payload.len(),
            };
            let bytes = payload.get(part.range).ok_or(too_large)?;
            let length = u32::try_from(bytes.len())
                .ok()
                .and_then(|len| len.checked_add(RPC_HEADER_SIZE as u32))
                .ok_or(too_large)?;
            let counted = split || policy.counts_sequence();
            let header = RpcHeader::request(
                part.function,
                length,
                if counted { self.sequence } else { 0 },
            );

            let pushed = self
                .commands
                .push(host.commands(), &mut budget, &header, bytes);
            if let Err(error) = pushed {
                self.counters.errors = self.counters.errors.wrapping_add(1);
                host.report(&Report::Send(&error), &self.history);
                return Err(error.into());
            }
            host.doorbell();
            self.history.record(Direction::Sent, &header, host.now());
            self.counters.sent = self.counters.sent.wrapping_add(1);
            if counted {
                last = self.sequence;
                self.sequence = self.sequence.wrapping_add(1);
            }
            // C's patience is for each element.
            budget = Budget::new(Budget::COMMAND);
        }

        let length = match (policy, split) {
            (ReplyPolicy::NoWait | ReplyPolicy::NoSeq, _) => return Ok(None),
            (ReplyPolicy::Poll, _) => 0,
            (ReplyPolicy::Recv, false) => reply_len,
            (ReplyPolicy::Recv, true) => u32::try_from(payload.len())
                .unwrap_or(u32::MAX)
                .saturating_add(RPC_HEADER_SIZE as u32),
        };
        self.receive(
            host,
            &Awaited {
                function,
                length,
                sequence: Some((first, last)),
            },
        )
    }

    /// Waits for a message of a given function, delivering all others on the way
    /// (`r535_gsp_msg_recv`, `r535_gsp_rpc_poll`).
    ///
    /// # Errors
    ///
    /// [`Error`]. Bad messages that cannot have been the awaited one are reported and passed over.
    pub fn receive<H: Host>(
        &mut self,
        host: &mut H,
        awaited: &Awaited,
    ) -> Result<Option<H::Buffer>, Error> {
        let mut budget = Budget::new(Budget::MESSAGE);
        loop {
            let step = self
                .peek(host, &mut budget)
                .and_then(|incoming| self.step(host, &mut budget, Some(awaited), incoming));
            match step {
                Ok(Step::Reply(reply)) => return Ok(reply),
                Ok(Step::Other) => {}
                Err(error) if Self::is_passed_over(&error, awaited.function) => {}
                Err(error) => {
                    self.give_up(host, awaited, &error);
                    return Err(error);
                }
            }
            // A device that sends without end must not hold us here without end.
            if !budget.charge() {
                let error = RecvError::TimedOut.into();
                self.give_up(host, awaited, &error);
                return Err(error);
            }
        }
    }

    /// Delivers what is in the message queue, at most `limit` messages (`r535_gsp_msgq_work`).
    ///
    /// Does not wait for a first message. Bad messages are reported and passed over.
    pub fn drain<H: Host>(&mut self, host: &mut H, limit: u32) -> Drained {
        let mut drained = Drained::default();
        let mut budget = Budget::new(Budget::MESSAGE);
        loop {
            match self.messages.pending(host.messages()) {
                Ok(0) => return drained,
                Ok(_) => {}
                Err(error) => {
                    self.bad_message(host, &error);
                    return drained;
                }
            }
            if drained.messages >= limit {
                drained.more = true;
                return drained;
            }
            drained.messages = drained.messages.saturating_add(1);
            let step = self
                .peek(host, &mut budget)
                .and_then(|incoming| self.step(host, &mut budget, None, incoming));
            match step {
                Err(Error::Recv(error)) if error.recovery() == Recovery::Kept => return drained,
                // Reported where it was found; the queue has moved on.
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Waits for the next message; a bad one is counted and reported.
    fn peek<H: Host>(&mut self, host: &mut H, budget: &mut Budget) -> Result<Incoming, Error> {
        match self.messages.peek(host.messages(), budget) {
            Ok(incoming) => {
                self.counters.received = self.counters.received.wrapping_add(1);
                self.history
                    .record(Direction::Received, incoming.rpc(), host.now());
                Ok(incoming)
            }
            Err(error) => {
                self.bad_message(host, &error);
                Err(error.into())
            }
        }
    }

    fn bad_message<H: Host>(&mut self, host: &mut H, error: &RecvError) {
        self.counters.errors = self.counters.errors.wrapping_add(1);
        if error.recovery() != Recovery::Kept {
            self.counters.dropped = self.counters.dropped.wrapping_add(1);
        }
        host.report(&Report::Receive(error), &self.history);
    }

    /// Deals with a message; it has left the queue afterwards, whatever it was.
    fn step<H: Host>(
        &mut self,
        host: &mut H,
        budget: &mut Budget,
        awaited: Option<&Awaited>,
        incoming: Incoming,
    ) -> Result<Step<H::Buffer>, Error> {
        let header = *incoming.rpc();
        let Some(awaited) = awaited.filter(|awaited| awaited.function == header.function) else {
            self.deliver(host, incoming);
            return Ok(Step::Other);
        };
        if self.late.is_late(awaited, &header) {
            self.messages.consume(incoming, host.messages());
            self.counters.late = self.counters.late.wrapping_add(1);
            host.report(&Report::Late(&header), &self.history);
            return Ok(Step::Other);
        }

        let verdict = Self::judge(awaited, &header);
        match verdict {
            Ok(true) => {}
            Ok(false) => {
                self.messages.consume(incoming, host.messages());
                return Ok(Step::Reply(None));
            }
            Err(error) => {
                self.messages.consume(incoming, host.messages());
                return Err(error);
            }
        }

        let spare = usize::try_from(awaited.length).unwrap_or(usize::MAX);
        let size = incoming
            .message_len()
            .max(spare.saturating_add(RPC_HEADER_SIZE));
        let Some(mut reply) = host.allocate(size) else {
            self.messages.consume(incoming, host.messages());
            return Err(Error::NoMemory {
                function: header.function,
            });
        };
        self.copy(host, incoming, H::bytes(&mut reply), None)?;
        if Joiner::is_needed(awaited.length) {
            self.join(host, budget, awaited, &header, &mut reply)?;
        }
        Ok(Step::Reply(Some(reply)))
    }

    /// Whether the awaited message is good: `true` to hand it over, `false` to drop it as asked.
    fn judge(awaited: &Awaited, header: &RpcHeader) -> Result<bool, Error> {
        if header.rpc_result != 0 {
            return Err(Error::Result {
                function: header.function,
                result: header.rpc_result,
            });
        }
        if awaited.length == 0 {
            return Ok(false);
        }
        if !Joiner::is_needed(awaited.length) && header.length < awaited.length {
            return Err(Error::Short {
                function: header.function,
                length: header.length,
                expected: awaited.length,
            });
        }
        Ok(true)
    }

    /// Gathers the continuation records of a large reply.
    fn join<H: Host>(
        &mut self,
        host: &mut H,
        budget: &mut Budget,
        awaited: &Awaited,
        first: &RpcHeader,
        reply: &mut H::Buffer,
    ) -> Result<(), Error> {
        let mut joiner = Joiner::new(awaited.length, first)?;
        while joiner.missing() > 0 {
            let incoming = self.peek(host, budget)?;
            match joiner.accept(incoming.rpc()) {
                Ok(Accept::Part(range)) => {
                    self.copy(host, incoming, H::bytes(reply), Some(range))?;
                }
                Ok(Accept::Event) => self.deliver(host, incoming),
                Err(error) => {
                    self.deliver(host, incoming);
                    return Err(error.into());
                }
            }
            if !budget.charge() {
                return Err(RecvError::TimedOut.into());
            }
        }
        // As C leaves it: the header tells the length of the whole.
        let whole = RpcHeader {
            length: awaited.length,
            ..*first
        };
        for (to, from) in H::bytes(reply).iter_mut().zip(whole.encode()) {
            *to = from;
        }
        Ok(())
    }

    /// Copies a message out of the queue and lets go of it: all of it to the front of `to`, or its payload to
    /// `range`.
    fn copy<H: Host>(
        &mut self,
        host: &mut H,
        incoming: Incoming,
        to: &mut [u8],
        range: Option<::core::ops::Range<usize>>,
    ) -> Result<(), Error> {
        let memory = host.messages();
        let copied = match range {
            Some(range) => to
                .get_mut(range)
                .map(|to| self.messages.copy_payload(&incoming, memory, to)),
            None => to
                .get_mut(..incoming.message_len())
                .map(|to| self.messages.copy_message(&incoming, memory, to)),
        };
        let header = *incoming.rpc();
        let pages = incoming.pages();
        self.messages.consume(incoming, host.messages());
        match copied {
            Some(Ok(Integrity::Good)) => Ok(()),
            Some(Ok(Integrity::Bad(off))) => {
                // C does not look at checksums; neither is it an error here.
                self.counters.checksums = self.counters.checksums.wrapping_add(1);
                host.report(&Report::Checksum(&header, off), &self.history);
                Ok(())
            }
            Some(Err(_)) | None => {
                let error = RecvError::Memory {
                    recovery: Recovery::Skipped { pages },
                };
                self.bad_message(host, &error);
                Err(error.into())
            }
        }
    }

    /// Hands a message that is nobody's reply to the driver.
    fn deliver<H: Host>(&mut self, host: &mut H, incoming: Incoming) {
        let header = *incoming.rpc();
        let reject = if header.function == CONTINUATION_RECORD {
            Some(Report::Stray(&header))
        } else if header.rpc_result != 0 {
            Some(Report::Failed(&header))
        } else {
            None
        };
        if let Some(report) = reject {
            self.messages.consume(incoming, host.messages());
            self.counters.unwanted = self.counters.unwanted.wrapping_add(1);
            host.report(&report, &self.history);
            return;
        }

        let Some(mut message) = host.allocate(incoming.message_len()) else {
            self.messages.consume(incoming, host.messages());
            self.counters.dropped = self.counters.dropped.wrapping_add(1);
            host.report(&Report::NoMemory(&header), &self.history);
            return;
        };
        if self
            .copy(host, incoming, H::bytes(&mut message), None)
            .is_err()
        {
            return;
        }
        if host.event(&header, message) {
            self.counters.events = self.counters.events.wrapping_add(1);
        } else {
            self.counters.unwanted = self.counters.unwanted.wrapping_add(1);
            host.report(&Report::Unwanted(&header), &self.history);
        }
    }

    /// Whether an error is a bad message's that cannot have been the awaited one.
    fn is_passed_over(error: &Error, function: u32) -> bool {
        match error {
            Error::Recv(error) => {
                matches!(error.recovery(), Recovery::Skipped { .. })
                    && error
                        .headers()
                        .is_some_and(|bad| bad.rpc.function != function)
            }
            _ => false,
        }
    }

    /// Remembers that a reply is still due, and says why nobody waits for it.
    fn give_up<H: Host>(&mut self, host: &mut H, awaited: &Awaited, error: &Error) {
        if matches!(error, Error::Recv(_)) {
            self.late.expect(awaited);
        } else {
            self.counters.errors = self.counters.errors.wrapping_add(1);
        }
        host.report(&Report::Reply(awaited, error), &self.history);
    }
}
