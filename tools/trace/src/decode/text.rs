// SPDX-License-Identifier: GPL-2.0
//! Numbers and bytes as a person reads them.

use crate::layouts::Flag;
use crate::to_hex;

/// The text that bytes are: printable up to the first zero, and zero from there.
pub fn printable(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let (text, rest) = bytes.split_at(end);
    let plain = text
        .iter()
        .all(|b| b.is_ascii_graphic() || b" \t\n\r".contains(b));
    (plain && rest.iter().all(|b| *b == 0)).then(|| std::str::from_utf8(text).ok())?
}

/// Bytes in hexadecimal, zeros at the end counted.
pub fn hex(bytes: &[u8]) -> String {
    let used = bytes.iter().rposition(|b| *b != 0).map_or(0, |n| n + 1);
    let zeros = bytes.len() - used;
    let mut out = to_hex(&bytes[..used]);
    if zeros > 0 {
        if used > 0 {
            out.push(' ');
        }
        out += &format!("00*{zeros}");
    }
    out
}

/// A number, as short as it can be.
pub fn plain(number: u64) -> String {
    if number < 10 {
        number.to_string()
    } else {
        format!("{number:#x}")
    }
}

/// A number with all its digits.
pub fn wide_hex(number: u64, digits: usize) -> String {
    format!("{number:#0width$x}", width = digits + 2)
}

/// A number of flags: those that are not 0, by name, and the bits that have none.
pub fn flagged(number: u64, flags: &[Flag]) -> String {
    let mut out = wide_hex(number, 8);
    let mut left = number;
    let mut words = Vec::new();
    for flag in flags.iter().filter(|f| f.low < 64) {
        let mask = if flag.width >= 64 {
            u64::MAX
        } else {
            (1 << flag.width) - 1
        };
        let value = (number >> flag.low) & mask;
        left &= !(mask << flag.low);
        if value != 0 {
            let name = flag.values.get(&value).cloned();
            words.push(format!(
                "{}={}",
                flag.name,
                name.unwrap_or_else(|| plain(value))
            ));
        }
    }
    if left != 0 {
        words.push(format!("{left:#x}"));
    }
    if !words.is_empty() {
        out += &format!(" {}", words.join(" "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::flagged;
    use super::hex;
    use super::printable;
    use crate::layouts::Flag;

    #[test]
    fn bytes_as_text_and_as_digits() {
        assert_eq!(printable(b"abc\0\0"), Some("abc"));
        assert_eq!(printable(b"ab\x01\0"), None);
        assert_eq!(printable(b"ab\0c"), None);
        assert_eq!(printable(b"\0\0"), Some(""));
        assert_eq!(hex(&[1, 0, 0]), "01 00*2");
        assert_eq!(hex(&[0, 0]), "00*2");
        assert_eq!(hex(&[0, 1]), "0001");
    }

    #[test]
    fn flags_by_name_and_the_rest() {
        let flag = |name: &str, low, width| Flag {
            name: name.into(),
            low,
            width,
            values: [(2, "TWO".to_owned())].into(),
        };
        let flags = [flag("A", 0, 2), flag("B", 4, 1)];
        assert_eq!(flagged(0, &flags), "0x00000000");
        assert_eq!(flagged(0x12, &flags), "0x00000012 A=TWO B=1");
        assert_eq!(flagged(0x80, &flags), "0x00000080 0x80");
    }
}
