// SPDX-License-Identifier: GPL-2.0
//! A nouveau with something planted: deliberate faults, or fixes for upstream.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

use crate::vm::process::last_lines;

/// Lines of the build's log that are shown when it fails.
const SHOWN: usize = 20;

/// Where the parts of a build are.
#[derive(Clone, Debug)]
pub struct Planter {
    /// Prepared kernel.
    pub kernel: PathBuf,
    /// The sound build, `NOUVEAU/on`, whose objects are a start: paths in them are relative.
    pub sound: PathBuf,
    /// `nvkm-overlay`.
    pub overlay: PathBuf,
}

/// What came of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Built {
    /// It is there.
    Yes,
    /// It does not build; the log's last lines.
    No(Vec<String>),
    /// A plant does not apply; why.
    DoesNotApply(String),
}

impl Planter {
    /// The log of a tree's build.
    pub fn log(tree: &Path) -> PathBuf {
        let mut name = tree.as_os_str().to_os_string();
        name.push(".log");
        name.into()
    }

    /// Makes a tree the sound build again, objects and times included, so that make builds what is planted next and nothing else.
    ///
    /// # Errors
    ///
    /// There is no sound build, or it cannot be copied.
    pub fn restore(&self, tree: &Path) -> Result<()> {
        if !self.sound.is_dir() {
            bail!("there is no {}; run 'make nouveau'", self.sound.display());
        }
        fs::create_dir_all(tree).with_context(|| format!("{}", tree.display()))?;
        let mut copy = Command::new("rsync");
        copy.args(["-a", "--delete"])
            .arg(self.sound.join(""))
            .arg(tree);
        if !copy.status().context("rsync cannot be started")?.success() {
            bail!("{} cannot be copied", self.sound.display());
        }
        Ok(())
    }

    /// Plants in a tree and builds it. What the last use of the tree has planted is taken out; only what differs is compiled.
    ///
    /// # Errors
    ///
    /// There is no sound build to begin with, or a program cannot be started.
    pub fn build(&self, tree: &Path, plants: &[String], targets: &[&str]) -> Result<Built> {
        if !tree.is_dir() {
            self.restore(tree)?;
        }
        let tree = tree.canonicalize()?;
        let mut apply = Command::new(&self.overlay);
        apply
            .args(["apply", "--laid"])
            .arg(&self.sound)
            .arg("--out")
            .arg(&tree);
        for plant in plants {
            apply.args(["--fault", plant]);
        }
        let said = apply
            .output()
            .with_context(|| format!("{} cannot be started", self.overlay.display()))?;
        if !said.status.success() {
            let why = String::from_utf8_lossy(&said.stderr).trim().to_string();
            return Ok(Built::DoesNotApply(why));
        }
        let log = Self::log(&tree);
        let out = File::create(&log).with_context(|| format!("{}", log.display()))?;
        let status = self
            .make(&tree)?
            .args(targets)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .status()
            .context("make cannot be started")?;
        Ok(match status.success() {
            true => Built::Yes,
            false => Built::No(last_lines(&log, SHOWN)),
        })
    }

    /// make as for the sound build (tools/inside.mk, kbuild).
    fn make(&self, tree: &Path) -> Result<Command> {
        let config = self.kernel.join("out/.config");
        let config =
            fs::read_to_string(&config).with_context(|| format!("{}", config.display()))?;
        let has = |option: &str| config.lines().any(|line| line == option);
        let mut module = std::ffi::OsString::from("M=");
        module.push(tree);
        let mut make = Command::new("make");
        make.env_remove("MAKEFLAGS")
            .arg("-C")
            .arg(self.kernel.join("out"))
            .arg(module)
            .arg(match has("CONFIG_CC_IS_CLANG=y") {
                true => "CC=clang-19",
                false => "CC=gcc-14",
            })
            .args(["KCFLAGS=-g0", "CONFIG_DRM_NOUVEAU_RUST=y"])
            .arg(format!(
                "-j{}",
                std::thread::available_parallelism().map_or(1, usize::from)
            ));
        if has("CONFIG_KUNIT=y") {
            make.arg("CONFIG_DRM_NOUVEAU_RUST_KUNIT_TEST=y");
        }
        Ok(make)
    }
}
