// SPDX-License-Identifier: GPL-2.0
//! The commands of a CPU sequencer: an opcode, then what it takes (rm/r535/gsp.c, `r535_gsp_msg_run_cpu_sequencer`).

use crate::names::Ty;

use super::walk::Walk;

/// Prefix of the opcodes' names.
const OPCODE: &str = "GSP_SEQ_BUF_OPCODE";
/// Prefix of the structs of what an opcode takes; one that has none takes nothing.
const PAYLOAD: &str = "GSP_SEQ_BUF_PAYLOAD";
/// Bytes of a word of the buffer.
const WORD: usize = 4;

/// Reads `used` of `size` words at a place; returns where the buffer ends. An opcode without a name ends it: nobody knows
/// where the next one is.
pub fn commands(walk: &mut Walk<'_>, start: usize, used: usize, size: usize, path: &str) -> usize {
    let end = start.saturating_add(size.saturating_mul(WORD));
    let stop = start
        .saturating_add(used.saturating_mul(WORD))
        .min(end)
        .min(walk.limit());
    let names = walk.decoder().names();
    let Some(opcodes) = names.enums.get(OPCODE) else {
        return end;
    };
    let mut at = start;
    let mut n = 0;
    while at < stop {
        let Some(opcode) = walk.number(at, WORD) else {
            break;
        };
        let Some((name, _)) = opcodes
            .iter()
            .find(|(_, v)| u64::try_from(*v) == Ok(opcode))
        else {
            return end;
        };
        let short = name.trim_start_matches(OPCODE);
        let command = format!("{path}[{n}].");
        let ty = Ty::Enum(OPCODE.to_owned(), WORD as u64);
        walk.scalar(&ty, at, WORD, format!("{command}opCode"));
        at += WORD;
        let payload = format!("{PAYLOAD}{short}");
        if names.records.contains_key(&payload) {
            at = walk.record(&payload, at, &command, 1);
        }
        n += 1;
    }
    walk.padding(&format!("{path}[{n}..] (unused)"), stop, end);
    end
}
