// SPDX-License-Identifier: GPL-2.0

//! The driver's end of the command queue.

use super::checksum::Checksum;
use super::element::{
    element_pages, ElementHeader, RpcHeader, ELEMENT_HEADER_SIZE, ELEMENT_PAGES_MAX, HEADERS_SIZE,
    PAGE_SIZE, RPC_HEADER_SIZE,
};
use super::error::SendError;
use super::ring::{AttachError, Budget, MemoryFault, Ring, RingMemory};

const ZEROES: [u8; 256] = [0; 256];

/// The command queue: the driver writes, the GSP reads.
#[derive(Debug, Eq, PartialEq)]
pub struct CommandQueue {
    ring: Ring,
    sequence: u32,
}

impl CommandQueue {
    /// Takes over a queue of `count` pages (`gsp->cmdq.cnt`) whose next element has number
    /// `sequence` (`gsp->cmdq.seq`). The write pointer is read from shared memory here and never
    /// again.
    ///
    /// # Errors
    ///
    /// [`AttachError`] when count or write pointer are impossible.
    pub fn attach<M: RingMemory>(
        memory: &mut M,
        count: u32,
        sequence: u32,
    ) -> Result<Self, AttachError> {
        Ok(Self {
            ring: Ring::new(count, memory.own())?,
            sequence,
        })
    }

    /// The number of the next element, for handing the queue back (`gsp->cmdq.seq`).
    #[must_use]
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// The write pointer.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.ring.position()
    }

    /// Writes one element and publishes it. The caller rings the doorbell afterwards.
    ///
    /// The element is `header`, `payload` and zeroes up to the end of its last page; all of its
    /// pages must be free before the first byte is written, and the write pointer moves once, after
    /// the last.
    ///
    /// # Errors
    ///
    /// [`SendError`]; the queue is then as it was before.
    pub fn push<M: RingMemory>(
        &mut self,
        memory: &mut M,
        budget: &mut Budget,
        header: &RpcHeader,
        payload: &[u8],
    ) -> Result<ElementHeader, SendError> {
        let too_large = SendError::TooLarge {
            function: header.function,
            payload: payload.len(),
        };
        let pages = element_pages(header.length);
        if header.payload_len() != Some(payload.len())
            || pages > ELEMENT_PAGES_MAX
            || pages >= self.ring.count()
        {
            return Err(too_large);
        }

        self.wait(memory, budget, header.function, pages)?;

        let mut element = ElementHeader {
            checksum: 0,
            sequence: self.sequence,
            elem_count: pages,
        };
        let rpc = header.encode();
        let mut checksum = Checksum::new();
        checksum.update(&element.encode());
        checksum.update(&rpc);
        checksum.update(payload);
        element.checksum = checksum.finish();

        self.write(memory, 0, &element.encode())
            .and_then(|()| self.write(memory, ELEMENT_HEADER_SIZE, &rpc))
            .and_then(|()| self.write(memory, HEADERS_SIZE, payload))
            .and_then(|()| self.pad(memory, pages, payload.len()))
            .map_err(|MemoryFault| SendError::Memory)?;

        self.ring.advance(pages);
        self.sequence = self.sequence.wrapping_add(1);
        memory.write_barrier();
        memory.publish(self.ring.position());
        memory.full_barrier();
        Ok(element)
    }

    /// Waits until `pages` pages are free.
    fn wait<M: RingMemory>(
        &self,
        memory: &mut M,
        budget: &mut Budget,
        function: u32,
        pages: u32,
    ) -> Result<(), SendError> {
        loop {
            let value = memory.peer();
            let free = self.ring.free(value).ok_or(SendError::ReadPointer {
                value,
                count: self.ring.count(),
            })?;
            if free >= pages {
                return Ok(());
            }
            if !budget.pause(memory) {
                return Err(SendError::TimedOut {
                    function,
                    pages,
                    free,
                });
            }
        }
    }

    /// Writes `bytes` at `skip` bytes into the element, around the ring's end if need be.
    fn write<M: RingMemory>(
        &self,
        memory: &mut M,
        skip: usize,
        bytes: &[u8],
    ) -> Result<(), MemoryFault> {
        let [(first, len), (second, _)] = self.ring.spans(skip, bytes.len()).ok_or(MemoryFault)?;
        let (head, tail) = bytes.split_at_checked(len).ok_or(MemoryFault)?;
        if !head.is_empty() {
            memory.write(first, head)?;
        }
        if !tail.is_empty() {
            memory.write(second, tail)?;
        }
        Ok(())
    }

    /// Zeroes what follows the payload in the element's last page.
    fn pad<M: RingMemory>(
        &self,
        memory: &mut M,
        pages: u32,
        payload: usize,
    ) -> Result<(), MemoryFault> {
        let size = usize::try_from(pages)
            .ok()
            .and_then(|pages| pages.checked_mul(PAGE_SIZE))
            .ok_or(MemoryFault)?;
        let mut at = payload
            .checked_add(ELEMENT_HEADER_SIZE + RPC_HEADER_SIZE)
            .ok_or(MemoryFault)?;
        while let Some(left) = size.checked_sub(at).filter(|left| *left > 0) {
            let zeroes = ZEROES.get(..left.min(ZEROES.len())).ok_or(MemoryFault)?;
            self.write(memory, at, zeroes)?;
            at = at.checked_add(zeroes.len()).ok_or(MemoryFault)?;
        }
        Ok(())
    }
}
