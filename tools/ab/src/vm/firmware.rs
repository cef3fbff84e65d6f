// SPDX-License-Identifier: GPL-2.0
//! The firmware files of one chip and version, checked before a guest is started for them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

use crate::vm::elf;

/// Files that go below `/lib/firmware` of the guest: path there and bytes.
pub type Files = Vec<(String, Vec<u8>)>;

/// The directories below `nvidia/<chip>/` that a GSP boot asks for: GSP's own, and on Turing the falcon boot loader
/// that starts FWSEC (`acr/bl.bin`, nvkm/subdev/gsp/fwsec.c).
const WANTED: [&str; 2] = ["gsp", "acr"];

/// What `--fw synthetic` stands for when it names no version.
const SYNTHETIC_ABI: &str = "570.144";

/// The interface version that a `--fw`, or a report's `firmware`, means.
pub fn abi(fw: &str) -> &str {
    match fw.strip_prefix("synthetic") {
        Some(rest) => rest.strip_prefix([':', '-']).unwrap_or(SYNTHETIC_ABI),
        None => fw,
    }
}

/// The directory and the interface version that a `--fw` means.  `synthetic` (or `synthetic:VERSION`) is the made-up
/// firmware of the virtual GPU's own tool, which is made here when it is not there.
///
/// # Errors
///
/// The synthetic firmware could not be made.
pub fn choose(fw: &str, base: &Path, chip: &str, tool: &Path) -> Result<(String, String)> {
    let Some(rest) = fw.strip_prefix("synthetic") else {
        return Ok((fw.to_string(), fw.to_string()));
    };
    let abi = match rest.strip_prefix(':') {
        Some(version) => version,
        None if rest.is_empty() => SYNTHETIC_ABI,
        None => bail!("there is no firmware '{fw}'; is it 'synthetic' or 'synthetic:VERSION'?"),
    };
    let name = format!("synthetic-{abi}");
    let dir = base.join(&name);
    if !dir.join("nvidia").join(chip).is_dir() {
        let output = Command::new(tool)
            .args(["--gpu", chip, "--fw", abi, "--out"])
            .arg(&dir)
            .output()
            .with_context(|| format!("{} cannot be started", tool.display()))?;
        if !output.status.success() {
            bail!(
                "synthetic firmware cannot be made: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
    }
    Ok((name, abi.to_string()))
}

/// Collects the files of `chip` from `base/<version>/nvidia/`.
///
/// # Errors
///
/// A file is missing, truncated or of another version; `unchecked` lets the last two pass, for trying how the driver
/// takes them.
pub fn collect(base: &Path, version: &str, chip: &str, unchecked: bool) -> Result<Files> {
    let dir = base.join(version);
    if !dir.is_dir() {
        bail!(
            "there is no firmware {version} in {}; run 'make firmware FW={version}' first",
            base.display()
        );
    }
    let mut files = Files::new();
    for part in WANTED {
        let place = dir.join("nvidia").join(chip).join(part);
        let Ok(entries) = fs::read_dir(&place) else {
            continue;
        };
        let mut paths: Vec<PathBuf> = entries
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.is_file())
            .collect();
        paths.sort();
        for path in paths {
            let bytes =
                fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !unchecked && name.starts_with("gsp-") {
                check_gsp(&bytes, &name)
                    .with_context(|| format!("firmware file {}", path.display()))?;
            }
            files.push((format!("nvidia/{chip}/{part}/{name}"), bytes));
        }
    }
    if !files.iter().any(|(path, _)| path.contains("/gsp/gsp-")) {
        bail!(
            "there is no GSP firmware of version {version} for {chip} below {}",
            dir.display()
        );
    }
    Ok(files)
}

/// Checks a `gsp-<version>.bin`: whole, and of the version that its name says (section `.fwversion`).
fn check_gsp(bytes: &[u8], name: &str) -> Result<()> {
    if elf::section(bytes, ".fwimage")?.is_none() {
        bail!("it has no .fwimage section: it is not a GSP firmware");
    }
    let named = name.trim_start_matches("gsp-").trim_end_matches(".bin");
    if let Some(version) = elf::section(bytes, ".fwversion")? {
        let inside = String::from_utf8_lossy(version);
        let inside = inside.trim_matches(['\0', ' ', '\n']);
        if inside != named {
            bail!("its name says version {named}, but inside it is {inside}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_gsp;
    use crate::vm::elf::tests::elf;

    fn refused(bytes: &[u8], why: &str) {
        let error = format!("{:#}", check_gsp(bytes, "gsp-570.144.bin").unwrap_err());
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn good_is_accepted() {
        let good = elf(&[(".fwimage", b"image"), (".fwversion", b"570.144\0")]);
        check_gsp(&good, "gsp-570.144.bin").unwrap();
    }

    #[test]
    fn every_truncation_is_refused() {
        let good = elf(&[(".fwimage", b"image"), (".fwversion", b"570.144\0")]);
        for len in 0..good.len() {
            assert!(
                check_gsp(&good[..len], "gsp-570.144.bin").is_err(),
                "{len} bytes were accepted"
            );
        }
        refused(&good[..good.len() / 2], "truncated");
    }

    #[test]
    fn wrong_version_and_wrong_kind_are_refused() {
        refused(
            &elf(&[(".fwimage", b"image"), (".fwversion", b"535.113.01\0")]),
            "inside it is 535.113.01",
        );
        refused(&elf(&[(".text", b"x")]), "not a GSP firmware");
        refused(b"junk", "not an ELF file");
    }
}
