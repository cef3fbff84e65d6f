// SPDX-License-Identifier: GPL-2.0
//! QEMU's fw_cfg by its I/O ports (QEMU docs/specs/fw_cfg.rst): which files there are.

use std::arch::asm;
use std::io;

use anyhow::bail;
use anyhow::Result;

/// The selector register, 16 bits; the data register, 8 bits, is one behind it.
const SELECTOR: u16 = 0x510;
const DATA: u16 = 0x511;
/// Keys: the signature `QEMU`, and the directory of files.
const SIGNATURE: u16 = 0x00;
const DIRECTORY: u16 = 0x19;
/// A directory entry: size and key, big-endian, two bytes reserved, and the name in 56 bytes.
const ENTRY: usize = 64;
const NAME: usize = 8;
/// More files than QEMU has room for (FW_CFG_FILE_SLOTS_DFLT is 0x20) are no directory.
const MOST: u32 = 0x1000;

/// The device.
pub struct FwCfg(());

impl FwCfg {
    /// Takes hold of its ports.
    ///
    /// # Errors
    ///
    /// Not root, or the machine has no such device.
    pub fn open() -> Result<Self> {
        // SAFETY: ioperm takes plain integers and touches no memory of ours.
        if unsafe { libc::ioperm(SELECTOR.into(), 2, 1) } != 0 {
            bail!("ioperm: {}", io::Error::last_os_error());
        }
        let it = Self(());
        it.select(SIGNATURE);
        if it.bytes::<4>() != *b"QEMU" {
            bail!("the machine has no fw_cfg");
        }
        Ok(it)
    }

    fn select(&self, key: u16) {
        // SAFETY: `open` was granted both ports; selecting a key only sets the device's position.
        unsafe { asm!("out dx, ax", in("dx") SELECTOR, in("ax") key, options(nomem, nostack)) };
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        std::array::from_fn(|_| {
            let byte: u8;
            // SAFETY: `open` was granted the port; a read gives the next byte, or 0 behind the end.
            unsafe { asm!("in al, dx", in("dx") DATA, out("al") byte, options(nomem, nostack)) };
            byte
        })
    }

    /// Whether there is a file of that name.
    pub fn has(&self, name: &str) -> bool {
        self.select(DIRECTORY);
        let count = u32::from_be_bytes(self.bytes()).min(MOST);
        (0..count).any(|_| {
            let entry: [u8; ENTRY] = self.bytes();
            entry[NAME..].split(|b| *b == 0).next() == Some(name.as_bytes())
        })
    }
}
