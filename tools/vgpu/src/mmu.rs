// SPDX-License-Identifier: GPL-2.0
//! Page-table walks, format version 2 (Pascal to Ada): nvkm/subdev/mmu/vmmgp100.c writes what this reads.

use crate::mem::{Aperture, Bus};

/// Where an address space begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// Memory of the top page directory.
    pub aperture: Aperture,
    /// Its address.
    pub addr: u64,
}

/// Where a virtual address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translation {
    /// Memory.
    pub aperture: Aperture,
    /// Physical address of that very byte.
    pub addr: u64,
    /// Bytes from there to the end of the page.
    pub left: u64,
    /// Writes are refused.
    pub read_only: bool,
    /// Sparse: reads zero, writes vanish.
    pub sparse: bool,
}

/// Why there is no translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The virtual address.
    pub va: u64,
    /// Level at which the walk ended: 3 (top) to 0 (last directory), -1 the page table.
    pub level: i8,
    /// What was wrong.
    pub reason: &'static str,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "MMU fault at {:#x}: {} (level {})",
            self.va, self.reason, self.level
        )
    }
}

fn pde(entry: u64, align: u64) -> Option<Root> {
    // Aperture 0 is invalid, 1 video memory, 2 and 3 system memory; the address is stored shifted right by 4.
    let aperture = match (entry >> 1) & 3 {
        0 => return None,
        1 => Aperture::Vram,
        _ => Aperture::Sys,
    };
    let addr = ((entry & 0x003f_ffff_ffff_ffff) << 4) & !(align - 1);
    Some(Root { aperture, addr })
}

fn pte(entry: u64, va: u64, shift: u32) -> Option<Translation> {
    if entry & 1 == 0 {
        return None;
    }
    let off = va & ((1 << shift) - 1);
    let (aperture, base) = match (entry >> 1) & 3 {
        0 => (Aperture::Vram, (entry & 0x0000_0001_ffff_ff00) << 4),
        // Peer memory does not exist here; it reads as nothing below.
        _ => (Aperture::Sys, (entry & 0x003f_ffff_ffff_ff00) << 4),
    };
    Some(Translation {
        aperture,
        addr: base + off,
        left: (1 << shift) - off,
        read_only: entry & 0x40 != 0,
        sparse: false,
    })
}

fn sparse(va: u64, shift: u32) -> Translation {
    let off = va & ((1 << shift) - 1);
    Translation {
        aperture: Aperture::Vram,
        addr: 0,
        left: (1 << shift) - off,
        read_only: false,
        sparse: true,
    }
}

/// Walks the tables below `root`.
///
/// # Errors
/// [`Fault`] where the tables hold no valid entry or lead out of memory.
pub fn walk(bus: &Bus, root: Root, va: u64) -> Result<Translation, Fault> {
    let fault = |level, reason| Fault { va, level, reason };
    if va >= 1 << 49 {
        return Err(fault(3, "address beyond 49 bits"));
    }
    let mut dir = root;
    for (level, shift, mask) in [(3, 47, 0x3), (2, 38, 0x1ff), (1, 29, 0x1ff)] {
        let index = (va >> shift) & mask;
        let entry = bus
            .u64(dir.aperture, dir.addr.wrapping_add(index * 8))
            .map_err(|_| fault(level, "directory outside memory"))?;
        dir = match pde(entry, 0x1000) {
            Some(d) => d,
            None if entry & 0x8 != 0 => return Ok(sparse(va, shift)),
            None => return Err(fault(level, "invalid PDE")),
        };
    }
    let at = dir.addr.wrapping_add(((va >> 21) & 0xff) * 16);
    let outside = |_| fault(0, "directory outside memory");
    let big = bus.u64(dir.aperture, at).map_err(outside)?;
    let small = bus.u64(dir.aperture, at.wrapping_add(8)).map_err(outside)?;
    if let Some(t) = pte(big, va, 21) {
        return Ok(t);
    }
    let mut ignore_small = false;
    if let Some(table) = pde(big, 0x100) {
        let entry = bus
            .u64(table.aperture, table.addr + ((va >> 16) & 0x1f) * 8)
            .map_err(|_| fault(-1, "page table outside memory"))?;
        if let Some(t) = pte(entry, va, 16) {
            return Ok(t);
        }
        if entry & 0x8 != 0 {
            return Ok(sparse(va, 16));
        }
        // Privileged and not valid: the small pages are not to be looked at.
        ignore_small = entry & 0x20 != 0;
    } else if big & 0x8 != 0 {
        return Ok(sparse(va, 21));
    }
    if ignore_small {
        return Err(fault(-1, "invalid big PTE"));
    }
    let Some(table) = pde(small, 0x1000) else {
        return Err(fault(0, "invalid PDE"));
    };
    let entry = bus
        .u64(table.aperture, table.addr + ((va >> 12) & 0x1ff) * 8)
        .map_err(|_| fault(-1, "page table outside memory"))?;
    match pte(entry, va, 12) {
        Some(t) => Ok(t),
        None if entry & 0x8 != 0 => Ok(sparse(va, 12)),
        None => Err(fault(-1, "invalid PTE")),
    }
}

/// Reads from an address space.
///
/// # Errors
/// [`Fault`] at the first byte that has no memory.
pub fn read(bus: &Bus, root: Root, va: u64, buf: &mut [u8]) -> Result<(), Fault> {
    let mut done = 0;
    while done < buf.len() {
        let at = va.wrapping_add(done as u64);
        let t = walk(bus, root, at)?;
        let n = (buf.len() - done).min(t.left as usize);
        let part = &mut buf[done..done + n];
        if t.sparse {
            part.fill(0);
        } else {
            bus.read(t.aperture, t.addr, part).map_err(|_| Fault {
                va: at,
                level: -1,
                reason: "page outside memory",
            })?;
        }
        done += n;
    }
    Ok(())
}

/// Writes to an address space.
///
/// # Errors
/// [`Fault`] at the first byte that has no memory or is read-only; what lies before it is written.
pub fn write(bus: &Bus, root: Root, va: u64, buf: &[u8]) -> Result<(), Fault> {
    let mut done = 0;
    while done < buf.len() {
        let at = va.wrapping_add(done as u64);
        let t = walk(bus, root, at)?;
        let n = (buf.len() - done).min(t.left as usize);
        let fault = |reason| Fault {
            va: at,
            level: -1,
            reason,
        };
        if t.read_only {
            return Err(fault("read-only page"));
        }
        if !t.sparse {
            bus.write(t.aperture, t.addr, &buf[done..done + n])
                .map_err(|_| fault("page outside memory"))?;
        }
        done += n;
    }
    Ok(())
}
