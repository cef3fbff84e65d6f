// SPDX-License-Identifier: GPL-2.0

//! Nouveau's directory, hooked and with our files laid over it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use walkdir::WalkDir;

use crate::{anchor, hook};

/// What to lay over what.
#[derive(clap::Args)]
pub struct Options {
    /// This repository.
    #[arg(long, default_value = ".")]
    overlay: PathBuf,
    /// The kernel's nouveau directory (drivers/gpu/drm/nouveau).
    #[arg(long)]
    nouveau: PathBuf,
    /// Where the result goes; built objects in there are left alone.
    #[arg(long)]
    out: PathBuf,
    /// Copy only: no hooks, none of our files.
    #[arg(long)]
    pristine: bool,
    /// Plant a deliberate fault into our files: FILE:NAME (see selftests/rpc/faults.toml).
    #[arg(long, value_name = "FILE:NAME")]
    fault: Option<String>,
}

/// Plants a fault.
fn plant(fault: &str, tree: &Path) -> Result<()> {
    let (file, name) = fault
        .rsplit_once(':')
        .context("a fault is FILE:NAME")?;
    let anchors = anchor::load(Path::new(file))?;
    let mut planted = false;
    for anchor in anchors.iter().filter(|anchor| anchor.name == name) {
        anchor.apply(tree)?;
        planted = true;
    }
    if !planted {
        bail!("{file} has no fault '{name}'");
    }
    Ok(())
}

/// Our files in the tree, and what they are called there: `Kconfig` and `Makefile` would hide upstream's own.
fn ours(overlay: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut files = vec![
        (overlay.join("Kconfig"), PathBuf::from("Kconfig.rust")),
        (overlay.join("Makefile"), PathBuf::from("Makefile.rust")),
    ];
    for dir in ["nvkm", "bridge", "nvkm-rs"] {
        for entry in WalkDir::new(overlay.join(dir)).sort_by_file_name() {
            let entry = entry?;
            let path = entry.path();
            let relative = path.strip_prefix(overlay)?.to_owned();
            let kept = path
                .extension()
                .is_some_and(|ext| ["c", "h", "rs"].iter().any(|wanted| ext == *wanted))
                || relative.ends_with("bindgen_parameters")
                || relative.ends_with("cbindgen_parameters.toml");
            let host =
                relative.starts_with("nvkm-rs/tests") || relative.ends_with("nvkm-rs/host.rs");
            if entry.file_type().is_file() && kept && !host {
                files.push((path.to_owned(), relative));
            }
        }
    }
    Ok(files)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(dir) = to.parent() {
        std::fs::create_dir_all(dir).with_context(|| format!("{}", dir.display()))?;
    }
    std::fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("{} to {}", from.display(), to.display()))
}

/// Copies what differs, so that make builds no more than it must, and removes sources that are gone.
fn sync(from: &Path, to: &Path) -> Result<()> {
    let mut kept = BTreeSet::new();
    for entry in WalkDir::new(from) {
        let entry = entry?;
        if !entry.file_type().is_file() {
            continue;
        }
        let relative = entry.path().strip_prefix(from)?;
        let target = to.join(relative);
        kept.insert(relative.to_owned());
        let new =
            std::fs::read(entry.path()).with_context(|| format!("{}", entry.path().display()))?;
        if std::fs::read(&target).ok().as_deref() != Some(new.as_slice()) {
            copy(entry.path(), &target)?;
        }
    }
    let manifest = to.join(".overlay-files");
    let before = std::fs::read_to_string(&manifest).unwrap_or_default();
    for line in before.lines() {
        if !kept.contains(Path::new(line)) {
            let _ = std::fs::remove_file(to.join(line));
        }
    }
    let list: Vec<String> = kept.iter().map(|path| path.display().to_string()).collect();
    std::fs::write(&manifest, list.join("\n")).with_context(|| format!("{}", manifest.display()))
}

/// Makes the tree.
///
/// # Errors
///
/// A file is missing, or a hook or anchor does not apply; nothing is changed in the output then.
pub fn run(options: &Options) -> Result<()> {
    if !options.nouveau.join("Kbuild").is_file() {
        bail!(
            "{} is not nouveau's directory (no Kbuild in it)",
            options.nouveau.display()
        );
    }
    std::fs::create_dir_all(&options.out).with_context(|| format!("{}", options.out.display()))?;
    let stage = options.out.with_extension("stage");
    let _ = std::fs::remove_dir_all(&stage);
    for entry in WalkDir::new(&options.nouveau) {
        let entry = entry?;
        if entry.file_type().is_file() {
            copy(
                entry.path(),
                &stage.join(entry.path().strip_prefix(&options.nouveau)?),
            )?;
        }
    }
    if !options.pristine {
        for anchor in anchor::load(&options.overlay.join("nvkm/anchors.toml"))? {
            anchor.apply(&stage)?;
        }
        let mut applied = 0;
        for file in hook::load(&options.overlay)? {
            hook::apply(&file, &stage)?;
            applied += file.hooks.len();
        }
        for (from, to) in ours(&options.overlay)? {
            let to = stage.join(to);
            if to.exists() {
                bail!("our file would replace upstream's {}", to.display());
            }
            copy(&from, &to)?;
        }
        if let Some(fault) = &options.fault {
            plant(fault, &stage)?;
        }
        std::fs::write(stage.join(".hooks-applied"), format!("{applied}\n"))?;
    }
    sync(&stage, &options.out)?;
    std::fs::remove_dir_all(&stage).with_context(|| format!("{}", stage.display()))
}
