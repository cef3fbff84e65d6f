// SPDX-License-Identifier: GPL-2.0

//! bindgen's idea of nvkm's structures, held against the C compiler's (`bridge/offsets/`): what
//! disagrees does not build.

use core::mem::{
    offset_of,
    MaybeUninit, //
};

use kernel::build_assert::static_assert;

use super::offsets;

/// The size of what a pointer points to.
#[allow(dead_code)] // Used in assertions.
pub(super) const fn size_behind<T>(_: *const T) -> usize {
    size_of::<T>()
}

macro_rules! check {
    ($type:ident: $($offset:ident, $size:ident: $first:ident $(. $more:ident)*;)*) => {
        $(
            static_assert!(offset_of!($type, $first $(. $more)*) == offsets::$offset);
            static_assert!({
                let it = MaybeUninit::<$type>::uninit();
                // SAFETY: Only the place is computed, within the object; nothing is read.
                size_behind(unsafe { &raw const (*it.as_ptr()).$first $(. $more)* })
            } == offsets::$size);
        )*
    };
}

/// The same for fields of an array's first element.
macro_rules! check_first {
    ($type:ident: $($offset:ident, $size:ident: $($field:ident).+ [0] . $inner:ident;)*) => {
        $(
            static_assert!({
                let it = MaybeUninit::<$type>::uninit();
                // SAFETY: Only places are computed, within the object; nothing is read.
                let (at, size) = unsafe {
                    let place = &raw const (*it.as_ptr()).$($field).+[0].$inner;
                    (place.cast::<u8>().offset_from(it.as_ptr().cast()), size_behind(place))
                };
                at == offsets::$offset as isize && size == offsets::$size
            });
        )*
    };
}

pub(super) use check;

mod boot;
mod fw;
mod gsp;
mod rpc;
mod shadow;
