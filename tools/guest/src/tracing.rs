// SPDX-License-Identifier: GPL-2.0
//! The driver's tracepoints (group `nvkm`), as the kernel's tracing prints them; beside them, what the kernel's own mmiotrace
//! sees of the same accesses.

use std::fs;
use std::path::Path;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use nvkm_guest::sys;

const TRACING: &str = "/sys/kernel/tracing";
/// A buffer of our own: mmiotrace takes the top one.
const INSTANCE: &str = "/sys/kernel/tracing/instances/nvkm";
/// KiB of buffer: a bind with all registers and payloads needs some 6 MiB.
const BUFFER: &str = "65536";

fn write(dir: &str, file: &str, text: &str) -> Result<()> {
    let path = Path::new(dir).join(file);
    fs::write(&path, text).with_context(|| format!("'{text}' to {}", path.display()))
}

fn read(dir: &str, file: &str) -> Result<String> {
    let path = Path::new(dir).join(file);
    fs::read_to_string(&path).with_context(|| format!("{}", path.display()))
}

/// Events that were written and not kept.
fn lost(dir: &str) -> Result<u64> {
    let mut lost = 0;
    for cpu in fs::read_dir(Path::new(dir).join("per_cpu"))?.flatten() {
        let stats = fs::read_to_string(cpu.path().join("stats"))?;
        for line in stats.lines() {
            if let Some(("overrun" | "dropped events", n)) = line.split_once(": ") {
                lost += n.trim().parse::<u64>()?;
            }
        }
    }
    Ok(lost)
}

/// `trace=on` begins (`trace=on+mmiotrace`: with the kernel's as well), `trace=off` ends and reports what there was, with how
/// many events were lost.
///
/// # Errors
///
/// The kernel has no tracing, or the loaded driver no tracepoints; the word is none of these.
pub fn run(arg: &str) -> Result<Value> {
    match arg {
        "on" | "on+mmiotrace" => {
            sys::mount("tracefs", TRACING)?;
            fs::create_dir_all(INSTANCE).with_context(|| format!("mkdir {INSTANCE}"))?;
            write(INSTANCE, "buffer_size_kb", BUFFER)?;
            if arg != "on" {
                write(TRACING, "buffer_size_kb", BUFFER)?;
                write(TRACING, "current_tracer", "mmiotrace")?;
            }
            write(INSTANCE, "events/nvkm/enable", "1")?;
            Ok(json!({}))
        }
        "off" => {
            write(INSTANCE, "events/nvkm/enable", "0")?;
            let mut report = json!({"trace": read(INSTANCE, "trace")?, "lost": lost(INSTANCE)?});
            if read(TRACING, "current_tracer")?.trim() == "mmiotrace" {
                report["mmiotrace"] = json!(read(TRACING, "trace")?);
                report["mmiotrace_lost"] = json!(lost(TRACING)?);
                write(TRACING, "current_tracer", "nop")?;
            }
            Ok(report)
        }
        _ => bail!("trace={arg}: it is on, on+mmiotrace or off"),
    }
}

/// Puts a mark into the trace, if there is one.
pub fn mark(n: u8) {
    let _ = fs::write(
        Path::new(INSTANCE).join("trace_marker"),
        format!("nvkm-mark {n}"),
    );
}
