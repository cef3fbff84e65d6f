// SPDX-License-Identifier: GPL-2.0
//! A run: what it needs, what it came to, and whether it is one that ran before.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;
use serde::Serialize;

use crate::vm::contents;
use crate::vm::digest;
use crate::vm::digest::Digest;
use crate::vm::firmware;
use crate::vm::guest::Guest;
use crate::vm::kernel::Kernel;
use crate::vm::machine;
use crate::vm::machine::NotRestored;
use crate::vm::slots;
use crate::vm::snapshot;
use crate::vm::snapshot::Snapshot;

/// Guest memory in MiB.
pub const MEMORY_MB: u32 = 2048;

/// What a run needs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Name for progress lines (`c1`, `c2`, `rust`).
    pub name: String,
    /// Where everything the run leaves goes.
    pub out: PathBuf,
    /// Prepared kernel (`build/kernel/current`).
    pub kernel: PathBuf,
    /// Firmware by version (`build/firmware`).
    pub firmware: PathBuf,
    /// Where unpacked files are kept between runs.
    pub cache: PathBuf,
    /// Virtual GPU: chip name, or none for a machine without one.
    pub gpu: Option<String>,
    /// Firmware: the name of a directory in `firmware`.
    pub fw: String,
    /// The firmware version whose interface it has.
    pub abi: String,
    /// Let broken firmware reach the driver.
    pub unchecked_fw: bool,
    /// nouveau module; the distribution's own if none.
    pub module: Option<PathBuf>,
    /// Another driver instead of nouveau.
    pub other: Option<Other>,
    /// Load the module bit for bit (slower: signature check and ftrace's bookkeeping).
    pub exact: bool,
    /// Module parameters.
    pub params: String,
    /// Phases of the plan.
    pub phases: Vec<String>,
    /// The guest's program.
    pub guest: PathBuf,
    /// Directory of the test that the phase `kselftest` runs.
    pub kselftest: PathBuf,
    /// More modules, which the plan's phases load.
    pub extra: Vec<PathBuf>,
    /// The virtual GPU's server.
    pub vgpu: PathBuf,
    /// More arguments for it.
    pub vgpu_args: Vec<String>,
    /// QEMU.
    pub qemu: PathBuf,
    /// More words for the kernel's command line.
    pub append: String,
    /// All of the machine's threads are on one processor, its own if there is one; see [`place`].
    pub own_processor: bool,
    /// Boot it, instead of beginning from a snapshot.
    pub fresh: bool,
    /// Do not run what ran in the same place with the same inputs.
    pub resume: bool,
    /// The whole run's limit, in the machine's own time ([`crate::vm::clock`]).
    pub limit: Duration,
    /// A guest that is silent for this long of the machine's own time is hung.
    pub silence: Duration,
    /// Show progress.
    pub progress: bool,
}

/// A driver other than nouveau.
#[derive(Clone, Debug)]
pub struct Other {
    /// Its module; those of the distribution that it needs are found by what it says of itself.
    pub module: PathBuf,
    /// Its firmware files.
    pub files: Arc<firmware::Files>,
    /// It makes no nodes in /dev/dri.
    pub no_nodes: bool,
}

/// How a run went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the guest reported.
    pub guest: Guest,
    /// Why the run failed: one sentence.
    pub error: Option<String>,
    /// The guest's last log lines, if it failed.
    pub last_lines: Vec<String>,
    /// Wall time of the whole run.
    pub wall: Duration,
}

/// What a run leaves, and what an older one may have left.
const LEFT: [&str; 9] = [
    RECORD,
    "wire.jsonl",
    "mmio.txt",
    "device.json",
    "console.log",
    "guest.jsonl",
    "dmesg.txt",
    "vgpu.log",
    "qemu.log",
];
/// What is noted of a run that ended, for one with the same inputs.
const RECORD: &str = "run.json";
/// Changes when a run's result may be another one though all its parts are the same.
const FORMAT: &str = "1";

/// Runs one machine.  What goes wrong inside it is an [`Outcome`] with an error.
///
/// # Errors
///
/// The run could not be set up at all (missing parts, bad firmware).
pub fn run(setup: &Setup) -> Result<Outcome> {
    let _slot = slots::take();
    Prepared::new(setup)?.run()
}

/// A run that could begin.
pub struct Prepared<'a> {
    setup: &'a Setup,
    out: PathBuf,
    kernel: Kernel,
    image: PathBuf,
    base: Vec<PathBuf>,
    archive: Vec<u8>,
    snapshot: Option<Snapshot>,
}

impl<'a> Prepared<'a> {
    /// Collects all that a run is made of; makes its snapshot if there is none.
    ///
    /// # Errors
    ///
    /// A part is missing or broken.
    pub fn new(setup: &'a Setup) -> Result<Self> {
        fs::create_dir_all(&setup.out)
            .with_context(|| format!("{} cannot be made", setup.out.display()))?;
        // Paths go to other programs: they must not depend on where those run.
        let out = setup.out.canonicalize()?;
        let kernel = Kernel::open(&setup.kernel)?;
        let image = kernel.image(&setup.cache)?;
        let base = contents::base_modules(setup, &kernel)?;
        let archive = contents::archive(setup, &kernel, if setup.fresh { &[] } else { &base })?;
        let mut prepared = Self {
            setup,
            out,
            kernel,
            image,
            base,
            archive,
            snapshot: None,
        };
        prepared.snapshot = prepared.take_snapshot()?;
        Ok(prepared)
    }

    fn take_snapshot(&self) -> Result<Option<Snapshot>> {
        let setup = self.setup;
        if setup.fresh {
            return Ok(None);
        }
        let recipe = snapshot::Recipe {
            cache: &setup.cache,
            kernel: &setup.kernel,
            image: &self.image,
            waiter: &setup.guest.with_file_name("nvkm-waiter"),
            modules: &self.base,
            qemu: &setup.qemu,
            append: &setup.append,
            memory_mb: MEMORY_MB,
        };
        snapshot::of(&recipe).map(Some)
    }

    /// A hash of everything that decides what the machine does: two runs with the same one are runs of the same machine. Where
    /// its files go, and what it is called, is not in it.
    ///
    /// # Errors
    ///
    /// A part cannot be read.
    pub fn inputs(&self) -> Result<String> {
        let setup = self.setup;
        let mut digest = Digest::new();
        digest.text(FORMAT);
        digest.text(&self.kernel.release);
        match &self.snapshot {
            Some(snapshot) => digest.text(&snapshot.id),
            None => digest.text(&digest::file(&self.image)?),
        }
        // Guest, driver, modules, firmware, and the plan with its parameters.
        digest.bytes(&self.archive);
        digest.text(&digest::program(&setup.qemu)?);
        digest.text(&setup.append);
        if let Some(gpu) = &setup.gpu {
            digest.text(gpu);
            digest.text(&setup.abi);
            // One that is not there is told of when it is to be started.
            digest.text(&digest::program(&setup.vgpu).unwrap_or_default());
            setup.vgpu_args.iter().for_each(|arg| digest.text(arg));
        }
        digest.text(&format!(
            "{} {:?} {:?}",
            setup.own_processor, setup.limit, setup.silence
        ));
        Ok(digest.end())
    }

    /// What an earlier run of the same machine in the same place came to, if its files are still there.
    fn recorded(&self, inputs: &str) -> Option<Outcome> {
        let text = fs::read_to_string(self.out.join(RECORD)).ok()?;
        let record: Record = serde_json::from_str(&text).ok()?;
        if record.inputs != inputs {
            return None;
        }
        let mut guest = Guest::default();
        guest.feed(&fs::read(self.out.join("guest.jsonl")).ok()?);
        Some(Outcome {
            guest,
            error: record.error,
            last_lines: record.last_lines,
            wall: Duration::from_secs_f64(record.wall_s),
        })
    }

    /// Runs it, or gives what it came to earlier, if [`Setup::resume`] says so.
    ///
    /// # Errors
    ///
    /// As for [`run`].
    pub fn run(mut self) -> Result<Outcome> {
        let inputs = self.inputs()?;
        if self.setup.resume {
            if let Some(outcome) = self.recorded(&inputs) {
                return Ok(outcome);
            }
        }
        for old in LEFT {
            let _ = fs::remove_file(self.out.join(old));
        }
        let outcome = match self.attempt()? {
            Ok(outcome) => outcome,
            // One that cannot be restored is made again, once.
            Err(NotRestored(why)) => {
                eprintln!("{}: {why:#}; the snapshot is made again", self.setup.name);
                if let Some(it) = self.snapshot.take() {
                    it.discard();
                }
                self.snapshot = self.take_snapshot()?;
                self.attempt()?.map_err(|NotRestored(why)| why)?
            }
        };
        let record = Record {
            inputs: self.inputs()?,
            error: outcome.error.clone(),
            last_lines: outcome.last_lines.clone(),
            wall_s: outcome.wall.as_secs_f64(),
        };
        fs::write(self.out.join(RECORD), serde_json::to_string(&record)?)?;
        Ok(outcome)
    }

    fn attempt(&self) -> Result<Result<Outcome, NotRestored>> {
        let snapshot = self.snapshot.as_ref();
        machine::run(self.setup, &self.image, &self.archive, snapshot, &self.out)
    }
}

/// See [`RECORD`].
#[derive(Deserialize, Serialize)]
struct Record {
    inputs: String,
    error: Option<String>,
    last_lines: Vec<String>,
    wall_s: f64,
}
