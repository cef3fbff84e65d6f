// SPDX-License-Identifier: GPL-2.0
//! Where two byte strings differ.

/// The stretches in which two byte strings differ: `what+offset`, and the bytes of both.
pub fn differing<'a>(
    what: &'a str,
    a: &'a [u8],
    b: &'a [u8],
) -> impl Iterator<Item = (String, String, String)> + 'a {
    /// Equal bytes between two differing ones that do not end a stretch.
    const GAP: usize = 3;
    let len = a.len().max(b.len());
    let differs = move |at: usize| a.get(at) != b.get(at);
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = (at..len).find(|&n| differs(n))?;
        let mut end = start + 1;
        while let Some(next) = (end..len.min(end + GAP + 1)).find(|&n| differs(n)) {
            end = next + 1;
        }
        at = end;
        Some((
            format!("{what}+{start:#x}"),
            show(a, start, end),
            show(b, start, end),
        ))
    })
}

fn show(bytes: &[u8], start: usize, end: usize) -> String {
    /// Longer stretches are cut: the trace has the rest.
    const SHOWN: usize = 16;
    let part = bytes.get(start..end.min(bytes.len())).unwrap_or_default();
    let mut text: Vec<String> = part
        .iter()
        .take(SHOWN)
        .map(|b| format!("{b:02x}"))
        .collect();
    if part.len() > SHOWN {
        text.push(format!("… ({} bytes)", part.len()));
    }
    text.join(" ")
}

#[cfg(test)]
mod tests {
    use super::differing;

    #[test]
    fn stretches_and_lengths() {
        let found: Vec<_> = differing(
            "x",
            &[1, 2, 3, 4, 5, 6, 7, 8, 9],
            &[1, 0, 0, 4, 5, 6, 7, 8, 0, 1],
        )
        .collect();
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            (
                "x+0x1".to_string(),
                "02 03".to_string(),
                "00 00".to_string()
            )
        );
        assert_eq!(
            found[1],
            ("x+0x8".to_string(), "09".to_string(), "00 01".to_string())
        );
        assert_eq!(differing("x", &[1], &[1]).count(), 0);
    }
}
