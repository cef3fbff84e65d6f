// SPDX-License-Identifier: GPL-2.0
//! tracefs and debugfs, mounted for as long as a run takes where they are not.

use std::ffi::CString;
use std::io;

use anyhow::bail;
use anyhow::Result;

use crate::capture::TRACEFS;
use crate::root::Root;

/// File system, place, and a name that only a mounted one has.
const WANTED: [(&str, &str, &str); 2] = [
    ("debugfs", "/sys/kernel/debug", "/sys/kernel/debug"),
    ("tracefs", TRACEFS, "/sys/kernel/tracing/instances"),
];

/// What was mounted, and goes again with this value.
pub struct Mounts(Vec<CString>);

impl Mounts {
    /// Mounts what is missing.
    ///
    /// # Errors
    ///
    /// Not root, or the kernel has no such file system.
    pub fn ensure(root: &Root) -> Result<Self> {
        let mut mounts = Self(Vec::new());
        if !root.is_real() {
            return Ok(mounts);
        }
        for (kind, dir, sign) in WANTED {
            let there = match sign == dir {
                true => !root.names(dir).is_empty(),
                false => root.exists(sign),
            };
            if there {
                continue;
            }
            let (kind_c, dir_c) = (CString::new(kind)?, CString::new(dir)?);
            // SAFETY: all three strings are NUL-terminated and live across the call; no data is passed.
            let ret = unsafe {
                libc::mount(
                    kind_c.as_ptr(),
                    dir_c.as_ptr(),
                    kind_c.as_ptr(),
                    0,
                    std::ptr::null(),
                )
            };
            if ret != 0 {
                bail!(
                    "{kind} cannot be mounted on {dir}: {}",
                    io::Error::last_os_error()
                );
            }
            mounts.0.push(dir_c);
        }
        Ok(mounts)
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        for dir in self.0.iter().rev() {
            // SAFETY: the string is NUL-terminated and outlives the call. One that is busy by now stays.
            unsafe { libc::umount2(dir.as_ptr(), 0) };
        }
    }
}
