// SPDX-License-Identifier: GPL-2.0
//! Ampere and Ada: GA100, GA102, GA106, AD102, all without display.

use super::{engine, Chip, Engine, EngineKind, Family};
use crate::vbios::Shape;

const ENGINES: &[Engine] = &[
    engine(EngineKind::Gr, 0, 0x0010_0000, 128, 0),
    engine(EngineKind::Ce(0), 0, 0x0010_0000, 129, 1),
    engine(EngineKind::Ce(1), 0, 0x0010_0000, 130, 2),
    engine(EngineKind::Ce(2), 1, 0x0010_4000, 131, 3),
    engine(EngineKind::Ce(3), 2, 0x0010_4400, 132, 4),
    engine(EngineKind::Ce(4), 3, 0x0010_4800, 133, 5),
    engine(EngineKind::Nvdec(0), 4, 0x0010_8000, 140, 10),
    engine(EngineKind::Nvenc(0), 5, 0x0010_8400, 141, 11),
    // RM lists it on the runlist of graphics; nouveau relies on it.
    engine(EngineKind::Sw, 0, 0x0010_0000, u32::MAX, u32::MAX),
];

/// Without video encoder.
const GA100_ENGINES: &[Engine] = &[
    ENGINES[0], ENGINES[1], ENGINES[2], ENGINES[3], ENGINES[4], ENGINES[5], ENGINES[6], ENGINES[8],
];

/// GA106 (GeForce RTX 3050). `boot0` is what a real card read (hw-traces).
pub const GA106: Chip = Chip {
    name: "ga106",
    family: Family::Ampere,
    boot0: 0xb760_00a1,
    boot42: 0x176a_1000,
    device_id: 0x2507,
    revision: 0xa1,
    subsystem: (0x10de, 0x1527),
    board_name: "NVIDIA GeForce RTX 3050",
    vram: 8 << 30,
    locked: None,
    // FWSEC, ucode 9 on the GSP (hw-traces).
    fuses: &[(0x8241e0, 3)],
    tpcs: &[0x1f, 0x1f],
    engines: ENGINES,
    gsp_vector: 155,
    vbios: Shape::Hardware,
    signature_section: ".fwsignature_ga10x",
};

/// GA102 (GeForce RTX 3090).
pub const GA102: Chip = Chip {
    name: "ga102",
    boot0: 0xb720_00a1,
    boot42: 0x172a_1000,
    device_id: 0x2204,
    board_name: "NVIDIA GeForce RTX 3090",
    vram: 24 << 30,
    tpcs: &[0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f],
    vbios: Shape::Small,
    ..GA106
};

/// GA100 (A100). The row remapper's spare rows are locked. How much that is on a real card is not known here; this one begins
/// where the driver's rounding to 128 KB shows.
pub const GA100: Chip = Chip {
    name: "ga100",
    family: Family::Ga100,
    boot0: 0x1700_00a1,
    boot42: 0x170a_1000,
    device_id: 0x20b0,
    board_name: "NVIDIA A100-SXM4-40GB",
    vram: 40 << 30,
    locked: Some((0x9_fdff_0000, 0x9_ffff_ffff)),
    fuses: &[],
    tpcs: &[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x7f],
    engines: GA100_ENGINES,
    signature_section: ".fwsignature_ga100",
    vbios: Shape::Small,
    ..GA106
};

/// AD102 (GeForce RTX 4090).
pub const AD102: Chip = Chip {
    name: "ad102",
    family: Family::Ada,
    boot0: 0x1920_00a1,
    boot42: 0x192a_1000,
    device_id: 0x2684,
    board_name: "NVIDIA GeForce RTX 4090",
    vram: 24 << 30,
    // The booter (ucode 3 on SEC2) and FWSEC at version 1, so that they ask for their first and second signature.
    fuses: &[(0x824148, 1), (0x8241e0, 1)],
    tpcs: &[
        0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
    ],
    signature_section: ".fwsignature_ad10x",
    vbios: Shape::Small,
    ..GA106
};
