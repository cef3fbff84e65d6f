// SPDX-License-Identifier: GPL-2.0
//! What the driver's tracepoints say, into a file: a tracefs instance of our own, read by a thread while it fills
//! (Documentation/trace/ftrace.rst).

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::BufWriter;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::anyhow;
use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;
use serde::Serialize;

use crate::card::Card;
use crate::root::Root;

/// Where tracefs is.
pub const TRACEFS: &str = "/sys/kernel/tracing";
/// The tracepoints' group.
pub const GROUP: &str = "nvkm";
/// Our instance: whatever else traces on this machine goes on undisturbed.
const INSTANCE: &str = "/sys/kernel/tracing/instances/nvkm-hw";

/// How a capture went.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct Captured {
    /// Lines of the card's events.
    pub lines: u64,
    /// Events that the kernel had no room for.
    pub lost: u64,
}

/// A running capture.
pub struct Capture {
    root: Root,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<Result<Captured>>>,
}

/// KiB of buffer for each processor: an eighth of what is free, from 4 MiB to 64 MiB.
pub fn buffer_kb(root: &Root) -> u64 {
    let number = |line: &str| line.split_whitespace().nth(1).and_then(|n| n.parse().ok());
    let memory = root.text("/proc/meminfo").unwrap_or_default();
    let free: u64 = memory
        .lines()
        .find(|l| l.starts_with("MemAvailable:"))
        .and_then(number)
        .unwrap_or(0);
    let processors = root.text("/proc/cpuinfo").unwrap_or_default();
    let processors = processors
        .lines()
        .filter(|l| l.starts_with("processor"))
        .count() as u64;
    (free / 8 / processors.max(1)).clamp(4 << 10, 64 << 10)
}

impl Capture {
    /// Begins to write the card's events to a file.
    ///
    /// # Errors
    ///
    /// tracefs does not have what is needed: not root, no such events.
    pub fn start(root: &Root, card: &Card, to: &Path) -> Result<Self> {
        let set = |name: &str, text: &str| root.write(&format!("{INSTANCE}/{name}"), text);
        let dir = root.path(INSTANCE);
        if !dir.exists() {
            fs::create_dir(&dir).with_context(|| format!("{INSTANCE} cannot be made"))?;
        }
        set("tracing_on", "0")?;
        set(&format!("events/{GROUP}/enable"), "0")?;
        // An open with O_TRUNC clears what a run before this one may have left.
        set("trace", "")?;
        set("buffer_size_kb", &buffer_kb(root).to_string())?;
        // Processors' own clocks need not agree, and the order of events is what is compared.
        set("trace_clock", "mono")?;
        set(
            &format!("events/{GROUP}/filter"),
            &format!("dev == \"{}\"", card.address),
        )?;
        let pipe = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(dir.join("trace_pipe"))
            .with_context(|| format!("{INSTANCE}/trace_pipe"))?;
        let file = File::create(to).with_context(|| format!("{} cannot be made", to.display()))?;
        set(&format!("events/{GROUP}/enable"), "1")?;
        set("tracing_on", "1")?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let address = card.address.clone();
        let reader = thread::spawn(move || drain(pipe, file, &address, &stopped));
        Ok(Self {
            root: root.clone(),
            stop,
            reader: Some(reader),
        })
    }

    /// Puts a mark between the events: phase `n` begins.
    ///
    /// # Errors
    ///
    /// The kernel takes no marks.
    pub fn mark(&self, n: usize) -> Result<()> {
        self.root.write(
            &format!("{INSTANCE}/trace_marker"),
            &format!("nvkm-mark {n}\n"),
        )
    }

    /// Ends it, and says what was lost.
    ///
    /// # Errors
    ///
    /// The events could not be read or written.
    pub fn finish(mut self) -> Result<Captured> {
        let off = |name: &str| self.root.write(&format!("{INSTANCE}/{name}"), "0");
        off("tracing_on")?;
        off(&format!("events/{GROUP}/enable"))?;
        self.stop.store(true, Ordering::SeqCst);
        let reader = self
            .reader
            .take()
            .context("the capture has ended already")?;
        let mut captured = reader
            .join()
            .map_err(|_| anyhow!("the thread that reads the trace died"))??;
        captured.lost = captured.lost.max(lost(&self.root));
        Ok(captured)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // One that is given up is still on; after finish() these change nothing.
        let _ = self.root.write(&format!("{INSTANCE}/tracing_on"), "0");
        let _ = self
            .root
            .write(&format!("{INSTANCE}/events/{GROUP}/enable"), "0");
        self.stop.store(true, Ordering::SeqCst);
        if let Some(reader) = self.reader.take() {
            // A capture that is given up has nobody who wants its result.
            let _ = reader.join();
        }
        // The instance takes memory; one that is busy stays, and the next run takes it over.
        let _ = fs::remove_dir(self.root.path(INSTANCE));
    }
}

/// Events that the kernel says it lost: overwritten, or dropped, on any processor.
fn lost(root: &Root) -> u64 {
    let mut sum = 0;
    for cpu in root.names(&format!("{INSTANCE}/per_cpu")) {
        let stats = root
            .text(&format!("{INSTANCE}/per_cpu/{cpu}/stats"))
            .unwrap_or_default();
        for (name, number) in stats.lines().filter_map(|l| l.split_once(':')) {
            if ["overrun", "commit overrun", "dropped events"].contains(&name.trim()) {
                sum += number.trim().parse().unwrap_or(0);
            }
        }
    }
    sum
}

/// Copies the card's lines until told to stop and nothing is left.
fn drain(mut pipe: File, file: File, address: &str, stop: &AtomicBool) -> Result<Captured> {
    let mut out = BufWriter::new(file);
    let mut captured = Captured::default();
    let mut rest: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let stopping = stop.load(Ordering::SeqCst);
        match pipe.read(&mut buffer) {
            Ok(0) => {}
            Ok(n) => {
                rest.extend(&buffer[..n]);
                let end = rest
                    .iter()
                    .rposition(|b| *b == b'\n')
                    .map_or(0, |at| at + 1);
                let whole: Vec<u8> = rest.drain(..end).collect();
                for line in String::from_utf8_lossy(&whole).lines() {
                    take(line, address, &mut out, &mut captured)?;
                }
                continue;
            }
            Err(e)
                if e.kind() == io::ErrorKind::WouldBlock
                    || e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e).context("reading trace_pipe"),
        }
        if stopping {
            out.flush().context("writing the trace")?;
            return Ok(captured);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A line: of our card, a mark, or the kernel's word that events were lost
/// (`CPU:2 [LOST 17 EVENTS]`, kernel/trace/trace.c).
fn take(line: &str, address: &str, out: &mut impl Write, captured: &mut Captured) -> Result<()> {
    if line.starts_with("CPU:") && (line.contains("[LOST ") || line.contains(" EVENTS DROPPED]")) {
        let number = line.split(['[', ' ']).find_map(|w| w.parse::<u64>().ok());
        captured.lost += number.unwrap_or(1);
    } else if line.contains(": nvkm_") {
        // A kernel that does not take the filter gives the events of all cards.
        if !line.contains(&format!(" dev={address} ")) {
            return Ok(());
        }
        captured.lines += 1;
    }
    writeln!(out, "{line}").context("writing the trace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_cards_are_left_out_and_losses_counted() {
        let mut out = Vec::new();
        let mut captured = Captured::default();
        for line in [
            "  nvkm-hw-1 [000] ..... 1.0: nvkm_mmio: dev=0000:01:00.0 R 0x0 0x1",
            "  nvkm-hw-1 [000] ..... 1.0: nvkm_mmio: dev=0000:02:00.0 R 0x0 0x1",
            "CPU:2 [LOST 17 EVENTS]",
            "  nvkm-hw-1 [000] ..... 1.0: tracing_mark_write: nvkm-mark 3",
        ] {
            take(line, "0000:01:00.0", &mut out, &mut captured).unwrap();
        }
        assert_eq!(captured, Captured { lines: 1, lost: 17 });
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("02:00.0") && text.contains("nvkm-mark 3") && text.contains("LOST"));
    }
}
