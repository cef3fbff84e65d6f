// SPDX-License-Identifier: GPL-2.0
//! The archive that somebody may send: written, read back, and taken away again if anything in it identifies the machine.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flate2::Compression;

use crate::scrub;
use crate::secrets;
use crate::secrets::Kind;
use crate::secrets::Secrets;

/// What stands in each archive.
pub const README: &str = "\
A comparison of nouveau in C and in Rust on a real card, made by nvkm-hw.

report.html   the page to look at
report.json   the same as data (selftests/README.md of the sources describes it)
c1, c2, rust  of each side: wire.jsonl (messages), mmio.txt (register accesses), dmesg.txt (kernel log, the
              card's lines only), guest.jsonl (phases), counters.json, events.txt

Host names, user names, serial numbers, hardware and network addresses, UUIDs and what the firmware calls the machine were
replaced: in texts by <host>, <serial> and the like; in payloads, and in reads of the card's ROM, by a number that is
the same for the same bytes.
";

/// Something that must not be in an archive.
struct Needle {
    kind: Kind,
    regex: regex::Regex,
    bytes: Vec<Vec<u8>>,
}

fn hex(bytes: &[u8], between: &str) -> Vec<u8> {
    let digits: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    digits.join(between).into_bytes()
}

/// A value in all forms in which it may be written: text, UTF-16, hexadecimal digits (together, or as differences show
/// them) of text, of UTF-16 and of what it stands for.
fn needles(secrets: &Secrets) -> Vec<Needle> {
    let forms = |secret: &secrets::Secret| {
        let text = secret.value.as_bytes();
        let mut bytes = vec![scrub::utf16(&secret.value)];
        let mut raw = secrets::raw(secret);
        // The digits of a shorter one are in any payload by chance.
        if text.len() >= 4 {
            raw.extend([text.to_vec(), scrub::utf16(&secret.value)]);
        }
        for form in raw {
            bytes.extend([hex(&form, ""), hex(&form, " ")]);
        }
        bytes
    };
    let needle = |secret: secrets::Secret| Needle {
        kind: secret.kind,
        regex: scrub::word(&secret.value),
        bytes: forms(&secret),
    };
    secrets.list().into_iter().map(needle).collect()
}

/// What a file still says of the machine: the kind of each value that is in it.
fn leaks(content: &[u8], needles: &[Needle]) -> Vec<Kind> {
    let text = String::from_utf8_lossy(content);
    let has = |bytes: &Vec<u8>| memchr::memmem::find(content, bytes).is_some();
    let mut found: Vec<Kind> = needles
        .iter()
        .filter(|n| n.regex.is_match(&text) || n.bytes.iter().any(has))
        .map(|n| n.kind)
        .collect();
    for pattern in scrub::patterns() {
        if pattern.places(&text).next().is_some() {
            found.push(pattern.kind);
        }
    }
    found
}

/// Reads an archive and looks into each of its files.
///
/// # Errors
///
/// It cannot be read, or something in it identifies the machine.
pub fn check(path: &Path, secrets: &Secrets) -> Result<()> {
    let needles = needles(secrets);
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path)?));
    let mut count = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        count += 1;
        let mut found = leaks(&content, &needles);
        found.extend(leaks(name.as_bytes(), &needles));
        if let Some(kind) = found.first() {
            bail!(
                "{name} still holds what identifies this machine ({})",
                kind.placeholder()
            );
        }
    }
    if count == 0 {
        bail!("it is empty");
    }
    Ok(())
}

/// Writes an archive, and checks it before it gets its name.
///
/// # Errors
///
/// It cannot be written, or something in it identifies the machine: then there is none.
pub fn write(
    path: &Path,
    dir: &str,
    files: &BTreeMap<String, Vec<u8>>,
    secrets: &Secrets,
) -> Result<PathBuf> {
    let part = path.with_extension("part");
    let _ = fs::remove_file(path);
    let file = File::create(&part).with_context(|| part.display().to_string())?;
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    for (name, content) in files {
        // No owner, no time: those say who made it, and when.
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("{dir}/{name}"), content.as_slice())?;
    }
    tar.into_inner()?.finish()?.sync_all()?;
    if let Err(e) = check(&part, secrets) {
        let _ = fs::remove_file(&part);
        return Err(e);
    }
    fs::rename(&part, path)?;
    Ok(path.to_path_buf())
}
