// SPDX-License-Identifier: GPL-2.0
//! What a run will do, in plain words, and the question whether it may.

use std::fmt::Write as _;
use std::io;
use std::io::BufRead;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use nvkm_ab::verdict::SHADOW;

use crate::preflight::Preflight;
use crate::restore::Before;
use crate::say;

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Do not.
    No,
    /// There is nobody to ask, and nothing on the command line says yes.
    Nobody,
}

/// The plan in words.
pub fn words(
    found: &Preflight,
    before: &Before,
    seams: &[String],
    limit: Duration,
    out: &Path,
) -> String {
    let mut text = String::new();
    let Some(card) = &found.card else {
        return text;
    };
    let chip = found
        .chip
        .map_or("of a chip that is not known yet".into(), |c| {
            c.name.to_uppercase()
        });
    let loads = before.setting.is_none();
    let third = match seams {
        [] => "once more the same".to_string(),
        [one] if one == SHADOW => "once with Rust computing beside it".into(),
        _ => format!("once with {} in Rust", seams.join(",")),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "This is what will be done to the card {} ({chip}, {}):",
        card.address, card.device
    );
    if loads {
        let _ = writeln!(
            text,
            "  - load nouveau (it takes every NVIDIA card that has no driver)"
        );
    }
    let _ = writeln!(
        text,
        "  - take the card from its driver ({}); what it shows goes dark",
        before.driver.as_deref().unwrap_or("none has it")
    );
    let _ = writeln!(
        text,
        "  - three times, twice with all in C and {third}: give it to nouveau, copy 264 KiB with a copy engine, \
         take it away again; what the driver's tracepoints tell is written down"
    );
    let back = match (&before.driver, loads) {
        (_, true) => "leave the card without driver, and unload nouveau".to_string(),
        (Some(driver), _) => format!("give the card back to {driver}"),
        (None, _) => "leave the card without driver, as it was".to_string(),
    };
    let setting = before.setting.as_deref().unwrap_or("0");
    let _ = writeln!(text, "  - {back}; rust_gsp={setting}, as it was");
    let _ = writeln!(
        text,
        "A watchdog process brings the C side back if a step takes longer than {} s, or if this program dies.",
        limit.as_secs()
    );
    let _ = writeln!(
        text,
        "Everything goes to {}; nothing is sent anywhere.",
        out.display()
    );
    text
}

/// Asks.
pub fn ask(question: &str, yes: bool) -> Answer {
    if yes {
        return Answer::Yes;
    }
    if !io::stdin().is_terminal() {
        return Answer::Nobody;
    }
    say::out(&format!("{question} [y/N] "));
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(_) if ["y", "yes"].contains(&line.trim().to_lowercase().as_str()) => Answer::Yes,
        _ => Answer::No,
    }
}
