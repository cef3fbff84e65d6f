// SPDX-License-Identifier: GPL-2.0
//! PCI configuration space: header, power management, MSI, PCI Express, and the capability by which a guest's script
//! talks to the model without any driver.

use crate::chips::Chip;
use crate::mem::{le32, put16, put32};

/// Bytes of configuration space.
pub const CONFIG_SIZE: usize = 0x1000;
/// BAR0: registers.
pub const BAR0_SIZE: u64 = 16 << 20;
/// BAR1: frame buffer window.
pub const BAR1_SIZE: u64 = 256 << 20;
/// BAR2 (PCI BARs 3 and 4): instance memory window.
pub const BAR2_SIZE: u64 = 32 << 20;

const CAP_PM: usize = 0x60;
const CAP_MSI: usize = 0x68;
const CAP_PCIE: usize = 0x78;
const CAP_VENDOR: usize = 0xb4;

/// What a write to configuration space asks of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigEvent {
    /// Nothing beyond the bytes themselves.
    None,
    /// Command dword written to the vendor-specific capability.
    Command(u32),
}

/// Configuration space.
pub struct PciConfig {
    data: Vec<u8>,
    mask: Vec<u8>,
}

impl PciConfig {
    /// The configuration space of that chip after reset.
    pub fn new(chip: &Chip) -> Self {
        let mut c = Self {
            data: vec![0; CONFIG_SIZE],
            mask: vec![0; CONFIG_SIZE],
        };
        c.header(chip);
        c.capabilities();
        c
    }

    fn header(&mut self, chip: &Chip) {
        let d = &mut self.data;
        put16(d, 0x00, 0x10de);
        put16(d, 0x02, chip.device_id);
        put16(d, 0x06, 0x0010); // capabilities
        d[0x08] = chip.revision;
        // 3D controller: what a GPU without display outputs calls itself.
        d[0x0a] = 0x02;
        d[0x0b] = 0x03;
        put32(d, 0x10, 0x0000_0000); // BAR0, 32 bits
        put32(d, 0x14, 0x0000_000c); // BAR1, 64 bits, prefetchable
        put32(d, 0x1c, 0x0000_000c); // BAR3, 64 bits, prefetchable
        put16(d, 0x2c, chip.subsystem.0);
        put16(d, 0x2e, chip.subsystem.1);
        d[0x34] = CAP_PM as u8;
        let m = &mut self.mask;
        put16(m, 0x04, 0x0546);
        m[0x0c] = 0xff;
        put32(m, 0x10, !(BAR0_SIZE as u32 - 1));
        put32(m, 0x14, !(BAR1_SIZE as u32 - 1));
        put32(m, 0x18, 0xffff_ffff);
        put32(m, 0x1c, !(BAR2_SIZE as u32 - 1));
        put32(m, 0x20, 0xffff_ffff);
        m[0x3c] = 0xff;
    }

    fn capabilities(&mut self) {
        let d = &mut self.data;
        // Power management 1.2, D0 and D3hot, no soft reset.
        d[CAP_PM] = 0x01;
        d[CAP_PM + 1] = CAP_MSI as u8;
        put16(d, CAP_PM + 2, 0x0003);
        put16(d, CAP_PM + 4, 0x0008);
        // MSI, one vector, 64-bit address.
        d[CAP_MSI] = 0x05;
        d[CAP_MSI + 1] = CAP_PCIE as u8;
        put16(d, CAP_MSI + 2, 0x0080);
        // PCI Express 2 endpoint, 16 lanes at 8 GT/s.
        d[CAP_PCIE] = 0x10;
        d[CAP_PCIE + 1] = CAP_VENDOR as u8;
        put16(d, CAP_PCIE + 2, 0x0002);
        put32(d, CAP_PCIE + 4, 0x0000_8001);
        put32(d, CAP_PCIE + 0x0c, 0x0000_0103);
        put16(d, CAP_PCIE + 0x12, 0x1103);
        // Vendor specific, 0x10 bytes; the dword at +4 is ours.
        d[CAP_VENDOR] = 0x09;
        d[CAP_VENDOR + 1] = 0x00;
        d[CAP_VENDOR + 2] = 0x10;
        let m = &mut self.mask;
        put16(m, CAP_PM + 4, 0x0003);
        put16(m, CAP_MSI + 2, 0x0071);
        put32(m, CAP_MSI + 4, 0xffff_fffc);
        put32(m, CAP_MSI + 8, 0xffff_ffff);
        put16(m, CAP_MSI + 12, 0xffff);
        put16(m, CAP_PCIE + 8, 0x7fef);
        put16(m, CAP_PCIE + 0x10, 0x01fb);
    }

    /// Reads bytes; those beyond the space are zero.
    pub fn read(&self, offset: u64, buf: &mut [u8]) {
        for (i, b) in buf.iter_mut().enumerate() {
            *b = usize::try_from(offset)
                .ok()
                .and_then(|o| self.data.get(o + i))
                .copied()
                .unwrap_or(0);
        }
    }

    /// Writes the bytes that are writable.
    pub fn write(&mut self, offset: u64, buf: &[u8]) -> ConfigEvent {
        let Ok(offset) = usize::try_from(offset) else {
            return ConfigEvent::None;
        };
        if offset == CAP_VENDOR + 4 && buf.len() == 4 {
            return ConfigEvent::Command(le32(buf, 0));
        }
        for (i, b) in buf.iter().enumerate() {
            if let (Some(d), Some(m)) = (self.data.get_mut(offset + i), self.mask.get(offset + i)) {
                *d = (*d & !m) | (b & m);
            }
        }
        ConfigEvent::None
    }

    /// Sets what the command dword reads back: bit 0 busy, bit 1 error.
    pub fn set_status(&mut self, status: u32) {
        put32(&mut self.data, CAP_VENDOR + 4, status);
    }

    /// The dword at `offset`, as the mirror in BAR0 shows it.
    pub fn dword(&self, offset: u32) -> u32 {
        le32(&self.data, offset as usize)
    }
}
