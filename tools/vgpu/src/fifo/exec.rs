// SPDX-License-Identifier: GPL-2.0
//! Methods: taken out of push buffers, executed by host or by the engine of their subchannel.
//!
//! Method headers: nvhw/class/cl906f.h; host methods: nvhw/class/clc36f.h and cl906f.h.

use std::collections::VecDeque;

use super::Outcome;
use crate::ce::CopyEngine;
use crate::mem::Bus;
use crate::mmu::{self, Fault, Root};

/// Subchannels.
const SUBCHANNELS: usize = 8;

/// A method and its data, on a subchannel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Method {
    subchannel: u8,
    addr: u16,
    data: u32,
}

/// What a channel executes.
#[derive(Debug, Default)]
pub(super) struct Exec {
    pub(super) get: u32,
    pub(super) methods: VecDeque<Method>,
    classes: [u32; SUBCHANNELS],
    engines: [CopyEngine; SUBCHANNELS],
    sem_addr: u64,
    sem_payload: u64,
    semaphore: [u32; 3],
    reference: u32,
}

/// What executing methods added up to.
#[derive(Default)]
pub(super) struct Stats {
    pub(super) copies: u64,
    pub(super) copied_bytes: u64,
    pub(super) ignored: u64,
}

/// Turns a push buffer segment into single methods (nvhw/class/cl906f.h, "dma method formats").
pub(super) fn decode(data: &[u8], out: &mut VecDeque<Method>) -> Result<(), String> {
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
    pub(super) fn method(
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
