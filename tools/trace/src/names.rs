// SPDX-License-Identifier: GPL-2.0
//! Names and layouts of a firmware version, as `nvkm-abi names` writes them out of NVIDIA's headers: the schema of that
//! file, where it is found, and how it is asked.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;
use serde::Serialize;

/// Grows when a field of the file changes its meaning.
pub const SCHEMA: u32 = 1;
/// Prefix of the enumerators of RPC functions.
pub const FUNCTION: &str = "NV_VGPU_MSG_FUNCTION_";
/// Prefix of the enumerators of events.
pub const EVENT: &str = "NV_VGPU_MSG_EVENT_";

/// What a field is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ty {
    /// A number, by the name that the header gives its type.
    Number(String, u64),
    /// A struct or union of [`Names::records`].
    Record(String),
    /// An enum of [`Names::enums`], and its size.
    Enum(String, u64),
}

/// A field of a struct or union.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Empty for a struct or union whose fields belong to the outer one.
    #[serde(rename = "n")]
    pub name: String,
    /// In bytes.
    #[serde(rename = "o")]
    pub offset: u64,
    /// Type of an element.
    #[serde(rename = "t")]
    pub ty: Ty,
    /// Lengths of an array, outermost first; 0 is the unknown one of a flexible array.
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<u64>,
    /// First bit (from the beginning of the record) and width of a bit field.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<(u64, u64)>,
}

/// A struct or union.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// In bytes.
    pub size: u64,
    /// A union rather than a struct.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub union: bool,
    /// The firmware version whose headers it was taken from.
    pub from: String,
    /// In order.
    pub fields: Vec<Member>,
}

/// A number with a name: a macro or an enumerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant(
    /// Its value.
    pub u64,
    /// Whether the version's own headers have it, and not only an older version's.
    pub bool,
);

/// A version's names and layouts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The firmware version.
    pub firmware: String,
    /// Structs and unions. A name with `@VERSION` behind it is an older version's, where the version itself has another
    /// of that name.
    pub records: BTreeMap<String, Record>,
    /// Enums.
    pub enums: BTreeMap<String, Vec<(String, i64)>>,
    /// Macros and enumerators.
    pub values: BTreeMap<String, Constant>,
    /// Macros that are a range of bits, `high:low`.
    pub ranges: BTreeMap<String, (u64, u64)>,
    /// Classes by the kernel's names (include/nvif/class.h).
    pub classes: BTreeMap<String, u64>,
}

impl Names {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It is missing, or not what `nvkm-abi names` writes.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let names: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is no file of nvkm-abi names", path.display()))?;
        ensure!(
            names.schema == SCHEMA,
            "{} is of schema {}, this program reads {SCHEMA}; 'make trace-names' makes it anew",
            path.display(),
            names.schema
        );
        Ok(names)
    }

    /// Finds and reads the file of a firmware version. `place` is a file, or a directory of such; without it the build's.
    ///
    /// # Errors
    ///
    /// There is none, or it is broken.
    pub fn find(firmware: &str, place: Option<&Path>) -> Result<Self> {
        let firmware = version_of(firmware);
        if let Some(place) = place.filter(|p| !p.is_dir()) {
            return Self::read(place);
        }
        let name = file_name(firmware);
        let places = place.map_or_else(default_places, |p| vec![p.to_owned()]);
        if let Some(path) = places.iter().map(|d| d.join(&name)).find(|p| p.is_file()) {
            return Self::read(&path);
        }
        let there = versions(place);
        let looked: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
        if there.is_empty() {
            bail!(
                "no names of any firmware version in {}; 'make trace-names' makes them, or --names says where they are",
                looked.join(", ")
            );
        }
        bail!(
            "no names of firmware {firmware} in {}; there are {}",
            looked.join(", "),
            there.join(", ")
        )
    }

    /// A value, if it is a macro or an enumerator.
    pub fn value(&self, name: &str) -> Option<u64> {
        self.values.get(name).map(|c| c.0)
    }

    /// Enumerators and macros with a prefix: value to name without it. The version's own win over inherited ones.
    pub fn numbered(&self, prefix: &str) -> BTreeMap<u64, &str> {
        let mut out: BTreeMap<u64, (&str, bool)> = BTreeMap::new();
        let from = self.values.range(prefix.to_owned()..);
        for (name, Constant(value, own)) in from.take_while(|(n, _)| n.starts_with(prefix)) {
            let held = out.get(value).map(|(_, own)| *own);
            if held.is_none() || (*own && held == Some(false)) {
                out.insert(*value, (&name[prefix.len()..], *own));
            }
        }
        out.into_iter().map(|(v, (n, _))| (v, n)).collect()
    }
}

/// The version that a `--fw` means: that of made-up firmware is behind its name.
pub fn version_of(firmware: &str) -> &str {
    match firmware.strip_prefix("synthetic") {
        Some("") => crate::source::DEFAULT_FIRMWARE,
        Some(rest) => rest.trim_start_matches([':', '-']),
        None => firmware,
    }
}

/// The file of a firmware version.
pub fn file_name(firmware: &str) -> String {
    format!("names-{firmware}.json")
}

/// The versions of which there are names.
pub fn versions(place: Option<&Path>) -> Vec<String> {
    let places = place.map_or_else(default_places, |p| vec![p.to_owned()]);
    let mut out = Vec::new();
    for dir in places {
        let Ok(entries) = fs::read_dir(&dir) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let version = name
                .strip_prefix("names-")
                .and_then(|n| n.strip_suffix(".json"));
            out.extend(version.map(str::to_owned));
        }
    }
    out.sort();
    out.dedup();
    out
}

/// Where the build leaves them: `$NVKM_GENERATED/abi`, `$BUILD/generated/abi`, below the directory that the program was
/// built in, and below the current one.
fn default_places() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let built = std::env::current_exe().ok().and_then(|exe| {
        // <build>/cargo-target/<target>/release/nvkm-trace, or deps/<test> below that.
        let target = exe.ancestors().find(|p| p.ends_with("cargo-target"))?;
        Some(target.parent()?.join("generated"))
    });
    let places = [
        variable("NVKM_GENERATED"),
        variable("BUILD").map(|b| b.join("generated")),
        built,
        Some(PathBuf::from("build/generated")),
    ];
    let mut out: Vec<PathBuf> = Vec::new();
    for place in places.into_iter().flatten().map(|p| p.join("abi")) {
        if !out.contains(&place) {
            out.push(place);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::version_of;
    use super::Names;

    #[test]
    fn made_up_firmware_speaks_a_version() {
        assert_eq!(version_of("synthetic"), "570.144");
        assert_eq!(version_of("synthetic:535.113.01"), "535.113.01");
        assert_eq!(version_of("synthetic-535.113.01"), "535.113.01");
        assert_eq!(version_of("550.163.01"), "550.163.01");
    }

    #[test]
    fn what_is_not_there_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let error = Names::find("1.2", Some(dir.path()))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no names of any firmware version"),
            "{error}"
        );
        std::fs::write(dir.path().join("names-3.4.json"), "{}").unwrap();
        let error = Names::find("1.2", Some(dir.path()))
            .unwrap_err()
            .to_string();
        assert!(error.contains("there are 3.4"), "{error}");
        let error = Names::find("3.4", Some(dir.path())).unwrap_err();
        assert!(format!("{error:#}").contains("is no file of nvkm-abi names"));
    }
}
