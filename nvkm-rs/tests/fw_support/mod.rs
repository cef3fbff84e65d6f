// SPDX-License-Identifier: GPL-2.0

//! What the tests of `fw` share: NVIDIA's files, synthetic ones, and parsers written apart from the code under test.

#![allow(dead_code)]

pub mod check;
pub mod files;
pub mod make;
pub mod ours;
pub mod reference;

use serde_json::{json, Map, Value};
use sha2::{Digest, Sha256};

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A part of a file: where, how much, what.
pub fn part(file: &[u8], start: usize, size: usize) -> Value {
    json!({ "offset": start, "size": size, "sha256": sha256(&file[start..start + size]) })
}

/// An object of numbers.
pub fn numbers<'a>(of: impl IntoIterator<Item = (&'a str, u64)>) -> Value {
    let mut map = Map::new();
    for (name, value) in of {
        map.insert(name.into(), value.into());
    }
    map.into()
}

/// Where `part` begins in `whole`; it must be a part of it.
pub fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    let (whole_at, part_at) = (whole.as_ptr() as usize, part.as_ptr() as usize);
    let offset = part_at.wrapping_sub(whole_at);
    assert!(
        offset <= whole.len() && part.len() <= whole.len() - offset,
        "a slice of the file"
    );
    offset
}
