// SPDX-License-Identifier: GPL-2.0

//! Nouveau's directory, hooked and with our files laid over it.

use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use walkdir::WalkDir;

use crate::off::Lines;
use crate::sync::{copy, sync, MANIFEST};
use crate::{anchor, hook};

/// What to lay over what.
#[derive(clap::Args)]
pub struct Options {
    /// This repository.
    #[arg(long, default_value = ".")]
    overlay: PathBuf,
    /// The kernel's nouveau directory (drivers/gpu/drm/nouveau).
    #[arg(long, required_unless_present = "laid")]
    nouveau: Option<PathBuf>,
    /// Begin with a tree that this command made before, instead of the kernel's: hooked, and with our files as they were then.
    #[arg(long, conflicts_with_all = ["nouveau", "pristine", "keep_lines"])]
    laid: Option<PathBuf>,
    /// Where the result goes; built objects in there are left alone.
    #[arg(long)]
    out: PathBuf,
    /// Copy only: no hooks, none of our files.
    #[arg(long)]
    pristine: bool,
    /// Keep upstream's line numbers by #line directives, so that objects can be compared with a pristine build's: kernels
    /// put line numbers into data (WARN, UBSAN, messages). For builds with CONFIG_DRM_NOUVEAU_RUST off: a file that only
    /// changed what that option guards keeps its time.
    #[arg(long)]
    keep_lines: bool,
    /// Plant a deliberate fault: FILE:NAME into our files (see selftests/rpc/faults.toml), or a semantic patch into upstream's
    /// (see selftests/seeded); several are planted one after the other.
    #[arg(long, value_name = "FILE:NAME|FILE.cocci")]
    fault: Vec<String>,
}

/// Plants a fault.
fn plant(fault: &str, tree: &Path) -> Result<()> {
    if fault.ends_with(".cocci") {
        return hook::seed(Path::new(fault), tree);
    }
    let (file, name) = fault.rsplit_once(':').context("a fault is FILE:NAME")?;
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

/// Our files in the tree, and what they are called there: `Kconfig` would hide upstream's own.
fn ours(overlay: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut files = vec![(overlay.join("Kconfig"), PathBuf::from("nvkm-rs/Kconfig"))];
    for dir in ["nvkm", "bridge", "nvkm-rs"] {
        for entry in WalkDir::new(overlay.join(dir)).sort_by_file_name() {
            let entry = entry?;
            let path = entry.path();
            let relative = path.strip_prefix(overlay)?.to_owned();
            let kept = path
                .extension()
                .is_some_and(|ext| ["awk", "c", "h", "rs"].iter().any(|wanted| ext == *wanted))
                || relative.ends_with("nvkm-rs/Kbuild")
                || relative.ends_with("bindgen_parameters")
                || relative.ends_with("nvkm-rs/abi/generate")
                || relative.ends_with("cbindgen_parameters.toml");
            let host = relative.starts_with("nvkm-rs/tests")
                || relative.starts_with("nvkm-rs/fuzz")
                || relative.starts_with("nvkm-rs/loom")
                || relative.ends_with("nvkm-rs/host.rs");
            if entry.file_type().is_file() && kept && !host {
                files.push((path.to_owned(), relative));
            }
        }
    }
    Ok(files)
}

/// The hooked text with a directive after each hook, so that upstream's lines keep their numbers.
fn with_lines(before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    let mut out = String::with_capacity(after.len());
    // How many lines the text is longer than upstream's, up to here.
    let mut shift = 0;
    let mut lines = after.split_inclusive('\n');
    for op in diff.ops() {
        let (old, new) = (op.old_range(), op.new_range());
        if op.tag() == similar::DiffTag::Equal && shift != new.start as i64 - old.start as i64 {
            shift = new.start as i64 - old.start as i64;
            out.push_str(&format!("#line {}\n", old.start + 1));
        }
        out.extend(lines.by_ref().take(new.len()));
    }
    out
}

/// Gives upstream's lines their numbers back in all C files of a tree that differ from upstream's.
fn keep_lines(nouveau: &Path, tree: &Path) -> Result<()> {
    for entry in WalkDir::new(nouveau) {
        let entry = entry?;
        let path = entry.path();
        if !path.extension().is_some_and(|ext| ext == "c" || ext == "h") {
            continue;
        }
        let hooked = tree.join(path.strip_prefix(nouveau)?);
        let read = |path: &Path| std::fs::read(path).with_context(|| format!("{}", path.display()));
        let (before, after) = (read(path)?, read(&hooked)?);
        if before != after {
            let text = with_lines(
                &String::from_utf8_lossy(&before),
                &String::from_utf8_lossy(&after),
            );
            std::fs::write(&hooked, text).with_context(|| format!("{}", hooked.display()))?;
        }
    }
    Ok(())
}

/// Nouveau's files, hooked and with ours over them, in a directory of their own.
fn lay(options: &Options, nouveau: &Path, stage: &Path) -> Result<()> {
    if !nouveau.join("Kbuild").is_file() {
        bail!(
            "{} is not nouveau's directory (no Kbuild in it)",
            nouveau.display()
        );
    }
    for entry in WalkDir::new(nouveau) {
        let entry = entry?;
        if entry.file_type().is_file() {
            copy(
                entry.path(),
                &stage.join(entry.path().strip_prefix(nouveau)?),
            )?;
        }
    }
    if options.pristine {
        return Ok(());
    }
    for anchor in anchor::load(&options.overlay.join("nvkm/anchors.toml"))? {
        anchor.apply(stage)?;
    }
    let mut applied = 0;
    for file in hook::load(&options.overlay)? {
        applied += hook::apply(&file, stage)?;
    }
    if options.keep_lines {
        keep_lines(nouveau, stage)?;
    }
    for (from, to) in ours(&options.overlay)? {
        let to = stage.join(to);
        if to.exists() {
            bail!("our file would replace upstream's {}", to.display());
        }
        copy(&from, &to)?;
    }
    std::fs::write(stage.join(".hooks-applied"), format!("{applied}\n"))?;
    Ok(())
}

/// The files of a tree that was laid, without what was built in it.
fn copy_laid(laid: &Path, stage: &Path) -> Result<()> {
    let manifest = laid.join(MANIFEST);
    let list = std::fs::read_to_string(&manifest)
        .with_context(|| format!("{} was not made by this command", laid.display()))?;
    list.lines()
        .try_for_each(|name| copy(&laid.join(name), &stage.join(name)))
}

/// Makes the tree.
///
/// # Errors
///
/// A file is missing, or a hook or anchor does not apply; nothing is changed in the output then.
pub fn run(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.out).with_context(|| format!("{}", options.out.display()))?;
    let stage = options.out.with_extension("stage");
    let _ = std::fs::remove_dir_all(&stage);
    match (&options.laid, &options.nouveau) {
        (Some(laid), _) => copy_laid(laid, &stage)?,
        (None, Some(nouveau)) => lay(options, nouveau, &stage)?,
        (None, None) => bail!("name the kernel's nouveau, or a tree that was laid before"),
    }
    if !options.pristine {
        for fault in &options.fault {
            plant(fault, &stage)?;
        }
    }
    // Who keeps lines compares with nouveau as it is, and builds with the option off.
    let off = options.keep_lines.then_some(Lines::Same);
    sync(&stage, &options.out, off)?;
    std::fs::remove_dir_all(&stage).with_context(|| format!("{}", stage.display()))
}

#[cfg(test)]
mod tests {
    use super::with_lines;

    #[test]
    fn upstream_lines_keep_their_numbers() {
        let before = "a\nb\nc\nd\n";
        assert_eq!(with_lines(before, before), before);
        assert_eq!(
            with_lines(before, "a\nhook\nb\nc\nd\n"),
            "a\nhook\n#line 2\nb\nc\nd\n"
        );
        // One line for another moves nothing.
        assert_eq!(with_lines(before, "a\nB\nc\nd\n"), "a\nB\nc\nd\n");
        assert_eq!(
            with_lines(before, "x\na\nb\ny\nz\nc\nd\n"),
            "x\n#line 1\na\nb\ny\nz\n#line 3\nc\nd\n"
        );
    }
}
