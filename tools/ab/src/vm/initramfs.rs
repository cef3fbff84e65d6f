// SPDX-License-Identifier: GPL-2.0
//! The initramfs of a run: the guest's program, its plan, modules and firmware, and nothing else.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use serde_json::json;

use crate::vm::cpio::Cpio;
use crate::vm::firmware;
use crate::vm::module;

/// What goes into an initramfs.
pub struct Parts<'a> {
    /// The static `nvkm-guest` program.
    pub guest: &'a Path,
    /// The modules to load, the driver to try last.
    pub modules: &'a [PathBuf],
    /// The driver's name, whatever its file is called.
    pub name: String,
    /// Load it as it is, bit for bit, though that takes seconds longer.
    pub exact: bool,
    /// Its parameters.
    pub params: &'a str,
    /// The plan's phases.
    pub phases: &'a [String],
    /// Firmware files, below `/lib/firmware`.
    pub firmware: &'a firmware::Files,
    /// Modules that phases load, in `/extra`.
    pub extra: &'a [PathBuf],
    /// Other programs, by their place.
    pub programs: &'a [(String, Vec<u8>)],
    /// Kernel console level while the plan runs.
    pub console_level: u8,
    /// The driver makes no nodes in /dev/dri.
    pub no_nodes: bool,
}

/// Builds the archive.
///
/// # Errors
///
/// A part cannot be read.
pub fn build(parts: &Parts, cache: &Path) -> Result<Vec<u8>> {
    let mut cpio = Cpio::new();
    let guest = fs::read(parts.guest).with_context(|| {
        format!(
            "the guest program {} cannot be read; build nvkm-guest first",
            parts.guest.display()
        )
    })?;
    cpio.executable("init", &guest);
    for (place, bytes) in parts.programs {
        cpio.executable(place, bytes);
    }
    for path in parts.extra {
        let elf = module::prepared(path, cache, false)?;
        cpio.file(&format!("extra/{}.ko", module::stem(path)), &elf);
    }
    let mut modules = Vec::new();
    let mut add = |cpio: &mut Cpio, name: &str, elf: &[u8]| {
        let place = format!("modules/{name}.ko");
        cpio.file(&place, elf);
        modules.push(format!("/{place}"));
    };
    if let Some((driver, needed)) = parts.modules.split_last() {
        for path in needed {
            let elf = module::prepared(path, cache, false)?;
            add(&mut cpio, &module::stem(path), &elf);
        }
        let elf = module::prepared(driver, cache, parts.exact)?;
        add(&mut cpio, &parts.name, &elf);
        for (path, bytes) in parts.firmware {
            cpio.file(&format!("lib/firmware/{path}"), bytes);
        }
    }
    let plan = json!({
        "modules": modules,
        "params": parts.params,
        "phases": parts.phases,
        "console_level": parts.console_level,
        // A machine that boots and one that is restored then have the GPU's memory at the same addresses.
        "replug": true,
        "no_nodes": parts.no_nodes,
    });
    cpio.file("nvkm.json", plan.to_string().as_bytes());
    Ok(cpio.finish())
}
