// SPDX-License-Identifier: GPL-2.0

//! RM's registry, as the user gives it: against the kernel's own `kstrtol()`, and against C's way through the text.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nvkm_rs_core::abi::core::services::RegistryValue;
use nvkm_rs_core::gsp::core::registry::{number, Setting, REQUIRED};
use nvkm_rs_core::gsp::core::text::Printable;
use proptest::prelude::*;

use check::{model, ours, Said};

#[path = "gsp/check.rs"]
#[allow(dead_code)]
mod check;

/// What the kernel's `kstrtol()` makes of texts, with base 0. Its source is compiled here, with headers that are empty.
fn kstrtol(texts: &[String]) -> Vec<Option<i64>> {
    let build = std::env::var_os("BUILD").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../build"),
        PathBuf::from,
    );
    let kernel = build.join("kernel/current/src");
    let tmp =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kstrtol-{}", std::process::id()));
    std::fs::create_dir_all(tmp.join("linux")).expect("a directory");
    for name in [
        "ctype", "errno", "export", "kstrtox", "math64", "overflow", "types", "uaccess",
    ] {
        std::fs::write(tmp.join(format!("linux/{name}.h")), "").expect("a file");
    }
    let program = tmp.join("kstrtol");
    let output = Command::new("gcc-14")
        .args(["-w", "-fno-builtin"])
        // What is not used may want what is not there.
        .args([
            "-Wno-error=implicit-function-declaration",
            "-ffunction-sections",
            "-Wl,--gc-sections",
        ])
        .arg(format!(
            "-DKSTRTOX=\"{}\"",
            kernel.join("lib/kstrtox.c").display()
        ))
        .arg("-I")
        .arg(&tmp)
        .arg("-I")
        .arg(kernel.join("include"))
        .arg("-o")
        .arg(&program)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gsp/kstrtol.c"))
        .output()
        .expect("gcc-14 is in the path");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut child = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was just made");
    let mut stdin = child.stdin.take().expect("piped");
    let lines = texts.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    let said: Vec<Option<i64>> = String::from_utf8(output.stdout)
        .expect("text")
        .lines()
        .map(|line| line.parse().ok())
        .collect();
    assert_eq!(said.len(), texts.len());
    std::fs::remove_dir_all(tmp).expect("it is ours");
    said
}

#[test]
fn numbers_are_those_of_the_kernel() {
    let mut texts: Vec<String> = [
        "0",
        "1",
        "-1",
        "+1",
        "--1",
        "+-1",
        "-+1",
        "++1",
        "-",
        "+",
        "00",
        "07",
        "08",
        "010",
        "-010",
        "0x",
        "0X",
        "0xg",
        "0x1f",
        "0X1F",
        "-0x10",
        "+0x10",
        "0x0x1",
        "x",
        "a",
        "1a",
        "0a",
        "0b1",
        "1 ",
        "1.0",
        "1e3",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "-18446744073709551615",
        "99999999999999999999999999",
        "0x7fffffffffffffff",
        "0x8000000000000000",
        "-0x8000000000000000",
        "-0x8000000000000001",
        "0xffffffffffffffff",
        "0x10000000000000000",
        "0777777777777777777777",
        "01000000000000000000000",
        "-01000000000000000000000",
        "01777777777777777777777",
        "02000000000000000000000",
        "4294967295",
        "4294967296",
        "0x100000001",
        "0000000000000000000000000001",
        "0x00000000000000000000000000000001",
        "1\u{7f}",
        "=",
        "0x=",
    ]
    .map(String::from)
    .to_vec();
    // All texts of up to five characters out of those that matter.
    let mut grown = vec![String::new()];
    for _ in 0..5 {
        grown = grown
            .iter()
            .flat_map(|text| "0179afgxX-+".chars().map(move |c| format!("{text}{c}")))
            .collect();
        texts.extend(grown.iter().cloned());
    }
    // Around what 64 bits hold, in each base.
    for edge in [1_u128 << 31, 1 << 32, 1 << 60, 1 << 63, 1 << 64] {
        for near in edge - 3..edge + 3 {
            for sign in ["", "-", "+"] {
                texts.push(format!("{sign}{near}"));
                texts.push(format!("{sign}0x{near:x}"));
                texts.push(format!("{sign}0{near:o}"));
            }
        }
    }
    let mut known = 0;
    for (text, expected) in texts.iter().zip(kstrtol(&texts)) {
        assert_eq!(number(text.as_bytes()), expected, "{text:?}");
        known += usize::from(expected.is_some());
    }
    assert!(known > 1000 && known < texts.len() / 2, "{known}");
    // With a newline, which the setting has none of.
    assert_eq!(number(b"5\n"), Some(5));
    assert_eq!(number(b"5\n\n"), None);
    assert_eq!(number(b"\n"), None);
}

#[test]
fn parts_and_what_they_say() {
    let (longest, longer) = ("K".repeat(63), "K".repeat(64));
    let cases: &[(&str, Vec<Said>)] = &[
        ("", vec![Said::InvalidString(vec![])]),
        (" \t\n", vec![Said::InvalidString(vec![])]),
        ("A=1", vec![Said::Dword(b"A".to_vec(), 1)]),
        (" A b\t= 0x1\n0 ", vec![Said::Dword(b"Ab".to_vec(), 16)]),
        ("A=-1", vec![Said::Dword(b"A".to_vec(), u32::MAX)]),
        (
            "A=0x1_0",
            vec![Said::Text(b"A".to_vec(), b"0x1_0".to_vec())],
        ),
        (
            "A=0x123456789",
            vec![Said::Dword(b"A".to_vec(), 0x2345_6789)],
        ),
        ("A=b=c", vec![Said::Text(b"A".to_vec(), b"b=c".to_vec())]),
        ("A==", vec![Said::Text(b"A".to_vec(), b"=".to_vec())]),
        (
            "A=1;;B=two;",
            vec![
                Said::Dword(b"A".to_vec(), 1),
                Said::InvalidString(vec![]),
                Said::Text(b"B".to_vec(), b"two".to_vec()),
                Said::InvalidString(vec![]),
            ],
        ),
        (
            "A;=1;B=",
            vec![
                Said::InvalidString(b"A".to_vec()),
                Said::InvalidString(b"=1".to_vec()),
                Said::InvalidString(b"B=".to_vec()),
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(ours(text.as_bytes()), *expected, "{text:?}");
    }
    assert_eq!(
        ours(format!("{longest}=1").as_bytes()),
        [Said::Dword(longest.into_bytes(), 1)]
    );
    assert_eq!(
        ours(format!("{longer}=1").as_bytes()),
        [Said::InvalidKey(longer.into_bytes(), b"1".to_vec())]
    );
    // What is behind a 0 is not there.
    assert_eq!(ours(b"A=1\0;B=2"), [Said::Dword(b"A".to_vec(), 1)]);
}

#[test]
fn room_is_needed() {
    assert!(Setting::new(b"A=1", &mut [0; 3]).is_none());
    assert!(Setting::new(b"A=1", &mut [0; 4]).is_some());
    assert!(Setting::new(b"", &mut []).is_none());
}

#[test]
fn what_the_driver_wants() {
    let names = [
        "RMSecBusResetEnable",
        "RMForcePcieConfigSave",
        "RMDevidCheckIgnore",
    ];
    for (entry, name) in REQUIRED.iter().zip(names) {
        assert_eq!(entry.key, name.as_bytes());
        assert_eq!(entry.value, RegistryValue::Dword(1));
    }
}

#[test]
fn the_log_has_one_line() {
    let text = Printable(b"a\nb\0\x7f\xff~ ").to_string();
    assert_eq!(text, "a?b???~ ");
}

proptest! {
    #[test]
    fn as_c_does(setting in "[ \t\nA-C0-9x=;+-]{0,80}") {
        prop_assert_eq!(ours(setting.as_bytes()), model(setting.as_bytes()));
    }

    #[test]
    fn any_bytes(setting in proptest::collection::vec(any::<u8>(), 0..1024)) {
        check::registry(&setting);
    }
}
