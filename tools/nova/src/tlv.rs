// SPDX-License-Identifier: GPL-2.0
//! nova-core's firmware container (Documentation/gpu/nova/core/tlv.rst of the kernel): `NVFW`, then blocks of a tag of four
//! letters, a length in 32 bits, little-endian, and as many bytes, filled up to a multiple of four.

use std::fmt;

use anyhow::bail;
use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;

const MAGIC: &[u8; 4] = b"NVFW";
/// Bytes before a value: tag and length.
const HEADER: usize = 8;
/// Blocks that a file may have: the format has no limit, files have some 15.
const MOST: usize = 256;

/// The four letters that name a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag(pub [u8; 4]);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A container: its values in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tlv(Vec<(Tag, Vec<u8>)>);

impl Tlv {
    /// An empty one of a version: the document wants `VERS` in all of them.
    pub fn new(version: &str) -> Self {
        let mut new = Self::default();
        new.text(b"VERS", version);
        new
    }

    /// Adds bytes.
    pub fn bytes(&mut self, tag: &[u8; 4], value: impl Into<Vec<u8>>) {
        self.0.push((Tag(*tag), value.into()));
    }

    /// Adds a number.
    pub fn number(&mut self, tag: &[u8; 4], value: u32) {
        self.bytes(tag, value.to_le_bytes());
    }

    /// Adds a text.
    pub fn text(&mut self, tag: &[u8; 4], value: &str) {
        self.bytes(tag, value);
    }

    /// All values, in order.
    pub fn values(&self) -> &[(Tag, Vec<u8>)] {
        &self.0
    }

    /// The bytes of a value.
    ///
    /// # Errors
    ///
    /// There is none of that tag.
    pub fn get(&self, tag: &[u8; 4]) -> Result<&[u8]> {
        let found = self.0.iter().find(|(t, _)| t.0 == *tag);
        let (_, value) = found.with_context(|| format!("it has no tag {}", Tag(*tag)))?;
        Ok(value)
    }

    /// A text of printable ASCII.
    ///
    /// # Errors
    ///
    /// There is none of that tag, or it is no text.
    pub fn get_text(&self, tag: &[u8; 4]) -> Result<&str> {
        let value = self.get(tag)?;
        ensure!(
            value.iter().all(|b| (b' '..=b'~').contains(b)),
            "its {} is not printable ASCII",
            Tag(*tag)
        );
        Ok(std::str::from_utf8(value)?)
    }

    /// A number of 32 bits.
    ///
    /// # Errors
    ///
    /// There is none of that tag, or it has another size.
    pub fn get_number(&self, tag: &[u8; 4]) -> Result<u32> {
        let value = self.get(tag)?;
        let Ok(bytes) = value.try_into() else {
            bail!("its {} has {} bytes and not 4", Tag(*tag), value.len())
        };
        Ok(u32::from_le_bytes(bytes))
    }

    /// The file.
    ///
    /// # Errors
    ///
    /// A value is too long for the format.
    pub fn write(&self) -> Result<Vec<u8>> {
        let mut file = MAGIC.to_vec();
        for (tag, value) in &self.0 {
            let length = u32::try_from(value.len());
            let length = length.with_context(|| format!("{tag} is longer than 32 bits can say"))?;
            file.extend_from_slice(&tag.0);
            file.extend_from_slice(&length.to_le_bytes());
            file.extend_from_slice(value);
            file.resize(file.len().next_multiple_of(4), 0);
        }
        Ok(file)
    }

    /// Reads a file, all of which must be as the document says.
    ///
    /// # Errors
    ///
    /// It is not; the sentence says where.
    pub fn read(file: &[u8]) -> Result<Self> {
        ensure!(
            file.starts_with(MAGIC),
            "it is not a TLV file: it does not begin with NVFW"
        );
        let mut read = Self::default();
        let mut at = MAGIC.len();
        while at < file.len() {
            let rest = &file[at..];
            let cut = || format!("it is truncated in the block at {at:#x}");
            let (Some(tag), Some(length)) = (rest.first_chunk::<4>(), word(rest, 4)) else {
                bail!(cut())
            };
            ensure!(
                tag.iter()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
                "the tag at {at:#x} is not four capital letters"
            );
            let tag = Tag(*tag);
            let end = HEADER.checked_add(length as usize).with_context(cut)?;
            let value = rest.get(HEADER..end).with_context(cut)?;
            let stored = end.checked_next_multiple_of(4).with_context(cut)?;
            let filler = rest.get(end..stored).with_context(cut)?;
            ensure!(
                filler.iter().all(|b| *b == 0),
                "what fills {tag} up is not zero"
            );
            ensure!(
                read.0.iter().all(|(t, _)| *t != tag),
                "the tag {tag} is there twice"
            );
            ensure!(read.0.len() < MOST, "it has more than {MOST} blocks");
            read.0.push((tag, value.to_vec()));
            at += stored;
        }
        read.get_text(b"VERS")?;
        Ok(read)
    }
}

/// The 32-bit number at an offset.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*four))
}
