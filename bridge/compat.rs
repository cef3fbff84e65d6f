// SPDX-License-Identifier: GPL-2.0

//! What not every kernel has.
//!
//! `nvkm-rs/Kbuild` looks for it in the kernel's source and says by a cfg what it found; no other
//! file asks. What is missing costs nothing: nobody calls it, or it does nothing.

use kernel::{
    bindings,
    error::Error, //
};

pub(crate) use self::{
    gcx::*,
    memsys::*, //
};

/// An errno, which is small, as an error.
fn error(errno: u32) -> Error {
    Error::from_errno(0i32.saturating_sub_unsigned(errno))
}

// Of these, `kernel::error::code` has had constants since 7.3 only.

/// `ENODATA`
pub(crate) fn enodata() -> Error {
    error(bindings::ENODATA)
}

/// `ENOMSG`
pub(crate) fn enomsg() -> Error {
    error(bindings::ENOMSG)
}

/// `ENOSYS`
pub(crate) fn enosys() -> Error {
    error(bindings::ENOSYS)
}

/// `EOPNOTSUPP`
pub(crate) fn eopnotsupp() -> Error {
    error(bindings::EOPNOTSUPP)
}

/// The memory system's configuration, which C asks for after the static information and keeps
/// (`nvkm_gsp.memsys`).
#[cfg(nvkm_has_memsys)]
mod memsys {
    use core::mem::{
        offset_of,
        MaybeUninit, //
    };

    use kernel::build_assert::static_assert;

    use super::super::{
        bindings::nvkm_gsp,
        handle::Gsp,
        layout::{
            check,
            size_behind, //
        },
        offsets, //
    };

    /// Whether it is asked for.
    pub(crate) const MEMSYS: bool = true;

    check! { nvkm_gsp:
        COMPTAGS_OFFSET, COMPTAGS_SIZE: memsys.use_raw_mode_comptagline_alloc;
    }

    impl Gsp {
        /// How compression tags are allocated.
        pub(crate) fn set_raw_comptags(self, raw: bool) {
            // SAFETY: By the invariants; nobody reads the field yet.
            unsafe { (*self.as_ptr()).memsys.use_raw_mode_comptagline_alloc = raw }
        }
    }
}

/// C does not ask for it.
#[cfg(not(nvkm_has_memsys))]
mod memsys {
    use super::super::handle::Gsp;

    /// Whether it is asked for.
    pub(crate) const MEMSYS: bool = false;

    impl Gsp {
        /// There is no place for it.
        pub(crate) fn set_raw_comptags(self, _: bool) {}
    }
}

/// What `nvkm_gsp_gcx_ready()` returns.
#[cfg(nvkm_has_gcx)]
mod gcx {
    use super::super::offsets;

    pub(crate) const GC6_READY: usize = offsets::GC6_READY;
    pub(crate) const GCOFF_READY: usize = offsets::GCOFF_READY;
}

/// There is no `nvkm_gsp_gcx_ready()`.
#[cfg(not(nvkm_has_gcx))]
mod gcx {
    pub(crate) const GC6_READY: usize = 0;
    pub(crate) const GCOFF_READY: usize = 0;
}
