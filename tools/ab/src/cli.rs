// SPDX-License-Identifier: GPL-2.0
//! The command line.  Exit codes: 0 equal (or the run went well), 1 different, 2 failed.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use clap::Parser;
use clap::Subcommand;

use nvkm_ab::vm::firmware;
use nvkm_ab::vm::run;
use nvkm_ab::vm::run::Setup;
use nvkm_ab::vm::slots;

mod bench;
mod cells;
mod faults;
mod fleet;
mod hostile;
mod matrix;
mod page;
mod snapshots;

use bench::BenchArgs;
use cells::RunArgs;
use faults::FaultsArgs;
use faults::PlantArgs;
use fleet::FleetArgs;
use hostile::HostileArgs;
use matrix::MatrixArgs;
use page::PageArgs;
use snapshots::SnapshotsArgs;

/// The whole life of a driver: what an A/B run does when not told otherwise.
///
/// The events (`nvkm-vgpu --help` names them): an Xid (1), an MMU fault (3), one for a client that does not exist (4), an
/// unknown one (5), one that drivers drop (6), a long one (7), one of this firmware only (8), one without interrupt (12),
/// three at once (9), one that wraps the queue (10), and one that kills a channel (2).  The counters are read when nothing
/// more will be sent.
pub const DEFAULT_PHASES: &str =
    "load,probe,copy,event=1,event=3,event=4,event=5,event=6,event=7,event=8,event=12,\
    event=9,event=10,copy,event=2,unbind,bind,copy,unbind,counters,unload";

/// Runs nouveau on a virtual GPU, once or as C against Rust.
#[derive(Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one virtual machine.
    Vm(VmArgs),
    /// Compare C with Rust in one cell: two machines with C, one with Rust.
    Run(RunArgs),
    /// Compare in every cell of a matrix of GPUs, firmware versions and subsystems [default: what selftests/matrix.json claims].
    Matrix(MatrixArgs),
    /// What binding costs in C and in Rust: instructions and memory.
    Bench(BenchArgs),
    /// Hold machines that begin from a snapshot against machines that boot.
    Snapshots(SnapshotsArgs),
    /// Plant deliberate faults, which must be found and pointed at.
    Faults(FaultsArgs),
    /// Build a nouveau with something planted.
    Plant(PlantArgs),
    /// Print the table of a report.
    Show {
        /// The report [default: BUILD/ab/report.json].
        report: Option<PathBuf>,
    },
    /// Print reports as KTAP.
    Ktap {
        /// The reports [default: BUILD/ab/report.json].
        reports: Vec<PathBuf>,
    },
    /// Try each attack of the virtual GPU's on C and on Rust.
    Hostile(HostileArgs),
    /// Make the pages of runs anew, with what bench and hostile left meanwhile.
    Page(PageArgs),
    /// Make one compatibility table of many reports: card, firmware, subsystem, verdict.
    Fleet(FleetArgs),
}

/// Where the parts are.
#[derive(Args, Clone)]
pub struct Places {
    /// Directory of everything built.
    #[arg(long, env = "BUILD", default_value = "build")]
    build: PathBuf,
    /// Prepared kernel [default: BUILD/kernel/current].
    #[arg(long, env = "NVKM_KERNEL")]
    kernel: Option<PathBuf>,
    /// Modules built for it, below on/ [default: BUILD/nouveau].
    #[arg(long, env = "NVKM_NOUVEAU")]
    nouveau: Option<PathBuf>,
    /// Where reports and traces go [default: BUILD/ab].
    #[arg(long, env = "NVKM_REPORTS")]
    reports: Option<PathBuf>,
    /// Firmware by version [default: BUILD/firmware].
    #[arg(long)]
    firmware: Option<PathBuf>,
    /// Virtual GPU server [default: nvkm-vgpu beside this program].
    #[arg(long)]
    vgpu: Option<PathBuf>,
    /// More arguments for it.
    #[arg(long = "vgpu-arg", allow_hyphen_values = true)]
    vgpu_args: Vec<String>,
    /// Guest program [default: the static nvkm-guest of the same target directory].
    #[arg(long)]
    guest: Option<PathBuf>,
    /// Directory of the test that the phase kselftest runs.
    #[arg(long, default_value = "selftests/kselftest")]
    kselftest: PathBuf,
    /// One more module, for phases that load it.
    #[arg(long)]
    extra_module: Vec<PathBuf>,
    /// QEMU.
    #[arg(long, default_value = "qemu-system-x86_64")]
    qemu: PathBuf,
    /// More words for the guest kernel's command line.
    #[arg(long, default_value = "")]
    append: String,
    /// Let firmware that is visibly broken reach the driver.
    #[arg(long)]
    unchecked_fw: bool,
    /// Machines that run at the same time [default: as many as there are processors].
    #[arg(long)]
    jobs: Option<usize>,
    /// Boot each machine, instead of beginning from a snapshot of one that has booted.
    #[arg(long)]
    fresh: bool,
    /// Do not run a machine again that ran in the same place with the same inputs: what it left is judged again.
    #[arg(long, env = "NVKM_RESUME", value_parser = clap::builder::FalseyValueParser::new())]
    resume: bool,
    /// Seconds that one machine may run, of its own time: that of its programs on a processor, and when they want none.
    #[arg(long, default_value_t = 180)]
    limit: u64,
    /// Seconds of its own time without a sign of life after which a guest counts as hung.
    #[arg(long, default_value_t = 30)]
    silence: u64,
}

impl Places {
    /// Gives a setup its GPU and firmware.
    ///
    /// # Errors
    ///
    /// Synthetic firmware was asked for and cannot be made.
    pub fn firmware_for(&self, setup: &mut Setup, gpu: &str, fw: &str) -> Result<()> {
        let tool = setup.vgpu.with_file_name("nvkm-synthfw");
        let (dir, abi) = firmware::choose(fw, &setup.firmware, gpu, &tool)?;
        setup.gpu = Some(gpu.to_string());
        setup.fw = dir;
        setup.abi = abi;
        Ok(())
    }

    /// Lets as many machines run at the same time as the command line says.
    pub fn limit_jobs(&self) {
        slots::limit(self.jobs.unwrap_or(0));
    }

    /// Where reports and traces go.
    pub fn reports(&self) -> PathBuf {
        let given = self.reports.clone();
        given.unwrap_or_else(|| self.build.join("ab"))
    }

    /// The module that was built for the kernel.
    pub fn module(&self) -> PathBuf {
        let given = self.nouveau.clone();
        let dir = given.unwrap_or_else(|| self.build.join("nouveau"));
        dir.join("on/nouveau.ko")
    }

    /// A setup for one machine, without module, parameters and phases.
    pub fn setup(&self, name: &str, out: &Path) -> Setup {
        let exe = env::current_exe().unwrap_or_default();
        let beside = exe.parent().unwrap_or(Path::new("")).to_path_buf();
        let or = |given: &Option<PathBuf>, default: PathBuf| given.clone().unwrap_or(default);
        Setup {
            name: name.to_string(),
            out: out.to_path_buf(),
            kernel: or(&self.kernel, self.build.join("kernel/current")),
            firmware: or(&self.firmware, self.build.join("firmware")),
            cache: self.build.join("ab/.cache"),
            gpu: None,
            fw: String::new(),
            abi: String::new(),
            unchecked_fw: self.unchecked_fw,
            module: None,
            other: None,
            exact: false,
            params: String::new(),
            phases: Vec::new(),
            guest: or(&self.guest, beside.join("nvkm-guest")),
            kselftest: self.kselftest.clone(),
            extra: self.extra_module.clone(),
            vgpu: or(&self.vgpu, beside.join("nvkm-vgpu")),
            vgpu_args: self.vgpu_args.clone(),
            qemu: self.qemu.clone(),
            append: self.append.clone(),
            own_processor: true,
            fresh: self.fresh,
            resume: self.resume,
            limit: Duration::from_secs(self.limit),
            silence: Duration::from_secs(self.silence),
            progress: true,
        }
    }
}

fn phase_list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .map(String::from)
        .collect()
}

#[derive(Args)]
struct VmArgs {
    /// Chip of the virtual GPU, or 'none' for a machine without one.
    #[arg(long, default_value = "tu104")]
    gpu: String,
    /// Firmware version, or 'synthetic' or 'synthetic:VERSION'.
    #[arg(long, default_value = "570.144")]
    fw: String,
    /// nouveau module to load [default: the distribution's own].
    #[arg(long)]
    module: Option<PathBuf>,
    /// Load it bit for bit (some seconds slower: signature check and ftrace's bookkeeping).
    #[arg(long)]
    exact: bool,
    /// Its parameters, separated by spaces.
    #[arg(long, default_value = "")]
    params: String,
    /// Phases, separated by commas (load probe copy event=N suspend counters unbind bind unload
    /// sleep=MS bench=N+FUNCTION+… bench-memory=N swap=N kselftest core=STEP hw=WORD+…
    /// trace=on|off).
    #[arg(long, default_value = DEFAULT_PHASES)]
    phases: String,
    /// Where its traces and logs go [default: REPORTS/vm].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print the guest's kernel log at the end.
    #[arg(long)]
    log: bool,
    #[command(flatten)]
    places: Places,
}

/// Does what the command line says.
pub fn main(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Vm(args) => vm(&args),
        Command::Run(args) => cells::run(&args),
        Command::Matrix(args) => matrix::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Faults(args) => faults::run(&args),
        Command::Plant(args) => faults::plant(&args),
        Command::Snapshots(args) => snapshots::run(&args),
        Command::Show { report } => cells::show(report.as_deref()),
        Command::Ktap { reports } => cells::ktap(&reports),
        Command::Hostile(args) => hostile::run(&args),
        Command::Page(args) => page::run(&args),
        Command::Fleet(args) => fleet::run(&args),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            eprintln!("nvkm-ab: {e:#}");
            ExitCode::from(2)
        }
    }
}

fn vm(args: &VmArgs) -> Result<u8> {
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| args.places.reports().join("vm"));
    let mut setup = args.places.setup("vm", &out);
    if args.gpu != "none" {
        args.places.firmware_for(&mut setup, &args.gpu, &args.fw)?;
    }
    setup.module = args.module.clone();
    setup.exact = args.exact;
    setup.params = args.params.clone();
    setup.phases = args
        .phases
        .split(',')
        .filter(|p| !p.is_empty())
        .map(String::from)
        .collect();
    let outcome = run::run(&setup)?;
    if args.log {
        for line in outcome.guest.last_lines(usize::MAX) {
            println!("{line}");
        }
    }
    for phase in &outcome.guest.phases {
        let ktap = phase.data.get("ktap").and_then(|lines| lines.as_array());
        for line in ktap.into_iter().flatten().filter_map(|l| l.as_str()) {
            println!("{line}");
        }
    }
    let wall = outcome.wall.as_secs_f64();
    match outcome.error {
        None => {
            println!(
                "vm: all {} phases went well in {wall:.1} s; traces and logs in {}",
                setup.phases.len(),
                out.display()
            );
            Ok(0)
        }
        Some(error) => {
            for line in &outcome.last_lines {
                eprintln!("  | {line}");
            }
            eprintln!(
                "nvkm-ab: {error} (after {wall:.1} s; all logs in {})",
                out.display()
            );
            Ok(2)
        }
    }
}
