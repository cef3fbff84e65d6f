// SPDX-License-Identifier: GPL-2.0
//! The phases that a plan is made of.
//!
//! | phase | what it does |
//! |---|---|
//! | `load` | loads the modules of the plan, the driver last |
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
//! | `unload` | removes the module |
//! | `sleep=MS` | lets guest time pass |
//! | `panic`, `hang` | what their names say; the runner's own tests use them |

use std::fs;
use std::hint;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use crate::bench;
use crate::core;
use crate::drm::Client;
use crate::drm::Domain;
use crate::kselftest;
use crate::logs;
use crate::modules;
use crate::nvif;
use crate::pci::Gpu;
use crate::plan::Plan;
use crate::power;
use crate::swap::Steps;
use crate::sys;
use crate::tracing;

const RENDER: &str = "/dev/dri/renderD128";
const SELECTOR: &str = "/sys/module/nouveau/parameters/rust_gsp";
const COUNTERS: &str = "/sys/kernel/debug/nouveau/rust_gsp";

/// Two pages more than a power of two: a copy that stops at a round number is noticed.
const COPY_BYTES: usize = (64 + 2) * 4096;
/// One line of the pitch copy; the class wants a multiple of nothing, so an odd number of lines results.
const LINE: u32 = 8192;
/// GPU addresses, each on a 2 MiB border so that the driver may use any page size.
const VA_PUSH: u64 = 0x1000_0000;
const VA_SOURCE: u64 = 0x1020_0000;
const VA_VRAM: u64 = 0x1040_0000;
const VA_BACK: u64 = 0x1060_0000;
/// Subchannel for copies (`NvSubCopy`, nouveau_dma.h).
const SUBC: u32 = 4;

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
            "trace" => tracing::run(arg),
            "core" => core::run(arg),
            "set" => set(arg),
            "refuse" => refuse(arg),
            "unload" => self.unload(),
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
        let Some((last, before)) = self.plan.modules.split_last() else {
            bail!("the plan names no module")
        };
        // Times of each, in guest milliseconds: loading is the longest part of a short run.
        let mut times = Vec::new();
        let mut load = |path: &String, params: &str| -> Result<()> {
            let start = Instant::now();
            modules::load(path, params)?;
            times.push(json!([path, start.elapsed().as_millis() as u64]));
            Ok(())
        };
        for module in before {
            load(module, "")?;
        }
        load(last, &self.plan.params)?;
        Ok(json!({"modules": times}))
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

/// A method header that writes `values` to consecutive methods (NV906F DMA_INCR, nvhw/class/cl906f.h).
fn methods(push: &mut Vec<u32>, method: u32, values: &[u32]) {
    push.push(0x2000_0000 | ((values.len() as u32) << 16) | (SUBC << 13) | (method >> 2));
    push.extend(values);
}

/// One pitch copy of whole lines.  Methods: NVA0B5 OFFSET_IN_UPPER…LINE_COUNT 0x400, LAUNCH_DMA 0x300 (cla0b5.h).
fn push_copy(push: &mut Vec<u32>, from: u64, to: u64) {
    let (hi, lo) = (|a: u64| (a >> 32) as u32, |a: u64| a as u32);
    let lines = COPY_BYTES as u32 / LINE;
    methods(
        push,
        0x400,
        &[hi(from), lo(from), hi(to), lo(to), LINE, LINE, LINE, lines],
    );
    // NON_PIPELINED, FLUSH_ENABLE, both sides PITCH, MULTI_LINE_ENABLE, virtual addresses.
    methods(
        push,
        0x300,
        &[2 | (1 << 2) | (1 << 7) | (1 << 8) | (1 << 9)],
    );
}

/// System memory -> VRAM -> system memory by the copy engine, then compared.
fn copy() -> Result<Value> {
    let client = Client::open(RENDER)?;
    let channel = client.copy_channel()?;
    let class = nvif::copy_class(&nvif::classes(&client, channel)?)?;
    nvif::new_object(&client, channel, 0xce00, class)?;

    let mut push_bo = client.buffer(Domain::Gart, 4096, VA_PUSH, true)?;
    let mut source = client.buffer(Domain::Gart, COPY_BYTES, VA_SOURCE, true)?;
    let _vram = client.buffer(Domain::Vram, COPY_BYTES, VA_VRAM, false)?;
    let mut back = client.buffer(Domain::Gart, COPY_BYTES, VA_BACK, true)?;

    // A multiplicative pattern: no two words alike, so that data in the wrong place is seen too.
    for (n, word) in source.bytes().chunks_exact_mut(4).enumerate() {
        word.copy_from_slice(
            &(n as u32)
                .wrapping_mul(0x9e37_79b1)
                .wrapping_add(1)
                .to_le_bytes(),
        );
    }
    back.bytes().fill(0);

    let mut push = Vec::new();
    methods(&mut push, 0x000, &[class]);
    push_copy(&mut push, VA_SOURCE, VA_VRAM);
    push_copy(&mut push, VA_VRAM, VA_BACK);
    for (word, to) in push.iter().zip(push_bo.bytes().chunks_exact_mut(4)) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    client.execute(channel, VA_PUSH, push.len() as u32 * 4, 10)?;

    let wrong = source
        .bytes()
        .iter()
        .zip(back.bytes().iter())
        .position(|(a, b)| a != b);
    if let Some(at) = wrong {
        let (a, b) = (source.bytes()[at], back.bytes()[at]);
        bail!("the copy is wrong at byte {at}: {b:#04x} instead of {a:#04x}");
    }
    client.free_channel(channel)?;
    Ok(json!({"class": format!("{class:#06x}"), "bytes": COPY_BYTES}))
}
