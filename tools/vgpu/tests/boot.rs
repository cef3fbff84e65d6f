// SPDX-License-Identifier: GPL-2.0
//! The way from power-on to INIT_DONE and back.

mod support;

use nvkm_vgpu::chips::CHIPS;
use nvkm_vgpu::mem::le32;
use support::{place, Host};

fn unload(h: &mut Host) {
    let reply = h.call(47, &[0; 8]);
    assert!(reply.is_empty(), "the reply to 47 carries nothing");
    assert_eq!(h.rd(0x110040), 0x8000_0000);
    assert!(h.rd(0x1fa828) != 0, "WPR2 stays until the booter ran");
    h.reset_falcon(0x110000);
    let mut dmem = h.fwsec_dmem();
    Host::patch_fwsec(&mut dmem, 0x19, 0, 0);
    h.pio(0x110000, &dmem);
    h.wr(0x110100, 2);
    assert_eq!(h.rd(0x001454) & 0xffff, 0);
    h.reset_falcon(0x840000);
    h.pio(0x840000, &[1, 2, 3, 4]);
    h.wr(0x840040, 0xff);
    h.wr(0x840044, 0xff);
    h.wr(0x840100, 2);
    assert_eq!(h.rd(0x840040), 0);
    assert_eq!(h.rd(0x1fa828), 0, "WPR2 is down");
}

#[test]
fn every_cell_boots_and_unloads_twice() {
    let chips = CHIPS.iter().map(|c| c.name);
    for (gpu, fw) in chips.flat_map(|gpu| [(gpu, "570.144"), (gpu, "535.113.01")]) {
        let mut h = Host::new(gpu, fw);
        for boot in 1..=2 {
            h.boot();
            let info = vec![0; h.layout.static_info.size];
            let info = h.call(65, &info);
            assert_eq!(
                le32(&info, h.layout.static_info.fb_regions),
                2,
                "{gpu} {fw}"
            );
            unload(&mut h);
            let r = h.report();
            assert_eq!(r["fw"], fw);
            assert_eq!(r["boots"], boot);
            assert_eq!(r["errors"].as_array().unwrap().len(), 0, "{}", r["errors"]);
            assert_eq!(r["objects"].as_array().unwrap().len(), 0);
        }
        let handed = h.report()["handed"].as_array().unwrap().clone();
        for name in [
            "wpr_meta",
            "radix3",
            "bootloader",
            "signature",
            "libos",
            "rmargs",
            "cmdq",
            "msgq",
        ] {
            let both: Vec<_> = handed.iter().filter(|b| b["name"] == name).collect();
            assert_eq!(both.len(), 2, "{name}");
            assert_eq!(both[0]["digest"], both[1]["digest"], "{name}");
        }
    }
}

#[test]
fn a_driver_that_gives_up_amid_a_boot_can_boot_again() {
    for gpu in ["tu104", "ga106"] {
        let mut h = Host::new(gpu, "570.144");
        h.prepare(64);
        h.start();
        h.boot();
        let r = h.report();
        assert_eq!(r["boots"], 2, "{gpu}");
        assert_eq!(r["errors"].as_array().unwrap().len(), 0, "{}", r["errors"]);
    }
}

#[test]
fn messages_that_nobody_read_are_told() {
    for (event, left) in [(false, 0), (true, 1)] {
        let mut h = Host::new("tu104", "570.144");
        h.boot();
        h.call(47, &[0; 8]);
        if event {
            // A reply that the driver does not wait for.
            h.push(0, &[]);
        }
        h.wr(0x110c00, 0);
        h.reset_falcon(0x840000);
        h.pio(0x840000, &[1, 2, 3, 4]);
        h.wr(0x840100, 2);
        assert_eq!(h.report()["unread"], left);
    }
}

#[test]
fn a_suspended_rm_comes_back_with_its_objects() {
    let mut h = Host::new("ga106", "570.144");
    h.boot();
    h.address_space(0xc1d0_0000, 0x10_0000);
    h.call(47, &[1, 0, 0, 0, 3, 0, 0, 0]);
    let sr = 0x50_0000;
    h.mem.put(sr, &0x8a3b_b9e6_c6c3_9d93u64.to_le_bytes());
    h.mem.put(sr + 16, &place::RADIX.to_le_bytes());
    h.mem.put(sr + 24, &0x3000u64.to_le_bytes());
    for _ in 0..2 {
        // Unload, then load: the argument is the same.
        h.reset_falcon(0x110000);
        h.reset_falcon(0x840000);
        h.pio(0x840000, &[1, 2, 3, 4]);
        h.wr(0x840040, sr as u32);
        h.wr(0x840100, 2);
        assert_eq!(h.rd(0x840040), 0);
    }
    assert!(h.riscv_active());
    h.wr(0x110080, 1);
    let seq = h.wait(0x1002);
    h.run_sequencer(&seq);
    h.wait(0x1001);
    assert_eq!(h.free(0xc1d0_0000, 0xc1d0_0000), 0);
    let r = h.report();
    // Once when it went down, once when it came up.
    let count = |name: &str| {
        let handed = r["handed"].as_array().unwrap().iter();
        handed.filter(|b| b["name"] == name).count()
    };
    assert_eq!((count("sr_meta"), count("suspend radix3 level 2")), (2, 2));
    assert_eq!(count("suspend radix3"), 0, "the data is GSP's own");
    assert_eq!(r["objects"].as_array().unwrap().len(), 0);
    assert_eq!(r["errors"].as_array().unwrap().len(), 0, "{}", r["errors"]);
}

#[test]
fn init_done_waits_for_system_info_and_registry() {
    let mut h = Host::new("tu104", "570.144");
    h.prepare(64);
    h.reset_falcon(0x110000);
    h.wr(0x110040, place::LIBOS as u32);
    h.pio(0x840000, &[1, 2, 3, 4]);
    h.wr(0x840040, place::META as u32);
    h.wr(0x840100, 2);
    assert!(h.riscv_active());
    h.wr(0x110080, 1);
    let seq = h.wait(0x1002);
    h.run_sequencer(&seq);
    assert_eq!(h.take(), None);
    // A driver may send them only now (nova-core does).
    h.push(72, &vec![0; h.layout.system_info]);
    assert_eq!(h.take(), None);
    h.push(73, &[8, 0, 0, 0, 0, 0, 0, 0]);
    h.wait(0x1001);
    assert_eq!(h.irq.count(), 0, "INIT_DONE comes without an interrupt");
}

#[test]
fn version_is_told_by_the_system_info_when_the_image_is_silent() {
    for fw in ["570.144", "535.113.01"] {
        let mut h = Host::new("ga106", fw);
        h.prepare(64);
        h.mem.put(place::IMAGE + 0x2ff0, &[0; 16]);
        h.push(72, &vec![0; h.layout.system_info]);
        h.push(73, &[8, 0, 0, 0, 0, 0, 0, 0]);
        h.reset_falcon(0x110000);
        h.wr(0x110040, place::LIBOS as u32);
        h.pio(0x840000, &[1, 2, 3, 4]);
        h.wr(0x840040, place::META as u32);
        h.wr(0x840100, 2);
        h.wr(0x110080, 1);
        let seq = h.wait(0x1002);
        h.run_sequencer(&seq);
        h.wait(0x1001);
        assert_eq!(h.report()["fw"], fw);
    }
}

#[test]
fn booter_refuses_what_is_not_metadata() {
    let mut h = Host::new("tu104", "570.144");
    h.prepare(64);
    h.mem.put(place::META, &[0; 8]);
    h.wr(0x110040, place::LIBOS as u32);
    h.pio(0x840000, &[1, 2, 3, 4]);
    h.wr(0x840040, place::META as u32);
    h.wr(0x840100, 2);
    assert_ne!(h.rd(0x840040), 0);
    assert!(!h.riscv_active());
    let errors = h.report()["errors"].to_string();
    assert!(errors.contains("WPR metadata"), "{errors}");
}

#[test]
fn reset_values_of_a_falcon() {
    let mut h = Host::new("ga106", "570.144");
    assert_eq!(h.rd(0x111668), 1, "VBIOS left the Falcon core selected");
    h.wr(0x110600, 0x115);
    h.wr(0x110624, 0x190);
    h.wr(0x111668, 0x111);
    h.wr(0x110040, 5);
    h.reset_falcon(0x110000);
    for (addr, v) in [
        (0x111668, 0x110),
        (0x110600, 0x110),
        (0x110624, 0x110),
        (0x110040, 0),
        (0x110100, 0x10),
        (0x110108, 0x8042_0100),
        (0x11012c, 0xca10_1136),
    ] {
        assert_eq!(h.rd(addr), v, "{addr:#x}");
    }
}

#[test]
fn a_started_empty_falcon_does_nothing() {
    let mut h = Host::new("tu104", "570.144");
    h.reset_falcon(0x110000);
    h.wr(0x110040, 0x1234);
    h.wr(0x110100, 2);
    assert_eq!(h.rd(0x110040), 0x1234);
    assert_eq!(h.report()["errors"].as_array().unwrap().len(), 0);
}

#[test]
fn device_reset_forgets_everything_but_the_records() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    h.vram_put(0x1000, &[7; 16]);
    h.address_space(0xc1d0_0000, 0x10_0000);
    h.dev.reset();
    assert_eq!(h.vram_get(0x1000, 16), [0; 16]);
    assert_eq!(h.rd(0x1fa828), 0);
    let r = h.report();
    assert_eq!(r["boots"], 1);
    assert_eq!(
        r["objects"].as_array().unwrap().len(),
        4,
        "they were left allocated"
    );
    assert_eq!(r["mappings"], 1);
}

#[test]
fn capability_marks_and_posts() {
    let mut h = Host::new("tu104", "570.144");
    let cap = |h: &mut Host, v: u32| {
        h.dev.config_write(0xb8, &v.to_le_bytes());
        let mut b = [0; 4];
        h.dev.config_read(0xb8, &mut b);
        u32::from_le_bytes(b)
    };
    let mut head = [0; 3];
    h.dev.config_read(0xb4, &mut head);
    assert_eq!(head, [0x09, 0x00, 0x10]);
    assert_eq!(cap(&mut h, 0x0105_0000), 0);
    assert_eq!(cap(&mut h, 0x0201_0000), 2, "nobody to tell yet");
    h.boot();
    assert_eq!(cap(&mut h, 0x0202_0000), 2, "no channel");
    assert_eq!(cap(&mut h, 0x02ff_0000), 2, "no such event");
    for e in [1u32, 3, 4, 5, 6, 7, 8, 10, 12] {
        assert_eq!(cap(&mut h, 0x0200_0000 | (e << 16)), 0, "event {e}");
    }
    h.drain();
    let seen: Vec<u32> = h.events.iter().map(|e| e.0).collect();
    assert_eq!(
        seen,
        [0x1006, 0x1005, 0x1003, 0x10fe, 0x100f, 0x100c, 0x101c, 0x10ff, 0x1006]
    );
}
