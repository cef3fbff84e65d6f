// SPDX-License-Identifier: GPL-2.0

//! `NV_STATUS` values as errno.

/// The errno values that this tree gives; the kernel glue maps them to the kernel's own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Errno {
    /// `EBUSY`
    Busy,
    /// `EINVAL`
    Invalid,
    /// `EIO`
    Io,
    /// `EMSGSIZE`
    MessageSize,
    /// `ENOMEM`
    NoMemory,
    /// `ETIMEDOUT`
    TimedOut,
}

/// The RM is not ready yet.
pub const NV_ERR_NOT_READY: u32 = 0x55;
/// The RM asks to try again.
pub const NV_ERR_TIMEOUT_RETRY: u32 = 0x66;
/// The RM has no memory.
pub const NV_ERR_NO_MEMORY: u32 = 0x51;

/// The errno for an `NV_STATUS` other than 0, as `r535_rpc_status_to_errno` has it.
#[must_use]
pub fn status_to_errno(status: u32) -> Errno {
    match status {
        NV_ERR_NOT_READY | NV_ERR_TIMEOUT_RETRY => Errno::Busy,
        NV_ERR_NO_MEMORY => Errno::NoMemory,
        _ => Errno::Invalid,
    }
}
