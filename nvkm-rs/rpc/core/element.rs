// SPDX-License-Identifier: GPL-2.0

//! A queue element's two headers, encoded and decoded.
//!
//! An element is `GSP_MSG_QUEUE_ELEMENT`'s header, then `rpc_message_header_v`, then the payload,
//! then zeroes to the end of the last page. Where the fields are is the ABI layer's knowledge; that
//! C's private `struct r535_gsp_msg` and `struct nvfw_gsp_rpc` (nouveau, `rm/r535/rpc.c`) say the
//! same is asserted in `bridge/gsp.rs`.

use crate::abi::core::field::Place;
use crate::abi::core::framing::{ELEMENT, RPC};
pub use crate::abi::core::framing::{ELEMENT_HEADER_SIZE, RPC_HEADER_SIZE};

/// Bytes of a queue page; elements begin on page boundaries (`GSP_PAGE_SIZE`,
/// `include/nvkm/subdev/gsp.h`).
pub const PAGE_SIZE: usize = 0x1000;
/// Bytes of both headers: the offset of the payload in an element.
pub const HEADERS_SIZE: usize = ELEMENT_HEADER_SIZE + RPC_HEADER_SIZE;
/// Most pages that an element may have (`GSP_MSG_MAX_SIZE`).
pub const ELEMENT_PAGES_MAX: u32 = 16;
/// Most bytes that an element may have.
pub const ELEMENT_SIZE_MAX: usize = 16 * PAGE_SIZE;
/// Most bytes of RPC header and payload in one element.
pub const RPC_SIZE_MAX: usize = ELEMENT_SIZE_MAX - ELEMENT_HEADER_SIZE;
/// Most bytes of payload in one element; more is sent as continuation records.
pub const PAYLOAD_MAX: usize = RPC_SIZE_MAX - RPC_HEADER_SIZE;

/// `header_version` of every RPC header: major 3, minor 0.
pub const RPC_HEADER_VERSION: u32 = 0x0300_0000;
/// `signature` of every RPC header: the bytes `V`, `R`, `P`, `C` in memory order.
pub const RPC_SIGNATURE: u32 = u32::from_le_bytes(*b"VRPC");
/// `rpc_result` of a request: not answered yet.
pub const RPC_RESULT_PENDING: u32 = 0xffff_ffff;

/// `GSP_MSG_QUEUE_ELEMENT` without its data.
///
/// Authentication tag and additional data (16 bytes each) are for confidential computing. We send
/// zeroes and ignore what is received, as C does; they take part in the checksum only.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ElementHeader {
    /// XOR of all 32-bit words of the element, this one taken as 0.
    pub checksum: u32,
    /// Number of the element in its queue, counted by the sender.
    pub sequence: u32,
    /// Pages of the element.
    pub elem_count: u32,
}

impl ElementHeader {
    /// The header's bytes as they stand in the queue.
    #[must_use]
    pub fn encode(&self) -> [u8; ELEMENT_HEADER_SIZE] {
        let mut bytes = [0; ELEMENT_HEADER_SIZE];
        put(&mut bytes, ELEMENT.checksum, self.checksum);
        put(&mut bytes, ELEMENT.sequence, self.sequence);
        put(&mut bytes, ELEMENT.elem_count, self.elem_count);
        bytes
    }

    /// Reads the header from bytes as they stand in the queue. Nothing is checked.
    #[must_use]
    pub fn decode(bytes: &[u8; ELEMENT_HEADER_SIZE]) -> Self {
        Self {
            checksum: get(bytes, ELEMENT.checksum),
            sequence: get(bytes, ELEMENT.sequence),
            elem_count: get(bytes, ELEMENT.elem_count),
        }
    }
}

/// `rpc_message_header_v` without its data.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RpcHeader {
    /// [`RPC_HEADER_VERSION`].
    pub header_version: u32,
    /// [`RPC_SIGNATURE`].
    pub signature: u32,
    /// Bytes of this header and the payload.
    pub length: u32,
    /// Function or event number, see [`names`](crate::abi::core::names).
    pub function: u32,
    /// `NV_STATUS` of the answer; [`RPC_RESULT_PENDING`] in a request.
    pub rpc_result: u32,
    /// The RM's own; [`RPC_RESULT_PENDING`] in a request.
    pub rpc_result_private: u32,
    /// Number of the request, counted by the driver; 0 where the policy is not to count.
    pub sequence: u32,
    /// `spare` or `cpuRmGfid`; 0 from us.
    pub spare: u32,
}

impl RpcHeader {
    /// The header of a request with `length` bytes of header and payload.
    #[must_use]
    pub fn request(function: u32, length: u32, sequence: u32) -> Self {
        Self {
            header_version: RPC_HEADER_VERSION,
            signature: RPC_SIGNATURE,
            length,
            function,
            rpc_result: RPC_RESULT_PENDING,
            rpc_result_private: RPC_RESULT_PENDING,
            sequence,
            spare: 0,
        }
    }

    /// The header's bytes as they stand in the queue.
    #[must_use]
    pub fn encode(&self) -> [u8; RPC_HEADER_SIZE] {
        let mut bytes = [0; RPC_HEADER_SIZE];
        put(&mut bytes, RPC.header_version, self.header_version);
        put(&mut bytes, RPC.signature, self.signature);
        put(&mut bytes, RPC.length, self.length);
        put(&mut bytes, RPC.function, self.function);
        put(&mut bytes, RPC.rpc_result, self.rpc_result);
        put(&mut bytes, RPC.rpc_result_private, self.rpc_result_private);
        put(&mut bytes, RPC.sequence, self.sequence);
        put(&mut bytes, RPC.spare, self.spare);
        bytes
    }

    /// Reads the header from bytes as they stand in the queue. Nothing is checked.
    #[must_use]
    pub fn decode(bytes: &[u8; RPC_HEADER_SIZE]) -> Self {
        Self {
            header_version: get(bytes, RPC.header_version),
            signature: get(bytes, RPC.signature),
            length: get(bytes, RPC.length),
            function: get(bytes, RPC.function),
            rpc_result: get(bytes, RPC.rpc_result),
            rpc_result_private: get(bytes, RPC.rpc_result_private),
            sequence: get(bytes, RPC.sequence),
            spare: get(bytes, RPC.spare),
        }
    }

    /// Bytes of payload, or `None` when the length does not even cover the header.
    #[must_use]
    pub fn payload_len(&self) -> Option<usize> {
        usize::try_from(self.length)
            .ok()?
            .checked_sub(RPC_HEADER_SIZE)
    }
}

/// Pages of an element that holds `length` bytes of RPC header and payload.
#[must_use]
pub fn element_pages(length: u32) -> u32 {
    // 0x30 and 0x1000 fit any u32; a length near the top saturates and is refused by whoever asks.
    length
        .saturating_add(ELEMENT_HEADER_SIZE as u32)
        .div_ceil(PAGE_SIZE as u32)
}

/// The bytes of a field; nothing for a place outside, which the constants above never name.
fn at(place: Place) -> ::core::ops::Range<usize> {
    place.offset..place.offset.saturating_add(place.width)
}

fn put(bytes: &mut [u8], place: Place, word: u32) {
    let to = bytes.get_mut(at(place)).unwrap_or_default();
    for (to, from) in to.iter_mut().zip(word.to_le_bytes()) {
        *to = from;
    }
}

fn get(bytes: &[u8], place: Place) -> u32 {
    let mut word = [0; 4];
    let from = bytes.get(at(place)).unwrap_or_default();
    for (to, from) in word.iter_mut().zip(from) {
        *to = *from;
    }
    u32::from_le_bytes(word)
}
