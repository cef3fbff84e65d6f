// SPDX-License-Identifier: GPL-2.0
//! Memory as the device sees it: guest memory behind a trait, and its own video memory.

use std::collections::HashMap;
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

/// Bytes of a page that can be moved to a window.
const PAGE: u64 = 0x1000;

/// A sparse memory file and its mapping: untouched gigabytes cost nothing.
pub struct Shared {
    map: MmapRaw,
    size: u64,
    file: File,
}

impl Shared {
    /// Makes `size` bytes of zeroed memory.
    ///
    /// # Errors
    /// When the system refuses the memory file or the mapping.
    pub fn new(name: &str, size: u64) -> std::io::Result<Self> {
        let fd = rustix::fs::memfd_create(name, rustix::fs::MemfdFlags::CLOEXEC)?;
        let file = File::from(fd);
        file.set_len(size)?;
        let map = MmapRaw::map_raw(&file)?;
        Ok(Self { map, size, file })
    }

    /// The file, to hand to somebody else.
    pub fn file(&self) -> &File {
        &self.file
    }

    fn clear(&self) {
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

    /// Reads.
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

    /// Writes.
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

/// Video memory. A page of it can live in a window that the guest maps, instead of at home: see [`crate::window`].
pub struct Vram {
    home: Shared,
    window: Option<Shared>,
    /// Page number -> page number in the window.
    away: HashMap<u64, u64>,
}

impl Vram {
    /// Makes `size` bytes of zeroed video memory, and a window of `window` bytes unless that is zero.
    ///
    /// # Errors
    /// When the system refuses the memory.
    pub fn new(size: u64, window: u64) -> std::io::Result<Self> {
        Ok(Self {
            home: Shared::new("vram", size)?,
            window: match window {
                0 => None,
                size => Some(Shared::new("bar2", size)?),
            },
            away: HashMap::new(),
        })
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.home.size
    }

    /// The window.
    pub fn window(&self) -> Option<&Shared> {
        self.window.as_ref()
    }

    /// Forgets all content, as loss of power does.
    pub fn clear(&mut self) {
        self.away.clear();
        self.home.clear();
        if let Some(w) = &self.window {
            w.clear();
        }
    }

    /// Calls `f` with the memory, the address in it and the part of the range, for each part that lies together.
    fn parts(
        &self,
        addr: u64,
        len: usize,
        mut f: impl FnMut(&Shared, u64, std::ops::Range<usize>) -> Result<(), BusError>,
    ) -> Result<(), BusError> {
        self.home.check(addr, len)?;
        let Some(window) = self.window.as_ref().filter(|_| !self.away.is_empty()) else {
            return f(&self.home, addr, 0..len);
        };
        let mut done = 0;
        while done < len {
            let at = addr + done as u64;
            let n = (len - done).min((PAGE - at % PAGE) as usize);
            match self.away.get(&(at / PAGE)) {
                Some(page) => f(window, page * PAGE + at % PAGE, done..done + n)?,
                None => f(&self.home, at, done..done + n)?,
            }
            done += n;
        }
        Ok(())
    }

    /// Reads from video memory.
    ///
    /// # Errors
    /// [`BusError`] beyond its end.
    pub fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), BusError> {
        self.parts(addr, buf.len(), |m, at, part| m.read(at, &mut buf[part]))
    }

    /// Writes to video memory.
    ///
    /// # Errors
    /// [`BusError`] beyond its end.
    pub fn write(&self, addr: u64, buf: &[u8]) -> Result<(), BusError> {
        self.parts(addr, buf.len(), |m, at, part| m.write(at, &buf[part]))
    }

    /// Moves a page to a page of the window. False when it is in the window already, or not memory.
    pub fn move_away(&mut self, page: u64, slot: u64) -> bool {
        let Some(window) = &self.window else {
            return false;
        };
        let mut b = [0; PAGE as usize];
        if self.away.contains_key(&page)
            || self.home.read(page.saturating_mul(PAGE), &mut b).is_err()
            || window.write(slot.saturating_mul(PAGE), &b).is_err()
        {
            return false;
        }
        self.away.insert(page, slot);
        true
    }

    /// Moves a page back home.
    pub fn move_home(&mut self, page: u64) {
        let Some(window) = &self.window else {
            return;
        };
        if let Some(slot) = self.away.remove(&page) {
            let mut b = [0; PAGE as usize];
            // Both ranges were good when the page was moved away.
            if window.read(slot * PAGE, &mut b).is_ok() {
                let _ = self.home.write(page * PAGE, &b);
            }
        }
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
