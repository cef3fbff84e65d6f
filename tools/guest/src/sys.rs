// SPDX-License-Identifier: GPL-2.0
//! Small services of a PID 1: mounts, kernel log level, power.

use std::ffi::CString;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

/// Mounts what the phases read: device nodes, proc, sysfs, debugfs.
///
/// # Errors
///
/// A mount was refused (but not that it was there already).
pub fn mount_all() -> Result<()> {
    for (kind, dir) in [
        ("devtmpfs", "/dev"),
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("debugfs", "/sys/kernel/debug"),
    ] {
        mount(kind, dir)?;
    }
    Ok(())
}

/// Mounts a file system that has no device.
///
/// # Errors
///
/// The mount was refused (but not that it was there already).
pub fn mount(kind: &str, dir: &str) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("mkdir {dir}"))?;
    let kind_c = CString::new(kind)?;
    let dir_c = CString::new(dir)?;
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
    let error = io::Error::last_os_error();
    if ret != 0 && error.raw_os_error() != Some(libc::EBUSY) {
        bail!("mount {kind} on {dir}: {error}");
    }
    Ok(())
}

/// Unmounts a file system.
///
/// # Errors
///
/// It is in use, or not mounted.
pub fn unmount(dir: &str) -> Result<()> {
    let dir_c = CString::new(dir)?;
    // SAFETY: the string is NUL-terminated and outlives the call.
    if unsafe { libc::umount2(dir_c.as_ptr(), 0) } != 0 {
        bail!("umount {dir}: {}", io::Error::last_os_error());
    }
    Ok(())
}

/// The running kernel's release.
///
/// # Errors
///
/// proc is not mounted.
pub fn release() -> Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/osrelease")?
        .trim()
        .to_string())
}

/// Sets which kernel messages reach the console.  Failure is ignored: it would only make the console quieter.
pub fn console_level(level: u8) {
    let _ = fs::write("/proc/sys/kernel/printk", format!("{level}\n"));
}

/// Puts the stacks of blocked tasks into the kernel log, for whoever reads why a phase hangs.
pub fn show_blocked_tasks() {
    let _ = fs::write("/proc/sys/kernel/sysrq", "1");
    let _ = fs::write("/proc/sysrq-trigger", "w");
}

/// Waits until `path` exists, at most `limit` of guest time.
pub fn wait_for(path: &Path, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    while !path.exists() {
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Switches the machine off; the kernel flushes nothing because nothing here is on a disk.
pub fn power_off() -> ! {
    // SAFETY: no arguments but constants.
    unsafe { libc::reboot(libc::RB_POWER_OFF) };
    // PID 1 must not return, or the kernel panics; the runner's clock ends a guest that could not switch itself off.
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}
