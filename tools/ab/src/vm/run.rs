// SPDX-License-Identifier: GPL-2.0
//! Running one machine from start to end, in bounded time whatever happens inside.

use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

use crate::vm::firmware;
use crate::vm::guest::Guest;
use crate::vm::guest::Line;
use crate::vm::hw;
use crate::vm::initramfs;
use crate::vm::kernel::Kernel;
use crate::vm::kselftest;
use crate::vm::module;
use crate::vm::place;
use crate::vm::process::last_lines;
use crate::vm::process::Process;
use crate::vm::qemu;

/// How long the model may take to open its socket, and to write its traces at the end.
const MODEL_LIMIT: Duration = Duration::from_secs(20);
/// Guest log lines shown with a failure.
const LAST_LINES: usize = 15;

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
    /// The whole run's limit.
    pub limit: Duration,
    /// A guest that is silent for this long is hung.
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

/// Runs one machine.  What goes wrong inside it is an [`Outcome`] with an error.
///
/// # Errors
///
/// The run could not be set up at all (missing parts, bad firmware).
pub fn run(setup: &Setup) -> Result<Outcome> {
    let start = Instant::now();
    fs::create_dir_all(&setup.out)
        .with_context(|| format!("{} cannot be made", setup.out.display()))?;
    // Paths go to other programs: they must not depend on where those run.
    let out = setup.out.canonicalize()?;
    for old in [
        "wire.jsonl",
        "mmio.txt",
        "device.json",
        "console.log",
        "guest.jsonl",
    ] {
        let _ = fs::remove_file(out.join(old));
    }
    let kernel = Kernel::open(&setup.kernel)?;
    let image = kernel.image(&setup.cache)?;
    let initramfs = build_initramfs(setup, &kernel, &out)?;

    let place = setup.own_processor.then(place::take).flatten();
    let processor = place.as_ref().map(|p| p.processor);
    let socket = socket_path(&out);
    let mut model = match &setup.gpu {
        Some(gpu) => Some(start_model(setup, gpu, &socket, &out, processor)?),
        None => None,
    };
    let console = out.join("console.log");
    let report = out.join("guest.jsonl");
    let args = qemu::arguments(&qemu::Machine {
        kernel: &image,
        initramfs: &initramfs,
        gpu: model.as_ref().map(|_| socket.as_path()),
        console: &console,
        report: &report,
        append: &setup.append,
        memory_mb: 2048,
    });
    let mut qemu = Process::start(&setup.qemu, &args, &out.join("qemu.log"), |command| {
        if let Some(processor) = processor {
            place::pin(command, processor);
            place::main_thread_first(command);
        }
    })?;
    let mut guest = Guest::default();
    let watched = watch(
        setup,
        &mut qemu,
        model.as_mut(),
        &report,
        &console,
        &mut guest,
        start,
    );
    qemu.kill();
    let mut error = watched.err().map(|e| format!("{e:#}"));
    if let Some(model) = &mut model {
        // It ends by itself when the machine is gone, after writing its traces.
        match model.wait(MODEL_LIMIT)? {
            Some(status) if status.success() => {}
            Some(status) => {
                let words = model.last_words();
                error.get_or_insert(format!("the virtual GPU failed ({status}): {words}"));
            }
            None => {
                error
                    .get_or_insert("the virtual GPU did not end after its machine was gone".into());
            }
        }
    }
    let _ = fs::remove_file(&socket);
    let _ = fs::remove_file(&initramfs);
    let last_lines = if error.is_some() {
        guest_words(&guest, &console)
    } else {
        Vec::new()
    };
    Ok(Outcome {
        guest,
        error,
        last_lines,
        wall: start.elapsed(),
    })
}

fn build_initramfs(setup: &Setup, kernel: &Kernel, out: &Path) -> Result<PathBuf> {
    let loads = setup.phases.iter().any(|p| p == "load");
    let own;
    let files = match (&setup.gpu, &setup.other) {
        (_, Some(other)) => other.files.as_ref(),
        (Some(gpu), None) if loads => {
            own = firmware::collect(&setup.firmware, &setup.fw, gpu, setup.unchecked_fw)?;
            &own
        }
        _ => &firmware::Files::new(),
    };
    // Modules are only needed if the plan loads any.
    let modules = match (loads, &setup.other) {
        (false, _) => Vec::new(),
        (true, Some(other)) => {
            let mut modules = kernel.needed_by(&other.module, &setup.cache)?;
            modules.push(other.module.clone());
            modules
        }
        (true, None) => {
            let mut modules = match &setup.module {
                Some(path) if kernel.stock_nouveau().is_err() => {
                    kernel.needed_by(path, &setup.cache)?
                }
                _ => kernel.dependencies()?,
            };
            modules.push(match &setup.module {
                Some(path) => path.clone(),
                None => kernel.stock_nouveau()?,
            });
            modules
        }
    };
    let mut programs = if kselftest::wanted(&setup.phases) {
        kselftest::programs(&setup.kselftest, &setup.kernel)?
    } else {
        Vec::new()
    };
    if hw::wanted(&setup.phases) {
        programs.push(hw::program(&setup.guest)?);
    }
    let other = setup.other.as_ref();
    let parts = initramfs::Parts {
        guest: &setup.guest,
        modules: &modules,
        name: other.map_or("nouveau".into(), |o| module::stem(&o.module)),
        exact: setup.exact,
        params: &setup.params,
        phases: &setup.phases,
        firmware: files,
        programs: &programs,
        extra: &setup.extra,
        console_level: 7,
        no_nodes: other.is_some_and(|o| o.no_nodes),
    };
    let path = out.join("initramfs.cpio");
    fs::write(&path, initramfs::build(&parts, &setup.cache)?)?;
    Ok(path)
}

/// A socket's path has room for 107 bytes; a deep directory needs another place.
fn socket_path(out: &Path) -> PathBuf {
    let path = out.join("vgpu.sock");
    if path.as_os_str().len() < 100 {
        return path;
    }
    PathBuf::from(format!(
        "/tmp/nvkm-vgpu-{}-{:p}.sock",
        std::process::id(),
        &path
    ))
}

fn start_model(
    setup: &Setup,
    gpu: &str,
    socket: &Path,
    out: &Path,
    processor: Option<usize>,
) -> Result<Process> {
    let _ = fs::remove_file(socket);
    let mut args = vec![
        "--gpu".to_string(),
        gpu.to_string(),
        "--fw".into(),
        setup.abi.clone(),
    ];
    args.extend([
        "--socket".to_string(),
        socket.display().to_string(),
        "--trace".into(),
        out.display().to_string(),
    ]);
    args.extend(setup.vgpu_args.iter().cloned());
    let mut model = Process::start(&setup.vgpu, &args, &out.join("vgpu.log"), |command| {
        if let Some(processor) = processor {
            place::pin(command, processor);
        }
    })?;
    let end = Instant::now() + MODEL_LIMIT;
    while !socket.exists() {
        if let Some(status) = model.ended()? {
            bail!(
                "the virtual GPU refused to start ({status}): {}",
                model.last_words()
            );
        }
        if Instant::now() > end {
            bail!(
                "the virtual GPU did not open its socket within {} s",
                MODEL_LIMIT.as_secs()
            );
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(model)
}

/// Follows a run until QEMU ends; an error is the sentence that says what went wrong.
fn watch(
    setup: &Setup,
    qemu: &mut Process,
    mut model: Option<&mut Process>,
    report: &Path,
    console: &Path,
    guest: &mut Guest,
    start: Instant,
) -> Result<()> {
    let mut reader: Option<File> = None;
    let mut last_sign = Instant::now();
    let mut console_size = 0;
    let mut ended = false;
    let mut arranged = !setup.own_processor;
    loop {
        arranged = arranged || place::virtual_processor_last(qemu.id());
        // Asked before the report is read: what was written before the end is then surely seen.
        ended |= qemu.ended()?.is_some();
        if reader.is_none() {
            reader = File::open(report).ok();
        }
        let mut bytes = Vec::new();
        if let Some(file) = &mut reader {
            file.read_to_end(&mut bytes)?;
        }
        let size = fs::metadata(console).map_or(0, |m| m.len());
        if !bytes.is_empty() || size != console_size {
            last_sign = Instant::now();
            console_size = size;
        }
        for line in guest.feed(&bytes) {
            if setup.progress {
                progress(setup, &line, start);
            }
        }
        if ended {
            return verdict(qemu, model.as_deref_mut(), guest, console);
        }
        let doing = guest
            .running
            .clone()
            .map_or("before its first phase".into(), |p| format!("in phase {p}"));
        if last_sign.elapsed() > setup.silence {
            bail!(
                "the guest hangs {doing}: no sign of life for {} s",
                setup.silence.as_secs()
            );
        }
        if start.elapsed() > setup.limit {
            bail!(
                "the guest did not finish within {} s; it was {doing}",
                setup.limit.as_secs()
            );
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// What the end of QEMU means.
fn verdict(
    qemu: &mut Process,
    model: Option<&mut Process>,
    guest: &Guest,
    console: &Path,
) -> Result<()> {
    match &guest.end {
        Some(Ok(())) => return Ok(()),
        Some(Err(why)) => bail!("{why}"),
        None => {}
    }
    let doing = guest
        .running
        .clone()
        .map_or(String::new(), |p| format!(" in phase {p}"));
    let words = fs::read(console).unwrap_or_default();
    if let Some(panic) = String::from_utf8_lossy(&words)
        .lines()
        .find(|l| l.contains("Kernel panic"))
    {
        let text = panic.split_once("] ").map_or(panic, |(_, t)| t);
        bail!("the guest's kernel panicked{doing}: {}", text.trim());
    }
    if let Some(model) = model {
        if let Some(status) = model.wait(Duration::from_secs(1))? {
            if !status.success() {
                bail!(
                    "the virtual GPU failed{doing} ({status}): {}",
                    model.last_words()
                );
            }
        }
    }
    let status = qemu.ended()?.map_or(String::new(), |s| format!(" ({s})"));
    bail!(
        "QEMU ended before the guest did{doing}{status}: {}",
        qemu.last_words()
    )
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

/// The guest's last lines: its reported log, or the console where that has more (a panic).
fn guest_words(guest: &Guest, console: &Path) -> Vec<String> {
    let spoken = last_lines(console, LAST_LINES);
    if spoken.is_empty() {
        return guest.last_lines(LAST_LINES);
    }
    spoken
}
