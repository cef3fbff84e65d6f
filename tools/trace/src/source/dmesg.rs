// SPDX-License-Identifier: GPL-2.0
//! A kernel log of `nouveau.debug=gsp=trace`: what `r535_gsp_rpc_send()` and `r535_gsp_msg_dump()` (rm/r535/rpc.c) print, and
//! in their place nvkm_rust_dump(). It has no sequence numbers, and the bytes of large replies come joined. An event that no
//! function is registered for is printed twice.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::trace::Entry;
use crate::Message;
use crate::Queue;
use crate::Trace;
use crate::RPC_HEADER;

use super::choose;

/// The subsystem that prints.
const SUBDEV: &str = ": gsp:";
/// What a message begins with.
const HEADS: [(&str, Queue); 2] = [("rpc fn:", Queue::Cmdq), ("msg fn:", Queue::Msgq)];
/// Where nouveau says which firmware runs (base.c).
const VERSION: &str = "RM version: ";
const MARK: &str = "nvkm-mark ";
/// Bytes a line of a dump.
const ROW: usize = 16;
/// Characters of a line's bytes: two digits each, a space between them.
const DIGITS: usize = 3 * ROW - 1;
/// More problems than these are counted only.
const PROBLEMS: usize = 100;

/// The queue of a line that begins a message, what stands before it, and what it says.
fn head(line: &str) -> Option<(Queue, &str, &str)> {
    let (before, said) = line.split_once(SUBDEV)?;
    // nvkm_trace() puts a space there, nvkm_printk__() none.
    let said = said.trim_start();
    HEADS
        .iter()
        .find_map(|(text, queue)| Some((*queue, before, said.strip_prefix(*text)?)))
}

/// Whether a line begins a message.
pub fn is_message(line: &str) -> bool {
    head(line).is_some()
}

/// The PCI address before a message: the last word.
fn device(before: &str) -> Option<&str> {
    before
        .rsplit(char::is_whitespace)
        .next()
        .filter(|w| w.contains(':'))
}

/// A line of a dump: which, at what offset, its bytes.
fn dump(line: &str) -> Option<(Queue, usize, Vec<u8>)> {
    let tags = [("rpc: ", Queue::Cmdq), ("msg: ", Queue::Msgq)];
    let (queue, rest) = tags.iter().find_map(|(tag, queue)| {
        let at = line.find(*tag)?;
        // At the beginning, or behind a time or a word of the log's.
        let before = line[..at].chars().next_back();
        before
            .is_none_or(char::is_whitespace)
            .then(|| (*queue, &line[at + tag.len()..]))
    })?;
    let (offset, text) = rest.split_once(": ")?;
    let offset = (offset.len() == 8).then(|| usize::from_str_radix(offset, 16).ok())??;
    // Behind the digits stand the same bytes as characters.
    let digits = text.get(..DIGITS).unwrap_or(text);
    let mut bytes = Vec::with_capacity(ROW);
    for word in digits.split(' ').filter(|w| !w.is_empty()) {
        if word.len() != 2 {
            return None;
        }
        bytes.push(u8::from_str_radix(word, 16).ok()?);
    }
    Some((queue, offset, bytes))
}

/// `name:value` of a message's line, the value up to a slash.
fn value(said: &str, name: &str) -> Option<u32> {
    let word = said.split_whitespace().find_map(|w| w.strip_prefix(name))?;
    let word = word.split('/').next()?;
    match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

/// Reads a log.
///
/// # Errors
///
/// It is of several devices, and none was said.
pub fn parse(text: &str, wanted: Option<&str>) -> Result<Trace> {
    let devices: BTreeSet<&str> = text
        .lines()
        .filter_map(head)
        .filter_map(|(_, before, _)| device(before))
        .collect();
    let devices: Vec<String> = devices.into_iter().map(str::to_owned).collect();
    let chosen = choose(&devices, wanted)?;
    let mut trace = Trace {
        devices,
        ..Trace::default()
    };
    let mut mark = None;
    // Whose dump comes, by queue: a message of another device has none here.
    let mut open: [Option<usize>; 2] = [None, None];
    let mut unsaid = 0;
    for (n, line) in text.lines().enumerate() {
        let mut problem = None;
        if let Some((queue, before, said)) = head(line) {
            let slot = usize::from(queue == Queue::Msgq);
            open[slot] = None;
            if device(before) == chosen.as_deref() {
                match message(queue, said, trace.messages.len() as u64, mark) {
                    Some(message) => {
                        open[slot] = Some(trace.messages.len());
                        trace.order.push(Entry::Message(trace.messages.len()));
                        trace.messages.push(message);
                    }
                    None => problem = Some("a message without function or length".to_owned()),
                }
            }
        } else if let Some((queue, offset, bytes)) = dump(line) {
            let slot = usize::from(queue == Queue::Msgq);
            if let Some(at) = open[slot] {
                let message = &mut trace.messages[at];
                let left =
                    (message.len as usize).saturating_sub(RPC_HEADER + message.payload.len());
                if offset == message.payload.len() && bytes.len() == left.min(ROW) {
                    message.payload.extend_from_slice(&bytes);
                } else {
                    let have = message.payload.len();
                    problem = Some(format!(
                        "{} bytes at {offset:#x}, but {have:#x} came before it, and {left:#x} are to come: the rest is left out",
                        bytes.len()
                    ));
                    open[slot] = None;
                }
            }
        } else if let Some((_, version)) = line.split_once(VERSION) {
            let version = version.split_whitespace().next().map(str::to_owned);
            trace.firmware = trace.firmware.or(version);
        } else if let Some((_, number)) = line.split_once(MARK) {
            if let Ok(number) = number.trim().parse() {
                mark = Some(number);
                trace.order.push(Entry::Mark(number));
            }
        }
        match problem {
            Some(text) if trace.problems.len() < PROBLEMS => {
                trace.order.push(Entry::Problem(trace.problems.len()));
                trace.problems.push(format!("line {}: {text}", n + 1));
            }
            Some(_) => unsaid += 1,
            None => {}
        }
    }
    if unsaid > 0 {
        trace.problems.push(format!("{unsaid} more problems"));
    }
    let cut = trace.messages.iter().filter(|m| m.missing() > 0).count();
    if cut > 0 {
        trace.problems.push(format!("{cut} messages lack bytes"));
    }
    Ok(trace)
}

fn message(queue: Queue, said: &str, n: u64, mark: Option<u32>) -> Option<Message> {
    // What stands behind fn: is the first word.
    let function = said.split_whitespace().next()?.parse().ok()?;
    Some(Message {
        n,
        q: queue,
        function,
        name: String::new(),
        len: value(said, "len:")?,
        seq: 0,
        elem_seq: 0,
        // r535_gsp_rpc_get() sends each command with -1, and the log does not say so.
        result: value(said, "res:").unwrap_or(u32::MAX),
        elems: 0,
        payload: Vec::new(),
        mark,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::Queue;

    const LOG: &str = "\
[   12.100000] nouveau 0000:01:00.0: gsp: RM version: 570.144
[   12.123456] nouveau 0000:01:00.0: gsp: rpc fn:76 len:0x38/0x18
[   12.123457] rpc: 00000000: 00 00 d0 c1 00 00 0d c1 5c 0a 80 20 00 00 00 00  ........\\.. ....
[   12.123458] rpc: 00000010: 00 00 00 00 00 00 00 00                          ........
[   12.123459] nouveau 0000:01:00.0: gsp: cmdq: wptr 3
[   12.200000] nouveau 0000:01:00.0: gsp:msg fn:4101 len:0x20/0x0 res:0x0 resp:0x0
[   12.300000] nouveau 0000:01:00.0: gsp:msg fn:10 len:0x30/0x10 res:0x57 resp:0x0
[   12.300001] msg: 00000000: 61 62 63 20 64 65 66 20 30 31 20 30 32 20 30 33  abc def 01 02 03
";

    #[test]
    fn both_directions_and_their_bytes() {
        let trace = parse(LOG, None).unwrap();
        assert_eq!(trace.problems, Vec::<String>::new());
        assert_eq!(trace.firmware.as_deref(), Some("570.144"));
        assert_eq!(trace.devices, ["0000:01:00.0"]);
        let of = |n: usize| {
            let m = &trace.messages[n];
            (m.q, m.function, m.len, m.result, m.payload.len())
        };
        assert_eq!(of(0), (Queue::Cmdq, 76, 0x38, u32::MAX, 0x18));
        assert_eq!(of(1), (Queue::Msgq, 0x1005, 0x20, 0, 0));
        assert_eq!(of(2), (Queue::Msgq, 10, 0x30, 0x57, 16));
        assert_eq!(trace.messages[0].control(), Some(0x2080_0a5c));
        assert_eq!(trace.messages[2].payload, b"abc def 01 02 03");
        assert!(!trace.headers);
    }

    #[test]
    fn other_loggers_put_other_things_in_front() {
        let log = LOG.replace("[   12.", "Nov 02 10:00:00 box kernel: [   12.");
        assert_eq!(
            parse(&log, None).unwrap().messages,
            parse(LOG, None).unwrap().messages
        );
        let bare = LOG.lines().map(|l| &l[15..]).collect::<Vec<_>>().join("\n");
        assert_eq!(
            parse(&bare, None).unwrap().messages,
            parse(LOG, None).unwrap().messages
        );
    }

    #[test]
    fn a_line_that_is_not_there_is_said() {
        let lines: Vec<&str> = LOG
            .lines()
            .filter(|l| !l.contains("rpc: 00000000"))
            .collect();
        let trace = parse(&lines.join("\n"), None).unwrap();
        assert_eq!(trace.messages[0].payload, b"");
        assert_eq!(trace.problems.len(), 2, "{:?}", trace.problems);
        assert!(
            trace.problems[0].contains("8 bytes at 0x10"),
            "{:?}",
            trace.problems
        );
        assert!(trace.problems[1].contains("1 messages lack bytes"));
        // Even where what comes next is as long as what is not there.
        let whole = LOG.replace("len:0x38/0x18", "len:0x40/0x20").replace(
            "00000010: 00 00 00 00 00 00 00 00                        ",
            "00000010: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
        );
        assert_eq!(parse(&whole, None).unwrap().problems, Vec::<String>::new());
        let lines: Vec<&str> = whole
            .lines()
            .filter(|l| !l.contains("rpc: 00000000"))
            .collect();
        let trace = parse(&lines.join("\n"), None).unwrap();
        assert!(
            trace.problems[0].contains("16 bytes at 0x10"),
            "{:?}",
            trace.problems
        );
    }

    #[test]
    fn another_device_is_another_trace() {
        let log = LOG.to_owned() + &LOG.replace("0000:01:00.0", "0000:02:00.0");
        let error = parse(&log, None).unwrap_err().to_string();
        assert!(error.contains("0000:01:00.0, 0000:02:00.0"), "{error}");
        let trace = parse(&log, Some("02:00.0")).unwrap();
        assert_eq!(trace.messages.len(), 3);
        assert_eq!(trace.problems, Vec::<String>::new());
        assert!(parse(LOG, Some("0000:03:00.0")).is_err());
    }

    #[test]
    fn no_cut_of_it_is_trouble() {
        for end in (0..LOG.len()).filter(|n| LOG.is_char_boundary(*n)) {
            let _ = parse(&LOG[..end], None);
            let _ = parse(&LOG[end..], None);
        }
    }
}
