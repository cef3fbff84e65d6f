// SPDX-License-Identifier: GPL-2.0

//! One directory's files into another that things were built in, so that make builds no more than it must.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::off::{same, Lines};

/// What to copy where.
#[derive(clap::Args)]
pub struct Options {
    /// A directory of sources.
    #[arg(long)]
    from: PathBuf,
    /// Where they go; what was built there is left alone, and sources that an earlier run brought and that are gone are removed.
    #[arg(long)]
    to: PathBuf,
    /// What is built there has CONFIG_DRM_NOUVEAU_RUST off: a file that only changed what that option guards keeps its time.
    #[arg(long)]
    off: bool,
}

/// The list of a tree's files, without what is built there.
pub const MANIFEST: &str = ".overlay-files";

/// Copies a file and makes its directory.
///
/// # Errors
///
/// The file cannot be read, or not be written; both names are in the error.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(dir) = to.parent() {
        std::fs::create_dir_all(dir).with_context(|| format!("{}", dir.display()))?;
    }
    std::fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("{} to {}", from.display(), to.display()))
}

/// Copies a file that differs. With `off`, one that a compiler takes for the same stays as old as it is.
fn renew(from: &Path, to: &Path, off: Option<Lines>) -> Result<()> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("{}", path.display()));
    let new = read(from)?;
    let Ok(old) = std::fs::read(to) else {
        return copy(from, to);
    };
    if old == new {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = to.extension().is_some_and(|ext| ext == "c" || ext == "h");
    let keep = code && off.is_some_and(|lines| same(&text(&old), &text(&new), lines));
    let context = || format!("{}", to.display());
    let time = std::fs::metadata(to)
        .and_then(|meta| meta.modified())
        .with_context(context)?;
    copy(from, to)?;
    if keep {
        let file = File::options().write(true).open(to).with_context(context)?;
        file.set_modified(time).with_context(context)?;
    }
    Ok(())
}

/// Copies what differs, and removes sources that are gone. `off`: what is built has the option off.
///
/// # Errors
///
/// A file cannot be read or written.
pub fn sync(from: &Path, to: &Path, off: Option<Lines>) -> Result<()> {
    let mut kept = BTreeSet::new();
    for entry in WalkDir::new(from) {
        let entry = entry?;
        if !entry.file_type().is_file() {
            continue;
        }
        let relative = entry.path().strip_prefix(from)?;
        renew(entry.path(), &to.join(relative), off)?;
        kept.insert(relative.to_owned());
    }
    let manifest = to.join(MANIFEST);
    let before = std::fs::read_to_string(&manifest).unwrap_or_default();
    for line in before.lines() {
        if !kept.contains(Path::new(line)) {
            let _ = std::fs::remove_file(to.join(line));
        }
    }
    let list: Vec<String> = kept.iter().map(|path| path.display().to_string()).collect();
    std::fs::write(&manifest, list.join("\n")).with_context(|| format!("{}", manifest.display()))
}

/// The command: numbers of lines may change.
///
/// # Errors
///
/// A file cannot be read or written.
pub fn run(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.to).with_context(|| format!("{}", options.to.display()))?;
    sync(
        &options.from,
        &options.to,
        options.off.then_some(Lines::Any),
    )
}
