// SPDX-License-Identifier: GPL-2.0
//! The lines of a kernel log, out of all that people keep one in: `dmesg` (also `-x`, `-r`, `-J`), syslog, `journalctl` in any of its
//! outputs, /dev/kmsg and netconsole (Documentation/ABI/testing/dev-kmsg, Documentation/networking/netconsole.rst).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

/// The journal's field of a message, and that of `dmesg -J`.
const FIELDS: [&str; 2] = ["MESSAGE", "msg"];
/// Messages of netconsole that wait for their other parts.
const PARTS: usize = 1000;

/// Without what terminals colour lines with, and without a carriage return at the end.
fn plain(line: &str) -> Cow<'_, str> {
    let line = line.trim_end_matches('\r');
    if !line.contains('\u{1b}') {
        return line.into();
    }
    let mut parts = line.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part
            .strip_prefix('[')
            .map(|p| p.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        // One letter ends the sequence.
        out += rest.map_or(part, |r| r.get(1..).unwrap_or_default());
    }
    out.into()
}

/// The text of a field: a string, or its bytes where it is no plain text.
fn text(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let bytes = value
        .as_array()?
        .iter()
        .map(|b| u8::try_from(b.as_u64()?).ok());
    Some(String::from_utf8_lossy(&bytes.collect::<Option<Vec<u8>>>()?).into_owned())
}

/// A message in JSON: an object a line, or one of the lines of an object.
fn json(line: &str) -> Option<String> {
    let line = line.strip_prefix("data: ").unwrap_or(line).trim();
    if line.starts_with("{\"") {
        let object: Value = serde_json::from_str(line).ok()?;
        return FIELDS.iter().find_map(|field| text(&object[*field]));
    }
    let (field, value) = line.strip_prefix('"')?.split_once('"')?;
    let value = value
        .trim_start()
        .strip_prefix(':')?
        .trim()
        .trim_end_matches(',');
    let known = FIELDS.contains(&field);
    known.then(|| text(&serde_json::from_str(value).ok()?))?
}

/// A record of /dev/kmsg: its number, which part of it this is (offset and length of the whole) and its text.
struct Record<'a> {
    number: u64,
    part: Option<(usize, usize)>,
    text: &'a str,
}

fn kmsg(line: &str) -> Option<Record<'_>> {
    let (head, text) = line.split_once(';')?;
    // Whoever received it may have put something before it.
    let mut words = head.rsplit(char::is_whitespace).next()?.split(',');
    words.next()?.parse::<u32>().ok()?;
    let number = words.next()?.parse().ok()?;
    words.next()?.parse::<u64>().ok()?;
    words.next()?;
    let part = words.find_map(|word| {
        let (offset, whole) = word.strip_prefix("ncfrag=")?.split_once('/')?;
        Some((offset.parse().ok()?, whole.parse().ok()?))
    });
    Some(Record { number, part, text })
}

/// Text in which what cannot be printed, and a backslash, is `\xNN`.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, next)) = rest.split_first() {
        let escaped = rest
            .strip_prefix(b"\\x")
            .and_then(|r| r.get(..2))
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                rest = &rest[4..];
            }
            None => {
                out.push(*first);
                rest = next;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The text of a line that is a whole message by itself.
pub fn one(line: &str) -> Cow<'_, str> {
    let line = plain(line);
    if let Some(text) = json(&line) {
        return text.into();
    }
    if let Some(text) = line.trim_start().strip_prefix("MESSAGE=") {
        return text.to_owned().into();
    }
    match kmsg(&line).map(|record| unescape(record.text)) {
        Some(text) => text.into(),
        None => line,
    }
}

/// All lines, each with the number of the line of the file that it ends in.
pub fn all(log: &str) -> Vec<(usize, String)> {
    let mut parts: BTreeMap<u64, String> = BTreeMap::new();
    let mut found = Vec::new();
    for (n, line) in log.lines().enumerate() {
        let text = match kmsg(line) {
            Some(Record {
                number,
                part: Some((offset, whole)),
                text,
            }) => {
                let so_far = parts.entry(number).or_default();
                if so_far.len() == offset {
                    so_far.push_str(text);
                }
                if so_far.len() < whole {
                    if parts.len() > PARTS {
                        parts.pop_first();
                    }
                    continue;
                }
                unescape(&parts.remove(&number).unwrap_or_default()).into()
            }
            _ => one(line),
        };
        // A message may be of several lines.
        found.extend(text.lines().map(|text| (n + 1, text.to_owned())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "rpc: 00000000: 5c  \\";

    #[test]
    fn all_that_a_log_is_kept_in() {
        for line in [
            TEXT,
            "rpc: 00000000: 5c  \\\r",
            "\u{1b}[32m\u{1b}[0mrpc: 00000000: \u{1b}[1;31m5c  \\\u{1b}[0m",
            "6,902,5200010,-;rpc: 00000000: 5c  \\x5c",
            "2026-11-02T10:00:00 10.0.0.1 6,902,5200010,-,caller=T1;rpc: 00000000: 5c  \\x5c",
            "MESSAGE=rpc: 00000000: 5c  \\",
            "    MESSAGE=rpc: 00000000: 5c  \\",
            r#"{"PRIORITY":"6","MESSAGE":"rpc: 00000000: 5c  \\"}"#,
            r#"data: {"MESSAGE":"rpc: 00000000: 5c  \\"}"#,
            r#"	"MESSAGE" : "rpc: 00000000: 5c  \\","#,
            r#"         "msg": "rpc: 00000000: 5c  \\""#,
            "{\"MESSAGE\":[114,112,99,58,32,48,48,48,48,48,48,48,48,58,32,53,99,32,32,92]}",
        ] {
            assert_eq!(one(line), TEXT, "{line}");
        }
        for line in [
            "{\"mark\":1}",
            "{\"MESSAGE\":7}",
            "a,b,c;d",
            "1;2",
            "{",
            "\u{1b}",
            "\u{1b}[",
        ] {
            let _ = one(line);
        }
        assert_eq!(one("a; 1,2,3,-;b"), "a; 1,2,3,-;b");
    }

    #[test]
    fn parts_of_netconsole_are_joined() {
        let log =
            "6,416,17,-,ncfrag=0/12;rpc: 0\n6,417,18,-;other\n6,416,17,-,ncfrag=6/12;\\x5c00\n";
        assert_eq!(
            all(log),
            [(2, "other".to_owned()), (3, "rpc: 0\\00".to_owned())]
        );
        // One whose beginning is missing is none.
        assert_eq!(all("6,416,17,-,ncfrag=6/12;000000\n"), []);
    }
}
