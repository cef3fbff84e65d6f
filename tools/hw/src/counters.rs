// SPDX-License-Identifier: GPL-2.0
//! The driver's counters go on from bind to bind while the module stays: what counts for a side is their growth.

use std::collections::BTreeMap;

use crate::card::Card;
use crate::root::Root;

/// The card's counters as text; none if the driver has none (nothing was bound yet).
pub fn read(root: &Root, card: &Card) -> Option<String> {
    root.text(&format!(
        "/sys/kernel/debug/nouveau/rust_gsp/{}",
        card.address
    ))
}

/// A line's numbers by name.
fn numbers(line: &str) -> BTreeMap<&str, u64> {
    line.split_whitespace()
        .filter_map(|w| w.split_once('='))
        .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
        .collect()
}

/// The text of `after` with each number less what it was in `before`. `bind`, owner and setting stay as they are.
pub fn since(before: &str, after: &str) -> String {
    let mut old: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (name, rest) in before.lines().filter_map(|l| l.split_once(':')) {
        old.insert(name, numbers(rest));
    }
    let mut out = String::new();
    for line in after.lines() {
        let Some((name, rest)) = line.split_once(':') else {
            continue;
        };
        let was = |field: &str| {
            old.get(name)
                .and_then(|o| o.get(field))
                .copied()
                .unwrap_or(0)
        };
        let words: Vec<String> = rest
            .split_whitespace()
            .map(|word| {
                match word
                    .split_once('=')
                    .and_then(|(f, v)| Some((f, v.parse::<u64>().ok()?)))
                {
                    Some((field, value)) => format!("{field}={}", value.saturating_sub(was(field))),
                    None => word.to_string(),
                }
            })
            .collect();
        out.push_str(&format!("{name}: {}\n", words.join(" ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::since;

    #[test]
    fn numbers_grow_and_words_stay() {
        let before = "bind: 2\nrequested: 0\nfirmware: 570.144\nrpc: owner=c c_calls=10 rust_calls=0 sent=4\n";
        let after = "bind: 3\nrequested: rpc,fw\nfirmware: 570.144\nrpc: owner=rust c_calls=10 rust_calls=7 sent=9\n\
                     shadow: compared=3 mismatches=0\n";
        let text = since(before, after);
        assert_eq!(
            text,
            "bind: 3\nrequested: rpc,fw\nfirmware: 570.144\nrpc: owner=rust c_calls=0 rust_calls=7 sent=5\n\
             shadow: compared=3 mismatches=0\n"
        );
        // Nothing was bound before.
        assert!(since("", after).contains("c_calls=10"));
    }
}
