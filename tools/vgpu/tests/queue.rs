// SPDX-License-Identifier: GPL-2.0
//! The message queues: wrap-around, continuation records, and what a wrong driver gets.

mod support;

use nvkm_vgpu::gsp::queue::{self, Rpc, MAX_PAYLOAD, PAGE};
use nvkm_vgpu::mem::{le32, put32};
use support::Host;

const CLIENT: u32 = 0xc1e0_0004;
const SUBDEVICE: u32 = 0xcaf1_0000;

fn errors(h: &Host) -> Vec<String> {
    h.report()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e.as_str().unwrap().to_string())
        .collect()
}

#[test]
fn elements_of_every_length_come_back() {
    for len in [
        0,
        1,
        7,
        8,
        0xfb0,
        0xfb1,
        0x1fb0,
        MAX_PAYLOAD - 1,
        MAX_PAYLOAD,
    ] {
        let rpc = Rpc {
            function: 5,
            sequence: 9,
            payload: (0..len).map(|i| (i * 7) as u8).collect(),
            ..Rpc::default()
        };
        let e = queue::encode(&rpc, 3);
        assert_eq!(e.len() % PAGE, 0);
        assert_eq!(queue::checksum(&e), 0);
        let taken = queue::decode(&e).unwrap();
        assert_eq!((taken.elem_seq, taken.rpc), (3, rpc));
        assert_eq!(taken.complaint, None);
    }
}

#[test]
fn the_checksum_folds_both_halves() {
    // By hand: 1 and 4 in the low half, 2 in the high one; the last word is not whole.
    assert_eq!(queue::checksum(&[1, 0, 0, 0, 2, 0, 0, 0, 4]), 7);
    assert_eq!(
        queue::checksum(&[0, 0, 0, 0x80, 0, 0, 0, 0x40]),
        0xc000_0000
    );
    assert_eq!(queue::checksum(&[]), 0);
}

#[test]
fn both_queues_wrap() {
    let mut h = Host::new("tu104", "570.144");
    h.boot_with(20);
    // 19 entries, elements of 1 to 16 pages: every position and length meets the end of the ring.
    for n in 0..400usize {
        let len = 24 + (n * 977) % (MAX_PAYLOAD - 24);
        let mut p: Vec<u8> = (0..len).map(|i| (i + n) as u8).collect();
        for (i, v) in [CLIENT, SUBDEVICE, 0x2080_ffff, 0, len as u32 - 24, 0]
            .into_iter()
            .enumerate()
        {
            put32(&mut p, i * 4, v);
        }
        let r = h.call(76, &p);
        assert_eq!(le32(&r, 12), 0x56);
        assert_eq!(r[16..], p[16..], "message {n}");
    }
    assert_eq!(errors(&h), [""; 0]);
    assert_eq!(
        h.report()["unknown_calls"],
        serde_json::json!([{"kind": "control", "id": "0x2080ffff", "count": 400}])
    );
}

#[test]
fn long_messages_are_split_both_ways() {
    let mut h = Host::new("ga106", "535.113.01");
    h.boot();
    for len in [MAX_PAYLOAD + 1, 2 * MAX_PAYLOAD, 2 * MAX_PAYLOAD + 4000] {
        let mut p: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        for (i, v) in [CLIENT, SUBDEVICE, 0x2080_fffe, 0, len as u32 - 24, 0]
            .into_iter()
            .enumerate()
        {
            put32(&mut p, i * 4, v);
        }
        let r = h.call(76, &p);
        assert_eq!(r.len(), len);
        assert_eq!(r[24..], p[24..]);
    }
    assert_eq!(errors(&h), [""; 0]);
}

#[test]
fn a_registry_in_pieces_is_one_registry() {
    let mut h = Host::new("tu104", "570.144");
    h.prepare(64);
    let mut registry = vec![0; MAX_PAYLOAD + 100];
    let len = registry.len() as u32;
    put32(&mut registry, 0, len);
    h.push(72, &vec![0; h.layout.system_info]);
    h.push(73, &registry);
    h.reset_falcon(0x110000);
    h.wr(0x110040, support::place::LIBOS as u32);
    h.pio(0x840000, &[1, 2, 3, 4]);
    h.wr(0x840040, support::place::META as u32);
    h.wr(0x840100, 2);
    h.wr(0x110080, 1);
    let seq = h.wait(0x1002);
    h.run_sequencer(&seq);
    h.wait(0x1001);
    assert_eq!(errors(&h), [""; 0]);
}

#[test]
fn messages_wait_for_room_and_keep_their_order() {
    let mut h = Host::new("tu104", "570.144");
    h.boot_with(20);
    // 16 pages each: one fits, the rest waits.
    for _ in 0..5 {
        assert!(h.dev.command(0x020a_0000));
    }
    assert!(h.dev.command(0x0203_0000));
    assert_eq!(h.report()["state"]["message_backlog"], true);
    for _ in 0..6 {
        h.drain();
        // Any access lets the device look again.
        h.rd(0);
    }
    let seen: Vec<u32> = h.events.iter().map(|e| e.0).collect();
    assert_eq!(seen, [0x10ff, 0x10ff, 0x10ff, 0x10ff, 0x10ff, 0x1005]);
    assert_eq!(h.irq.count(), 0, "nothing is enabled in the interrupt tree");
    assert_eq!(h.report()["counts"]["events"], 6);
}

#[test]
fn a_wrong_checksum_is_told_and_answered() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    let rpc = Rpc {
        payload: vec![1, 2, 3, 4],
        ..Rpc::default()
    };
    let mut e = queue::encode(&rpc, 2);
    e[0x50] ^= 1;
    h.push_raw(&e);
    h.wr(0x110c00, 0);
    assert_eq!(h.take().unwrap().payload, [0, 2, 3, 4]);
    let errors = errors(&h);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("checksum"), "{errors:?}");
}

#[test]
fn a_missing_element_is_told() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    let e = queue::encode(&Rpc::default(), 7);
    h.push_raw(&e);
    h.wr(0x110c00, 0);
    assert!(h.take().is_some());
    assert!(
        errors(&h)[0].contains("element 7 where 2 was due"),
        "{:?}",
        errors(&h)
    );
}

#[test]
fn bad_elements_do_not_stop_the_queue() {
    for (off, v, word) in [
        (0x28usize, 0u32, "pages"),
        (0x28, 17, "pages"),
        (0x28, 9, "queued"),
        (0x38, 31, "bytes"),
        (0x38, 0x1_0000, "bytes"),
        (0x30, 1, "version"),
        (0x34, 1, "signature"),
    ] {
        let mut h = Host::new("tu104", "570.144");
        h.boot();
        let mut e = queue::encode(&Rpc::default(), 2);
        put32(&mut e, off, v);
        h.push_raw(&e);
        h.wr(0x110c00, 0);
        assert_eq!(h.take(), None);
        assert!(
            errors(&h)[0].contains(word),
            "{off:#x}={v}: {:?}",
            errors(&h)
        );
        // The next one is served.
        h.push_element(&Rpc::default());
        h.wr(0x110c00, 0);
        assert!(h.take().is_some(), "{off:#x}={v}");
    }
}

#[test]
fn pointers_out_of_range_are_refused() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    let cmdq = support::place::SHARED + 0x1000;
    h.mem.put(cmdq + 0x10, &1000u32.to_le_bytes());
    h.wr(0x110c00, 0);
    assert!(errors(&h)[0].contains("pointers"), "{:?}", errors(&h));
    h.mem.put(cmdq + 0x20, &u32::MAX.to_le_bytes());
    assert!(h.dev.command(0x0203_0000));
    assert!(errors(&h)
        .last()
        .unwrap()
        .contains("message queue pointers"));
}
