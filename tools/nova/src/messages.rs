// SPDX-License-Identifier: GPL-2.0
//! The messages of a boot and an unload, field by field where the bindings have names for them.

use anyhow::Result;

use nvkm_ab::compare::bytes;
use nvkm_ab::compare::seq;
use nvkm_ab::compare::seq::Step;
use nvkm_ab::compare::Run;
use nvkm_ab::trace::Message;
use nvkm_ab::trace::Queue;

use crate::item::Area;
use crate::item::Found;
use crate::item::How;
use crate::item::Place;
use crate::layout::Layouts;

const UNLOADING: u32 = 47;
const STATIC_INFO: u32 = 65;
const SYSTEM_INFO: u32 = 72;
const REGISTRY: u32 = 73;

/// A message that nvkm sends and nova-core does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Function.
    pub function: u32,
    /// Control command or class, if it has one.
    pub sub: Option<u32>,
    /// What a person would call it.
    pub title: String,
}

/// The messages of the first bind, up to its unbind.
fn first_bind(run: &Run) -> Vec<Message> {
    let of = |m: &&Message| ["load", "probe", "unbind"].contains(&run.phase(m.mark).as_str());
    run.trace
        .messages
        .iter()
        .take_while(|m| run.phase(m.mark) != "bind")
        .filter(of)
        .cloned()
        .collect()
}

fn name(m: &Message) -> String {
    match m.q {
        Queue::Cmdq => m.title(),
        Queue::Msgq if m.is_event() => format!("{} (event)", m.title()),
        Queue::Msgq => format!("{} (reply)", m.title()),
    }
}

fn structure(m: &Message) -> Option<&'static str> {
    match m.function {
        SYSTEM_INFO => Some("GspSystemInfo"),
        STATIC_INFO => Some("GspStaticConfigInfo_t"),
        UNLOADING if m.q == Queue::Cmdq => Some("rpc_unloading_guest_driver_v1F_07"),
        _ => None,
    }
}

/// Compares, and gives what nova-core does not send.
///
/// # Errors
///
/// The bindings lack a structure.
pub fn compare(
    nova: &Run,
    nvkm: &Run,
    layouts: &Layouts,
    found: &mut Found,
) -> Result<Vec<Absent>> {
    let (a, b) = (first_bind(nova), first_bind(nvkm));
    let key = |m: &Message| {
        let sub = m.control().or(m.class()).unwrap_or(0);
        (m.q == Queue::Msgq, m.function, sub)
    };
    let keys = |list: &[Message]| list.iter().map(key).collect::<Vec<_>>();
    let (mut only_a, mut absent) = (Vec::new(), Vec::new());
    for step in seq::align(&keys(&a), &keys(&b)) {
        match step {
            Step::Both { a: i, b: j } => pair(&a[i], &b[j], layouts, found)?,
            Step::OnlyA(i) => only_a.push(i),
            Step::OnlyB(j) => absent.push(j),
        }
    }
    for i in only_a {
        let message = &a[i];
        let place = |how| Place {
            area: Area::Message,
            of: name(message),
            what: "order".into(),
            how,
        };
        let text = |m: &Message| format!("message {}", m.n);
        match absent.iter().position(|&j| key(&b[j]) == key(message)) {
            Some(n) => {
                let j = absent.remove(n);
                found.add(place(How::Moved), text(message), text(&b[j]));
                pair(message, &b[j], layouts, found)?;
            }
            None => found.add(place(How::OnlyNova), text(message), String::new()),
        }
    }
    // Replies to what was not asked are no matter of their own.
    let asked = absent
        .into_iter()
        .map(|j| &b[j])
        .filter(|m| m.q == Queue::Cmdq || m.is_event());
    Ok(asked
        .map(|m| Absent {
            function: m.function,
            sub: m.control().or(m.class()),
            title: name(m),
        })
        .collect())
}

fn pair(a: &Message, b: &Message, layouts: &Layouts, found: &mut Found) -> Result<()> {
    let before = found.items().iter().map(|i| i.times).sum::<usize>();
    let header = [
        ("rpc.length", a.len, b.len),
        ("rpc.sequence", a.seq, b.seq),
        ("rpc.rpc_result", a.result, b.result),
        ("seqNum", a.elem_seq, b.elem_seq),
        ("elemCount", a.elems, b.elems),
    ];
    let place = |what: &str| Place {
        area: Area::Message,
        of: name(a),
        what: what.into(),
        how: How::Differs,
    };
    for (field, x, y) in header.into_iter().filter(|(_, x, y)| x != y) {
        found.add(place(field), format!("{x:#x}"), format!("{y:#x}"));
    }
    match (structure(a), a.function) {
        (Some(structure), _) => {
            for (field, x, y) in fields(structure, &a.payload, &b.payload, layouts)? {
                found.add(place(&field), x, y);
            }
        }
        (None, REGISTRY) => registry(a, b, found),
        _ => {
            for (field, x, y) in bytes::differing("payload", &a.payload, &b.payload) {
                found.add(place(&field), x, y);
            }
        }
    }
    let after = found.items().iter().map(|i| i.times).sum::<usize>();
    if before == after {
        found.same(Area::Message, &name(a), 1);
    }
    Ok(())
}

/// A field and what both have there.
type Differing = (String, String, String);

/// The fields of a structure in which two byte strings differ, and where their lengths do.
///
/// # Errors
///
/// The bindings lack the structure.
pub fn fields(structure: &str, a: &[u8], b: &[u8], layouts: &Layouts) -> Result<Vec<Differing>> {
    let mut found = Vec::new();
    let mut known = 0;
    for field in layouts.fields(structure)? {
        let of = |bytes: &[u8]| {
            bytes
                .get(field.at..field.at + field.size)
                .map(<[u8]>::to_vec)
        };
        known = field.at + field.size;
        let (x, y) = (of(a), of(b));
        if x != y {
            found.push((field.name, number(x.as_deref()), number(y.as_deref())));
        }
    }
    let rest = |bytes: &[u8]| bytes.get(known..).unwrap_or_default().to_vec();
    let (x, y) = (rest(a), rest(b));
    found.extend(bytes::differing("behind", &x, &y));
    Ok(found)
}

/// Bytes as the number that they are, or as they are.
pub fn number(bytes: Option<&[u8]>) -> String {
    match bytes {
        None => "nothing".into(),
        Some(b) if b.len() <= 8 => {
            let mut eight = [0; 8];
            eight[..b.len()].copy_from_slice(b);
            format!("{:#x}", u64::from_le_bytes(eight))
        }
        Some(b) => {
            let mut text: Vec<String> = b.iter().take(16).map(|b| format!("{b:02x}")).collect();
            if b.len() > 16 {
                text.push("…".into());
            }
            text.concat()
        }
    }
}

/// An entry of the registry: name, type, data, length (`PACKED_REGISTRY_ENTRY`).
type Setting = (String, u8, u32, u32);

/// `PACKED_REGISTRY_TABLE`: size, number, then entries of 16 bytes, then names.
fn settings(m: &Message) -> Vec<Setting> {
    let count = m.word(4).unwrap_or(0).min(4096) as usize;
    (0..count)
        .filter_map(|n| {
            let at = 8 + n * 16;
            let text = m.payload.get(m.word(at)? as usize..)?;
            let text = text.split(|b| *b == 0).next()?;
            let kind = *m.payload.get(at + 4)?;
            let text = String::from_utf8_lossy(text).into_owned();
            Some((text, kind, m.word(at + 8)?, m.word(at + 12)?))
        })
        .collect()
}

fn registry(a: &Message, b: &Message, found: &mut Found) {
    let (x, y) = (settings(a), settings(b));
    let place = |what: String, how| Place {
        area: Area::Message,
        of: name(a),
        what,
        how,
    };
    for (n, (key, kind, data, length)) in x.iter().enumerate() {
        let Some((m, theirs)) = y.iter().enumerate().find(|(_, s)| s.0 == *key) else {
            found.add(
                place(key.clone(), How::OnlyNova),
                format!("{data:#x}"),
                String::new(),
            );
            continue;
        };
        let parts = [
            ("type", u32::from(*kind), u32::from(theirs.1)),
            ("data", *data, theirs.2),
            ("length", *length, theirs.3),
            ("index", n as u32, m as u32),
        ];
        for (part, ours, theirs) in parts.into_iter().filter(|(_, o, t)| o != t) {
            let what = format!("{key}.{part}");
            found.add(
                place(what, How::Differs),
                format!("{ours:#x}"),
                format!("{theirs:#x}"),
            );
        }
    }
    for (key, _, data, _) in y.iter().filter(|s| !x.iter().any(|o| o.0 == s.0)) {
        found.add(
            place(key.clone(), How::OnlyNvkm),
            String::new(),
            format!("{data:#x}"),
        );
    }
    // Where the settings are the same, what is around them must be, too.
    if x == y {
        for (field, x, y) in bytes::differing("payload", &a.payload, &b.payload) {
            found.add(place(field, How::Differs), x, y);
        }
    }
}
