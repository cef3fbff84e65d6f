// SPDX-License-Identifier: GPL-2.0

//! The message queue as the driver uses it.

#![allow(dead_code)]

use nvkm_rs_core::rpc::core::error::RecvError;
use nvkm_rs_core::rpc::core::message::{Integrity, MessageQueue};
use nvkm_rs_core::rpc::core::ring::Budget;

use super::{Message, Window};

pub fn attach(window: &mut Window) -> MessageQueue {
    let pages = window.ring.borrow().pages as u32;
    MessageQueue::attach(window, pages).unwrap()
}

/// Peek, copy, consume, as glue does it. The message as received.
pub fn receive(
    queue: &mut MessageQueue,
    window: &mut Window,
    tries: u32,
) -> Result<Message, RecvError> {
    let incoming = queue.peek(window, &mut Budget::new(tries))?;
    let mut buffer = vec![0xaa; incoming.message_len()];
    let integrity = queue.copy_message(&incoming, window, &mut buffer).unwrap();
    assert_eq!(integrity, Integrity::Good);
    let headers = *incoming.headers();
    assert_eq!(buffer[..0x20], headers.rpc.encode());
    assert_eq!(buffer.len(), 0x20 + incoming.payload_len());
    queue.consume(incoming, window);
    assert_eq!(window.ring.borrow().read, queue.position());
    Ok(Message {
        element: headers.element.sequence,
        function: headers.rpc.function,
        result: headers.rpc.rpc_result,
        private: headers.rpc.rpc_result_private,
        sequence: headers.rpc.sequence,
        payload: buffer[0x20..].to_vec(),
    })
}
