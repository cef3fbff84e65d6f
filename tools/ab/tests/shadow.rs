// SPDX-License-Identifier: GPL-2.0
//! The verdict where C serves and Rust computes beside it (`--seams shadow`), on runs made by hand.

mod support;

use nvkm_ab::compare::Kind;
use nvkm_ab::lists::Lists;
use nvkm_ab::verdict::judge;
use nvkm_ab::verdict::Judgement;
use nvkm_ab::verdict::Verdict;
use support::message;
use support::Made;

/// A driver that compared: values of rpc, of fw, of boot, and how many of boot differ.
fn counters(rpc: u64, fw: u64, boot: u64, wrong: u64) -> String {
    format!(
        "bind: 1\nrpc: owner=c c_calls=9 rust_calls=0 sent=3 received=3 events=0 compared={rpc} mismatches=0\n\
         fw: owner=c c_calls=4 rust_calls=0 compared={fw} mismatches=0\n\
         boot: owner=c c_calls=4 rust_calls=0 compared={boot} mismatches={wrong}\n\
         gsp: owner=c c_calls=2 rust_calls=0\nshadow: compared={} mismatches={wrong}\n",
        rpc + fw + boot
    )
}

/// Judges such a run against two of C.
fn judged(change: impl FnOnce(&mut Made)) -> Judgement {
    let mut beside = Made::good();
    beside.counters = Some(counters(9, 5, 6, 0));
    change(&mut beside);
    let sides = [
        Made::good().side("c1"),
        Made::good().side("c2"),
        beside.side("rust"),
    ];
    judge(&sides, &Lists::default(), &["shadow".to_string()]).unwrap()
}

#[test]
fn all_values_alike_and_nothing_else_is_equal() {
    let judgement = judged(|_| {});
    assert_eq!(judgement.verdict, Verdict::Equal, "{judgement:?}");
}

/// A difference without its line in the log is one all the same: the driver counted it.
#[test]
fn a_value_that_differs_is_a_difference() {
    let judgement = judged(|beside| beside.counters = Some(counters(9, 5, 6, 2)));
    assert_eq!(judgement.verdict, Verdict::Different, "{judgement:?}");
    let [only] = &judgement.differences[..] else {
        panic!("{judgement:?}");
    };
    assert_eq!(only.kind, Kind::State);
    let sentence = "boot: Rust has 2 of 6 values otherwise than C";
    assert_eq!(only.other, sentence);

    let judgement = judged(|beside| {
        beside.counters = Some(counters(9, 5, 6, 2));
        let line = "nouveau: gsp: rust: shadow: boot: fb.heap_addr: 0x1 in C, 0x2 in Rust";
        beside.log.push(("load", line.into()));
    });
    assert_eq!(judgement.verdict, Verdict::Different);
    let kinds: Vec<Kind> = judgement.differences.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [Kind::Dmesg, Kind::State]);
}

/// A look that changes what the device sees is found as any difference is.
#[test]
fn harm_is_found() {
    let judgement = judged(|beside| {
        beside.wire[2] = message(1, "cmdq", 73, "SET_REGISTRY", "0011223345");
    });
    assert_eq!(judgement.verdict, Verdict::Different);
    assert_eq!(judgement.differences[0].kind, Kind::Payload);
    let judgement = judged(|beside| beside.mmio.push("R 0x625f04 0x00000000".into()));
    assert_eq!(judgement.verdict, Verdict::Different);
    assert_eq!(judgement.differences[0].kind, Kind::Mmio);
}

/// Nothing compared is nothing shown, and neither are fewer messages than were sent.
#[test]
fn too_little_compared_is_void() {
    for (counters, name) in [
        (counters(2, 5, 6, 0), "rpc"),
        (counters(9, 0, 6, 0), "fw"),
        (counters(9, 5, 0, 0), "boot"),
        (
            Made::good().counters.unwrap(), // As with rust_gsp=0.
            "rpc",
        ),
    ] {
        let judgement = judged(|beside| beside.counters = Some(counters));
        assert_eq!(judgement.verdict, Verdict::Failed, "{name}");
        let problem = &judgement.problems[0];
        let start = "values of";
        assert!(
            problem.contains(&format!("{start} {name} were compared")),
            "{problem}"
        );
    }
    let judgement = judged(|beside| beside.counters = None);
    assert_eq!(judgement.verdict, Verdict::Failed);
}

/// Who serves is not who looks.
#[test]
fn rust_that_serves_is_void() {
    let judgement = judged(|beside| {
        let text = counters(9, 5, 6, 0);
        beside.counters = Some(text.replace("c_calls=9 rust_calls=0", "c_calls=0 rust_calls=9"));
    });
    assert_eq!(judgement.verdict, Verdict::Failed);
    let expected = "rust: Rust served 9 calls of rpc, which is to be C here";
    assert_eq!(judgement.problems[0], expected);
}
