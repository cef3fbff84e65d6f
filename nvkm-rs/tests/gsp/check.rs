// SPDX-License-Identifier: GPL-2.0

//! What holds for any input of `gsp`: used by its tests, and by the fuzzer.

use nvkm_rs_core::abi::core::services::{RegistryEntry, RegistryValue};
use nvkm_rs_core::abi::core::{Abi, VERSIONS};
use nvkm_rs_core::gsp::core::registry::{number, Part, Setting, REQUIRED};

/// What C says of a part, in its log or in the table.
#[derive(Debug, Eq, PartialEq)]
#[allow(missing_docs)]
pub enum Said {
    Dword(Vec<u8>, u32),
    Text(Vec<u8>, Vec<u8>),
    InvalidString(Vec<u8>),
    InvalidKey(Vec<u8>, Vec<u8>),
}

/// C's way: a copy that is changed in place, byte by byte, until its 0 (r535_gsp_rpc_set_registry()).
pub fn model(setting: &[u8]) -> Vec<Said> {
    let mut p: Vec<u8> = setting.iter().copied().take_while(|c| *c != 0).collect();
    p.push(0);
    // strip()
    p.retain(|c| !b" \t\n".contains(c));
    let mut said = Vec::new();
    let mut next = Some(0);
    while let Some(start) = next {
        // strsep()
        let mut end = start;
        while p[end] != 0 && p[end] != b';' {
            end += 1;
        }
        next = (p[end] != 0).then_some(end + 1);
        p[end] = 0;
        // strchr()
        let mut equal = start;
        while p[equal] != 0 && p[equal] != b'=' {
            equal += 1;
        }
        let text = |from: usize| -> Vec<u8> {
            p[from..].iter().copied().take_while(|c| *c != 0).collect()
        };
        if p[equal] == 0 || equal == start || p[equal + 1] == 0 {
            said.push(Said::InvalidString(text(start)));
            continue;
        }
        let (key, value) = (p[start..equal].to_vec(), text(equal + 1));
        said.push(if key.len() + 1 > 64 {
            Said::InvalidKey(key, value)
        } else if let Some(number) = number(&value) {
            Said::Dword(key, number as u32)
        } else {
            Said::Text(key, value)
        });
    }
    said
}

/// The same by ours.
pub fn ours(setting: &[u8]) -> Vec<Said> {
    let mut room = vec![0x5a; Setting::room(setting).expect("small")];
    Setting::new(setting, &mut room)
        .expect("there is room")
        .parts()
        .map(|part| match part {
            Part::NoPair(text) => Said::InvalidString(text.to_vec()),
            Part::LongKey(key, value) => Said::InvalidKey(key.to_vec(), value.to_vec()),
            Part::Entry(RegistryEntry { key, value }) => match value {
                RegistryValue::Dword(number) => Said::Dword(key.to_vec(), number),
                RegistryValue::Text(text) => {
                    let (last, text) = text.split_last().expect("it is terminated");
                    assert_eq!(*last, 0);
                    Said::Text(key.to_vec(), text.to_vec())
                }
                RegistryValue::Binary(_) => panic!("C has none"),
            },
        })
        .collect()
}

/// Any setting: as C reads it, and each entry can be told to RM, in a table that has what C would reckon.
pub fn registry(setting: &[u8]) {
    let said = ours(setting);
    assert_eq!(said, model(setting));
    let mut room = vec![0; Setting::room(setting).expect("small")];
    let parts = Setting::new(setting, &mut room)
        .expect("there is room")
        .parts();
    let mut entries = REQUIRED.to_vec();
    entries.extend(parts.filter_map(|part| match part {
        Part::Entry(entry) => Some(entry),
        _ => None,
    }));
    let more: usize = said
        .iter()
        .map(|one| match one {
            Said::Dword(key, _) => 16 + key.len() + 1,
            Said::Text(key, text) => 16 + key.len() + 1 + text.len() + 1,
            _ => 0,
        })
        .sum();
    for abi in VERSIONS {
        let size = abi.registry_size(&entries).expect("small");
        assert_eq!(size, abi.registry_size(&REQUIRED).expect("small") + more);
        let mut out = vec![0; size];
        assert_eq!(abi.registry(&entries, &mut out), Ok(size));
    }
}

/// Any answer or event, in any version.
pub fn running(bytes: &[u8]) {
    for abi in VERSIONS {
        read(*abi, bytes);
    }
}

/// All that reads, of any bytes.
fn read(abi: &dyn Abi, bytes: &[u8]) {
    for n in 0..abi.interrupts(bytes).unwrap_or(0) {
        let line = abi.interrupt(bytes, n).expect("it is within the table");
        let _ = abi.engine(line.index);
    }
    if let Ok(post) = abi.posted(bytes) {
        assert!(bytes.get(post.data).is_some(), "it lies in the message");
    }
    if let Ok(log) = abi.os_error(bytes) {
        assert!(log.text.len() <= 256 && !log.text.contains(&0));
    }
    if let Ok(print) = abi.libos_print(bytes) {
        assert!(print
            .text
            .is_none_or(|text| text.len() == print.size as usize));
    }
    if let Ok(info) = abi.static_info(bytes) {
        assert!(info.region_count <= info.regions.len());
    }
    let _ = (
        abi.raw_comptags(bytes),
        abi.gpc_mask(bytes),
        abi.tpc_mask(bytes),
        abi.gcx(bytes),
    );
}
