// SPDX-License-Identifier: GPL-2.0
//! `nvkm-ab`: runs nouveau on a virtual GPU, once or as C against Rust.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::main(cli::Cli::parse())
}
