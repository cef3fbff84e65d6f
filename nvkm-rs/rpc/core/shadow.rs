// SPDX-License-Identifier: GPL-2.0

//! A command that someone else has encoded, held against how it is encoded here: how it was split,
//! how its elements are numbered, and every byte of each element.
//!
//! The element is written once more, by [`CommandQueue`] itself, into memory that does not take
//! what is written but compares it with what stands there. So nothing is kept, and what is compared
//! is what would have been sent.

use super::command::CommandQueue;
use super::element::{RpcHeader, ELEMENT_HEADER_SIZE, HEADERS_SIZE, PAGE_SIZE};
use super::ring::{Budget, MemoryFault, RingMemory};
use super::split::Split;
use super::status::Errno;
use crate::abi::core::field::Place;
use crate::abi::core::framing::{ELEMENT, RPC};

/// Where two accounts of a command differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Difference {
    /// What of it: a field's name, or a word of ours.
    pub what: &'static str,
    /// As someone else has it.
    pub found: u64,
    /// As it is here.
    pub expected: u64,
}

/// An element in the ring, its pointer not yet published.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Written {
    /// Pages of the ring.
    pub count: u32,
    /// The page at which it begins.
    pub position: u32,
    /// The pointer that is going to be published.
    pub next: u32,
}

/// Most bytes compared at once.
const CHUNK: usize = 64;

/// Memory that has an element in it already.
struct Witness<R> {
    ring: Written,
    read: R,
    /// Bytes of header and payload; what follows is padding.
    used: usize,
    difference: Option<Difference>,
    /// The checksum's, which follows from any other.
    checksum: Option<Difference>,
}

impl<R> Witness<R> {
    /// Where in the element an offset of the ring is.
    fn within(&self, offset: usize) -> Option<usize> {
        let start = usize::try_from(self.ring.position)
            .ok()?
            .checked_mul(PAGE_SIZE)?;
        match offset.checked_sub(start) {
            Some(at) => Some(at),
            None => usize::try_from(self.ring.count)
                .ok()?
                .checked_mul(PAGE_SIZE)?
                .checked_add(offset)?
                .checked_sub(start),
        }
    }

    /// Notes a difference; the first one counts.
    fn note(&mut self, at: usize, found: &[u8], expected: &[u8]) {
        let what = name(at, self.used);
        let place = match at == ELEMENT.checksum.offset {
            true => &mut self.checksum,
            false => &mut self.difference,
        };
        place.get_or_insert(Difference {
            what,
            found: word(found),
            expected: word(expected),
        });
    }
}

/// Up to eight bytes as a little-endian number.
fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

/// The name of what is at an offset of an element.
fn name(at: usize, used: usize) -> &'static str {
    let is = |place: &&Place, at: usize| place.offset == at;
    if at < ELEMENT_HEADER_SIZE {
        [&ELEMENT.checksum, &ELEMENT.sequence, &ELEMENT.elem_count]
            .into_iter()
            .find(|place| is(place, at))
            .map_or("element", |place| place.name)
    } else if at < HEADERS_SIZE {
        let at = at.saturating_sub(ELEMENT_HEADER_SIZE);
        [
            &RPC.header_version,
            &RPC.signature,
            &RPC.length,
            &RPC.function,
            &RPC.rpc_result,
            &RPC.rpc_result_private,
            &RPC.sequence,
            &RPC.spare,
        ]
        .into_iter()
        .find(|place| is(place, at))
        .map_or("header", |place| place.name)
    } else if at < used {
        "payload"
    } else {
        "padding"
    }
}

impl<R: FnMut(usize, &mut [u8]) -> bool> RingMemory for Witness<R> {
    fn read(&mut self, _: usize, _: &mut [u8]) -> Result<(), MemoryFault> {
        Err(MemoryFault)
    }

    fn write(&mut self, offset: usize, from: &[u8]) -> Result<(), MemoryFault> {
        let mut at = offset;
        for expected in from.chunks(CHUNK) {
            let mut found = [0; CHUNK];
            let found = found.get_mut(..expected.len()).ok_or(MemoryFault)?;
            if !(self.read)(at, found) {
                return Err(MemoryFault);
            }
            let mut place = at;
            for (found, expected) in found.chunks(4).zip(expected.chunks(4)) {
                if found != expected {
                    let place = self.within(place).ok_or(MemoryFault)?;
                    self.note(place, found, expected);
                }
                place = place.saturating_add(4);
            }
            at = at.saturating_add(CHUNK);
        }
        Ok(())
    }

    /// As if all of the ring were free: someone else has found that it is.
    fn peer(&mut self) -> u32 {
        self.ring.position
    }

    fn own(&mut self) -> u32 {
        self.ring.position
    }

    fn publish(&mut self, own: u32) {
        if own != self.ring.next {
            self.difference.get_or_insert(Difference {
                what: "write_pointer",
                found: self.ring.next.into(),
                expected: own.into(),
            });
        }
    }

    fn read_barrier(&mut self) {}

    fn write_barrier(&mut self) {}

    fn full_barrier(&mut self) {}

    fn pause(&mut self) -> bool {
        false
    }
}

/// Holds an element in the ring against how it would be written here. `read` copies bytes out of
/// the ring, from an offset on, and says whether there are so many.
///
/// # Errors
///
/// It would not have been written at all.
pub fn element<R: FnMut(usize, &mut [u8]) -> bool>(
    ring: Written,
    sequence: u32,
    header: &RpcHeader,
    payload: &[u8],
    read: R,
) -> Result<Option<Difference>, Errno> {
    let mut witness = Witness {
        ring,
        read,
        used: payload.len().saturating_add(HEADERS_SIZE),
        difference: None,
        checksum: None,
    };
    let mut queue =
        CommandQueue::attach(&mut witness, ring.count, sequence).map_err(|_| Errno::Invalid)?;
    queue
        .push(&mut witness, &mut Budget::new(1), header, payload)
        .map_err(|error| error.errno())?;
    Ok(witness.difference.or(witness.checksum))
}

/// What the queue is going to be told next.
#[derive(Debug, Default)]
pub struct Plan {
    split: Option<Split>,
    element: u32,
    rpc: u32,
}

/// The numbers of an element.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Numbers {
    /// Of the element.
    pub element: u32,
    /// Of the RPC; 0 where it is not counted.
    pub rpc: u32,
}

impl Plan {
    /// A command of `len` bytes of payload begins. A difference if there was more of the last one.
    pub fn command(&mut self, function: u32, len: usize) -> Option<Difference> {
        let last = self.split.replace(Split::new(function, len));
        last.and_then(|mut parts| parts.next()).map(|_| Difference {
            what: "parts",
            found: 0,
            expected: 1,
        })
    }

    /// The next part of it: its function and its bytes of payload.
    pub fn part(&mut self, function: u32, len: usize) -> Option<Difference> {
        let wide = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        let Some(part) = self.split.as_mut().and_then(Iterator::next) else {
            return Some(Difference {
                what: "parts",
                found: 1,
                expected: 0,
            });
        };
        for (what, found, expected) in [
            ("part_function", function.into(), part.function.into()),
            ("part_size", wide(len), wide(part.range.len())),
        ] {
            if found != expected {
                return Some(Difference {
                    what,
                    found,
                    expected,
                });
            }
        }
        None
    }

    /// The numbers of the next element, when someone else's next ones (`gsp->cmdq.seq`,
    /// `gsp->rpc_seq`) are these. Whether an RPC is counted is not ours to know; whatever the
    /// numbers were, counting goes on from there.
    pub fn number(&mut self, element: u32, rpc: u32) -> Numbers {
        let numbers = Numbers {
            element: self.element,
            rpc: if rpc == self.rpc { 0 } else { self.rpc },
        };
        self.element = element;
        self.rpc = rpc;
        numbers
    }
}
