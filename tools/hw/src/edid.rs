// SPDX-License-Identifier: GPL-2.0
//! Serial numbers of screens in what they say of themselves (VESA E-EDID Standard, release A2; DisplayID 1.3).

use std::ops::Range;

/// What an EDID begins with.
const HEADER: [u8; 8] = [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
/// Bytes of a block.
const BLOCK: usize = 128;
/// The serial number as a number.
const NUMBER: Range<usize> = 12..16;
/// The four descriptors, their length, and the tag of one that holds a serial number as text.
const DESCRIPTORS: [usize; 4] = [54, 72, 90, 108];
const DESCRIPTOR: usize = 18;
const SERIAL: [u8; 5] = [0, 0, 0, 0xff, 0];
/// Tag of an extension in DisplayID's form, which has a serial number of its own.
const DISPLAY_ID: u8 = 0x70;

/// Where in some bytes the serial numbers of EDIDs are.
pub fn places(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let starts =
        (0..bytes.len().saturating_sub(BLOCK - 1)).filter(|&at| bytes[at..].starts_with(&HEADER));
    for start in starts {
        found.push(start + NUMBER.start..start + NUMBER.end);
        for at in DESCRIPTORS.map(|d| start + d) {
            if bytes[at..].starts_with(&SERIAL) {
                found.push(at + SERIAL.len()..at + DESCRIPTOR);
            }
        }
        // The last byte but one says how many blocks follow.
        for n in 1..=usize::from(bytes[start + BLOCK - 2]) {
            let at = start + n * BLOCK;
            if bytes.len() >= at + BLOCK && bytes[at] == DISPLAY_ID {
                found.push(at + 1..at + BLOCK);
            }
        }
    }
    found
}

/// The serial numbers in an EDID, as text.
pub fn serials(bytes: &[u8]) -> Vec<String> {
    let text = |place: Range<usize>| {
        let part = &bytes[place];
        let end = part.iter().position(|b| *b == b'\n').unwrap_or(part.len());
        String::from_utf8_lossy(&part[..end]).trim().to_string()
    };
    places(bytes)
        .into_iter()
        .filter(|p| p.len() == DESCRIPTOR - SERIAL.len())
        .map(text)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screens_serial_is_found_wherever_the_edid_is() {
        let mut bytes = vec![0u8; 40 + 2 * BLOCK];
        bytes[40..48].copy_from_slice(&HEADER);
        bytes[52..56].copy_from_slice(&[1, 2, 3, 4]);
        bytes[40 + 72..40 + 77].copy_from_slice(&SERIAL);
        bytes[40 + 77..40 + 90].copy_from_slice(b"HNAK123456\n  ");
        bytes[40 + 126] = 1;
        bytes[40 + 128] = DISPLAY_ID;
        assert_eq!(places(&bytes), [52..56, 117..130, 169..296]);
        assert_eq!(serials(&bytes), ["HNAK123456"]);
        assert!(places(&bytes[..100]).is_empty());
    }
}
