// SPDX-License-Identifier: GPL-2.0
//! The GSP: the phases of its boot, and the conversation over its queues.

pub mod boot;
pub mod element;
pub mod events;
pub mod logs;
pub mod names;
pub mod queue;
pub mod radix3;
pub mod sequencer;

use std::collections::VecDeque;

use crate::buffer::Content;
use crate::chips::Chip;
use crate::falcon::Falcon;
use crate::gsp::element::Element;
use crate::hostile::Hostile;
use crate::mem::Bus;
use crate::rm::layout::Layout;
use crate::trace::{Recorder, WireRecord};
use logs::{Logs, Writer};
use queue::{Queues, Rpc, MAX_PAYLOAD};

/// Function number of a continuation record.
pub const CONTINUATION_RECORD: u32 = 71;
/// Messages that wait for room in the message queue; beyond that they are lost, and an error is noted.
const MAX_BACKLOG: usize = 256;
/// Largest message put together from continuation records.
const MAX_MESSAGE: usize = 16 << 20;
/// The interrupt bit with which GSP-RM says that there is a message.
pub const MESSAGE_INTR: u32 = 0x40;

/// Where the GSP is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Not started.
    #[default]
    Off,
    /// The booter started the RISC-V core; it waits for the driver to write the application version.
    Started,
    /// RUN_CPU_SEQUENCER was sent; the core waits to be resumed by SEC2.
    Sequencing,
    /// SEC2 resumed it; it waits for the application version again.
    Resumed,
    /// RM initialises once system info and registry are there.
    Init,
    /// INIT_DONE was sent.
    Running,
    /// The driver said goodbye.
    Halted,
}

/// The GSP's state behind its registers.
#[derive(Default)]
pub struct Gsp {
    /// Where it is.
    pub phase: Phase,
    /// Times it was booted.
    pub boots: u32,
    /// ABI of the firmware that runs.
    pub layout: Option<&'static Layout>,
    /// Its version.
    pub version: Option<&'static str>,
    /// Metadata of the last cold boot.
    pub meta: boot::WprMeta,
    /// Queues of this boot.
    pub queues: Option<Queues>,
    /// RM's arguments: address and size. RM looks at them again when it is resumed.
    rmargs: Option<(u64, u64)>,
    logs: Logs,
    seen_system_info: bool,
    seen_registry: bool,
    backlog: VecDeque<Element>,
    partial: Option<Rpc>,
    /// `0x1180f8`: SEC2 tells that it resumed the GSP.
    pub resumed_flag: bool,
    /// What is wrong with it, if it was made hostile.
    pub hostile: Option<Box<Hostile>>,
}

/// What the GSP wants of the device after it did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GspEvent {
    /// Nothing.
    None,
    /// RM state is to be made anew.
    Init,
}

impl Gsp {
    /// A GSP that is off, after it was booted that often.
    pub fn after(boots: u32, hostile: Option<Box<Hostile>>) -> Self {
        Self {
            boots,
            hostile,
            ..Self::default()
        }
    }

    /// The booter ran on SEC2 with this address in its mailboxes. Returns mailbox 0 for the driver: 0 for success.
    pub fn booter_load(
        &mut self,
        bus: &Bus,
        falcon: &mut Falcon,
        rec: &mut Recorder,
        chip: &Chip,
        forced: Option<&'static str>,
        addr: u64,
    ) -> u32 {
        let resume = boot::is_suspended(bus, addr);
        self.boots += 1;
        self.resumed_flag = false;
        if resume {
            if self.queues.is_none() {
                rec.error("booter: resume without a suspended RM");
                return 1;
            }
            if let Some((addr, size)) = self.rmargs {
                match boot::buffer(bus, "rmargs", addr, size, Content::Driver) {
                    Ok(b) => rec.hand(self.boots, b),
                    Err(e) => rec.error(e),
                }
            }
        } else if let Err(e) = self.cold_boot(bus, falcon, rec, chip, forced, addr) {
            rec.error(format!("booter: {e}"));
            return 1;
        }
        self.phase = Phase::Started;
        falcon.riscv_active = true;
        let how = match resume {
            true => "boot: a suspended RM was brought back",
            false => "boot: RM's image was found and checked",
        };
        let more = [
            how,
            "boot: libos arguments were read",
            "boot: the core was started; it waits for the driver",
        ];
        self.log(bus, rec, Writer::Init, &more);
        0
    }

    fn cold_boot(
        &mut self,
        bus: &Bus,
        falcon: &Falcon,
        rec: &mut Recorder,
        chip: &Chip,
        forced: Option<&'static str>,
        addr: u64,
    ) -> Result<(), String> {
        let mut h = boot::read_wpr_meta(bus, addr, chip)?;
        let libos_addr = (u64::from(falcon.mailbox[1]) << 32) | u64::from(falcon.mailbox[0]);
        let libos = boot::Libos::read(bus, libos_addr)?;
        let (rmargs, size) = libos
            .find("RMARGS")
            .ok_or("libos arguments without RMARGS")?;
        let args = boot::RmArgs::read(bus, rmargs)?;
        let size = size.min(0x1000);
        self.rmargs = Some((rmargs, size));
        let named = [("libos", libos_addr, 0x1000), ("rmargs", rmargs, size)];
        for (name, addr, size) in named {
            match boot::buffer(bus, name, addr, size, Content::Driver) {
                Ok(b) => h.buffers.push(b),
                Err(e) => h.complaints.push(e),
            }
        }
        for (name, addr, size) in &libos.regions {
            if name.starts_with("LOG") {
                match boot::buffer(bus, &name.to_lowercase(), *addr, *size, Content::Driver) {
                    Ok(b) => h.buffers.push(b),
                    Err(e) => h.complaints.push(e),
                }
            }
        }
        // The digests come first: attaching writes the message queue's header.
        for (name, off) in [("cmdq", args.cmdq), ("msgq", args.msgq)] {
            let len = args.msgq.saturating_sub(args.cmdq);
            match boot::buffer(
                bus,
                name,
                args.shared.wrapping_add(off),
                len,
                Content::Driver,
            ) {
                Ok(b) => h.buffers.push(b),
                Err(e) => h.complaints.push(e),
            }
        }
        let boot = self.boots;
        for b in h.buffers {
            rec.hand(boot, b);
        }
        for c in h.complaints {
            rec.error(c);
        }
        self.queues = Some(Queues::attach(
            bus,
            args.shared,
            args.ptes,
            args.cmdq,
            args.msgq,
        )?);
        self.logs = Logs::attach(&libos);
        if let (Some(found), Some(forced)) = (h.version, forced) {
            if found != forced {
                rec.error(format!("firmware image says {found}, --fw says {forced}"));
            }
        }
        self.version = forced.or(h.version);
        self.layout = self.version.and_then(Layout::of);
        self.meta = h.meta;
        self.seen_system_info = false;
        self.seen_registry = false;
        self.backlog.clear();
        self.partial = None;
        Ok(())
    }

    /// The driver wrote the application version: the bootloader goes on.
    pub fn os_written(
        &mut self,
        bus: &Bus,
        falcon: &mut Falcon,
        rec: &mut Recorder,
        chip: &Chip,
        sequencer: bool,
    ) -> GspEvent {
        match self.phase {
            Phase::Started if sequencer => {
                falcon.mailbox[0] |= 0x8000_0000;
                let image = self.meta.heap.0.wrapping_add(0x4_3000);
                let mut payload = sequencer::payload(&sequencer::commands(chip.family, image));
                if let Some(hostile) = &mut self.hostile {
                    hostile.sequence(&mut payload);
                }
                self.phase = Phase::Sequencing;
                self.send(bus, rec, event(0x1002, payload), false);
                GspEvent::None
            }
            Phase::Started | Phase::Resumed => {
                self.phase = Phase::Init;
                self.try_init(bus, falcon, rec)
            }
            _ => GspEvent::None,
        }
    }

    /// SEC2 was started by its alias register while the sequencer ran.
    pub fn resume(&mut self, falcon: &mut Falcon) -> bool {
        if self.phase != Phase::Sequencing {
            return false;
        }
        self.phase = Phase::Resumed;
        self.resumed_flag = true;
        falcon.riscv_active = true;
        true
    }

    fn try_init(&mut self, bus: &Bus, falcon: &mut Falcon, rec: &mut Recorder) -> GspEvent {
        if self.phase != Phase::Init || !self.seen_system_info || !self.seen_registry {
            return GspEvent::None;
        }
        self.phase = Phase::Running;
        falcon.set_riscv_irqmask(MESSAGE_INTR);
        falcon.irqstat &= !MESSAGE_INTR;
        let texts = [
            "rm: system information and registry were read",
            "rm: queues are attached, interrupts are on",
            "rm: initialised; functions are served from here on",
        ];
        self.log(bus, rec, Writer::Rm, &texts);
        self.send(bus, rec, event(0x1001, Vec::new()), false);
        GspEvent::Init
    }

    /// Notes a function that needs no reply and may complete the boot.
    pub fn boot_function(
        &mut self,
        bus: &Bus,
        falcon: &mut Falcon,
        rec: &mut Recorder,
        rpc: &Rpc,
    ) -> GspEvent {
        if rpc.function == 72 {
            self.seen_system_info = true;
            let len = rpc.payload.len();
            match self.layout {
                None => {
                    self.layout = Layout::by_system_info(len);
                    self.version = self.layout.map(|l| l.version);
                    if self.layout.is_none() {
                        rec.error(format!("GSP_SET_SYSTEM_INFO of {len} bytes: ABI unknown"));
                    }
                }
                Some(l) if l.system_info != len => rec.error(format!(
                    "GSP_SET_SYSTEM_INFO of {len} bytes, firmware {} takes {}",
                    l.version, l.system_info
                )),
                Some(_) => {}
            }
        } else {
            self.seen_registry = true;
        }
        self.try_init(bus, falcon, rec)
    }

    /// Whether RM answers functions.
    pub fn reads_queue(&self) -> bool {
        matches!(self.phase, Phase::Init | Phase::Running)
    }

    /// Takes the next whole RPC from the command queue: continuation records are put together.
    pub fn next_rpc(&mut self, bus: &Bus, rec: &mut Recorder) -> Option<Rpc> {
        loop {
            let taken = match self.queues.as_mut()?.take(bus)? {
                Ok(t) => t,
                Err((e, more)) => {
                    rec.error(format!("command queue: {e}"));
                    if more {
                        continue;
                    }
                    return None;
                }
            };
            if let Some(c) = taken.complaint {
                rec.error(c);
            }
            let rpc = taken.rpc;
            rec.wire(&WireRecord {
                queue: "cmdq",
                function: rpc.function,
                name: names::function(rpc.function),
                length: (queue::RPC_HEADER + rpc.payload.len()) as u32,
                sequence: rpc.sequence,
                elem_seq: taken.elem_seq,
                result: rpc.result,
                elems: taken.pages,
                payload: &rpc.payload,
            });
            if let Some(whole) = self.join(rpc, rec) {
                return Some(whole);
            }
        }
    }

    /// Puts continuation records together. A message is whole when it has the bytes that its own header promises.
    fn join(&mut self, rpc: Rpc, rec: &mut Recorder) -> Option<Rpc> {
        let joined = match (self.partial.take(), rpc.function) {
            (Some(mut first), CONTINUATION_RECORD) => {
                first.payload.extend_from_slice(&rpc.payload);
                first
            }
            (None, CONTINUATION_RECORD) => {
                rec.error("continuation record without a beginning");
                return None;
            }
            (Some(first), _) => {
                rec.error(format!(
                    "function {}: {} bytes came, then function {}",
                    first.function,
                    first.payload.len(),
                    rpc.function
                ));
                rpc
            }
            (None, _) => rpc,
        };
        let promised = crate::rm::promised_len(&joined).unwrap_or(joined.payload.len());
        if joined.payload.len() >= MAX_PAYLOAD
            && joined.payload.len() < promised
            && promised <= MAX_MESSAGE
        {
            self.partial = Some(joined);
            return None;
        }
        Some(joined)
    }

    /// Sends a message, in several elements if it is long. `event` counts it as asynchronous.
    pub fn send(&mut self, bus: &Bus, rec: &mut Recorder, rpc: Rpc, event: bool) {
        let honest = Element::split(&rpc, event);
        let elements = match (&mut self.hostile, self.layout) {
            (Some(hostile), Some(layout)) => hostile.outgoing(layout, &rpc, honest),
            _ => honest,
        };
        self.send_elements(bus, rec, elements);
    }

    /// Sends elements as they are.
    pub fn send_elements(&mut self, bus: &Bus, rec: &mut Recorder, elements: Vec<Element>) {
        for element in elements {
            if self.backlog.len() >= MAX_BACKLOG {
                rec.error(format!(
                    "message queue full: function {:#x} lost",
                    element.rpc.function
                ));
            } else {
                self.backlog.push_back(element);
            }
        }
        self.drain(bus, rec);
    }

    /// Moves waiting messages into the queue as far as there is room.
    pub fn drain(&mut self, bus: &Bus, rec: &mut Recorder) {
        while let (Some(element), Some(q)) = (self.backlog.front(), self.queues.as_mut()) {
            match q.post(bus, element) {
                Ok(Some((elem_seq, pages))) => {
                    let rpc = &element.rpc;
                    rec.wire(&WireRecord {
                        queue: "msgq",
                        function: rpc.function,
                        name: names::function(rpc.function),
                        length: (queue::RPC_HEADER + rpc.payload.len()) as u32,
                        sequence: rpc.sequence,
                        elem_seq,
                        result: rpc.result,
                        elems: pages,
                        payload: &rpc.payload,
                    });
                    rec.counts.events += u64::from(element.event);
                    self.backlog.pop_front();
                }
                Ok(None) => return,
                Err(e) => {
                    rec.error(e);
                    self.backlog.clear();
                    return;
                }
            }
        }
    }

    /// Messages wait for room.
    pub fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Messages that wait for room, and pages in the queues that nobody has read.
    pub fn unread(&self, bus: &Bus) -> usize {
        let queued = self.queues.as_ref().and_then(|q| q.unread(bus));
        self.backlog.len() + queued.unwrap_or(0) as usize
    }

    fn log(&mut self, bus: &Bus, rec: &mut Recorder, writer: Writer, texts: &[&str]) {
        if let Err(e) = self.logs.write(bus, writer, texts) {
            rec.error(e);
        }
    }

    /// The driver said goodbye and got its reply.
    pub fn halt(&mut self, bus: &Bus, falcon: &mut Falcon, rec: &mut Recorder) {
        self.log(bus, rec, Writer::Rm, &["rm: the driver unloads"]);
        self.phase = Phase::Halted;
        falcon.mailbox[0] = 0x8000_0000;
    }

    /// The GSP's engine was reset.
    pub fn reset(&mut self) {
        if !matches!(self.phase, Phase::Sequencing | Phase::Off) {
            self.phase = Phase::Off;
        }
    }

    /// A driver began anew in the middle of a boot.
    pub fn abandon(&mut self) {
        if self.phase == Phase::Sequencing {
            self.phase = Phase::Off;
        }
    }

    /// The booter took WPR2 down. What a suspended RM needs is kept.
    pub fn booter_unload(&mut self) {
        self.phase = Phase::Off;
        self.resumed_flag = false;
    }
}

/// An event: no sequence number, no result.
pub fn event(function: u32, payload: Vec<u8>) -> Rpc {
    Rpc {
        function,
        payload,
        ..Rpc::default()
    }
}
