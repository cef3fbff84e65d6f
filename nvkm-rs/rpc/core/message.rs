// SPDX-License-Identifier: GPL-2.0

//! The driver's end of the message queue.

use super::checksum::Checksum;
use super::element::{
    element_pages, ElementHeader, RpcHeader, ELEMENT_HEADER_SIZE, ELEMENT_PAGES_MAX, HEADERS_SIZE,
    PAYLOAD_MAX, RPC_HEADER_SIZE,
};
use super::error::{Headers, Recovery, RecvError};
use super::ring::{AttachError, Budget, MemoryFault, Ring, RingMemory};

/// The message queue: the GSP writes, the driver reads.
#[derive(Debug, Eq, PartialEq)]
pub struct MessageQueue {
    ring: Ring,
}

/// An element at the head of the queue: its headers, read once and checked.
///
/// Not `Clone`: it is given back to [`MessageQueue::consume`], which moves the read pointer past
/// it.
#[derive(Debug, Eq, PartialEq)]
#[must_use = "the element stays in the queue until it is consumed"]
pub struct Incoming {
    headers: Headers,
    pages: u32,
    payload: usize,
    /// Over both headers as they stand in the queue.
    checksum: Checksum,
}

impl Incoming {
    /// The RPC header. `length` is at least the header's own and fits an element.
    #[must_use]
    pub fn rpc(&self) -> &RpcHeader {
        &self.headers.rpc
    }

    /// Both headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Pages of the element.
    #[must_use]
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// Bytes of payload, at most [`PAYLOAD_MAX`].
    #[must_use]
    pub fn payload_len(&self) -> usize {
        self.payload
    }

    /// Bytes of RPC header and payload, at most [`RPC_SIZE_MAX`](super::element::RPC_SIZE_MAX).
    #[must_use]
    pub fn message_len(&self) -> usize {
        self.payload.saturating_add(RPC_HEADER_SIZE)
    }
}

/// Whether a received element's checksum is right. C does not look; it is for counters and the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Integrity {
    /// It is.
    Good,
    /// It is not; the value by which it is off.
    Bad(u32),
}

impl MessageQueue {
    /// Takes over a queue of `count` pages (`gsp->msgq.cnt`). The read pointer is read from shared
    /// memory here and never again.
    ///
    /// # Errors
    ///
    /// [`AttachError`] when count or read pointer are impossible.
    pub fn attach<M: RingMemory>(memory: &mut M, count: u32) -> Result<Self, AttachError> {
        Ok(Self {
            ring: Ring::new(count, memory.own())?,
        })
    }

    /// The read pointer.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.ring.position()
    }

    /// Pages that wait to be read.
    ///
    /// # Errors
    ///
    /// [`RecvError::WritePointer`]
    pub fn pending<M: RingMemory>(&self, memory: &mut M) -> Result<u32, RecvError> {
        let value = memory.peer();
        self.ring.used(value).ok_or(RecvError::WritePointer {
            value,
            count: self.ring.count(),
        })
    }

    /// Waits for an element, all of it, and reads its headers: the only time that they are read.
    ///
    /// # Errors
    ///
    /// [`RecvError`]. The bad element has left the queue already where [`RecvError::recovery`] says
    /// so: past it when its page count is credible (1 to 16, and so many pages are there), else to
    /// the device's write pointer.
    pub fn peek<M: RingMemory>(
        &mut self,
        memory: &mut M,
        budget: &mut Budget,
    ) -> Result<Incoming, RecvError> {
        let available = self.wait(memory, budget, 1)?.ok_or(RecvError::TimedOut)?;
        memory.read_barrier();

        let mut element = [0; ELEMENT_HEADER_SIZE];
        let mut rpc = [0; RPC_HEADER_SIZE];
        if self.read(memory, 0, &mut element).is_err()
            || self.read(memory, ELEMENT_HEADER_SIZE, &mut rpc).is_err()
        {
            let recovery = self.resync(memory, available);
            return Err(RecvError::Memory { recovery });
        }
        let headers = Headers {
            element: ElementHeader::decode(&element),
            rpc: RpcHeader::decode(&rpc),
        };
        let mut checksum = Checksum::new();
        checksum.update(&element);
        checksum.update(&rpc);

        let pages = element_pages(headers.rpc.length);
        let payload = headers
            .rpc
            .payload_len()
            .filter(|payload| *payload <= PAYLOAD_MAX && pages < self.ring.count());
        let Some(payload) = payload else {
            let recovery = self.skip(memory, &headers.element, available);
            return Err(RecvError::Length { headers, recovery });
        };
        if headers.element.elem_count != pages {
            let recovery = self.skip(memory, &headers.element, available);
            return Err(RecvError::ElementCount {
                headers,
                pages,
                recovery,
            });
        }

        if self.wait(memory, budget, pages)?.is_none() {
            // Half an element: who waits again would take what follows for the other half.
            let available = self.pending(memory)?;
            let recovery = self.resync(memory, available);
            return Err(RecvError::Incomplete {
                headers,
                pages,
                recovery,
            });
        }
        memory.read_barrier();

        Ok(Incoming {
            headers,
            pages,
            payload,
            checksum,
        })
    }

    /// Copies the payload into `to`, which must be exactly [`Incoming::payload_len`] bytes.
    ///
    /// # Errors
    ///
    /// [`MemoryFault`] when `to` has another size, or the memory is smaller than the ring.
    pub fn copy_payload<M: RingMemory>(
        &self,
        incoming: &Incoming,
        memory: &mut M,
        to: &mut [u8],
    ) -> Result<Integrity, MemoryFault> {
        if to.len() != incoming.payload {
            return Err(MemoryFault);
        }
        self.read(memory, HEADERS_SIZE, to)?;

        let mut checksum = incoming.checksum;
        checksum.update(to);
        // The sender sums whole 64-bit words; what stands between the payload and the next one
        // counts.
        let mut rest = [0; 8];
        let over = incoming.payload & 7;
        if over != 0 {
            let rest = rest.get_mut(over..).ok_or(MemoryFault)?;
            self.read(memory, HEADERS_SIZE.saturating_add(incoming.payload), rest)?;
            checksum.update(rest);
        }
        Ok(match checksum.finish() {
            0 => Integrity::Good,
            off => Integrity::Bad(off),
        })
    }

    /// Copies the part of the payload at `at` into `to`, without a look at its checksum.
    ///
    /// # Errors
    ///
    /// [`MemoryFault`] when it is not within the payload, or the memory is smaller than the ring.
    pub fn copy_piece<M: RingMemory>(
        &self,
        incoming: &Incoming,
        memory: &mut M,
        at: usize,
        to: &mut [u8],
    ) -> Result<(), MemoryFault> {
        let end = at.checked_add(to.len()).ok_or(MemoryFault)?;
        if end > incoming.payload {
            return Err(MemoryFault);
        }
        self.read(memory, HEADERS_SIZE.saturating_add(at), to)
    }

    /// Copies RPC header and payload into `to`, the header being the one that was checked. `to`
    /// must be exactly [`Incoming::message_len`] bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::copy_payload`].
    pub fn copy_message<M: RingMemory>(
        &self,
        incoming: &Incoming,
        memory: &mut M,
        to: &mut [u8],
    ) -> Result<Integrity, MemoryFault> {
        let (header, payload) = to
            .split_at_mut_checked(RPC_HEADER_SIZE)
            .ok_or(MemoryFault)?;
        for (to, from) in header.iter_mut().zip(incoming.headers.rpc.encode()) {
            *to = from;
        }
        self.copy_payload(incoming, memory, payload)
    }

    /// Moves the read pointer past the element.
    pub fn consume<M: RingMemory>(&mut self, incoming: Incoming, memory: &mut M) {
        self.advance(memory, incoming.pages);
    }

    /// Waits until `pages` pages are there and says how many are; `None` when they do not come.
    fn wait<M: RingMemory>(
        &self,
        memory: &mut M,
        budget: &mut Budget,
        pages: u32,
    ) -> Result<Option<u32>, RecvError> {
        loop {
            let available = self.pending(memory)?;
            if available >= pages {
                return Ok(Some(available));
            }
            if !budget.pause(memory) {
                return Ok(None);
            }
        }
    }

    fn read<M: RingMemory>(
        &self,
        memory: &mut M,
        skip: usize,
        to: &mut [u8],
    ) -> Result<(), MemoryFault> {
        let [(first, len), (second, _)] = self.ring.spans(skip, to.len()).ok_or(MemoryFault)?;
        let (head, tail) = to.split_at_mut_checked(len).ok_or(MemoryFault)?;
        if !head.is_empty() {
            memory.read(first, head)?;
        }
        if !tail.is_empty() {
            memory.read(second, tail)?;
        }
        Ok(())
    }

    /// Leaves a bad element behind: past it if its page count is credible, else to the write
    /// pointer.
    fn skip<M: RingMemory>(
        &mut self,
        memory: &mut M,
        element: &ElementHeader,
        available: u32,
    ) -> Recovery {
        let pages = element.elem_count;
        if (1..=ELEMENT_PAGES_MAX.min(available)).contains(&pages) {
            self.advance(memory, pages);
            Recovery::Skipped { pages }
        } else {
            self.resync(memory, available)
        }
    }

    fn resync<M: RingMemory>(&mut self, memory: &mut M, available: u32) -> Recovery {
        self.advance(memory, available);
        Recovery::Resynced { pages: available }
    }

    /// The one place where the read pointer moves.
    fn advance<M: RingMemory>(&mut self, memory: &mut M, pages: u32) {
        self.ring.advance(pages);
        memory.full_barrier();
        memory.publish(self.ring.position());
    }
}
