// SPDX-License-Identifier: GPL-2.0
//! RM's objects: how they come, what they refuse, and that they go.

mod support;

use nvkm_vgpu::mem::{le32, le64, put32, put64};
use support::Host;

const CLIENT: u32 = 0xc1d0_0000;
const PDB: u64 = 0x10_0000;

fn channel(h: &Host, chid: u32, vaspace: u32, engine: u32) -> Vec<u8> {
    let mut p = vec![0; h.layout.channel];
    put64(&mut p, 8, 0x20_0000);
    put32(&mut p, 16, 64);
    put32(
        &mut p,
        20,
        ((chid % 8) << 8) | ((chid / 8) << 12) | (1 << 21),
    );
    put32(&mut p, 28, vaspace);
    put32(&mut p, 128, engine);
    put64(&mut p, 168, 0x30_0000);
    put32(&mut p, 184, 2);
    p
}

#[test]
fn a_tree_goes_with_its_root() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    h.address_space(CLIENT, PDB);
    let p = channel(&h, 9, 0x90f1_0000, 9);
    let (status, reply) = h.alloc(CLIENT, 0xde1d_0000, 0xf1f0_0009, 0xc46f, &p);
    assert_eq!((status, le32(&reply, 132)), (0, 9));
    assert_eq!(h.alloc(CLIENT, 0xf1f0_0009, 0xce, 0xc5b5, &[0; 8]).0, 0);
    let r = h.report();
    assert_eq!(r["objects"].as_array().unwrap().len(), 6);
    assert_eq!(
        (r["channels"].as_u64(), r["mappings"].as_u64()),
        (Some(1), Some(1))
    );
    // A channel goes with what is below it, and nothing else does.
    assert_eq!(h.free(CLIENT, 0xf1f0_0009), 0);
    let r = h.report();
    assert_eq!(r["objects"].as_array().unwrap().len(), 4);
    assert_eq!(r["channels"], 0);
    assert_eq!(h.free(CLIENT, 0xce), 0x57);
    assert_eq!(h.alloc(CLIENT, 0xde1d_0000, 0xf1f0_0009, 0xc46f, &p).0, 0);
    assert_eq!(h.free(CLIENT, CLIENT), 0);
    let r = h.report();
    assert_eq!(r["objects"].as_array().unwrap().len(), 0);
    assert_eq!(
        (r["channels"].as_u64(), r["mappings"].as_u64()),
        (Some(0), Some(0))
    );
    assert_eq!(
        h.free(CLIENT, CLIENT),
        0x23,
        "a second time there is no such client"
    );
}

#[test]
fn who_gives_no_handle_is_given_one() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    h.address_space(CLIENT, PDB);
    let p = channel(&h, 9, 0x90f1_0000, 9);
    assert_eq!(h.alloc(CLIENT, 0xde1d_0000, 0xf1f0_0009, 0xc46f, &p).0, 0);
    // Two of them, and one whose own choice is in the way.
    assert_eq!(
        h.alloc(CLIENT, 0xf1f0_0009, 0xcaf0_0001, 0xc5b5, &[0; 8]).0,
        0
    );
    for _ in 0..2 {
        assert_eq!(h.alloc(CLIENT, 0xf1f0_0009, 0, 0xc5b5, &[0; 8]).0, 0);
    }
    let r = h.report();
    let objects = r["objects"].as_array().unwrap();
    for handle in ["0xcaf00000", "0xcaf00001", "0xcaf00002"] {
        assert!(objects.iter().any(|o| o["handle"] == handle), "{handle}");
    }
    assert_eq!(h.free(CLIENT, 0), 0x57, "nothing is called so");
    assert_eq!(h.free(CLIENT, 0xf1f0_0009), 0);
    assert_eq!(h.report()["objects"].as_array().unwrap().len(), 4);
    // A client must name itself.
    assert_eq!(h.alloc(0, 0, 0, 0, &[0; 120]).0, 0x19);
}

#[test]
fn what_is_left_at_the_goodbye_is_listed() {
    let mut h = Host::new("tu104", "535.113.01");
    h.boot();
    h.address_space(CLIENT, PDB);
    h.call(47, &[0; 8]);
    let r = h.report();
    assert_eq!(r["objects"].as_array().unwrap().len(), 4);
    assert_eq!(r["objects"][0]["class"], "0x2080");
    assert_eq!(r["mappings"], 1);
}

#[test]
fn allocations_are_refused_with_a_reason() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    h.address_space(CLIENT, PDB);
    let good = channel(&h, 1, 0x90f1_0000, 1);
    let cases: Vec<(u32, u32, u32, Vec<u8>, u32)> = vec![
        (CLIENT, CLIENT, 0xde1d_0000, vec![0; 56], 0x80),
        (0x1234, 0x1234, 0x55, vec![0; 56], 0x80),
        (CLIENT, 0x77, 0x55, vec![0; 56], 0x80),
        (CLIENT, CLIENT, 0x55, vec![0; 55], 0x80),
        (CLIENT, CLIENT, 0x55, vec![0; 4], 0xdead),
        (
            CLIENT,
            0xde1d_0000,
            0x56,
            channel(&h, 1, 0x90f1_0001, 1),
            0xc46f,
        ),
        (
            CLIENT,
            0xde1d_0000,
            0x56,
            channel(&h, 1, 0x90f1_0000, 0x33),
            0xc46f,
        ),
        (CLIENT, 0xde1d_0000, 0x56, good.clone(), 0xc56f),
    ];
    for (n, (client, parent, handle, params, class)) in cases.into_iter().enumerate() {
        assert_ne!(
            h.alloc(client, parent, handle, class, &params).0,
            0,
            "case {n}"
        );
    }
    assert_eq!(h.alloc(CLIENT, 0xde1d_0000, 0x56, 0xc46f, &good).0, 0);
    assert_ne!(
        h.alloc(CLIENT, 0xde1d_0000, 0x57, 0xc46f, &good).0,
        0,
        "number in use"
    );
    let r = h.report();
    assert_eq!(r["objects"].as_array().unwrap().len(), 5);
    assert_eq!(r["channels"], 1);
    let unknown = r["unknown_calls"].to_string();
    assert!(
        unknown.contains("0xdead") && unknown.contains("0xc56f"),
        "{unknown}"
    );
}

#[test]
fn unknown_calls_are_answered_counted_and_listed() {
    let mut h = Host::new("ga106", "570.144");
    h.boot();
    h.push(200, &[1, 2, 3, 4]);
    let reply = h.take().unwrap();
    assert_eq!((reply.function, reply.result), (200, 0x56));
    let (status, _) = h.control(0xc1e0_0004, 0xcaf1_0000, 0x2080_4444, &[0; 12]);
    assert_eq!(status, 0x56);
    assert_eq!(
        h.report()["unknown_calls"],
        serde_json::json!([
            {"kind": "control", "id": "0x20804444", "count": 1},
            {"kind": "fn", "id": "0xc8", "count": 1},
        ])
    );
}

#[test]
fn the_page_directory_of_bar2_is_used() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    let mut b = [0; 4];
    h.vram_put(0, &[1, 2, 3, 4]);
    h.dev.bar_read(2, 0, &mut b);
    assert_eq!(b, [1, 2, 3, 4], "physical before it is bound");
    h.map(PDB, 0x3000, 0x55_0000, 1);
    h.vram_put(0x55_0000, &[9, 8, 7, 6]);
    let pde = le64(&h.vram_get(PDB, 8), 0);
    let mut p = [0; 24];
    put32(&mut p, 0, 1);
    put64(&mut p, 8, pde);
    put64(&mut p, 16, 47);
    h.call(70, &p);
    h.dev.bar_read(2, 0x3000, &mut b);
    assert_eq!(b, [9, 8, 7, 6]);
    h.dev.bar_write(2, 0x3004, &[5; 4]);
    assert_eq!(h.vram_get(0x55_0004, 4), [5; 4]);
    h.dev.bar_read(2, 0x4000, &mut b);
    assert_eq!(b, [0xff; 4], "not mapped");
    assert!(h.report()["errors"][0]
        .as_str()
        .unwrap()
        .contains("invalid PTE"));
    put64(&mut p, 8, 0);
    h.call(70, &p);
    h.dev.bar_read(2, 0, &mut b);
    assert_eq!(b, [1, 2, 3, 4], "physical again");
}

#[test]
fn tables_fit_the_engines() {
    for fw in ["570.144", "535.113.01"] {
        let mut h = Host::new("ga106", fw);
        h.boot();
        let (c, s) = (0xc1e0_0004, 0xcaf1_0000);
        let (status, p) = h.control(c, s, 0x2080_0a5c, &[0; 2068]);
        assert_eq!(status, 0);
        let gsp =
            (0..le32(&p, 0)).find(|i| le32(&p, 4 + *i as usize * 16) == u32::from(h.layout.mc.gsp));
        assert_eq!(le32(&p, 12 + gsp.unwrap() as usize * 16), 155);
        let (_, p) = h.control(c, s, 0x2080_1112, &[0; 3212]);
        assert_eq!(le32(&p, 4), 9);
        let (_, p) = h.control(c, s, h.layout.constructed_falcons, &[0; 1284]);
        assert_eq!(le32(&p, 0), 2);
        assert_ne!(h.control(c, s, 0x2080_1112, &[0; 3211]).0, 0, "wrong size");
    }
}

#[test]
fn an_event_reaches_the_object_that_waits() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    assert!(!h.dev.command(0x020b_0000), "nobody waits");
    h.address_space(CLIENT, PDB);
    let mut p = [0; 24];
    put32(&mut p, 0, CLIENT);
    put32(&mut p, 8, 0x7e);
    put32(&mut p, 12, 0x0400_0000 | 5);
    assert_eq!(h.alloc(CLIENT, 0x5d1d_0000, 0x7e00_0001, 0x7e, &p).0, 0);
    let mut set = [0; 20];
    put32(&mut set, 0, 5);
    put32(&mut set, 4, 2);
    assert_eq!(h.control(CLIENT, 0x5d1d_0000, 0x2080_0301, &set).0, 0);
    assert!(h.dev.command(0x020b_0000));
    let event = h.wait(0x1003);
    assert_eq!(
        (le32(&event, 0), le32(&event, 4), le32(&event, 8)),
        (CLIENT, 0x7e00_0001, 5)
    );
    assert_eq!((event.len(), le32(&event, 24)), (32, 0), "no data follows");
}

#[test]
fn a_driver_frees_what_it_made_under_rm_s_own_client() {
    let mut h = Host::new("ga106", "570.144");
    h.boot();
    let (client, device, memory) = (0xc1e0_0004, 0xcaf0_0000, 0xcaf0_0003);
    let mut p = vec![0; 64];
    for (at, v) in [(0, client), (4, device), (8, memory), (12, 0x81)] {
        put32(&mut p, at, v);
    }
    for (at, v) in [(32, 0x1000), (40, 1), (48, 1 << 16)] {
        put32(&mut p, at, v);
    }
    h.call(4, &p);
    assert_eq!(h.free(client, memory), 0);
    assert_eq!(h.report()["errors"].as_array().unwrap().len(), 0);
    // RM's own device is not the driver's to free, and nothing is freed twice.
    assert_ne!(h.free(client, device), 0);
    assert_ne!(h.free(client, memory), 0);
    assert_eq!(h.report()["errors"].as_array().unwrap().len(), 2);
}
