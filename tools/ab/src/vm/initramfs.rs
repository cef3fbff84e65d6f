// SPDX-License-Identifier: GPL-2.0
//! The initramfs of a run: the guest's program, its plan, modules and firmware, and nothing else.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde_json::json;

use crate::vm::cpio::Cpio;
use crate::vm::firmware;
use crate::vm::kernel::Kernel;
use crate::vm::module;

/// What goes into an initramfs.
pub struct Parts<'a> {
    /// The static `nvkm-guest` program.
    pub guest: &'a Path,
    /// Where the other modules come from.
    pub kernel: &'a Kernel,
    /// The nouveau module to try.
    pub nouveau: &'a Path,
    /// Load it as it is, bit for bit, though that takes seconds longer.
    pub exact: bool,
    /// Its parameters.
    pub params: &'a str,
    /// The plan's phases.
    pub phases: &'a [String],
    /// Firmware files, below `/lib/firmware`.
    pub firmware: &'a firmware::Files,
    /// Kernel console level while the plan runs.
    pub console_level: u8,
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
    let mut modules = Vec::new();
    let mut add = |cpio: &mut Cpio, path: &Path, elf: &[u8]| {
        let name = module::stem(path);
        let place = format!("modules/{name}.ko");
        cpio.file(&place, elf);
        modules.push(format!("/{place}"));
    };
    // Modules are only needed if the plan loads any.
    if parts.phases.iter().any(|p| p == "load") {
        for path in parts.kernel.dependencies()? {
            let elf = module::prepared(&path, cache, false)?;
            add(&mut cpio, &path, &elf);
        }
        let elf = module::prepared(parts.nouveau, cache, parts.exact)?;
        add(&mut cpio, Path::new("nouveau.ko"), &elf);
        for (path, bytes) in parts.firmware {
            cpio.file(&format!("lib/firmware/{path}"), bytes);
        }
    }
    let plan = json!({
        "modules": modules,
        "params": parts.params,
        "phases": parts.phases,
        "console_level": parts.console_level,
    });
    cpio.file("nvkm.json", plan.to_string().as_bytes());
    Ok(cpio.finish())
}
