// SPDX-License-Identifier: GPL-2.0
//! As much of ELF64 (little-endian, elf(5)) as firmware checks and module preparation need.

use std::ops::Range;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

const TRUNCATED: &str = "it is truncated: its section table lies beyond its end";
/// Size of a section header.
const HEADER: usize = 0x40;

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

/// A section: where its name is in the file, and its header.
struct Section<'a> {
    name_at: usize,
    name: &'a [u8],
    header: &'a [u8],
}

impl Section<'_> {
    fn body(&self) -> Option<Range<usize>> {
        body(self.header)
    }
}

fn body(header: &[u8]) -> Option<Range<usize>> {
    let (at, len) = (
        u64_at(header, 0x18)? as usize,
        u64_at(header, 0x20)? as usize,
    );
    Some(at..at.checked_add(len)?)
}

fn sections(elf: &[u8]) -> Result<Vec<Section<'_>>> {
    if !elf.starts_with(b"\x7fELF") {
        bail!("it is not an ELF file");
    }
    let table = u64_at(elf, 0x28).context(TRUNCATED)? as usize;
    let size = usize::from(u16_at(elf, 0x3a).context(TRUNCATED)?);
    let count = usize::from(u16_at(elf, 0x3c).context(TRUNCATED)?);
    let names = usize::from(u16_at(elf, 0x3e).context(TRUNCATED)?);
    let header = |n: usize| -> Option<&[u8]> {
        let at = table.checked_add(n.checked_mul(size)?)?;
        elf.get(at..at.checked_add(HEADER)?)
    };
    let strings_at = header(names).and_then(body).context(TRUNCATED)?;
    let strings = elf.get(strings_at.clone()).context(TRUNCATED)?;
    (0..count)
        .map(|n| {
            let header = header(n).context(TRUNCATED)?;
            let at = u32_at(header, 0).context(TRUNCATED)? as usize;
            let name = strings
                .get(at..)
                .and_then(|s| s.split(|b| *b == 0).next())
                .unwrap_or_default();
            Ok(Section {
                name_at: strings_at.start + at,
                name,
                header,
            })
        })
        .collect()
}

/// The bytes of a section, if the file has one of that name.
///
/// # Errors
///
/// Not an ELF file, or one that is not there as a whole.
pub fn section<'a>(elf: &'a [u8], wanted: &str) -> Result<Option<&'a [u8]>> {
    let all = sections(elf)?;
    let Some(found) = all.iter().find(|s| s.name == wanted.as_bytes()) else {
        return Ok(None);
    };
    let bytes = found.body().and_then(|range| elf.get(range));
    Ok(Some(bytes.with_context(|| {
        format!("it is truncated: section {wanted} lies beyond its end")
    })?))
}

/// Changes the first letter of a section's name, so that whoever looks for it by name does not find it.
///
/// # Errors
///
/// Not an ELF file, or one that is not there as a whole.
pub fn hide_section(elf: &mut [u8], wanted: &str) -> Result<()> {
    let at = sections(elf)?
        .iter()
        .find(|s| s.name == wanted.as_bytes())
        .map(|s| s.name_at);
    if let Some(at) = at {
        elf[at] = b'x';
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::hide_section;
    use super::section;

    /// An ELF64 file with the given sections, then the section table.
    pub(crate) fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
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

    #[test]
    fn a_hidden_section_is_not_found() {
        let mut file = elf(&[(".a", b"1"), ("__mcount_loc", b"22")]);
        assert_eq!(section(&file, "__mcount_loc").unwrap(), Some(&b"22"[..]));
        hide_section(&mut file, "__mcount_loc").unwrap();
        assert_eq!(section(&file, "__mcount_loc").unwrap(), None);
        assert_eq!(section(&file, ".a").unwrap(), Some(&b"1"[..]));
    }
}
