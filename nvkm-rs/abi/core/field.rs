// SPDX-License-Identifier: GPL-2.0

//! Single fields of NVIDIA's types, as bytes in memory.
//!
//! The types themselves are never filled in or looked into: a field is an offset and a width, both
//! taken from the type by the compiler, and a value that does not fit is an error. So there is no
//! `unsafe` here, padding is always zero, and a field that a version moves, widens or narrows costs
//! nothing.

use ::core::fmt;

/// Why bytes and values do not fit together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// There are fewer bytes than the type has.
    Short {
        /// The type.
        what: &'static str,
        /// Bytes that it has.
        needed: usize,
        /// Bytes that are there.
        given: usize,
    },
    /// A value is larger than the field can hold.
    Large {
        /// The field.
        field: &'static str,
        /// The value.
        value: u64,
        /// Bytes of the field.
        width: usize,
    },
    /// A value that cannot be.
    Value {
        /// The field.
        field: &'static str,
        /// The value.
        value: u64,
        /// The largest that can be.
        most: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short {
                what,
                needed,
                given,
            } => {
                write!(f, "{what}: {given:#x} bytes where {needed:#x} are needed")
            }
            Self::Large {
                field,
                value,
                width,
            } => {
                write!(f, "{field}: {value:#x} does not fit in {width} bytes")
            }
            Self::Value { field, value, most } => {
                write!(f, "{field}: {value:#x} is above {most:#x}")
            }
        }
    }
}

/// Bytes of a field, named by a function that leads to it.
#[must_use]
pub const fn width<T, F>(_: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// Where a field lies, and its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// Bytes before it.
    pub offset: usize,
    /// Its bytes: 1, 2, 4 or 8.
    pub width: usize,
    /// Its name in NVIDIA's type.
    pub name: &'static str,
}

impl Place {
    /// The same field in element `index` of an array whose elements have `stride` bytes.
    #[must_use]
    pub fn element(self, base: usize, index: usize, stride: usize) -> Option<Self> {
        let offset = index
            .checked_mul(stride)?
            .checked_add(base)?
            .checked_add(self.offset)?;
        Some(Self { offset, ..self })
    }
}

/// The place of a field: `place!(r535::GspFwSRMeta, magic)`.
macro_rules! place {
    ($module:ident::$type:ident, $($field:ident).+) => {
        $crate::abi::core::field::Place {
            offset: ::core::mem::offset_of!($module::$type, $($field).+),
            width: const { $crate::abi::core::field::width(|it: &$module::$type| &it.$($field).+) },
            name: stringify!($($field).+),
        }
    };
}

/// As `copy_from_slice`, which panics if lengths differ. They do not, but the compiler cannot know.
pub(super) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Bytes of one of NVIDIA's types, to be written: zero where nothing was put.
#[derive(Debug)]
pub struct Encoder<'a> {
    bytes: &'a mut [u8],
}

impl<'a> Encoder<'a> {
    /// The first `size` bytes of `bytes`, zeroed.
    ///
    /// # Errors
    ///
    /// [`Fault::Short`]
    pub fn new(what: &'static str, bytes: &'a mut [u8], size: usize) -> Result<Self, Fault> {
        let encoder = Self::resume(what, bytes, size)?;
        encoder.bytes.fill(0);
        Ok(encoder)
    }

    /// The first `size` bytes of `bytes`, with what was put into them before.
    ///
    /// # Errors
    ///
    /// [`Fault::Short`]
    pub fn resume(what: &'static str, bytes: &'a mut [u8], size: usize) -> Result<Self, Fault> {
        let given = bytes.len();
        let bytes = bytes.get_mut(..size).ok_or(Fault::Short {
            what,
            needed: size,
            given,
        })?;
        Ok(Self { bytes })
    }

    /// Writes a value into a field, little-endian.
    ///
    /// # Errors
    ///
    /// [`Fault::Large`]; [`Fault::Short`] for a place outside of the type.
    pub fn put(&mut self, place: Place, value: u64) -> Result<(), Fault> {
        let raw = value.to_le_bytes();
        let (low, high) = raw.split_at_checked(place.width).unwrap_or((&raw, &[]));
        if high.iter().any(|byte| *byte != 0) {
            return Err(Fault::Large {
                field: place.name,
                value,
                width: place.width,
            });
        }
        let given = self.bytes.len();
        let end = place.offset.saturating_add(low.len());
        let to = self.bytes.get_mut(place.offset..end).ok_or(Fault::Short {
            what: place.name,
            needed: end,
            given,
        })?;
        copy(to, low);
        Ok(())
    }
}

/// Bytes of one of NVIDIA's types, to be read.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// The first `size` bytes of `bytes`.
    ///
    /// # Errors
    ///
    /// [`Fault::Short`]
    pub fn new(what: &'static str, bytes: &'a [u8], size: usize) -> Result<Self, Fault> {
        let bytes = bytes.get(..size).ok_or(Fault::Short {
            what,
            needed: size,
            given: bytes.len(),
        })?;
        Ok(Self { bytes })
    }

    /// Reads a field.
    ///
    /// # Errors
    ///
    /// [`Fault::Large`] when the value does not fit `T`; [`Fault::Short`] for a place outside of
    /// the type.
    pub fn get<T: TryFrom<u64>>(&self, place: Place) -> Result<T, Fault> {
        let end = place.offset.saturating_add(place.width);
        let short = Fault::Short {
            what: place.name,
            needed: end,
            given: self.bytes.len(),
        };
        let from = self.bytes.get(place.offset..end).ok_or(short)?;
        let mut raw = [0; 8];
        copy(raw.get_mut(..place.width).ok_or(short)?, from);
        let value = u64::from_le_bytes(raw);
        T::try_from(value).map_err(|_| Fault::Large {
            field: place.name,
            value,
            width: size_of::<T>(),
        })
    }

    /// Reads a field that says yes or no (`NvBool`): yes is anything but 0.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::get`].
    pub fn flag(&self, place: Place) -> Result<bool, Fault> {
        Ok(self.get::<u64>(place)? != 0)
    }
}

/// Writes fields of one of NVIDIA's types, and makes a count of its bytes of it. A field that not
/// all versions have, or that not all spell alike, says so: `[since r570] name = value;`, `[until
/// r570] name = value;`.
macro_rules! encode {
    ($v:ident, $out:expr, $type:ident { $($fields:tt)* }) => {{
        const SIZE: usize = size_of::<$v::$type>();
        let mut encoder = $crate::abi::core::field::Encoder::new(stringify!($type), $out, SIZE)?;
        encode!(@ $v encoder $type $($fields)*);
        Ok(SIZE)
    }};
    (@ $v:ident $e:ident $t:ident) => {};
    (@ $v:ident $e:ident $t:ident [since $b:ident] $($f:ident).+ = $value:expr; $($rest:tt)*) => {
        pick!(since $b at $v { encode!(@ $v $e $t $($f).+ = $value;); } else {});
        encode!(@ $v $e $t $($rest)*);
    };
    (@ $v:ident $e:ident $t:ident [until $b:ident] $($f:ident).+ = $value:expr; $($rest:tt)*) => {
        pick!(since $b at $v {} else { encode!(@ $v $e $t $($f).+ = $value;); });
        encode!(@ $v $e $t $($rest)*);
    };
    // A field of an anonymous union: offset and width of the union's own types.
    (
        @ $v:ident $e:ident $t:ident union $u:ident($part:ident::$inner:ident) $f:ident
        = $value:expr; $($rest:tt)*
    ) => {
        $e.put(
            $crate::abi::core::field::Place {
                offset: ::core::mem::offset_of!($v::$t, $u.$part.$f),
                ..place!($v::$inner, $f)
            },
            u64::from($value),
        )?;
        encode!(@ $v $e $t $($rest)*);
    };
    (@ $v:ident $e:ident $t:ident $($f:ident).+ = $value:expr; $($rest:tt)*) => {
        $e.put(place!($v::$t, $($f).+), u64::from($value))?;
        encode!(@ $v $e $t $($rest)*);
    };
}

/// A decoder over one of NVIDIA's types.
macro_rules! decoder {
    ($v:ident, $bytes:expr, $type:ident) => {
        $crate::abi::core::field::Decoder::new(stringify!($type), $bytes, size_of::<$v::$type>())?
    };
}
