// SPDX-License-Identifier: GPL-2.0
//! TU104 (GeForce RTX 2080), without display.

use super::{Chip, Engine, EngineKind, Family};

const fn engine(kind: EngineKind, runlist: u32, stall: u32, nonstall: u32) -> Engine {
    Engine {
        kind,
        runlist,
        runlist_pri: 0,
        stall,
        nonstall,
    }
}

/// The chip.
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
    tpcs: &[0x0f, 0x0f, 0x0f, 0x0f, 0x07, 0x0f],
    engines: &[
        engine(EngineKind::Gr, 0, 128, 0),
        engine(EngineKind::Ce(0), 0, 129, 1),
        engine(EngineKind::Ce(1), 0, 130, 2),
        engine(EngineKind::Ce(2), 1, 131, 3),
        engine(EngineKind::Ce(3), 2, 132, 4),
        engine(EngineKind::Ce(4), 3, 133, 5),
        engine(EngineKind::Nvdec(0), 4, 140, 10),
        engine(EngineKind::Nvenc(0), 5, 141, 11),
        // RM lists it on the runlist of graphics; nouveau relies on it.
        engine(EngineKind::Sw, 0, u32::MAX, u32::MAX),
    ],
    gsp_vector: 155,
    signature_section: ".fwsignature_tu10x",
};
