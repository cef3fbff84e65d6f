// SPDX-License-Identifier: GPL-2.0
//! The initramfs of a run: the guest's program, its plan, modules and firmware, and nothing else.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use serde_json::json;

use crate::vm::cpio::Cpio;
use crate::vm::elf;
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
        let name = stem(path);
        let place = format!("modules/{name}.ko");
        cpio.file(&place, elf);
        modules.push(format!("/{place}"));
    };
    // Modules are only needed if the plan loads any.
    if parts.phases.iter().any(|p| p == "load") {
        for path in parts.kernel.dependencies()? {
            let elf = hasten(unpacked(&path, cache, &parts.kernel.release)?)?;
            add(&mut cpio, &path, &elf);
        }
        let path = parts.nouveau;
        let elf = match path.extension() {
            Some(ext) if ext != "ko" => unpacked(path, cache, &parts.kernel.release)?,
            _ => unpack::module(path)?,
        };
        let elf = if parts.exact { elf } else { hasten(elf)? };
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

/// The mark at the end of a signed module (include/linux/module_signature.h), after a 12-byte description whose last
/// four bytes are the signature's length, big-endian.
const SIGNED: &[u8] = b"~Module signature appended~\n";
const DESCRIPTION: usize = 12;

/// Leaves out what costs seconds under emulation and is not what is tried: the signature, and the list of places that
/// ftrace could patch (the kernel looks up each place's symbol in the module's whole table: 4 s for nouveau).
fn hasten(mut elf: Vec<u8>) -> Result<Vec<u8>> {
    if elf.ends_with(SIGNED) {
        let end = elf.len() - SIGNED.len();
        let size = end
            .checked_sub(4)
            .map(|at| u32::from_be_bytes([elf[at], elf[at + 1], elf[at + 2], elf[at + 3]]));
        let start = size
            .and_then(|s| end.checked_sub(DESCRIPTION + s as usize))
            .context("a broken module signature")?;
        elf.truncate(start);
    }
    elf::hide_section(&mut elf, "__mcount_loc")?;
    Ok(elf)
}

#[cfg(test)]
mod tests {
    use super::hasten;
    use super::SIGNED;
    use crate::vm::elf::section;
    use crate::vm::elf::tests::elf;

    #[test]
    fn signature_and_ftrace_list_go() {
        let plain = elf(&[(".text", b"code"), ("__mcount_loc", b"list")]);
        let mut signed = plain.clone();
        signed.extend(b"signature");
        signed.extend([0; 8]);
        signed.extend(9u32.to_be_bytes());
        signed.extend(SIGNED);
        let out = hasten(signed).unwrap();
        assert_eq!(out.len(), plain.len());
        assert_eq!(section(&out, ".text").unwrap(), Some(&b"code"[..]));
        assert_eq!(section(&out, "__mcount_loc").unwrap(), None);
    }

    #[test]
    fn a_broken_signature_is_an_error() {
        let mut signed = elf(&[]);
        signed.extend([0xff; 12]);
        signed.extend(SIGNED);
        assert!(hasten(signed).is_err());
    }
}
