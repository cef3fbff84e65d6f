// SPDX-License-Identifier: GPL-2.0

//! The kernel's extract of a version's headers, as nouveau carries it; and which names matter: what those define.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};
use regex::Regex;

use crate::dwarf::Wanted;
use crate::model::{Kind, Model};
use crate::probe::Probe;

/// Where an extract's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The directory of `gsp.h` and its like.
    pub nvrm: PathBuf,
    /// The directory that has `nvrm/nvtypes.h` in it.
    pub include: PathBuf,
}

impl Tree {
    /// Finds an extract in a directory: made by `toolbox/headers`, or in a kernel tree.
    #[must_use]
    pub fn find(dir: &Path) -> Option<Self> {
        let nvrm = [dir.join("nvrm"), dir.to_owned()]
            .into_iter()
            .find(|d| d.join("gsp.h").is_file())?;
        let include = dir
            .ancestors()
            .map(|d| d.join("include"))
            .find(|d| d.join("nvrm/nvtypes.h").is_file())?;
        Some(Self { nvrm, include })
    }

    fn headers(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.nvrm)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "h") {
                files.push(path);
            }
        }
        files.sort();
        ensure!(
            !files.is_empty(),
            "{} holds no headers",
            self.nvrm.display()
        );
        Ok(files)
    }

    /// Reads all of it.
    ///
    /// # Errors
    ///
    /// The headers do not compile.
    pub fn model(&self, version: &str) -> Result<Model> {
        let mut model = Model::new(version, Kind::Kernel);
        let include = self.include.canonicalize()?;
        let flags = vec!["-I".into(), include.display().to_string()];
        let mut probe = Probe::new(&self.nvrm, flags)?;
        // What these headers take from the kernel.
        probe.text = "#define u8 unsigned char\n#define u16 unsigned short\n\
                      #define u32 unsigned int\n#define u64 unsigned long long\n\
                      #define BIT(n) (1UL << (n))\n#define __counted_by(x)\n\
                      #include <nvrm/nvtypes.h>\n"
            .into();
        let pattern = Regex::new(r"(?m)^[ \t]*#[ \t]*define[ \t]+(\w+)(?:[ \t]|$)")?;
        let mut macros = BTreeSet::new();
        for path in self.headers()? {
            let path = path.canonicalize()?;
            probe.text += &format!("#include \"{}\"\n", path.display());
            let text = std::fs::read_to_string(&path)?;
            macros.extend(pattern.captures_iter(&text).map(|c| c[1].to_owned()));
        }
        let read = probe.types(None, &mut model);
        read.with_context(|| format!("{}", self.nvrm.display()))?;
        model.defines = probe.constants(&macros)?;
        Ok(model)
    }
}

/// The names that these models define.
#[must_use]
pub fn wanted(models: &[&Model]) -> Wanted {
    let mut wanted = Wanted::default();
    for model in models {
        wanted.types.extend(model.typedefs.keys().cloned());
        wanted.types.extend(model.records.keys().cloned());
        wanted.types.extend(model.enums.keys().cloned());
        wanted
            .values
            .extend(model.enumerators().keys().map(|n| (*n).to_owned()));
        wanted.defines.extend(model.defines.keys().cloned());
    }
    wanted
}
