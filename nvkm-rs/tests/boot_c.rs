// SPDX-License-Identifier: GPL-2.0

//! Each step of boot and of the way back, on each chip that the virtual GPU has, access by access as nvkm's C does it
//! (`boot_support/c.rs`). For GA106 there is a recording as well (`boot_hardware.rs`); for the others there is none.

mod boot_support;

use boot_support::c::{compare, Flcn, Item};
use boot_support::fake::Fake;
use boot_support::images::{self, Loadable};
use boot_support::model::{place, Host};
use boot_support::virtual_gpu::Gpu;
use boot_support::CHIPS;
use nvkm_rs_core::boot::core::io::Unit;
use nvkm_rs_core::boot::core::run::Kind;
use nvkm_rs_core::boot::core::sequencer::{self, Resume};
use nvkm_rs_core::fw::core::fwsec::Command;
use nvkm_vgpu::vbios::Shape;

const LIBOS: u64 = 0x12_3456_7000;
const APP_VERSION: u32 = 0x57_4e59;

fn flcn(host: &Host, unit: Unit) -> Flcn {
    Flcn {
        unit,
        ga102: host.family.has_brom(),
        // Who had it before left a falcon (the recording's first read of 0x111668). SEC2 too, on the virtual GPU.
        riscv: false,
        reset_to: true,
    }
}

fn frts(host: &Host) -> Command {
    let (top, size) = host.top();
    Command::Frts {
        addr: top - size,
        size,
    }
}

/// Runs one step, and holds it against C's.
fn step(
    gpu: &mut Gpu,
    what: &str,
    image: &mut Loadable,
    run: impl FnOnce(&mut Gpu, &mut Loadable),
    items: impl FnOnce(&Loadable, &Loadable) -> Vec<Item>,
) {
    let before = image.clone();
    gpu.take();
    run(gpu, image);
    let what = format!("{} {what}", gpu.name);
    compare(&what, &items(&before, image), &gpu.take());
    assert_eq!(image.syncs, before.syncs + 1, "{what}");
    assert!(
        image.table.is_none() && image.signatures.is_empty(),
        "{what}"
    );
}

#[test]
fn every_chip_boots_as_c_boots_it() {
    for (name, _) in CHIPS {
        let mut gpu = Gpu::new(name, Shape::Small);
        gpu.host.prepare(64);
        let (mut gsp, mut sec2) = (flcn(&gpu.host, Unit::Gsp), flcn(&gpu.host, Unit::Sec2));

        if gpu.host.top().1 != 0 {
            let command = frts(&gpu.host);
            let mut image = images::fwsec(&mut gpu.host, 0x6000_0000, command);
            let run = |gpu: &mut Gpu, image: &mut Loadable| {
                let (low, high) = gpu.boot().fwsec_frts(image).unwrap();
                let (top, size) = gpu.host.top();
                assert_eq!(u64::from(low) << 8, top - size);
                assert_eq!(u64::from(high) << 8, top - 0x2_0000);
            };
            step(&mut gpu, "fwsec-frts", &mut image, run, |before, after| {
                let mut list = gsp.fw_boot(before, after, 0, None);
                list.extend([0x001438, 0x1fa824, 0x1fa828].map(Item::Rd));
                list
            });
        }

        gpu.take();
        gpu.boot().reset().unwrap();
        gpu.boot().hand_over(LIBOS);
        let mut list = gsp.gsp_reset();
        list.push(Item::Wr(0x110040, 0x3456_7000));
        list.push(Item::Wr(0x110044, 0x12));
        compare(&format!("{name} reset"), &list, &gpu.take());
        gpu.boot().hand_over(place::LIBOS);

        let mut image = images::booter(&gpu.host, "load", 0x7000_0000);
        let run = |gpu: &mut Gpu, image: &mut Loadable| {
            assert_eq!(gpu.boot().booter_load(image, place::META), Ok((0, 0)));
        };
        step(&mut gpu, "booter load", &mut image, run, |before, after| {
            sec2.fw_boot(before, after, place::META as u32, Some(0))
        });

        gpu.boot().start(APP_VERSION).unwrap();
        let active = if gsp.ga102 { 0x111388 } else { 0x111240 };
        let list = [Item::Wr(0x110080, APP_VERSION), Item::Rd(active)];
        compare(&format!("{name} start"), &list, &gpu.take());

        // What RM itself asks for: its own list, by the sequencer.
        let payload = gpu.host.wait(0x1002);
        let resume = Resume {
            libos: place::LIBOS,
            app_version: APP_VERSION,
        };
        sequencer::run(&mut gpu.boot(), &payload, &resume, &mut |_| {}).unwrap();
        let info = vec![0; gpu.host.layout.system_info];
        gpu.host.push(72, &info);
        gpu.host.push(73, &[8, 0, 0, 0, 0, 0, 0, 0]);
        gpu.host.wait(0x1001);

        gpu.host.call(47, &[0; 8]);
        gpu.take();
        assert!(gpu.boot().wait_unloaded());
        compare(
            &format!("{name} unload"),
            &[Item::Rd(0x110040)],
            &gpu.take(),
        );

        gpu.boot().reset_falcon().unwrap();
        gsp.riscv = true;
        compare(&format!("{name} falcon"), &gsp.reset(), &gpu.take());

        let mut image = images::fwsec(&mut gpu.host, 0x6000_0000, Command::Sb);
        let run = |gpu: &mut Gpu, image: &mut Loadable| {
            gpu.boot().fwsec_sb(image).unwrap();
        };
        step(&mut gpu, "fwsec-sb", &mut image, run, |before, after| {
            let mut list = gsp.fw_boot(before, after, 0, None);
            list.push(Item::Rd(0x001454));
            list
        });

        let mut image = images::booter(&gpu.host, "unload", 0x7000_0000);
        let run = |gpu: &mut Gpu, image: &mut Loadable| {
            assert_eq!(gpu.boot().booter_unload(image, None), Ok(true));
        };
        step(
            &mut gpu,
            "booter unload",
            &mut image,
            run,
            |before, after| {
                let mut list = vec![Item::Rd(0x1fa828)];
                list.extend(sec2.fw_boot(before, after, 0xff, Some(0xff)));
                list.push(Item::Rd(0x1fa828));
                list
            },
        );

        // It is gone: nothing to do.
        assert_eq!(gpu.boot().booter_unload(&mut image, None), Ok(false));
        compare(
            &format!("{name} no WPR2"),
            &[Item::Rd(0x1fa828)],
            &gpu.take(),
        );
        assert_eq!(gpu.errors(), Vec::<serde_json::Value>::new(), "{name}");
        assert_eq!(gpu.unknown(), Vec::<serde_json::Value>::new(), "{name}");
    }
}

/// What is to be kept of a register is kept, and what is to be cleared is cleared, whatever was in it.
#[test]
fn registers_that_hold_something() {
    const CHANGED: [u32; 7] = [0x0040, 0x0048, 0x03c0, 0x0600, 0x0610, 0x0624, 0x1668];
    let bit = |n: u32| [1 << n, !(1 << n)];
    for value in (0..32).flat_map(bit).chain([0, u32::MAX]) {
        for gpu in ["tu104", "ga106"] {
            let mut model = Gpu::new(gpu, Shape::Small);
            let command = frts(&model.host);
            for (unit, base) in [(Unit::Gsp, 0x11_0000), (Unit::Sec2, 0x84_0000)] {
                let mut image = match unit {
                    Unit::Gsp => images::fwsec(&mut model.host, 0x6000_0000, command),
                    Unit::Sec2 => images::booter(&model.host, "load", 0x7000_0000),
                };
                // A choice of core that says falcon is one that is made.
                let core = if value & 0x10 == 0 { value | 1 } else { value };
                let mut fake = Fake {
                    core: Some(core),
                    ..Fake::default()
                };
                fake.registers
                    .extend(CHANGED.map(|addr| (base + addr, value)));
                fake.registers.insert(base + 0x1668, core);
                fake.registers.extend([(0, 0x1234_5678), (0x82_41e0, 3)]);
                let mut flcn = flcn(&model.host, unit);
                (flcn.riscv, flcn.reset_to) = (core & 0x10 != 0, core & 0x10 != 0);

                let before = image.clone();
                let (kind, mailboxes) = match unit {
                    Unit::Gsp => (Kind::Fwsec, (0, None)),
                    Unit::Sec2 => (Kind::Booter, (7, Some(8))),
                };
                let done = fake.boot(gpu).run(unit, kind, &mut image, mailboxes);
                assert_eq!(done, Ok((0, 8 * u32::from(unit == Unit::Sec2))));
                let list = flcn.fw_boot(&before, &image, mailboxes.0, mailboxes.1);
                let what = format!("{gpu} {unit:?} {value:#x}");
                compare(&what, &list, &std::mem::take(&mut fake.log));

                if unit == Unit::Gsp {
                    fake.boot(gpu).reset().unwrap();
                    compare(&what, &flcn.gsp_reset(), &std::mem::take(&mut fake.log));
                    fake.registers.insert(0x11_0100, 0x10);
                    fake.registers.insert(0x11_1668, core);
                    flcn.riscv = core & 0x10 != 0;
                    let resume = Resume {
                        libos: 0,
                        app_version: 0,
                    };
                    let message = boot_support::message(&[5]);
                    sequencer::run(&mut fake.boot(gpu), &message, &resume, &mut |_| {}).unwrap();
                    let mut list = flcn.reset();
                    list.push(Item::Mask(0x11_0624, 0x80, 0x80));
                    list.push(Item::Wr(0x11_010c, 0));
                    compare(&what, &list, &fake.log);
                }
            }
        }
    }
}
