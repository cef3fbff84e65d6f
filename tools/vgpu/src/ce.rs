// SPDX-License-Identifier: GPL-2.0
//! The copy engine: pitch-linear copies and fills, semaphores (nvhw/class/cla0b5.h; c5b5 and c7b5 kept its methods).

use crate::mem::{Aperture, Bus};
use crate::mmu::{self, Root};

const SET_SEMAPHORE_A: usize = 0x240;
const SET_SRC_PHYS_MODE: usize = 0x260;
const SET_DST_PHYS_MODE: usize = 0x264;
const LAUNCH_DMA: usize = 0x300;
const OFFSET_IN_UPPER: usize = 0x400;
const OFFSET_OUT_UPPER: usize = 0x408;
const PITCH_IN: usize = 0x410;
const PITCH_OUT: usize = 0x414;
const LINE_LENGTH_IN: usize = 0x418;
const LINE_COUNT: usize = 0x41c;
const SET_REMAP_CONST_A: usize = 0x700;
const SET_REMAP_COMPONENTS: usize = 0x708;

/// One launch copies no more than this.
const MAX_BYTES: u64 = 1 << 30;
/// And no more lines than this.
const MAX_LINES: u64 = 1 << 22;
/// Bytes moved at a time.
const CHUNK: usize = 1 << 20;

/// The engine's registers as a subchannel sees them.
#[derive(Debug, Default)]
pub struct CopyEngine {
    regs: Vec<u32>,
}

/// A finished launch.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// Bytes written.
    pub bytes: u64,
    /// An interrupt was asked for.
    pub interrupt: bool,
}

/// Memory through page tables, or physical.
struct Side {
    root: Option<Root>,
    aperture: Aperture,
    base: u64,
    pitch: i64,
}

impl Side {
    fn read(&self, bus: &Bus, at: u64, buf: &mut [u8]) -> Result<(), String> {
        match self.root {
            Some(r) => mmu::read(bus, r, at, buf).map_err(|f| f.to_string()),
            None => bus.read(self.aperture, at, buf).map_err(|e| e.to_string()),
        }
    }

    fn write(&self, bus: &Bus, at: u64, buf: &[u8]) -> Result<(), String> {
        match self.root {
            Some(r) => mmu::write(bus, r, at, buf).map_err(|f| f.to_string()),
            None => bus.write(self.aperture, at, buf).map_err(|e| e.to_string()),
        }
    }

    fn line(&self, n: u64) -> u64 {
        self.base
            .wrapping_add((n as i64).wrapping_mul(self.pitch) as u64)
    }
}

impl CopyEngine {
    fn reg(&self, off: usize) -> u32 {
        self.regs.get(off / 4).copied().unwrap_or(0)
    }

    fn addr(&self, off: usize) -> u64 {
        (u64::from(self.reg(off) & 0x1_ffff) << 32) | u64::from(self.reg(off + 4))
    }

    /// Takes a method; a launch is done when this returns.
    ///
    /// # Errors
    /// A sentence, when a launch faults or asks for what is not modelled.
    pub fn method(
        &mut self,
        bus: &Bus,
        root: Root,
        addr: u16,
        data: u32,
    ) -> Result<Option<Done>, String> {
        let at = usize::from(addr) / 4;
        if self.regs.is_empty() {
            self.regs.resize(0x1000, 0);
        }
        if let Some(r) = self.regs.get_mut(at) {
            *r = data;
        }
        if usize::from(addr) == LAUNCH_DMA {
            return self.launch(bus, root, data).map(Some);
        }
        Ok(None)
    }

    fn side(&self, root: Root, physical: bool, offset: usize, pitch: usize, mode: usize) -> Side {
        Side {
            root: (!physical).then_some(root),
            aperture: if self.reg(mode) & 3 == 0 {
                Aperture::Vram
            } else {
                Aperture::Sys
            },
            base: self.addr(offset),
            pitch: i64::from(self.reg(pitch) as i32),
        }
    }

    fn launch(&self, bus: &Bus, root: Root, v: u32) -> Result<Done, String> {
        let mut bytes = 0;
        if v & 3 != 0 {
            if v & 0x180 != 0x180 {
                return Err(format!("LAUNCH_DMA {v:#x}: block-linear is not modelled"));
            }
            let src = self.side(
                root,
                v & (1 << 12) != 0,
                OFFSET_IN_UPPER,
                PITCH_IN,
                SET_SRC_PHYS_MODE,
            );
            let dst = self.side(
                root,
                v & (1 << 13) != 0,
                OFFSET_OUT_UPPER,
                PITCH_OUT,
                SET_DST_PHYS_MODE,
            );
            let lines = if v & (1 << 9) != 0 {
                u64::from(self.reg(LINE_COUNT))
            } else {
                1
            };
            let length = u64::from(self.reg(LINE_LENGTH_IN));
            bytes = if v & (1 << 10) != 0 {
                self.remap(bus, &src, &dst, length, lines)?
            } else {
                copy(bus, &src, &dst, length, lines)?
            };
        }
        let semaphore = (v >> 3) & 3;
        if semaphore != 0 {
            let at = self.addr(SET_SEMAPHORE_A);
            let mut b = [0; 16];
            b[..4].copy_from_slice(&self.reg(SET_SEMAPHORE_A + 8).to_le_bytes());
            let len = if semaphore == 2 { 16 } else { 4 };
            mmu::write(bus, root, at, &b[..len]).map_err(|f| f.to_string())?;
        }
        Ok(Done {
            bytes,
            interrupt: (v >> 5) & 3 != 0,
        })
    }

    /// Components of a pixel put together from source components and constants.
    fn remap(
        &self,
        bus: &Bus,
        src: &Side,
        dst: &Side,
        length: u64,
        lines: u64,
    ) -> Result<u64, String> {
        let c = self.reg(SET_REMAP_COMPONENTS);
        let size = ((c >> 16) & 3) as usize + 1;
        let (ns, nd) = (((c >> 20) & 3) as usize + 1, ((c >> 24) & 3) as usize + 1);
        let total = length
            .checked_mul(lines)
            .and_then(|n| n.checked_mul((size * nd) as u64))
            .filter(|n| *n <= MAX_BYTES && lines <= MAX_LINES)
            .ok_or_else(|| format!("remap of {lines} lines of {length} elements"))?;
        let select: Vec<u32> = (0..nd).map(|i| (c >> (i * 4)) & 7).collect();
        let reads = select.iter().any(|s| *s < 4);
        let consts = [SET_REMAP_CONST_A, SET_REMAP_CONST_A + 4].map(|r| self.reg(r).to_le_bytes());
        let per = CHUNK / 16;
        for line in 0..lines {
            let mut done = 0u64;
            while done < length {
                let n = (length - done).min(per as u64) as usize;
                let from = src.line(line).wrapping_add(done * (size * ns) as u64);
                let to = dst.line(line).wrapping_add(done * (size * nd) as u64);
                let mut s = vec![0; n * size * ns];
                if reads {
                    src.read(bus, from, &mut s)?;
                }
                let mut d = vec![0; n * size * nd];
                if select.contains(&6) {
                    dst.read(bus, to, &mut d)?;
                }
                for px in 0..n {
                    for (i, sel) in select.iter().enumerate() {
                        let out = (px * nd + i) * size;
                        let o = &mut d[out..out + size];
                        match *sel {
                            k @ 0..=3 if (k as usize) < ns => {
                                let at = (px * ns + k as usize) * size;
                                o.copy_from_slice(&s[at..at + size]);
                            }
                            k @ 4..=5 => o.copy_from_slice(&consts[k as usize - 4][..size]),
                            _ => {}
                        }
                    }
                }
                dst.write(bus, to, &d)?;
                done += n as u64;
            }
        }
        Ok(total)
    }
}

fn copy(bus: &Bus, src: &Side, dst: &Side, length: u64, lines: u64) -> Result<u64, String> {
    let total = length
        .checked_mul(lines)
        .filter(|n| *n <= MAX_BYTES && lines <= MAX_LINES)
        .ok_or_else(|| format!("copy of {lines} lines of {length} bytes"))?;
    let mut buf = vec![0; CHUNK.min(length as usize)];
    for line in 0..lines {
        let mut done = 0;
        while done < length {
            let n = (length - done).min(CHUNK as u64) as usize;
            src.read(bus, src.line(line).wrapping_add(done), &mut buf[..n])?;
            dst.write(bus, dst.line(line).wrapping_add(done), &buf[..n])?;
            done += n as u64;
        }
    }
    Ok(total)
}
