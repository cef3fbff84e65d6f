// SPDX-License-Identifier: GPL-2.0
//! The phases that a plan is made of.
//!
//! | phase | what it does |
//! |---|---|
//! | `load` | loads the driver; what it needs was loaded before the first phase |
//! | `probe` | the driver has the GPU; waits for card0 and renderD128, if it is one that makes them |
//! | `copy` | a user's client: a copy-engine copy through VRAM and back, data compared |
//! | `event=N` | has the model post asynchronous event N and gives the driver time to handle it |
//! | `counters` | reads the driver's debugfs file, if there is one |
//! | `suspend` | devices are suspended and resumed (`pm_test`: the machine itself does not go down) |
//! | `runtime-suspend` | the idle device alone is suspended by its driver (`runpm=1`) and woken |
//! | `logs` | size and digest of the log files that the driver makes of what GSP-RM and PMU write |
//! | `unbind`, `bind` | the driver gives the device up, and takes it again |
//! | `set=TEXT` | writes the parameter `rust_gsp` (`+` stands for a comma), which must be taken |
//! | `refuse=TEXT` | writes it, which must be refused with EINVAL and change nothing |
//! | `bench=N+FUNCTION+…` | binds N times and reports what each bind, and each of these functions in it, took |
//! | `bench-memory=N` | binds N times and reports how much memory each took at its worst |
//! | `swap=N` | N times: unbinds, sets `rust_gsp` to 0 and 1 in turns, binds, copies; what is kept behind; leaves it unbound. `swap=N:SETTING:…`: these in turns |
//! | `core=STEP` | a driver beside nouveau that submits commands: `load`, `wait`, `forever`, `again`, `unload` |
//! | `kselftest` | runs the test for the kernel's selftests; `kselftest=WORD+…`: `NAME=VALUE`, `user`, `no-debugfs` |
//! | `hw=WORD+…` | runs `nvkm-hw` with these words |
//! | `unload` | removes the module |
//! | `fail-bind=N+STEP` | binds, with the n-th allocation of the driver's Rust failing, for each n from N on, STEP apart |
//! | `kmemleak` | has the kernel look for memory that nobody points to any more; how many objects, and which are Rust's |
//! | `sleep=MS` | lets guest time pass |
//! | `panic`, `hang` | what their names say; the runner's own tests use them |
//!
//! `?` in front of a phase: it may fail, and the plan goes on.

use std::fs;
use std::hint;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use crate::bench;
use crate::core;
use crate::faults;
use crate::hw;
use crate::kselftest;
use crate::logs;
use crate::memory;
use crate::pci::Gpu;
use crate::plan::Plan;
use crate::power;
use crate::swap::Steps;
use crate::tracing;
use nvkm_guest::modules;
use nvkm_guest::sys;

const RENDER: &str = "/dev/dri/renderD128";
const SELECTOR: &str = "/sys/module/nouveau/parameters/rust_gsp";
const COUNTERS: &str = "/sys/kernel/debug/nouveau/rust_gsp";

/// What the phases share.
pub struct Machine {
    plan: Plan,
    gpu: Option<Gpu>,
}

impl Machine {
    /// A machine in which nothing has been done yet.
    pub fn new(plan: Plan) -> Self {
        let gpu = Gpu::find().ok();
        Self { plan, gpu }
    }

    fn gpu(&self) -> Result<&Gpu> {
        self.gpu
            .as_ref()
            .context("no NVIDIA device on the PCI bus: the virtual GPU is not plugged in")
    }

    /// Puts a mark into the model's traces, and the kernel's.  Without a model (no GPU, or a real card) there is nothing to mark.
    ///
    /// # Errors
    ///
    /// The model refused it.
    pub fn mark(&self, n: u8) -> Result<()> {
        tracing::mark(n);
        match &self.gpu {
            Some(gpu) if gpu.has_command() => gpu.command(0x0100_0000 | (u32::from(n) << 16)),
            _ => Ok(()),
        }
    }

    /// Runs one phase; the object returned goes into the report.
    ///
    /// # Errors
    ///
    /// What the phase is to show did not happen.
    pub fn run(&mut self, phase: &str) -> Result<Value> {
        let (name, arg) = phase.split_once('=').unwrap_or((phase, ""));
        match name {
            "load" => self.load(),
            "probe" => self.probe(),
            "copy" => copy(),
            "event" => self.event(arg),
            "counters" => counters(),
            "unbind" => self.unbind(),
            "bind" => self.bind(),
            "suspend" => power::suspend(),
            "runtime-suspend" => power::runtime_suspend(self.gpu()?),
            "logs" => logs::read(self.gpu()?),
            "bench" => bench::time(self.gpu()?, arg),
            "bench-memory" => bench::space(self.gpu()?, arg),
            "swap" => self.swap(arg),
            "kselftest" => kselftest::run(arg),
            "hw" => hw::run(arg),
            "trace" => tracing::run(arg),
            "core" => core::run(arg),
            "set" => set(arg),
            "refuse" => refuse(arg),
            "unload" => self.unload(),
            "kmemleak" => kmemleak(),
            "fail-bind" => faults::bind(self.gpu()?, &self.plan.driver()?, copy, arg),
            "sleep" => {
                thread::sleep(Duration::from_millis(
                    arg.parse().context("sleep=MS wants a number")?,
                ));
                Ok(json!({}))
            }
            "panic" => {
                fs::write("/proc/sys/kernel/sysrq", "1")?;
                fs::write("/proc/sysrq-trigger", "c")?;
                bail!("the kernel survived a requested panic")
            }
            "hang" => loop {
                hint::spin_loop();
            },
            _ => bail!("there is no phase named '{phase}'"),
        }
    }

    fn load(&self) -> Result<Value> {
        let driver = self.plan.modules.last();
        modules::load(
            driver.context("the plan names no module")?,
            &self.plan.params,
        )?;
        Ok(json!({}))
    }

    fn probe(&self) -> Result<Value> {
        let gpu = self.gpu()?;
        // Loading the module probes the device before it returns; what is not bound now will not be.
        if !gpu.bound() {
            bail!(
                "{} did not take the GPU {}: its probe failed",
                self.plan.driver()?,
                gpu.address
            );
        }
        if self.plan.no_nodes {
            return Ok(json!({"gpu": gpu.address}));
        }
        for node in ["/dev/dri/card0", RENDER] {
            if !sys::wait_for(Path::new(node), Duration::from_secs(10)) {
                bail!("{node} did not appear");
            }
        }
        Ok(json!({"card0": true, "renderD128": true, "gpu": gpu.address}))
    }

    fn event(&self, arg: &str) -> Result<Value> {
        let number: u8 = arg
            .parse()
            .context("event=N wants the number of an event")?;
        self.gpu()?
            .command(0x0200_0000 | (u32::from(number) << 16))?;
        // Config reads go to the host and back: guest time alone would pass in no time while the interrupt is on its way.
        for _ in 0..50 {
            thread::sleep(Duration::from_millis(2));
            self.gpu()?.status()?;
        }
        Ok(json!({"event": number}))
    }

    fn unbind(&self) -> Result<Value> {
        self.gpu()?.unbind()?;
        if Path::new("/dev/dri/card0").exists() {
            bail!("/dev/dri/card0 is still there after unbind");
        }
        Ok(json!({}))
    }

    fn bind(&self) -> Result<Value> {
        let driver = self.plan.driver()?;
        self.gpu()?.bind_to(&modules::pci_driver(&driver)?)?;
        self.probe()
    }

    fn unload(&self) -> Result<Value> {
        let driver = self.plan.driver()?;
        modules::unload(&driver)?;
        let gone = !Path::new("/sys/module").join(driver).exists();
        Ok(json!({"unloaded": gone}))
    }

    fn swap(&self, arg: &str) -> Result<Value> {
        let steps = Steps {
            gpu: self.gpu()?,
            selector: SELECTOR,
            counters: COUNTERS,
            node: RENDER,
            copy,
        };
        steps.run(arg)
    }
}

fn selector() -> Result<String> {
    let text = fs::read_to_string(SELECTOR).context("the module has no parameter rust_gsp")?;
    Ok(text.trim_end().to_owned())
}

fn set(text: &str) -> Result<Value> {
    let text = text.replace('+', ",");
    fs::write(SELECTOR, format!("{text}\n")).with_context(|| format!("rust_gsp={text}"))?;
    let is = selector()?;
    if is != text {
        bail!("rust_gsp reads '{is}' after '{text}' was written");
    }
    Ok(json!({"rust_gsp": is}))
}

fn refuse(text: &str) -> Result<Value> {
    let text = text.replace('+', ",");
    let was = selector()?;
    match fs::write(SELECTOR, &text) {
        Err(e) if e.raw_os_error() == Some(libc::EINVAL) => {}
        Err(e) => bail!("rust_gsp={text} was refused with '{e}', not EINVAL"),
        Ok(()) => bail!("rust_gsp={text} was taken"),
    }
    let is = selector()?;
    if is != was {
        bail!("rust_gsp was '{was}' and is '{is}' after a write that was refused");
    }
    Ok(json!({"rust_gsp": is}))
}

/// The counters of every device, as text: what they mean is the runner's business.
fn counters() -> Result<Value> {
    let mut files = serde_json::Map::new();
    if let Ok(entries) = fs::read_dir(COUNTERS) {
        for entry in entries.flatten() {
            let text = fs::read_to_string(entry.path())
                .with_context(|| format!("{}", entry.path().display()))?;
            files.insert(
                entry.file_name().to_string_lossy().into_owned(),
                json!(text),
            );
        }
    }
    Ok(json!({"rust_gsp": files}))
}

/// What kmemleak finds: how many objects (`leaks`), and those of Rust's (`found`). C has some of its own.
fn kmemleak() -> Result<Value> {
    let mut found = memory::leaks()?.context("the kernel has no kmemleak")?;
    let leaks = found.len();
    found.retain(|it| memory::of_rust(it));
    Ok(json!({"leaks": leaks, "found": found}))
}

fn copy() -> Result<Value> {
    nvkm_guest::copy::run(RENDER)
}
