// SPDX-License-Identifier: GPL-2.0
//! The verdict, on hand-made runs: each seeded kind of fault is found and named, noise and lists are strict.

mod support;

use nvkm_ab::compare::Difference;
use nvkm_ab::compare::Kind;
use nvkm_ab::lists::Bound;
use nvkm_ab::lists::Intended;
use nvkm_ab::lists::Lists;
use nvkm_ab::lists::Noise;
use nvkm_ab::verdict::judge;
use nvkm_ab::verdict::Judgement;
use nvkm_ab::verdict::Verdict;
use serde_json::json;

use support::against;
use support::judged;
use support::message;
use support::Made;

fn found(judgement: &Judgement, kind: Kind) -> Vec<Difference> {
    judgement
        .differences
        .iter()
        .filter(|d| d.kind == kind)
        .cloned()
        .collect()
}

#[test]
fn the_same_is_equal() {
    let judgement = against(|_| {});
    assert_eq!(
        judgement.verdict,
        Verdict::Equal,
        "{:?} {:?}",
        judgement.problems,
        judgement.differences
    );
}

#[test]
fn one_flipped_byte_is_named() {
    let judgement = against(|rust| {
        rust.wire[4] = message(
            3,
            "cmdq",
            76,
            "GSP_RM_CONTROL",
            "000000000000000037018020000000000400000000000000deadbeee",
        );
    });
    assert_eq!(judgement.verdict, Verdict::Different);
    let payload = found(&judgement, Kind::Payload);
    assert_eq!(payload.len(), 1);
    assert_eq!(payload[0].message, Some(3));
    assert_eq!(payload[0].name, "GSP_RM_CONTROL 0x20800137");
    assert_eq!(
        (
            payload[0].field.as_str(),
            payload[0].c.as_str(),
            payload[0].other.as_str()
        ),
        ("payload+0x1b", "ef", "ee")
    );
}

#[test]
fn what_the_device_complains_of_stands_where_it_was() {
    let judgement = against(|rust| {
        let other = "ffffffffffffffff";
        rust.wire[1] = message(0, "cmdq", 72, "SET_SYSTEM_INFO", other);
        rust.wire[4] = message(3, "cmdq", 76, "GSP_RM_CONTROL", other);
        rust.device["errors"] = json!(["odd"]);
        rust.mmio.splice(
            2..2,
            ["# wire 0", "# wire 1", "# error 0"].map(String::from),
        );
    });
    let kinds: Vec<Kind> = judgement.differences.iter().map(|d| d.kind).collect();
    let complaint = kinds.iter().position(|kind| *kind == Kind::State).unwrap();
    let messages: Vec<Option<u64>> = judgement.differences.iter().map(|d| d.message).collect();
    assert!(messages[..complaint].iter().all(|n| *n == Some(0)) && complaint > 0);
    assert!(messages[complaint + 1..].contains(&Some(3)));
}

#[test]
fn every_flipped_bit_is_found() {
    for byte in 0..16 {
        for bit in 0..8 {
            let mut payload: Vec<u8> = (0..16).map(|n| n * 0x11).collect();
            payload[byte] ^= 1 << bit;
            let hex = payload
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect::<Vec<_>>()
                .concat();
            let judgement =
                against(|rust| rust.wire[1] = message(0, "cmdq", 72, "SET_SYSTEM_INFO", &hex));
            assert_eq!(judgement.verdict, Verdict::Different);
            assert_eq!(
                found(&judgement, Kind::Payload)[0].field,
                format!("payload+{byte:#x}")
            );
        }
    }
}

#[test]
fn an_event_that_the_driver_dropped_is_named() {
    // The device sent it, the driver counted it, but what it should cause did not happen.
    let judgement = against(|rust| {
        rust.log.pop();
    });
    assert_eq!(judgement.verdict, Verdict::Different);
    let missing = found(&judgement, Kind::MissingEvent);
    assert_eq!(missing.len(), 1);
    assert_eq!(
        (missing[0].phase.as_str(), missing[0].c.as_str()),
        ("event=1", "nouveau: gsp: Xid:31 fault")
    );
}

#[test]
fn an_event_that_was_not_sent_is_named() {
    let judgement = against(|rust| {
        rust.wire.remove(7);
        rust.counters = Some("rpc: owner=rust rust_calls=9 sent=3 received=2\n".into());
    });
    assert_eq!(judgement.verdict, Verdict::Different);
    assert_eq!(
        found(&judgement, Kind::MissingEvent)[0].name,
        "OS_ERROR_LOG"
    );
}

#[test]
fn a_reordered_pair_is_named() {
    let judgement = against(|rust| {
        rust.wire[1] = message(0, "cmdq", 73, "SET_REGISTRY", "0011223344");
        rust.wire[2] = message(
            1,
            "cmdq",
            72,
            "SET_SYSTEM_INFO",
            "00112233445566778899aabbccddeeff",
        );
    });
    assert_eq!(judgement.verdict, Verdict::Different);
    let moved = found(&judgement, Kind::Reordered);
    assert_eq!(moved.len(), 1, "{:?}", judgement.differences);
    assert!(["SET_SYSTEM_INFO", "SET_REGISTRY"].contains(&moved[0].name.as_str()));
    assert!(
        found(&judgement, Kind::MissingMessage).is_empty()
            && found(&judgement, Kind::Payload).is_empty()
    );
}

#[test]
fn missing_and_extra_messages_are_named() {
    let missing = against(|rust| {
        rust.wire.remove(2);
        rust.counters = Some("rpc: owner=rust rust_calls=9 sent=2 received=3\n".into());
    });
    assert_eq!(
        found(&missing, Kind::MissingMessage)[0].name,
        "SET_REGISTRY"
    );
    let extra = against(|rust| {
        rust.wire
            .insert(2, message(9, "cmdq", 65, "GET_GSP_STATIC_INFO", ""));
        rust.counters = Some("rpc: owner=rust rust_calls=9 sent=4 received=3\n".into());
    });
    assert_eq!(
        found(&extra, Kind::ExtraMessage)[0].name,
        "GET_GSP_STATIC_INFO"
    );
}

#[test]
fn header_fields_are_compared() {
    for (field, name) in [
        ("seq", "rpc.sequence"),
        ("len", "rpc.length"),
        ("elem_seq", "element.sequence"),
        ("elems", "pages"),
        ("result", "rpc.result"),
    ] {
        let judgement = against(|rust| rust.wire[4][field] = json!(77));
        assert_eq!(judgement.verdict, Verdict::Different);
        assert_eq!(found(&judgement, Kind::Header)[0].field, name);
    }
}

#[test]
fn registers_are_compared_but_not_clocks_and_polls() {
    let same = against(|rust| {
        rust.mmio[3] = "R 0x009400 0x99".into();
        rust.mmio.push("R 0x009400 0xaa".into());
        rust.mmio.push("R 0x110100 0x10".into());
    });
    assert_eq!(same.verdict, Verdict::Equal, "{:?}", same.differences);
    let other = against(|rust| rust.mmio[2] = "W 0x110c00 0x00000001".into());
    let mmio = found(&other, Kind::Mmio);
    assert_eq!(
        (mmio[0].name.as_str(), mmio[0].field.as_str()),
        ("0x110c00", "write")
    );
    assert_eq!(other.verdict, Verdict::Different);
    let missing = against(|rust| {
        rust.mmio.remove(2);
    });
    assert_eq!(missing.verdict, Verdict::Different);
}

#[test]
fn addresses_may_differ_and_other_bytes_may_not() {
    let moved = against(|rust| rust.device["handed"][0]["head"] = json!("00200000000000000500"));
    assert_eq!(moved.verdict, Verdict::Equal, "{:?}", moved.differences);
    let other = against(|rust| rust.device["handed"][0]["head"] = json!("00100000000000000600"));
    assert_eq!(found(&other, Kind::Buffer)[0].field, "content+0x8");
}

#[test]
fn what_is_left_behind_is_a_difference() {
    let judgement = against(|rust| rust.device["objects"] = json!(["0xc46f"]));
    assert_eq!(judgement.verdict, Verdict::Different);
    assert!(!found(&judgement, Kind::State).is_empty());
    let warned = against(|rust| rust.log.push(("unload", "WARNING: CPU: 0 at x".into())));
    assert_eq!(warned.verdict, Verdict::Different);
}

#[test]
fn leftovers_and_warnings_of_c_void_the_comparison() {
    let mut bad = Made::good();
    bad.device["objects"] = json!(["0xc46f"]);
    let mut rust = Made::rust();
    rust.device = bad.device.clone();
    assert_eq!(
        judged(&bad, &bad, &rust, &Lists::default()).verdict,
        Verdict::Failed
    );
    let mut bad = Made::good();
    bad.log.push(("load", "WARNING: CPU: 0 at x".into()));
    let mut rust = Made::rust();
    rust.log = bad.log.clone();
    assert_eq!(
        judged(&bad, &bad, &rust, &Lists::default()).verdict,
        Verdict::Failed
    );
}

#[test]
fn counters_must_account_for_every_message() {
    let judgement = against(|rust| {
        rust.counters = Some("rpc: owner=rust rust_calls=9 sent=2 received=3\n".into())
    });
    assert_eq!(judgement.verdict, Verdict::Different);
    assert!(judgement
        .differences
        .iter()
        .any(|d| d.other.contains("counts 2 messages sent, the device saw 3")));
    let mut c = Made::good();
    c.counters = Some("rpc: owner=c c_calls=9 rust_calls=0 sent=3 received=2\n".into());
    assert_eq!(
        judged(&c, &c, &Made::rust(), &Lists::default()).verdict,
        Verdict::Failed
    );
}

#[test]
fn who_served_is_checked() {
    // Nothing in Rust on the Rust side.
    let none = judged(
        &Made::good(),
        &Made::good(),
        &Made::good(),
        &Lists::default(),
    );
    assert_eq!(none.verdict, Verdict::Failed);
    assert!(
        none.problems[0].contains("nothing was compared"),
        "{:?}",
        none.problems
    );
    // Rust on a C side.
    assert_eq!(
        judged(
            &Made::rust(),
            &Made::good(),
            &Made::rust(),
            &Lists::default()
        )
        .verdict,
        Verdict::Failed
    );
    // C served a part of it.
    let mut both = Made::rust();
    both.counters = Some("rpc: owner=rust c_calls=1 rust_calls=9 sent=3 received=3\n".into());
    let judgement = judged(&Made::good(), &Made::good(), &both, &Lists::default());
    assert_eq!(judgement.verdict, Verdict::Failed);
    assert!(
        judgement.problems[0].contains("C served 1 calls of rpc"),
        "{:?}",
        judgement.problems
    );
    // A driver without the file (unmodified) is C.
    let mut unmodified = Made::good();
    unmodified.counters = None;
    assert_eq!(
        judged(&unmodified, &unmodified, &Made::rust(), &Lists::default()).verdict,
        Verdict::Equal
    );
}

const C_COUNTS: &str = "rpc: owner=c c_calls=9 rust_calls=0 sent=3 received=3\n\
    fw: owner=c c_calls=4 rust_calls=0 copies=0 bytes=0\n";

/// rpc and fw in Rust, with these counts.
fn with_fw(rust: &str) -> Judgement {
    let side = |mut made: Made, text: String| {
        made.counters = Some(text);
        made
    };
    let c = side(Made::good(), C_COUNTS.into());
    let text = format!("rpc: owner=rust rust_calls=9 sent=3 received=3\n{rust}\n");
    let rust = side(Made::rust(), text).side("rust");
    let seams = ["rpc".to_string(), "fw".to_string()];
    judge(
        &[c.side("c1"), c.side("c2"), rust],
        &Lists::default(),
        &seams,
    )
    .unwrap()
}

#[test]
fn each_subsystem_that_was_asked_for_must_have_served_all() {
    let good = with_fw("fw: owner=rust c_calls=0 rust_calls=4 copies=0 bytes=28528288");
    assert_eq!(good.verdict, Verdict::Equal, "{:?}", good.problems);
    for (line, why) in [
        (
            "fw: owner=rust c_calls=0 rust_calls=0",
            "Rust served no call of fw",
        ),
        (
            "fw: owner=c c_calls=4 rust_calls=0",
            "Rust served no call of fw",
        ),
        ("", "Rust served no call of fw"),
        (
            "fw: owner=rust c_calls=1 rust_calls=4",
            "C served 1 calls of fw",
        ),
    ] {
        let judgement = with_fw(line);
        assert_eq!(judgement.verdict, Verdict::Failed, "{line}");
        assert!(
            judgement.problems[0].contains(why),
            "{line}: {:?}",
            judgement.problems
        );
    }
    // One call less than C has.
    let less = with_fw("fw: owner=rust c_calls=0 rust_calls=3");
    assert_eq!(less.verdict, Verdict::Different);
    assert!(less.differences[0]
        .other
        .contains("fw: C served 4 calls on its side, Rust 3"));
}

fn noisy() -> Made {
    let mut made = Made::good();
    made.mmio[4] = "R 0x110100 0x12".into();
    made
}

fn noise(bound: Bound) -> Lists {
    let entry = Noise {
        field: "mmio/load/0x110100/read".into(),
        reason: "a test".into(),
        bound,
    };
    Lists {
        noise: vec![entry],
        ..Lists::default()
    }
}

#[test]
fn noise_that_is_not_listed_voids_the_comparison() {
    let judgement = judged(&Made::good(), &noisy(), &Made::rust(), &Lists::default());
    assert_eq!(judgement.verdict, Verdict::Failed);
    assert_eq!(judgement.unlisted_noise.len(), 1);
    assert!(
        judgement.problems[0].contains("noise list"),
        "{:?}",
        judgement.problems
    );
}

#[test]
fn listed_noise_has_bounds() {
    let within = |bound| judged(&Made::good(), &noisy(), &Made::rust(), &noise(bound)).verdict;
    assert_eq!(
        within(Bound {
            count: Some(1),
            delta: None
        }),
        Verdict::Equal
    );
    assert_eq!(
        within(Bound {
            count: None,
            delta: Some(2)
        }),
        Verdict::Equal
    );
    assert_eq!(
        within(Bound {
            count: None,
            delta: Some(1)
        }),
        Verdict::Failed
    );
    assert_eq!(
        within(Bound {
            count: Some(0),
            delta: None
        }),
        Verdict::Failed
    );
}

fn intended(text: &str) -> Lists {
    let entry = json!({"kind": "dmesg", "phase": "load", "name": "kernel log", "field": "level 6", "other": text, "reason": "a test"});
    Lists {
        intended: vec![serde_json::from_value::<Intended>(entry).unwrap()],
        ..Lists::default()
    }
}

#[test]
fn intended_differences_match_exactly_and_once() {
    let line = "nouveau: gsp: rust: serves rpc";
    let mut rust = Made::rust();
    rust.log.insert(1, ("load", line.into()));
    let good = Made::good();
    let exact = judged(&good, &good, &rust, &intended(line));
    assert_eq!((exact.verdict, exact.intended.len()), (Verdict::Equal, 1));
    assert_eq!(
        judged(&good, &good, &rust, &intended("nouveau: gsp: rust: serves")).verdict,
        Verdict::Different
    );
    rust.log.insert(1, ("load", line.into()));
    assert_eq!(
        judged(&good, &good, &rust, &intended(line)).verdict,
        Verdict::Different
    );
}

#[test]
fn an_unused_intended_difference_fails() {
    let judgement = judged(
        &Made::good(),
        &Made::good(),
        &Made::rust(),
        &intended("never said"),
    );
    assert_eq!(judgement.verdict, Verdict::Failed);
    assert_eq!(judgement.unused.len(), 1);
    assert!(
        judgement.problems[0].contains("did not show"),
        "{:?}",
        judgement.problems
    );
}

#[test]
fn a_side_that_failed() {
    let good = Made::good();
    let mut sides = [good.side("c1"), good.side("c2"), Made::rust().side("rust")];
    sides[2].error = Some("phase probe: nouveau did not take the GPU".into());
    let lists = Lists::default();
    let seams = ["rpc".to_string()];
    // The machine broke: void.
    assert_eq!(
        judge(&sides, &lists, &seams).unwrap().verdict,
        Verdict::Failed
    );
    // The driver failed, and the guest said so: Rust is different.
    sides[2].orderly = true;
    let judgement = judge(&sides, &lists, &seams).unwrap();
    assert_eq!(judgement.verdict, Verdict::Different);
    assert!(judgement.differences.iter().any(|d| d.kind == Kind::Phase));
    // C failed: void.
    sides.swap(0, 2);
    sides[0].name = "c1".into();
    sides[2].name = "rust".into();
    assert_eq!(
        judge(&sides, &lists, &seams).unwrap().verdict,
        Verdict::Failed
    );
}
