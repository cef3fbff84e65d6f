// SPDX-License-Identifier: GPL-2.0
//! Checks of the machine and its kernel.

use std::fs;
use std::io::Read;
use std::path::Path;

use nvkm_guest::kmsg::Kmsg;

use crate::capture;
use crate::preflight::Check;
use crate::restore::PARAMETER;
use crate::root::Root;

/// The kernel's log; empty for whoever may not read it.
pub fn log(root: &Root) -> Vec<String> {
    let mut lines = Vec::new();
    if let Ok(mut kmsg) = Kmsg::open(&root.path("/dev/kmsg")) {
        // What was read before a failure is as good.
        let _ = kmsg.drain(|r| lines.push(r.text));
    }
    lines
}

/// Release of the running kernel.
pub fn release(root: &Root) -> String {
    root.text("/proc/sys/kernel/osrelease").unwrap_or_default()
}

/// Whether this is root.
pub fn privilege(root: &Root) -> Check {
    // SAFETY: no arguments, cannot fail.
    let id = unsafe { libc::geteuid() };
    if id == 0 || !root.is_real() {
        return Check::ok("root", "may bind and trace");
    }
    Check::no(
        "root",
        "an ordinary user may neither bind a driver nor trace",
        "run it as root: sudo nvkm-hw …",
    )
}

fn unpacked(path: &Path) -> Option<String> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(path).ok()?)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

/// Whether the kernel was built with Rust, which the module needs.
pub fn kernel_config(root: &Root) -> Check {
    let release = release(root);
    let config = root
        .text(&format!("/boot/config-{release}"))
        .or_else(|| root.text(&format!("/lib/modules/{release}/config")))
        .or_else(|| unpacked(&root.path("/proc/config.gz")));
    let loaded = root.exists(PARAMETER);
    match config {
        Some(config) if config.lines().any(|l| l == "CONFIG_RUST=y") => {
            Check::ok("kernel", format!("{release}, CONFIG_RUST=y"))
        }
        _ if loaded => Check::ok("kernel", format!("{release}; a nouveau with Rust is loaded, so it has what that needs")),
        Some(_) => Check::no(
            "kernel",
            format!("{release} was built without CONFIG_RUST"),
            "use a kernel that was built with it, such as Debian's of trixie-backports (7.2 and newer)",
        ),
        None => Check::warn(
            "kernel",
            format!("{release}: its configuration is neither in /boot nor in /proc/config.gz"),
            "it needs CONFIG_RUST=y; a module that was built for it and loads is the proof",
        ),
    }
}

/// Secure Boot, module signatures, lockdown.
pub fn locks(root: &Root) -> Check {
    // The last byte of the variable's value (UEFI specification, SecureBoot); four bytes of attributes come first.
    let variable =
        root.path("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
    let secure = fs::read(variable).is_ok_and(|v| v.len() == 5 && v[4] == 1);
    let enforce = root
        .text("/sys/module/module/parameters/sig_enforce")
        .as_deref()
        == Some("Y");
    let lockdown = root
        .text("/sys/kernel/security/lockdown")
        .unwrap_or_default();
    let boot = if secure {
        "Secure Boot is on"
    } else {
        "Secure Boot is off"
    };
    if lockdown.contains("[confidentiality]") {
        return Check::no(
            "signatures",
            format!(
                "{boot}, and the kernel is locked down to 'confidentiality', which closes tracefs"
            ),
            "boot with lockdown=integrity, or with Secure Boot off",
        );
    }
    let strict = enforce || lockdown.contains("[integrity]");
    if !strict {
        return Check::ok(
            "signatures",
            format!("{boot}; unsigned modules may be loaded"),
        );
    }
    let text = format!("{boot}; only signed modules may be loaded");
    if root.exists(PARAMETER) {
        return Check::ok(
            "signatures",
            format!("{text}, and nouveau with Rust is one"),
        );
    }
    Check::warn(
        "signatures",
        text,
        "sign the module with a key of your own (kmodsign sha512 KEY CERT nouveau.ko; DKMS does it by itself) and enroll that \
         once: mokutil --import CERT, reboot, confirm",
    )
}

/// Whether tracefs and debugfs are there.
pub fn tracing(root: &Root) -> Check {
    let known = root.text("/proc/filesystems").unwrap_or_default();
    let has = |kind: &str| known.split_whitespace().any(|w| w == kind);
    if root.exists(&format!("{}/instances", capture::TRACEFS)) {
        return Check::ok("tracing", "tracefs is mounted");
    }
    match (has("tracefs"), has("debugfs")) {
        (true, true) => Check::ok(
            "tracing",
            "tracefs is not mounted; a run mounts it, and unmounts it",
        ),
        (false, _) => Check::no(
            "tracing",
            "the kernel has no tracefs",
            "use one built with CONFIG_FTRACE and CONFIG_EVENT_TRACING",
        ),
        (_, false) => Check::no(
            "tracing",
            "the kernel has no debugfs",
            "use one built with CONFIG_DEBUG_FS",
        ),
    }
}

/// Whether there is room for what is traced.
pub fn memory(root: &Root) -> Check {
    /// GSP-RM's image, twice, and a buffer.
    const NEEDED_KB: u64 = 512 << 10;
    let text = root.text("/proc/meminfo").unwrap_or_default();
    let free = text.lines().find_map(|l| {
        let rest = l.strip_prefix("MemAvailable:")?;
        rest.split_whitespace().next()?.parse::<u64>().ok()
    });
    match free {
        Some(kb) if kb >= NEEDED_KB => Check::ok("memory", format!("{} MiB are free", kb >> 10)),
        Some(kb) => Check::warn(
            "memory",
            format!("only {} MiB are free", kb >> 10),
            "close what takes memory; binding needs some 200 MiB, tracing some more",
        ),
        None => Check::warn("memory", "how much is free is not known", ""),
    }
}
