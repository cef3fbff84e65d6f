// SPDX-License-Identifier: GPL-2.0
//! GA106 (GeForce RTX 3050), without display. `boot0` is what a real card read (hw-traces).

use super::{Chip, Engine, EngineKind, Family};

const fn engine(kind: EngineKind, runlist: u32, pri: u32, stall: u32, nonstall: u32) -> Engine {
    Engine {
        kind,
        runlist,
        runlist_pri: pri,
        stall,
        nonstall,
    }
}

/// The chip.
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
    tpcs: &[0x1f, 0x1f],
    engines: &[
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
    ],
    gsp_vector: 155,
    signature_section: ".fwsignature_ga10x",
};
