// SPDX-License-Identifier: GPL-2.0

//! What is wrong with a file, and where: one sentence a person can act on.

use ::core::fmt;

/// The errno for the caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Errno {
    /// `-EINVAL`: the file is not what it should be.
    Invalid,
    /// `-ENOENT`: what was asked for is not in the file.
    NoEntry,
    /// `-ENODATA`: C's answer to a bad FMC.
    NoData,
}

/// Why a field cannot be what it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The field itself lies past the end.
    Short {
        /// Bytes that the field has.
        size: usize,
        /// Where the data ends.
        end: usize,
    },
    /// What the field points at does not fit into what should hold it.
    Outside {
        /// First byte, within what should hold it.
        start: u64,
        /// Bytes.
        size: u64,
        /// Bytes of what should hold it.
        len: u64,
    },
    /// The value is not one of those that can be.
    Value {
        /// As read.
        found: u64,
        /// Least that can be.
        min: u64,
        /// Most that can be.
        max: u64,
    },
    /// The value is no multiple of its unit, or is nothing.
    Multiple {
        /// As read.
        found: u64,
        /// The unit.
        of: u64,
    },
    /// The contents are not those that the checksum was made of.
    Checksum {
        /// As read.
        found: u32,
        /// Of the contents.
        computed: u32,
    },
    /// Not there.
    Missing,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Short { size, end } => {
                write!(f, "{size} bytes do not fit before the end at {end:#x}")
            }
            Self::Outside { start, size, len } => write!(
                f,
                "{size:#x} bytes at {start:#x} do not fit in {len:#x} bytes"
            ),
            Self::Value { found, min, max } if min == max => {
                write!(f, "{found:#x} where {min:#x} must be")
            }
            Self::Value { found, min, max } => {
                write!(f, "{found:#x} where {min:#x} to {max:#x} can be")
            }
            Self::Multiple { found, of } => {
                write!(f, "{found:#x} where a multiple of {of:#x} must be")
            }
            Self::Checksum { found, computed } => {
                write!(f, "{found:#010x} where the contents give {computed:#010x}")
            }
            Self::Missing => write!(f, "not there"),
        }
    }
}

/// A file cannot be used. The file's name is for the caller to put in front.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FwError {
    /// The structure, with its version where it has several.
    pub structure: &'static str,
    /// Its field, under C's name.
    pub field: &'static str,
    /// Where the field lies, from the beginning of what was given to the parser (for `elf64`: of
    /// the file).
    pub offset: usize,
    /// What is wrong with it.
    pub reason: Reason,
    errno: Errno,
}

impl FwError {
    /// An error whose errno follows from its reason.
    #[must_use]
    pub const fn new(
        structure: &'static str,
        field: &'static str,
        offset: usize,
        reason: Reason,
    ) -> Self {
        let errno = match reason {
            Reason::Missing => Errno::NoEntry,
            _ => Errno::Invalid,
        };
        Self {
            structure,
            field,
            offset,
            reason,
            errno,
        }
    }

    /// The same error with another errno.
    #[must_use]
    pub const fn with_errno(self, errno: Errno) -> Self {
        Self { errno, ..self }
    }

    /// The errno for the caller.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        self.errno
    }
}

impl fmt::Display for FwError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            structure,
            field,
            offset,
            reason,
            ..
        } = self;
        write!(f, "{structure}: {field} at {offset:#x}: {reason}")
    }
}
