// SPDX-License-Identifier: GPL-2.0

//! The reference, compiled and run, and the values that it has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nvkm_rs_core::abi::core::arguments::{Range, UcodeDesc, WprMeta};
use nvkm_rs_core::abi::core::services::{Acpi, Mux, RegistryEntry, RegistryValue, SystemInfo};
use nvkm_rs_core::abi::core::{Abi, VERSIONS};

/// What the reference prints for a version: name of the structure, its bytes.
pub type Reference = BTreeMap<String, Vec<u8>>;

fn build() -> PathBuf {
    std::env::var_os("BUILD").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../build"),
        PathBuf::from,
    )
}

/// The name of the version's module: r535 of 535.113.01.
pub fn module(abi: &dyn Abi) -> String {
    format!("r{}", abi.version().split('.').next().expect("a number"))
}

fn reference(version: &str) -> Reference {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("reference-{version}-{}", std::process::id()));
    let nouveau = build().join("kernel/current/src/drivers/gpu/drm/nouveau");
    let mut gcc = Command::new("gcc-14");
    gcc.arg("-w")
        .arg(format!("-DVERSION={}", &version[1..]))
        .arg(format!(
            "-DHEADER=\"{}\"",
            here.join(format!("abi/headers/{version}.h")).display()
        ));
    // The kernel carries of a newer version what changed.
    if version != "r570" {
        gcc.arg("-DCOMPLETE");
    }
    for dir in [
        nouveau.join("include"),
        nouveau.join("nvkm/subdev/gsp/rm"),
        build().join("abi"),
    ] {
        gcc.arg("-I").arg(dir);
    }
    let output = gcc
        .arg("-o")
        .arg(&program)
        .arg(here.join("tests/abi/reference.c"))
        .output()
        .expect("gcc-14 is in the path");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let output = Command::new(&program).output().expect("it was just made");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut lines = Reference::new();
    for line in text.lines() {
        let (name, hex) = line.split_once(' ').expect("two words");
        let bytes = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
            .collect();
        lines.insert(name.into(), bytes);
    }
    lines
}

/// Each version with what C writes in it; what it inherits is what its predecessor writes.
pub fn versions() -> &'static [(&'static dyn Abi, Reference)] {
    static ONCE: OnceLock<Vec<(&'static dyn Abi, Reference)>> = OnceLock::new();
    ONCE.get_or_init(|| compile_all().collect())
}

fn compile_all() -> impl Iterator<Item = (&'static dyn Abi, Reference)> {
    assert!(VERSIONS.len() >= 2);
    VERSIONS.iter().map(|abi| {
        let name = module(*abi);
        let mut lines = reference(&name);
        if name == "r570" {
            for (name, bytes) in reference("r535") {
                lines.entry(name).or_insert(bytes);
            }
        }
        (*abi, lines)
    })
}

pub fn range(addr: u64) -> Range {
    Range {
        addr,
        size: addr + 1,
    }
}

pub fn meta(abi: &dyn Abi) -> WprMeta {
    WprMeta {
        radix3: range(0x1001),
        bootloader: range(0x1003),
        ucode: UcodeDesc {
            code_offset: 0x1005,
            data_offset: 0x1006,
            manifest_offset: 0x1007,
            app_version: 0,
        },
        signature: range(0x1008),
        reserved_start: 0x100a,
        non_wpr_heap: range(0x100b),
        wpr_start: 0x100d,
        heap: range(0x100e),
        image_offset: 0x1010,
        bootloader_offset: 0x1011,
        frts: range(0x1012),
        wpr_end: 0x1014,
        frame_buffer: 0x1015,
        vga_workspace: range(0x1016),
        pmu_reserved: if module(abi) == "r570" { 0x1018 } else { 0 },
    }
}

const IDS: [u32; 2] = [0x5102, 0x5103];
const MUX: [Mux; 2] = [
    Mux {
        mode: (0, 0, 0),
        part: (0, 0, 0),
    },
    Mux {
        mode: (0x5104, 0x5105, 0x5106),
        part: (0x5107, 0x5108, 0x5109),
    },
];

pub fn system_info() -> SystemInfo<'static> {
    SystemInfo {
        registers: 0x5001,
        frame_buffer: 0x5002,
        instance: 0x5003,
        pci: 0x5004,
        max_user_va: 0x5005,
        config_mirror: (0x5006, 0x5007),
        ids: (0x5008, 0x5009, 0x500a),
        primary: true,
        acpi: Some(Acpi {
            dod: (0x5101, &IDS),
            mux: &MUX,
            jt: (0x510a, 0x510b, 0x510c),
            caps: (0x510d, 0x510e),
        }),
    }
}

pub const REGISTRY: [RegistryEntry<'static>; 3] = [
    RegistryEntry {
        key: b"RMSecBusResetEnable",
        value: RegistryValue::Dword(0x6001),
    },
    RegistryEntry {
        key: b"B",
        value: RegistryValue::Binary(&[1, 2, 3]),
    },
    RegistryEntry {
        key: b"T",
        value: RegistryValue::Text(b"ab\0"),
    },
];
