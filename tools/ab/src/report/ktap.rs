// SPDX-License-Identifier: GPL-2.0
//! The report as KTAP (Documentation/dev-tools/ktap.rst), so that kselftest, LAVA and KernelCI take it as it is.

use std::fmt::Write;

use serde_json::Value;

/// A test's name and why it failed, if it did.
type Test = (String, Option<String>);

fn first(list: &Value) -> Option<String> {
    let items = list.as_array()?;
    let item = items.first()?;
    let text = item["text"].as_str().or(item.as_str()).unwrap_or_default();
    Some(format!("{} in all, first: {text}", items.len()))
}

/// The tests of a cell: each phase on each side, then the parts of the verdict.
fn tests(report: &Value) -> Vec<Test> {
    let mut tests = Vec::new();
    for (name, side) in report["sides"].as_object().into_iter().flatten() {
        for (n, phase) in side["phases"].as_array().into_iter().flatten().enumerate() {
            let what = phase["phase"].as_str().unwrap_or("?");
            let failed = (phase["ok"] != Value::Bool(true))
                .then(|| phase["error"].as_str().unwrap_or("").to_string());
            tests.push((format!("{name}.{n}.{what}"), failed));
        }
        tests.push((
            format!("{name}.finished"),
            side["error"].as_str().map(String::from),
        ));
    }
    tests.push(("comparison is valid".into(), first(&report["problems"])));
    tests.push(("no differences".into(), first(&report["differences"])));
    let verdict = report["verdict"].as_str().unwrap_or("failed");
    tests.push((
        "verdict is equal".into(),
        (verdict != "equal").then(|| format!("it is {verdict}")),
    ));
    tests
}

/// One KTAP document with one subtest a cell.
pub fn render(reports: &[Value]) -> String {
    let mut out = String::from("KTAP version 1\n");
    // Writing to a String cannot fail.
    let _ = writeln!(out, "1..{}", reports.len());
    for (n, report) in reports.iter().enumerate() {
        let tests = tests(report);
        let _ = writeln!(out, "  KTAP version 1\n  1..{}", tests.len());
        let mut passed = true;
        for (m, (name, failed)) in tests.iter().enumerate() {
            // A hash sign would begin a directive.
            let name = name.replace('#', "");
            match failed {
                None => {
                    let _ = writeln!(out, "  ok {} {name}", m + 1);
                }
                Some(why) => {
                    passed = false;
                    let _ = writeln!(out, "  # {}", why.replace('\n', " "));
                    let _ = writeln!(out, "  not ok {} {name}", m + 1);
                }
            }
        }
        let word = if passed { "ok" } else { "not ok" };
        let _ = writeln!(
            out,
            "{word} {} {}",
            n + 1,
            report["name"].as_str().unwrap_or("?")
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::render;
    use serde_json::json;

    #[test]
    fn a_difference_fails_the_cell() {
        let side = json!({"phases": [{"phase": "load", "ok": true}]});
        let mut report = json!({"name": "x", "sides": {"c1": side}, "problems": [], "differences": [], "verdict": "equal"});
        let good = render(&[report.clone()]);
        assert!(good.starts_with("KTAP version 1\n1..1\n"), "{good}");
        assert!(
            good.contains("  1..5\n") && good.ends_with("\nok 1 x\n") && !good.contains("not ok"),
            "{good}"
        );
        report["differences"] = json!([{"text": "payload: here"}]);
        report["verdict"] = json!("different");
        let bad = render(&[report]);
        assert!(
            bad.contains("# 1 in all, first: payload: here") && bad.ends_with("\nnot ok 1 x\n"),
            "{bad}"
        );
    }
}
