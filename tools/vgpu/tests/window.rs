// SPDX-License-Identifier: GPL-2.0
//! BAR2 as memory that the guest maps: the window holds what the page tables say, and video memory stays one.

mod support;

use nvkm_vgpu::mem::{le64, put32, put64};
use nvkm_vgpu::vbios::Shape;
use support::Host;

const PDB: u64 = 0x10_0000;

fn host() -> Host {
    let mut h = Host::with("tu104", "570.144", Shape::Small, true);
    h.boot();
    h
}

fn bind(h: &mut Host, on: bool) {
    let mut p = [0; 24];
    put32(&mut p, 0, 1);
    if on {
        put64(&mut p, 8, le64(&h.vram_get(PDB, 8), 0));
    }
    put64(&mut p, 16, 47);
    h.call(70, &p);
}

/// What the guest's processor sees at that offset of BAR2.
fn seen(h: &Host, at: u64) -> [u8; 4] {
    let mut b = [0; 4];
    h.dev.bus().vram.window().unwrap().read(at, &mut b).unwrap();
    b
}

fn store(h: &Host, at: u64, v: [u8; 4]) {
    h.dev.bus().vram.window().unwrap().write(at, &v).unwrap();
}

#[test]
fn pages_come_and_go_with_their_entries() {
    let mut h = host();
    h.map(PDB, 0x3000, 0x55_0000, 2);
    h.vram_put(0x55_0000, &[1; 4]);
    h.vram_put(0x55_1000, &[2; 4]);
    bind(&mut h, true);
    assert_eq!((seen(&h, 0x3000), seen(&h, 0x4000)), ([1; 4], [2; 4]));
    store(&h, 0x3000, [7; 4]);
    assert_eq!(h.vram_get(0x55_0000, 4), [7; 4], "one memory");
    h.vram_put(0x55_0ffe, &[9; 4]);
    assert_eq!(h.vram_get(0x55_0ffe, 4), [9; 4], "across the border");
    assert_eq!(seen(&h, 0x4000), [9, 9, 2, 2]);

    // The entry of 0x3000 moves to another page; it counts from the invalidation on.
    h.vram_put(0x66_0000, &[6; 4]);
    h.map(PDB, 0x3000, 0x66_0000, 1);
    assert_eq!(seen(&h, 0x3000), [7; 4]);
    h.wr(0xb830b0, 0x8000_0007);
    assert_eq!(seen(&h, 0x3000), [6; 4]);
    assert_eq!(
        h.vram_get(0x55_0000, 4),
        [7; 4],
        "went home with its content"
    );
    assert_eq!(h.vram_get(0x66_0000, 4), [6; 4]);

    bind(&mut h, false);
    store(&h, 0x4000, [0xee; 4]);
    assert_eq!(
        h.vram_get(0x55_1000, 4),
        [9, 9, 2, 2],
        "not mapped any more"
    );
    assert_eq!(h.report()["errors"].as_array().unwrap().len(), 0);
}

#[test]
fn tables_that_are_mapped_themselves_are_followed() {
    let mut h = host();
    // The page table's own page at 0x5000, as drivers map their tables.
    h.map(PDB, 0x5000, PDB + 0x4000, 1);
    bind(&mut h, true);
    let entry: u64 = (0x77_0000 >> 4) | 1;
    h.vram_put(0x77_0000, &[3; 4]);
    let at = 0x5000 + 8 * 8;
    store(&h, at, (entry as u32).to_le_bytes());
    store(&h, at + 4, ((entry >> 32) as u32).to_le_bytes());
    h.wr(0xb830b0, 0x8000_0007);
    assert_eq!(seen(&h, 0x8000), [3; 4]);
}

#[test]
fn a_page_mapped_twice_is_told() {
    let mut h = host();
    h.map(PDB, 0x3000, 0x55_0000, 1);
    h.map(PDB, 0x4000, 0x55_0000, 1);
    bind(&mut h, true);
    let errors = h.report()["errors"].to_string();
    assert!(errors.contains("more than once"), "{errors}");
}

#[test]
fn a_reset_empties_the_window() {
    let mut h = host();
    h.map(PDB, 0x3000, 0x55_0000, 1);
    h.vram_put(0x55_0000, &[1; 4]);
    bind(&mut h, true);
    h.dev.reset();
    assert_eq!(seen(&h, 0x3000), [0; 4]);
    assert_eq!(h.vram_get(0x55_0000, 4), [0; 4]);
}
