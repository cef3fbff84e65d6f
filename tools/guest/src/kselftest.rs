// SPDX-License-Identifier: GPL-2.0
//! The test that nouveau's directory among the kernel's selftests is to have, run as there: by a shell.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use nvkm_guest::sys;

const TEST: &str = "/kselftest/drivers/gpu/nouveau/rust_gsp.sh";
const DEBUGFS: &str = "/sys/kernel/debug";
/// Exit codes of a kernel selftest (tools/testing/selftests/kselftest.h).
const PASS: i32 = 0;
const SKIP: i32 = 4;
/// Somebody who is not root.
const USER: u32 = 1000;

/// Runs it. `arg` is words joined by `+`: `NAME=VALUE` of its environment, `user` (not as root), `no-debugfs`.
///
/// # Errors
///
/// A word is none of these; the test cannot be started, fails, or ends in a way that no test does.
pub fn run(arg: &str) -> Result<Value> {
    let mut command = Command::new(TEST);
    command.env_clear();
    let mut debugfs = true;
    for word in arg.split('+').filter(|word| !word.is_empty()) {
        match (word, word.split_once('=')) {
            ("user", _) => {
                command.uid(USER).gid(USER);
            }
            ("no-debugfs", _) => debugfs = false,
            (_, Some((name, value))) => {
                command.env(name, value);
            }
            _ => bail!("kselftest does not know the word '{word}'"),
        }
    }
    if !debugfs {
        sys::unmount(DEBUGFS)?;
    }
    let output = command.output();
    if !debugfs {
        sys::mount("debugfs", DEBUGFS)?;
    }
    let output = output.with_context(|| format!("{TEST} cannot be started"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complaints) = (text(&output.stdout), text(&output.stderr));
    let lines: Vec<&str> = said.lines().collect();
    match output.status.code() {
        // A test that passes has nothing to complain of.
        Some(code @ (PASS | SKIP)) if complaints.is_empty() => {
            Ok(json!({"exit": code, "ktap": lines}))
        }
        _ => {
            // What it is that failed, and why; if it does not say, its last words.
            let mut shown: Vec<&str> = lines
                .iter()
                .copied()
                .filter(|line| line.starts_with("not ok ") || line.starts_with("# "))
                .collect();
            if shown.is_empty() {
                shown = lines[lines.len().saturating_sub(5)..].to_vec();
            }
            shown.extend(complaints.lines());
            bail!("{TEST} ended with {}: {}", output.status, shown.join("; "))
        }
    }
}
