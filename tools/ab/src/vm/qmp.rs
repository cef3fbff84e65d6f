// SPDX-License-Identifier: GPL-2.0
//! QEMU's monitor for programs (QMP, QEMU docs/interop/qmp-spec.rst), over a pair of sockets: no name in the file system.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::fd::RawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

/// How long an answer may take. QEMU's main loop goes before the guest, but the machine may have other work.
const ANSWER: Duration = Duration::from_secs(120);

/// The end of the monitor that QEMU is given.
pub struct Theirs(UnixStream);

/// Our end.
pub struct Qmp {
    reader: BufReader<UnixStream>,
}

/// A monitor for a QEMU to be started.
///
/// # Errors
///
/// No descriptors are left.
pub fn pair() -> io::Result<(Qmp, Theirs)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(ANSWER))?;
    ours.set_write_timeout(Some(ANSWER))?;
    let reader = BufReader::new(ours);
    Ok((Qmp { reader }, Theirs(theirs)))
}

impl Theirs {
    /// Its number in QEMU, which is ours: the descriptor is inherited.
    pub fn number(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Lets a program to be started inherit it.
    pub fn inherit(&self, command: &mut Command) {
        let number = self.number();
        let keep = move || {
            // SAFETY: the descriptor is open in the child, as it was at the fork; no memory is passed.
            if unsafe { libc::fcntl(number, libc::F_SETFD, 0) } != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        };
        // SAFETY: the closure makes one system call and allocates nothing.
        unsafe { command.pre_exec(keep) };
    }
}

impl Qmp {
    /// Begins to talk.
    ///
    /// # Errors
    ///
    /// QEMU has ended, or does not answer.
    pub fn greet(&mut self) -> Result<()> {
        self.line().context("QEMU does not greet")?;
        self.execute("qmp_capabilities", json!({}))?;
        Ok(())
    }

    /// Has a command executed; gives what it returns. Events are passed over.
    ///
    /// # Errors
    ///
    /// QEMU refused it, has ended, or does not answer.
    pub fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let text = json!({"execute": command, "arguments": arguments}).to_string();
        self.reader
            .get_mut()
            .write_all(text.as_bytes())
            .with_context(|| format!("QEMU does not take {command}"))?;
        loop {
            let said = self.line().with_context(|| format!("after {command}"))?;
            if let Some(error) = said.get("error") {
                let why = error["desc"].as_str().unwrap_or_default();
                bail!("QEMU refused {command}: {why}");
            }
            if let Some(value) = said.get("return") {
                return Ok(value.clone());
            }
        }
    }

    fn line(&mut self) -> Result<Value> {
        let mut text = String::new();
        if self.reader.read_line(&mut text).context("QEMU is silent")? == 0 {
            bail!("QEMU has ended");
        }
        serde_json::from_str(&text).context("QEMU's answer is not JSON")
    }
}
