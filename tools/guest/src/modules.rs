// SPDX-License-Identifier: GPL-2.0
//! Loading and unloading kernel modules without modprobe.

use std::ffi::CString;
use std::fs;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use anyhow::anyhow;
use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

/// Loads one module file.  One that is loaded already is fine.
///
/// # Errors
///
/// The kernel refused it; the reason is in the kernel log.
pub fn load(path: &str, params: &str) -> Result<()> {
    let file = File::open(path).with_context(|| format!("{path} is not in the initramfs"))?;
    let params = CString::new(params)?;
    // SAFETY: the descriptor is open and the string NUL-terminated; both outlive the call.
    let ret =
        unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), params.as_ptr(), 0) };
    let error = io::Error::last_os_error();
    if ret == 0 || error.raw_os_error() == Some(libc::EEXIST) {
        return Ok(());
    }
    let hint = match error.raw_os_error() {
        Some(libc::ENOEXEC) => " (built for another kernel?)",
        Some(libc::ENOENT) => " (an unknown symbol or parameter)",
        _ => "",
    };
    Err(anyhow!("{error}{hint}")).with_context(|| format!("the kernel refused the module {path}"))
}

/// The name on the PCI bus of the driver that a module registered (`/sys/module/<name>/drivers/pci:<driver>`).
///
/// # Errors
///
/// The module is not there or registered none.
pub fn pci_driver(module: &str) -> Result<String> {
    let dir = format!("/sys/module/{module}/drivers");
    let entries = fs::read_dir(&dir).with_context(|| dir.clone())?;
    entries
        .flatten()
        .find_map(|e| Some(e.file_name().to_str()?.strip_prefix("pci:")?.to_string()))
        .with_context(|| format!("{module} has no PCI driver"))
}

/// Unloads a module by name.
///
/// # Errors
///
/// It is in use or not loaded.
pub fn unload(name: &str) -> Result<()> {
    let name_c = CString::new(name)?;
    // SAFETY: the string is NUL-terminated and outlives the call.
    let ret = unsafe { libc::syscall(libc::SYS_delete_module, name_c.as_ptr(), libc::O_NONBLOCK) };
    if ret != 0 {
        bail!("{name} cannot be unloaded: {}", io::Error::last_os_error());
    }
    Ok(())
}
