// SPDX-License-Identifier: GPL-2.0
//! All files of one chip, on disk: linux-firmware's on one side, nova-core's on the other.

use std::fs;
use std::path::Path;

use anyhow::bail;
use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;

use crate::convert;
use crate::convert::Converted;
use crate::convert::Kind;
use crate::convert::FILES;
use crate::convert::IMAGE;
use crate::tlv::Tlv;

/// Larger files are not firmware: GSP-RM's have some 60 MB.
const LARGEST: u64 = 256 << 20;

/// Path below the firmware directory, content.
pub type File = (String, Vec<u8>);

/// Reads a file that must not be too large.
///
/// # Errors
///
/// It cannot be read, or is.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = || path.display().to_string();
    let about = fs::metadata(path).with_context(|| format!("{} cannot be read", shown()))?;
    ensure!(about.is_file(), "{} is not a file", shown());
    ensure!(
        about.len() <= LARGEST,
        "{} is too large for a firmware file",
        shown()
    );
    fs::read(path).with_context(|| format!("{} cannot be read", shown()))
}

/// Names that become parts of paths.
fn plain(name: &str, what: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let fine = !name.is_empty() && name.chars().all(good) && !name.starts_with('.');
    ensure!(fine, "'{name}' is no {what}");
    Ok(())
}

/// nova-core's files, made of linux-firmware's of that chip and version below `dir` (`nvidia/<chip>/gsp/`).
///
/// # Errors
///
/// A file is missing or broken.
pub fn to_nova(dir: &Path, chip: &str, version: &str) -> Result<Vec<File>> {
    plain(chip, "name of a chip")?;
    plain(version, "firmware version")?;
    let place = dir.join("nvidia").join(chip).join("gsp");
    let mut files = Vec::new();
    for (theirs, novas, kind) in FILES {
        let path = place.join(format!("{theirs}-{version}.bin"));
        // Which ones there are depends on how the chip boots; GSP-RM itself there must be.
        if !path.exists() && kind != Kind::Gsp {
            continue;
        }
        let converted = convert::convert(kind, &read(&path)?, chip, version)
            .with_context(|| path.display().to_string())?;
        files.push((
            format!("nvidia/{chip}/gsp/{novas}.tlv"),
            converted.tlv.write()?,
        ));
        if let Some(image) = converted.image {
            files.push((format!("nvidia/{chip}/gsp/{IMAGE}"), image));
        }
    }
    Ok(files)
}

/// linux-firmware's files, made of nova-core's of that chip below `dir`.
///
/// # Errors
///
/// A file is broken, or there is none.
pub fn to_linux_firmware(dir: &Path, chip: &str) -> Result<Vec<File>> {
    plain(chip, "name of a chip")?;
    let place = dir.join("nvidia").join(chip).join("gsp");
    let mut files = Vec::new();
    for (theirs, novas, kind) in FILES {
        let path = place.join(format!("{novas}.tlv"));
        if !path.exists() {
            continue;
        }
        let file = (|| {
            let tlv = Tlv::read(&read(&path)?)?;
            let image = match kind {
                Kind::Gsp => {
                    let name = tlv.get_text(b"FILE")?;
                    plain(name, "name of a file beside the container")?;
                    Some(read(&place.join(name))?)
                }
                _ => None,
            };
            let version = tlv.get_text(b"VERS")?.to_string();
            plain(&version, "firmware version")?;
            let converted = Converted { tlv, image };
            let file = convert::back(kind, &converted, chip)?;
            anyhow::Ok((format!("nvidia/{chip}/gsp/{theirs}-{version}.bin"), file))
        })();
        files.push(file.with_context(|| path.display().to_string())?);
    }
    if files.is_empty() {
        bail!("there is no .tlv file in {}", place.display());
    }
    Ok(files)
}

/// Writes files below a directory.
///
/// # Errors
///
/// One cannot be written.
pub fn write(out: &Path, files: &[File]) -> Result<()> {
    for (name, bytes) in files {
        let path = out.join(name);
        let dir = path.parent().unwrap_or(out);
        fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
        fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}
