// SPDX-License-Identifier: GPL-2.0
//! Where a trace comes from: a run's directory, one of its files, an ftrace capture, a kernel log. The kind is told by what
//! is in it.

mod dmesg;
mod ftrace;
mod lines;

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::Value;

use crate::access::mmio;
use crate::message::wire;
use crate::names;
use crate::Names;
use crate::Trace;

/// What a trace is decoded as when nothing tells the firmware version.
pub const DEFAULT_FIRMWARE: &str = "570.144";
/// No trace is larger, in bytes: what is, is no trace, or is to be filtered first.
const MAX: u64 = 4 << 30;

/// What a trace is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A directory that `nvkm-ab` left, with `wire.jsonl`, and `mmio.txt` and `device.json` where they are.
    Run,
    /// `wire.jsonl`: a message a line.
    Wire,
    /// `mmio.txt`: a register access a line.
    Mmio,
    /// /sys/kernel/tracing/trace, or what `trace-cmd report` or `perf script` prints, of the tracepoints of group nvkm.
    Ftrace,
    /// A kernel log of `nouveau.debug=gsp=trace`, as dmesg, journalctl (any output), syslog, /dev/kmsg or netconsole give it.
    Dmesg,
}

/// How to read a trace.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What it is written as; told by its content if not said.
    pub format: Option<Format>,
    /// PCI address of the device whose trace is wanted; needed only where a source speaks of several.
    pub device: Option<String>,
}

/// Reads a trace, whatever it is written as. `-` is standard input.
///
/// # Errors
///
/// It cannot be read, is of no kind that is known, is broken, or is of several devices.
pub fn load(path: &Path) -> Result<Trace> {
    load_with(path, &Options::default())
}

/// As [`load`], with the kind or the device said.
///
/// # Errors
///
/// As those of [`load`]; or it is not of the kind or the device that was said.
pub fn load_with(path: &Path, options: &Options) -> Result<Trace> {
    let of = || path.display().to_string();
    if path.is_dir() {
        let run = matches!(options.format, None | Some(Format::Run));
        anyhow::ensure!(run, "{} is a directory, and not what --format says", of());
        return directory(path);
    }
    let text = read(path).with_context(|| format!("{} cannot be read", of()))?;
    let mut trace = parse(&text, options).with_context(of)?;
    if trace.firmware.is_none() {
        trace.firmware = path.parent().and_then(|dir| beside(dir, &trace.device));
    }
    Ok(trace)
}

/// As [`load_with`], of a text that is at hand.
///
/// # Errors
///
/// As those of [`load_with`].
pub fn parse(text: &str, options: &Options) -> Result<Trace> {
    let format = options.format.or_else(|| recognise(text));
    let Some(format) = format else {
        bail!(
            "this is no trace: neither wire.jsonl, nor mmio.txt, nor an ftrace capture with events of group nvkm, \
             nor a kernel log of nouveau.debug=gsp=trace (--format says which it is)"
        );
    };
    match format {
        Format::Run => bail!("a run is a directory"),
        Format::Wire => Ok(Trace::of_files(wire(text)?, Vec::new(), Value::Null)),
        Format::Mmio => Ok(Trace::of_files(Vec::new(), mmio(text)?, Value::Null)),
        Format::Ftrace => ftrace::parse(text, options.device.as_deref()),
        Format::Dmesg => dmesg::parse(text, options.device.as_deref()),
    }
}

fn read(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(MAX).read_to_end(&mut bytes)?;
    } else {
        fs::File::open(path)?.take(MAX).read_to_end(&mut bytes)?;
    }
    // What is no text in a log is what somebody else wrote there.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The kind of a text, by the first line that tells.
fn recognise(text: &str) -> Option<Format> {
    text.lines().find_map(|line| {
        let line = line.trim_start();
        if dmesg::is_message(&lines::one(line)) {
            return Some(Format::Dmesg);
        }
        // The journal's lines are objects, too.
        if line.starts_with("{\"") && lines::one(line) == line {
            return Some(Format::Wire);
        }
        if ftrace::is_event(line) || line.starts_with("# tracer:") || line.starts_with("cpus=") {
            return Some(Format::Ftrace);
        }
        let access = line.starts_with("R 0x") || line.starts_with("W 0x");
        (access || line.starts_with("# mark ")).then_some(Format::Mmio)
    })
}

/// A run's directory: only the messages have to be there.
fn directory(dir: &Path) -> Result<Trace> {
    let of = |name: &str| dir.join(name);
    if !of("wire.jsonl").is_file() {
        bail!("{} is no run: it has no wire.jsonl", dir.display());
    }
    let text = |name: &str| read(&of(name)).with_context(|| format!("{}", of(name).display()));
    let messages =
        wire(&text("wire.jsonl")?).with_context(|| format!("{}", of("wire.jsonl").display()))?;
    let accesses = if of("mmio.txt").is_file() {
        mmio(&text("mmio.txt")?).with_context(|| format!("{}", of("mmio.txt").display()))?
    } else {
        Vec::new()
    };
    let device = if of("device.json").is_file() {
        serde_json::from_str(&text("device.json")?)
            .with_context(|| format!("{}", of("device.json").display()))?
    } else {
        Value::Null
    };
    let mut trace = Trace::of_files(messages, accesses, device);
    trace.firmware = beside(dir, &trace.device);
    Ok(trace)
}

/// The version that a run's reports name: `device.json`, or `report.json` one directory up.
fn beside(dir: &Path, device: &Value) -> Option<String> {
    let dir = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    let text = |value: &Value, name: &str| value[name].as_str().map(str::to_owned);
    let of = |value: &Value| text(value, "fw").or_else(|| text(value, "firmware"));
    let read = |path: &Path| serde_json::from_str::<Value>(&fs::read_to_string(path).ok()?).ok();
    // A relative path may have no parent of its own.
    let report = || {
        of(&read(
            &dir.canonicalize().ok()?.parent()?.join("report.json"),
        )?)
    };
    of(device)
        .or_else(report)
        .map(|v| names::version_of(&v).to_owned())
}

/// The firmware version of a trace: what it says, or what the sizes of its messages tell with the names that are there.
pub fn firmware_of(trace: &Trace, place: Option<&Path>) -> Option<String> {
    trace.firmware.clone().or_else(|| {
        if let Some(file) = place.filter(|p| p.is_file()) {
            return Names::read(file).ok().map(|n| n.firmware);
        }
        let versions = names::versions(place);
        let all: Vec<Names> = versions
            .iter()
            .filter_map(|v| Names::find(v, place).ok())
            .collect();
        firmware_by_size(trace, &all)
    })
}

/// The version that a trace's messages fit, of those that there are names of: system and static information have another
/// size in each.
pub fn firmware_by_size(trace: &Trace, versions: &[Names]) -> Option<String> {
    let joined = trace.joined();
    let fits = |names: &&Names| {
        let size = |record: &str| names.records.get(record).map(|r| r.size);
        let number = |name: &str| names.value(&format!("{}{name}", names::FUNCTION));
        let pairs = [
            ("GSP_SET_SYSTEM_INFO", "GspSystemInfo"),
            ("GET_GSP_STATIC_INFO", "GspStaticConfigInfo"),
        ];
        pairs.iter().any(|(function, record)| {
            let of = joined
                .iter()
                .filter(|m| number(function) == Some(u64::from(m.function)));
            let lens = of.map(|m| u64::from(m.len).checked_sub(crate::RPC_HEADER as u64));
            let mut lens = lens.peekable();
            lens.peek().is_some() && lens.all(|len| len == size(record))
        })
    };
    let mut found = versions.iter().filter(fits).map(|n| n.firmware.clone());
    // Two that fit tell nothing.
    found.next().filter(|_| found.next().is_none())
}

/// The PCI address that a source of several devices is asked for, or its only one.
///
/// # Errors
///
/// There are several and none was said, or not the one that was.
fn choose(devices: &[String], wanted: Option<&str>) -> Result<Option<String>> {
    match (wanted, devices) {
        (Some(wanted), _) => match devices
            .iter()
            .find(|d| d.as_str() == wanted || d.ends_with(&format!(":{wanted}")))
        {
            Some(device) => Ok(Some(device.clone())),
            None if devices.is_empty() => bail!("the trace names no device"),
            None => bail!(
                "the trace has nothing of {wanted}; it is of {}",
                devices.join(", ")
            ),
        },
        (None, []) => Ok(None),
        (None, [one]) => Ok(Some(one.clone())),
        (None, several) => bail!(
            "the trace is of {} devices, {}: --device says which",
            several.len(),
            several.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use super::recognise;
    use super::Format;
    use super::Options;

    #[test]
    fn the_kind_is_told_by_the_content() {
        let kinds = [
            ("{\"mark\":1}\n", Format::Wire),
            ("# tu104\nR 0x000000 0x1\n", Format::Mmio),
            ("# mark 1\n", Format::Mmio),
            ("# tracer: nop\n#\n", Format::Ftrace),
            ("cpus=2\n", Format::Ftrace),
            (
                " m-1 [000] 1.2: nvkm_mmio: dev=0000:01:00.0 R 0x0 0x0\n",
                Format::Ftrace,
            ),
            (
                "[ 1.2] nouveau 0000:01:00.0: gsp: rpc fn:76 len:0x20/0x0\n",
                Format::Dmesg,
            ),
            (
                "{\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"usb 1-1: new\"}\n{\"MESSAGE\":\"nouveau 0000:01:00.0: gsp: rpc fn:76 len:0x20/0x0\"}\n",
                Format::Dmesg,
            ),
            (
                "6,901,5200000,-;nouveau 0000:01:00.0: gsp: rpc fn:76 len:0x20/0x0\n",
                Format::Dmesg,
            ),
        ];
        for (text, kind) in kinds {
            assert_eq!(recognise(text), Some(kind), "{text}");
        }
        assert_eq!(recognise("hello\n"), None);
        let error = parse("hello\n", &Options::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("no trace"), "{error}");
    }

    #[test]
    fn the_sizes_of_messages_tell_the_version() {
        use crate::decode::tests::{message, names};
        use crate::names::{Constant, Record};
        let of = |firmware: &str, size: u64| {
            let mut names = names();
            firmware.clone_into(&mut names.firmware);
            let record = Record {
                size,
                union: false,
                from: firmware.into(),
                fields: Vec::new(),
            };
            names.records.insert("GspSystemInfo".into(), record);
            names.values.insert(
                "NV_VGPU_MSG_FUNCTION_GSP_SET_SYSTEM_INFO".into(),
                Constant(72, true),
            );
            names
        };
        let versions = [of("1.0", 16), of("2.0", 24)];
        let trace = |sizes: &[usize]| {
            let messages = sizes.iter().map(|n| message(72, vec![0; *n])).collect();
            super::Trace::of_files(messages, Vec::new(), serde_json::Value::Null)
        };
        let told = |sizes: &[usize]| super::firmware_by_size(&trace(sizes), &versions);
        assert_eq!(told(&[16]).as_deref(), Some("1.0"));
        assert_eq!(told(&[24, 24]).as_deref(), Some("2.0"));
        assert_eq!(told(&[16, 24]), None);
        assert_eq!(told(&[20]), None);
        assert_eq!(told(&[]), None);
        assert_eq!(
            super::firmware_by_size(&trace(&[16]), &[of("1.0", 16), of("1.1", 16)]),
            None
        );
    }

    #[test]
    fn a_kind_that_was_said_is_not_guessed() {
        let options = Options {
            format: Some(Format::Wire),
            device: None,
        };
        assert!(parse("R 0x0 0x0\n", &options).is_err());
    }
}
