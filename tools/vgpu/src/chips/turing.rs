// SPDX-License-Identifier: GPL-2.0
//! Turing: TU102, TU104, TU106, TU116, all without display.

use super::{engine, Chip, Engine, EngineKind, Family};
use crate::vbios::Shape;

const ENGINES: &[Engine] = &[
    engine(EngineKind::Gr, 0, 0, 128, 0),
    engine(EngineKind::Ce(0), 0, 0, 129, 1),
    engine(EngineKind::Ce(1), 0, 0, 130, 2),
    engine(EngineKind::Ce(2), 1, 0, 131, 3),
    engine(EngineKind::Ce(3), 2, 0, 132, 4),
    engine(EngineKind::Ce(4), 3, 0, 133, 5),
    engine(EngineKind::Nvdec(0), 4, 0, 140, 10),
    engine(EngineKind::Nvenc(0), 5, 0, 141, 11),
    // RM lists it on the runlist of graphics; nouveau relies on it.
    engine(EngineKind::Sw, 0, 0, u32::MAX, u32::MAX),
];

/// TU104 (GeForce RTX 2080).
pub const TU104: Chip = Chip {
    name: "tu104",
    family: Family::Turing,
    boot0: 0x1640_00a1,
    boot42: 0x164a_1000,
    device_id: 0x1e82,
    revision: 0xa1,
    subsystem: (0x10de, 0x12ae),
    board_name: "NVIDIA GeForce RTX 2080",
    vram: 8 << 30,
    locked: None,
    fuses: &[],
    tpcs: &[0x0f, 0x0f, 0x0f, 0x0f, 0x07, 0x0f],
    engines: ENGINES,
    gsp_vector: 155,
    vbios: Shape::Small,
    signature_section: ".fwsignature_tu10x",
};

/// TU102 (GeForce RTX 2080 Ti).
pub const TU102: Chip = Chip {
    name: "tu102",
    boot0: 0x1620_00a1,
    boot42: 0x162a_1000,
    device_id: 0x1e04,
    board_name: "NVIDIA GeForce RTX 2080 Ti",
    vram: 11 << 30,
    tpcs: &[0x3f, 0x3f, 0x3f, 0x3f, 0x1f, 0x1f],
    ..TU104
};

/// TU106 (GeForce RTX 2070).
pub const TU106: Chip = Chip {
    name: "tu106",
    boot0: 0x1660_00a1,
    boot42: 0x166a_1000,
    device_id: 0x1f02,
    board_name: "NVIDIA GeForce RTX 2070",
    tpcs: &[0x3f, 0x3f, 0x3f],
    ..TU104
};

/// TU116 (GeForce GTX 1660).
pub const TU116: Chip = Chip {
    name: "tu116",
    boot0: 0x1680_00a1,
    boot42: 0x168a_1000,
    device_id: 0x2184,
    board_name: "NVIDIA GeForce GTX 1660",
    vram: 6 << 30,
    tpcs: &[0x0f, 0x0f, 0x07],
    signature_section: ".fwsignature_tu11x",
    ..TU104
};
