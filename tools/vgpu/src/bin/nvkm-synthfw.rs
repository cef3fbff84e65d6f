// SPDX-License-Identifier: GPL-2.0
//! `nvkm-synthfw`: writes a synthetic firmware tree, so that quick tests need no file of NVIDIA's.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{bail, Context, Result};
use clap::Parser;
use nvkm_vgpu::chips;
use nvkm_vgpu::rm::layout::Layout;
use nvkm_vgpu::synthfw;

/// Writes synthetic GSP firmware that boots on nvkm-vgpu (and on nothing else).
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Chip (see nvkm-vgpu --help); may be given several times.
    #[arg(long, required = true)]
    gpu: Vec<String>,
    /// Firmware version (570.144, 535.113.01).
    #[arg(long)]
    fw: String,
    /// Directory like /lib/firmware: files go to DIR/nvidia/<chip>/….
    #[arg(long)]
    out: PathBuf,
}

fn write(args: &Args) -> Result<()> {
    let Some(layout) = Layout::of(&args.fw) else {
        bail!(
            "firmware version '{}' is not known; 570.144 and 535.113.01 are",
            args.fw
        );
    };
    for gpu in &args.gpu {
        let Some(chip) = chips::find(gpu) else {
            bail!("there is no model of '{gpu}'");
        };
        for (path, data) in synthfw::files(chip, layout) {
            let path = args.out.join(path);
            if let Some(dir) = path.parent() {
                fs::create_dir_all(dir)
                    .with_context(|| format!("cannot make {}", dir.display()))?;
            }
            fs::write(&path, data).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match write(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("nvkm-synthfw: {e:#}");
            ExitCode::FAILURE
        }
    }
}
