// SPDX-License-Identifier: GPL-2.0
//! The log files that the driver makes in debugfs of what GSP-RM and the PMU write.
//!
//! `loginit`, `logintr` and `logrm` begin with a word that says where the next entry goes, and entries follow it. What no entry
//! has overwritten yet is the list of the buffer's pages (r535_gsp_libos_init() in rm/r535/gsp.c): addresses, which are no
//! part of what is told here, but that they are in order is.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Map;
use serde_json::Value;

use crate::pci::Gpu;

const ROOT: &str = "/sys/kernel/debug/nouveau";
/// Those that the driver makes; that of the PMU has no pointer and no list.
const FILES: [&str; 4] = ["loginit", "logintr", "logrm", "logpmu"];
const PMU: &str = "logpmu";
/// GSP_PAGE_SIZE
const PAGE: u64 = 4096;

/// `logs`: each file's size, what was read of it, and a digest; `none` for one that is not there.
///
/// # Errors
///
/// A file that is there cannot be read.
pub fn read(gpu: &Gpu) -> Result<Value> {
    let dir = Path::new(ROOT).join(&gpu.address);
    let mut files = Map::new();
    for name in FILES {
        files.insert(name.into(), file(&dir.join(name), name != PMU)?);
    }
    // What else is there is named.
    for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        files.entry(name).or_insert(json!("unknown"));
    }
    Ok(json!({"logs": files}))
}

fn file(path: &Path, queue: bool) -> Result<Value> {
    let shown = || path.display().to_string();
    let size = match fs::metadata(path) {
        Ok(m) => m.len(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(json!("none")),
        Err(e) => return Err(e).with_context(shown),
    };
    let bytes = fs::read(path).with_context(shown)?;
    let mut found = match queue {
        true => describe(&bytes),
        false => json!({"digest": digest(&bytes)}),
    };
    found["size"] = json!(size);
    found["read"] = json!(bytes.len());
    Ok(found)
}

/// The pointer, how many words of the page list are left (and in order, or not), and a digest of all but their addresses.
fn describe(bytes: &[u8]) -> Value {
    let mut words: Vec<u64> = bytes
        .chunks_exact(8)
        .map(|w| u64::from_le_bytes(w.try_into().unwrap_or_default()))
        .collect();
    let put = words.first().copied().unwrap_or(0);
    let pages = bytes.len() as u64 / PAGE;
    let left = put.max(1)..=pages;
    let count = left.clone().count();
    let mut in_order = true;
    let mut base = None;
    for n in left {
        if let Some(word) = words.get_mut(n as usize) {
            let first = word.wrapping_sub((n - 1) * PAGE);
            in_order &= *base.get_or_insert(first) == first && first % PAGE == 0 && first != 0;
            *word = n;
        }
    }
    let plain: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    json!({"put": put, "page_list": count, "page_list_in_order": in_order, "digest": digest(&plain)})
}

/// FNV-1a, 64 bits: two contents that are to be alike are told apart, and nobody tries to make them collide.
fn digest(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::describe;
    use super::digest;

    /// A log buffer of two pages at `base` with these words from the first on.
    fn buffer(base: u64, words: &[u64]) -> Vec<u8> {
        let mut all = vec![0; 1024];
        (all[1], all[2]) = (base, base + 4096);
        all[..words.len()].copy_from_slice(words);
        all.iter().flat_map(|w| w.to_le_bytes()).collect()
    }

    #[test]
    fn where_the_buffer_lies_is_no_difference() {
        let empty = describe(&buffer(0x10000, &[0]));
        assert_eq!(empty, describe(&buffer(0x70000, &[0])));
        assert_eq!((&empty["put"], &empty["page_list"]), (&0.into(), &2.into()));
        assert_eq!(empty["page_list_in_order"], true);
        // One entry of a word: one page of the list is left.
        let one = describe(&buffer(0x10000, &[2, 77]));
        assert_eq!(one, describe(&buffer(0x70000, &[2, 77])));
        assert_eq!(one["page_list"], 1);
        assert_ne!(one["digest"], empty["digest"]);
    }

    #[test]
    fn what_was_written_is_one() {
        let base = 0x10000;
        let one = describe(&buffer(base, &[4, 77, 78, 79]));
        assert_eq!((&one["put"], &one["page_list"]), (&4.into(), &0.into()));
        assert_ne!(one, describe(&buffer(base, &[4, 77, 78, 80])));
        assert_ne!(one, describe(&buffer(base, &[3, 77, 78, 79])));
        assert_eq!(
            describe(&buffer(base, &[0, base, base]))["page_list_in_order"],
            false
        );
        assert_eq!(
            describe(&buffer(base, &[0, 0]))["page_list_in_order"],
            false
        );
        let mut far = buffer(base, &[4, 77, 78, 79]);
        far[8191] = 1;
        assert_ne!(one["digest"], describe(&far)["digest"]);
        assert_eq!(describe(&[])["put"], 0);
    }

    #[test]
    fn the_digest_is_that_of_everybody() {
        // http://www.isthe.com/chongo/tech/comp/fnv/: "" and "foobar".
        assert_eq!(digest(b""), "cbf29ce484222325");
        assert_eq!(digest(b"foobar"), "85944171f73967e8");
    }
}
