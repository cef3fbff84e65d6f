// SPDX-License-Identifier: GPL-2.0
//! Modules on their way into an initramfs: unpacked, without debug information, quick to load.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

use crate::vm::elf;
use crate::vm::kernel::cached;
use crate::vm::unpack;

/// The name of a module by its file, without directory, `.ko` and compression.
pub fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split(".ko").next().unwrap_or_default().to_string()
}

/// A module's ELF file without debug information, kept in `cache` until the module changes.
///
/// # Errors
///
/// It is not a module, or `strip` (binutils) failed.
pub fn file(path: &Path, cache: &Path) -> Result<PathBuf> {
    // Modules of one name are told apart by their whole path.
    let place = path.display().to_string().replace('/', "_");
    let name = format!("{}.elf", place.trim_start_matches('_'));
    let dir = cache.join("modules");
    cached(&dir, &name, path, || {
        let elf = unpack::module(path)?;
        // The distribution's modules come without debug information; stripping would only change them.
        if elf::section(&elf, ".debug_info")
            .with_context(|| path.display().to_string())?
            .is_none()
        {
            return Ok(elf);
        }
        fs::create_dir_all(&dir)?;
        let (full, bare) = (
            temporary(&dir, &name, "full"),
            temporary(&dir, &name, "bare"),
        );
        fs::write(&full, &elf)?;
        let status = Command::new("strip")
            .arg("--strip-debug")
            .arg("-o")
            .arg(&bare)
            .arg(&full)
            .status();
        let _ = fs::remove_file(&full);
        if !status
            .context("strip (binutils) cannot be started")?
            .success()
        {
            bail!("strip failed for {}", path.display());
        }
        let bytes = fs::read(&bare)?;
        let _ = fs::remove_file(&bare);
        Ok(bytes)
    })
}

fn temporary(dir: &Path, name: &str, what: &str) -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id());
    dir.join(format!("{name}.{}.{thread}.{what}", std::process::id()))
}

/// A module's bytes for an initramfs; unless `exact`, made quick to load.
///
/// # Errors
///
/// It cannot be read or is broken.
pub fn prepared(path: &Path, cache: &Path, exact: bool) -> Result<Vec<u8>> {
    if exact {
        return unpack::module(path);
    }
    let file = file(path, cache)?;
    let elf = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    hasten(elf).with_context(|| path.display().to_string())
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
