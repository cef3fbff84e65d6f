// SPDX-License-Identifier: GPL-2.0

//! No file makes a parser of `fw` panic, because there is no panic in them: compiled as the kernel compiles them, with
//! overflow checks, an object that uses all of them refers to no panic function.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles `no_panic/fw.rs`; the object's bytes, and what the compiler said.
fn compile(name: &str, extra: &[&str]) -> (Vec<u8>, String) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/no_panic/fw.rs");
    let object: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition=2021", "--crate-type=lib", "--emit=obj", "-o"])
        .arg(&object)
        .args(["-Copt-level=2", "-Coverflow-checks=y", "-Cpanic=abort"])
        // The kernel's own warnings (rust_common_flags in its Makefile).
        .args(["-Wmissing_docs", "-Wrust_2018_idioms", "-Wunreachable_pub"])
        .args(["-Dnon_ascii_idents", "-Dunsafe_op_in_unsafe_fn"])
        .args(extra)
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

#[test]
fn nothing_refers_to_a_panic() {
    let (object, said) = compile("no_panic_fw.o", &[]);
    for parser in ["slice_out", "falcon_out", "entry_out"] {
        assert!(mentions(&object, parser), "{parser} is in the object");
    }
    assert!(!mentions(&object, "panic"), "nm -u shows which panic");
    assert!(said.is_empty(), "the kernel's warnings: {said}");
}

#[test]
fn a_panic_would_be_noticed() {
    let (object, _) = compile("seeded_panic_fw.o", &["--cfg", "seeded"]);
    assert!(mentions(&object, "panic"));
}
