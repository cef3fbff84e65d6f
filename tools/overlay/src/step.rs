// SPDX-License-Identifier: GPL-2.0

//! Some hooks at a time, in place: how a tree gets from one patch of a series to the next.

use std::path::PathBuf;

use anyhow::{ensure, Result};

use crate::{anchor, hook};

/// What to apply to what.
#[derive(clap::Args)]
pub struct Options {
    /// This repository.
    #[arg(long, default_value = ".")]
    overlay: PathBuf,
    /// Nouveau's directory, which is changed.
    #[arg(long)]
    tree: PathBuf,
    /// Anchors of nvkm/anchors.toml, by name.
    #[arg(long = "anchor", value_name = "NAME")]
    anchors: Vec<String>,
    /// Semantic patches, such as nvkm/rpc.cocci: all hooks of each.
    #[arg(long = "hooks", value_name = "FILE")]
    hooks: Vec<PathBuf>,
}

/// Applies them.
///
/// # Errors
///
/// There is no such anchor or file, or one does not apply.
pub fn run(options: &Options) -> Result<()> {
    let anchors = anchor::load(&options.overlay.join("nvkm/anchors.toml"))?;
    for name in &options.anchors {
        let mut found = anchors.iter().filter(|anchor| anchor.name == *name);
        let one = found.next();
        ensure!(one.is_some(), "nvkm/anchors.toml has no anchor '{name}'");
        for anchor in one.into_iter().chain(found) {
            anchor.apply(&options.tree)?;
        }
    }
    for path in &options.hooks {
        hook::apply(&hook::load_file(options.overlay.join(path))?, &options.tree)?;
    }
    Ok(())
}
