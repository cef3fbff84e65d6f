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
use crate::vm::kernel::cached;
use crate::vm::kernel::Kernel;
use crate::vm::unpack;

/// What goes into an initramfs.
pub struct Parts<'a> {
    /// The static `nvkm-guest` program.
    pub guest: &'a Path,
    /// Where the other modules come from.
    pub kernel: &'a Kernel,
    /// The nouveau module to try.
    pub nouveau: &'a Path,
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
        let name = stem(path);
        let place = format!("modules/{name}.ko");
        cpio.file(&place, elf);
        modules.push(format!("/{place}"));
    };
    // Modules are only needed if the plan loads any.
    if parts.phases.iter().any(|p| p == "load") {
        for path in parts.kernel.dependencies()? {
            let elf = unpacked(&path, cache, &parts.kernel.release)?;
            add(&mut cpio, &path, &elf);
        }
        let path = parts.nouveau;
        let elf = match path.extension() {
            Some(ext) if ext != "ko" => unpacked(path, cache, &parts.kernel.release)?,
            _ => unpack::module(path)?,
        };
        add(&mut cpio, Path::new("nouveau.ko"), &strip(elf));
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

fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split(".ko").next().unwrap_or_default().to_string()
}

/// The module's ELF file, unpacked once and kept.
fn unpacked(path: &Path, cache: &Path, release: &str) -> Result<Vec<u8>> {
    let dir: PathBuf = cache.join(format!("modules-{release}"));
    let file = cached(&dir, &format!("{}.ko", stem(path)), path, || {
        unpack::module(path)
    })?;
    fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Nothing to leave out so far; the place to drop debug information of locally built modules.
fn strip(elf: Vec<u8>) -> Vec<u8> {
    elf
}
