// SPDX-License-Identifier: GPL-2.0
//! Allocations that fail, one after the other (Documentation/fault-injection): the n-th of the driver's Rust in a bind, for
//! every n that there is.
//!
//! Only calls with the driver's Rust on the stack count: its code lies together, between the first and the last symbol of
//! it in `/proc/kallsyms`.

use std::fs;
use std::path::Path;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use nvkm_guest::modules;

use crate::memory;
use crate::pci::Gpu;

/// Who can be made to fail.
const CAPABILITIES: [&str; 2] = ["failslab", "fail_page_alloc"];
/// More allocations than any bind makes: a driver that tries for ever is found.
const MOST: u32 = 5000;
const NTH: &str = "/proc/thread-self/fail-nth";
/// Binds between two looks for leaks.
const LOOK: u32 = 100;

/// First and last address of the Rust in a module: symbols as rustc mangles them, and those that the bridge exports.
fn rust_text(module: &str) -> Result<(u64, u64)> {
    let text = fs::read_to_string("/proc/kallsyms").context("/proc/kallsyms")?;
    let of = format!("[{module}]");
    let mut all: Vec<(u64, bool)> = text
        .lines()
        .filter(|l| l.ends_with(&of))
        .filter_map(|l| {
            let mut words = l.split_whitespace();
            let at = u64::from_str_radix(words.next()?, 16).ok()?;
            let kind = words.next()?;
            let name = words.next()?;
            matches!(kind, "t" | "T").then_some((at, name.starts_with("_R")))
        })
        .collect();
    all.sort_unstable();
    let first = all
        .iter()
        .position(|it| it.1)
        .context("the module has no Rust")?;
    let last = all.iter().rposition(|it| it.1).unwrap_or(first);
    let end = all.get(last + 1).map_or(all[last].0 + 0x1000, |it| it.0);
    Ok((all[first].0, end))
}

fn set(capability: &str, name: &str, value: &str) -> Result<()> {
    let path = Path::new("/sys/kernel/debug").join(capability).join(name);
    fs::write(&path, value).with_context(|| format!("{}: no fault injection", path.display()))
}

/// Binds with the n-th allocation failing, for n from `first` on, `step` apart, until a bind has fewer; the device is unbound
/// before and after. Each must come back. A driver that reports success and does not work is told of (`broken`): nouveau has
/// functions that cannot fail, and only warn. Where the kernel has kmemleak, what leaked is counted (`leaks`), and told if it is Rust's (`found`).
///
/// # Errors
///
/// The kernel cannot do it, or a bind went otherwise.
pub fn bind(gpu: &Gpu, driver: &str, copy: fn() -> Result<Value>, arg: &str) -> Result<Value> {
    let (first, step) = match arg.split_once('+') {
        Some((first, step)) => (first.parse()?, step.parse()?),
        None => (1, 1),
    };
    if step == 0 {
        bail!("fail-bind=N+STEP wants a step of 1 or more");
    }
    let (start, end) = rust_text(driver)?;
    for capability in CAPABILITIES {
        set(capability, "require-start", &format!("{start:#x}"))?;
        set(capability, "require-end", &format!("{end:#x}"))?;
        set(capability, "stacktrace-depth", "64")?;
        set(capability, "ignore-gfp-wait", "N")?;
        set(capability, "verbose", "0")?;
    }
    set("fail_page_alloc", "min-order", "0")?;
    let pci = modules::pci_driver(driver)?;
    let (mut refused, mut survived, mut broken, mut n) = (0u32, Vec::new(), Vec::new(), first);
    let (mut leaks, mut found) = (0, Vec::new());
    let mut look = || -> Result<()> {
        if let Some(all) = memory::take_leaks()? {
            leaks += all.len();
            found.extend(all.into_iter().filter(|it| memory::of_rust(it)));
        }
        Ok(())
    };
    loop {
        if n > MOST {
            bail!("a bind makes more than {MOST} allocations");
        }
        fs::write(NTH, n.to_string()).context(NTH)?;
        let outcome = gpu.bind_to(&pci);
        let left: u32 = fs::read_to_string(NTH)?.trim().parse()?;
        fs::write(NTH, "0")?;
        match (left, outcome) {
            // Fewer than n: no fault was injected.
            (1.., Ok(())) => break,
            (1.., Err(e)) => return Err(e.context(format!("bind without a fault, behind {n}"))),
            (0, _) if gpu.bound() => {
                match copy() {
                    Ok(_) => survived.push(n),
                    Err(e) => broken.push(json!({"allocation": n, "copy": format!("{e:#}")})),
                }
                gpu.unbind()
                    .with_context(|| format!("allocation {n} failed"))?;
            }
            (0, _) => refused += 1,
        }
        // By binds: of numbers that are `step` apart none may be a multiple.
        if ((n - first) / step + 1) % LOOK == 0 {
            look()?;
        }
        n += step;
    }
    copy().context("bind after all faults")?;
    gpu.unbind()?;
    look()?;
    Ok(
        json!({"allocations": n - 1, "refused": refused, "survived": survived.len(), "broken": broken, "leaks": leaks, "found": found}),
    )
}
