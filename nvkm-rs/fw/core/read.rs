// SPDX-License-Identifier: GPL-2.0

//! Little-endian reads and slices, checked.

use super::error::{FwError, Reason};

/// `size` bytes of `bytes` from `start` on.
#[must_use]
pub fn slice(bytes: &[u8], start: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

/// As many bytes as there should be, from `at` on.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Writes words from `at` on; those that lie past the end are not written, which callers rule out
/// before.
pub(super) fn put_words(bytes: &mut [u8], at: usize, words: &[u32]) {
    let to = bytes.get_mut(at..).unwrap_or(&mut []);
    for (to, word) in to.chunks_exact_mut(4).zip(words) {
        if let Some(to) = to.first_chunk_mut() {
            *to = word.to_le_bytes();
        }
    }
}

/// A length in the type that errors use.
pub(super) fn len64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A place in a file in the type that errors use; what cannot be addressed comes out as the last
/// place.
pub(super) fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Checks that an ELF table of names, at `offset` in the file, ends with the end of a name: so all
/// in it have one.
pub(super) fn names_end(
    structure: &'static str,
    names: &[u8],
    offset: usize,
) -> Result<(), FwError> {
    let Some((last, rest)) = names.split_last().filter(|(last, _)| **last != 0) else {
        return Ok(());
    };
    let (found, min, max) = (u64::from(*last), 0, 0);
    let offset = offset.saturating_add(rest.len());
    Err(FwError::new(
        structure,
        "last byte",
        offset,
        Reason::Value { found, min, max },
    ))
}

/// A field of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// C's name.
    pub name: &'static str,
    /// Offset in the structure.
    pub at: usize,
}

impl Field {
    /// Names a field.
    #[must_use]
    pub const fn new(name: &'static str, at: usize) -> Self {
        Self { name, at }
    }
}

/// A structure in a file: reads its fields, and says where they are when they are wrong.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    name: &'static str,
    bytes: &'a [u8],
    at: usize,
    file: usize,
}

impl<'a> View<'a> {
    /// The structure `name` at `at` in `bytes`.
    #[must_use]
    pub const fn new(name: &'static str, bytes: &'a [u8], at: usize) -> Self {
        Self {
            name,
            bytes,
            at,
            file: 0,
        }
    }

    /// The same, where `bytes` are not the whole file but begin at `file` in it.
    #[must_use]
    pub const fn of_part(name: &'static str, bytes: &'a [u8], at: usize, file: usize) -> Self {
        Self {
            name,
            bytes,
            at,
            file,
        }
    }

    /// Where a field lies in the file.
    #[must_use]
    pub const fn offset(&self, field: Field) -> usize {
        self.file.saturating_add(self.at).saturating_add(field.at)
    }

    /// An error at a field.
    #[must_use]
    pub const fn error(&self, field: Field, reason: Reason) -> FwError {
        FwError::new(self.name, field.name, self.offset(field), reason)
    }

    fn array<const N: usize>(&self, field: Field) -> Result<[u8; N], FwError> {
        self.at
            .checked_add(field.at)
            .and_then(|at| array(self.bytes, at))
            .ok_or(self.error(
                field,
                Reason::Short {
                    size: N,
                    end: self.file.saturating_add(self.bytes.len()),
                },
            ))
    }

    /// Reads a field.
    ///
    /// # Errors
    ///
    /// It lies past the end; so for the other reads.
    pub fn u8(&self, field: Field) -> Result<u8, FwError> {
        self.array(field).map(u8::from_le_bytes)
    }

    /// Reads a field.
    ///
    /// # Errors
    ///
    /// As [`View::u8`].
    pub fn u16(&self, field: Field) -> Result<u16, FwError> {
        self.array(field).map(u16::from_le_bytes)
    }

    /// Reads a field.
    ///
    /// # Errors
    ///
    /// As [`View::u8`].
    pub fn u32(&self, field: Field) -> Result<u32, FwError> {
        self.array(field).map(u32::from_le_bytes)
    }

    /// Reads a field.
    ///
    /// # Errors
    ///
    /// As [`View::u8`].
    pub fn u64(&self, field: Field) -> Result<u64, FwError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// Checks a value that was read from a field.
    ///
    /// # Errors
    ///
    /// It is not within `min` to `max`.
    pub fn within(&self, field: Field, found: u64, min: u64, max: u64) -> Result<(), FwError> {
        if found < min || found > max {
            return Err(self.error(field, Reason::Value { found, min, max }));
        }
        Ok(())
    }

    /// Checks a size that was read from a field.
    ///
    /// # Errors
    ///
    /// It is 0 or no multiple of `of`, a power of two.
    pub fn multiple(&self, field: Field, found: u32, of: u32) -> Result<(), FwError> {
        if found == 0 || found & of.wrapping_sub(1) != 0 {
            let (found, of) = (found.into(), of.into());
            return Err(self.error(field, Reason::Multiple { found, of }));
        }
        Ok(())
    }

    /// The part of `whole` that a field says.
    ///
    /// # Errors
    ///
    /// It is not all in `whole`.
    pub fn part<'b>(
        &self,
        field: Field,
        whole: &'b [u8],
        start: u64,
        size: u64,
    ) -> Result<&'b [u8], FwError> {
        let len = len64(whole);
        slice(whole, start, size).ok_or(self.error(field, Reason::Outside { start, size, len }))
    }
}
