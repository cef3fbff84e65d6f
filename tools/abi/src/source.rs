// SPDX-License-Identifier: GPL-2.0

//! Where a version's ABI is read from: by version number out of `build/headers/`, or a path.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, ensure, Context, Result};
use regex::Regex;

use crate::dwarf::{self, Wanted};
use crate::kernel::{self, Tree};
use crate::model::{Kind, Model};
use crate::open;

/// Versions whose headers or object can be had, oldest first.
pub const KNOWN: [&str; 5] = [
    "535.113.01",
    "535.261.03",
    "550.163.01",
    "555.58.02",
    "570.144",
];
/// Those that nouveau itself supports: the kernel carries their headers.
pub const LAYER: [&str; 2] = ["535.113.01", "570.144"];

/// Where things are.
pub struct Places {
    /// This repository.
    pub top: PathBuf,
    /// Where everything is built.
    pub build: PathBuf,
}

/// A version as numbers, to be ordered.
#[must_use]
pub fn order(version: &str) -> Vec<u32> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

/// Whether a text is a version rather than a path.
///
/// # Errors
///
/// Never, but for a pattern that is wrong.
pub fn is_version(text: &str) -> Result<bool> {
    Ok(Regex::new(r"^\d{3}\.\d+(\.\d+)?$")?.is_match(text))
}

impl Places {
    /// The directory of a version, filled if it is not there.
    ///
    /// # Errors
    ///
    /// The version is not known, or cannot be fetched.
    pub fn fetch(&self, version: &str) -> Result<PathBuf> {
        ensure!(
            KNOWN.contains(&version),
            "firmware version {version} is not known; there is {} (a header tree or an object may be named instead)",
            KNOWN.join(", ")
        );
        let dir = self.build.join("headers").join(version);
        let script = self.top.join("tools/toolbox/headers");
        let status = Command::new(&script)
            .arg(version)
            .env("BUILD", &self.build)
            .status();
        let status = status.with_context(|| format!("{}", script.display()))?;
        ensure!(status.success(), "the headers of {version} cannot be had");
        Ok(dir)
    }

    /// The names that matter: those of the kernel's own extracts.
    ///
    /// # Errors
    ///
    /// There is no kernel source, or its headers do not compile.
    pub fn wanted(&self) -> Result<Wanted> {
        let mut models = Vec::new();
        for version in LAYER {
            let dir = self.fetch(version)?;
            let tree = Tree::find(&dir);
            let tree = tree.with_context(|| format!("{} holds no nvrm headers", dir.display()))?;
            models.push(tree.model(version)?);
        }
        Ok(kernel::wanted(&models.iter().collect::<Vec<_>>()))
    }

    /// Reads a model.
    ///
    /// # Errors
    ///
    /// It cannot be had or read.
    pub fn model(&self, text: &str, wanted: &Wanted) -> Result<Model> {
        if is_version(text)? {
            return read(&self.fetch(text)?, text, wanted);
        }
        let path = PathBuf::from(text);
        ensure!(
            path.exists(),
            "{text} is neither a file or directory nor a firmware version; of those there is {}",
            KNOWN.join(", ")
        );
        read(&path, text, wanted)
    }
}

/// Reads whatever lies at a path.
///
/// # Errors
///
/// It is neither an extract, nor a tree of the open driver, nor an object.
pub fn read(path: &Path, version: &str, wanted: &Wanted) -> Result<Model> {
    let inside = path.join("nv-kernel.o_binary");
    if path.is_file() || inside.is_file() {
        let object = if path.is_file() { path } else { &inside };
        let mut model = Model::new(version, Kind::Object);
        dwarf::read(object, Some(wanted), &mut model)?;
        return Ok(model);
    }
    if open::is_tree(path) {
        return open::model(path, version, wanted);
    }
    match Tree::find(path) {
        Some(tree) => tree.model(version),
        None => bail!(
            "{} is neither an extract of the kernel (nvrm/gsp.h) nor a tree of the open driver (src/nvidia)",
            path.display()
        ),
    }
}
