// SPDX-License-Identifier: GPL-2.0
//! Whatever a guest does, the model goes on: no panic, bounded time, and the errors are kept.

mod support;

use nvkm_vgpu::gsp::queue::{Rpc, PAGE};
use support::{place, Host};

/// A small generator, the same on every run (xorshift64*).
struct Random(u64);

impl Random {
    fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Values as drivers and attackers like them: small, huge, near powers of two.
    fn word(&mut self) -> u32 {
        match self.below(6) {
            0 => self.below(64) as u32,
            1 => u32::MAX - self.below(64) as u32,
            2 => (1u32 << self.below(32)).wrapping_sub(self.below(3) as u32),
            3 => (self.below(0x1000) * 0x1000) as u32,
            _ => self.next() as u32,
        }
    }
}

const INTERESTING: [u32; 22] = [
    0x110000, 0x110040, 0x110044, 0x110080, 0x110100, 0x110110, 0x110114, 0x110118, 0x11011c,
    0x110128, 0x110130, 0x1103c0, 0x110600, 0x110c00, 0x840040, 0x840044, 0x840100, 0x840130,
    0x8403c0, 0x001700, 0xbb0090, 0xb81200,
];

fn poke(h: &mut Host, r: &mut Random) {
    let addr = match r.below(4) {
        0 => r.below(16 << 20) as u32 & !3,
        1 => 0x110000 + (r.below(0x2000) as u32 & !3),
        2 => 0x840000 + (r.below(0x2000) as u32 & !3),
        _ => INTERESTING[r.below(INTERESTING.len() as u64) as usize],
    };
    if r.below(3) == 0 {
        h.rd(addr);
    } else {
        let v = r.word();
        h.wr(addr, v);
    }
    if r.below(50) == 0 {
        let (bar, off) = (1 + r.below(2) as u8, r.below(32 << 20));
        let mut b = vec![0; r.below(9) as usize];
        h.dev.bar_read(bar, off, &mut b);
        h.dev.bar_write(bar, off, &b);
        h.dev.config_write(r.below(0x1000), &b);
        let v = r.word();
        h.dev.command(0x0200_0000 | (v & 0x00ff_ffff));
    }
}

#[test]
fn random_register_accesses() {
    for seed in 1..=12 {
        let mut r = Random::seeded(seed);
        let mut h = Host::new(if seed % 2 == 0 { "tu104" } else { "ga106" }, "570.144");
        if seed % 3 == 0 {
            h.boot();
        } else {
            h.prepare(64);
        }
        for _ in 0..20_000 {
            poke(&mut h, &mut r);
        }
        h.report();
    }
}

#[test]
fn random_boot_structures() {
    for seed in 1..=300u64 {
        let mut r = Random::seeded(seed);
        let mut h = Host::new("tu104", "570.144");
        h.prepare(64);
        for _ in 0..1 + r.below(6) {
            let area = [
                (place::META + 16, 240),
                (place::LIBOS, 64),
                (place::RMARGS, 32),
                (place::SHARED, 64),
                (place::SHARED + 0x1000, 48),
                (place::RADIX, 16),
                (place::RADIX + 0x2000, 16),
            ][r.below(7) as usize];
            let at = area.0 + (r.below(area.1) & !3);
            h.mem.put(at, &r.word().to_le_bytes());
        }
        h.wr(0x110040, place::LIBOS as u32);
        h.pio(0x840000, &[1; 4]);
        h.wr(0x840040, place::META as u32);
        h.wr(0x840100, 2);
        h.wr(0x110080, 1);
        h.wr(0x840130, 2);
        h.wr(0x110080, 1);
        h.wr(0x110c00, 0);
        h.report();
    }
}

#[test]
fn random_messages() {
    const FUNCTIONS: [u32; 12] = [0, 4, 10, 47, 65, 70, 71, 72, 73, 76, 103, 200];
    const CONTROLS: [u32; 14] = [
        0x2080_0138,
        0x2080_0a32,
        0x2080_012b,
        0x90f1_0106,
        0x0080_1813,
        0x0080_1814,
        0xa06f_0104,
        0xa06f_0103,
        0x2080_0301,
        0x2080_1112,
        0x2080_0a5c,
        0x2080_01b0,
        0x0080_1306,
        0xffff_ffff,
    ];
    for seed in 1..=40u64 {
        let mut r = Random::seeded(seed);
        let mut h = Host::new(
            "tu104",
            if seed % 2 == 0 {
                "570.144"
            } else {
                "535.113.01"
            },
        );
        h.boot();
        h.address_space(0xc1d0_0000, 0x10_0000);
        for _ in 0..300 {
            let function = FUNCTIONS[r.below(12) as usize];
            if function == 47 && r.below(20) != 0 {
                continue;
            }
            let len = match r.below(3) {
                0 => r.below(64),
                1 => r.below(4000),
                _ => r.below(70_000),
            };
            let mut payload: Vec<u8> = (0..len).map(|_| r.next() as u8).collect();
            let handles = [
                0xc1d0_0000,
                0xde1d_0000,
                0x90f1_0000,
                0x5d1d_0000,
                0xc1e0_0004,
                0xcaf1_0000,
            ];
            for i in 0..3 {
                if r.below(3) != 0 && payload.len() >= 12 {
                    let v: u32 = handles[r.below(6) as usize];
                    payload[i * 4..i * 4 + 4].copy_from_slice(&v.to_le_bytes());
                }
            }
            if function == 76 && payload.len() >= 24 {
                let cmd = CONTROLS[r.below(14) as usize];
                payload[8..12].copy_from_slice(&cmd.to_le_bytes());
                let size = if r.below(2) == 0 {
                    len as u32 - 24
                } else {
                    r.word()
                };
                payload[16..20].copy_from_slice(&size.to_le_bytes());
            }
            h.push(function, &payload);
            while h.take().is_some() {}
            if r.below(10) == 0 {
                let mut page = vec![0u8; PAGE * (1 + r.below(3) as usize)];
                page.iter_mut().for_each(|b| *b = r.next() as u8);
                h.push_raw(&page);
                h.wr(0x110c00, 0);
                h.push_element(&Rpc::default());
            }
        }
        h.report();
    }
}

#[test]
fn random_page_tables_and_push_buffers() {
    for seed in 1..=60u64 {
        let mut r = Random::seeded(seed);
        let mut h = Host::new("tu104", "570.144");
        h.boot();
        let (pdb, va, pa) = (0x10_0000, 0x1_2340_0000u64, 0x100_0000);
        h.map(pdb, va, pa, 64);
        h.address_space(0xc1d0_0000, pdb);
        let mut p = vec![0; h.layout.channel];
        p[8..16].copy_from_slice(&va.to_le_bytes());
        p[16..20].copy_from_slice(&64u32.to_le_bytes());
        p[20..24].copy_from_slice(&(1u32 << 21).to_le_bytes());
        p[28..32].copy_from_slice(&0x90f1_0000u32.to_le_bytes());
        p[128..132].copy_from_slice(&11u32.to_le_bytes());
        p[168..176].copy_from_slice(&0x30_0000u64.to_le_bytes());
        p[184] = 2;
        let (c, ch) = (0xc1d0_0000, 0xf1f0_0000);
        assert_eq!(h.alloc(c, 0xde1d_0000, ch, 0xc46f, &p).0, 0);
        assert_eq!(h.control(c, ch, 0xa06f_0104, &11u32.to_le_bytes()).0, 0);
        assert_eq!(h.control(c, ch, 0xa06f_0103, &[1, 0]).0, 0);
        for i in 0..2000u64 {
            // Methods of host and copy engine with random data.
            let w = match r.below(3) {
                0 => {
                    let mthd = [0x5c, 0x6c, 0x20, 0x1c, 0x300, 0x400, 0x418, 0x700, 0x264]
                        [r.below(9) as usize];
                    let op = [1, 3, 4, 5][r.below(4) as usize];
                    (op << 29) | ((r.below(9) as u32) << 16) | (4 << 13) | (mthd >> 2)
                }
                1 => (4 << 29) | (4 << 13) | (0xc5b5u32 << 16) & 0x1fff_0000,
                _ => r.word(),
            };
            h.vram_put(pa + 0x1000 + i * 4, &w.to_le_bytes());
        }
        h.vram_put(
            pa + 0x1000,
            &((1u32 << 29) | (1 << 16) | (4 << 13)).to_le_bytes(),
        );
        h.vram_put(pa + 0x1004, &0xc5b5u32.to_le_bytes());
        for put in 1..60u32 {
            let entry = (va + 0x1000 + r.below(100) * 4) | (r.below(400) << 42);
            h.vram_put(pa + u64::from(put - 1) * 8, &entry.to_le_bytes());
            h.vram_put(0x30_008c, &put.to_le_bytes());
            h.wr(0xbb0090, 1 << 16);
            if r.below(20) == 0 {
                let v = r.next();
                h.vram_put(
                    pdb + r.below(5) * 0x1000 + r.below(512) * 8,
                    &v.to_le_bytes(),
                );
            }
            while h.take().is_some() {}
        }
        h.report();
    }
}
