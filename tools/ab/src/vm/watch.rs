// SPDX-License-Identifier: GPL-2.0
//! Following a machine: what it reports, when it hangs, what its end means.

use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Result;

use crate::vm::clock::Clock;
use crate::vm::guest::Guest;
use crate::vm::guest::Line;
use crate::vm::place;
use crate::vm::place::Place;
use crate::vm::process::last_lines;
use crate::vm::process::Process;
use crate::vm::run::Setup;

/// Guest log lines shown with a failure.
const LAST_LINES: usize = 15;

/// A machine that runs.
pub struct Machine<'a> {
    /// What it was set up for.
    pub setup: &'a Setup,
    /// QEMU.
    pub qemu: Process,
    /// The virtual GPU.
    pub model: Option<Process>,
    /// The file with the guest's report.
    pub report: PathBuf,
    /// The file with the kernel's console.
    pub console: PathBuf,
    /// Its processor, if it has one to itself or shares it.
    pub place: Option<Place>,
    /// Nothing is to be done any more about who goes first there.
    pub arranged: bool,
    /// When the run began.
    pub start: Instant,
}

impl Machine<'_> {
    /// Follows the run until QEMU ends. `guest` gets what the guest reports.
    ///
    /// # Errors
    ///
    /// The sentence that says what went wrong.
    pub fn watch(&mut self, guest: &mut Guest) -> Result<()> {
        let setup = self.setup;
        let mut programs = vec![self.qemu.id()];
        programs.extend(self.model.as_ref().map(Process::id));
        let mut clock = Clock::new(programs.clone());
        let mut reader: Option<File> = None;
        let mut last_sign = Duration::ZERO;
        let mut console_size = 0;
        let mut ended = false;
        loop {
            let now = clock.now();
            self.arranged = self.arranged || place::virtual_processor_last(self.qemu.id());
            if let Some(place) = self.place.as_mut().filter(|_| self.arranged) {
                place.improve(&programs);
            }
            // Asked before the report is read: what was written before the end is then surely seen.
            ended |= self.qemu.ended()?.is_some();
            if reader.is_none() {
                reader = File::open(&self.report).ok();
            }
            let mut bytes = Vec::new();
            if let Some(file) = &mut reader {
                file.read_to_end(&mut bytes)?;
            }
            let size = fs::metadata(&self.console).map_or(0, |m| m.len());
            if !bytes.is_empty() || size != console_size {
                last_sign = now;
                console_size = size;
            }
            for line in guest.feed(&bytes) {
                if setup.progress {
                    progress(setup, &line, self.start);
                }
            }
            if ended {
                return self.verdict(guest);
            }
            if now - last_sign > setup.silence {
                bail!(
                    "the guest hangs {}: no sign of life for {} s of its own time",
                    guest.doing(),
                    setup.silence.as_secs()
                );
            }
            if now > setup.limit {
                bail!(
                    "the guest did not finish within {} s of its own time; it was {}",
                    setup.limit.as_secs(),
                    guest.doing()
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the end of QEMU means.
    fn verdict(&mut self, guest: &Guest) -> Result<()> {
        match &guest.end {
            Some(Ok(())) => return Ok(()),
            Some(Err(why)) => bail!("{why}"),
            None => {}
        }
        let doing = guest.doing();
        let words = fs::read(&self.console).unwrap_or_default();
        if let Some(panic) = String::from_utf8_lossy(&words)
            .lines()
            .find(|l| l.contains("Kernel panic"))
        {
            let text = panic.split_once("] ").map_or(panic, |(_, t)| t);
            bail!("the guest's kernel panicked {doing}: {}", text.trim());
        }
        if let Some(model) = &mut self.model {
            if let Some(status) = model.wait(Duration::from_secs(1))? {
                if !status.success() {
                    bail!(
                        "the virtual GPU failed {doing} ({status}): {}",
                        model.last_words()
                    );
                }
            }
        }
        let status = self
            .qemu
            .ended()?
            .map_or(String::new(), |s| format!(" ({s})"));
        bail!(
            "QEMU ended before the guest did, {doing}{status}: {}",
            self.qemu.last_words()
        )
    }
}

fn progress(setup: &Setup, line: &Line, start: Instant) {
    let wall = start.elapsed().as_secs_f64();
    match line {
        Line::Start { release } => {
            eprintln!("{:5}  {wall:6.1} s  kernel {release} is up", setup.name)
        }
        Line::Phase(p) if p.ok => eprintln!("{:5}  {wall:6.1} s  {} ok", setup.name, p.phase),
        Line::Phase(p) => eprintln!("{:5}  {wall:6.1} s  {} FAILED", setup.name, p.phase),
        _ => {}
    }
}

/// The guest's last lines for a failure: its reported log, or the console where that has more (a panic).
pub fn guest_words(guest: &Guest, console: &Path) -> Vec<String> {
    let spoken = last_lines(console, LAST_LINES);
    if spoken.is_empty() {
        return guest.last_lines(LAST_LINES);
    }
    spoken
}
