// SPDX-License-Identifier: GPL-2.0
//! What a start, a doorbell or a reset leads to: GSP, SEC2 and channels.

use super::{loads, Device};
use crate::falcon::FalconEvent;
use crate::fifo::Outcome;
use crate::gsp::{self, boot, events, GspEvent, Phase};
use crate::rm::{CallEvent, Ctx, Rm};
use crate::vbios::{self, FwsecCommand};

impl Device {
    pub(super) fn gsp_event(&mut self, event: FalconEvent) {
        match event {
            FalconEvent::None => {}
            FalconEvent::Reset => self.gsp.reset(),
            FalconEvent::Start { .. } => self.run_gsp_falcon(),
            FalconEvent::Dma(cmd) => {
                if let Err(e) = self.gsp_falcon.dma(&self.bus, cmd) {
                    self.rec.error(format!("GSP DMA {cmd:#x}: {e}"));
                }
            }
            FalconEvent::Os => {
                let e = self.gsp.os_written(
                    &self.bus,
                    &mut self.gsp_falcon,
                    &mut self.rec,
                    self.options.chip,
                    self.options.sequencer,
                );
                self.gsp_booted(e);
                self.serve();
            }
            FalconEvent::Doorbell => {
                self.rec.counts.doorbells += 1;
                self.serve();
            }
            FalconEvent::Retrigger => {
                if self.gsp_falcon.irqstat & gsp::MESSAGE_INTR != 0 {
                    self.latch(self.options.chip.gsp_vector);
                }
            }
        }
    }

    fn gsp_booted(&mut self, e: GspEvent) {
        if e == GspEvent::Init {
            if let Some(rm) = &mut self.rm {
                // It was suspended: its objects are still there.
                for e in rm.bring_back(&self.bus) {
                    self.rec.error(e);
                }
                self.follow_window();
                return;
            }
            if let Some(layout) = self.gsp.layout {
                self.rm = Some(Rm::new(
                    self.options.chip,
                    layout,
                    &self.bus,
                    self.gsp.meta.rsvd_start,
                ));
            } else {
                self.rec.error("RM of unknown firmware version started");
            }
        }
    }

    /// GSP-RM reads its command queue until it is empty.
    fn serve(&mut self) {
        while self.gsp.reads_queue() {
            let Some(rpc) = self.gsp.next_rpc(&self.bus, &mut self.rec) else {
                return;
            };
            if matches!(rpc.function, 72 | 73) {
                let e =
                    self.gsp
                        .boot_function(&self.bus, &mut self.gsp_falcon, &mut self.rec, &rpc);
                self.gsp_booted(e);
                continue;
            }
            let Some(rm) = self.rm.as_mut() else {
                self.rec
                    .error(format!("function {} before RM has booted", rpc.function));
                continue;
            };
            let mut ctx = Ctx {
                bus: &self.bus,
                fifo: &mut self.fifo,
                rec: &mut self.rec,
            };
            let (reply, event) = rm.call(&mut ctx, rpc);
            self.gsp.send(&self.bus, &mut self.rec, reply, false);
            if event == CallEvent::Bar {
                self.follow_window();
            }
            if let CallEvent::Unload { suspend } = event {
                if !suspend {
                    self.note_leftovers();
                }
                self.gsp
                    .halt(&self.bus, &mut self.gsp_falcon, &mut self.rec);
            }
        }
    }

    pub(super) fn note_leftovers(&mut self) {
        if let Some(rm) = &self.rm {
            self.leftovers.objects.extend(rm.objects.leaked());
            self.leftovers.channels += self.fifo.len();
            self.leftovers.mappings += rm.mappings();
        }
    }

    /// The GSP's Falcon core was started: FWSEC, directly or by way of its loader, or what the sequencer loaded.
    fn run_gsp_falcon(&mut self) {
        let f = &mut self.gsp_falcon;
        if !f.loaded {
            // A driver that starts an empty Falcon gets what it asked for: nothing.
            return;
        }
        let by_loader = !self.options.chip.family.has_brom();
        let mut loader = None;
        if by_loader && vbios::fwsec_command(&f.dmem).is_none() {
            let pieces = f.pieces();
            match loads::by_loader(f, &self.bus) {
                Ok(code) => loader = Some((pieces, code)),
                // What the sequencer loads needs none.
                Err(_) if self.gsp.phase == Phase::Sequencing => {}
                Err(e) => self.rec.error(format!("GSP Falcon loader: {e}")),
            }
        }
        if vbios::fwsec_command(&f.dmem).is_some() {
            self.gsp.abandon();
        }
        self.record_gsp_load(loader);
        let f = &mut self.gsp_falcon;
        f.halted = true;
        f.mailbox[0] = 0;
        match vbios::fwsec_command(&f.dmem) {
            Some(FwsecCommand::Frts { addr, size }) => {
                let end = addr.checked_add(size);
                let chip = self.options.chip;
                let fits = end.is_some_and(|e| e <= chip.memory_end());
                if !chip.family.has_frts() || size < 0x2_0000 || !fits {
                    self.rec
                        .error(format!("FWSEC-FRTS: region {addr:#x}+{size:#x}"));
                    f.mailbox[0] = 1;
                } else {
                    self.plain.wpr2 = (addr, addr + size);
                }
            }
            Some(FwsecCommand::Sb) => {}
            Some(FwsecCommand::Other(c)) => self.rec.error(format!("FWSEC command {c:#x}")),
            None => {
                if self.gsp.phase != Phase::Sequencing {
                    self.rec.error("GSP Falcon started with unknown code");
                }
            }
        }
    }

    pub(super) fn sec2_event(&mut self, event: FalconEvent) {
        match event {
            FalconEvent::Start { .. } => self.run_sec2(),
            // The booter that would bring the core back is gone.
            FalconEvent::Reset => self.gsp.abandon(),
            FalconEvent::Dma(cmd) => {
                if let Err(e) = self.sec2.dma(&self.bus, cmd) {
                    self.rec.error(format!("SEC2 DMA {cmd:#x}: {e}"));
                }
            }
            _ => {}
        }
    }

    /// SEC2 was started: the booter, which loads RM, resumes it in the middle of its boot, or takes WPR2 down.
    fn run_sec2(&mut self) {
        if self.gsp.resume(&mut self.gsp_falcon) {
            self.sec2.mailbox = [0; 2];
            return;
        }
        if !self.sec2.loaded {
            self.rec.error("SEC2 started with nothing loaded");
            return;
        }
        self.sec2.halted = true;
        self.sec2.alias = true;
        let arg = (u64::from(self.sec2.mailbox[1]) << 32) | u64::from(self.sec2.mailbox[0]);
        let up = !matches!(self.gsp.phase, Phase::Off) || self.wpr2_holds_rm();
        self.record_sec2_load(up, arg);
        self.sec2.mailbox = [0; 2];
        if up {
            self.plain.wpr2 = (0, 0);
            self.leftovers.unread += self.gsp.unread(&self.bus);
            self.gsp.booter_unload();
            if boot::is_suspended(&self.bus, arg) {
                self.lose_power();
            } else {
                self.rm = None;
                self.fifo.clear();
            }
            self.follow_window();
            return;
        }
        let status = self.gsp.booter_load(
            &self.bus,
            &mut self.gsp_falcon,
            &mut self.rec,
            self.options.chip,
            self.options.fw,
            arg,
        );
        self.sec2.mailbox[0] = status;
        if status == 0 {
            if let Some(hostile) = &mut self.gsp.hostile {
                hostile.loaded();
            }
            if !boot::is_suspended(&self.bus, arg) {
                // What an earlier session suspended and never resumed is gone.
                self.rm = None;
                self.fifo.clear();
            }
            self.plain.wpr2 = (self.gsp.meta.wpr_start, self.gsp.meta.wpr_end);
        }
    }

    /// What suspend to memory does to video memory. (The driver may be only testing; RM cannot know.)
    fn lose_power(&mut self) {
        if let Some(rm) = &mut self.rm {
            for e in rm.put_away(&self.bus) {
                self.rec.error(e);
            }
        }
        self.forget_memory();
    }

    fn wpr2_holds_rm(&self) -> bool {
        let m = &self.gsp.meta;
        m.wpr_end != 0 && self.plain.wpr2 == (m.wpr_start, m.wpr_end)
    }

    pub(super) fn channel_doorbell(&mut self, token: u32) {
        self.rec.counts.channel_doorbells += 1;
        let Some(rm) = &self.rm else {
            self.rec.error(format!("doorbell {token:#x} without RM"));
            return;
        };
        let root = |client, vaspace| rm.root(client, vaspace);
        let Outcome { vectors, faulted } =
            self.fifo.doorbell(token, &self.bus, &mut self.rec, &root);
        for v in vectors {
            self.latch(v);
        }
        for (chid, why) in faulted {
            self.robust_channel(chid, &why);
        }
    }

    /// What GSP-RM does about a faulted channel: it tells, and the driver kills the channel.
    fn robust_channel(&mut self, chid: u32, why: &str) {
        let Some(layout) = self.gsp.layout else {
            return;
        };
        let engine = self.fifo.get_mut(chid).map_or(0, |c| c.engine_type);
        for m in events::channel_fault(layout, chid, engine, why) {
            self.gsp.send(&self.bus, &mut self.rec, m, true);
        }
        self.raise_message_intr();
    }
}
