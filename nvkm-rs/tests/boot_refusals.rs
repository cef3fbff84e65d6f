// SPDX-License-Identifier: GPL-2.0

//! What is refused, and with which words: images that could not be loaded, before anything is done to the falcon;
//! signatures that are not there; what the device says of failures.

mod boot_support;

use boot_support::fake::Fake;
use boot_support::images::Loadable;
use boot_support::model::memory::Memory;
use boot_support::Access;
use nvkm_rs_core::boot::core::error::{BootError, Errno};
use nvkm_rs_core::boot::core::image::SignatureTable;
use nvkm_rs_core::boot::core::io::Unit;
use nvkm_rs_core::boot::core::registers::*;
use nvkm_rs_core::boot::core::run::Kind;
use nvkm_rs_core::fw::core::falcon::Falcon;

type Change = fn(&mut Loadable);

/// An image that every chip takes, with three signatures.
fn image() -> Loadable {
    let layout = Falcon {
        nmem_size: 0x100,
        imem_base_img: 0x100,
        imem_base: 0x100,
        imem_size: 0x200,
        dmem_base_img: 0x300,
        dmem_size: 0x100,
        fuse_ver: 7,
        engine_id: 0x400,
        ucode_id: 9,
        ..Falcon::default()
    };
    let mut image = Loadable::new(&Memory::default(), 0x1_0000, &[0; 0x400], layout);
    image.table = Some(SignatureTable {
        count: 3,
        size: 16,
        image_offset: 0x310,
    });
    image.signatures = (0..48).collect();
    image
}

/// Runs an image on a device that is ready for everything.
fn run(
    fake: &mut Fake,
    gpu: &str,
    kind: Kind,
    image: &mut Loadable,
) -> Result<(u32, u32), BootError> {
    let (unit, mailboxes) = match kind {
        Kind::Fwsec => (Unit::Gsp, (0, None)),
        Kind::Booter => (Unit::Sec2, (1, Some(2))),
    };
    fake.boot(gpu).run(unit, kind, image, mailboxes)
}

#[test]
fn images_that_cannot_be_loaded() {
    const DMA: &[&str] = &["ga106"];
    const PIO: &[&str] = &["tu104", "ga100"];
    const BOTH: &[&str] = &["tu104", "ga100", "ga106"];
    #[rustfmt::skip]
    let cases: &[(&[&str], Change, &str)] = &[
        // Nothing, or not of blocks.
        (BOTH, |i| i.layout.imem_size = 0, "secure code: 0x0 where a multiple of 0x100 must be"),
        (BOTH, |i| i.layout.imem_size = 0x180, "secure code: 0x180 where a multiple of 0x100 must be"),
        (BOTH, |i| i.layout.imem_base = 0x180, "secure code: 0x180 where a multiple of 0x100 must be"),
        (BOTH, |i| i.layout.dmem_size = 0, "data: 0x0 where a multiple of"),
        (DMA, |i| i.layout.dmem_size = 0x80, "data: 0x80 where a multiple of 0x100 must be"),
        (DMA, |i| i.layout.dmem_base = 0x80, "data: 0x80 where a multiple of 0x100 must be"),
        (PIO, |i| i.layout.dmem_size = 0x82, "data: 0x82 where a multiple of 0x4 must be"),
        (PIO, |i| i.layout.dmem_base = 2, "data: 0x2 where a multiple of 0x4 must be"),
        (PIO, |i| i.layout.nmem_size = 0, "code: 0x0 where a multiple of 0x100 must be"),
        (PIO, |i| i.layout.nmem_base = 0x40, "code: 0x40 where a multiple of 0x100 must be"),
        // Not where the DMA can begin.
        (DMA, |i| i.layout.imem_base_img = 0x80, "secure code: 0x80 where a multiple of 0x100 must be"),
        (DMA, |i| i.layout.dmem_base_img = 0x280, "data: 0x280 where a multiple of 0x100 must be"),
        (DMA, |i| i.addr = 0x1_0080, "DMA cannot read from 0x10080"),
        (DMA, |i| i.addr = 1 << 49, "DMA cannot read from 0x2000000000000"),
        (DMA, |i| i.addr = (1 << 49) - 0x300, "DMA cannot read from 0x1fffffffffd00"),
        (DMA, |i| i.addr = 0xffff_ffff_ffff_ff00, "DMA cannot read from 0xffffffffffffff00"),
        // Not in the image.
        (BOTH, |i| i.layout.imem_base_img = 0x300, "secure code: 0x200 bytes at 0x300 do not fit in 0x400 bytes"),
        (BOTH, |i| i.layout.imem_base_img = 0xffff_ff00, "secure code: 0x200 bytes at 0xffffff00 do not fit in 0x400 bytes"),
        (BOTH, |i| i.layout.dmem_base_img = 0x400, "data: 0x100 bytes at 0x400 do not fit in 0x400 bytes"),
        (PIO, |i| i.layout.nmem_base_img = 0x304, "code: 0x100 bytes at 0x304 do not fit in 0x400 bytes"),
        (BOTH, |i| i.len = 0x3fc, "data: 0x100 bytes at 0x300 do not fit in 0x3fc bytes"),
        // Not in the falcon's memory.
        (BOTH, |i| i.layout.imem_base = 0xff00, "secure code: 0x200 bytes at 0xff00 do not fit in 0x10000 bytes"),
        (BOTH, |i| i.layout.imem_base = 0xffff_ff00, "secure code: 0x200 bytes at 0xffffff00 do not fit in 0x10000 bytes"),
        (BOTH, |i| i.layout.dmem_base = 0x1_0000, "data: 0x100 bytes at 0x10000 do not fit in 0x10000 bytes"),
        (PIO, |i| i.layout.nmem_base = 0x1_0000, "code: 0x100 bytes at 0x10000 do not fit in 0x10000 bytes"),
        // With a loader.
        (DMA, |i| i.loader = Some(vec![0; 0x100]), "the image has a loader, which this chip does not take"),
        (PIO, |i| i.loader = Some(vec![]), "loader: 0x0 where a multiple of 0x100 must be"),
        (PIO, |i| i.loader = Some(vec![0; 0x80]), "loader: 0x80 where a multiple of 0x100 must be"),
        (PIO, |i| i.loader = Some(vec![0; 0x1_0100]), "loader: 0x10100 bytes at 0x0 do not fit in 0x10000 bytes"),
        (PIO, |i| { i.loader = Some(vec![0; 0x100]); i.layout.nmem_base = 0x304 }, "code: 0x100 bytes at 0x304 do not fit in 0x400 bytes"),
        (PIO, |i| { i.loader = Some(vec![0; 0x100]); i.layout.imem_base = 0x204 }, "secure code: 0x200 bytes at 0x204 do not fit in 0x400 bytes"),
        (PIO, |i| { i.loader = Some(vec![0; 0x100]); i.layout.dmem_base_img = 0x304 }, "data: 0x100 bytes at 0x304 do not fit in 0x400 bytes"),
    ];
    for (gpus, change, text) in cases {
        for gpu in *gpus {
            for kind in [Kind::Fwsec, Kind::Booter] {
                let mut image = image();
                change(&mut image);
                let before = image.clone();
                let mut fake = Fake::default();
                let error = run(&mut fake, gpu, kind, &mut image).unwrap_err();
                assert!(
                    error.to_string().starts_with(text),
                    "{gpu}: {error}; {text}"
                );
                assert_eq!(error.errno(), Errno::Invalid, "{error}");
                // The falcon was looked at, and that is all.
                assert!(fake.log.len() <= 3, "{:?}", fake.log);
                assert!(fake
                    .log
                    .iter()
                    .all(|access| matches!(access, Access::Read(..))));
                assert_eq!(image.memory.get(0x1_0000, 0x400), [0; 0x400]);
                assert_eq!((image.syncs, image.table), (0, before.table));
            }
        }
    }
}

/// A falcon of other sizes: what it says counts.
#[test]
fn the_falcon_says_what_fits() {
    for gpu in ["tu104", "ga106"] {
        for (sizes, text) in [
            // 3 blocks for code, 1 for data.
            (0x0000_0203, ""),
            (
                0x0000_0202,
                "secure code: 0x200 bytes at 0x100 do not fit in 0x200 bytes",
            ),
            (
                0x0000_0003,
                "data: 0x100 bytes at 0x0 do not fit in 0x0 bytes",
            ),
            (
                0,
                if gpu == "tu104" {
                    "code: "
                } else {
                    "secure code: "
                },
            ),
        ] {
            let mut fake = Fake::default();
            fake.registers.insert(0x11_0108, sizes);
            let result = run(&mut fake, gpu, Kind::Fwsec, &mut image());
            let said = result.map_or_else(|error| error.to_string(), |_| String::new());
            assert!(
                said.starts_with(text) && said.is_empty() == text.is_empty(),
                "{said}"
            );
        }
    }
    // The loader's arguments, too.
    let mut fake = Fake::default();
    fake.registers.insert(0x11_0108, 0x0000_0100);
    let mut image = image();
    image.loader = Some(vec![0; 0x100]);
    let error = run(&mut fake, "tu104", Kind::Fwsec, &mut image).unwrap_err();
    assert_eq!(
        error.to_string(),
        "loader's arguments: 0x54 bytes at 0x0 do not fit in 0x0 bytes"
    );
}

/// DMA from above one tebibyte: C writes 0 for the upper bits.
#[test]
fn upper_bits_of_an_address() {
    let mut image = image();
    image.table = None;
    // The bytes are not looked at.
    image.addr = 0x1_8000_1234_5600;
    let mut fake = Fake::default();
    run(&mut fake, "ga106", Kind::Fwsec, &mut image).unwrap();
    for (number, base) in [0x0012_3456, 0x0012_3459].into_iter().enumerate() {
        let at = |what| {
            fake.log
                .iter()
                .filter(move |access| **access == what)
                .count()
        };
        assert_eq!(at(Access::Write(0x11_0110, base)), 1, "{number}");
        assert_eq!(at(Access::Write(0x11_0128, 0x180)), 2);
    }
}

#[test]
fn signatures_that_are_not_there() {
    type Case = (
        &'static str,
        Kind,
        Change,
        Option<(u32, u32)>,
        &'static str,
        Errno,
    );
    #[rustfmt::skip]
    let cases: &[Case] = &[
        // FWSEC: no version of that bit, no signature of that number.
        ("ga106", Kind::Fwsec, |_| {}, Some((0x82_41e0, 4)), "NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION", Errno::Invalid),
        ("ga106", Kind::Fwsec, |_| {}, Some((0x82_41e0, 0x8000_0000)), "NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION", Errno::Invalid),
        ("ga106", Kind::Fwsec, |i| i.layout.fuse_ver = 6, None, "NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION", Errno::Invalid),
        ("ga106", Kind::Fwsec, |i| i.table.as_mut().unwrap().count = 2, Some((0x82_41e0, 2)), "signature 2 is asked for, and the image has 2", Errno::Invalid),
        ("ga106", Kind::Fwsec, |i| i.table.as_mut().unwrap().count = 0, None, "signature 0 is asked for, and the image has 0", Errno::Invalid),
        // Not for the GSP, not for a fuse.
        ("ga106", Kind::Fwsec, |i| i.layout.engine_id = 1, None, "there is no fuse for engines 0x1, ucode 9", Errno::NotSupported),
        ("ga106", Kind::Fwsec, |i| i.layout.ucode_id = 0, None, "there is no fuse for engines 0x400, ucode 0", Errno::NotSupported),
        ("ga106", Kind::Fwsec, |i| i.layout.ucode_id = 17, None, "there is no fuse for engines 0x400, ucode 17", Errno::NotSupported),
        ("ga106", Kind::Booter, |i| i.layout.engine_id = 0x800, None, "there is no fuse for engines 0x800, ucode 9", Errno::NotSupported),
        ("ga106", Kind::Booter, |i| i.layout.ucode_id = u32::MAX, None, "there is no fuse for engines 0x400, ucode 4294967295", Errno::NotSupported),
        // A booter that is too old, or has fewer signatures than versions.
        ("ga106", Kind::Booter, |i| i.layout.fuse_ver = 3, Some((0x82_41e0, 8)), "NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION", Errno::Invalid),
        ("ga106", Kind::Booter, |i| { i.layout.fuse_ver = 3; i.layout.engine_id = 4 }, Some((0x82_4120, 8)), "NV_FUSE_OPT_FPF_NVDEC_UCODE1_VERSION", Errno::Invalid),
        ("ga106", Kind::Booter, |i| { i.layout.fuse_ver = 3; i.layout.engine_id = 5 }, Some((0x82_4160, 8)), "NV_FUSE_OPT_FPF_SEC2_UCODE1_VERSION", Errno::Invalid),
        ("ga106", Kind::Booter, |i| i.layout.fuse_ver = 4, Some((0x82_41e0, 1)), "signature 3 is asked for, and the image has 3", Errno::Invalid),
        ("ga106", Kind::Booter, |i| i.table.as_mut().unwrap().count = 0, None, "NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION", Errno::Invalid),
        // A card for debugging, and an image for others.
        ("tu104", Kind::Booter, |i| i.table.as_mut().unwrap().count = 1, Some((0x84_0408, 0x10_0000)), "signature 1 is asked for, and the image has 1", Errno::Invalid),
        ("ga100", Kind::Booter, |i| i.table.as_mut().unwrap().count = 1, Some((0x84_0408, u32::MAX)), "signature 1 is asked for, and the image has 1", Errno::Invalid),
        // No room for it, not of words, not all there.
        ("ga106", Kind::Fwsec, |i| i.table.as_mut().unwrap().image_offset = 0x3f4, None, "signature: 0x10 bytes at 0x3f4 do not fit in 0x400 bytes", Errno::Invalid),
        ("ga106", Kind::Fwsec, |i| i.table.as_mut().unwrap().image_offset = 0xffff_fff4, None, "signature: 0x10 bytes at 0xfffffff4 do not fit in 0x400 bytes", Errno::Invalid),
        ("tu104", Kind::Fwsec, |i| i.table.as_mut().unwrap().image_offset = 0x312, None, "place of the signature: 0x312 where a multiple of 0x4 must be", Errno::Invalid),
        ("tu104", Kind::Booter, |i| i.table.as_mut().unwrap().size = 6, None, "signature: 0x6 where a multiple of 0x4 must be", Errno::Invalid),
        ("tu104", Kind::Booter, |i| i.table.as_mut().unwrap().size = 0, None, "signature: 0x0 where a multiple of 0x4 must be", Errno::Invalid),
        ("tu104", Kind::Booter, |i| i.signatures.truncate(12), None, "signature 0 is asked for, and the image has 3", Errno::Invalid),
    ];
    for (number, (gpu, kind, change, fuse, text, errno)) in cases.iter().enumerate() {
        let mut image = image();
        change(&mut image);
        let mut fake = Fake::default();
        fake.registers.extend(*fuse);
        let error = run(&mut fake, gpu, *kind, &mut image).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(text), "{number}: {said}; {text}");
        assert_eq!(error.errno(), *errno, "{said}");
        // Nothing was loaded or started.
        let written =
            |addr| move |access: &Access| matches!(access, Access::Write(at, _) if *at == addr);
        for addr in [
            0x11_0100, 0x11_0118, 0x11_0184, 0x84_0100, 0x84_0118, 0x84_0184,
        ] {
            assert!(!fake.log.iter().any(written(addr)), "{said}");
        }
        assert_eq!(image.syncs, 0);
        assert!(image.table.is_some(), "it still wants one");
    }
}

#[test]
fn the_fuse_is_named() {
    let mut fake = Fake::default();
    fake.registers.insert(0x82_41e0, 8);
    let error = run(&mut fake, "ga106", Kind::Fwsec, &mut image()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION (0x8241e0) reads 0x00000008, and the image is signed for 0x7"
    );
}

fn failed<T>(result: Result<T, BootError>, errno: Errno, text: &str) {
    let error = result.err().unwrap();
    assert_eq!((error.to_string().as_str(), error.errno()), (text, errno));
    assert!(!error.clock());
}

#[test]
fn what_the_device_says_of_failures() {
    let mut unsigned = image();
    unsigned.table = None;
    let image = &mut unsigned;
    for gpu in ["tu104", "ga106"] {
        failed(
            Fake::says(0x11_0040, 0x31).boot(gpu).fwsec_frts(image),
            Errno::Io,
            "gsp: mailboxes 0x00000031 0x00000000",
        );
        failed(
            Fake::says(0x84_0040, 0x8000_0000)
                .boot(gpu)
                .booter_load(image, 0),
            Errno::Io,
            "sec2: mailboxes 0x80000000 0x00000000",
        );
        failed(
            Fake::says(0x11_0100, 0).boot(gpu).fwsec_sb(image),
            Errno::TimedOut,
            "gsp: mailboxes 0x00000000 0x00000000: it runs: \
             NV_PFALCON_FALCON_CPUCTL (0x110100) reads 0x00000000 after 2000000 microseconds",
        );
        // The upper half is FRTS's status, and the lower half of another word is SB's.
        for (value, fails) in [(0x0001_0000, true), (0x8000_0000, true), (0xffff, false)] {
            let frts = Fake::says(0x00_1438, value).boot(gpu).fwsec_frts(image);
            assert_eq!(frts.is_err(), fails);
            if let Err(error) = frts {
                assert_eq!(error.errno(), Errno::Io);
                let text = "FWSEC-FRTS failed: NV_PBUS_VBIOS_SCRATCH_0E (0x001438) reads 0x";
                assert!(error.to_string().starts_with(text), "{error}");
            }
            let value = value.rotate_left(16);
            let sb = Fake::says(0x00_1454, value).boot(gpu).fwsec_sb(image);
            assert_eq!(sb.is_err(), fails);
            if let Err(error) = sb {
                let text = "FWSEC-SB failed: NV_PBUS_VBIOS_SCRATCH_15 (0x001454) reads 0x";
                assert!(error.to_string().starts_with(text), "{error}");
            }
        }
        failed(
            Fake::says(0x1f_a828, 0).boot(gpu).fwsec_frts(image),
            Errno::Io,
            "WPR2 should be there: NV_PFB_PRI_MMU_WPR2_ADDR_HI (0x1fa828) reads 0x00000000",
        );
        failed(
            Fake::says(0x1f_a828, 0x123)
                .boot(gpu)
                .booter_unload(image, None),
            Errno::Io,
            "WPR2 should be gone: NV_PFB_PRI_MMU_WPR2_ADDR_HI (0x1fa828) reads 0x00000123",
        );
    }
    failed(
        Fake::says(0x11_1240, 0xffff_fffe).boot("tu104").start(0),
        Errno::Io,
        "the RISC-V core does not run: NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS (0x111240) reads 0xfffffffe",
    );
    failed(
        Fake::says(0x11_1388, 0xffff_ff7f).boot("ga106").start(0),
        Errno::Io,
        "the RISC-V core does not run: NV_PRISCV_RISCV_CPUCTL (0x111388) reads 0xffffff7f",
    );
    assert!(Fake::says(0x11_1240, 1).boot("ga100").start(0).is_ok());
    assert!(Fake::says(0x11_1388, 0x80).boot("ad102").start(0).is_ok());
    failed(
        Fake::says(0x11_010c, 6).boot("tu104").reset(),
        Errno::TimedOut,
        "NV_PFALCON_FALCON_DMACTL (0x11010c) reads 0x00000006 after 10000 microseconds",
    );
    let mut fake = Fake::says(0x11_010c, 6);
    fake.tick = 0;
    let error = fake.boot("tu104").reset().unwrap_err();
    assert!(error.clock());
    assert_eq!(
        error.to_string(),
        "NV_PFALCON_FALCON_DMACTL (0x11010c) reads 0x00000006 after 10000 microseconds that would not pass"
    );
}

/// Registers in a row: as many as there are.
#[test]
fn rows() {
    fn row<R: Array>(first: u32, count: u32) {
        for unit in [Unit::Gsp, Unit::Sec2] {
            for index in [0, 1, count - 1] {
                let base = if first < 0x1000 {
                    R::address(unit)
                } else {
                    first
                };
                assert_eq!(R::address_of(unit, index), Some(base + index * 4));
            }
            assert_eq!(R::address_of(unit, count), None);
            assert_eq!(R::address_of(unit, u32::MAX), None);
        }
    }
    row::<NV_FUSE_OPT_FPF_NVDEC_UCODE1_VERSION>(0x82_4100, 16);
    row::<NV_FUSE_OPT_FPF_SEC2_UCODE1_VERSION>(0x82_4140, 16);
    row::<NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION>(0x82_41c0, 16);
    row::<NV_PFALCON_FBIF_TRANSCFG>(0x600, 8);
}
