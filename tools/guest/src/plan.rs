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
    /// Paths of the modules to load, in order; the last one is the driver itself.
    pub modules: Vec<String>,
    /// Parameters for the last module, as `finit_module(2)` takes them.
    pub params: String,
    /// The phases in order; see [`crate::phases`].
    pub phases: Vec<String>,
    /// Kernel console log level from the start of the plan on.
    pub console_level: u8,
    /// Take the GPU off the bus and find it again before the first phase.
    pub replug: bool,
    /// The driver is one without nodes in /dev/dri: that it has the GPU is all there is to see.
    pub no_nodes: bool,
}

impl Plan {
    /// The name under which the kernel knows the driver's module.
    ///
    /// # Errors
    ///
    /// The plan names no module.
    pub fn driver(&self) -> Result<String> {
        let path = self.modules.last().context("the plan names no module")?;
        let file = path.rsplit('/').next().unwrap_or_default();
        Ok(file.trim_end_matches(".ko").replace('-', "_"))
    }

    /// The modules to load before the driver.
    pub fn needed(&self) -> &[String] {
        self.modules.split_last().map_or(&[], |(_, needed)| needed)
    }

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
