// SPDX-License-Identifier: GPL-2.0
//! What the device was given, digested: a buffer in guest memory, a table, what was loaded into a Falcon.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::trace::push_hex;

/// Bytes that have a digest of their own.
pub const PAGE: usize = 4096;
/// Bytes of a page's digest that are kept: enough to tell pages apart, short enough for thousands of them.
const KEPT: usize = 8;

/// A buffer and its digests.
#[derive(Debug, Clone, Default)]
pub struct Buffer {
    /// What it is.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its pages' SHA-256s, in hexadecimal (empty where the content is not looked at). An image is read while
    /// the driver waits for the access that started it: once must do.
    pub digest: String,
    /// The first page in hexadecimal, without trailing zeros (empty for what is firmware): addresses are in there,
    /// which a comparison has to treat as such.
    pub head: String,
    /// Sixteen hexadecimal digits for each page: the beginning of its SHA-256.
    pub pages: String,
    /// What else there is to say of it.
    pub facts: BTreeMap<&'static str, Value>,
}

/// Whether the first page is kept as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// The driver's own making, of which addresses may be a part.
    Driver,
    /// Firmware: nobody's to print, and without addresses.
    Firmware,
}

impl Buffer {
    /// Digests data.
    pub fn of(name: impl Into<String>, data: &[u8], content: Content) -> Self {
        let hex = |bytes: &[u8]| {
            let mut text = String::with_capacity(bytes.len() * 2);
            push_hex(&mut text, bytes);
            text
        };
        let first = &data[..data.len().min(PAGE)];
        let used = first.iter().rposition(|b| *b != 0).map_or(0, |n| n + 1);
        let mut pages = String::with_capacity(data.len().div_ceil(PAGE) * KEPT * 2);
        let mut whole = Sha256::new();
        for page in data.chunks(PAGE) {
            let digest = Sha256::digest(page);
            whole.update(digest);
            push_hex(&mut pages, &digest[..KEPT]);
        }
        Self {
            name: name.into(),
            size: data.len() as u64,
            digest: hex(&whole.finalize()),
            head: match content {
                Content::Driver => hex(&first[..used]),
                Content::Firmware => String::new(),
            },
            pages,
            facts: BTreeMap::new(),
        }
    }

    /// Says something more of it.
    #[must_use]
    pub fn with(mut self, fact: &'static str, value: impl Into<Value>) -> Self {
        self.facts.insert(fact, value.into());
        self
    }
}
