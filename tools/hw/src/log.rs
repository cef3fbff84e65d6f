// SPDX-License-Identifier: GPL-2.0
//! Which lines of a machine's kernel log are about the card: only those are compared, and only those leave the machine.

use nvkm_ab::vm::guest::Log;
use regex::Regex;

/// Words that make a line one of ours.
const WORDS: [&str; 6] = [
    "nouveau",
    "nvkm",
    "[drm",
    "drm:",
    "gsp:",
    "(log records lost)",
];
/// What begins the kernel's own complaints, of many lines each, and what ends them.
const BEGIN: [&str; 6] = [
    "[ cut here ]",
    "WARNING:",
    "BUG:",
    "Oops",
    "general protection fault",
    "INFO: task",
];
const END: &str = "---[ end trace";
/// Lines of such a complaint that tell of the machine and not of what happened.
const MACHINE: [&str; 5] = [
    "Hardware name:",
    "Modules linked in:",
    "CPU:",
    "Comm:",
    "Kernel panic",
];
/// No complaint has more lines than this.
const LONGEST: usize = 80;

/// Whether a line names our card, or at least no other device.
fn ours(text: &str, card: &str, address: &Regex) -> bool {
    let slot = card.rsplit_once('.').map_or(card, |(slot, _)| slot);
    let others = address
        .find_iter(text)
        .any(|m| !m.as_str().starts_with(slot));
    text.contains(slot) || (!others && WORDS.iter().any(|w| text.contains(w)))
}

/// The lines about the card.
pub fn about(lines: &[Log], card: &str) -> Vec<Log> {
    // Domain, bus, slot, function, as the kernel writes it.
    let address = Regex::new(r"\b[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b")
        .unwrap_or_else(|e| unreachable!("{e}"));
    let mut kept = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if BEGIN.iter().any(|b| lines[at].text.contains(b)) {
            let rest = &lines[at..lines.len().min(at + LONGEST)];
            let end = rest
                .iter()
                .position(|l| l.text.contains(END))
                .map(|n| n + 1);
            // One without an end is known by its own lines only.
            if let Some(end) = end {
                let word = |l: &Log| {
                    WORDS.iter().any(|w| l.text.contains(w))
                        && !l.text.contains("Modules linked in")
                };
                if rest[..end].iter().any(word) {
                    let tells = |l: &&Log| !MACHINE.iter().any(|m| l.text.starts_with(m));
                    kept.extend(rest[..end].iter().filter(tells).cloned());
                }
                at += end;
                continue;
            }
        }
        if ours(&lines[at].text, card, &address) {
            kept.push(lines[at].clone());
        }
        at += 1;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[&str]) -> Vec<String> {
        let make = |t: &&str| Log {
            phase: "bind".into(),
            prio: 6,
            us: 0,
            text: t.to_string(),
        };
        let lines: Vec<Log> = lines.iter().map(make).collect();
        about(&lines, "0000:01:00.0")
            .into_iter()
            .map(|l| l.text)
            .collect()
    }

    #[test]
    fn other_devices_stay_out() {
        let kept = texts(&[
            "nouveau 0000:01:00.0: NVIDIA GA106 (b76000a1)",
            "usb 1-2: SerialNumber: 0123456789AB",
            "nouveau 0000:02:00.0: the other card",
            "i915 0000:00:02.0: [drm] another driver",
            "snd_hda_intel 0000:01:00.1: its sound",
            "[drm] Initialized nouveau 1.4.0",
            "wlan0: associated with 12:34:56:78:9a:bc",
        ]);
        assert_eq!(
            kept,
            [
                "nouveau 0000:01:00.0: NVIDIA GA106 (b76000a1)",
                "snd_hda_intel 0000:01:00.1: its sound",
                "[drm] Initialized nouveau 1.4.0"
            ]
        );
    }

    #[test]
    fn a_warning_is_kept_as_a_whole_without_the_machine() {
        let kept = texts(&[
            "------------[ cut here ]------------",
            "WARNING: CPU: 3 PID: 12 at drivers/gpu/drm/nouveau/nvkm/x.c:1 nvkm_x+0x1/0x2 [nouveau]",
            "Modules linked in: nouveau",
            "Hardware name: Maker Model/Board, BIOS 1.2",
            " r535_gsp_x+0x1/0x2",
            "---[ end trace 0000000000000000 ]---",
            "------------[ cut here ]------------",
            "WARNING: CPU: 3 PID: 12 at net/core/x.c:1 x+0x1/0x2",
            "Modules linked in: nouveau",
            "---[ end trace 0000000000000000 ]---",
        ]);
        assert_eq!(kept.len(), 4, "{kept:?}");
        assert!(kept[2].contains("r535_gsp_x"));
    }
}
