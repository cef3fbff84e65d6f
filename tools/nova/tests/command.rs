// SPDX-License-Identifier: GPL-2.0
//! `nvkm-nova` as a user calls it: exit codes and sentences.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use nvkm_vgpu::chips::CHIPS;
use nvkm_vgpu::rm::layout::R570;
use nvkm_vgpu::synthfw;

/// An empty directory of a test's own.
fn place(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nova-{name}"));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// Runs it: exit code, and all that it said.
fn nova(args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_nvkm-nova"))
        .args(args)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code().unwrap(), text)
}

fn refused(args: &[&str], why: &str) {
    let (code, text) = nova(args);
    assert_eq!(code, 2, "{args:?}: {text}");
    assert!(text.contains(why), "no '{why}' in {text}");
    assert!(!text.contains("panicked"), "{text}");
    let words = text
        .lines()
        .filter(|l| l.starts_with("nvkm-nova: "))
        .count();
    assert_eq!(
        (words, text.lines().count()),
        (1, 1),
        "one sentence: {text}"
    );
}

fn firmware(dir: &Path) {
    for chip in CHIPS
        .iter()
        .filter(|c| ["tu104", "ga106"].contains(&c.name))
    {
        for (path, bytes) in synthfw::files(chip, &R570) {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn files_go_there_and_back() {
    let dir = place("both");
    let (from, to, again) = (dir.join("from"), dir.join("to"), dir.join("again"));
    firmware(&from);
    let path = |p: &Path| p.display().to_string();
    for chip in ["tu104", "ga106"] {
        let (code, text) = nova(&["tlv", &path(&from), "--gpu", chip, "--out", &path(&to)]);
        assert_eq!(code, 0, "{text}");
        let (code, text) = nova(&["untlv", &path(&to), "--gpu", chip, "--out", &path(&again)]);
        assert_eq!(code, 0, "{text}");
        for name in ["gsp", "bootloader", "booter_load", "booter_unload"] {
            let file = format!("nvidia/{chip}/gsp/{name}-570.144.bin");
            assert!(
                fs::read(from.join(&file)).unwrap() == fs::read(again.join(&file)).unwrap(),
                "{file}"
            );
        }
    }
    let (code, text) = nova(&["show", &path(&to.join("nvidia/tu104/gsp/gsp.tlv"))]);
    assert_eq!(code, 0);
    assert!(
        text.contains("VERS  570.144") && text.contains("FILE  gsp.bin"),
        "{text}"
    );
}

#[test]
fn bad_input_is_one_sentence_and_code_2() {
    let dir = place("bad");
    firmware(&dir);
    let path = dir.display().to_string();
    let out = dir.join("out").display().to_string();
    let gsp = dir.join("nvidia/tu104/gsp");
    let tlv = |chip: &str, fw: &str, why: &str| {
        refused(
            &["tlv", &path, "--gpu", chip, "--fw", fw, "--out", &out],
            why,
        );
    };
    tlv("tu199", "570.144", "cannot be read");
    tlv("tu104", "1.2", "cannot be read");
    tlv("../tu104", "570.144", "is no name of a chip");
    tlv("tu104", "../570.144", "is no firmware version");
    refused(
        &["untlv", &path, "--gpu", "tu104", "--out", &out],
        "there is no .tlv file",
    );
    refused(&["show", &path], "is not a file");
    refused(&["show", "/dev/zero"], "is not a file");
    refused(
        &["show", &gsp.join("gsp-570.144.bin").display().to_string()],
        "does not begin with NVFW",
    );
    for (name, why) in [
        ("gsp", "truncated"),
        ("booter_load", "lies outside"),
        ("bootloader", "lies outside"),
    ] {
        let file = gsp.join(format!("{name}-570.144.bin"));
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        tlv("tu104", "570.144", why);
        fs::write(&file, whole).unwrap();
    }
    // A container that names a file elsewhere.
    let mut away = nvkm_nova::tlv::Tlv::new("570.144");
    away.text(b"FILE", "../../../secret");
    fs::write(gsp.join("gsp.tlv"), away.write().unwrap()).unwrap();
    refused(
        &["untlv", &path, "--gpu", "tu104", "--out", &out],
        "is no name of a file",
    );
}

#[test]
fn what_cannot_be_run_is_said() {
    refused(&["run", "--gpu", "tu199"], "there is no chip 'tu199'");
    refused(&["run", "--gpu", ","], "no chip was named");
    refused(&["check", "--gpu", "tu104"], "cannot be checked with some");
    let dir = place("empty").display().to_string();
    refused(
        &["run", "--build", &dir, "--kernel", &dir],
        "does not take the container",
    );
}
