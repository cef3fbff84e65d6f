// SPDX-License-Identifier: GPL-2.0
//! `nvkm-vgpu`: serves one vfio-user client (QEMU's vfio-user-pci) with a virtual GPU, and exits when it disconnects.

mod server;

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{bail, Context, Result};
use clap::Parser;
use nvkm_vgpu::chips;
use nvkm_vgpu::device::{Device, Options};
use nvkm_vgpu::gsp::events::EVENTS;
use nvkm_vgpu::hostile::{self, Attack, CALM, STRIKE};
use nvkm_vgpu::rm::layout::Layout;
use nvkm_vgpu::trace::Recorder;
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use serde_json::{json, Value};

/// A virtual NVIDIA GPU over vfio-user.
#[derive(Parser)]
#[command(version, after_help = after_help())]
struct Args {
    /// Chip to model (tu102, tu104, tu106, tu116, ga100, ga102, ga106, ad102).
    #[arg(long, required_unless_present = "list_attacks", default_value = "")]
    gpu: String,
    /// Unix socket to listen on; must not exist.
    #[arg(long, required_unless_present = "list_attacks", default_value = ".")]
    socket: PathBuf,
    /// Directory for wire.jsonl, mmio.txt and device.json.
    #[arg(long, required_unless_present = "list_attacks", default_value = ".")]
    trace: PathBuf,
    /// Misbehave on purpose, in this way; see --list-attacks.
    #[arg(long)]
    attack: Option<String>,
    /// Print the attacks that there are as JSON, and exit.
    #[arg(long)]
    list_attacks: bool,
    /// Firmware version to assume (default: what the handed-over image says).
    #[arg(long)]
    fw: Option<String>,
    /// Do not send RUN_CPU_SEQUENCER while booting.
    #[arg(long)]
    no_sequencer: bool,
    /// Trap every access to BAR2 instead of letting the guest map it: slower, and finds accesses to what is not mapped.
    #[arg(long)]
    trap_bar2: bool,
    /// Seconds to wait for the client to connect.
    #[arg(long, default_value_t = 60)]
    connect_timeout: u64,
}

fn after_help() -> String {
    let mut s = String::from(
        "Commands a guest writes to the vendor-specific capability (id 0x09), dword at +4:\n  \
         0x01NN0000  mark NN in both traces\n  0x02NN0000  post asynchronous event NN:\n",
    );
    for e in EVENTS {
        s += &format!("    {:2}  {:18} {}\n", e.number, e.name, e.help);
    }
    s += &format!("    {STRIKE:2}  the attack of --attack\n    {CALM:2}  the end of it\n");
    s + "The dword reads back status: bit 0 busy, bit 1 error."
}

fn serve(args: &Args) -> Result<()> {
    let Some(chip) = chips::find(&args.gpu) else {
        let known: Vec<_> = chips::CHIPS.iter().map(|c| c.name).collect();
        bail!("no model of '{}'; there is {}", args.gpu, known.join(", "));
    };
    let fw = match &args.fw {
        None => None,
        Some(v) => match Layout::of(v) {
            Some(l) => Some(l.version),
            None => bail!("firmware version '{v}' is not known; 570.144 and 535.113.01 are"),
        },
    };
    let rec = Recorder::to_dir(&args.trace)
        .with_context(|| format!("cannot write traces below {}", args.trace.display()))?;
    let (memory, msi) = (server::DmaMemory::default(), server::Msi::default());
    let mut device = Device::new(
        Options {
            chip,
            fw,
            sequencer: !args.no_sequencer,
            vbios: chip.vbios,
            window: !args.trap_bar2,
        },
        Box::new(memory.clone()),
        Box::new(msi.clone()),
        rec,
    )
    .context("cannot make video memory")?;
    if let Some(name) = &args.attack {
        let attack = hostile::find(name)
            .with_context(|| format!("there is no attack '{name}'; see --list-attacks"))?;
        device.arm(attack, Arc::new(memory.clone()));
    }
    let window = device.bus().vram.window().map(|w| w.file().as_raw_fd());
    let mut backend = server::Backend {
        device,
        memory,
        msi,
    };

    // It has its name once somebody listens: whoever waits for the file may connect at once.
    let unnamed = args.socket.with_extension("unnamed");
    let listener = UnixListener::bind(&unnamed)
        .and_then(|listener| std::fs::rename(&unnamed, &args.socket).map(|()| listener))
        .with_context(|| format!("cannot listen on {}", args.socket.display()))?;
    let timeout = Timespec {
        tv_sec: args.connect_timeout.min(i64::MAX as u64) as i64,
        tv_nsec: 0,
    };
    let ready =
        poll(&mut [PollFd::new(&listener, PollFlags::IN)], Some(&timeout)).context("poll")?;
    let result = if ready == 0 {
        let _ = std::fs::remove_file(&args.socket);
        bail!("no client within {} s", args.connect_timeout);
    } else {
        vfio_user::Server::from_owned_fd(
            OwnedFd::from(listener),
            true,
            server::irqs(),
            server::regions(window),
        )
        .run(&mut backend)
    };
    backend.device.flush().context("cannot write traces")?;
    let _ = std::fs::remove_file(&args.socket);
    match result {
        Ok(()) => Ok(()),
        // A client that is killed resets the connection: that is a disconnection like any other.
        Err(vfio_user::Error::ReceiveWithFd(_) | vfio_user::Error::StreamWrite(_)) => Ok(()),
        Err(e) => Err(e).context("vfio-user"),
    }
}

/// An attack as a runner wants to know it.
fn listed(attack: &Attack) -> Value {
    let mut it = json!(attack);
    it["waits"] = attack.waits().into();
    it
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.list_attacks {
        let list: Vec<Value> = hostile::attacks().map(listed).collect();
        println!("{:#}", Value::from(list));
        return ExitCode::SUCCESS;
    }
    match serve(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("nvkm-vgpu: {e:#}");
            ExitCode::FAILURE
        }
    }
}
