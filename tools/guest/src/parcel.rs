// SPDX-License-Identifier: GPL-2.0
//! The files of a run, in the memory of a PCI device: QEMU's `ivshmem-plain` (docs/specs/ivshmem-spec.rst), BAR 2.
//!
//! The memory holds [`MAGIC`], the archive's length in bytes (64 bits, little-endian), and the archive: cpio in the format
//! `newc`, which is what an initramfs is.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::ptr;
use std::slice;

use anyhow::bail;
use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;

/// Begins the memory.
pub const MAGIC: [u8; 8] = *b"nvkmcpio";
/// Magic and length.
pub const HEADER: usize = 16;

const DEVICES: &str = "/sys/bus/pci/devices";
/// Vendor and device of ivshmem.
const VENDOR: &str = "0x1af4";
const DEVICE: &str = "0x1110";
/// An archive's header: magic and 13 fields of 8 hex digits.
const NEWC: usize = 110;
const NEWC_MAGIC: &[u8] = b"070701";
const MODE_KIND: u32 = 0o170_000;
const MODE_DIR: u32 = 0o040_000;

/// Finds the device, unpacks what is in its memory below `/`, and takes the device off the bus.
///
/// # Errors
///
/// There is no such device, its memory holds no archive, or a file cannot be written.
pub fn unpack() -> Result<()> {
    let dir = find()?;
    fs::write(dir.join("enable"), "1").context("the device with the files cannot be enabled")?;
    let place = dir.join("resource2");
    let file =
        File::open(&place).with_context(|| format!("{} cannot be opened", place.display()))?;
    let len = file.metadata()?.len() as usize;
    // SAFETY: a new mapping at an address of the kernel's choice.
    let at = unsafe {
        libc::mmap(
            ptr::null_mut(),
            len,
            libc::PROT_READ,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    ensure!(
        at != libc::MAP_FAILED,
        "the device's memory cannot be mapped"
    );
    // SAFETY: the mapping is that long and stays to the end of this function; the device is memory that nobody writes.
    let memory = unsafe { slice::from_raw_parts(at.cast::<u8>(), len) };
    let done = archive(memory).and_then(|bytes| files(bytes, Path::new("/")));
    // SAFETY: the mapping made above; `memory` is not used any more.
    unsafe { libc::munmap(at, len) };
    done?;
    unplug()
}

/// Takes the device off the bus, if it is there, so that nobody else meets it.
///
/// # Errors
///
/// The kernel refused it.
pub fn unplug() -> Result<()> {
    let Ok(dir) = find() else { return Ok(()) };
    fs::write(dir.join("remove"), "1").context("the device with the files cannot be removed")
}

fn find() -> Result<PathBuf> {
    let is = |dir: &Path, file: &str, value: &str| {
        fs::read_to_string(dir.join(file)).is_ok_and(|text| text.trim() == value)
    };
    for entry in fs::read_dir(DEVICES)?.flatten() {
        let dir = entry.path();
        if is(&dir, "vendor", VENDOR) && is(&dir, "device", DEVICE) {
            return Ok(dir);
        }
    }
    bail!("the device with the run's files is not on the PCI bus")
}

fn archive(memory: &[u8]) -> Result<&[u8]> {
    ensure!(
        memory.starts_with(&MAGIC),
        "the device's memory holds no files"
    );
    let len = memory
        .get(MAGIC.len()..HEADER)
        .and_then(|b| b.try_into().ok());
    let len = u64::from_le_bytes(len.context("the device's memory is too small")?);
    let end = HEADER.checked_add(len as usize);
    end.and_then(|end| memory.get(HEADER..end))
        .context("the files are longer than the device's memory")
}

/// Unpacks an archive below a directory. A file that is there already is replaced, also one that is being executed.
fn files(mut rest: &[u8], below: &Path) -> Result<()> {
    loop {
        let head = rest.get(..NEWC).context("the archive is truncated")?;
        ensure!(
            head.starts_with(NEWC_MAGIC),
            "the archive is not of the format newc"
        );
        let field = |n: usize| -> Result<u32> {
            let at = NEWC_MAGIC.len() + 8 * n;
            let digits = std::str::from_utf8(&head[at..at + 8]).context("not a number")?;
            u32::from_str_radix(digits, 16).with_context(|| format!("'{digits}' is not a number"))
        };
        let (mode, size, name_size) = (field(1)?, field(6)? as usize, field(11)? as usize);
        let content = (NEWC + name_size).next_multiple_of(4);
        let name = rest
            .get(NEWC..NEWC + name_size)
            .context("the archive is truncated")?;
        let name = std::str::from_utf8(name)
            .context("a name is not text")?
            .trim_end_matches('\0');
        if name == "TRAILER!!!" {
            return Ok(());
        }
        let bytes = rest.get(content..content + size);
        let bytes = bytes.with_context(|| format!("{name} is truncated"))?;
        let path = below.join(name);
        match mode & MODE_KIND {
            MODE_DIR => fs::create_dir_all(&path),
            _ => write(&path, bytes, mode),
        }
        .with_context(|| format!("{} cannot be written", path.display()))?;
        rest = rest
            .get((content + size).next_multiple_of(4)..)
            .unwrap_or_default();
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    // Not over it: what is being executed cannot be written.
    if path.exists() {
        fs::remove_file(path)?;
    }
    File::create(path)?.write_all(bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o777))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, mode: u32, content: &[u8]) -> Vec<u8> {
        let mut bytes = NEWC_MAGIC.to_vec();
        let (size, name_size) = (content.len() as u32, name.len() as u32 + 1);
        for field in [1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0] {
            bytes.extend(format!("{field:08x}").bytes());
        }
        bytes.extend(name.bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn sample() -> Vec<u8> {
        [
            entry("lib", 0o040_755, &[]),
            entry("lib/a", 0o100_644, b"hello"),
            entry("init", 0o100_755, b"program"),
            entry("TRAILER!!!", 0, &[]),
        ]
        .concat()
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let dir = std::env::temp_dir().join(format!("nvkm-parcel-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("init"), "the old one, which is longer").unwrap();
        files(&sample(), &dir).unwrap();
        assert_eq!(fs::read(dir.join("lib/a")).unwrap(), b"hello");
        assert_eq!(fs::read(dir.join("init")).unwrap(), b"program");
        let mode = fs::metadata(dir.join("init")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        // Every truncation is an error.
        for len in 0..sample().len() - 13 {
            assert!(
                files(&sample()[..len], &dir).is_err(),
                "{len} bytes were taken"
            );
        }
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn memory_without_files_is_an_error() {
        assert!(archive(&[0; 64]).is_err());
        let mut memory = MAGIC.to_vec();
        assert!(archive(&memory).is_err());
        memory.extend(4u64.to_le_bytes());
        memory.extend(b"abcd");
        assert_eq!(archive(&memory).unwrap(), b"abcd");
        memory[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(archive(&memory).is_err());
    }
}
