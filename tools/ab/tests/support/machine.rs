// SPDX-License-Identifier: GPL-2.0
//! Machines for tests: `nvkm-ab` run as a user runs it, firmware directories with one file changed.

#![allow(dead_code)] // Each test uses a part.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

pub const CHIP: &str = "tu104";
pub const VERSION: &str = "570.144";

pub fn build() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build");
    env::var_os("BUILD").map_or(default, PathBuf::from)
}

/// Where this build's programs are.
pub fn programs() -> PathBuf {
    build().join("bin")
}

/// Our module.
pub fn module() -> PathBuf {
    let dir = env::var_os("NVKM_NOUVEAU").map_or(build().join("nouveau"), PathBuf::from);
    dir.join("on/nouveau.ko")
}

/// An empty directory of a test's own.
pub fn scratch(name: &str) -> PathBuf {
    let dir = env::temp_dir().join(format!("nvkm-ab-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

pub struct Ended {
    pub code: i32,
    pub text: String,
    pub took: Duration,
}

impl Ended {
    pub fn failed_with(&self, sentence: &str, limit_s: u64) {
        assert_eq!(self.code, 2, "{}", self.text);
        assert!(
            self.text.contains(sentence),
            "no '{sentence}' in: {}",
            self.text
        );
        // One sentence, and not a panic of ours.
        assert_eq!(self.text.matches("nvkm-ab: ").count(), 1, "{}", self.text);
        assert!(!self.text.contains("panicked at"), "{}", self.text);
        assert!(
            self.took < Duration::from_secs(limit_s),
            "took {:?}",
            self.took
        );
    }
}

pub fn run(args: &[&str]) -> Ended {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_nvkm-ab"))
        .args(args)
        .env("BUILD", build())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    Ended {
        code: output.status.code().unwrap_or(-1),
        text,
        took: start.elapsed(),
    }
}

/// `nvkm-ab vm` with the programs of this build.
pub fn vm(name: &str, args: &[&str]) -> Ended {
    let out = scratch(name);
    let programs = programs();
    let guest = programs.join("nvkm-guest").display().to_string();
    let vgpu = programs.join("nvkm-vgpu").display().to_string();
    let place = out.display().to_string();
    let mut all = vec!["vm", "--out", &place, "--guest", &guest];
    if !args.contains(&"--vgpu") {
        all.extend(["--vgpu", &vgpu]);
    }
    all.extend(args);
    let ended = run(&all);
    let _ = fs::remove_dir_all(out);
    ended
}

/// A firmware directory like the real one, in which one file was changed: `file` is below `nvidia/<chip>/`.
pub fn firmware(
    name: &str,
    file: &str,
    change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>,
) -> PathBuf {
    let dir = scratch(name);
    let chip = Path::new(VERSION).join("nvidia").join(CHIP);
    let from = build().join("firmware").join(&chip);
    for part in ["gsp", "acr"] {
        let to = dir.join(&chip).join(part);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from.join(part)).unwrap().flatten() {
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
    let changed = dir.join(&chip).join(file);
    match change(fs::read(&changed).unwrap()) {
        Some(bytes) => fs::write(&changed, bytes).unwrap(),
        None => fs::remove_file(&changed).unwrap(),
    }
    dir
}

pub fn with_firmware(
    name: &str,
    more: &[&str],
    change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>,
) -> Ended {
    let gsp = format!("gsp/gsp-{VERSION}.bin");
    let dir = firmware(&format!("{name}-fw"), &gsp, change);
    let place = dir.display().to_string();
    let mut args = vec!["--phases", "load,probe", "--firmware", &place];
    args.extend(more);
    let ended = vm(name, &args);
    let _ = fs::remove_dir_all(dir);
    ended
}

/// One line of the driver's debugfs file, as numbers and words by key.
pub fn field(counters: &str, key: &str) -> String {
    counters
        .split_whitespace()
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        .unwrap_or_else(|| panic!("no {key} in {counters}"))
        .to_owned()
}

pub fn number(counters: &str, key: &str) -> u64 {
    field(counters, key).parse().unwrap()
}

/// Runs the phases with a module (the distribution's own if none), which must go well, and leaves what there is of it in
/// `out`; what it said, the kernel's log among it.
pub fn machine(
    out: &Path,
    module: Option<&Path>,
    params: &str,
    phases: &str,
    more: &[&str],
) -> String {
    let programs = programs();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nvkm-ab"));
    command
        .env("BUILD", build())
        .args(["vm", "--params", params, "--phases", phases, "--log"])
        .arg("--guest")
        .arg(programs.join("nvkm-guest"))
        .arg("--vgpu")
        .arg(programs.join("nvkm-vgpu"))
        .arg("--out")
        .arg(out)
        .args(more);
    if let Some(module) = module {
        command.arg("--module").arg(module);
    }
    let output = command.output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{text}");
    text
}

/// The lines of a file of JSON lines that a machine left.
pub fn json_lines(out: &Path, name: &str) -> Vec<serde_json::Value> {
    fs::read_to_string(out.join(name))
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Runs the phases with our module: what the driver's debugfs file said at each `counters`, and the kernel's log.
pub fn with_rust(name: &str, params: &str, phases: &str, more: &[&str]) -> (Vec<String>, String) {
    let out = scratch(name);
    let text = machine(&out, Some(&module()), params, phases, more);
    let counters = json_lines(&out, "guest.jsonl")
        .iter()
        .filter_map(|line| {
            let files = line.get("rust_gsp")?.as_object()?;
            Some(files.values().next()?.as_str()?.to_owned())
        })
        .collect();
    let _ = fs::remove_dir_all(out);
    (counters, text)
}

/// How often something is done, which an environment variable says, or its usual number. `make test` has time for few.
pub fn how_many(variable: &str, usual: u32) -> u32 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect(variable),
        Err(_) => usual,
    }
}
