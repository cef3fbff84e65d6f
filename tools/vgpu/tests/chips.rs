// SPDX-License-Identifier: GPL-2.0
//! Where chips differ, and drivers look.

mod support;

use nvkm_vgpu::chips::CHIPS;
use support::{place, Host};

fn errors(h: &Host) -> String {
    h.report()["errors"].to_string()
}

/// As drivers read it: `None` for no lock (ga100_gsp_mmu_lock_lo() in nvkm/subdev/gsp/tu102.c).
fn locked(h: &mut Host) -> Option<(u64, u64)> {
    if h.rd(0x1fa7c8) & 1 == 0 {
        return None;
    }
    let mut at = |addr| u64::from(h.rd(addr) >> 4) << 12;
    let (low, high) = (at(0x1fa82c), at(0x1fa830));
    (low <= high).then_some((low, high))
}

#[test]
fn only_ga100_has_locked_memory() {
    for chip in CHIPS {
        let range = locked(&mut Host::new(chip.name, "570.144"));
        match chip.name {
            "ga100" => assert_eq!(range, Some((0x9_fdff_0000, 0x9_ffff_f000))),
            other => assert_eq!(range, None, "{other}"),
        }
    }
}

#[test]
fn size_of_memory_reads_as_the_family_has_it() {
    for chip in CHIPS {
        let mut h = Host::new(chip.name, "570.144");
        let scaled = h.rd(0x100ce0);
        let scaled = u64::from((scaled >> 4) & 0x3f) << ((scaled & 0xf) + 20);
        let whole = u64::from(h.rd(0x1183a4)) << 20;
        let expected = if chip.family.has_brom() {
            (0, chip.vram)
        } else {
            (chip.vram, 0)
        };
        assert_eq!((scaled, whole), expected, "{}", chip.name);
    }
}

#[test]
fn a_region_in_locked_memory_is_complained_about() {
    let mut h = Host::new("ga100", "570.144");
    h.boot();
    assert_eq!(errors(&h), "[]");
    // One step of 128 KB more reaches into it.
    let (top, _) = h.top();
    for (off, addr) in [(152, top + 0x2_0000), (168, top + 0x2_0000)] {
        h.mem.put(place::META + off, &addr.to_le_bytes());
    }
    h.dev.reset();
    h.wr(0x110040, place::LIBOS as u32);
    h.pio(0x840000, &[1, 2, 3, 4]);
    h.wr(0x840040, place::META as u32);
    h.wr(0x840100, 2);
    assert!(errors(&h).contains("layout"), "{}", errors(&h));
}

#[test]
fn ga100_has_no_frts_and_others_do() {
    for (gpu, has) in [("ga100", false), ("ga102", true), ("tu116", true)] {
        let mut h = Host::new(gpu, "570.144");
        h.run_frts(h.dev.options.chip.vram - (1 << 30), support::FRTS);
        assert_eq!(h.rd(0x110040) == 0, has, "{gpu}");
        assert_eq!(h.rd(0x1fa828) != 0, has, "{gpu}");
        assert_eq!(errors(&h).contains("FWSEC-FRTS"), !has, "{gpu}");
    }
}

#[test]
fn ga100_has_its_region_once_the_booter_ran() {
    let mut h = Host::new("ga100", "535.113.01");
    assert_eq!(h.rd(0x1fa828), 0);
    h.boot();
    let (top, _) = h.top();
    assert_eq!(u64::from(h.rd(0x1fa828)) << 8, top - 0x2_0000);
}

#[test]
fn fuses_are_those_of_the_chip() {
    for (gpu, booter, fwsec) in [("ga106", 0, 3), ("ad102", 1, 1), ("ga100", 0, 0)] {
        let mut h = Host::new(gpu, "570.144");
        assert_eq!((h.rd(0x824148), h.rd(0x8241e0)), (booter, fwsec), "{gpu}");
    }
}
