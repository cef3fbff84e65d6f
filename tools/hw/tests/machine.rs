// SPDX-License-Identifier: GPL-2.0
//! The program on a machine: real kernel, real driver and tracepoints, the virtual GPU in place of the card.
//!
//! Needs a prepared build directory with `nouveau/on/nouveau.ko`; `make test` runs it with `--ignored`.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

fn build() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build");
    env::var_os("BUILD").map_or(default, PathBuf::from)
}

/// Runs a machine through these phases, and gives what each phase `hw` said: exit code, standard output, standard error.
fn machine(name: &str, phases: &str) -> Vec<(i64, String, String)> {
    let out = env::temp_dir().join(format!("nvkm-hw-{name}-{}", std::process::id()));
    let programs = build().join("bin");
    let nouveau = env::var_os("NVKM_NOUVEAU").map_or(build().join("nouveau"), PathBuf::from);
    // Made-up firmware is small: a bind takes a second. What real firmware does is what the cells of `make ab` compare.
    let output = Command::new(programs.join("nvkm-ab"))
        .arg("vm")
        .arg("--out")
        .arg(&out)
        .arg("--guest")
        .arg(programs.join("nvkm-guest"))
        .arg("--vgpu")
        .arg(programs.join("nvkm-vgpu"))
        .arg("--module")
        .arg(nouveau.join("on/nouveau.ko"))
        .args([
            "--gpu",
            "tu104",
            "--fw",
            "synthetic",
            "--limit",
            "600",
            "--silence",
            "300",
            "--phases",
            phases,
        ])
        .env("BUILD", build())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let report = fs::read_to_string(out.join("guest.jsonl")).unwrap_or_default();
    assert!(output.status.success(), "{said}\n{report}");
    let _ = fs::remove_dir_all(&out);
    let lines = report
        .lines()
        .filter_map(|l| serde_json::from_str::<Value>(l).ok());
    let hw = lines
        .filter(|l| l["t"] == "phase" && l["phase"].as_str().is_some_and(|p| p.starts_with("hw=")));
    let text = |l: &Value, name: &str| l[name].as_str().unwrap_or_default().to_string();
    hw.map(|l| {
        (
            l["exit"].as_i64().unwrap_or(-1),
            text(&l, "said"),
            text(&l, "complaints"),
        )
    })
    .collect()
}

#[test]
#[ignore = "starts a virtual machine"]
fn c_and_rust_are_equal_by_the_drivers_own_tracepoints() {
    let said = machine(
        "equal",
        "load,probe,hw=check+--json,hw=run+--yes+--json+--out+/hw,hw=report+/hw,copy,unbind,unload",
    );
    let check: Value = serde_json::from_str(&said[0].1).unwrap();
    assert_eq!(
        (said[0].0, &check["possible"], &check["chip"]),
        (0, &true.into(), &"tu104".into()),
        "{check:#}"
    );
    let report: Value =
        serde_json::from_str(&said[1].1).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    assert_eq!(said[1].0, 0, "{report:#}\n{}", said[1].2);
    assert_eq!(
        (&report["verdict"], &report["tap"]),
        (&"equal".into(), &"tracepoints".into())
    );
    for seam in ["rpc", "fw", "boot", "gsp"] {
        assert!(
            report["sides"]["rust"]["served_by_rust"][seam].as_u64() > Some(0),
            "{seam}"
        );
        assert_eq!(report["sides"]["c2"]["served_by_rust"][seam], 0, "{seam}");
    }
    // A comparison of nothing would be equal, too.
    for side in ["c1", "c2", "rust"] {
        let side = &report["sides"][side];
        assert!(
            side["rpcs_sent"].as_u64() > Some(50) && side["rpcs_received"].as_u64() > Some(50),
            "{side:#}"
        );
        assert!(side["register_accesses"].as_u64() > Some(1000), "{side:#}");
        assert_eq!(side["trace_events_lost"], 0);
    }
    assert_eq!(said[2].0, 0, "{said:?}");
}
