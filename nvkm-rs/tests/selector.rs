// SPDX-License-Identifier: GPL-2.0

//! What `nouveau.rust_gsp` may say, and what it means for a firmware.

use nvkm_rs_core::selector::core::{Selection, Version};

const RPC: u32 = 1;
const FW: u32 = 2;
const BOOT: u32 = 4;
const GSP: u32 = 8;
const ALL: u32 = RPC | FW | BOOT | GSP;

fn resolved(text: &str, version: &str) -> u32 {
    Selection::parse(text.as_bytes())
        .unwrap_or_else(|_| panic!("'{text}' is not understood"))
        .resolve(version.as_bytes(), 0)
        .served
}

fn shadowed(text: &str, version: &str, cannot: u32) -> (u32, u32) {
    let selection =
        Selection::parse(text.as_bytes()).unwrap_or_else(|_| panic!("'{text}' is not understood"));
    let resolved = selection.resolve(version.as_bytes(), cannot);
    (resolved.served, resolved.shadowed)
}

#[test]
fn shadow_is_of_what_c_serves() {
    const SHADOW: u32 = RPC | FW | BOOT;
    for (text, version, expected) in [
        ("shadow", "570.144", (0, SHADOW)),
        ("shadow", "535.113.01", (0, SHADOW)),
        ("rpc,shadow", "570.144", (RPC, FW | BOOT)),
        ("shadow,rpc", "570.144", (RPC, FW | BOOT)),
        ("gsp,shadow", "570.144", (GSP, SHADOW)),
        ("1,shadow", "570.144", (ALL, 0)),
        ("1,-boot,shadow", "570.144", (ALL & !BOOT, BOOT)),
        ("1@570,shadow", "535.113.01", (0, SHADOW)),
        ("fw@571,shadow", "570.144", (0, SHADOW)),
        ("shadow,shadow", "570.144", (0, SHADOW)),
        ("shadow", "r570", (0, 0)),
        ("0", "570.144", (0, 0)),
        ("1,-fw", "570.144", (ALL & !FW, 0)),
    ] {
        assert_eq!(shadowed(text, version, 0), expected, "{text}, {version}");
    }
    // What the chip cannot have is not computed beside C either.
    assert_eq!(shadowed("shadow", "570.144", BOOT), (0, RPC | FW));
    assert_eq!(shadowed("1,shadow", "570.144", BOOT), (ALL & !BOOT, 0));
}

#[test]
fn words_and_their_meaning() {
    for (text, version, expected) in [
        ("0", "570.144", 0),
        ("1", "570.144", ALL),
        ("rpc", "535.113.01", RPC),
        ("fw", "535.113.01", FW),
        ("fw,rpc", "570.144", RPC | FW),
        ("boot", "570.144", BOOT),
        ("gsp", "535.113.01", GSP),
        ("1,-rpc", "570.144", FW | BOOT | GSP),
        ("1,-rpc,-fw", "570.144", BOOT | GSP),
        ("1,-rpc,-fw,-boot,-gsp", "570.144", 0),
        ("-rpc,1", "570.144", ALL),
        ("rpc@570", "570.144", RPC),
        ("rpc@570", "535.113.01", 0),
        ("rpc,fw@570", "535.113.01", RPC),
        ("rpc,fw@570", "570.144", RPC | FW),
        ("1@570.144", "570.144", ALL),
        ("1@570.145", "570.144", 0),
        ("rpc@535.113.01", "535.113.01", RPC),
        ("rpc@535.113.2", "535.113.01", 0),
        ("rpc@9", "10", RPC),
    ] {
        assert_eq!(resolved(text, version), expected, "{text} with {version}");
    }
}

#[test]
fn what_is_not_understood_is_refused_whole() {
    for text in [
        "",
        "2",
        "yes",
        "rp",
        "rpcc",
        "rpc,",
        ",rpc",
        "rpc,0",
        "0,rpc",
        "-1",
        "-",
        "rpc@",
        "rpc@a",
        "rpc@1.2.3.4.5",
        "rpc@1..2",
        "-rpc@570",
        "rpc rpc",
        " rpc",
        "rpc@99999999999",
        "-shadow",
        "shadow@570",
        "shadows",
        "0,shadow",
        "shadow,0",
        "1,-shadow",
        "RPC",
        "rpc\n",
    ] {
        assert!(
            Selection::parse(text.as_bytes()).is_err(),
            "'{text}' was taken"
        );
    }
}

#[test]
fn an_unreadable_firmware_version_is_served_by_c() {
    for version in ["", "r570", "570.144\0"] {
        assert_eq!(resolved("1", version), 0, "{version:?}");
    }
}

#[test]
fn versions_are_numbers_not_texts() {
    let version = |text: &str| Version::parse(text.as_bytes()).unwrap();
    assert!(version("570.86") < version("570.144"));
    assert!(version("570") < version("570.144"));
    assert_eq!(version("535.113.1"), version("535.113.01"));
}

#[test]
fn what_a_chip_cannot_have_is_meant_by_its_name_alone() {
    for (text, expected) in [
        ("1", ALL & !BOOT),
        ("boot", BOOT),
        ("1,boot", ALL),
        ("boot,1", ALL & !BOOT),
        ("1,-boot", ALL & !BOOT),
        ("rpc,fw", RPC | FW),
        ("0", 0),
    ] {
        let selection = Selection::parse(text.as_bytes()).unwrap();
        assert_eq!(
            selection.resolve(b"570.144", BOOT).served,
            expected,
            "{text}"
        );
    }
}
