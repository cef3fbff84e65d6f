// SPDX-License-Identifier: GPL-2.0
//! What phases of the guest found out (`logs`, `power`): a difference there is one of the sides.

mod support;

use nvkm_ab::compare::Kind;
use nvkm_ab::lists::Lists;
use nvkm_ab::verdict::Verdict;
use serde_json::json;

use support::against;
use support::judged;
use support::Made;

#[test]
fn a_log_of_other_content_is_named() {
    let judgement = against(|rust| rust.logs["loginit"]["digest"] = json!("8899aabbccddeeff"));
    assert_eq!(judgement.verdict, Verdict::Different);
    assert_eq!(judgement.differences.len(), 1);
    let found = &judgement.differences[0];
    assert_eq!((found.kind, found.phase.as_str()), (Kind::State, "logs"));
    assert_eq!(
        found.line(),
        "state: phase logs, guest's report, logs.loginit.digest: C \"0011223344556677\", other \"8899aabbccddeeff\""
    );
}

#[test]
fn a_log_that_only_one_has_is_named() {
    let gone = against(|rust| rust.logs["loginit"] = json!("none"));
    let more = against(|rust| rust.logs["logintr"] = json!({"size": 65536}));
    let none = against(|rust| rust.logs = json!(null));
    for (judgement, field) in [
        (gone, "logs.loginit"),
        (more, "logs.logintr"),
        (none, "logs"),
    ] {
        assert_eq!(judgement.verdict, Verdict::Different);
        let fields: Vec<&str> = judgement.differences.iter().map(|d| &*d.field).collect();
        assert_eq!(fields, [field]);
    }
}

#[test]
fn two_c_runs_with_other_logs_are_noise() {
    let mut c2 = Made::good();
    c2.logs["loginit"]["put"] = json!(23);
    let judgement = judged(&Made::good(), &c2, &Made::rust(), &Lists::default());
    assert_eq!(judgement.verdict, Verdict::Failed);
    assert_eq!(judgement.unlisted_noise[0].field, "logs.loginit.put");
}

#[test]
fn a_device_that_slept_otherwise_is_named() {
    let with = |state: &str| {
        let mut made = Made::good();
        made.power = json!({"asleep": state, "awake": "D0"});
        made
    };
    let c = with("D3hot");
    let mut rust = with("D0");
    rust.counters = Made::rust().counters;
    let judgement = judged(&c, &c, &rust, &Lists::default());
    assert_eq!(judgement.verdict, Verdict::Different);
    assert_eq!(judgement.differences[0].field, "power.asleep");
}
