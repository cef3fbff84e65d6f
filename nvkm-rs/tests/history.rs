// SPDX-License-Identifier: GPL-2.0

//! The history that a time-out prints.

use nvkm_rs_core::rpc::core::element::RpcHeader;
use nvkm_rs_core::rpc::core::history::{Direction, History};

#[test]
fn history_keeps_the_last_of_both_directions_in_order() {
    let mut history = History::new();
    assert_eq!(history.to_string(), "");
    for n in 0..100 {
        history.record(
            Direction::Sent,
            &RpcHeader::request(n, 0x20, n),
            u64::from(n),
        );
    }
    for n in 0..5 {
        let header = RpcHeader {
            rpc_result: n,
            ..RpcHeader::request(0x1000 + n, 0x20, 0)
        };
        history.record(Direction::Received, &header, 4_294_967_295_999_999_999);
        history.record(
            Direction::Sent,
            &RpcHeader::request(200 + n, 0x20, n),
            59_000_000_000,
        );
    }
    let numbers: Vec<_> = history.iter().map(|entry| entry.number).collect();
    // Sent: the last 16 of 0 to 99 and every other one from 101 on. Received: 100, 102, ...
    let expected: Vec<_> = (89..110).collect();
    assert_eq!(numbers, expected);
    let text = history.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[11],
        "<-    100 received 4294967295.999999 0x1000 FIRST_EVENT length 0x20 seq 0x0"
    );
    assert_eq!(
        lines[12],
        "->    101 sent     59.000000 200 INVALIDATE_TLB length 0x20 seq 0x0"
    );
    assert!(lines[13].ends_with("seq 0x0 result 0x1"));
}
