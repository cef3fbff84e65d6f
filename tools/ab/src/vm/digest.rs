// SPDX-License-Identifier: GPL-2.0
//! What a run is made of, as one hash: SHA-256 over parts, each with its length.

use std::collections::HashMap;
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::SystemTime;

use anyhow::Context;
use anyhow::Result;
use sha2::Digest as _;
use sha2::Sha256;

/// A hash that grows.
#[derive(Clone)]
pub struct Digest(Sha256);

impl Digest {
    /// Of nothing yet.
    #[allow(clippy::new_without_default)] // A hash of nothing is nobody's default.
    pub fn new() -> Self {
        Self(Sha256::new())
    }

    /// Adds a part.
    pub fn bytes(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// Adds a text.
    pub fn text(&mut self, part: &str) {
        self.bytes(part.as_bytes());
    }

    /// The hash in 64 hex digits.
    pub fn end(self) -> String {
        let mut text = String::new();
        for byte in self.0.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// A file as it was looked at: path, length, time.
type Looked = (PathBuf, u64, SystemTime);
/// Hashes of files that this process has read.
static READ: Mutex<Option<HashMap<Looked, String>>> = Mutex::new(None);

/// The hash of a file's content; a file is read again only when its length or its time has changed.
///
/// # Errors
///
/// It cannot be read.
pub fn file(path: &Path) -> Result<String> {
    let why = || format!("{} cannot be read", path.display());
    let meta = fs::metadata(path).with_context(why)?;
    let looked = (path.to_path_buf(), meta.len(), meta.modified()?);
    let known = READ
        .lock()
        .ok()
        .and_then(|k| k.as_ref()?.get(&looked).cloned());
    if let Some(hash) = known {
        return Ok(hash);
    }
    let mut digest = Digest::new();
    digest.bytes(&fs::read(path).with_context(why)?);
    let hash = digest.end();
    if let Ok(mut known) = READ.lock() {
        known.get_or_insert_default().insert(looked, hash.clone());
    }
    Ok(hash)
}

/// The hash of a program, found as a shell finds it.
///
/// # Errors
///
/// There is no such program.
pub fn program(name: &Path) -> Result<String> {
    if name.components().count() > 1 {
        return file(name);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|p| p.is_file());
    file(&found.with_context(|| format!("there is no program {}", name.display()))?)
}

/// The hash of a directory's files, or of a file: names below it and contents, in the order of names.
///
/// # Errors
///
/// One of them cannot be read.
pub fn tree(path: &Path) -> Result<String> {
    let mut digest = Digest::new();
    add(path, &mut digest)?;
    Ok(digest.end())
}

fn add(path: &Path, digest: &mut Digest) -> Result<()> {
    digest.text(&path.file_name().unwrap_or_default().to_string_lossy());
    if !path.is_dir() {
        digest.text(&file(path)?);
        return Ok(());
    }
    let why = || format!("{} cannot be read", path.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).with_context(why)? {
        entries.push(entry.with_context(why)?.path());
    }
    entries.sort();
    digest.text(&entries.len().to_string());
    entries.iter().try_for_each(|entry| add(entry, digest))
}
