// SPDX-License-Identifier: GPL-2.0
//! The sections of an ELF file, little-endian, of 32 or 64 bits (elf(5)): GSP-RM's is of 64, FMC's of 32.

use std::ops::Range;

use anyhow::bail;
use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;

const TRUNCATED: &str = "it is truncated: its section table lies beyond its end";

/// Names and places.
pub struct Sections(Vec<(String, Option<Range<usize>>)>);

/// A little-endian number of a file.
fn number(file: &[u8], at: usize, bytes: usize) -> Option<usize> {
    let mut eight = [0; 8];
    let found = file.get(at..at.checked_add(bytes)?)?;
    eight.get_mut(..bytes)?.copy_from_slice(found);
    usize::try_from(u64::from_le_bytes(eight)).ok()
}

/// Offsets of what we read, by class.
struct Class {
    word: usize,
    table: usize,
    entry: usize,
    /// In a section's header: place, size.
    body: (usize, usize),
}

const CLASS_32: Class = Class {
    word: 4,
    table: 0x20,
    entry: 0x2e,
    body: (0x10, 0x14),
};
const CLASS_64: Class = Class {
    word: 8,
    table: 0x28,
    entry: 0x3a,
    body: (0x18, 0x20),
};

/// Reads the section table.
///
/// # Errors
///
/// It is not an ELF file, or not there as a whole.
pub fn read(file: &[u8]) -> Result<Sections> {
    ensure!(file.starts_with(b"\x7fELF"), "it is not an ELF file");
    let class = match (file.get(4), file.get(5)) {
        (Some(1), Some(1)) => CLASS_32,
        (Some(2), Some(1)) => CLASS_64,
        _ => bail!("it is not a little-endian ELF file of 32 or 64 bits"),
    };
    let short = |at: usize| number(file, at, 2).context(TRUNCATED);
    let table = number(file, class.table, class.word).context(TRUNCATED)?;
    let (size, count, names) = (
        short(class.entry)?,
        short(class.entry + 2)?,
        short(class.entry + 4)?,
    );
    let header = |n: usize| table.checked_add(n.checked_mul(size)?);
    let body = |at: usize| -> Option<Range<usize>> {
        let from = number(file, at.checked_add(class.body.0)?, class.word)?;
        let size = number(file, at.checked_add(class.body.1)?, class.word)?;
        let end = from.checked_add(size)?;
        (end <= file.len()).then_some(from..end)
    };
    let strings = header(names).and_then(body).context(TRUNCATED)?;
    let strings = &file[strings];
    let mut all = Vec::new();
    for n in 0..count {
        let at = header(n).context(TRUNCATED)?;
        let name = number(file, at, 4).context(TRUNCATED)?;
        let name = strings.get(name..).unwrap_or_default();
        let name = name.split(|b| *b == 0).next().unwrap_or_default();
        all.push((String::from_utf8_lossy(name).into_owned(), body(at)));
    }
    Ok(Sections(all))
}

impl Sections {
    /// Where a section is.
    ///
    /// # Errors
    ///
    /// There is none of that name, or it lies outside of the file.
    pub fn range(&self, wanted: &str) -> Result<Range<usize>> {
        let found = self.0.iter().find(|(name, _)| name == wanted);
        let (_, range) = found.with_context(|| format!("it has no section {wanted}"))?;
        let lost = || format!("it is truncated: section {wanted} lies beyond its end");
        range.clone().with_context(lost)
    }
}
