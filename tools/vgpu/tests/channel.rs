// SPDX-License-Identifier: GPL-2.0
//! Channels: GPFIFO, semaphores, the copy engine, interrupts and faults.

mod support;

use nvkm_vgpu::mem::{put32, put64};
use support::Host;

const CLIENT: u32 = 0xc1d0_0000;
const PDB: u64 = 0x10_0000;
const USERD: u64 = 0x30_0000;
/// Virtual and physical address of the mapped pages.
const VA: u64 = 0x1_2340_0000;
const PA: u64 = 0x100_0000;
/// Offsets in them.
const GPFIFO: u64 = 0;
const PUSH: u64 = 0x1000;
const DATA: u64 = 0x1_0000;

struct Chan {
    chid: u32,
    runlist: u32,
    put: u32,
    pushed: u64,
}

fn inc(subch: u32, mthd: u32, data: &[u32]) -> Vec<u32> {
    let mut v = vec![(1 << 29) | ((data.len() as u32) << 16) | (subch << 13) | (mthd >> 2)];
    v.extend_from_slice(data);
    v
}

fn open(h: &mut Host, chid: u32, engine: u32, runlist: u32) -> Chan {
    let mut p = vec![0; h.layout.channel];
    put64(&mut p, 8, VA + GPFIFO + u64::from(chid) * 0x200);
    put32(&mut p, 16, 64);
    put32(
        &mut p,
        20,
        ((chid % 8) << 8) | ((chid / 8) << 12) | (1 << 21),
    );
    put32(&mut p, 28, 0x90f1_0000);
    put32(&mut p, 128, engine);
    put64(&mut p, 168, USERD + u64::from(chid) * 0x200);
    put32(&mut p, 184, 2);
    let class = if h.layout.version == "570.144" {
        0xc46f
    } else {
        0xc56f
    };
    let handle = 0xf1f0_0000 | chid;
    assert_eq!(h.alloc(CLIENT, 0xde1d_0000, handle, class, &p).0, 0);
    assert_eq!(
        h.control(CLIENT, handle, 0xa06f_0104, &engine.to_le_bytes())
            .0,
        0
    );
    assert_eq!(h.control(CLIENT, handle, 0xa06f_0103, &[1, 0]).0, 0);
    Chan {
        chid,
        runlist,
        put: 0,
        pushed: 0,
    }
}

fn host() -> Host {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    h.map(PDB, VA, PA, 64);
    h.address_space(CLIENT, PDB);
    h.drain();
    h
}

/// Queues methods without ringing.
fn queue(h: &mut Host, c: &mut Chan, words: &[u32]) {
    let off = PUSH + u64::from(c.chid) * 0x1000 + c.pushed;
    for (i, w) in words.iter().enumerate() {
        h.vram_put(PA + off + i as u64 * 4, &w.to_le_bytes());
    }
    c.pushed += words.len() as u64 * 4;
    let entry = (VA + off) | ((words.len() as u64) << 42);
    let slot = GPFIFO + u64::from(c.chid) * 0x200 + u64::from(c.put) * 8;
    h.vram_put(PA + slot, &entry.to_le_bytes());
    c.put += 1;
    let userd = USERD + u64::from(c.chid) * 0x200;
    h.vram_put(userd + 0x8c, &c.put.to_le_bytes());
}

fn ring(h: &mut Host, c: &Chan) {
    h.wr(0xbb0090, (c.runlist << 16) | c.chid);
}

fn get(h: &Host, c: &Chan) -> u32 {
    let b = h.vram_get(USERD + u64::from(c.chid) * 0x200 + 0x88, 4);
    u32::from_le_bytes([b[0], b[1], b[2], b[3]])
}

fn copy_methods(src: u64, dst: u64, pitch: u32, length: u32, lines: u32, launch: u32) -> Vec<u32> {
    let mut v = inc(4, 0, &[0xc5b5]);
    v.extend(inc(
        4,
        0x400,
        &[
            (src >> 32) as u32,
            src as u32,
            (dst >> 32) as u32,
            dst as u32,
            pitch,
            pitch,
            length,
            lines,
        ],
    ));
    v.extend(inc(4, 0x300, &[launch]));
    v
}

#[test]
fn a_copy_copies_exactly_what_it_says() {
    let mut h = host();
    let mut c = open(&mut h, 3, 11, 1);
    let data: Vec<u8> = (0..0x3000).map(|i| (i * 31 / 7) as u8).collect();
    h.vram_put(PA + DATA, &data);
    // Three lines of 0x900 bytes, 0x1000 apart, across page borders.
    let m = copy_methods(
        VA + DATA + 0x80,
        VA + DATA + 0x8080,
        0x1000,
        0x900,
        3,
        0x182 | (1 << 9),
    );
    queue(&mut h, &mut c, &m);
    ring(&mut h, &c);
    let out = h.vram_get(PA + DATA + 0x8000, 0x3000);
    for (i, b) in out.iter().enumerate() {
        let inside = (i.wrapping_sub(0x80)) % 0x1000 < 0x900 && i >= 0x80;
        assert_eq!(*b, if inside { data[i] } else { 0 }, "byte {i:#x}");
    }
    assert_eq!(get(&h, &c), 1);
    let s = &h.report()["state"];
    assert_eq!(
        (s["copies"].as_u64(), s["copied_bytes"].as_u64()),
        (Some(1), Some(0x1b00))
    );
    assert_eq!(h.report()["errors"].as_array().unwrap().len(), 0);
}

#[test]
fn a_remap_fills_with_a_constant() {
    let mut h = host();
    let mut c = open(&mut h, 3, 11, 1);
    let mut m = inc(4, 0, &[0xc5b5]);
    m.extend(inc(4, 0x700, &[0xdead_beef, 0, 0x4 | (3 << 16)]));
    m.extend(copy_methods(0, VA + DATA + 4, 0, 3, 1, 0x182 | (1 << 10)));
    queue(&mut h, &mut c, &m);
    ring(&mut h, &c);
    let words: Vec<u32> = h
        .vram_get(PA + DATA, 20)
        .chunks(4)
        .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    assert_eq!(words, [0, 0xdead_beef, 0xdead_beef, 0xdead_beef, 0]);
}

#[test]
fn semaphores_block_and_release_across_channels() {
    let mut h = host();
    let mut a = open(&mut h, 1, 11, 1);
    let mut b = open(&mut h, 2, 12, 2);
    let sem = VA + DATA;
    let addr = [sem as u32, (sem >> 32) as u32];
    let mut wait = inc(0, 0x5c, &[addr[0], addr[1], 5]);
    wait.extend(inc(0, 0x6c, &[3]));
    wait.extend(inc(0, 0x5c, &[addr[0] + 16, addr[1], 0x77]));
    wait.extend(inc(0, 0x6c, &[1]));
    queue(&mut h, &mut a, &wait);
    ring(&mut h, &a);
    assert_eq!(h.vram_get(PA + DATA + 16, 4), [0; 4], "still waiting");
    let mut release = inc(0, 0x5c, &[addr[0], addr[1], 6]);
    release.extend(inc(0, 0x6c, &[1]));
    queue(&mut h, &mut b, &release);
    ring(&mut h, &b);
    assert_eq!(h.vram_get(PA + DATA, 4), [6, 0, 0, 0]);
    assert_eq!(h.vram_get(PA + DATA + 16, 4), [0x77, 0, 0, 0]);
}

#[test]
fn the_non_stalling_interrupt_takes_the_engines_vector_and_one_message() {
    let mut h = host();
    let mut c = open(&mut h, 3, 11, 1);
    h.wr(0xb81200, 1 << 3);
    h.wr(0xb81608, 0xf);
    for n in 1..=2 {
        let m = inc(0, 0x20, &[0]);
        queue(&mut h, &mut c, &m);
        ring(&mut h, &c);
        assert_eq!(h.rd(0xb81000), 1 << 3);
        assert_eq!(h.rd(0xb81600), 1);
        assert_eq!(h.irq.count(), n);
        // A second one while the first is not handled sends nothing.
        queue(&mut h, &mut c, &m);
        ring(&mut h, &c);
        assert_eq!(h.irq.count(), n);
        h.wr(0xb81610, 0xf);
        h.wr(0x088704, 0);
        h.wr(0xb81000, 1 << 3);
        h.wr(0xb81608, 0xf);
        assert_eq!(h.irq.count(), n, "nothing pending any more");
    }
}

#[test]
fn the_message_interrupt_latches_once() {
    let mut h = host();
    let leaf = 0xb81000 + 155 / 32 * 4;
    h.wr(leaf + 0x200, 1 << (155 % 32));
    h.wr(0xb81608, 0xf);
    assert!(h.dev.command(0x0203_0000));
    assert!(h.dev.command(0x0203_0000));
    assert_eq!(h.irq.count(), 1);
    assert_eq!(h.rd(0x110008), 0x40);
    assert_eq!(h.rd(0x1112b4), 0x40);
    // As drivers do it: tree off, MSI armed again, the leaf cleared, then the GSP's own bit, tree on: no second message.
    h.wr(0xb81610, 0xf);
    h.wr(0x088704, 0);
    h.wr(leaf, 1 << (155 % 32));
    // The handler has cleared the leaf and not yet the GSP's bit: another message must not latch the leaf again, or the
    // handler's next turn finds nothing to do and blocks the vector.
    assert!(h.dev.command(0x0203_0000));
    assert_eq!(h.rd(leaf), 0);
    // Only when asked to look again does the GSP repeat what is pending.
    h.wr(0x1103e8, 1);
    assert_eq!(h.rd(leaf), 1 << (155 % 32));
    h.wr(leaf, 1 << (155 % 32));
    h.wr(0x110004, 0x40);
    h.wr(0x1103e8, 1);
    assert_eq!(h.rd(leaf), 0);
    h.wr(0xb81608, 0xf);
    assert_eq!(h.irq.count(), 1);
    assert!(h.dev.command(0x0203_0000));
    assert_eq!(h.irq.count(), 2);
}

#[test]
fn a_faulting_channel_is_killed_and_told() {
    let mut h = host();
    let mut c = open(&mut h, 3, 11, 1);
    let m = copy_methods(0x7777_0000, VA + DATA, 0, 16, 1, 0x182);
    queue(&mut h, &mut c, &m);
    ring(&mut h, &c);
    h.drain();
    let seen: Vec<u32> = h.events.iter().map(|e| e.0).collect();
    assert_eq!(seen, [0x1006, 0x1004]);
    assert_eq!(h.events[1].1[4], 3, "channel number");
    let errors = h.report()["errors"].to_string();
    assert!(
        errors.contains("channel 3: MMU fault at 0x77770000"),
        "{errors}"
    );
    queue(&mut h, &mut c, &inc(0, 0x20, &[0]));
    ring(&mut h, &c);
    assert_eq!(h.rd(0xb81000), 0, "it runs no more");
}

#[test]
fn doorbells_for_nobody_are_errors() {
    let mut h = host();
    let c = open(&mut h, 3, 11, 1);
    h.wr(0xbb0090, 0x1_0009);
    h.wr(0xbb0090, 0x2_0003);
    assert_eq!(h.control(CLIENT, 0xf1f0_0003, 0xa06f_0103, &[0, 0]).0, 0);
    ring(&mut h, &c);
    let errors = h.report()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 3, "{errors}");
}

#[test]
fn an_unset_page_directory_faults() {
    let mut h = host();
    let mut c = open(&mut h, 3, 11, 1);
    queue(&mut h, &mut c, &inc(0, 0x20, &[0]));
    let mut p = [0; 8];
    put32(&mut p, 0, 0x90f1_0000);
    assert_eq!(h.control(CLIENT, 0xde1d_0000, 0x0080_1814, &p).0, 0);
    ring(&mut h, &c);
    assert_eq!(get(&h, &c), 0);
    let errors = h.report()["errors"].to_string();
    assert!(errors.contains("without page directory"), "{errors}");
}
