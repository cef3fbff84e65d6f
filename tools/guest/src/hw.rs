// SPDX-License-Identifier: GPL-2.0
//! The program for real cards, run on this machine as a person would: by its command line.

use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

const PROGRAM: &str = "/bin/nvkm-hw";

/// Runs it with the words of `arg`, which `+` joins. How it ends is the runner's business.
///
/// # Errors
///
/// It cannot be started.
pub fn run(arg: &str) -> Result<Value> {
    let words = arg.split('+').filter(|w| !w.is_empty());
    let output = Command::new(PROGRAM).args(words).output();
    let output = output.with_context(|| format!("{PROGRAM} cannot be started"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complaints) = (text(&output.stdout), text(&output.stderr));
    Ok(json!({"exit": output.status.code(), "said": said, "complaints": complaints}))
}
