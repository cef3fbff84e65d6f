// SPDX-License-Identifier: GPL-2.0
//! Unpacking what distributions pack: `.ko.xz`, `.ko.zst`, and the kernel inside a bzImage.

use std::fs;
use std::io::Cursor;
use std::io::Read;
use std::path::Path;

use anyhow::anyhow;
use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

const XZ: &[u8] = b"\xfd7zXZ\0";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const GZIP: &[u8] = b"\x1f\x8b\x08";
const ELF: &[u8] = b"\x7fELF";

/// Unpacks bytes by their magic number; bytes that are not packed come back as they are.
///
/// # Errors
///
/// The packed stream is broken or of a kind that is not supported.
pub fn unpack(bytes: Vec<u8>) -> Result<Vec<u8>> {
    if bytes.starts_with(XZ) {
        let mut out = Vec::new();
        lzma_rs::xz_decompress(&mut Cursor::new(&bytes), &mut out)
            .map_err(|e| anyhow!("xz: {e:?}"))?;
        return Ok(out);
    }
    if bytes.starts_with(ZSTD) {
        let mut out = Vec::new();
        let mut source = Cursor::new(&bytes);
        ruzstd::decoding::StreamingDecoder::new(&mut source)
            .map_err(|e| anyhow!("zstd: {e}"))?
            .read_to_end(&mut out)
            .context("zstd")?;
        return Ok(out);
    }
    if bytes.starts_with(GZIP) {
        bail!("gzip is not supported here");
    }
    Ok(bytes)
}

/// Reads a module file (`.ko`, `.ko.xz`, `.ko.zst`) and gives the ELF file in it.
///
/// # Errors
///
/// The file cannot be read, or holds no ELF file.
pub fn module(path: &Path) -> Result<Vec<u8>> {
    let bytes =
        fs::read(path).with_context(|| format!("the module {} cannot be read", path.display()))?;
    let elf = unpack(bytes).with_context(|| path.display().to_string())?;
    if !elf.starts_with(ELF) {
        bail!("{} is not a kernel module", path.display());
    }
    Ok(elf)
}

/// The uncompressed kernel (an ELF file) inside a bzImage.
///
/// Booting it directly spares the guest the decompression, which is slow under emulation.  Offsets are those of the
/// boot protocol (Documentation/arch/x86/boot.rst): setup_sects 0x1f1, payload_offset 0x248, payload_length 0x24c.
///
/// # Errors
///
/// Not a bzImage, or packed in a way that is not supported.
pub fn kernel(image: &[u8]) -> Result<Vec<u8>> {
    let word = |at: usize| -> Result<usize> {
        let bytes = image
            .get(at..at + 4)
            .context("the kernel image is too short")?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    };
    if image.get(0x202..0x206) != Some(b"HdrS") {
        bail!("the kernel image is not a bzImage");
    }
    let setup = (usize::from(image[0x1f1]) + 1) * 512;
    let start = setup + word(0x248)?;
    let payload = image
        .get(start..start + word(0x24c)?)
        .context("the kernel image is truncated")?;
    let elf = unpack(payload.to_vec())?;
    if !elf.starts_with(ELF) {
        bail!("the kernel image is packed in an unknown way");
    }
    Ok(elf)
}

#[cfg(test)]
mod tests {
    use super::kernel;
    use super::unpack;

    #[test]
    fn broken_streams_are_errors() {
        assert!(unpack(b"\xfd7zXZ\0broken".to_vec()).is_err());
        assert!(unpack(b"\x28\xb5\x2f\xfdbroken".to_vec()).is_err());
        assert_eq!(unpack(b"plain".to_vec()).unwrap(), b"plain");
    }

    #[test]
    fn what_is_no_kernel_is_an_error() {
        assert!(kernel(b"").is_err());
        assert!(kernel(&[0; 4096]).is_err());
        let mut image = vec![0; 4096];
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x248..0x250].copy_from_slice(&[0xff; 8]);
        assert!(kernel(&image).is_err());
    }
}
