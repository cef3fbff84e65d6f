// SPDX-License-Identifier: GPL-2.0
//! Host: channels, GPFIFO entries, push buffers, and the methods that host itself executes.
//!
//! GP entries: nvif/chan506f.c; USERD offsets: nvif/chan506f.c, chanc36f.c; method headers: nvhw/class/cl906f.h; host
//! methods: nvhw/class/clc36f.h and cl906f.h.

use std::collections::{BTreeMap, VecDeque};

use crate::ce::CopyEngine;
use crate::mem::{le64, Aperture, Bus};
use crate::mmu::{self, Fault, Root};
use crate::trace::Recorder;

const USERD_GP_GET: u64 = 0x88;
const USERD_GP_PUT: u64 = 0x8c;
/// Subchannels.
const SUBCHANNELS: usize = 8;

/// A method and its data, on a subchannel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Method {
    subchannel: u8,
    addr: u16,
    data: u32,
}

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

/// What a channel executes.
#[derive(Debug, Default)]
struct Exec {
    get: u32,
    methods: VecDeque<Method>,
    classes: [u32; SUBCHANNELS],
    engines: [CopyEngine; SUBCHANNELS],
    sem_addr: u64,
    sem_payload: u64,
    semaphore: [u32; 3],
    reference: u32,
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

#[derive(Default)]
struct Stats {
    copies: u64,
    copied_bytes: u64,
    ignored: u64,
}

/// Turns a push buffer segment into single methods (nvhw/class/cl906f.h, "dma method formats").
fn decode(data: &[u8], out: &mut VecDeque<Method>) -> Result<(), String> {
    let mut words = data
        .chunks_exact(4)
        .map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]));
    while let Some(h) = words.next() {
        let op = h >> 29;
        let count = (h >> 16) & 0x1fff;
        let subchannel = ((h >> 13) & 7) as u8;
        let addr = (h & 0xfff) * 4;
        let mut push = |addr: u32, data: u32| {
            out.push_back(Method {
                subchannel,
                addr: (addr & 0x3ffc) as u16,
                data,
            });
        };
        match op {
            // Subdevice masks: there is one subdevice. A zero word is a NOP.
            0 => {
                if (h >> 16) & 3 == 0 && h != 0 {
                    return Err(format!("old method header {h:#010x}"));
                }
            }
            4 => push(addr, count),
            7 => return Ok(()),
            1 | 3 | 5 => {
                for i in 0..count {
                    let Some(w) = words.next() else {
                        return Err(format!("header {h:#010x} needs {count} words"));
                    };
                    let step = match op {
                        1 => i * 4,
                        5 => i.min(1) * 4,
                        _ => 0,
                    };
                    push(addr + step, w);
                }
            }
            _ => return Err(format!("method header {h:#010x}")),
        }
    }
    Ok(())
}

impl Exec {
    /// Executes one method. `Ok(false)`: it has to wait.
    fn method(
        &mut self,
        bus: &Bus,
        root: Root,
        m: Method,
        nonstall: u32,
        stats: &mut Stats,
        out: &mut Outcome,
    ) -> Result<bool, String> {
        let fault = |f: Fault| f.to_string();
        let sub = usize::from(m.subchannel) % SUBCHANNELS;
        match m.addr {
            0x000 => self.classes[sub] = m.data & 0xffff,
            // NON_STALL_INTERRUPT
            0x020 => out.vectors.push(nonstall),
            // SEMAPHOREA to SEMAPHORED of the older host classes.
            0x010 | 0x014 | 0x018 => self.semaphore[(usize::from(m.addr) - 0x10) / 4] = m.data,
            0x01c => {
                let addr =
                    (u64::from(self.semaphore[0] & 0xff) << 32) | u64::from(self.semaphore[1] & !3);
                let payload = self.semaphore[2];
                match m.data & 0xf {
                    2 => {
                        let short = m.data & (1 << 24) != 0;
                        release(bus, root, addr, u64::from(payload), false, !short)
                            .map_err(fault)?;
                    }
                    op @ (1 | 4 | 8) => {
                        let have = read32(bus, root, addr).map_err(fault)?;
                        return Ok(match op {
                            1 => have == payload,
                            4 => have.wrapping_sub(payload) as i32 >= 0,
                            _ => have & payload != 0,
                        });
                    }
                    op => return Err(format!("semaphore operation {op}")),
                }
            }
            // MEM_OP_A to MEM_OP_D: barriers and TLB invalidation; there is nothing cached.
            0x028 | 0x02c | 0x030 | 0x034 => {}
            0x050 => self.reference = m.data,
            0x05c => {
                self.sem_addr = (self.sem_addr & !0xffff_ffff) | u64::from(m.data & !3);
            }
            0x060 => {
                self.sem_addr = (self.sem_addr & 0xffff_ffff) | (u64::from(m.data & 0xff) << 32);
            }
            0x064 => {
                self.sem_payload = (self.sem_payload & !0xffff_ffff) | u64::from(m.data);
            }
            0x068 => {
                self.sem_payload = (self.sem_payload & 0xffff_ffff) | (u64::from(m.data) << 32);
            }
            0x06c => return self.sem_execute(bus, root, m.data),
            // WFI, YIELD, and the rest of host's range: no effect here.
            0x004..=0x0fc => {}
            _ if self.classes[sub] & 0xff == 0xb5 => {
                let done = self.engines[sub].method(bus, root, m.addr, m.data)?;
                if let Some(done) = done {
                    stats.copies += 1;
                    stats.copied_bytes += done.bytes;
                    if done.interrupt {
                        out.vectors.push(nonstall);
                    }
                }
            }
            _ => stats.ignored += 1,
        }
        Ok(true)
    }

    /// SEM_EXECUTE of clc36f.h.
    fn sem_execute(&mut self, bus: &Bus, root: Root, v: u32) -> Result<bool, String> {
        let fault = |f: Fault| f.to_string();
        let wide = v & (1 << 24) != 0;
        let (addr, payload) = (self.sem_addr, self.sem_payload);
        let op = v & 7;
        if op == 1 {
            let stamp = v & (1 << 25) != 0;
            release(bus, root, addr, payload, wide, stamp).map_err(fault)?;
            return Ok(true);
        }
        let mut b = [0; 8];
        let len = if wide { 8 } else { 4 };
        mmu::read(bus, root, addr, &mut b[..len]).map_err(fault)?;
        let have = u64::from_le_bytes(b);
        let want = if wide { payload } else { payload & 0xffff_ffff };
        let circular = if wide {
            have.wrapping_sub(want) as i64 >= 0
        } else {
            (have as u32).wrapping_sub(want as u32) as i32 >= 0
        };
        match op {
            0 => Ok(have == want),
            2 => Ok(have >= want),
            3 => Ok(circular),
            4 => Ok(have & want != 0),
            5 => Ok(!(have | want) != 0),
            6 => {
                let result = match (v >> 27) & 0xf {
                    2 => have ^ want,
                    3 => have & want,
                    4 => have | want,
                    5 => have.wrapping_add(want),
                    6 => {
                        if have >= want {
                            0
                        } else {
                            have + 1
                        }
                    }
                    other => return Err(format!("semaphore reduction {other}")),
                };
                mmu::write(bus, root, addr, &result.to_le_bytes()[..len]).map_err(fault)?;
                Ok(true)
            }
            other => Err(format!("semaphore operation {other}")),
        }
    }
}

fn read32(bus: &Bus, root: Root, va: u64) -> Result<u32, Fault> {
    let mut b = [0; 4];
    mmu::read(bus, root, va, &mut b)?;
    Ok(u32::from_le_bytes(b))
}

/// Writes a semaphore: the payload, and with a time stamp sixteen bytes. Time stands still here.
fn release(
    bus: &Bus,
    root: Root,
    va: u64,
    payload: u64,
    wide: bool,
    stamp: bool,
) -> Result<(), Fault> {
    let mut b = [0; 16];
    b[..8].copy_from_slice(&payload.to_le_bytes());
    if !wide {
        b[4..8].fill(0);
    }
    let len = match (stamp, wide) {
        (true, _) => 16,
        (false, true) => 8,
        (false, false) => 4,
    };
    mmu::write(bus, root, va, &b[..len])
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
