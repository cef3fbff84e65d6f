// SPDX-License-Identifier: GPL-2.0
//! `nvkm-hw`: see [`nvkm_hw::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    nvkm_hw::cli::main()
}
