// SPDX-License-Identifier: GPL-2.0
//! A driver beside nouveau that submits commands to GSP-RM (`selftests/core`).

use std::fs;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use nvkm_guest::modules;

const MODULE: &str = "/extra/nvkm_gsp_sample.ko";
const NAME: &str = "nvkm_gsp_sample";
const RESULT: &str = "/sys/kernel/debug/nvkm_gsp_sample/result";
const AGAIN: &str = "/sys/kernel/debug/nvkm_gsp_sample/again";
const UNTIL_GONE: &str = "/sys/module/nvkm_gsp_sample/parameters/until_gone";
/// What must be none at all when a round is over.
const NEVER: [&str; 5] = ["failed", "swapped", "lost", "twice", "unsaid"];
/// The longest that a round may take, in guest time.
const ROUND: Duration = Duration::from_secs(600);

/// Runs one step: `load` (begins a round; `load:NAME=VALUE:…` with parameters), `wait` (until it is over, and sees to it that
/// all is well), `forever` (begins
/// one that ends when the device goes), `again` (begins one as after `load`), `unload`.
///
/// # Errors
///
/// There is no such step, the module cannot do it, or a round did not end well.
pub fn run(step: &str) -> Result<Value> {
    let (step, params) = step.split_once(':').unwrap_or((step, ""));
    match step {
        "load" => modules::load(MODULE, &params.replace(':', " "))?,
        "wait" => return wait(),
        "forever" | "again" => {
            write(UNTIL_GONE, if step == "again" { "0" } else { "1" })?;
            write(AGAIN, "1")?;
        }
        "unload" => modules::unload(NAME)?,
        _ => bail!("core={step}: there are load, wait, forever, again and unload"),
    }
    Ok(json!({}))
}

fn write(path: &str, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("{path} cannot be written"))
}

/// Waits for the round's end. What it came to goes into the report.
fn wait() -> Result<Value> {
    let begin = Instant::now();
    let text = loop {
        let text = fs::read_to_string(RESULT).with_context(|| RESULT.to_string())?;
        if text.contains("state: done") {
            break text;
        }
        if begin.elapsed() > ROUND {
            bail!("the round does not end: {}", text.replace('\n', "; "));
        }
        thread::sleep(Duration::from_millis(50));
    };
    let number = |name: &str| -> Result<u64> {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok())
            .with_context(|| format!("no number '{name}' in the result"))
    };
    for name in NEVER {
        if number(name)? != 0 {
            bail!("{name} is not 0: {}", text.replace('\n', "; "));
        }
    }
    if number("submitted")? != number("replied")? + number("refused")? + number("asleep")? {
        bail!("not every command has ended: {}", text.replace('\n', "; "));
    }
    if let Some(bad) = text.lines().find(|line| line.ends_with(": not ok")) {
        bail!("{bad}");
    }
    let checks = text.lines().filter(|line| line.ends_with(": ok")).count();
    Ok(json!({
        "round": number("round")?,
        "submitted": number("submitted")?,
        "replied": number("replied")?,
        "refused": number("refused")?,
        "asleep": number("asleep")?,
        "events": number("events")?,
        "once": number("once")?,
        "reopened": number("reopened")?,
        "checks": checks,
    }))
}
