// SPDX-License-Identifier: GPL-2.0
//! A kernel log of `nouveau.debug=gsp=trace`: what `r535_gsp_rpc_send()` and `r535_gsp_msg_dump()` (rm/r535/rpc.c) print, and
//! in their place nvkm_rust_dump(). It has no sequence numbers, and the bytes of large replies come joined. An event that no
//! function is registered for is printed twice.

use std::collections::BTreeSet;

use anyhow::bail;
use anyhow::Result;

use crate::trace::Entry;
use crate::Message;
use crate::Queue;
use crate::Trace;
use crate::RPC_HEADER;

use super::choose;
use super::lines;

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

/// A line of a dump: which, at what offset, and its text behind that.
fn dump(line: &str) -> Option<(Queue, usize, &str)> {
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
    Some((queue, offset, text))
}

/// The bytes of a dump's line, of which so many are to come. Behind the digits stand the same bytes as characters: in a column of
/// their own, or behind one blank where somebody made one of many.
fn bytes(text: &str, due: usize) -> Vec<u8> {
    let collapsed = !text.trim_end().contains("  ");
    let (digits, most) = match collapsed {
        true => (text, due),
        false => (text.get(..DIGITS).unwrap_or(text), ROW),
    };
    let byte = |word: &str| (word.len() == 2).then(|| u8::from_str_radix(word, 16).ok())?;
    let words = digits.split(' ').filter(|w| !w.is_empty()).take(most);
    words.map_while(byte).collect()
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

/// The version of the firmware, where a line says which the chosen device runs. A line that names no device is its own.
fn version<'a>(line: &'a str, chosen: Option<&str>) -> Option<&'a str> {
    let (before, version) = line.split_once(VERSION)?;
    let of = before
        .rsplit_once(SUBDEV)
        .and_then(|(before, _)| device(before));
    let its = of.is_none() || chosen.is_none() || of == chosen;
    its.then(|| version.split_whitespace().next())?
}

/// Reads a log.
///
/// # Errors
///
/// It is of several devices, and none was said; or of several boots with firmware of several versions.
pub fn parse(text: &str, wanted: Option<&str>) -> Result<Trace> {
    let all = lines::all(text);
    let lines = all.iter().map(|(n, line)| (*n, line.as_str()));
    let devices: BTreeSet<&str> = lines
        .clone()
        .filter_map(|(_, line)| head(line))
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
    for (n, line) in lines {
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
        } else if let Some((queue, offset, text)) = dump(line) {
            let slot = usize::from(queue == Queue::Msgq);
            if let Some(at) = open[slot] {
                let message = &mut trace.messages[at];
                let left =
                    (message.len as usize).saturating_sub(RPC_HEADER + message.payload.len());
                let bytes = bytes(text, left.min(ROW));
                if offset == message.payload.len() && bytes.len() == left.min(ROW) && left > 0 {
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
        } else if let Some(version) = version(line, chosen.as_deref()) {
            let before = trace.firmware.replace(version.to_owned());
            if let Some(before) = before.filter(|b| b != version && !trace.messages.is_empty()) {
                bail!(
                    "the card is booted with {before} before line {n}, and with {version} there: give the log of one boot \
                     (journalctl -k -b N)"
                );
            }
        } else if let Some((_, number)) = line.split_once(MARK) {
            if let Ok(number) = number.trim().parse() {
                mark = Some(number);
                trace.order.push(Entry::Mark(number));
            }
        }
        match problem {
            Some(text) if trace.problems.len() < PROBLEMS => {
                trace.order.push(Entry::Problem(trace.problems.len()));
                trace.problems.push(format!("line {n}: {text}"));
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
    fn every_logger_keeps_the_bytes() {
        let whole = parse(LOG, None).unwrap().messages;
        let escaped = |line: &str| line.replace('\\', "\\x5c");
        let json =
            |line: &str| serde_json::json!({"_TRANSPORT": "kernel", "MESSAGE": line}).to_string();
        let text = |line: &str| line[15..].to_owned();
        let each = |of: &dyn Fn(&str) -> String| LOG.lines().map(of).collect::<Vec<_>>().join("\n");
        for log in [
            each(&|line| format!("6,900,5100000,-;{}", escaped(&text(line)))),
            each(&|line| json(&text(line))),
            each(&|line| format!("__CURSOR=s\nPRIORITY=6\nMESSAGE={}\n", text(line))),
            each(&|line| format!("kern  :info  : {line}")),
            each(&|line| format!("<6>{line}")),
            each(&|line| format!("{line}\r")),
            each(&|line| line.split_whitespace().collect::<Vec<_>>().join(" ")),
        ] {
            let trace = parse(&log, None).unwrap();
            assert_eq!(trace.messages, whole, "{log}");
            assert_eq!(trace.problems, Vec::<String>::new(), "{log}");
            assert_eq!(trace.firmware.as_deref(), Some("570.144"));
        }
    }

    #[test]
    fn the_firmware_is_that_of_the_card_and_of_its_boot() {
        let other = "[    5.1] nouveau 0000:41:00.0: gsp: RM version: 535.113.01\n";
        let firmware = |log: &str| parse(log, Some("0000:01:00.0")).unwrap().firmware;
        assert_eq!(
            firmware(&(other.to_owned() + LOG)).as_deref(),
            Some("570.144")
        );
        assert_eq!(
            firmware(&(LOG.to_owned() + other)).as_deref(),
            Some("570.144")
        );
        let alone = LOG.replace("RM version", "no version");
        assert_eq!(firmware(&(other.to_owned() + &alone)), None);
        // A boot before that sent nothing is none; one that did is another trace.
        let before = other.replace("41:00", "01:00");
        assert_eq!(
            firmware(&(before.clone() + LOG)).as_deref(),
            Some("570.144")
        );
        let error = parse(&(LOG.to_owned() + &before), None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("with 570.144 before line 9, and with 535.113.01 there"),
            "{error}"
        );
        assert_eq!(
            firmware(&(LOG.to_owned() + LOG)).as_deref(),
            Some("570.144")
        );
    }

    #[test]
    fn bytes_that_look_like_characters_and_characters_that_look_like_bytes() {
        let log = "x 0000:01:00.0: gsp: rpc fn:76 len:0x23/0x3\nrpc: 00000000: 61 62 20 ab 12\n";
        let trace = parse(log, None).unwrap();
        assert_eq!(trace.messages[0].payload, b"ab ");
        assert_eq!(trace.problems, Vec::<String>::new());
    }

    #[test]
    fn no_cut_of_it_is_trouble() {
        for end in (0..LOG.len()).filter(|n| LOG.is_char_boundary(*n)) {
            let _ = parse(&LOG[..end], None);
            let _ = parse(&LOG[end..], None);
        }
    }
}
