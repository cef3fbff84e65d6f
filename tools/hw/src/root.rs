// SPDX-License-Identifier: GPL-2.0
//! The machine's files: those below `/`, or below a directory that stands for it in tests.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;

/// Where `/` is.
#[derive(Clone, Debug)]
pub struct Root(PathBuf);

impl Root {
    /// A machine whose `/` is this directory.
    pub fn new(dir: &Path) -> Self {
        Self(dir.to_path_buf())
    }

    /// Whether it is the machine itself.
    pub fn is_real(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// The directory that is `/`.
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// Where an absolute path is.
    pub fn path(&self, absolute: &str) -> PathBuf {
        self.0.join(absolute.trim_start_matches('/'))
    }

    /// Whether there is such a file.
    pub fn exists(&self, absolute: &str) -> bool {
        self.path(absolute).exists()
    }

    /// A file's text without what surrounds it; none if it cannot be read.
    pub fn text(&self, absolute: &str) -> Option<String> {
        let bytes = fs::read(self.path(absolute)).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim().to_string())
    }

    /// A file's text, or why there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read(&self, absolute: &str) -> Result<String> {
        fs::read_to_string(self.path(absolute))
            .with_context(|| format!("{absolute} cannot be read"))
    }

    /// The names in a directory, sorted; none if there is no such directory.
    pub fn names(&self, absolute: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path(absolute))
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The last word of what a link says.
    pub fn link(&self, absolute: &str) -> Option<String> {
        let target = fs::read_link(self.path(absolute)).ok()?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    }

    /// Writes to a file of the kernel's.
    ///
    /// # Errors
    ///
    /// The kernel refused it.
    pub fn write(&self, absolute: &str, text: &str) -> Result<()> {
        fs::write(self.path(absolute), text)
            .with_context(|| format!("'{}' to {absolute}", text.trim()))
    }
}
