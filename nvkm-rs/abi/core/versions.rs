// SPDX-License-Identifier: GPL-2.0

//! The firmware versions: their order, and NVIDIA's own types of each.
//!
//! The types are made by bindgen at build time (`nvkm-rs/abi/headers/`). The kernel carries a
//! version's headers only as far as they changed; what a version does not have is its
//! predecessor's. That is what the glob imports say: an item of the version's own hides the one
//! that it would inherit. Which items are inherited is listed in
//! `nvkm-rs/tests/data/abi-inherited.json`.

/// Chooses by version: `pick!(since r570 at r535 { new } else { old })` is `old`.
///
/// The list is the order, oldest first, and each version has two rules below it: here it is what
/// was asked for, or what it was asked of. Whichever comes first in the list decides.
macro_rules! pick {
    (since $bound:ident at $version:ident { $($new:tt)* } else { $($old:tt)* }) => {
        pick!(@ [r535 r550 r570] $bound $version { $($new)* } { $($old)* })
    };
    (@ [r535 $($rest:ident)*] r535 $v:ident { $($new:tt)* } { $($old:tt)* }) => { $($new)* };
    (@ [r535 $($rest:ident)*] $b:ident r535 { $($new:tt)* } { $($old:tt)* }) => { $($old)* };
    (@ [r550 $($rest:ident)*] r550 $v:ident { $($new:tt)* } { $($old:tt)* }) => { $($new)* };
    (@ [r550 $($rest:ident)*] $b:ident r550 { $($new:tt)* } { $($old:tt)* }) => { $($old)* };
    (@ [r570 $($rest:ident)*] r570 $v:ident { $($new:tt)* } { $($old:tt)* }) => { $($new)* };
    (@ [r570 $($rest:ident)*] $b:ident r570 { $($new:tt)* } { $($old:tt)* }) => { $($old)* };
    (@ [$x:ident $($rest:ident)*] $b:ident $v:ident { $($new:tt)* } { $($old:tt)* }) => {
        pick!(@ [$($rest)*] $b $v { $($new)* } { $($old)* })
    };
}

/// Mounts one version's types, on top of what it inherits.
macro_rules! version {
    ($(#[$meta:meta])* $name:ident $(inherits $older:ident)?) => {
        $(#[$meta])*
        #[allow(
            clippy::all,
            clippy::indexing_slicing,
            clippy::undocumented_unsafe_blocks,
            missing_docs,
            non_camel_case_types,
            non_snake_case,
            non_upper_case_globals,
            unused_imports
        )]
        pub mod $name {
            $(pub use super::$older::*;)?

            include!(concat!(env!("NVKM_GENERATED"), "/abi/", stringify!($name), ".rs"));
        }
    };
}

version! {
    /// 535.113.01, `rm/r535/nvrm/`.
    r535
}
version! {
    /// 550.163.01, which nouveau has no support for; `make abi-new` makes all of its types, so it
    /// inherits nothing.
    #[cfg(feature = "r550")]
    r550
}
version! {
    /// 570.144, `rm/r570/nvrm/`.
    r570 inherits r535
}
