// SPDX-License-Identifier: GPL-2.0

//! What a session does with each message that it takes out of the queue.

use ::core::ops::Range;

use super::element::{RpcHeader, RPC_HEADER_SIZE};
use super::error::{Error, Recovery, RecvError};
use super::history::Direction;
use super::host::{Awaited, Host};
use super::join::{Accept, Joiner};
use super::message::{Incoming, Integrity};
use super::report::Report;
use super::ring::Budget;
use super::session::Session;
use crate::abi::core::names::{is_event, CONTINUATION_RECORD};

/// Bytes of the header of an RM allocation, the longer one of those that callers have in front of
/// what they ask for and do not count (`rpc_gsp_rm_alloc_v03_00`, `rpc_gsp_rm_control_v03_00`).
const CALLERS_HEADER: usize = 32;

/// What came out of the queue.
pub(super) enum Next {
    /// A well-formed message.
    Message(Incoming),
    /// A bad one, reported; what follows it is intact.
    PassedOver,
}

/// What one message turned out to be.
pub(super) enum Step<B> {
    /// Not the reply; dealt with.
    Other,
    /// The reply; `None` if it was to be dropped.
    Reply(Option<B>),
}

impl Session {
    /// Waits for the next message. A bad one is passed over if it left the queue alone and `passes`
    /// says, of its function, that it is not what the caller waits for. All other errors are the
    /// caller's to report.
    pub(super) fn next<H: Host>(
        &mut self,
        host: &mut H,
        budget: &mut Budget,
        passes: impl FnOnce(u32) -> bool,
    ) -> Result<Next, RecvError> {
        // A device that sends without end must not hold us here without end.
        if !budget.charge(self.patience.cost()) {
            return Err(RecvError::TimedOut);
        }
        match self.messages.peek(host.messages(), budget) {
            Ok(incoming) => {
                self.counters.received = self.counters.received.wrapping_add(1);
                self.history
                    .record(Direction::Received, incoming.rpc(), host.now());
                self.trace_received(host, &incoming);
                Ok(Next::Message(incoming))
            }
            Err(error) => {
                if !error.is_stuck() {
                    self.counters.dropped = self.counters.dropped.wrapping_add(1);
                }
                let alone = matches!(error.recovery(), Recovery::Skipped { .. });
                match error.headers() {
                    Some(bad) if alone && passes(bad.rpc.function) => {
                        self.bad_message(host, &error);
                        Ok(Next::PassedOver)
                    }
                    _ => Err(error),
                }
            }
        }
    }

    /// Counts and reports a message that costs nobody a reply.
    pub(super) fn bad_message<H: Host>(&mut self, host: &mut H, error: &RecvError) {
        self.counters.errors = self.counters.errors.wrapping_add(1);
        host.report(&Report::Receive(error), &self.history);
    }

    /// Deals with a message; it has left the queue afterwards, whatever it was.
    pub(super) fn step<H: Host>(
        &mut self,
        host: &mut H,
        budget: &mut Budget,
        awaited: &Awaited,
        incoming: Incoming,
    ) -> Result<Step<H::Buffer>, Error> {
        let header = *incoming.rpc();
        if header.function != awaited.function {
            self.deliver(host, incoming);
            return Ok(Step::Other);
        }
        if self.late.is_late(awaited, &header) {
            self.messages.consume(incoming, host.messages());
            self.counters.late = self.counters.late.wrapping_add(1);
            host.report(&Report::Late(&header), &self.history);
            return Ok(Step::Other);
        }

        match judge(awaited, &header) {
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
            .max(spare.saturating_add(RPC_HEADER_SIZE + CALLERS_HEADER));
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
            // A bad event is no part of the reply; anything else that is bad may have been.
            let incoming = match self.next(host, budget, is_event)? {
                Next::Message(incoming) => incoming,
                Next::PassedOver => continue,
            };
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

    /// Copies a message out of the queue and lets go of it: all of it to the front of `to`, or its
    /// payload to `range`.
    fn copy<H: Host>(
        &mut self,
        host: &mut H,
        incoming: Incoming,
        to: &mut [u8],
        range: Option<Range<usize>>,
    ) -> Result<(), RecvError> {
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
                self.counters.dropped = self.counters.dropped.wrapping_add(1);
                Err(RecvError::Memory {
                    recovery: Recovery::Skipped { pages },
                })
            }
        }
    }

    /// Hands a message that is nobody's reply to the driver.
    pub(super) fn deliver<H: Host>(&mut self, host: &mut H, incoming: Incoming) {
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
        if let Err(error) = self.copy(host, incoming, H::bytes(&mut message), None) {
            self.bad_message(host, &error);
            return;
        }
        if host.event(&header, message) {
            self.counters.events = self.counters.events.wrapping_add(1);
        } else {
            self.counters.unwanted = self.counters.unwanted.wrapping_add(1);
            host.report(&Report::Unwanted(&header), &self.history);
        }
    }
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
    let expected = awaited.length.saturating_add(RPC_HEADER_SIZE as u32);
    if !Joiner::is_needed(awaited.length) && header.length < expected {
        return Err(Error::Short {
            function: header.function,
            length: header.length,
            expected,
        });
    }
    Ok(true)
}
