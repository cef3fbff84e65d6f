// SPDX-License-Identifier: GPL-2.0
//! The prepared kernel (`build/kernel/current`): image, release, modules.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

use crate::vm::elf;
use crate::vm::module;
use crate::vm::unpack;

/// A directory as the toolbox's kernel script leaves it: `release`, `vmlinuz`, `modules/lib/modules/<release>/`.
#[derive(Clone, Debug)]
pub struct Kernel {
    dir: PathBuf,
    /// Release as `uname -r` prints it.
    pub release: String,
}

impl Kernel {
    /// Opens the directory.
    ///
    /// # Errors
    ///
    /// It is not a prepared kernel.
    pub fn open(dir: &Path) -> Result<Self> {
        let text = fs::read_to_string(dir.join("release")).with_context(|| {
            format!(
                "there is no prepared kernel in {}; run 'make kernel' first",
                dir.display()
            )
        })?;
        Ok(Self {
            dir: dir.to_path_buf(),
            release: text.trim().to_string(),
        })
    }

    /// The image that QEMU is given: the uncompressed kernel if it can be had (kept in `cache`), else vmlinuz as it is.
    ///
    /// # Errors
    ///
    /// There is no vmlinuz, or the cache cannot be written.
    pub fn image(&self, cache: &Path) -> Result<PathBuf> {
        let packed = self.dir.join("vmlinuz");
        let bytes =
            fs::read(&packed).with_context(|| format!("{} cannot be read", packed.display()))?;
        let Ok(elf) = cached(cache, &format!("vmlinux-{}", self.release), &packed, || {
            unpack::kernel(&bytes)
        }) else {
            return Ok(packed);
        };
        Ok(elf)
    }

    fn modules(&self) -> PathBuf {
        self.dir.join("modules/lib/modules").join(&self.release)
    }

    /// The distribution's own nouveau module.
    ///
    /// # Errors
    ///
    /// modules.dep does not know one.
    pub fn stock_nouveau(&self) -> Result<PathBuf> {
        let (own, _) = self.nouveau_entry()?;
        Ok(self.modules().join(own))
    }

    /// The modules that nouveau needs, in the order to load them.
    ///
    /// # Errors
    ///
    /// modules.dep does not know nouveau.
    pub fn dependencies(&self) -> Result<Vec<PathBuf>> {
        let (_, needs) = self.nouveau_entry()?;
        Ok(needs.into_iter().map(|m| self.modules().join(m)).collect())
    }

    /// The distribution's modules that a module of somebody else's needs (by its own `depends=`), in the order to load
    /// them.
    ///
    /// # Errors
    ///
    /// It is not a module, or modules.dep does not know what it needs.
    pub fn needed_by(&self, module: &Path, cache: &Path) -> Result<Vec<PathBuf>> {
        let file = module::file(module, cache)?;
        let bytes =
            fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let info = elf::section(&bytes, ".modinfo")
            .with_context(|| module.display().to_string())?
            .unwrap_or_default();
        let text = String::from_utf8_lossy(info);
        let names = text
            .split('\0')
            .find_map(|entry| entry.strip_prefix("depends="));
        let mut needed = Vec::new();
        for name in names
            .unwrap_or_default()
            .split(',')
            .filter(|n| !n.is_empty())
        {
            let (own, needs) = self.entry_of(name)?;
            for path in needs.into_iter().chain([own]) {
                let path = self.modules().join(path);
                if !needed.contains(&path) {
                    needed.push(path);
                }
            }
        }
        Ok(needed)
    }

    fn nouveau_entry(&self) -> Result<(String, Vec<String>)> {
        self.entry_of("nouveau")
    }

    fn entry_of(&self, name: &str) -> Result<(String, Vec<String>)> {
        let path = self.modules().join("modules.dep");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        entry(&text, name).with_context(|| format!("{} knows no {name}", path.display()))
    }
}

/// The line of a module in modules.dep: its own path, then what it needs in loading order.
///
/// depmod writes the needed modules so that each stands before those which it needs itself (modules.dep(5)): loading
/// goes from the end of the line to its beginning.
fn entry(text: &str, name: &str) -> Option<(String, Vec<String>)> {
    text.lines().find_map(|line| {
        let (own, needs) = line.split_once(':')?;
        let file = own.rsplit('/').next()?;
        let stem = file.split(".ko").next()?;
        (stem.replace('-', "_") == name.replace('-', "_")).then(|| {
            (
                own.to_string(),
                needs.split_whitespace().rev().map(String::from).collect(),
            )
        })
    })
}

/// A file in `cache` made by `make`, made anew when `source` is newer.
///
/// # Errors
///
/// `make` failed, or the cache cannot be written.
pub fn cached(
    cache: &Path,
    name: &str,
    source: &Path,
    make: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<PathBuf> {
    let path = cache.join(name);
    let time = |p: &Path| fs::metadata(p).and_then(|m| m.modified()).ok();
    if let (Some(have), Some(from)) = (time(&path), time(source)) {
        if have >= from {
            return Ok(path);
        }
    }
    let bytes = make()?;
    if bytes.is_empty() {
        bail!("{} came out empty", path.display());
    }
    fs::create_dir_all(cache).with_context(|| format!("{} cannot be made", cache.display()))?;
    // Written beside and renamed: two runners may want the same file at the same time.
    let thread = format!("{:?}", std::thread::current().id());
    let part = cache.join(format!("{name}.{}.{thread}.tmp", std::process::id()));
    fs::write(&part, bytes).with_context(|| format!("{} cannot be written", part.display()))?;
    fs::rename(&part, &path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn dependencies_come_in_loading_order() {
        let text = "kernel/a/nouveau_extra.ko: kernel/x.ko\n\
                    kernel/a/nouveau.ko.xz: kernel/ttm.ko.xz kernel/drm.ko.xz kernel/cec.ko.xz\n";
        let (own, needs) = entry(text, "nouveau").unwrap();
        assert_eq!(own, "kernel/a/nouveau.ko.xz");
        assert_eq!(
            needs,
            ["kernel/cec.ko.xz", "kernel/drm.ko.xz", "kernel/ttm.ko.xz"]
        );
        assert!(entry(text, "radeon").is_none());
    }
}
