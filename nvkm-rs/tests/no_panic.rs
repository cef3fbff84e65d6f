// SPDX-License-Identifier: GPL-2.0

//! No input makes tier 0 panic, because there is no panic in it: compiled as the kernel compiles it, with overflow checks,
//! an object that uses all of a subsystem refers to no panic function. (All of `abi` is in `rpc`'s, by its table of versions.)

use std::path::{Path, PathBuf};
use std::process::Command;

/// The `paste` that the tests were built with: beside them, or, if they are built for a target that is named, beside what is the
/// compiler's own.
fn paste() -> PathBuf {
    let tests = std::env::current_exe().expect("a test has a path");
    let beside = tests.parent().expect("in a directory");
    let profile = beside.parent().and_then(Path::file_name);
    let own = beside
        .join("../../..")
        .join(profile.expect("of a profile"))
        .join("deps");
    let found = [beside, &own]
        .into_iter()
        .filter_map(|dir| std::fs::read_dir(dir).ok())
        .flatten()
        .flatten()
        .find(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("libpaste-") && name.ends_with(".so")
        });
    found.expect("cargo built paste").path()
}

/// Subsystems, and what must be in the object if it uses all of them.
const SUBSYSTEMS: [(&str, &[&str]); 4] = [
    ("rpc", &["ring_read"]),
    ("fw", &["slice_out", "falcon_out", "entry_out"]),
    ("boot", &["register_read", "image_set", "number_out"]),
    ("gsp", &["entry_out", "region_out", "number_out", "print"]),
];

/// Compiles a subsystem's instance; the object's bytes, and what the compiler said.
fn compile(subsystem: &str, name: &str, extra: &[&str]) -> (Vec<u8>, String) {
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/no_panic/{subsystem}.rs"));
    let object: PathBuf =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}_{subsystem}.o"));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition=2021", "--crate-type=lib", "--emit=obj", "-o"])
        .arg(&object)
        .args(["-Copt-level=2", "-Coverflow-checks=y", "-Cpanic=abort"])
        // The kernel's own warnings (rust_common_flags in its Makefile).
        .args(["-Wmissing_docs", "-Wrust_2018_idioms", "-Wunreachable_pub"])
        .args(["-Dnon_ascii_idents", "-Dunsafe_op_in_unsafe_fn"])
        .args(extra)
        .arg("--extern")
        .arg(format!("paste={}", paste().display()))
        .env("NVKM_GENERATED", env!("NVKM_GENERATED"))
        .arg(&source)
        .output()
        .expect("rustc is in the path");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (std::fs::read(object).expect("the object"), said)
}

fn mentions(object: &[u8], what: &str) -> bool {
    object
        .windows(what.len())
        .any(|bytes| bytes == what.as_bytes())
}

/// `core`'s functions that panic say so in their names, or end in `_fail` (slices of unequal length, bad ranges).
fn panics(object: &[u8]) -> bool {
    mentions(object, "panic") || mentions(object, "_fail")
}

#[test]
fn nothing_refers_to_a_panic() {
    for (subsystem, parts) in SUBSYSTEMS {
        let (object, said) = compile(subsystem, "no_panic", &[]);
        for part in parts {
            assert!(
                mentions(&object, part),
                "{part} is in the object of {subsystem}"
            );
        }
        assert!(!panics(&object), "{subsystem}: nm -u shows which panic");
        assert!(said.is_empty(), "the kernel's warnings: {said}");
    }
}

#[test]
fn a_panic_would_be_noticed() {
    for (subsystem, _) in SUBSYSTEMS {
        let (object, _) = compile(subsystem, "seeded_panic", &["--cfg", "seeded"]);
        assert!(panics(&object), "{subsystem}");
    }
}
