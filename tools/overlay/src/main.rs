// SPDX-License-Identifier: GPL-2.0

//! `nvkm-overlay`: lays this repository over a kernel's nouveau, and proves what that changed.

mod anchor;
mod apply;
mod compare;
mod hook;
mod off;
mod step;
mod sync;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Lay this repository over a kernel's nouveau, and compare built objects.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Copy nouveau, apply every hook (counted), add our files. Files that do not change keep their time stamps.
    Apply(apply::Options),
    /// Apply some hooks and anchors to a tree, in place.
    Step(step::Options),
    /// Copy a directory's sources into one where they are built; files that do not change keep their time stamps.
    Sync(sync::Options),
    /// Compare every allocated section and its relocations of two built trees; exit 1 when they differ.
    Compare(compare::Options),
    /// Which hook and anchor applies to which kernel; exit 1 when one does not.
    Hooks(table::Options),
    /// List the faults of a file: name, and what an A/B run must say of it.
    Faults {
        /// The file, such as selftests/rpc/faults.toml.
        file: PathBuf,
    },
}

fn run() -> Result<bool> {
    match Cli::parse().command {
        Command::Apply(options) => apply::run(&options).map(|()| true),
        Command::Step(options) => step::run(&options).map(|()| true),
        Command::Sync(options) => sync::run(&options).map(|()| true),
        Command::Compare(options) => compare::run(&options),
        Command::Hooks(options) => table::run(&options),
        Command::Faults { file } => {
            let mut anchors = anchor::load(&file)?;
            anchors.dedup_by(|a, b| a.name == b.name);
            for anchor in anchors {
                println!("{} {}", anchor.name, anchor.expect.unwrap_or_default());
            }
            Ok(true)
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("nvkm-overlay: {error:#}");
            ExitCode::from(2)
        }
    }
}
