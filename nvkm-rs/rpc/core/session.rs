// SPDX-License-Identifier: GPL-2.0

//! Both queues together: submit a command and have its reply, drain what arrives unasked.
//!
//! All calls are made under one lock (nouveau's `gsp->cmdq.mutex`). Event handlers run inside, so
//! they must not submit commands; C's do not either.

use super::command::CommandQueue;
use super::element::{RpcHeader, RPC_HEADER_SIZE};
use super::error::{Error, SendError};
use super::history::{Direction, History};
use super::host::{Awaited, Drained, Host};
use super::message::MessageQueue;
use super::policy::ReplyPolicy;
use super::receive::{Next, Step};
use super::report::{Counters, Late, Report};
use super::ring::Budget;
use super::split::Split;
use super::tracing;

/// How often a session looks at a queue, a microsecond or two apart, before it gives up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Patience {
    /// For room in the command queue, for each element.
    pub command: u32,
    /// For one reply, over everything that is received meanwhile; each message costs looks too, so
    /// that a device that sends without end cannot hold the caller without end.
    pub message: u32,
}

/// Messages that may come before the one that is waited for: many times what a queue holds.
const MESSAGES: u32 = 4096;

impl Patience {
    /// Looks that a message costs.
    pub(super) fn cost(self) -> u32 {
        self.message.checked_div(MESSAGES).unwrap_or(0).max(1)
    }
}

impl Default for Patience {
    /// That of `r535_gsp_cmdq_push` and `r535_gsp_msg_recv`.
    fn default() -> Self {
        Self {
            command: 1_000_000,
            message: 4_000_000,
        }
    }
}

/// One device's message queues.
#[derive(Debug)]
pub struct Session {
    commands: CommandQueue,
    pub(super) messages: MessageQueue,
    sequence: u32,
    pub(super) patience: Patience,
    pub(super) history: History,
    pub(super) late: Late,
    pub(super) counters: Counters,
}

impl Session {
    /// A session over attached queues; `sequence` is the next RPC's number (`gsp->rpc_seq`).
    #[must_use]
    pub fn new(commands: CommandQueue, messages: MessageQueue, sequence: u32) -> Self {
        Self {
            commands,
            messages,
            sequence,
            patience: Patience::default(),
            history: History::new(),
            late: Late::new(),
            counters: Counters::default(),
        }
    }

    /// Changes how long to wait.
    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
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
    /// `reply_len` is the least number of bytes that the caller will look at; as in C, 0 drops a
    /// reply that [`ReplyPolicy::Recv`] waited for, and a command that was split expects a reply of
    /// its own size. The reply's buffer begins with the RPC header and holds at least `reply_len`
    /// bytes of the device's beyond it, and some more, zeroes where it sent no more: callers have
    /// a header that they do not count in what they ask for.
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

            let mut budget = Budget::new(self.patience.command);
            let pushed = self
                .commands
                .push(host.commands(), &mut budget, &header, bytes);
            if let Ok(element) = &pushed {
                tracing::sent(host, element, &header, bytes);
            }
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
    /// [`Error`]; it has been reported. Bad messages that cannot have been the awaited one are
    /// reported and passed over, so that they cost the command nothing.
    pub fn receive<H: Host>(
        &mut self,
        host: &mut H,
        awaited: &Awaited,
    ) -> Result<Option<H::Buffer>, Error> {
        let mut budget = Budget::new(self.patience.message);
        let outcome = loop {
            let step = match self.next(host, &mut budget, |bad| bad != awaited.function) {
                Ok(Next::Message(incoming)) => self.step(host, &mut budget, awaited, incoming),
                Ok(Next::PassedOver) => Ok(Step::Other),
                Err(error) => Err(error.into()),
            };
            match step {
                Ok(Step::Other) => {}
                Ok(Step::Reply(reply)) => break Ok(reply),
                Err(error) => break Err(error),
            }
        };
        if let Err(error) = &outcome {
            if matches!(error, Error::Recv(_)) {
                self.late.due(awaited);
            }
            self.counters.errors = self.counters.errors.wrapping_add(1);
            host.report(&Report::Reply(awaited, error), &self.history);
        }
        outcome
    }

    /// Delivers what is in the message queue, at most `limit` messages (`r535_gsp_msgq_work`).
    ///
    /// Does not wait for a first message. Bad messages are reported and passed over.
    pub fn drain<H: Host>(&mut self, host: &mut H, limit: u32) -> Drained {
        let mut drained = Drained::default();
        let mut budget = Budget::new(self.patience.message);
        loop {
            let error = match self.messages.pending(host.messages()) {
                Ok(0) => return drained,
                Ok(_) if drained.messages >= limit => {
                    drained.more = true;
                    return drained;
                }
                Ok(_) => {
                    drained.messages = drained.messages.saturating_add(1);
                    // Nothing is awaited: whatever is bad can be passed over.
                    match self.next(host, &mut budget, |_| true) {
                        Ok(Next::Message(incoming)) => {
                            self.deliver(host, incoming);
                            continue;
                        }
                        Ok(Next::PassedOver) => continue,
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            self.bad_message(host, &error);
            if error.is_stuck() {
                return drained;
            }
        }
    }
}
