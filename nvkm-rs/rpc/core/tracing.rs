// SPDX-License-Identifier: GPL-2.0

//! Every element that passes, for whoever traces: headers once, the payload in pieces.

use super::element::{ElementHeader, RpcHeader};
use super::error::Headers;
use super::history::Direction;
use super::host::Host;
use super::message::Incoming;
use super::session::Session;

/// Bytes of payload in a piece: what a trace's buffer takes (`NVKM_TRACE_DATA`).
pub const PIECE: usize = 1024;

/// A part of an element. The first one, at 0, comes even where there is no payload.
#[derive(Debug)]
pub struct Piece<'a> {
    /// Which way the element went.
    pub direction: Direction,
    /// Its headers.
    pub headers: &'a Headers,
    /// Where in the payload the bytes stand.
    pub at: usize,
    /// At most [`PIECE`] bytes.
    pub bytes: &'a [u8],
}

/// Traces an element that was written.
pub(super) fn sent<H: Host>(
    host: &mut H,
    element: &ElementHeader,
    rpc: &RpcHeader,
    payload: &[u8],
) {
    if !host.traced() {
        return;
    }
    let headers = &Headers {
        element: *element,
        rpc: *rpc,
    };
    let mut at = 0;
    loop {
        let rest = payload.get(at..).unwrap_or_default();
        let bytes = rest.get(..PIECE).unwrap_or(rest);
        host.trace(&Piece {
            direction: Direction::Sent,
            headers,
            at,
            bytes,
        });
        at = at.saturating_add(PIECE);
        if at >= payload.len() {
            return;
        }
    }
}

impl Session {
    /// Traces an element that stands in the queue. Its payload is read here for the trace alone: a
    /// device that changes it meanwhile makes the trace wrong, and nothing else.
    pub(super) fn trace_received<H: Host>(&self, host: &mut H, incoming: &Incoming) {
        if !host.traced() {
            return;
        }
        let mut piece = [0; PIECE];
        let mut at = 0;
        loop {
            let left = incoming.payload_len().saturating_sub(at);
            let bytes = piece.get_mut(..left.min(PIECE)).unwrap_or_default();
            let read = self
                .messages
                .copy_piece(incoming, host.messages(), at, bytes);
            if read.is_err() {
                return;
            }
            host.trace(&Piece {
                direction: Direction::Received,
                headers: incoming.headers(),
                at,
                bytes,
            });
            at = at.saturating_add(PIECE);
            if at >= incoming.payload_len() {
                return;
            }
        }
    }
}
