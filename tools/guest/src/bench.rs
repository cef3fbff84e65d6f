// SPDX-License-Identifier: GPL-2.0
//! What a bind costs: guest time, which counts instructions, and memory.
//!
//! Time and memory are measured at different binds: looking at memory costs time. Each bind is of the same device on the
//! same machine, after an unbind.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use nvkm_guest::sys;

use crate::pci::Gpu;

const TRACING: &str = "/sys/kernel/tracing";
/// What an unbind leaves to others (deferred frees) is done after this time; memory comes back later still, some of it by
/// the kernel's own timers. An idle machine skips it.
const SETTLE: Duration = Duration::from_millis(50);
const SETTLE_MEMORY: Duration = Duration::from_secs(3);
/// Of x86-64.
const KIB_PER_PAGE: u64 = 4;
/// Guest time between two looks at memory.
const SAMPLE: Duration = Duration::from_millis(1);

/// Probes at entry and return of kernel functions, in the clock that [`Instant`] has.
struct Probes {
    functions: Vec<String>,
}

impl Probes {
    fn set(functions: &[String]) -> Result<Self> {
        sys::mount("tracefs", TRACING)?;
        let write = |file: &str, text: &str| {
            fs::write(format!("{TRACING}/{file}"), text).with_context(|| format!("{file}: {text}"))
        };
        write("trace_clock", "mono")?;
        for (n, function) in functions.iter().enumerate() {
            // Opened for appending, the file takes one definition more.
            for text in [
                format!("p:nvkm/in{n} {function}\n"),
                format!("r:nvkm/out{n} {function}\n"),
            ] {
                let path = format!("{TRACING}/kprobe_events");
                let mut file = fs::OpenOptions::new().append(true).open(path)?;
                io::Write::write_all(&mut file, text.as_bytes())
                    .with_context(|| format!("a probe of {function}"))?;
            }
        }
        write("events/nvkm/enable", "1")?;
        Ok(Self {
            functions: functions.to_vec(),
        })
    }

    fn clear() -> Result<()> {
        fs::write(format!("{TRACING}/trace"), "").context("trace")
    }

    /// Nanoseconds that each function took since the last `clear`, all its calls together; one that did not run is left out.
    fn spans(&self) -> Result<BTreeMap<String, u64>> {
        let text = fs::read_to_string(format!("{TRACING}/trace"))?;
        let mut open = BTreeMap::new();
        let mut spans = BTreeMap::new();
        for (event, ns) in text.lines().filter_map(event) {
            if let Some(n) = event.strip_prefix("in") {
                open.insert(n.to_string(), ns);
            } else if let Some(n) = event.strip_prefix("out") {
                let name = n.parse().ok().and_then(|n: usize| self.functions.get(n));
                if let (Some(start), Some(name)) = (open.remove(n), name) {
                    *spans.entry(name.clone()).or_insert(0) += ns - start;
                }
            }
        }
        Ok(spans)
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        let _ = fs::write(format!("{TRACING}/events/nvkm/enable"), "0");
        let _ = fs::write(format!("{TRACING}/kprobe_events"), "");
    }
}

/// `task-12 [000] ..... 3.000123: in0: (…)`: the event's name, and its time in nanoseconds.
fn event(line: &str) -> Option<(&str, u64)> {
    if line.starts_with('#') {
        return None;
    }
    let (before, _) = line.split_once(": (")?;
    let (before, name) = before.rsplit_once(": ")?;
    let (seconds, fraction) = before.split_whitespace().last()?.split_once('.')?;
    let micros: u64 = fraction.parse().ok()?;
    Some((
        name,
        seconds.parse::<u64>().ok()? * 1_000_000_000 + micros * 1000,
    ))
}

/// Time that this thread has been on the processor.
fn on_processor() -> u64 {
    let mut t = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// `bench=N+FUNCTION+…`: N binds, each timed as a whole and in these functions (`MODULE:NAME`, or `NAME` of the kernel).
///
/// # Errors
///
/// The device does not bind, or the kernel cannot probe a function.
pub fn time(gpu: &Gpu, arg: &str) -> Result<Value> {
    let mut words = arg.split('+');
    let count = number(words.next())?;
    let functions: Vec<String> = words.map(String::from).collect();
    let mut binds = Vec::new();
    let probes = Probes::set(&functions)?;
    for _ in 0..count {
        gpu.unbind()?;
        thread::sleep(SETTLE);
        Probes::clear()?;
        let (start, cpu) = (Instant::now(), on_processor());
        gpu.bind()?;
        let (ns, cpu) = (start.elapsed().as_nanos() as u64, on_processor() - cpu);
        binds.push(json!({"ns": ns, "cpu_ns": cpu, "spans": probes.spans()?}));
    }
    Ok(json!({"binds": binds}))
}

fn number(word: Option<&str>) -> Result<u32> {
    match word.and_then(|w| w.parse().ok()) {
        Some(n @ 1..) => Ok(n),
        _ => bail!("a number of binds is wanted, 1 or more"),
    }
}

/// How much memory there is, in KiB.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Memory {
    /// Free, and free but on a processor's own lists: those hold some megabytes, now more and now less.
    free: u64,
    vmalloc: u64,
}

/// What /proc/meminfo and /proc/zoneinfo say.
fn memory(meminfo: &str, zoneinfo: &str) -> Option<Memory> {
    let of = |name: &str| -> Option<u64> {
        let line = meminfo.lines().find(|l| l.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let listed = zoneinfo
        .lines()
        .filter_map(|l| l.trim_start().strip_prefix("count:"))
        .map(|n| n.trim().parse::<u64>().ok());
    Some(Memory {
        free: of("MemFree:")? + listed.sum::<Option<u64>>()? * KIB_PER_PAGE,
        vmalloc: of("VmallocUsed:")?,
    })
}

/// The files that are looked at.
struct Files {
    meminfo: File,
    zoneinfo: File,
}

impl Files {
    fn open() -> Result<Self> {
        Ok(Self {
            meminfo: File::open("/proc/meminfo")?,
            zoneinfo: File::open("/proc/zoneinfo")?,
        })
    }

    fn look(&self) -> Result<Memory> {
        let read = |file: &File| -> Result<String> {
            let mut bytes = vec![0; 1 << 16];
            let mut len = 0;
            loop {
                match file.read_at(&mut bytes[len..], len as u64)? {
                    0 => break,
                    n => len += n,
                }
            }
            bytes.truncate(len);
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        memory(&read(&self.meminfo)?, &read(&self.zoneinfo)?)
            .context("/proc/meminfo or zoneinfo is not understood")
    }
}

/// Looks at memory again and again until told to stop: the least that was free, the most of VmallocUsed, how often.
fn sample(files: &Files, stop: &AtomicBool) -> Result<(Memory, u64)> {
    // The kernel's lazy preemption lets a thread copy 60 MB in one go, but not before a real-time thread.
    let param = libc::sched_param { sched_priority: 1 };
    // SAFETY: the parameter outlives the call.
    if unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &param) } != 0 {
        bail!("sched_setscheduler: {}", io::Error::last_os_error());
    }
    let mut worst = files.look()?;
    let mut looks = 0;
    while !stop.load(Ordering::Relaxed) {
        let now = files.look()?;
        worst.free = worst.free.min(now.free);
        worst.vmalloc = worst.vmalloc.max(now.vmalloc);
        looks += 1;
        thread::sleep(SAMPLE);
    }
    Ok((worst, looks))
}

/// `bench-memory=N`: N binds, during which memory is watched.
///
/// # Errors
///
/// The device does not bind, or memory cannot be watched.
pub fn space(gpu: &Gpu, arg: &str) -> Result<Value> {
    let mut binds = Vec::new();
    for _ in 0..number(Some(arg))? {
        gpu.unbind()?;
        thread::sleep(SETTLE_MEMORY);
        let files = Arc::new(Files::open()?);
        let before = files.look()?;
        let stop = Arc::new(AtomicBool::new(false));
        let watcher = {
            let (files, stop) = (files.clone(), stop.clone());
            thread::spawn(move || sample(&files, &stop))
        };
        let bound = gpu.bind();
        stop.store(true, Ordering::Relaxed);
        let watched = watcher.join();
        bound?;
        let (worst, looks) = watched.ok().context("the watcher died")??;
        let after = files.look()?;
        binds.push(json!({
            "peak_kib": before.free.saturating_sub(worst.free),
            "peak_vmalloc_kib": worst.vmalloc.saturating_sub(before.vmalloc),
            "kept_kib": before.free.saturating_sub(after.free),
            "looks": looks,
        }));
    }
    Ok(json!({"binds": binds}))
}

#[cfg(test)]
mod tests {
    use super::event;
    use super::memory;
    use super::Memory;

    #[test]
    fn trace_lines() {
        let line = "     nvkm-guest-71      [000] d....     3.000123: in0: (tu102_gsp_oneinit+0x0/0x4f0 [nouveau])";
        assert_eq!(event(line), Some(("in0", 3_000_123_000)));
        let line =
            "     nvkm-guest-71      [000] d....    13.100000: out12: (a+0x1/0x2 [nouveau] <- b)";
        assert_eq!(event(line), Some(("out12", 13_100_000_000)));
        assert_eq!(event("# tracer: nop"), None);
        assert_eq!(event(""), None);
    }

    #[test]
    fn memory_lines() {
        let text =
            "MemTotal:  100 kB\nMemFree:   42 kB\nVmallocTotal: 7 kB\nVmallocUsed:   13 kB\n";
        let zones = "Node 0, zone DMA32\n  pages free 9\n    cpu: 0\n              count:    5\n              high:     80\n\
            Node 0, zone Normal\n    cpu: 0\n              count:    2\n";
        let is = Memory {
            free: 42 + 7 * 4,
            vmalloc: 13,
        };
        assert_eq!(memory(text, zones), Some(is));
        assert_eq!(memory("MemFree: 42 kB\n", zones), None);
        assert_eq!(memory(text, "count: x\n"), None);
    }
}
