// SPDX-License-Identifier: GPL-2.0
//! What is put on record of buffers, tables, and what was loaded into Falcons.

mod support;

use nvkm_vgpu::mem::{put32, put64};
use serde_json::{json, Value};
use support::{place, Host};

fn named(report: &Value, name: &str) -> Vec<Value> {
    let handed = report["handed"].as_array().unwrap();
    handed
        .iter()
        .filter(|b| b["name"] == name)
        .cloned()
        .collect()
}

/// The digests of a buffer's pages.
fn pages(report: &Value, buffer: &Value) -> Vec<String> {
    let digest = buffer["digest"].as_str().unwrap();
    let digits = report["pages"][digest].as_str().unwrap().as_bytes();
    let text = |d: &[u8]| String::from_utf8(d.to_vec()).unwrap();
    digits.chunks(16).map(text).collect()
}

/// Boots after `prepare` and a change, as far as the booter.
fn load(change: impl Fn(&mut Host)) -> Value {
    let mut h = Host::new("ga106", "570.144");
    h.prepare(64);
    change(&mut h);
    h.wr(0x110040, place::LIBOS as u32);
    h.pio(0x840000, &[1, 2, 3, 4]);
    h.wr(0x840040, place::META as u32);
    h.wr(0x840100, 2);
    h.report()
}

#[test]
fn every_page_has_a_digest() {
    let good = load(|_| {});
    let image = &named(&good, "radix3")[0];
    let all = pages(&good, image);
    assert_eq!(all.len(), 3);
    assert_eq!(all[1], all[2], "both are zero");
    assert_ne!(all[0], all[1]);
    assert_eq!(image["facts"], json!({"padding": 0, "padding_zero": true}));
    assert_eq!(image.get("head"), None, "firmware is not shown");
    for page in 0..3 {
        // The host's image lies backwards in its memory.
        let at = place::IMAGE + (2 - page) * 0x1000 + 0x123;
        let other = load(|h| h.mem.put(at, &[0x55]));
        let changed = pages(&other, &named(&other, "radix3")[0]);
        let differing: Vec<u64> = (0..3)
            .filter(|&n| all[n as usize] != changed[n as usize])
            .collect();
        assert_eq!(differing, [page]);
    }
}

#[test]
fn tables_are_checked() {
    let facts = |report: &Value, level: usize| {
        named(report, &format!("radix3 level {level}"))[0]["facts"].clone()
    };
    let good = load(|_| {});
    for (level, needed) in [1, 1, 3].into_iter().enumerate() {
        assert_eq!(
            facts(&good, level),
            json!({"aligned": true, "entries": needed, "entries_needed": needed, "rest_zero": true})
        );
    }
    for level in 0..3u64 {
        let table = place::RADIX + level * 0x1000;
        let dirty = load(|h| h.mem.put(table + 0xff8, &[1]));
        for other in 0..3 {
            let clean = other as u64 != level;
            assert_eq!(facts(&dirty, other)["rest_zero"], clean, "{level} {other}");
        }
    }
    let crooked = load(|h| h.mem.put(place::RADIX + 0x2008, &[8]));
    assert_eq!(facts(&crooked, 2)["aligned"], false);
    let gap = load(|h| h.mem.put(place::RADIX + 0x2008, &[0; 8]));
    assert_eq!(facts(&gap, 2)["entries"], 2);
}

#[test]
fn what_is_behind_the_image_is_looked_at() {
    let short = |h: &mut Host| h.mem.put(place::META + 24, &0x2f00u64.to_le_bytes());
    let clean = load(|h| {
        short(h);
        h.mem.put(place::IMAGE, &[0; 0x1000]);
    });
    assert_eq!(
        named(&clean, "radix3")[0]["facts"],
        json!({"padding": 0x100, "padding_zero": true})
    );
    let dirty = load(|h| {
        short(h);
        h.mem.put(place::IMAGE + 0xff0, &[1]);
    });
    let (a, b) = (&named(&clean, "radix3")[0], &named(&dirty, "radix3")[0]);
    assert_eq!(b["facts"]["padding_zero"], false);
    assert_eq!(a["digest"], b["digest"], "it is no part of the image");
}

#[test]
fn tables_that_lead_nowhere_are_an_error() {
    let beyond = (1u64 << 50).to_le_bytes();
    for at in [place::RADIX, place::RADIX + 0x1000, place::RADIX + 0x2000] {
        let report = load(|h| h.mem.put(at, &beyond));
        let error = report["errors"][0].as_str().unwrap().to_string();
        assert!(error.contains("radix3"), "{error}");
        assert!(named(&report, "radix3").is_empty());
    }
}

#[test]
fn port_writes_are_told_apart() {
    let mut h = Host::new("tu104", "570.144");
    h.reset_falcon(0x840000);
    let imem = |h: &mut Host, ctl: u32, words: u32| {
        h.wr(0x840180, ctl);
        for n in 0..words {
            h.wr(0x840184, 0x1000 + n);
        }
    };
    imem(&mut h, (1 << 24) | 0x100, 64);
    imem(&mut h, (1 << 24) | (1 << 28) | 0x200, 128);
    h.pio(0x840000, &[7; 32]);
    h.wr(0x840104, 0x200);
    h.prepare(64);
    h.wr(0x110040, place::LIBOS as u32);
    h.wr(0x840040, place::META as u32);
    h.wr(0x840100, 2);
    let r = h.report();
    let piece = |name: &str| {
        let all = named(&r, name);
        assert_eq!(all.len(), 1, "{name}");
        (
            all[0]["facts"]["at"].as_u64().unwrap_or(0),
            all[0]["size"].as_u64().unwrap(),
        )
    };
    assert_eq!(piece("booter-load imem"), (0x100, 0x100));
    assert_eq!(piece("booter-load imem secure"), (0x200, 0x200));
    assert_eq!(piece("booter-load dmem"), (0, 32));
    let dmem = &named(&r, "booter-load dmem")[0];
    assert_eq!(dmem["head"], "07".repeat(32));
    assert_eq!(named(&r, "booter-load start")[0]["head"], "0002");
    assert_eq!(dmem["boot"], 1, "it belongs to the boot that it begins");
}

#[test]
fn transfers_and_boot_rom_parameters_are_recorded() {
    let mut h = Host::new("ga106", "570.144");
    let (code, data) = (0x60_0000u64, 0x60_0200u64);
    let vram = h.dev.options.chip.vram;
    let mut dmem = h.fwsec_dmem();
    Host::patch_fwsec(&mut dmem, 0x15, vram - 0x20_0000, 0x10_0000);
    dmem[0x5a4..0x5a4 + 384].fill(0xa2);
    h.mem.put(code, &[9; 0x200]);
    h.mem.put(data, &dmem);
    h.reset_falcon(0x110000);
    h.wr(0x110600, 5);
    let transfer = |h: &mut Host, from: u64, to: u32, cmd: u32| {
        h.wr(0x110110, (from >> 8) as u32);
        h.wr(0x110114, to);
        h.wr(0x11011c, 0);
        h.wr(0x110118, (6 << 8) | cmd);
    };
    for n in 0..2 {
        transfer(&mut h, code + n * 256, n as u32 * 256, 0x14);
    }
    for n in 0..8 {
        transfer(&mut h, data + n * 256, n as u32 * 256, 0);
    }
    for (reg, v) in [
        (0x111210, 0x5a4),
        (0x11119c, 0x400),
        (0x111198, 9),
        (0x111180, 1),
    ] {
        h.wr(reg, v);
    }
    h.wr(0x110100, 2);
    let r = h.report();
    let secure = &named(&r, "fwsec-frts imem secure")[0];
    assert_eq!(
        (&secure["size"], &secure["facts"]["at"]),
        (&json!(0x200), &json!(0))
    );
    let head = named(&r, "fwsec-frts dmem")[0]["head"]
        .as_str()
        .unwrap()
        .to_string();
    assert_eq!(&head[0x6c * 2..0x6d * 2], "15", "the command");
    assert_eq!(&head[0x5a4 * 2..0x5a6 * 2], "a2a2", "the signature");
    let start = named(&r, "fwsec-frts start")[0]["head"]
        .as_str()
        .unwrap()
        .to_string();
    assert_eq!(start, "00000000a4050000000400000900000001");
}

#[test]
fn a_loader_and_what_it_loads_are_recorded() {
    let mut h = Host::new("tu104", "570.144");
    let image = 0x60_0000u64;
    let mut dmem = h.fwsec_dmem();
    Host::patch_fwsec(&mut dmem, 0x19, 0, 0);
    h.mem.put(image, &[1; 0x100]);
    h.mem.put(image + 0x100, &[2; 0x300]);
    h.mem.put(image + 0x400, &dmem);
    let mut desc = [0; 84];
    put64(&mut desc, 36, image);
    for (at, v) in [(48, 0x100), (52, 0x100), (56, 0x300), (72, 0x800)] {
        put32(&mut desc, at, v);
    }
    put64(&mut desc, 64, image + 0x400);
    h.reset_falcon(0x110000);
    h.pio(0x110000, &desc);
    h.wr(0x110100, 2);
    let r = h.report();
    assert_eq!(r["errors"].as_array().unwrap().len(), 0, "{}", r["errors"]);
    let sizes: Vec<(String, u64)> = r["handed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| {
            (
                b["name"].as_str().unwrap().to_string(),
                b["size"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("fwsec-sb loader dmem", 84),
        ("fwsec-sb imem", 0x100),
        ("fwsec-sb imem secure", 0x300),
        ("fwsec-sb dmem", 0x800),
        ("fwsec-sb start", 20),
    ];
    assert_eq!(sizes, expected.map(|(name, size)| (name.to_string(), size)));
}
