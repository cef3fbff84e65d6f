// SPDX-License-Identifier: GPL-2.0
//! GSP_RM_CONTROL: the controls that drivers use. Numbers and parameter structures: nvrm/{gsp,fifo,gr,vmm,event,fbsr}.h.

use super::objects::{status, Kind};
use super::static_info as info;
use super::{Ctx, Rm};
use crate::mem::{le32, le64, put32, put64, Aperture};
use crate::mmu::{self, Root};

/// Bytes of the control header in front of the parameters.
const HEADER: usize = 24;

impl Rm {
    /// Answers a control in place. Returns NV_STATUS.
    pub(super) fn control(&mut self, ctx: &mut Ctx<'_>, p: &mut [u8]) -> u32 {
        let (client, object, cmd) = (le32(p, 0), le32(p, 4), le32(p, 8));
        let size = le32(p, 16) as usize;
        let have = p.len() - HEADER;
        let Some(params) = p.get_mut(HEADER..HEADER.saturating_add(size)) else {
            ctx.rec.error(format!(
                "control {cmd:#x}: paramsSize {size} in {have} bytes"
            ));
            return status::INVALID_ARGUMENT;
        };
        let Some(target) = self.objects.get(client, object) else {
            ctx.rec.error(format!(
                "control {cmd:#x} on client {client:#x} object {object:#x}: no such object"
            ));
            return status::INVALID_HANDLE;
        };
        // The class that owns a control is in its upper half; a channel also takes Kepler's.
        let owner = cmd >> 16;
        let class = target.class;
        let fits = match owner {
            0xa06f => matches!(target.kind, Kind::Channel(_)),
            _ => owner == class,
        };
        let Some(expected) = self.control_size(cmd) else {
            ctx.rec.unknown_call("control", cmd);
            return status::NOT_SUPPORTED;
        };
        if !fits || expected != size {
            ctx.rec.error(format!(
                "control {cmd:#x} on class {class:#x}: {size} bytes of parameters, {expected} expected"
            ));
            return status::INVALID_ARGUMENT;
        }
        self.known_control(ctx, client, object, cmd, params)
    }

    /// Bytes of parameters of a control that the model knows.
    fn control_size(&self, cmd: u32) -> Option<usize> {
        if cmd == self.layout.constructed_falcons {
            return Some(4 + 64 * 20);
        }
        Some(match cmd {
            0x2080_0137 => 4,
            0x2080_0138 => 8,
            0x2080_0a1c => 40,
            0x2080_0a5c => 2068,
            0x2080_1112 => 3212,
            0x2080_2a08 => 4,
            0x2080_0a32 => 8 * self.layout.ctx_buffers * 8,
            0x2080_1206 => 40,
            0x2080_012b => 560,
            0x90f1_0106 => 184,
            0x0080_1813 => 32,
            0x0080_1814 => 8,
            0xa06f_0104 => 4,
            0xa06f_0103 => 2,
            0x2080_0a46 => 1,
            0x2080_0301 => 20,
            0x2080_a7d7 => 2,
            // Suspend (nvrm/fbsr.h): the same numbers mean different things in r535 and r570.
            0x2080_0ac2 if self.layout.fbsr_regions => 32,
            0x2080_0ac2 => 24,
            0x2080_0ac3 if self.layout.fbsr_regions => 40,
            0x2080_0ac3 => 1,
            0x2080_0a6f => 1,
            0x0080_1306 => 80,
            _ => return None,
        })
    }

    fn known_control(
        &mut self,
        ctx: &mut Ctx<'_>,
        client: u32,
        object: u32,
        cmd: u32,
        p: &mut [u8],
    ) -> u32 {
        if cmd == self.layout.constructed_falcons {
            info::constructed_falcons(self.chip, p);
            return status::OK;
        }
        match cmd {
            0x2080_0137 => put32(p, 0, info::gpc_mask(self.chip)),
            0x2080_0138 => {
                let gpc = le32(p, 0) as usize;
                let Some(mask) = self.chip.tpcs.get(gpc) else {
                    return status::INVALID_ARGUMENT;
                };
                put32(p, 4, *mask);
            }
            // NV2080_CTRL_INTERNAL_MEMSYS_GET_STATIC_CONFIG_PARAMS
            0x2080_0a1c => {
                p[2] = u8::from(self.chip.family.raw_compression());
                put64(p, 8, 4 << 20);
                p[16] = 1;
                put32(p, 20, 0x1_0000);
                put32(p, 24, 16);
                put32(p, 28, 14);
                put32(p, 32, 8);
                put32(p, 36, 4);
            }
            0x2080_0a5c => info::interrupt_table(self.layout, self.chip, p),
            0x2080_1112 => info::device_info_table(self.layout, self.chip, p),
            0x2080_2a08 => put32(p, 0, 0x5000),
            0x2080_0a32 => info::context_buffers(p),
            0x2080_1206 => {
                for (i, v) in [32u32, 32, 16, 0x1000, 16, 0xe0, 0xa0, 16, 16, 16]
                    .into_iter()
                    .enumerate()
                {
                    put32(p, i * 4, v);
                }
            }
            0x2080_012b => return self.promote_ctx(ctx, p),
            0x90f1_0106 => return self.copy_reserved_pdes(ctx, client, object, p),
            0x0080_1813 => return self.set_page_directory(ctx, client, p),
            0x0080_1814 => {
                let h = le32(p, 0);
                return match self.objects.get_mut(client, h).map(|o| &mut o.kind) {
                    Some(Kind::VaSpace(root)) => {
                        *root = None;
                        status::OK
                    }
                    _ => status::INVALID_HANDLE,
                };
            }
            0xa06f_0104 | 0xa06f_0103 => return self.channel_control(ctx, client, object, cmd, p),
            0x0080_1306 => put32(p, 16, 0),
            // NV2080_CTRL_INTERNAL_GCX_ENTRY_PREREQUISITE_PARAMS: all work is done when it is asked for, so that the GPU
            // is idle whenever somebody asks. Ready to lose power, with video memory kept or not.
            0x2080_a7d7 => p.fill(1),
            0x2080_0ac2 => return self.fbsr_init(ctx, p),
            0x2080_0ac3 if self.layout.fbsr_regions => return self.fbsr_region(ctx, p),
            // Without parameters to return.
            _ => {}
        }
        status::OK
    }

    fn channel_control(
        &mut self,
        ctx: &mut Ctx<'_>,
        client: u32,
        object: u32,
        cmd: u32,
        p: &[u8],
    ) -> u32 {
        let Some(Kind::Channel(chid)) = self.objects.get(client, object).map(|o| &o.kind) else {
            return status::INVALID_HANDLE;
        };
        let Some(c) = ctx.fifo.get_mut(*chid) else {
            return status::INVALID_STATE;
        };
        if cmd == 0xa06f_0104 {
            let engine = le32(p, 0);
            if engine != c.engine_type {
                ctx.rec.error(format!(
                    "channel {chid}: bound to engine {engine:#x}, made for {:#x}",
                    c.engine_type
                ));
                return status::INVALID_ARGUMENT;
            }
            c.bound = true;
        } else {
            if !c.bound {
                ctx.rec
                    .error(format!("channel {chid}: scheduled before it was bound"));
                return status::INVALID_STATE;
            }
            c.scheduled = p[0] != 0;
        }
        status::OK
    }

    /// NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_PARAMS
    fn set_page_directory(&mut self, ctx: &mut Ctx<'_>, client: u32, p: &[u8]) -> u32 {
        let (addr, entries, flags, h) = (le64(p, 0), le32(p, 8), le32(p, 12), le32(p, 16));
        let aperture = if flags & 3 == 0 {
            Aperture::Vram
        } else {
            Aperture::Sys
        };
        let mut probe = [0; 32];
        if entries != 4 || addr & 0xfff != 0 || ctx.bus.read(aperture, addr, &mut probe).is_err() {
            ctx.rec.error(format!(
                "SET_PAGE_DIRECTORY {addr:#x}, {entries} entries, flags {flags:#x}"
            ));
            return status::INVALID_ARGUMENT;
        }
        match self.objects.get_mut(client, h).map(|o| &mut o.kind) {
            Some(Kind::VaSpace(root)) => {
                *root = Some(Root { aperture, addr });
                status::OK
            }
            _ => {
                ctx.rec
                    .error(format!("SET_PAGE_DIRECTORY: hVASpace {h:#x} is none"));
                status::INVALID_HANDLE
            }
        }
    }

    /// NV90F1_CTRL_VASPACE_COPY_SERVER_RESERVED_PDES_PARAMS: six levels of 24 bytes from offset 40.
    fn copy_reserved_pdes(&mut self, ctx: &mut Ctx<'_>, client: u32, object: u32, p: &[u8]) -> u32 {
        let levels = le32(p, 32) as usize;
        let (lo, hi) = (le64(p, 16), le64(p, 24));
        let (addr, aperture, shift) = (le64(p, 40), le32(p, 56), p[60]);
        if !(1..=6).contains(&levels) || shift != 47 || hi < lo {
            ctx.rec.error(format!(
                "COPY_SERVER_RESERVED_PDES: {levels} levels, top shift {shift}, {lo:#x} to {hi:#x}"
            ));
            return status::INVALID_ARGUMENT;
        }
        let aperture = if aperture == 1 {
            Aperture::Vram
        } else {
            Aperture::Sys
        };
        match self.objects.get_mut(client, object).map(|o| &mut o.kind) {
            Some(Kind::VaSpace(root)) => {
                *root = Some(Root { aperture, addr });
                status::OK
            }
            _ => status::INVALID_HANDLE,
        }
    }

    /// NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS: what is mapped must be mapped, in the channel's own address space.
    fn promote_ctx(&mut self, ctx: &mut Ctx<'_>, p: &[u8]) -> u32 {
        let (client, object, count) = (le32(p, 12), le32(p, 16), le32(p, 40) as usize);
        let Some(Kind::Channel(chid)) = self.objects.get(client, object).map(|o| &o.kind) else {
            ctx.rec.error(format!(
                "PROMOTE_CTX: client {client:#x} object {object:#x} is no channel"
            ));
            return status::INVALID_HANDLE;
        };
        if count > 16 {
            ctx.rec.error(format!("PROMOTE_CTX: {count} entries"));
            return status::INVALID_ARGUMENT;
        }
        let root = ctx
            .fifo
            .get_mut(*chid)
            .and_then(|c| self.root(client, c.vaspace));
        for e in p[48..].chunks_exact(32).take(count) {
            let (va, id, nonmapped) = (le64(e, 8), e[28], e[31] != 0);
            if nonmapped {
                continue;
            }
            let walked = root.map(|r| mmu::walk(ctx.bus, r, va));
            if !matches!(walked, Some(Ok(_))) {
                ctx.rec.error(format!(
                    "PROMOTE_CTX: buffer {id} at {va:#x} is not mapped for channel {chid}"
                ));
            }
        }
        status::OK
    }
}
