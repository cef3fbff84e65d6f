// SPDX-License-Identifier: GPL-2.0
//! The kernel log, record by record (Documentation/ABI/testing/dev-kmsg).

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::Context;
use anyhow::Result;
use serde_json::json;

use crate::report::Report;

/// A reader of `/dev/kmsg` that remembers where it is.
pub struct Kmsg(File);

impl Kmsg {
    /// Starts at the oldest record that the kernel still has.
    ///
    /// # Errors
    ///
    /// `/dev/kmsg` cannot be opened.
    pub fn open() -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open("/dev/kmsg")
            .context("/dev/kmsg")?;
        Ok(Self(file))
    }

    /// Reports every record since the last call, under the name of the phase that caused them.
    ///
    /// # Errors
    ///
    /// A read failed for another reason than an empty log.
    pub fn drain(&mut self, report: &Report, phase: &str) -> Result<()> {
        let mut buffer = vec![0; 8192];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => record(report, phase, &String::from_utf8_lossy(&buffer[..n])),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // Records were overwritten before they were read; the next read goes on after the gap.
                Err(e) if e.raw_os_error() == Some(libc::EPIPE) => {
                    report.send(&json!({"t": "log", "phase": phase, "prio": 3, "us": 0, "text": "(log records lost)"}));
                }
                Err(e) => return Err(e).context("reading /dev/kmsg"),
            }
        }
    }
}

/// One record is `prio,seq,usec,flags;text`, then lines of key=value that begin with a space.
fn record(report: &Report, phase: &str, raw: &str) {
    let Some((head, rest)) = raw.split_once(';') else {
        return;
    };
    let mut fields = head.split(',');
    let prio = fields
        .next()
        .and_then(|f| f.parse::<u32>().ok())
        .unwrap_or(0)
        & 7;
    let us = fields
        .nth(1)
        .and_then(|f| f.parse::<u64>().ok())
        .unwrap_or(0);
    let text = rest.lines().next().unwrap_or("");
    report.send(&json!({"t": "log", "phase": phase, "prio": prio, "us": us, "text": text}));
}
