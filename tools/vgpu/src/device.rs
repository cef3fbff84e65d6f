// SPDX-License-Identifier: GPL-2.0
//! The device: parts put together, and who answers an access. Everything happens inside the access that causes it.

mod loads;
mod units;

use std::sync::Arc;

use crate::bar0::{self, Plain};
use crate::chips::Chip;
use crate::falcon::Falcon;
use crate::fifo::Fifo;
use crate::gsp::{self, events, Gsp, Phase};
use crate::hostile::{self, Attack, Hostile};
use crate::intr::IntrTree;
use crate::mem::{le32, Bus, GuestMemory, Interrupt, Vram};
use crate::mmu;
use crate::pci::{ConfigEvent, PciConfig};
use crate::rm::layout::Layout;
use crate::rm::Rm;
use crate::trace::Recorder;
use crate::vbios::{Shape, Vbios};
use crate::window::{Window, WINDOW};

const GSP_BASE: u32 = 0x110000;
const SEC2_BASE: u32 = 0x840000;
const FALCON_SPAN: u32 = 0x2000;
const VFN_BASE: u32 = 0xb80000;
/// Doorbell of the usermode region (nvkm/subdev/vfn: 0xb80000 + 0x30000, register 0x90).
const DOORBELL: u32 = 0xbb0090;
const PCI_MIRROR: u32 = 0x088000;
const MSI_REARM: u32 = 0x088704;

/// What to model.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The chip.
    pub chip: &'static Chip,
    /// Firmware version to assume instead of what the image says.
    pub fw: Option<&'static str>,
    /// Send RUN_CPU_SEQUENCER while booting, as real cards do.
    pub sequencer: bool,
    /// Shape of the VBIOS.
    pub vbios: Shape,
    /// Offer the lower half of BAR2 as memory that the guest maps, so that it need not be trapped.
    pub window: bool,
}

/// A virtual GPU.
pub struct Device {
    /// What it models.
    pub options: Options,
    pub(crate) bus: Bus,
    irq: Box<dyn Interrupt>,
    /// What it saw.
    pub rec: Recorder,
    pci: PciConfig,
    pub(crate) plain: Plain,
    vbios: Vbios,
    pub(crate) intr: IntrTree,
    pub(crate) gsp_falcon: Falcon,
    pub(crate) sec2: Falcon,
    pub(crate) gsp: Gsp,
    pub(crate) rm: Option<Rm>,
    pub(crate) fifo: Fifo,
    window: Window,
    used: bool,
    /// Objects, channels and mappings that earlier sessions of RM left, seen when they ended.
    pub(crate) leftovers: Leftovers,
}

/// What sessions of RM left behind when the driver said goodbye.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub struct Leftovers {
    /// Objects.
    pub objects: Vec<crate::rm::objects::Leaked>,
    /// Channels.
    pub channels: usize,
    /// Mappings.
    pub mappings: usize,
    /// Pages of messages that nobody had read when RM was taken down, in either direction.
    pub unread: usize,
}

impl Device {
    /// A device after power-on.
    ///
    /// # Errors
    /// When its video memory cannot be made.
    pub fn new(
        options: Options,
        mem: Box<dyn GuestMemory>,
        irq: Box<dyn Interrupt>,
        rec: Recorder,
    ) -> std::io::Result<Self> {
        let chip = options.chip;
        Ok(Self {
            options,
            bus: Bus {
                mem,
                vram: Vram::new(chip.vram, if options.window { WINDOW } else { 0 })?,
            },
            irq,
            rec,
            pci: PciConfig::new(chip),
            plain: Plain::default(),
            vbios: Vbios::new(chip, options.vbios),
            intr: IntrTree::new(),
            gsp_falcon: Falcon::new("gsp", chip.family),
            sec2: Falcon::new("sec2", chip.family),
            gsp: Gsp::default(),
            rm: None,
            fifo: Fifo::default(),
            window: Window::default(),
            used: false,
            leftovers: Leftovers::default(),
        })
    }

    /// Makes it hostile. `memory` is the guest's, for what happens while nobody asks the device anything.
    pub fn arm(&mut self, attack: &'static Attack, memory: Arc<dyn GuestMemory + Sync>) {
        let mut hostile = Hostile::new(attack, self.options.chip, memory);
        self.vbios.change(|image| hostile.vbios(image));
        self.gsp.hostile = Some(Box::new(hostile));
    }

    /// The memories behind the device.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Function-level reset: everything as after power-on, but for the records.
    pub fn reset(&mut self) {
        let chip = self.options.chip;
        self.pci = PciConfig::new(chip);
        if !self.used {
            return;
        }
        self.rec.remark("reset");
        self.note_leftovers();
        self.forget_memory();
        self.plain = Plain::default();
        self.intr = IntrTree::new();
        self.gsp_falcon = Falcon::new("gsp", chip.family);
        self.sec2 = Falcon::new("sec2", chip.family);
        self.gsp = Gsp::after(self.gsp.boots, self.gsp.hostile.take());
        self.rm = None;
        self.fifo.clear();
        self.used = false;
    }

    /// Video memory has no power.
    pub(super) fn forget_memory(&mut self) {
        self.window = Window::default();
        self.bus.vram.clear();
    }

    /// Reads configuration space.
    pub fn config_read(&self, offset: u64, buf: &mut [u8]) {
        self.pci.read(offset, buf);
    }

    /// Writes configuration space.
    pub fn config_write(&mut self, offset: u64, buf: &[u8]) {
        if let ConfigEvent::Command(v) = self.pci.write(offset, buf) {
            let ok = self.command(v);
            self.pci.set_status(if ok { 0 } else { 2 });
        }
    }

    /// A command through the vendor-specific capability. False for one that cannot be done.
    pub fn command(&mut self, v: u32) -> bool {
        let arg = (v >> 16) as u8;
        match v >> 24 {
            0x01 => {
                self.rec.mark(arg);
                let _ = self.flush();
                true
            }
            0x02 => self.post_event(arg),
            _ => false,
        }
    }

    fn post_event(&mut self, number: u8) -> bool {
        if number == hostile::CALM {
            return self.calm();
        }
        let (Phase::Running, Some(layout)) = (self.gsp.phase, self.gsp.layout) else {
            return false;
        };
        let rm = self.rm.as_ref();
        let facts = events::Facts {
            channel: self.fifo.first_live(),
            event: rm.and_then(Rm::first_event),
            client: rm.and_then(Rm::first_client),
            freed: rm.and_then(|rm| rm.freed),
        };
        if number == hostile::STRIKE {
            return self.strike(layout, facts);
        }
        let Some((messages, interrupt)) = events::make(number, layout, facts) else {
            return false;
        };
        for m in messages {
            self.gsp.send(&self.bus, &mut self.rec, m, true);
        }
        if interrupt {
            self.raise_message_intr();
        }
        true
    }

    /// The guest asks for the attack. False for a device that is an honest one.
    fn strike(&mut self, layout: &'static Layout, facts: events::Facts) -> bool {
        let (Some(hostile), Some(queues)) = (&mut self.gsp.hostile, &mut self.gsp.queues) else {
            return false;
        };
        match hostile.strike(&self.bus, queues, layout, facts) {
            Ok(elements) => {
                self.gsp.send_elements(&self.bus, &mut self.rec, elements);
                self.raise_message_intr();
                true
            }
            Err(e) => {
                self.rec.error(format!("attack: {e}"));
                false
            }
        }
    }

    /// The attack is over.
    fn calm(&mut self) -> bool {
        let Some(hostile) = &mut self.gsp.hostile else {
            return false;
        };
        hostile.calm(&self.bus);
        self.vbios = Vbios::new(self.options.chip, self.options.vbios);
        true
    }

    /// Reads a BAR in pieces that the bus allows. `bar` is 0, 1, or 2 (PCI BAR 3).
    pub fn bar_read(&mut self, bar: u8, offset: u64, buf: &mut [u8]) {
        match bar {
            0 => {
                for (i, chunk) in buf.chunks_mut(4).enumerate() {
                    let at = offset as u32 + i as u32 * 4;
                    let word = self.bar0_read(at & !3).to_le_bytes();
                    let shift = (at & 3) as usize;
                    for (j, b) in chunk.iter_mut().enumerate() {
                        *b = word.get(shift + j).copied().unwrap_or(0);
                    }
                }
            }
            1 | 2 => self.window_read(bar, offset, buf),
            _ => buf.fill(0xff),
        }
    }

    /// Writes a BAR.
    pub fn bar_write(&mut self, bar: u8, offset: u64, buf: &[u8]) {
        self.used = true;
        match bar {
            0 => {
                for (i, chunk) in buf.chunks(4).enumerate() {
                    let at = offset as u32 + i as u32 * 4;
                    let mut word = [0; 4];
                    word[..chunk.len()].copy_from_slice(chunk);
                    self.bar0_write(at, u32::from_le_bytes(word));
                }
            }
            1 | 2 => self.window_write(bar, offset, buf),
            _ => {}
        }
    }

    /// BAR1 and BAR2: through RM's page tables once the driver bound them, physical before.
    fn window_root(&self, bar: u8) -> Option<mmu::Root> {
        let rm = self.rm.as_ref()?;
        match bar {
            2 if rm.bar_pde[1] == 0 => None,
            _ => Some(rm.bar_root(usize::from(bar))),
        }
    }

    fn window_read(&mut self, bar: u8, offset: u64, buf: &mut [u8]) {
        self.count_window(bar);
        let done = match self.window_root(bar) {
            Some(root) => mmu::read(&self.bus, root, offset, buf).map_err(|f| f.to_string()),
            None => self.bus.vram.read(offset, buf).map_err(|e| e.to_string()),
        };
        if let Err(e) = done {
            buf.fill(0xff);
            self.rec.error(format!("BAR{bar} read: {e}"));
        }
    }

    fn window_write(&mut self, bar: u8, offset: u64, buf: &[u8]) {
        self.count_window(bar);
        let done = match self.window_root(bar) {
            Some(root) => mmu::write(&self.bus, root, offset, buf).map_err(|f| f.to_string()),
            None => self.bus.vram.write(offset, buf).map_err(|e| e.to_string()),
        };
        if let Err(e) = done {
            self.rec.error(format!("BAR{bar} write: {e}"));
        }
    }

    /// Page tables may have changed: what BAR2 maps is to be in the window, and nothing else.
    pub(super) fn follow_window(&mut self) {
        if self.bus.vram.window().is_some() {
            let root = self.window_root(2);
            let conflicts = self.window.follow(&mut self.bus, root);
            if conflicts > 0 {
                self.rec
                    .error(format!("BAR2 maps {conflicts} pages more than once"));
            }
        }
    }

    fn count_window(&mut self, bar: u8) {
        if bar == 1 {
            self.rec.counts.bar1_accesses += 1;
        } else {
            self.rec.counts.bar2_accesses += 1;
        }
    }

    /// Reads a register.
    pub fn bar0_read(&mut self, addr: u32) -> u32 {
        self.catch_up();
        let mut v = self.route_read(addr);
        if let Some(hostile) = &mut self.gsp.hostile {
            v = hostile.register(addr, v);
        }
        if bar0::traced(addr) {
            self.rec.mmio(false, addr, v);
        }
        v
    }

    /// Writes a register.
    pub fn bar0_write(&mut self, addr: u32, v: u32) {
        self.used = true;
        if bar0::traced(addr) {
            self.rec.mmio(true, addr, v);
        }
        if self.gsp.hostile.as_ref().is_some_and(|h| h.gone()) {
            return;
        }
        self.route_write(addr, v);
        self.catch_up();
    }

    /// Messages that found the queue full go out when there is room.
    fn catch_up(&mut self) {
        if self.gsp.has_backlog() {
            self.gsp.drain(&self.bus, &mut self.rec);
        }
    }

    fn route_read(&mut self, addr: u32) -> u32 {
        let known = match addr {
            0x300000..=0x3fffff => Some(self.vbios.dword(addr - 0x300000)),
            0x700000..=0x7fffff => {
                let mut b = [0; 4];
                match self.bus.vram.read(self.plain.pramin(addr), &mut b) {
                    Ok(()) => Some(le32(&b, 0)),
                    Err(e) => {
                        self.rec.error(format!("PRAMIN read: {e}"));
                        Some(0xffff_ffff)
                    }
                }
            }
            a if (PCI_MIRROR..PCI_MIRROR + 0x1000).contains(&a) => match self.plain.kept.get(&a) {
                Some(v) => Some(*v),
                None => Some(self.pci.dword(a - PCI_MIRROR)),
            },
            a if (GSP_BASE..GSP_BASE + FALCON_SPAN).contains(&a) => {
                self.gsp_falcon.read(a - GSP_BASE)
            }
            a if (SEC2_BASE..SEC2_BASE + FALCON_SPAN).contains(&a) => self.sec2.read(a - SEC2_BASE),
            a => {
                let vfn = a.checked_sub(VFN_BASE).and_then(|o| self.intr.read(o));
                vfn.or_else(|| self.plain.read(self.options.chip, self.gsp.resumed_flag, a))
            }
        };
        known.unwrap_or_else(|| {
            self.rec.unknown_register(addr, false);
            self.plain.kept.get(&addr).copied().unwrap_or(0)
        })
    }

    fn route_write(&mut self, addr: u32, v: u32) {
        match addr {
            0x300000..=0x3fffff => {}
            0x700000..=0x7fffff => {
                let at = self.plain.pramin(addr);
                if let Err(e) = self.bus.vram.write(at, &v.to_le_bytes()) {
                    self.rec.error(format!("PRAMIN write: {e}"));
                }
            }
            MSI_REARM => {
                self.intr.rearm();
                self.signal();
            }
            DOORBELL => self.channel_doorbell(v),
            a if (PCI_MIRROR..PCI_MIRROR + 0x1000).contains(&a) => {
                self.plain.kept.insert(a, v);
            }
            a if (GSP_BASE..GSP_BASE + FALCON_SPAN).contains(&a) => {
                match self.gsp_falcon.write(a - GSP_BASE, v) {
                    Some(event) => self.gsp_event(event),
                    None => self.keep_unknown(a, v),
                }
            }
            a if (SEC2_BASE..SEC2_BASE + FALCON_SPAN).contains(&a) => {
                match self.sec2.write(a - SEC2_BASE, v) {
                    Some(event) => self.sec2_event(event),
                    None => self.keep_unknown(a, v),
                }
            }
            a => {
                let vfn = a.checked_sub(VFN_BASE);
                if vfn.is_some_and(|o| self.intr.write(o, v)) {
                    self.signal();
                } else if !self.plain.write(a, v) {
                    self.rec.unknown_register(a, true);
                }
                if a == bar0::TLB_INVALIDATE {
                    self.follow_window();
                }
            }
        }
    }

    fn keep_unknown(&mut self, addr: u32, v: u32) {
        self.plain.kept.insert(addr, v);
        self.rec.unknown_register(addr, true);
    }

    /// Sends the interrupt message if one is due.
    fn signal(&mut self) {
        if self.intr.take_message() {
            self.rec.counts.interrupts += 1;
            self.irq.trigger();
        }
    }

    fn latch(&mut self, vector: u32) {
        if !self.intr.latch(vector) {
            self.rec.error(format!("interrupt vector {vector}"));
        }
        self.signal();
    }

    /// GSP-RM's "there is a message": the leaf latches only when the bit was clear.
    fn raise_message_intr(&mut self) {
        if self.gsp_falcon.raise(gsp::MESSAGE_INTR) {
            self.latch(self.options.chip.gsp_vector);
        }
    }

    /// Writes the traces and `device.json` out.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn flush(&mut self) -> std::io::Result<()> {
        let report = self.report();
        self.rec.flush(&report)
    }
}
