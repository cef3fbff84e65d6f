// SPDX-License-Identifier: GPL-2.0
//! What RM tells a driver about the chip: GET_GSP_STATIC_INFO and the tables that controls return.

use super::layout::Layout;
use crate::chips::{Chip, Engine, EngineKind};
use crate::mem::{put16, put32, put64};

/// RM's own handles.
pub const INTERNAL_CLIENT: u32 = 0xc1e0_0004;
/// RM's own device.
pub const INTERNAL_DEVICE: u32 = 0xcaf0_0000;
/// RM's own subdevice.
pub const INTERNAL_SUBDEVICE: u32 = 0xcaf1_0000;

/// Where RM keeps what it needs of video memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct FbLayout {
    /// Byte behind what drivers may use.
    pub usable_end: u64,
    /// BAR1's top page directory.
    pub bar1_pdb: u64,
    /// BAR2's top page directory.
    pub bar2_pdb: u64,
}

/// The reply to GET_GSP_STATIC_INFO.
pub fn static_info(l: &Layout, chip: &Chip, fb: FbLayout) -> Vec<u8> {
    let s = &l.static_info;
    let mut p = vec![0; s.size];
    if let Some((gpc, tpc)) = s.gpc_tpc {
        put32(&mut p, gpc, gpc_mask(chip));
        for (i, mask) in chip.tpcs.iter().enumerate() {
            put32(&mut p, tpc + i * 8, i as u32);
            put32(&mut p, tpc + i * 8 + 4, *mask);
        }
    }
    put32(&mut p, s.fb_regions, 2);
    region(&mut p, s.fb_regions + 8, 0, fb.usable_end - 1, false);
    region(
        &mut p,
        s.fb_regions + 8 + 48,
        fb.usable_end,
        chip.vram - 1,
        true,
    );
    for e in chip.engines {
        let t = rm_engine_type(l, e.kind);
        let at = s.engine_caps + (t as usize / 32) * 4;
        let caps = crate::mem::le32(&p, at) | (1 << (t % 32));
        put32(&mut p, at, caps);
    }
    put64(&mut p, s.fb_length, chip.vram);
    put32(&mut p, s.fb_bus_width, 256);
    put32(&mut p, s.fb_ram_type, 14);
    put32(&mut p, s.l2_cache_size, 4 << 20);
    let short = chip.name.to_uppercase();
    for (off, text) in [(s.name, chip.board_name), (s.short_name, short.as_str())] {
        p[off..off + text.len()].copy_from_slice(text.as_bytes());
    }
    for (i, c) in chip.board_name.encode_utf16().take(63).enumerate() {
        put16(&mut p, s.unicode_name + i * 2, c);
    }
    put64(&mut p, s.bar1_pde, fb.bar1_pdb);
    put64(&mut p, s.bar1_pde + 8, fb.bar2_pdb);
    p[s.vbios_valid] = 1;
    put32(&mut p, s.internal_client, INTERNAL_CLIENT);
    put32(&mut p, s.internal_client + 4, INTERNAL_DEVICE);
    put32(&mut p, s.internal_client + 8, INTERNAL_SUBDEVICE);
    p
}

fn region(p: &mut [u8], at: usize, base: u64, limit: u64, reserved: bool) {
    put64(p, at, base);
    put64(p, at + 8, limit);
    if reserved {
        put64(p, at + 16, limit + 1 - base);
        p[at + 30] = 1;
    } else {
        put32(p, at + 24, 100);
        p[at + 28] = 1;
        p[at + 29] = 1;
    }
}

/// One bit a GPC.
pub fn gpc_mask(chip: &Chip) -> u32 {
    (1 << chip.tpcs.len()) - 1
}

/// RM_ENGINE_TYPE_* of nvrm/engine.h.
fn rm_engine_type(l: &Layout, kind: EngineKind) -> u32 {
    match kind {
        EngineKind::Gr => 1,
        EngineKind::Ce(n) => 9 + n,
        EngineKind::Nvdec(n) => 0x1d + n,
        EngineKind::Nvenc(n) => 0x25 + n,
        EngineKind::Sw => l.engine_sw,
    }
}

/// NV2080_ENGINE_TYPE_* of nvrm/engine.h.
pub fn nv2080_engine_type(kind: EngineKind) -> u32 {
    match kind {
        EngineKind::Gr => 1,
        EngineKind::Ce(n) => 9 + n,
        EngineKind::Nvdec(n) => 0x13 + n,
        EngineKind::Nvenc(n) => 0x1b + n,
        EngineKind::Sw => 0x22,
    }
}

/// A number for an engine that only has to be the same wherever RM names it.
fn engine_desc(kind: EngineKind) -> u32 {
    match kind {
        EngineKind::Gr => 0x0001_0000,
        EngineKind::Ce(n) => 0x0002_0000 | n,
        EngineKind::Nvdec(n) => 0x0003_0000 | n,
        EngineKind::Nvenc(n) => 0x0004_0000 | n,
        EngineKind::Sw => 0x0005_0000,
    }
}

/// The engine of that NV2080 type.
pub fn engine_by_type(chip: &Chip, nv2080: u32) -> Option<&'static Engine> {
    chip.engines
        .iter()
        .find(|e| nv2080_engine_type(e.kind) == nv2080)
}

/// NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS, nvrm/gsp.h.
pub fn interrupt_table(l: &Layout, chip: &Chip, p: &mut [u8]) {
    let mut rows = vec![(l.mc.gsp, chip.gsp_vector, u32::MAX)];
    for e in chip.engines {
        let index = match e.kind {
            EngineKind::Gr => l.mc.gr,
            EngineKind::Ce(n) => l.mc.ce + n as u16,
            EngineKind::Nvdec(n) => l.mc.nvdec + n as u16,
            EngineKind::Nvenc(n) => l.mc.nvenc + n as u16,
            EngineKind::Sw => continue,
        };
        rows.push((index, e.stall, e.nonstall));
    }
    put32(p, 0, rows.len() as u32);
    for (i, (index, stall, nonstall)) in rows.into_iter().enumerate() {
        let at = 4 + i * 16;
        put16(p, at, index);
        put32(p, at + 8, stall);
        put32(p, at + 12, nonstall);
    }
}

/// NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS, nvrm/fifo.h: 32 entries of 100 bytes from offset 12.
pub fn device_info_table(l: &Layout, chip: &Chip, p: &mut [u8]) {
    put32(p, 4, chip.engines.len() as u32);
    p[8] = 0;
    for (i, e) in chip.engines.iter().enumerate() {
        let at = 12 + i * 100;
        let (dev_type, instance, name) = match e.kind {
            EngineKind::Gr => (0, 0, "graphics0".to_string()),
            EngineKind::Ce(n) => (0x13, n, format!("ce{n}")),
            EngineKind::Nvdec(n) => (0x10, n, format!("nvdec{n}")),
            EngineKind::Nvenc(n) => (0x0e, n, format!("nvenc{n}")),
            EngineKind::Sw => (0xff, 0, "software".to_string()),
        };
        let data = [
            (0, engine_desc(e.kind)),
            (1, i as u32),
            (2, rm_engine_type(l, e.kind)),
            (3, e.runlist),
            (4, 32 + i as u32),
            (5, 1),
            (6, i as u32),
            (7, i as u32),
            (8, i as u32),
            (9, dev_type),
            (10, instance),
            (11, e.runlist_pri),
            (12, u32::from(e.kind != EngineKind::Sw)),
            (13, i as u32 & 7),
            (14, e.runlist_pri.wrapping_add(0x2000)),
        ];
        for (slot, v) in data {
            put32(p, at + slot * 4, v);
        }
        put32(p, at + 64, e.runlist);
        put32(p, at + 72, 16 + e.runlist);
        put32(p, at + 80, 1);
        let n = name.len().min(15);
        p[at + 84..at + 84 + n].copy_from_slice(&name.as_bytes()[..n]);
    }
}

/// The list of constructed Falcons, nvrm/fifo.h: 64 entries of 20 bytes from offset 4.
pub fn constructed_falcons(chip: &Chip, p: &mut [u8]) {
    let mut n = 0;
    for e in chip.engines {
        let base = match e.kind {
            EngineKind::Nvdec(i) => 0x0083_0000 + i * 0x4000,
            EngineKind::Nvenc(i) => 0x001c_8000 + i * 0x4000,
            _ => continue,
        };
        let at = 4 + n * 20;
        put32(p, at, engine_desc(e.kind));
        put32(p, at + 8, 0x1000);
        put32(p, at + 16, base);
        n += 1;
    }
    put32(p, 0, n as u32);
}

/// NV2080_CTRL_INTERNAL_STATIC_GR_GET_CONTEXT_BUFFERS_INFO_PARAMS, nvrm/gr.h: sizes and alignments of GR0's buffers.
///
/// Real sizes are megabytes; these are small, so that drivers do not spend their time clearing them.
pub fn context_buffers(p: &mut [u8]) {
    const BUFFERS: &[(usize, u32)] = &[
        (0x00, 0x1000),  // GRAPHICS
        (0x08, 0x1000),  // GRAPHICS_ZCULL
        (0x09, 0x1000),  // GRAPHICS_PM
        (0x10, 0x1000),  // GRAPHICS_PATCH
        (0x11, 0x3000),  // GRAPHICS_BUNDLE_CB
        (0x12, 0x20000), // GRAPHICS_PAGEPOOL_GLOBAL
        (0x0d, 0x20000), // GRAPHICS_PAGEPOOL
        (0x13, 0x40000), // GRAPHICS_ATTRIBUTE_CB
        (0x14, 0x10000), // GRAPHICS_RTV_CB_GLOBAL
        (0x17, 0x1000),  // GRAPHICS_FECS_EVENT
        (0x18, 0x1000),  // GRAPHICS_PRIV_ACCESS_MAP
    ];
    for (id, size) in BUFFERS {
        put32(p, id * 8, *size);
        put32(p, id * 8 + 4, 0x1000);
    }
}
