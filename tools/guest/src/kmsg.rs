// SPDX-License-Identifier: GPL-2.0
//! The kernel log, record by record (Documentation/ABI/testing/dev-kmsg).

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Log level, 0 (emergency) to 7 (debug).
    pub prio: u32,
    /// The kernel's time in microseconds.
    pub us: u64,
    /// The message.
    pub text: String,
}

/// A reader of `/dev/kmsg` that remembers where it is.
pub struct Kmsg(File);

impl Kmsg {
    /// Starts at the oldest record that the kernel still has.
    ///
    /// # Errors
    ///
    /// The device (`/dev/kmsg`) cannot be opened.
    pub fn open(device: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(device)
            .with_context(|| device.display().to_string())?;
        Ok(Self(file))
    }

    /// Starts behind the newest record.
    ///
    /// # Errors
    ///
    /// The device cannot be opened, or has no end to go to.
    pub fn open_at_end(device: &Path) -> Result<Self> {
        let mut log = Self::open(device)?;
        log.0
            .seek(SeekFrom::End(0))
            .with_context(|| device.display().to_string())?;
        Ok(log)
    }

    /// Gives every record since the last call.
    ///
    /// # Errors
    ///
    /// A read failed for another reason than an empty log.
    pub fn drain(&mut self, mut take: impl FnMut(Record)) -> Result<()> {
        let mut buffer = vec![0; 8192];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => records(&String::from_utf8_lossy(&buffer[..n])).for_each(&mut take),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // Records were overwritten before they were read; the next read goes on after the gap.
                Err(e) if e.raw_os_error() == Some(libc::EPIPE) => take(Record {
                    prio: 3,
                    us: 0,
                    text: "(log records lost)".into(),
                }),
                Err(e) => return Err(e).context("reading /dev/kmsg"),
            }
        }
    }
}

/// One record is `prio,seq,usec,flags;text`, then lines of key=value that begin with a space.
fn records(raw: &str) -> impl Iterator<Item = Record> + '_ {
    raw.lines()
        .filter(|l| !l.starts_with(' '))
        .filter_map(|line| {
            let (head, text) = line.split_once(';')?;
            let mut fields = head.split(',');
            let prio = fields.next()?.parse::<u32>().unwrap_or(0) & 7;
            let us = fields.nth(1).and_then(|f| f.parse().ok()).unwrap_or(0);
            Some(Record {
                prio,
                us,
                text: text.into(),
            })
        })
}
