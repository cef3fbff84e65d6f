// SPDX-License-Identifier: GPL-2.0
//! Asynchronous events that a guest's script can ask for (vendor-specific capability, command 0x02NN_xxxx).

use super::event;
use super::queue::Rpc;
use crate::mem::{put16, put32};
use crate::rm::layout::Layout;

/// One entry of the list.
#[derive(Debug, Clone, Copy)]
pub struct EventInfo {
    /// Number for the command.
    pub number: u8,
    /// Short name.
    pub name: &'static str,
    /// What happens.
    pub help: &'static str,
}

/// The list, as `--help` prints it.
pub const EVENTS: &[EventInfo] = &[
    EventInfo {
        number: 1,
        name: "os-error-log",
        help: "OS_ERROR_LOG, Xid 31 with a text",
    },
    EventInfo {
        number: 2,
        name: "rc-triggered",
        help: "RC_TRIGGERED for the first live channel; error when there is none",
    },
    EventInfo {
        number: 3,
        name: "mmu-fault-queued",
        help: "MMU_FAULT_QUEUED",
    },
    EventInfo {
        number: 4,
        name: "post-event-nobody",
        help: "POST_EVENT for a client that does not exist",
    },
    EventInfo {
        number: 5,
        name: "unknown",
        help: "event number 0x10fe, which nobody knows, 16 bytes",
    },
    EventInfo {
        number: 6,
        name: "perf-bridgeless",
        help: "PERF_BRIDGELESS_INFO_UPDATE, which drivers drop",
    },
    EventInfo {
        number: 7,
        name: "libos-print",
        help: "UCODE_LIBOS_PRINT of the PMU, 4 KB (two pages)",
    },
    EventInfo {
        number: 8,
        name: "firmware-notice",
        help: "r570: GSP_LOCKDOWN_NOTICE; r535: GSP_SEND_USER_SHARED_DATA",
    },
    EventInfo {
        number: 9,
        name: "burst",
        help: "three events (1, 6, 3) behind one interrupt",
    },
    EventInfo {
        number: 10,
        name: "large-unknown",
        help: "event number 0x10ff of 60,000 bytes: wraps the queue sooner or later",
    },
    EventInfo {
        number: 11,
        name: "post-event-first",
        help: "POST_EVENT for the first event object a driver made; error when there is none",
    },
    EventInfo {
        number: 12,
        name: "silent",
        help: "OS_ERROR_LOG without interrupt: found with the next message",
    },
];

/// What the device must know to make an event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// (channel id, NV2080 engine type) of a live channel.
    pub channel: Option<(u32, u32)>,
    /// (client, event handle, notify index) of an event object.
    pub event: Option<(u32, u32, u32)>,
    /// A client that exists.
    pub client: Option<u32>,
    /// (client, handle) of the object that was freed last.
    pub freed: Option<(u32, u32)>,
}

fn os_error_log(layout: &Layout, number: u32, text: &str) -> Rpc {
    let mut p = vec![0; layout.os_error_log];
    put32(&mut p, 0, number);
    let n = text.len().min(255);
    p[12..12 + n].copy_from_slice(&text.as_bytes()[..n]);
    event(0x1006, p)
}

fn rc_triggered(layout: &Layout, chid: u32, engine: u32) -> Rpc {
    let mut p = vec![0; layout.rc_triggered];
    put32(&mut p, 0, engine);
    put32(&mut p, 4, chid);
    // ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT
    put32(&mut p, layout.rc_except_type, 31);
    put32(&mut p, layout.rc_except_type + 4, 1);
    event(0x1004, p)
}

fn post_event(client: u32, handle: u32, notify: u32) -> Rpc {
    // rpc_post_event_v17_00: 32 bytes, of which the last three are padding in front of no data.
    let mut p = vec![0; 32];
    put32(&mut p, 0, client);
    put32(&mut p, 4, handle);
    put32(&mut p, 8, notify);
    put16(&mut p, 16, 0);
    event(0x1003, p)
}

/// Makes the messages of an event, and tells whether an interrupt goes with them. `None`: not possible now.
pub fn make(number: u8, layout: &Layout, facts: Facts) -> Option<(Vec<Rpc>, bool)> {
    let one = |rpc: Rpc| Some((vec![rpc], true));
    let xid = || os_error_log(layout, 31, "MMU fault made by the virtual GPU on request");
    match number {
        1 => one(xid()),
        2 => {
            let (chid, engine) = facts.channel?;
            one(rc_triggered(layout, chid, engine))
        }
        3 => one(event(0x1005, Vec::new())),
        4 => one(post_event(0xc1d0_fffe, 0xcafe_0001, 0)),
        5 => one(event(0x10fe, (0..16).collect())),
        6 => one(event(0x100f, vec![0; 8])),
        7 => {
            let mut p = vec![0; 8 + 4096];
            put32(&mut p, 0, 0x00f3_d722 << 8);
            put32(&mut p, 4, 4096);
            for (i, b) in p[8..].iter_mut().enumerate() {
                *b = i as u8;
            }
            one(event(0x100c, p))
        }
        8 => one(event(layout.notice_event, vec![0; 16])),
        9 => Some((
            vec![xid(), event(0x100f, vec![0; 8]), event(0x1005, Vec::new())],
            true,
        )),
        10 => one(event(0x10ff, (0..60_000).map(|i| i as u8).collect())),
        11 => {
            let (client, handle, notify) = facts.event?;
            one(post_event(client, handle, notify))
        }
        12 => Some((vec![xid()], false)),
        _ => None,
    }
}

/// What RM sends when a channel faults: the log line and the call to kill the channel.
pub fn channel_fault(layout: &Layout, chid: u32, engine: u32, why: &str) -> [Rpc; 2] {
    [
        os_error_log(layout, 31, &format!("channel {chid}: {why}")),
        rc_triggered(layout, chid, engine),
    ]
}
