// SPDX-License-Identifier: GPL-2.0
//! Host: channels, their GPFIFO entries, and the doorbell.
//!
//! GP entries: nvif/chan506f.c; USERD offsets: nvif/chan506f.c, chanc36f.c; method headers: nvhw/class/cl906f.h; host
//! methods: nvhw/class/clc36f.h and cl906f.h.

mod exec;

use std::collections::{BTreeMap, VecDeque};

use crate::mem::{le64, Aperture, Bus};
use crate::mmu::{self, Root};
use crate::trace::Recorder;
use exec::{decode, Exec, Stats};

const USERD_GP_GET: u64 = 0x88;
const USERD_GP_PUT: u64 = 0x8c;

/// A channel.
#[derive(Debug)]
pub struct Channel {
    /// Number.
    pub chid: u32,
    /// RM client, parent and own handle.
    pub owner: (u32, u32, u32),
    /// Handle of its address space (in the same client).
    pub vaspace: u32,
    /// Runlist of its engine.
    pub runlist: u32,
    /// Non-stalling interrupt vector of its engine.
    pub nonstall: u32,
    /// NV2080 engine type it was made for.
    pub engine_type: u32,
    /// Virtual address and entries of the GPFIFO.
    pub gpfifo: (u64, u32),
    /// Where its USERD is.
    pub userd: (Aperture, u64),
    /// Instance block: address and size.
    pub instance: (u64, u64),
    /// BIND came.
    pub bound: bool,
    /// SCHEDULE came.
    pub scheduled: bool,
    /// It faulted and runs no more.
    pub dead: bool,
    /// GP entries executed.
    pub entries_done: u64,
    exec: Exec,
}

/// Why a channel stopped.
enum Stop {
    /// It has nothing more to do.
    Idle,
    /// It waits for a semaphore.
    Blocked,
    /// It faulted.
    Fault(String),
}

/// What came of running channels.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Interrupt vectors to latch, in order.
    pub vectors: Vec<u32>,
    /// Channels that faulted, with the reason.
    pub faulted: Vec<(u32, String)>,
}

/// All channels.
#[derive(Debug, Default)]
pub struct Fifo {
    channels: BTreeMap<u32, Channel>,
    /// Channels ever made.
    pub made: u64,
    /// Copies done.
    pub copies: u64,
    /// Bytes copied.
    pub copied_bytes: u64,
    /// Methods of engines that are not modelled.
    pub ignored_methods: u64,
}

impl Channel {
    /// A channel for that engine, not yet bound nor scheduled.
    #[allow(clippy::too_many_arguments)] // one for each thing that RM_ALLOC says
    pub fn new(
        chid: u32,
        owner: (u32, u32, u32),
        vaspace: u32,
        engine: &crate::chips::Engine,
        engine_type: u32,
        gpfifo: (u64, u32),
        userd: (Aperture, u64),
        instance: (u64, u64),
    ) -> Self {
        Self {
            chid,
            owner,
            vaspace,
            runlist: engine.runlist,
            nonstall: engine.nonstall,
            engine_type,
            gpfifo,
            userd,
            instance,
            bound: false,
            scheduled: false,
            dead: false,
            entries_done: 0,
            exec: Exec::default(),
        }
    }

    fn userd32(&self, bus: &Bus, off: u64) -> Result<u32, String> {
        let mut b = [0; 4];
        bus.read(self.userd.0, self.userd.1.wrapping_add(off), &mut b)
            .map_err(|e| format!("USERD: {e}"))?;
        Ok(u32::from_le_bytes(b))
    }

    /// Fetches the next GP entry's methods. `Ok(false)`: there is none.
    fn fetch(&mut self, bus: &Bus, root: Root) -> Result<bool, String> {
        let put = self.userd32(bus, USERD_GP_PUT)?;
        let (base, entries) = self.gpfifo;
        if entries == 0 || put >= entries {
            return Err(format!("GP_PUT {put} of {entries} entries"));
        }
        if self.exec.get == put {
            return Ok(false);
        }
        let mut e = [0; 8];
        mmu::read(
            bus,
            root,
            base.wrapping_add(u64::from(self.exec.get) * 8),
            &mut e,
        )
        .map_err(|f| format!("GPFIFO: {f}"))?;
        let entry = le64(&e, 0);
        let addr = entry & 0xff_ffff_fffc;
        let words = (entry >> 42) as usize & 0x1f_ffff;
        let mut data = vec![0; words * 4];
        mmu::read(bus, root, addr, &mut data).map_err(|f| format!("push buffer: {f}"))?;
        decode(&data, &mut self.exec.methods)?;
        self.exec.get = (self.exec.get + 1) % entries;
        self.entries_done += 1;
        bus.write(
            self.userd.0,
            self.userd.1.wrapping_add(USERD_GP_GET),
            &self.exec.get.to_le_bytes(),
        )
        .map_err(|e| format!("USERD: {e}"))?;
        Ok(true)
    }

    fn run(&mut self, bus: &Bus, root: Root, fifo: &mut Stats, out: &mut Outcome) -> Stop {
        loop {
            while let Some(m) = self.exec.methods.front().copied() {
                match self.exec.method(bus, root, m, self.nonstall, fifo, out) {
                    Ok(true) => {
                        self.exec.methods.pop_front();
                    }
                    Ok(false) => return Stop::Blocked,
                    Err(e) => return Stop::Fault(e),
                }
            }
            match self.fetch(bus, root) {
                Ok(true) => {}
                Ok(false) => return Stop::Idle,
                Err(e) => return Stop::Fault(e),
            }
        }
    }
}

impl Fifo {
    /// Adds a channel; false when its number is in use.
    pub fn add(&mut self, c: Channel) -> bool {
        if self.channels.contains_key(&c.chid) {
            return false;
        }
        self.made += 1;
        self.channels.insert(c.chid, c);
        true
    }

    /// Removes a channel.
    pub fn remove(&mut self, chid: u32) {
        self.channels.remove(&chid);
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.channels.clear();
    }

    /// The channel, to change.
    pub fn get_mut(&mut self, chid: u32) -> Option<&mut Channel> {
        self.channels.get_mut(&chid)
    }

    /// Live channels.
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    /// A channel that uses that address space.
    pub fn user_of(&self, client: u32, vaspace: u32) -> Option<u32> {
        self.channels
            .values()
            .find(|c| c.owner.0 == client && c.vaspace == vaspace)
            .map(|c| c.chid)
    }

    /// Number and engine type of the first channel that runs.
    pub fn first_live(&self) -> Option<(u32, u32)> {
        self.channels
            .values()
            .find(|c| c.scheduled && !c.dead)
            .map(|c| (c.chid, c.engine_type))
    }

    /// The doorbell rang with this token (runlist << 16 | channel, nvkm/engine/fifo/tu102.c). `root` finds the page directory
    /// of (client, address space).
    pub fn doorbell(
        &mut self,
        token: u32,
        bus: &Bus,
        rec: &mut Recorder,
        root: &dyn Fn(u32, u32) -> Option<Root>,
    ) -> Outcome {
        let mut out = Outcome::default();
        let (runlist, chid) = (token >> 16, token & 0xffff);
        match self.channels.get(&chid) {
            None => {
                rec.error(format!("doorbell {token:#x}: no channel {chid}"));
                return out;
            }
            Some(c) if c.runlist != runlist => {
                rec.error(format!(
                    "doorbell {token:#x}: channel {chid} is on runlist {}",
                    c.runlist
                ));
                return out;
            }
            Some(c) if !c.scheduled => {
                rec.error(format!("doorbell {token:#x}: channel {chid} not scheduled"));
                return out;
            }
            Some(_) => {}
        }
        // A release on one channel may let another go on: run all until none moves.
        let mut stats = Stats::default();
        let mut order: VecDeque<u32> = std::iter::once(chid)
            .chain(self.channels.keys().copied().filter(|c| *c != chid))
            .collect();
        let mut still = 0;
        while let Some(id) = order.pop_front() {
            let Some(c) = self.channels.get_mut(&id) else {
                continue;
            };
            if c.dead || !c.scheduled {
                continue;
            }
            let before = (c.exec.get, c.exec.methods.len());
            let stop = match root(c.owner.0, c.vaspace) {
                Some(r) => c.run(bus, r, &mut stats, &mut out),
                // Only a fault if it had something to do.
                None => match c.userd32(bus, USERD_GP_PUT) {
                    Ok(put) if put == c.exec.get => Stop::Idle,
                    _ => Stop::Fault("address space without page directory".into()),
                },
            };
            let moved = before != (c.exec.get, c.exec.methods.len());
            match stop {
                Stop::Idle => {}
                Stop::Blocked => {
                    still = if moved { 0 } else { still + 1 };
                    order.push_back(id);
                    if still > order.len() {
                        break;
                    }
                }
                Stop::Fault(why) => {
                    c.dead = true;
                    rec.error(format!("channel {id}: {why}"));
                    out.faulted.push((id, why));
                }
            }
        }
        self.copies += stats.copies;
        self.copied_bytes += stats.copied_bytes;
        self.ignored_methods += stats.ignored;
        out
    }
}
