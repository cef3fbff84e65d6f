// SPDX-License-Identifier: GPL-2.0

//! The headers of queues and of their elements.
//!
//! An element is `GSP_MSG_QUEUE_ELEMENT`'s header, then `rpc_message_header_v`, then the payload.
//! All versions agree on this so far, and each is held to it below when it is compiled: one that
//! differs does not build, and framing then becomes part of [`Abi`](super::Abi). All words are
//! little-endian.

use ::core::mem::offset_of;

use super::field::Place;
use super::versions::r535;

/// Bytes of `GSP_MSG_QUEUE_ELEMENT` in front of the RPC header.
pub const ELEMENT_HEADER_SIZE: usize = offset_of!(r535::GSP_MSG_QUEUE_ELEMENT, rpc);
/// Bytes of `rpc_message_header_v`.
pub const RPC_HEADER_SIZE: usize = size_of::<r535::rpc_message_header_v>();

/// The element header's fields, in their order, from the element's beginning.
///
/// Authentication tag and additional data (before them, 16 bytes each) are for confidential
/// computing.
pub const ELEMENT: Element = element!(r535);
/// The RPC header's fields, in their order, from the RPC header's beginning.
pub const RPC: Rpc = rpc!(r535);
/// The fields of a queue's headers.
pub const QUEUE: Queue = queue!(r535);

/// Fields of `GSP_MSG_QUEUE_ELEMENT`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Element {
    /// `checkSum`
    pub checksum: Place,
    /// `seqNum`
    pub sequence: Place,
    /// `elemCount`
    pub elem_count: Place,
}

/// Fields of `rpc_message_header_v`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rpc {
    /// `header_version`
    pub header_version: Place,
    /// `signature`
    pub signature: Place,
    /// `length`
    pub length: Place,
    /// `function`
    pub function: Place,
    /// `rpc_result`
    pub rpc_result: Place,
    /// `rpc_result_private`
    pub rpc_result_private: Place,
    /// `sequence`
    pub sequence: Place,
    /// `u`: `spare`, or `cpuRmGfid`
    pub spare: Place,
}

/// Fields of `msgqTxHeader`, which begins a queue, and `msgqRxHeader`, which follows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Queue {
    /// Bytes of `msgqTxHeader`.
    pub tx_size: usize,
    /// `version`
    pub version: Place,
    /// `size`: bytes of the queue with its headers
    pub size: Place,
    /// `msgSize`: bytes of an element
    pub message_size: Place,
    /// `msgCount`
    pub message_count: Place,
    /// `writePtr`
    pub write_pointer: Place,
    /// `flags`
    pub flags: Place,
    /// `rxHdrOff`: where `msgqRxHeader` is
    pub rx_offset: Place,
    /// `entryOff`: where the elements begin
    pub entry_offset: Place,
    /// `msgqRxHeader.readPtr`, from that header's beginning
    pub read_pointer: Place,
}

macro_rules! element {
    ($v:ident) => {
        Element {
            checksum: place!($v::GSP_MSG_QUEUE_ELEMENT, checkSum),
            sequence: place!($v::GSP_MSG_QUEUE_ELEMENT, seqNum),
            elem_count: place!($v::GSP_MSG_QUEUE_ELEMENT, elemCount),
        }
    };
}
macro_rules! rpc {
    ($v:ident) => {
        Rpc {
            header_version: place!($v::rpc_message_header_v, header_version),
            signature: place!($v::rpc_message_header_v, signature),
            length: place!($v::rpc_message_header_v, length),
            function: place!($v::rpc_message_header_v, function),
            rpc_result: place!($v::rpc_message_header_v, rpc_result),
            rpc_result_private: place!($v::rpc_message_header_v, rpc_result_private),
            sequence: place!($v::rpc_message_header_v, sequence),
            spare: place!($v::rpc_message_header_v, u),
        }
    };
}
macro_rules! queue {
    ($v:ident) => {
        Queue {
            tx_size: size_of::<$v::msgqTxHeader>(),
            version: place!($v::msgqTxHeader, version),
            size: place!($v::msgqTxHeader, size),
            message_size: place!($v::msgqTxHeader, msgSize),
            message_count: place!($v::msgqTxHeader, msgCount),
            write_pointer: place!($v::msgqTxHeader, writePtr),
            flags: place!($v::msgqTxHeader, flags),
            rx_offset: place!($v::msgqTxHeader, rxHdrOff),
            entry_offset: place!($v::msgqTxHeader, entryOff),
            read_pointer: place!($v::msgqRxHeader, readPtr),
        }
    };
}
use {element, queue, rpc};

const fn same(a: Place, b: Place) -> bool {
    a.offset == b.offset && a.width == b.width
}

/// Holds a version to the framing above.
macro_rules! framed_alike {
    ($v:ident) => {
        const _: () = {
            use $crate::abi::core::versions::$v;
            let (e, r, q): (Element, Rpc, Queue) = (element!($v), rpc!($v), queue!($v));
            assert!(offset_of!($v::GSP_MSG_QUEUE_ELEMENT, rpc) == ELEMENT_HEADER_SIZE);
            assert!(size_of::<$v::rpc_message_header_v>() == RPC_HEADER_SIZE);
            assert!(same(e.checksum, ELEMENT.checksum) && same(e.sequence, ELEMENT.sequence));
            assert!(same(e.elem_count, ELEMENT.elem_count));
            assert!(same(r.header_version, RPC.header_version) && same(r.signature, RPC.signature));
            assert!(same(r.length, RPC.length) && same(r.function, RPC.function));
            assert!(same(r.rpc_result, RPC.rpc_result) && same(r.spare, RPC.spare));
            assert!(same(r.rpc_result_private, RPC.rpc_result_private));
            assert!(same(r.sequence, RPC.sequence) && q.tx_size == QUEUE.tx_size);
            assert!(same(q.version, QUEUE.version) && same(q.size, QUEUE.size));
            assert!(same(q.message_size, QUEUE.message_size) && same(q.flags, QUEUE.flags));
            assert!(same(q.message_count, QUEUE.message_count));
            assert!(same(q.write_pointer, QUEUE.write_pointer));
            assert!(same(q.rx_offset, QUEUE.rx_offset) && same(q.entry_offset, QUEUE.entry_offset));
            assert!(same(q.read_pointer, QUEUE.read_pointer));
        };
    };
}
framed_alike!(r535);
#[cfg(feature = "r550")]
framed_alike!(r550);
framed_alike!(r570);
