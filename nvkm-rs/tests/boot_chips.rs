// SPDX-License-Identifier: GPL-2.0

//! What arrives in the falcons, as the virtual GPU has it when they are started: every chip, both ways of loading, each
//! image with the signature that the chip's fuses ask for.

mod boot_support;

use boot_support::images::{self, Loadable};
use boot_support::model::place;
use boot_support::virtual_gpu::Gpu;
use boot_support::{chipset, CHIPS};
use nvkm_rs_core::boot::core::hal;
use nvkm_rs_core::boot::core::sequencer::{self, Resume};
use nvkm_rs_core::fw::core::fwsec::Command;
use nvkm_vgpu::buffer::{Buffer, Content};
use nvkm_vgpu::vbios::Shape;
use serde_json::{json, Value};

const RESUME: Resume = Resume {
    libos: place::LIBOS,
    app_version: 1,
};

/// What the device was given since `from`, of that name.
fn given(gpu: &Gpu, from: usize, name: &str) -> Value {
    let report = gpu.host.report();
    let handed = report["handed"].as_array().unwrap();
    let found: Vec<&Value> = handed[from..]
        .iter()
        .filter(|buffer| buffer["name"] == name)
        .collect();
    assert_eq!(found.len(), 1, "{} {name}", gpu.name);
    found[0].clone()
}

fn count(gpu: &Gpu) -> usize {
    gpu.host.report()["handed"].as_array().unwrap().len()
}

/// The device was given these bytes, at that place in the falcon's memory.
fn has(gpu: &Gpu, from: usize, name: &str, bytes: &[u8], at: Option<usize>) {
    let found = given(gpu, from, name);
    let expected = Buffer::of(name, bytes, Content::Firmware);
    let what = format!("{} {name}", gpu.name);
    assert_eq!(found["size"], expected.size, "{what}");
    assert_eq!(found["digest"], expected.digest, "{what}");
    if let Some(at) = at {
        assert_eq!(found["facts"]["at"], at, "{what}");
    }
}

/// Boot vector; place of the signature, engines, ucode id, algorithm for the boot ROM.
fn started(gpu: &Gpu, from: usize, name: &str, words: [u32; 5]) {
    let bytes = words.map(u32::to_le_bytes).concat();
    has(gpu, from, &format!("{name} start"), &bytes, None);
}

/// The image with one of its signatures in it.
fn signed(image: &Loadable, index: usize) -> Vec<u8> {
    let mut bytes = image.bytes();
    let table = image.table.unwrap();
    let (size, at) = (table.size as usize, table.image_offset as usize);
    bytes[at..at + size].copy_from_slice(&image.signatures[index * size..][..size]);
    bytes
}

/// All of an image's parts, loaded without a loader.
fn parts(gpu: &Gpu, from: usize, name: &str, image: &Loadable, bytes: &[u8]) {
    let fw = &image.layout;
    let part = |base: u32, size: u32| &bytes[base as usize..(base + size) as usize];
    let at = |base: u32| Some(base as usize);
    if fw.nmem_size != 0 {
        let code = part(fw.nmem_base_img, fw.nmem_size);
        has(gpu, from, &format!("{name} imem"), code, at(fw.nmem_base));
    }
    let code = part(fw.imem_base_img, fw.imem_size);
    has(
        gpu,
        from,
        &format!("{name} imem secure"),
        code,
        at(fw.imem_base),
    );
    let data = part(fw.dmem_base_img, fw.dmem_size);
    has(gpu, from, &format!("{name} dmem"), data, at(fw.dmem_base));
    let brom = gpu.host.family.has_brom();
    let words = match brom {
        true => [fw.boot_addr, fw.dmem_sign, fw.engine_id, fw.ucode_id, 1],
        false => [fw.boot_addr, 0, 0, 0, 0],
    };
    started(gpu, from, name, words);
}

/// FWSEC, with the command that it is to have.
fn fwsec(gpu: &Gpu, from: usize, name: &str, image: &Loadable, index: usize) {
    if gpu.host.family.has_brom() {
        return parts(gpu, from, name, image, &signed(image, index));
    }
    let (bytes, fw) = (image.bytes(), &image.layout);
    let loader = image.loader.as_ref().unwrap();
    let place = Some(0x1_0000 - loader.len());
    has(gpu, from, &format!("{name} loader imem"), loader, place);
    assert_eq!(given(gpu, from, &format!("{name} loader dmem"))["size"], 84);
    let end = (fw.imem_base + fw.imem_size) as usize;
    let sections = [
        ("imem", &bytes[..fw.nmem_size as usize]),
        ("imem secure", &bytes[fw.imem_base as usize..end]),
        (
            "dmem",
            &bytes[fw.dmem_base_img as usize..][..fw.dmem_size as usize],
        ),
    ];
    for (section, bytes) in sections {
        has(gpu, from, &format!("{name} {section}"), bytes, None);
    }
    started(gpu, from, name, [0xfd00, 0, 0, 0, 0]);
}

/// Which signatures a chip's fuses ask for: the booters', FWSEC's. A booter has the newest first, and FWSEC the oldest.
fn wanted(gpu: &str) -> (usize, usize) {
    match gpu {
        // Booters: version 1 of two. FWSEC: version 1 of three.
        "ad102" => (0, 1),
        // Any version: the last. FWSEC: version 2 of three, as on the card that was recorded.
        "ga102" | "ga106" => (1, 2),
        _ => (0, 0),
    }
}

#[test]
fn images_arrive_as_they_should() {
    for (name, _) in CHIPS {
        let mut gpu = Gpu::new(name, Shape::Small);
        let (booters, fwsecs) = wanted(name);
        for boot in 1..=2 {
            gpu.host.prepare(64);
            let (top, size) = gpu.host.top();
            assert_eq!(size != 0, gpu.boot().hal.has_frts());
            if size != 0 {
                let addr = top - size;
                let command = Command::Frts { addr, size };
                let mut image = images::fwsec(&mut gpu.host, 0x6000_0000, command);
                let (before, from) = (image.clone().settled(), count(&gpu));
                gpu.boot().fwsec_frts(&mut image).unwrap();
                fwsec(&gpu, from, "fwsec-frts", &before, fwsecs);
            }

            gpu.boot().reset().unwrap();
            gpu.boot().hand_over(place::LIBOS);
            let mut image = images::booter(&gpu.host, "load", 0x7000_0000);
            let (before, from) = (image.clone().settled(), count(&gpu));
            gpu.boot().booter_load(&mut image, place::META).unwrap();
            parts(
                &gpu,
                from,
                "booter-load",
                &before,
                &signed(&before, booters),
            );

            let info = vec![0; gpu.host.layout.system_info];
            gpu.host.push(72, &info);
            gpu.host.push(73, &[8, 0, 0, 0, 0, 0, 0, 0]);
            gpu.boot().start(1).unwrap();
            let payload = gpu.host.wait(0x1002);
            sequencer::run(&mut gpu.boot(), &payload, &RESUME, &mut |_| {}).unwrap();
            gpu.host.wait(0x1001);

            gpu.host.call(47, &[0; 8]);
            assert!(gpu.boot().wait_unloaded());
            gpu.boot().reset_falcon().unwrap();
            let mut image = images::fwsec(&mut gpu.host, 0x6000_0000, Command::Sb);
            let (before, from) = (image.clone().settled(), count(&gpu));
            gpu.boot().fwsec_sb(&mut image).unwrap();
            fwsec(&gpu, from, "fwsec-sb", &before, fwsecs);

            let mut image = images::booter(&gpu.host, "unload", 0x7000_0000);
            let (before, from) = (image.clone().settled(), count(&gpu));
            assert_eq!(gpu.boot().booter_unload(&mut image, None), Ok(true));
            parts(
                &gpu,
                from,
                "booter-unload",
                &before,
                &signed(&before, booters),
            );

            let report = gpu.host.report();
            assert_eq!(report["boots"], boot, "{name}");
            assert_eq!(report["errors"], json!([]), "{name}");
            assert_eq!(report["unknown_registers"], json!([]), "{name}");
            assert_eq!(report["state"]["gsp_phase"], "Off", "{name}");
            assert_eq!(report["state"]["wpr2"], json!(["0x0", "0x0"]), "{name}");
        }
    }
}

/// The way into suspend and back: the booters are told where RM's state is kept, images have their signatures already.
#[test]
fn suspend_and_resume() {
    for name in ["tu104", "ga106"] {
        let mut gpu = Gpu::new(name, Shape::Small);
        gpu.host.prepare(64);
        let mut load = images::booter(&gpu.host, "load", 0x7000_0000);
        let mut unload = images::booter(&gpu.host, "unload", 0x7100_0000);
        gpu.boot().reset().unwrap();
        gpu.boot().hand_over(place::LIBOS);
        gpu.boot().booter_load(&mut load, place::META).unwrap();
        let info = vec![0; gpu.host.layout.system_info];
        gpu.host.push(72, &info);
        gpu.host.push(73, &[8, 0, 0, 0, 0, 0, 0, 0]);
        gpu.boot().start(1).unwrap();
        let payload = gpu.host.wait(0x1002);
        sequencer::run(&mut gpu.boot(), &payload, &RESUME, &mut |_| {}).unwrap();
        gpu.host.wait(0x1001);

        let sr = 0x50_0000u64;
        gpu.host.call(47, &[1, 0, 0, 0, 3, 0, 0, 0]);
        let magic = 0x8a3b_b9e6_c6c3_9d93u64;
        gpu.host.mem.put(sr, &magic.to_le_bytes());
        gpu.host.mem.put(sr + 16, &place::RADIX.to_le_bytes());
        gpu.host.mem.put(sr + 24, &0x3000u64.to_le_bytes());
        for _ in 0..2 {
            // What is loaded again is what was loaded before: nothing is put into it.
            assert_eq!(gpu.boot().booter_unload(&mut unload, Some(sr)), Ok(true));
            let loaded = load.bytes();
            gpu.boot().booter_load(&mut load, sr).unwrap();
            assert_eq!(load.bytes(), loaded);
            gpu.boot().start(1).unwrap();
            let payload = gpu.host.wait(0x1002);
            sequencer::run(&mut gpu.boot(), &payload, &RESUME, &mut |_| {}).unwrap();
            gpu.host.wait(0x1001);
            gpu.host.call(47, &[1, 0, 0, 0, 3, 0, 0, 0]);
        }
        assert_eq!(gpu.errors(), Vec::<Value>::new(), "{name}");
        let report = gpu.host.report();
        let kept = report["handed"].as_array().unwrap().iter();
        let kept = kept.filter(|buffer| buffer["name"] == "sr_meta").count();
        assert_eq!(kept, 4, "twice down, twice up");
    }
}

/// Chips by nouveau's numbers; no other is anybody's (`nvkm/engine/device/base.c`).
#[test]
fn families() {
    let known = [
        ("tu102", &[0x162, 0x164, 0x166, 0x167, 0x168][..]),
        ("ga100", &[0x170]),
        (
            "ga102",
            &[
                0x172, 0x173, 0x174, 0x176, 0x177, 0x192, 0x193, 0x194, 0x196, 0x197,
            ],
        ),
    ];
    for chipset in 0..0x400 {
        let family = known.iter().find(|(_, chips)| chips.contains(&chipset));
        let found = hal::select(chipset).map(|hal| hal.name());
        assert_eq!(found, family.map(|(name, _)| *name), "{chipset:#x}");
    }
    assert!(hal::select(u32::MAX).is_none());
    for (name, family) in [("tu116", "tu102"), ("ga100", "ga100"), ("ad102", "ga102")] {
        assert_eq!(hal::select(chipset(name)).unwrap().name(), family);
    }
}
