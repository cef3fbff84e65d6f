// SPDX-License-Identifier: GPL-2.0
//! What the guest's phase `kselftest` needs: our test for the kernel's tree, the kernel's helpers that it takes, and a
//! shell, laid out as the kernel's selftests are when they are installed.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;

/// Where they are in the guest.
const PLACE: &str = "kselftest";
/// A shell that needs no other library than libc, from the toolbox.
const SHELL: [(&str, &str); 3] = [
    ("bin/sh", "/usr/bin/dash"),
    ("lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2"),
    (
        "lib/x86_64-linux-gnu/libc.so.6",
        "/lib/x86_64-linux-gnu/libc.so.6",
    ),
];
/// The kernel's helpers, below its selftests.
const HELPERS: &str = "kselftest/ktap_helpers.sh";
/// The test, below the kernel's selftests.
const TEST: &str = "drivers/gpu/nouveau/rust_gsp.sh";

/// Whether a phase is the one.
pub fn wanted(phases: &[String]) -> bool {
    phases
        .iter()
        .any(|p| p.split('=').next() == Some("kselftest"))
}

/// The executables, by their place in the guest: the test from `dir`, the helpers from a prepared kernel's source.
///
/// # Errors
///
/// One of them is not there.
pub fn programs(dir: &Path, kernel: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let read = |path: &Path| {
        fs::read(path).with_context(|| {
            format!(
                "{}, which the phase kselftest needs, cannot be read",
                path.display()
            )
        })
    };
    let mut programs = Vec::new();
    for (to, from) in SHELL {
        programs.push((to.to_string(), read(Path::new(from))?));
    }
    let helpers = kernel.join("src/tools/testing/selftests").join(HELPERS);
    programs.push((format!("{PLACE}/{HELPERS}"), read(&helpers)?));
    let name = Path::new(TEST).file_name().unwrap_or_default();
    programs.push((format!("{PLACE}/{TEST}"), read(&dir.join(name))?));
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::programs;
    use super::wanted;
    use std::path::Path;

    #[test]
    fn a_phase_is_told_by_its_name() {
        let wanted = |p: &str| wanted(&[p.to_string()]);
        assert!(wanted("kselftest"));
        assert!(wanted("kselftest=user"));
        assert!(!wanted("kselftests"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = programs(Path::new("/nowhere"), Path::new("/nowhere")).unwrap_err();
        assert!(format!("{error:#}").contains("which the phase kselftest needs"));
    }
}
