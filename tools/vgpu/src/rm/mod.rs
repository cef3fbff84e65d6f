// SPDX-License-Identifier: GPL-2.0
//! RM's personality: what GSP-RM answers to the functions that drivers call.

mod controls;
pub mod layout;
pub mod objects;
pub mod static_info;
mod suspend;

use crate::chips::Chip;
use crate::fifo::{Channel, Fifo};
use crate::gsp::queue::Rpc;
use crate::mem::{le32, le64, put32, Aperture, Bus};
use crate::mmu::Root;
use crate::trace::Recorder;
use layout::Layout;
use objects::{status, Kind, Object, Objects};
use static_info::{FbLayout, INTERNAL_CLIENT, INTERNAL_DEVICE, INTERNAL_SUBDEVICE};

/// Video memory that RM keeps for itself below what the driver reserved for the firmware.
const RM_RESERVED: u64 = 2 << 20;

/// RM functions (nvrm/rpcfn.h).
mod function {
    pub const NOP: u32 = 0;
    pub const ALLOC_MEMORY: u32 = 4;
    pub const FREE: u32 = 10;
    pub const UNLOADING_GUEST_DRIVER: u32 = 47;
    pub const GET_GSP_STATIC_INFO: u32 = 65;
    pub const UPDATE_BAR_PDE: u32 = 70;
    pub const GSP_RM_CONTROL: u32 = 76;
    pub const GSP_RM_ALLOC: u32 = 103;
}

/// What a call leads to beside its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEvent {
    /// Nothing.
    None,
    /// What BAR1 or BAR2 maps has changed.
    Bar,
    /// The driver says goodbye, for good or until it resumes.
    Unload {
        /// It will resume (bInPMTransition of rpc_unloading_guest_driver_v1F_07, nvrm/gsp.h).
        suspend: bool,
    },
}

/// Everything a call may touch.
pub struct Ctx<'a> {
    /// Memories.
    pub bus: &'a Bus,
    /// Channels.
    pub fifo: &'a mut Fifo,
    /// Notes.
    pub rec: &'a mut Recorder,
}

/// RM's state.
pub struct Rm {
    chip: &'static Chip,
    layout: &'static Layout,
    /// Objects.
    pub objects: Objects,
    /// Where things lie in video memory.
    pub fb: FbLayout,
    /// PDE last given for BAR1 and BAR2, 0 for none.
    pub bar_pde: [u64; 2],
    /// Calls answered.
    pub calls: u64,
    /// Client and handle of what was freed last.
    pub freed: Option<(u32, u32)>,
    saved: suspend::Saved,
}

/// Bytes of payload that an RPC's own header promises, where it has one that says so.
pub fn promised_len(rpc: &Rpc) -> Option<usize> {
    let p = &rpc.payload;
    match rpc.function {
        // rpc_gsp_rm_control_v03_00, rpc_gsp_rm_alloc_v03_00: header and paramsSize.
        function::GSP_RM_CONTROL => Some(24 + le32(p, 16) as usize),
        function::GSP_RM_ALLOC => Some(32 + le32(p, 20) as usize),
        // rpc_alloc_memory_v13_01: the upper half of pteDesc's first word counts the entries behind it.
        function::ALLOC_MEMORY => Some(56 + (le32(p, 48) >> 16) as usize * 8),
        // PACKED_REGISTRY_TABLE begins with its size.
        73 => Some(le32(p, 0) as usize),
        _ => None,
    }
}

impl Rm {
    /// RM right after INIT_DONE. `rsvd_start` is where the driver's reservation for the firmware begins.
    pub fn new(chip: &'static Chip, layout: &'static Layout, bus: &Bus, rsvd_start: u64) -> Self {
        let end = rsvd_start
            .clamp(2 * RM_RESERVED, chip.vram)
            .saturating_sub(RM_RESERVED)
            & !0xfff;
        let fb = FbLayout {
            usable_end: end,
            bar1_pdb: end,
            bar2_pdb: end + 0x1000,
        };
        for pdb in [fb.bar1_pdb, fb.bar2_pdb] {
            let _ = bus.vram.write(pdb, &[0; 0x1000]);
        }
        let mut rm = Self {
            chip,
            layout,
            objects: Objects::default(),
            fb,
            bar_pde: [0; 2],
            calls: 0,
            freed: None,
            saved: suspend::Saved::default(),
        };
        for (handle, class, parent) in [
            (INTERNAL_CLIENT, 0x0000, 0),
            (INTERNAL_DEVICE, 0x0080, INTERNAL_CLIENT),
            (INTERNAL_SUBDEVICE, 0x2080, INTERNAL_DEVICE),
        ] {
            let object = Object {
                class,
                parent,
                internal: true,
                kind: Kind::Plain,
            };
            // Cannot fail: the table is empty.
            let _ = rm.objects.add(INTERNAL_CLIENT, handle, object);
        }
        rm
    }

    /// Top page directory of BAR1 or BAR2.
    pub fn bar_root(&self, bar: usize) -> Root {
        let addr = if bar == 1 {
            self.fb.bar1_pdb
        } else {
            self.fb.bar2_pdb
        };
        Root {
            aperture: Aperture::Vram,
            addr,
        }
    }

    /// Answers an RPC.
    pub fn call(&mut self, ctx: &mut Ctx<'_>, rpc: Rpc) -> (Rpc, CallEvent) {
        self.calls += 1;
        let mut reply = Rpc {
            function: rpc.function,
            sequence: rpc.sequence,
            payload: rpc.payload,
            ..Rpc::default()
        };
        let mut event = CallEvent::None;
        let p = &mut reply.payload;
        match rpc.function {
            function::NOP => {}
            function::GET_GSP_STATIC_INFO => {
                let info = static_info::static_info(self.layout, self.chip, self.fb);
                if p.len() != info.len() {
                    ctx.rec.error(format!(
                        "GET_GSP_STATIC_INFO of {} bytes, {} has {}",
                        p.len(),
                        self.layout.version,
                        info.len()
                    ));
                }
                *p = info;
            }
            function::UPDATE_BAR_PDE => {
                self.update_bar_pde(ctx, p);
                event = CallEvent::Bar;
            }
            function::ALLOC_MEMORY => self.alloc_memory(ctx, p),
            function::GSP_RM_ALLOC => {
                let s = self.alloc(ctx, p);
                put32(p, 16, s);
            }
            function::FREE => {
                let s = self.free(ctx, le32(p, 0), le32(p, 8));
                put32(p, 12, s);
            }
            function::GSP_RM_CONTROL => {
                let s = if p.len() < 24 {
                    ctx.rec
                        .error(format!("GSP_RM_CONTROL of {} bytes", p.len()));
                    p.resize(24, 0);
                    status::INVALID_ARGUMENT
                } else {
                    self.control(ctx, p)
                };
                put32(p, 12, s);
            }
            function::UNLOADING_GUEST_DRIVER => {
                let suspend = p.first().is_some_and(|b| *b != 0);
                // The reply carries no parameters.
                p.clear();
                event = CallEvent::Unload { suspend };
            }
            other => {
                ctx.rec.unknown_call("fn", other);
                reply.result = status::NOT_SUPPORTED;
            }
        }
        (reply, event)
    }

    /// UpdateBarPde_v15_00, nvrm/bar.h: the entry goes where the walk of that BAR begins.
    fn update_bar_pde(&mut self, ctx: &mut Ctx<'_>, p: &[u8]) {
        let (bar, value, shift) = (le32(p, 0), le64(p, 8), le64(p, 16));
        if p.len() != 24 || bar > 1 || shift != 47 {
            ctx.rec.error(format!(
                "UPDATE_BAR_PDE: {} bytes, bar {bar}, level shift {shift}",
                p.len()
            ));
            return;
        }
        let root = self.bar_root(bar as usize + 1);
        if ctx.bus.vram.write(root.addr, &value.to_le_bytes()).is_ok() {
            self.bar_pde[bar as usize] = value;
        }
    }

    /// rpc_gsp_rm_alloc_v03_00, nvrm/alloc.h. Returns NV_STATUS.
    fn alloc(&mut self, ctx: &mut Ctx<'_>, p: &mut Vec<u8>) -> u32 {
        if p.len() < 32 {
            ctx.rec.error(format!("GSP_RM_ALLOC of {} bytes", p.len()));
            p.resize(32, 0);
            return status::INVALID_ARGUMENT;
        }
        let (client, parent, mut handle) = (le32(p, 0), le32(p, 4), le32(p, 8));
        let (class, size) = (le32(p, 12), le32(p, 20) as usize);
        let Some(params) = p.get_mut(32..32usize.saturating_add(size)) else {
            ctx.rec.error(format!(
                "GSP_RM_ALLOC class {class:#x}: paramsSize {size} in {} bytes",
                p.len()
            ));
            return status::INVALID_ARGUMENT;
        };
        let expected = self.params_size(class);
        if let Some(expected) = expected {
            if expected != size {
                ctx.rec.error(format!(
                    "GSP_RM_ALLOC class {class:#x}: {size} bytes of parameters, {expected} expected"
                ));
                return status::INVALID_ARGUMENT;
            }
        } else {
            ctx.rec.unknown_call("class", class);
            return status::INVALID_CLASS;
        }
        let is_client = matches!(class, 0x0000 | 0x0001 | 0x0041);
        if is_client != (client == handle) {
            ctx.rec.error(format!(
                "GSP_RM_ALLOC class {class:#x}: client {client:#x}, handle {handle:#x}"
            ));
            return status::INVALID_HANDLE;
        }
        if handle == 0 && !is_client && self.objects.get(client, client).is_some() {
            handle = self.objects.name(client);
        }
        let kind = if class == self.chip.family.classes().gpfifo {
            match self.channel(ctx, client, parent, handle, params) {
                Ok(chid) => Kind::Channel(chid),
                Err(s) => return s,
            }
        } else {
            match class {
                0x90f1 => Kind::VaSpace(None),
                0x007e => Kind::Event {
                    notify: le32(params, 12),
                },
                _ => Kind::Plain,
            }
        };
        let channel = match kind {
            Kind::Channel(chid) => Some(chid),
            _ => None,
        };
        let object = Object {
            class,
            parent: if is_client { 0 } else { parent },
            internal: false,
            kind,
        };
        match self.objects.add(client, handle, object) {
            Ok(()) => status::OK,
            Err(s) => {
                ctx.rec.error(format!(
                    "GSP_RM_ALLOC class {class:#x} client {client:#x} parent {parent:#x} handle {handle:#x}: status {s:#x}"
                ));
                if let Some(chid) = channel {
                    ctx.fifo.remove(chid);
                }
                s
            }
        }
    }

    /// Bytes of allocation parameters of a class; `None` for a class that this chip's RM does not have.
    fn params_size(&self, class: u32) -> Option<usize> {
        let c = self.chip.family.classes();
        Some(match class {
            0x0000 | 0x0001 | 0x0041 => self.layout.client,
            0x0080 => 56,
            0x2080 => 4,
            0x90f1 => 48,
            0x007e => 24,
            _ if class == c.gpfifo => self.layout.channel,
            _ if class == c.ce => 8,
            _ if c.gr.contains(&class) => 0,
            _ if class == c.nvdec || class == c.nvenc || class == c.ofa => 12,
            _ => return None,
        })
    }

    /// NV_CHANNEL_ALLOC_PARAMS, nvrm/fifo.h. The channel's number is in the USERD index of the flags.
    fn channel(
        &mut self,
        ctx: &mut Ctx<'_>,
        client: u32,
        parent: u32,
        handle: u32,
        params: &mut [u8],
    ) -> Result<u32, u32> {
        let flags = le32(params, 20);
        let chid = ((flags >> 12) & 0x1ff) * 8 + ((flags >> 8) & 7);
        let vaspace = le32(params, 28);
        let engine_type = le32(params, 128);
        let userd = le64(params, 168);
        let userd_aperture = match le32(params, 184) {
            2 => Aperture::Vram,
            _ => Aperture::Sys,
        };
        let mut refuse = |why: String, s: u32| {
            ctx.rec.error(format!("channel {chid}: {why}"));
            Err(s)
        };
        if flags & (1 << 21) == 0 {
            return refuse(
                format!("flags {flags:#x} do not fix the USERD page"),
                status::INVALID_ARGUMENT,
            );
        }
        if !matches!(
            self.objects.get(client, vaspace).map(|o| &o.kind),
            Some(Kind::VaSpace(_))
        ) {
            return refuse(
                format!("hVASpace {vaspace:#x} is none"),
                status::INVALID_HANDLE,
            );
        }
        let Some(engine) = static_info::engine_by_type(self.chip, engine_type) else {
            return refuse(
                format!("engineType {engine_type:#x}"),
                status::INVALID_ARGUMENT,
            );
        };
        let mut probe = [0; 4];
        if ctx
            .bus
            .read(userd_aperture, userd.wrapping_add(0x8c), &mut probe)
            .is_err()
        {
            return refuse(format!("USERD at {userd:#x}"), status::INVALID_ARGUMENT);
        }
        let channel = Channel::new(
            chid,
            (client, parent, handle),
            vaspace,
            engine,
            engine_type,
            (le64(params, 8), le32(params, 16)),
            (userd_aperture, userd),
            (le64(params, 144), le64(params, 152)),
        );
        if !ctx.fifo.add(channel) {
            return refuse("number in use".into(), status::INVALID_STATE);
        }
        put32(params, 132, chid);
        Ok(chid)
    }

    fn free(&mut self, ctx: &mut Ctx<'_>, client: u32, handle: u32) -> u32 {
        // Under RM's own client a driver may make objects (suspend describes memory so), and free those.
        if self.objects.get(client, handle).is_some_and(|o| o.internal) {
            ctx.rec
                .error(format!("FREE of RM's own object {handle:#x}"));
            return status::INVALID_CLIENT;
        }
        match self.objects.remove(client, handle) {
            Ok(gone) => {
                self.freed = Some((client, handle));
                for (h, object) in gone {
                    match object.kind {
                        Kind::Channel(chid) => ctx.fifo.remove(chid),
                        Kind::VaSpace(_) => {
                            if let Some(chid) = ctx.fifo.user_of(client, h) {
                                ctx.rec.error(format!(
                                    "FREE of address space {h:#x} that channel {chid} uses"
                                ));
                            }
                        }
                        _ => {}
                    }
                }
                status::OK
            }
            // Who was given a name by RM and did not look cannot say it; what has it goes with its parent.
            Err(s) if handle == 0 => s,
            Err(s) => {
                ctx.rec.error(format!(
                    "FREE client {client:#x} handle {handle:#x}: status {s:#x}"
                ));
                s
            }
        }
    }

    /// The top page directory of an address space.
    pub fn root(&self, client: u32, handle: u32) -> Option<Root> {
        match self.objects.get(client, handle)?.kind {
            Kind::VaSpace(root) => root,
            _ => None,
        }
    }

    /// Mappings that stand: page directories of drivers' address spaces, and BAR PDEs.
    pub fn mappings(&self) -> usize {
        let spaces = self
            .objects
            .iter()
            .filter(|(_, o)| matches!(o.kind, Kind::VaSpace(Some(_))))
            .count();
        spaces + self.bar_pde.iter().filter(|p| **p != 0).count()
    }

    /// The first client that a driver made.
    pub fn first_client(&self) -> Option<u32> {
        self.objects
            .iter()
            .find(|((c, h), o)| c == h && !o.internal)
            .map(|((c, _), _)| *c)
    }

    /// The first event object: client, handle, notifyIndex.
    pub fn first_event(&self) -> Option<(u32, u32, u32)> {
        self.objects.iter().find_map(|((c, h), o)| match o.kind {
            Kind::Event { notify } => Some((*c, *h, notify & 0xffff)),
            _ => None,
        })
    }
}
