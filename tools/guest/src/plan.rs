// SPDX-License-Identifier: GPL-2.0
//! What the runner wants done, as it put it into the initramfs.

use std::fs;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

/// The plan of one run (`/nvkm.json`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Paths of the modules to load, in order; the last one is nouveau itself.
    pub modules: Vec<String>,
    /// Parameters for the last module, as `finit_module(2)` takes them.
    pub params: String,
    /// The phases in order; see [`crate::phases`].
    pub phases: Vec<String>,
    /// Kernel console log level from the start of the plan on.
    pub console_level: u8,
}

impl Plan {
    /// Reads the plan.
    ///
    /// # Errors
    ///
    /// The file is missing or not a plan.
    pub fn load(path: &str) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
        serde_json::from_str(&text).with_context(|| format!("{path} is not a plan"))
    }
}
