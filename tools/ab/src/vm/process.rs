// SPDX-License-Identifier: GPL-2.0
//! Child processes that never outlive the run.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;

use crate::vm::clock::Clock;

/// A child with its output in a file; dropping it ends it.
pub struct Process {
    child: Child,
    log: PathBuf,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts a program, both outputs going to `log`, where `place` says.
    ///
    /// # Errors
    ///
    /// The program is not there, or the log cannot be written.
    pub fn start<S: AsRef<OsStr>>(
        program: &Path,
        args: &[S],
        log: &Path,
        place: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let out =
            File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
        let err = out.try_clone()?;
        let mut command = Command::new(program);
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        // Whatever ends us ends it. (That is of the thread that starts it, which waits for it, too.)
        let parent = std::process::id();
        let with_us = move || {
            // SAFETY: no memory is passed.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            // SAFETY: takes nothing and always succeeds.
            if unsafe { libc::getppid() } as u32 != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        };
        // SAFETY: the closure makes two system calls and allocates nothing.
        unsafe { command.pre_exec(with_us) };
        place(&mut command);
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self {
            child,
            log: log.to_path_buf(),
            status: None,
        })
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    ///
    /// The process cannot be waited for.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        Ok(self.status)
    }

    /// Waits for its end, at most for `limit` of its own time ([`Clock`]).
    ///
    /// # Errors
    ///
    /// The process cannot be waited for.
    pub fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let mut clock = Clock::new(vec![self.id()]);
        loop {
            let status = self.ended()?;
            if status.is_some() || clock.now() > limit {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it now.
    pub fn kill(&mut self) {
        if matches!(self.ended(), Ok(None)) {
            // It may end by itself between the question and the signal; both are what is wanted.
            let _ = self.child.kill();
            self.status = self.child.wait().ok();
        }
    }

    /// What it said last, for a sentence: the last line that speaks of an error, or else the last line.
    pub fn last_words(&self) -> String {
        let lines = last_lines(&self.log, 50);
        let error = lines
            .iter()
            .rev()
            .find(|l| l.to_lowercase().contains("error"));
        error
            .or(lines.last())
            .cloned()
            .unwrap_or("it said nothing".into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last `n` non-empty lines of a file (none if it cannot be read).
pub fn last_lines(path: &Path, n: usize) -> Vec<String> {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|l| !l.is_empty())
        .collect();
    let from = lines.len().saturating_sub(n);
    lines[from..].iter().map(|l| l.to_string()).collect()
}
