// SPDX-License-Identifier: GPL-2.0
//! Memory as the device sees it: guest memory behind a trait, and its own video memory.

use std::fmt;
use std::fs::File;

use memmap2::MmapRaw;

/// An access that no memory answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusError {
    /// First address of the access that failed.
    pub addr: u64,
    /// Length of the access in bytes.
    pub len: usize,
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no memory at {:#x}+{:#x}", self.addr, self.len)
    }
}

impl std::error::Error for BusError {}

/// The guest's memory at bus addresses (what the device reaches by DMA).
pub trait GuestMemory: Send {
    /// Reads `buf.len()` bytes.
    ///
    /// # Errors
    /// [`BusError`] when any byte of the range is not memory; `buf` is then unspecified.
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), BusError>;

    /// Writes `buf`.
    ///
    /// # Errors
    /// [`BusError`] when any byte of the range is not memory.
    fn write(&self, addr: u64, buf: &[u8]) -> Result<(), BusError>;
}

/// How the device raises its one MSI vector.
pub trait Interrupt: Send {
    /// Sends the message once.
    fn trigger(&self);
}

/// Which memory an address belongs to, as PTEs, PDEs and RM descriptors say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aperture {
    /// Video memory.
    Vram,
    /// Guest memory, coherent or not.
    Sys,
}

/// Video memory: a sparse memory file, so that untouched gigabytes cost nothing.
pub struct Vram {
    map: MmapRaw,
    size: u64,
    file: File,
}

impl Vram {
    /// Makes `size` bytes of zeroed video memory.
    ///
    /// # Errors
    /// When the system refuses the memory file or the mapping.
    pub fn new(size: u64) -> std::io::Result<Self> {
        let fd = rustix::fs::memfd_create("vram", rustix::fs::MemfdFlags::CLOEXEC)?;
        let file = File::from(fd);
        file.set_len(size)?;
        let map = MmapRaw::map_raw(&file)?;
        Ok(Self { map, size, file })
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Forgets all content, as loss of power does.
    pub fn clear(&self) {
        // Truncating drops the pages of the file and with them those of the mapping.
        let _ = self.file.set_len(0);
        let _ = self.file.set_len(self.size);
    }

    fn check(&self, addr: u64, len: usize) -> Result<usize, BusError> {
        match addr.checked_add(len as u64) {
            Some(end) if end <= self.size => Ok(addr as usize),
            _ => Err(BusError { addr, len }),
        }
    }

    /// Reads from video memory.
    ///
    /// # Errors
    /// [`BusError`] beyond its end.
    pub fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), BusError> {
        let at = self.check(addr, buf.len())?;
        // SAFETY: `check` keeps the range inside the mapping, which lives as long as `self`; nobody holds a reference
        // into it, so that a concurrent writer can only make the bytes stale.
        unsafe {
            std::ptr::copy_nonoverlapping(self.map.as_ptr().add(at), buf.as_mut_ptr(), buf.len())
        };
        Ok(())
    }

    /// Writes to video memory.
    ///
    /// # Errors
    /// [`BusError`] beyond its end.
    pub fn write(&self, addr: u64, buf: &[u8]) -> Result<(), BusError> {
        let at = self.check(addr, buf.len())?;
        // SAFETY: as in `read`.
        unsafe {
            std::ptr::copy_nonoverlapping(buf.as_ptr(), self.map.as_mut_ptr().add(at), buf.len())
        };
        Ok(())
    }
}

/// Both memories, as the engines reach them.
pub struct Bus {
    /// Guest memory.
    pub mem: Box<dyn GuestMemory>,
    /// Video memory.
    pub vram: Vram,
}

impl Bus {
    /// Reads from either memory.
    ///
    /// # Errors
    /// [`BusError`] where there is none.
    pub fn read(&self, aperture: Aperture, addr: u64, buf: &mut [u8]) -> Result<(), BusError> {
        match aperture {
            Aperture::Vram => self.vram.read(addr, buf),
            Aperture::Sys => self.mem.read(addr, buf),
        }
    }

    /// Writes to either memory.
    ///
    /// # Errors
    /// [`BusError`] where there is none.
    pub fn write(&self, aperture: Aperture, addr: u64, buf: &[u8]) -> Result<(), BusError> {
        match aperture {
            Aperture::Vram => self.vram.write(addr, buf),
            Aperture::Sys => self.mem.write(addr, buf),
        }
    }

    /// One little-endian 32-bit word of guest memory.
    ///
    /// # Errors
    /// [`BusError`] where there is none.
    pub fn sys32(&self, addr: u64) -> Result<u32, BusError> {
        let mut b = [0; 4];
        self.mem.read(addr, &mut b)?;
        Ok(u32::from_le_bytes(b))
    }

    /// One little-endian 64-bit word of either memory.
    ///
    /// # Errors
    /// [`BusError`] where there is none.
    pub fn u64(&self, aperture: Aperture, addr: u64) -> Result<u64, BusError> {
        let mut b = [0; 8];
        self.read(aperture, addr, &mut b)?;
        Ok(u64::from_le_bytes(b))
    }
}

/// The little-endian 16-bit word at `off`, or 0 beyond the end.
pub fn le16(b: &[u8], off: usize) -> u16 {
    b.get(off..off + 2)
        .map_or(0, |s| u16::from_le_bytes([s[0], s[1]]))
}

/// The little-endian 32-bit word at `off`, or 0 beyond the end.
pub fn le32(b: &[u8], off: usize) -> u32 {
    b.get(off..off + 4)
        .map_or(0, |s| u32::from_le_bytes([s[0], s[1], s[2], s[3]]))
}

/// The little-endian 64-bit word at `off`, or 0 beyond the end.
pub fn le64(b: &[u8], off: usize) -> u64 {
    u64::from(le32(b, off)) | (u64::from(le32(b, off + 4)) << 32)
}

/// Stores `v` at `off`; nothing happens beyond the end.
pub fn put16(b: &mut [u8], off: usize, v: u16) {
    if let Some(s) = b.get_mut(off..off + 2) {
        s.copy_from_slice(&v.to_le_bytes());
    }
}

/// Stores `v` at `off`; nothing happens beyond the end.
pub fn put32(b: &mut [u8], off: usize, v: u32) {
    if let Some(s) = b.get_mut(off..off + 4) {
        s.copy_from_slice(&v.to_le_bytes());
    }
}

/// Stores `v` at `off`; nothing happens beyond the end.
pub fn put64(b: &mut [u8], off: usize, v: u64) {
    if let Some(s) = b.get_mut(off..off + 8) {
        s.copy_from_slice(&v.to_le_bytes());
    }
}
