// SPDX-License-Identifier: GPL-2.0
//! The firmware files of one chip and version, checked before a guest is started for them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

/// Files that go below `/lib/firmware` of the guest: path there and bytes.
pub type Files = Vec<(String, Vec<u8>)>;

/// The directories below `nvidia/<chip>/` that a GSP boot asks for: GSP's own, and on Turing the falcon boot loader
/// that starts FWSEC (`acr/bl.bin`, nvkm/subdev/gsp/fwsec.c).
const WANTED: [&str; 2] = ["gsp", "acr"];

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

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(
        bytes.get(at..at.checked_add(8)?)?.try_into().ok()?,
    ))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(
        bytes.get(at..at.checked_add(2)?)?.try_into().ok()?,
    ))
}

/// The bytes of an ELF64 file's section, if the file has it whole.
fn section<'a>(elf: &'a [u8], wanted: &str) -> Result<Option<&'a [u8]>> {
    const TRUNCATED: &str = "it is truncated: its section table lies beyond its end";
    if !elf.starts_with(b"\x7fELF") {
        bail!("it is not an ELF file");
    }
    let table = u64_at(elf, 0x28).context(TRUNCATED)? as usize;
    let size = usize::from(u16_at(elf, 0x3a).context(TRUNCATED)?);
    let count = usize::from(u16_at(elf, 0x3c).context(TRUNCATED)?);
    let names = usize::from(u16_at(elf, 0x3e).context(TRUNCATED)?);
    let header = |n: usize| -> Option<&[u8]> {
        let at = table.checked_add(n.checked_mul(size)?)?;
        elf.get(at..at.checked_add(0x40)?)
    };
    let body = |h: &[u8]| -> Option<&'a [u8]> {
        let (at, len) = (u64_at(h, 0x18)? as usize, u64_at(h, 0x20)? as usize);
        elf.get(at..at.checked_add(len)?)
    };
    let strings = header(names).and_then(body).context(TRUNCATED)?;
    for n in 0..count {
        let h = header(n).context(TRUNCATED)?;
        let at = u32_at(h, 0).context(TRUNCATED)? as usize;
        let name = strings
            .get(at..)
            .and_then(|s| s.split(|b| *b == 0).next())
            .unwrap_or_default();
        if name == wanted.as_bytes() {
            return Ok(Some(body(h).with_context(|| {
                format!("it is truncated: section {wanted} lies beyond its end")
            })?));
        }
    }
    Ok(None)
}

/// Checks a `gsp-<version>.bin`: whole, and of the version that its name says (section `.fwversion`).
fn check_gsp(elf: &[u8], name: &str) -> Result<()> {
    if section(elf, ".fwimage")?.is_none() {
        bail!("it has no .fwimage section: it is not a GSP firmware");
    }
    let named = name.trim_start_matches("gsp-").trim_end_matches(".bin");
    if let Some(bytes) = section(elf, ".fwversion")? {
        let inside = String::from_utf8_lossy(bytes);
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

    /// An ELF64 file with the given sections, then the section table.
    fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
        let mut file = vec![0; 0x40];
        file[..4].copy_from_slice(b"\x7fELF");
        let mut strings = vec![0];
        let mut headers = Vec::new();
        let all = sections.iter().copied().chain([(".shstrtab", &b""[..])]);
        for (name, body) in all {
            let at = strings.len() as u32;
            strings.extend(name.bytes().chain([0]));
            let mut header = vec![0; 0x40];
            header[..4].copy_from_slice(&at.to_le_bytes());
            header[0x18..0x20].copy_from_slice(&(file.len() as u64).to_le_bytes());
            header[0x20..0x28].copy_from_slice(&(body.len() as u64).to_le_bytes());
            file.extend(body);
            headers.push(header);
        }
        let last = headers.len() - 1;
        headers[last][0x18..0x20].copy_from_slice(&(file.len() as u64).to_le_bytes());
        headers[last][0x20..0x28].copy_from_slice(&(strings.len() as u64).to_le_bytes());
        file.extend(strings);
        let table = file.len() as u64;
        file[0x28..0x30].copy_from_slice(&table.to_le_bytes());
        file[0x3a..0x3c].copy_from_slice(&0x40u16.to_le_bytes());
        file[0x3c..0x3e].copy_from_slice(&(headers.len() as u16).to_le_bytes());
        file[0x3e..0x40].copy_from_slice(&(last as u16).to_le_bytes());
        file.extend(headers.concat());
        file
    }

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
