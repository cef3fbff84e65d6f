// SPDX-License-Identifier: GPL-2.0
//! The way out: JSON lines on QEMU's debug port (`isa-debugcon`, I/O port 0xe9).
//!
//! A port write needs no driver and no interrupt, so reporting does not disturb what is measured, and whatever was
//! written is in the runner's hands even when the guest dies at the next instruction.

use std::io;
use std::sync::Mutex;

use anyhow::bail;
use anyhow::Result;
use serde_json::Value;

/// I/O port of `isa-debugcon`; a read gives the port number when the device is there (QEMU hw/char/debugcon.c).
const PORT: u16 = 0xe9;

/// The report channel.
pub struct Report(Mutex<()>);

impl Report {
    /// Takes hold of the port.
    ///
    /// # Errors
    ///
    /// Not root, or the machine has no debug port.
    pub fn open() -> Result<Self> {
        // SAFETY: ioperm takes plain integers and touches no memory of ours.
        if unsafe { libc::ioperm(PORT.into(), 1, 1) } != 0 {
            bail!("ioperm: {}", io::Error::last_os_error());
        }
        let value: u8;
        // SAFETY: the port was granted above, and reading it has no side effect.
        unsafe {
            std::arch::asm!("in al, dx", in("dx") PORT, out("al") value, options(nomem, nostack))
        };
        if value != PORT as u8 {
            bail!("no debug port (read {value:#x})");
        }
        Ok(Self(Mutex::new(())))
    }

    /// Sends one JSON object as one line.
    pub fn send(&self, line: &Value) {
        let text = line.to_string();
        let _guard = self.0.lock();
        for byte in text.bytes().chain(*b"\n") {
            // SAFETY: ioperm granted this port to the thread that calls (threads inherit it).
            unsafe {
                std::arch::asm!("out dx, al", in("dx") PORT, in("al") byte, options(nomem, nostack))
            };
        }
    }
}
