// SPDX-License-Identifier: GPL-2.0

//! NVIDIA's files as `tools/toolbox/firmware` lays them out, and which parser is for which.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The versions that are tested: nouveau's two, and one between them.
pub const VERSIONS: [&str; 3] = ["535.113.01", "550.163.01", "570.144"];

/// What a file is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// GSP-RM, ELF64.
    Rm,
    /// GSP-FMC, ELF32.
    Fmc,
    /// Booter for Turing and GA100.
    BooterTuring,
    /// Booter for chips whose falcons have a boot ROM.
    BooterBrom,
    /// GSP-RM's bootloader.
    Bootloader,
    /// The loader of FWSEC.
    Bl,
    /// None of ours.
    Foreign,
}

/// Files that are no parser's, by a part of their path, with the reason; GSP's own come before (`kind`).
const FOREIGN: [(&str, &str); 9] = [
    ("/gr/", "graphics without GSP-RM: C's gr reads it"),
    ("/sec2/", "SEC2 without GSP-RM: C's sec2 and acr read it"),
    (
        "/acr/ucode_",
        "secure boot without GSP-RM: C's acr reads it",
    ),
    (
        "/acr/unload_bl",
        "secure boot without GSP-RM: C's acr reads it",
    ),
    (
        "/acr/bl",
        "secure boot of Maxwell to Volta: C's acr reads it",
    ),
    (
        "/nvdec/scrubber",
        "VPR of chips without GSP-RM: C's nvdec reads it",
    ),
    ("/pmu/", "Tegra: C's pmu reads it"),
    ("/gk20a/", "Tegra: C's gr reads it"),
    ("/typec/", "the USB controller's, which is another driver's"),
];

/// Chips whose booters are loaded word by word.
fn is_turing(path: &str) -> bool {
    path.contains("/tu1") || path.contains("/ga100/")
}

/// What the file at that path is.
///
/// `scrubber-*.bin` (Ada) and `gen_bootloader-*.bin` (Turing) are nova-core's; nouveau reads neither. They have the
/// containers of a booter and of the FWSEC loader, so those parsers must take them.
pub fn kind(path: &str) -> Kind {
    let name = path.rsplit('/').next().unwrap();
    let is = |prefix: &str| path.contains("/gsp/") && name.starts_with(prefix);
    match () {
        () if is("gsp-") || name.starts_with("gsp_") => Kind::Rm,
        () if is("fmc-") => Kind::Fmc,
        () if is("booter_") && is_turing(path) => Kind::BooterTuring,
        () if is("booter_") || is("scrubber-") => Kind::BooterBrom,
        () if is("bootloader-") => Kind::Bootloader,
        () if is("gen_bootloader-") || is_turing(path) && path.ends_with("/acr/bl.bin") => Kind::Bl,
        () => Kind::Foreign,
    }
}

/// Why a foreign file is nobody's here.
pub fn reason(path: &str) -> Option<&'static str> {
    FOREIGN
        .iter()
        .find(|(part, _)| path.contains(part))
        .map(|(_, reason)| *reason)
}

fn base() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../build");
    std::env::var_os("BUILD")
        .map_or_else(default, PathBuf::from)
        .join("firmware")
}

fn walk(dir: &Path, found: &mut dyn FnMut(PathBuf)) {
    let mut entries: Vec<_> = std::fs::read_dir(dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.expect("a directory's entry").path())
        .collect();
    entries.sort();
    for path in entries {
        match path.is_dir() {
            true => walk(&path, found),
            false => found(path),
        }
    }
}

/// All paths under which drivers find files of a version, each with the file that it leads to; both are relative to the
/// directory of all versions. Fails when the version is not there.
pub fn paths(version: &str) -> Vec<(String, String)> {
    let base = base();
    let dir = base.join(version);
    assert!(
        dir.join(".ready").exists(),
        "firmware {version} is not in {}: run 'make firmware-all' once",
        base.display()
    );
    let relative = |path: &Path, base: &Path| {
        let path = path.strip_prefix(base).expect("below the base");
        path.to_str().expect("a name in ASCII").to_owned()
    };
    let real_base = base.canonicalize().expect("the base");
    let mut all = Vec::new();
    walk(&dir.join("nvidia"), &mut |path| {
        let real = path.canonicalize().expect("what a link leads to");
        all.push((relative(&path, &base), relative(&real, &real_base)));
    });
    all
}

/// The distinct files of all versions that are some parser's: path of the file, and what it is.
///
/// A file may be reached as several kinds of thing in principle; none of NVIDIA's is.
pub fn ours() -> BTreeMap<String, Kind> {
    let mut files = BTreeMap::new();
    for version in VERSIONS {
        for (path, real) in paths(version) {
            let kind = kind(&path);
            if kind != Kind::Foreign {
                let before = files.insert(real, kind);
                assert!(before.is_none_or(|before| before == kind), "{path}");
            }
        }
    }
    files
}

/// A file's contents.
pub fn read(path: &str) -> Vec<u8> {
    std::fs::read(base().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
