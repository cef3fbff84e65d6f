// SPDX-License-Identifier: GPL-2.0
//! One register access, and how `mmio.txt` writes them.

use anyhow::bail;
use anyhow::Result;

/// One register access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// Write, or else read.
    pub write: bool,
    /// Offset in BAR0.
    pub addr: u32,
    /// The value.
    pub value: u32,
    /// The number of the DMA address in it, which `value` then no longer has; nvkm-ab numbers them.
    pub dma: Option<u32>,
    /// The last mark before it.
    pub mark: Option<u32>,
    /// Messages that were taken from a queue, or put into one, before it (`Message::n` of the next one).
    pub messages: u64,
}

impl Access {
    /// The value as reports show it.
    pub fn shown(&self) -> String {
        match self.dma {
            Some(n) if self.value != 0 => format!("dma#{n} | {:#010x}", self.value),
            Some(n) => format!("dma#{n}"),
            None => format!("{:#010x}", self.value),
        }
    }
}

/// When the device complained: the last mark before it, and how many messages there were.
pub type Complaint = (Option<u32>, u64);

/// Parses `mmio.txt`.
///
/// # Errors
///
/// A line is neither an access nor a comment.
pub fn mmio(text: &str) -> Result<Vec<Access>> {
    Ok(mmio_and_errors(text)?.0)
}

/// The same, and when the device complained: of `errors` in `device.json`, in that order.
///
/// # Errors
///
/// As [`mmio`].
pub fn mmio_and_errors(text: &str) -> Result<(Vec<Access>, Vec<Complaint>)> {
    let mut mark = None;
    let mut messages = 0;
    let mut accesses = Vec::new();
    let mut errors = Vec::new();
    let number = |word: &str| u32::from_str_radix(word.trim_start_matches("0x"), 16).ok();
    for (n, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (None, ..) => {}
            (Some("#"), Some("mark"), Some(number)) => mark = number.parse().ok(),
            (Some("#"), Some("wire"), Some(number)) => {
                messages = number
                    .parse()
                    .map_or(messages, |n: u64| n.saturating_add(1));
            }
            (Some("#"), Some("error"), Some(_)) => errors.push((mark, messages)),
            (Some(word), ..) if word.starts_with('#') => {}
            (Some(kind @ ("R" | "W")), Some(addr), Some(value)) => {
                match (number(addr), number(value)) {
                    (Some(addr), Some(value)) => accesses.push(Access {
                        write: kind == "W",
                        addr,
                        value,
                        dma: None,
                        mark,
                        messages,
                    }),
                    _ => bail!("line {}: '{line}' is not an access", n + 1),
                }
            }
            _ => bail!("line {}: '{line}' is not an access", n + 1),
        }
    }
    Ok((accesses, errors))
}

#[cfg(test)]
mod tests {
    use super::{mmio, mmio_and_errors};

    #[test]
    fn register_lines_and_marks() {
        let accesses =
            mmio("# made by x\nR 0x100 0x1\n# mark 3\n# wire 7\nW 0x104 0xffffffff\n").unwrap();
        assert_eq!(accesses.len(), 2);
        assert_eq!(accesses[0].mark, None);
        assert_eq!(accesses[1].mark, Some(3));
        assert_eq!((accesses[0].messages, accesses[1].messages), (0, 8));
        assert!(accesses[1].write);
        let (_, errors) = mmio_and_errors("# error 0\n# mark 3\n# wire 7\n# error 1\n").unwrap();
        assert_eq!(errors, [(None, 0), (Some(3), 8)]);
        assert!(mmio("R 0x100").is_err());
        assert!(mmio("X 0x100 0x1").is_err());
        assert!(mmio("R zz 0x1").is_err());
    }
}
