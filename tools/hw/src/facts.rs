// SPDX-License-Identifier: GPL-2.0
//! What a run directory has to say of the run itself: from it and the sides the report is made, now or later.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::secrets::Secrets;

/// The facts (`run.json`).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Facts {
    /// The card's bus address.
    pub address: String,
    /// PCI device id.
    pub device: String,
    /// PCI subsystem ids.
    pub subsystem: String,
    /// PCI revision.
    pub revision: String,
    /// Chip.
    pub chip: String,
    /// Firmware version that was found for it.
    pub firmware: String,
    /// Its files are packed.
    pub compressed: bool,
    /// Subsystems that Rust was to serve.
    pub seams: Vec<String>,
    /// The phases.
    pub phases: Vec<String>,
    /// The module's `srcversion`.
    pub srcversion: String,
    /// Where the module came from.
    pub module: String,
    /// Day of the run, `YYYY-MM-DD`.
    pub date: String,
    /// How long it took, in seconds.
    pub wall_s: f64,
    /// What the look at the machine found.
    pub preflight: Value,
    /// What else happened: sentences.
    pub notes: Vec<String>,
}

impl Facts {
    /// Reads those of a run directory.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn load(out: &Path) -> Result<Self> {
        let path = out.join("run.json");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} is not the directory of a run", out.display()))?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }

    /// Writes them.
    ///
    /// # Errors
    ///
    /// The directory cannot be written to.
    pub fn save(&self, out: &Path) -> Result<()> {
        let path = out.join("run.json");
        fs::write(&path, serde_json::to_string_pretty(self)? + "\n")
            .with_context(|| path.display().to_string())
    }
}

/// Keeps what was collected beside the run, readable for its owner only: a report may be made again when the machine's
/// values are others.
///
/// # Errors
///
/// The directory cannot be written to.
pub fn save_secrets(out: &Path, secrets: &Secrets) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = out.join("secrets.json");
    let mut options = fs::OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path);
    serde_json::to_writer(file.with_context(|| path.display().to_string())?, secrets)?;
    Ok(())
}

/// What was kept.
///
/// # Errors
///
/// There is nothing: without it nothing may leave.
pub fn load_secrets(out: &Path) -> Result<Secrets> {
    let path = out.join("secrets.json");
    let text = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// Today, in UTC.
pub fn today() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = now.map_or(0, |d| d.as_secs()) as libc::time_t;
    // SAFETY: gmtime_r writes one tm, which is plain numbers (a zeroed one is valid), and reads one time_t.
    let tm = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        libc::gmtime_r(&seconds, &mut tm);
        tm
    };
    format!(
        "{:04}-{:02}-{:02}",
        tm.tm_year + 1900,
        tm.tm_mon + 1,
        tm.tm_mday
    )
}
