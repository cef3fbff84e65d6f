// SPDX-License-Identifier: GPL-2.0
//! Video memory over suspend: what RM was told to keep comes back, and the rest is gone.

mod support;

use nvkm_vgpu::mem::{put32, put64};
use support::{place, Host};

const CLIENT: u32 = 0xc1d0_0000;
const DEVICE: u32 = 0xde1d_0000;
const SUBDEVICE: u32 = 0x5d1d_0000;
const PDB: u64 = 0x10_0000;
/// Suspended RM's metadata, and the driver's memory for what is kept.
const SR: u64 = 0x50_0000;
const KEPT: u64 = 0x70_0000;

fn errors(h: &Host) -> String {
    h.report()["errors"].to_string()
}

/// ALLOC_MEMORY of consecutive pages.
fn memory(h: &mut Host, handle: u32, class: u32, addr: u64, pages: u32) {
    let mut p = vec![0; 56 + pages as usize * 8];
    for (at, v) in [(0, CLIENT), (4, DEVICE), (8, handle), (12, class)] {
        put32(&mut p, at, v);
    }
    put64(&mut p, 32, u64::from(pages) << 12);
    put32(&mut p, 40, pages);
    put32(&mut p, 48, pages << 16);
    for n in 0..pages as usize {
        put64(&mut p, 56 + n * 8, (addr >> 12) + n as u64);
    }
    h.call(4, &p);
}

/// Says what is to be kept: two pages of the driver's memory, regions (address, pages, offset there).
fn tell(h: &mut Host, promised: u32, regions: &[(u64, u32, u64)]) {
    memory(h, 0xcaf0_0003, 0x81, KEPT, 2);
    let mut p = [0; 32];
    for (at, v) in [(0, 4), (4, promised), (8, CLIENT), (12, 0xcaf0_0003)] {
        put32(&mut p, at, v);
    }
    assert_eq!(h.control(CLIENT, SUBDEVICE, 0x2080_0ac2, &p).0, 0);
    assert_eq!(h.free(CLIENT, 0xcaf0_0003), 0);
    for (n, &(addr, pages, to)) in regions.iter().enumerate() {
        let handle = 0xcaf0_0004 + n as u32;
        memory(h, handle, 0x82, addr, pages);
        let mut p = [0; 40];
        for (at, v) in [(0, 4), (4, CLIENT), (8, handle)] {
            put32(&mut p, at, v);
        }
        put64(&mut p, 24, to);
        put64(&mut p, 32, u64::from(pages) << 12);
        assert_eq!(h.control(CLIENT, SUBDEVICE, 0x2080_0ac3, &p).0, 0);
        assert_eq!(h.free(CLIENT, handle), 0);
    }
}

/// Runs the booter on SEC2 with the suspended RM's metadata.
fn booter(h: &mut Host) {
    h.mem.put(SR, &0x8a3b_b9e6_c6c3_9d93u64.to_le_bytes());
    h.mem.put(SR + 16, &place::RADIX.to_le_bytes());
    h.mem.put(SR + 24, &0x3000u64.to_le_bytes());
    h.reset_falcon(0x110000);
    h.reset_falcon(0x840000);
    h.pio(0x840000, &[1, 2, 3, 4]);
    h.wr(0x840040, SR as u32);
    h.wr(0x840100, 2);
    assert_eq!(h.rd(0x840040), 0);
}

fn suspend(h: &mut Host) {
    h.call(47, &[1, 0, 0, 0, 3, 0, 0, 0]);
    booter(h);
}

fn resume(h: &mut Host) {
    booter(h);
    h.wr(0x110080, 1);
    let seq = h.wait(0x1002);
    h.run_sequencer(&seq);
    h.wait(0x1001);
}

fn started(fw: &'static str) -> Host {
    let mut h = Host::new("tu104", fw);
    h.boot();
    h.address_space(CLIENT, PDB);
    h.mem.put(KEPT, &[0; 0x2000]);
    for n in 0..4 {
        h.vram_put(0x20_0000 + n * 0x1000, &[0x10 + n as u8; 0x1000]);
    }
    h
}

fn page(h: &Host, n: u64) -> Vec<u8> {
    h.vram_get(0x20_0000 + n * 0x1000, 0x1000)
}

#[test]
fn what_was_told_comes_back_and_the_rest_is_gone() {
    let mut h = started("535.113.01");
    tell(&mut h, 2, &[(0x20_1000, 1, 0x1000), (0x20_3000, 1, 0)]);
    suspend(&mut h);
    assert!((0..4).all(|n| page(&h, n) == [0; 0x1000]), "no power");
    // It is in the driver's memory, where the driver said.
    assert_eq!(h.mem.get(KEPT, 0x1000), [0x13; 0x1000]);
    assert_eq!(h.mem.get(KEPT + 0x1000, 0x1000), [0x11; 0x1000]);
    resume(&mut h);
    let found: Vec<u8> = (0..4).map(|n| page(&h, n)[0xfff]).collect();
    assert_eq!(found, [0, 0x11, 0, 0x13]);
    assert_eq!(errors(&h), "[]");
}

#[test]
fn what_the_driver_lost_meanwhile_is_lost() {
    let mut h = started("535.113.01");
    tell(&mut h, 1, &[(0x20_0000, 2, 0)]);
    suspend(&mut h);
    h.mem.put(KEPT + 0x1000, &[0xee; 0x1000]);
    resume(&mut h);
    assert_eq!((page(&h, 0)[0], page(&h, 1)[0]), (0x10, 0xee));
}

#[test]
fn r570_is_told_of_no_regions_and_rm_keeps_its_own() {
    let mut h = started("570.144");
    memory(&mut h, 0xcaf0_0003, 0x81, KEPT, 2);
    let mut p = [0; 24];
    put32(&mut p, 0, CLIENT);
    put32(&mut p, 4, 0xcaf0_0003);
    assert_eq!(h.control(CLIENT, SUBDEVICE, 0x2080_0ac2, &p).0, 0);
    let mut bar = [0; 24];
    put32(&mut bar, 0, 1);
    put64(&mut bar, 8, 0x1234_5000);
    put64(&mut bar, 16, 47);
    h.call(70, &bar);
    let own = h.dev.bus().vram.size() - 0x1020_0000 + 0x1000;
    assert_eq!(h.vram_get(own, 8), 0x1234_5000u64.to_le_bytes());
    suspend(&mut h);
    assert_eq!(h.vram_get(own, 8), [0; 8]);
    resume(&mut h);
    assert_eq!(h.vram_get(own, 8), 0x1234_5000u64.to_le_bytes());
    assert_eq!(
        page(&h, 1),
        [0; 0x1000],
        "the driver's own is the driver's to keep"
    );
    assert_eq!(errors(&h), "[]");
}

/// NV2080_CTRL_CMD_INTERNAL_GCX_ENTRY_PREREQUISITE: what a driver asks before it suspends an idle device.
#[test]
fn an_idle_gpu_is_ready_to_lose_power() {
    let mut h = started("570.144");
    let ask = |h: &mut Host, size: usize| h.control(CLIENT, SUBDEVICE, 0x2080_a7d7, &vec![0; size]);
    assert_eq!(ask(&mut h, 2), (0, vec![1, 1]));
    assert_ne!(ask(&mut h, 1).0, 0);
}

#[test]
fn what_makes_no_sense_is_told() {
    // Fewer regions than were promised.
    let mut h = started("535.113.01");
    tell(&mut h, 2, &[(0x20_0000, 1, 0)]);
    suspend(&mut h);
    assert!(
        errors(&h).contains("1 regions, 2 were promised"),
        "{}",
        errors(&h)
    );
    // A region behind the end of the driver's memory.
    let mut h = started("535.113.01");
    tell(&mut h, 1, &[(0x20_0000, 1, 0x2000)]);
    suspend(&mut h);
    assert!(errors(&h).contains("cannot be kept"), "{}", errors(&h));
    // A list that is shorter than it says.
    let mut h = started("535.113.01");
    let mut p = vec![0; 64];
    for (at, v) in [
        (0, CLIENT),
        (4, DEVICE),
        (8, 0xcaf0_0003),
        (12, 0x81),
        (32, 0x2000),
        (40, 2),
        (48, 1 << 16),
    ] {
        put32(&mut p, at, v);
    }
    h.call(4, &p);
    assert!(errors(&h).contains("1 listed"), "{}", errors(&h));
    // No memory at all.
    assert_ne!(h.control(CLIENT, SUBDEVICE, 0x2080_0ac2, &[0; 32]).0, 0);
}
