// SPDX-License-Identifier: GPL-2.0

//! What C sends, beside how Rust would encode it.

use kernel::error::code::*;

use super::Shadow;
use crate::{
    bridge::{
        handle::Subsystem,
        shadow::ledger::Ledger, //
    },
    rpc::core::{
        element::RpcHeader,
        shadow::{
            self,
            Difference,
            Written, //
        },
        status::Errno,
    },
};

/// The group of its names.
const GROUP: &str = "command";

/// Counts a comparison, and tells of a difference.
fn tell(ledger: Ledger, difference: Option<Difference>) {
    ledger.compared();
    if let Some(it) = difference {
        ledger.report(GROUP, it.what, it.found, it.expected);
    }
}

impl Shadow {
    /// A command of `size` bytes of payload begins.
    pub(crate) fn command(&self, function: u32, size: u32) {
        let ledger = self.ledger(Subsystem::Rpc);
        let Ok(size) = usize::try_from(size) else {
            return ledger.refused(GROUP, "size", EMSGSIZE);
        };
        let difference = self.plan.lock().command(function, size);
        tell(ledger, difference);
    }

    /// An element stands in the queue; `rest` is what follows the header in the driver's memory, to
    /// the element's end.
    pub(crate) fn element(&self, header: &RpcHeader, rest: &[u8], next: u32) {
        let ledger = self.ledger(Subsystem::Rpc);
        let Some(payload) = header.payload_len().and_then(|len| rest.get(..len)) else {
            return ledger.refused(GROUP, "length", EMSGSIZE);
        };
        let (part, numbers) = {
            let (element, rpc) = self.gsp.sequences();
            let mut plan = self.plan.lock();
            (
                plan.part(header.function, payload.len()),
                plan.number(element, rpc),
            )
        };
        tell(ledger, part);

        let Some((pages, count, position)) = self.gsp.seen_commands() else {
            return ledger.refused(GROUP, "queue", EINVAL);
        };
        let ring = Written {
            count,
            position,
            next,
        };
        let request = RpcHeader::request(header.function, header.length, numbers.rpc);
        let found = shadow::element(ring, numbers.element, &request, payload, |at, to| {
            pages.read(at, to)
        });
        match found {
            Ok(difference) => tell(ledger, difference),
            Err(Errno::MessageSize) => ledger.refused(GROUP, "element", EMSGSIZE),
            Err(_) => ledger.refused(GROUP, "element", EINVAL),
        }
    }
}
