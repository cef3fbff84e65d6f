// SPDX-License-Identifier: GPL-2.0
//! The decoder on a made-up version: each kind of field, and bytes that are not as they should be.

use std::collections::BTreeMap;

use super::Decoded;
use super::Decoder;
use super::Kind;
use super::Value;
use crate::names::Constant;
use crate::names::Member;
use crate::names::Names;
use crate::names::Record;
use crate::names::Ty;
use crate::names::SCHEMA;
use crate::Message;
use crate::Queue;

fn number(name: &str, size: u64) -> Ty {
    Ty::Number(name.into(), size)
}

fn member(name: &str, offset: u64, ty: Ty, counts: &[u64]) -> Member {
    Member {
        name: name.into(),
        offset,
        ty,
        counts: counts.to_vec(),
        bits: None,
    }
}

fn words(names: &[&str]) -> Vec<Member> {
    let of = |(n, name): (u64, &&str)| member(name, 4 * n, number("NvU32", 4), &[]);
    (0..).zip(names).map(of).collect()
}

/// The names of version 1.0, in which a control's parameters have each kind of field.
pub fn names() -> Names {
    let mut records = BTreeMap::new();
    let mut add = |name: &str, size: u64, union: bool, fields: Vec<Member>| {
        let from = "1.0".to_owned();
        records.insert(
            name.to_owned(),
            Record {
                size,
                union,
                from,
                fields,
            },
        );
    };
    let params = |at| member("params", at, number("NvU8", 1), &[0]);
    let mut control = words(&["hClient", "hObject", "cmd", "status", "paramsSize", "flags"]);
    control[0].ty = number("NvHandle", 4);
    control.push(params(24));
    add("rpc_gsp_rm_control_v03_00", 24, false, control);
    let mut alloc = words(&[
        "hClient",
        "hParent",
        "hObject",
        "hClass",
        "status",
        "paramsSize",
        "flags",
    ]);
    alloc.extend([member("reserved", 28, number("NvU8", 1), &[4]), params(32)]);
    add("rpc_gsp_rm_alloc_v03_00", 32, false, alloc);
    add(
        "rpc_free_v03_00",
        16,
        false,
        words(&["hRoot", "hObjectParent", "hObjectOld", "status"]),
    );
    let mut post = words(&["hClient", "hEvent", "notifyIndex", "data"]);
    post.extend([
        member("info16", 16, number("NvU16", 2), &[]),
        member("status", 20, number("NvU32", 4), &[]),
        member("eventDataSize", 24, number("NvU32", 4), &[]),
        member("bNotifyList", 28, number("NvBool", 1), &[]),
        member("eventData", 29, number("NvU8", 1), &[0]),
    ]);
    add("rpc_post_event_v17_00", 32, false, post);
    let mut sequencer = words(&["bufferSizeDWord", "cmdIndex"]);
    sequencer.extend([
        member("regSaveArea", 8, number("NvU32", 4), &[8]),
        member("commandBuffer", 40, number("NvU32", 4), &[0]),
    ]);
    add("rpc_run_cpu_sequencer_v17_00", 40, false, sequencer);
    add(
        "GSP_SEQ_BUF_PAYLOAD_REG_WRITE",
        8,
        false,
        words(&["addr", "val"]),
    );
    let mut registry = words(&["size", "numEntries"]);
    registry.push(member(
        "entries",
        8,
        Ty::Record("PACKED_REGISTRY_ENTRY".into()),
        &[0],
    ));
    add("PACKED_REGISTRY_TABLE", 8, false, registry);
    let entry = vec![
        member("nameOffset", 0, number("NvU32", 4), &[]),
        member("type", 4, number("NvU8", 1), &[]),
        member("data", 8, number("NvU32", 4), &[]),
        member("length", 12, number("NvU32", 4), &[]),
    ];
    add("PACKED_REGISTRY_ENTRY", 16, false, entry);
    let halves = vec![
        member("low", 0, number("NvU16", 2), &[]),
        member("whole", 0, number("NvU32", 4), &[]),
    ];
    add("HALVES", 4, true, halves);
    add("PAIR", 8, false, words(&["a", "b"]));
    let bits = |name: &str, first, width| Member {
        bits: Some((first, width)),
        ..member(name, first / 8, number("NvU32", 4), &[])
    };
    let every = vec![
        member("flag", 0, number("NvBool", 1), &[]),
        member("color", 4, Ty::Enum("COLOR".into(), 4), &[]),
        member("pairs", 8, Ty::Record("PAIR".into()), &[2]),
        member("name", 24, number("char", 1), &[8]),
        member("grid", 32, number("NvU16", 2), &[2, 2]),
        member("", 40, Ty::Record("HALVES".into()), &[]),
        bits("few", 44 * 8, 2),
        bits("many", 44 * 8 + 2, 30),
    ];
    add("NV2080_CTRL_EVERY_PARAMS", 48, false, every);
    let values = [
        ("NV_VGPU_MSG_FUNCTION_FREE", 10),
        ("NV_VGPU_MSG_FUNCTION_SET_REGISTRY", 73),
        ("NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD", 71),
        ("NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL", 76),
        ("NV_VGPU_MSG_FUNCTION_GSP_RM_ALLOC", 103),
        ("NV_VGPU_MSG_EVENT_GSP_RUN_CPU_SEQUENCER", 0x1002),
        ("NV_VGPU_MSG_EVENT_POST_EVENT", 0x1003),
        ("NV_VGPU_MSG_EVENT_MMU_FAULT_QUEUED", 0x1005),
        ("NV_VGPU_MSG_EVENT_PERF_BRIDGELESS_INFO_UPDATE", 0x100f),
        ("NV2080_CTRL_CMD_EVERY", 0x2080_0042),
    ];
    let values = values
        .iter()
        .map(|(n, v)| ((*n).to_owned(), Constant(*v, true)));
    let of = |list: &[(&str, i64)]| list.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
    let opcodes = of(&[
        ("GSP_SEQ_BUF_OPCODE_REG_WRITE", 0),
        ("GSP_SEQ_BUF_OPCODE_CORE_RESET", 5),
    ]);
    Names {
        schema: SCHEMA,
        firmware: "1.0".into(),
        records,
        enums: [
            ("COLOR".to_owned(), of(&[("RED", 0), ("BLUE", 1)])),
            ("GSP_SEQ_BUF_OPCODE".to_owned(), opcodes),
        ]
        .into(),
        values: values.collect(),
        ranges: BTreeMap::new(),
        classes: [("TURING_A".to_owned(), 0xc597)].into(),
    }
}

/// A message of a function with a payload.
pub fn message(function: u32, payload: Vec<u8>) -> Message {
    let len = 32 + payload.len() as u32;
    let q = if function >= crate::FIRST_EVENT {
        Queue::Msgq
    } else {
        Queue::Cmdq
    };
    Message {
        n: 0,
        q,
        function,
        name: String::new(),
        len,
        seq: 0,
        elem_seq: 0,
        result: 0,
        elems: 1,
        payload,
        mark: None,
    }
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_le_bytes()).collect()
}

fn every() -> Vec<u8> {
    let mut p = bytes(&[0xc1d0_0000, 2, 0x2080_0042, 0, 48, 0]);
    p.extend(bytes(&[1, 1, 10, 11, 12, 13]));
    p.extend(b"name\0\0\0\0");
    p.extend(bytes(&[0x0002_0001, 0x0004_0003, 0xabcd_1234, 0xffff_fffe]));
    p
}

fn decode(function: u32, payload: Vec<u8>) -> Decoded {
    Decoder::new(names()).message(&message(function, payload))
}

fn shown<'a>(decoded: &'a Decoded, path: &str) -> &'a str {
    let field = decoded.fields.iter().find(|f| f.path == path);
    field.map_or("(not there)", |f| f.shown.as_str())
}

fn ranges(decoded: &Decoded) -> Vec<(usize, usize)> {
    decoded.unknown.iter().map(|r| (r.start, r.end)).collect()
}

#[test]
fn each_kind_of_field() {
    let decoded = decode(76, every());
    assert_eq!(decoded.title, "GSP_RM_CONTROL NV2080_CTRL_CMD_EVERY");
    for (path, value) in [
        ("hClient", "0xc1d00000"),
        ("cmd", "0x20800042 NV2080_CTRL_CMD_EVERY"),
        ("params.flag", "true"),
        ("params.color", "BLUE"),
        ("params.pairs[0].a", "0xa"),
        ("params.pairs[1].b", "0xd"),
        ("params.name", "\"name\""),
        ("params.grid[0][1]", "2"),
        ("params.grid[1][0]", "3"),
        ("params.whole", "0xabcd1234"),
        ("params.few", "2"),
        ("params.many", "0x3fffffff"),
        ("params.(padding)", "00*3"),
    ] {
        assert_eq!(shown(&decoded, path), value, "{path}");
    }
    assert_eq!(decoded.unknown, []);
    assert!(!decoded.is_unknown());
    assert_eq!(decoded.missing, 0);
}

#[test]
fn the_field_at_an_offset() {
    let decoder = Decoder::new(names());
    let message = message(76, every());
    for (offset, path) in [
        (0, "hClient"),
        (11, "cmd"),
        (24, "params.flag"),
        (25, "params.(padding)[0]"),
        (36, "params.pairs[0].b"),
        (68, "params.few"),
    ] {
        assert_eq!(
            decoder.field_at(&message, offset).as_deref(),
            Some(path),
            "{offset}"
        );
    }
    assert_eq!(decoder.field_at(&message, 72), None);
}

#[test]
fn what_has_no_name_is_unknown() {
    // A control that nobody knows.
    let mut p = every();
    p[8] = 0x43;
    let decoded = decode(76, p);
    assert_eq!(decoded.title, "GSP_RM_CONTROL 0x20800043");
    assert_eq!(ranges(&decoded), [(24, 72)]);
    assert!(decoded.nameless);
    // Parameters that are longer than their struct.
    let mut p = every();
    p[16] = 52;
    p.extend([1, 2, 3, 4]);
    assert_eq!(ranges(&decode(76, p.clone())), [(72, 76)]);
    // Even if they are 0: they have a place in a struct that is not known.
    p[72..].fill(0);
    assert_eq!(ranges(&decode(76, p)), [(72, 76)]);
    // Bytes behind what the header says, but for a few zeros.
    let mut p = every();
    p.extend([0; 4]);
    assert_eq!(decode(76, p.clone()).unknown, []);
    p.extend([0; 4]);
    assert_eq!(ranges(&decode(76, p.clone())), [(72, 80)]);
    // A function, an event.
    let decoded = decode(11, vec![1]);
    assert_eq!(
        (decoded.title.as_str(), decoded.unknown_bytes()),
        ("function 11", 1)
    );
    let decoded = decode(0x10fe, Vec::new());
    assert!(decoded.is_unknown());
    assert_eq!(decoded.title, "event 0x10fe");
}

#[test]
fn payloads_that_nobody_looks_at_are_opaque() {
    let decoded = decode(0x100f, vec![1, 2]);
    assert_eq!(decoded.fields[0].kind, Kind::Opaque);
    assert!(!decoded.is_unknown());
    // One that is to be empty is not.
    assert_eq!(ranges(&decode(0x1005, vec![1])), [(0, 1)]);
    assert!(!decode(0x1005, Vec::new()).is_unknown());
    assert!(!decode(71, vec![1; 100]).is_unknown());
}

#[test]
fn less_than_the_struct() {
    let decoded = decode(10, bytes(&[1, 2]));
    assert_eq!(
        (
            decoded.fields.len(),
            decoded.missing,
            decoded.unknown_bytes()
        ),
        (2, 8, 0)
    );
    let mut p = every();
    p.truncate(40);
    p[16] = 16;
    let decoded = decode(76, p);
    assert_eq!((decoded.missing, decoded.unknown_bytes()), (32, 0));
}

#[test]
fn counted_arrays() {
    let event = |size: u32, data: &[u8]| {
        let mut p = bytes(&[1, 2, 3, 4, 5, 6, size]);
        p.push(1);
        p.extend(data);
        decode(0x1003, p)
    };
    // Padding is as long as the struct.
    let decoded = event(0, &[0; 3]);
    assert_eq!(
        (decoded.unknown_bytes(), shown(&decoded, "eventData")),
        (0, "(not there)")
    );
    // With three more bytes for the struct's end, as the sender counts.
    let decoded = event(5, &[1, 2, 3, 4, 5, 0, 0, 0]);
    assert_eq!(
        (decoded.unknown_bytes(), shown(&decoded, "eventData")),
        (0, "0102030405")
    );
    // The struct's own end, and a byte behind it.
    assert_eq!(ranges(&event(2, &[1, 2, 3, 4])), [(32, 33)]);
    assert_eq!(event(u32::MAX, &[1, 2, 3, 4]).unknown_bytes(), 0);
}

#[test]
fn sequencer_commands() {
    let mut p = bytes(&[6, 4]);
    p.extend([0; 32]);
    p.extend(bytes(&[0, 0x11_0040, 7, 5, 0xff, 0]));
    let decoded = decode(0x1002, p.clone());
    assert_eq!(
        shown(&decoded, "commandBuffer[0].opCode"),
        "GSP_SEQ_BUF_OPCODE_REG_WRITE"
    );
    assert_eq!(shown(&decoded, "commandBuffer[0].addr"), "0x110040");
    assert_eq!(
        shown(&decoded, "commandBuffer[1].opCode"),
        "GSP_SEQ_BUF_OPCODE_CORE_RESET"
    );
    assert_eq!(shown(&decoded, "commandBuffer[2..] (unused)"), "ff 00*7");
    assert_eq!(decoded.unknown_bytes(), 0);
    // An opcode that nobody knows: what follows has no meaning either.
    p[40 + 12] = 0x77;
    assert_eq!(ranges(&decode(0x1002, p)), [(52, 64)]);
}

#[test]
fn registry_entries() {
    let mut p = bytes(&[0, 2]);
    p.extend(bytes(&[40, 1, 7, 4]));
    p.extend(bytes(&[43, 3, 46, 6]));
    p.extend(b"AB\0CD\0value\0");
    let decoded = decode(73, p.clone());
    assert_eq!(shown(&decoded, "entries[0].name"), "\"AB\"");
    assert_eq!(shown(&decoded, "entries[0].data"), "7");
    assert_eq!(shown(&decoded, "entries[1].name"), "\"CD\"");
    assert_eq!(shown(&decoded, "entries[1].value"), "\"value\"");
    assert_eq!(decoded.unknown_bytes(), 0);
    assert!(decoded
        .fields
        .iter()
        .any(|f| f.value == Value::Text("AB".into())));
    p.extend(b"rest");
    assert_eq!(decode(73, p).unknown_bytes(), 4);
}

/// Any bytes give an answer, in bounded time and memory, and each byte is a field's or unknown.
#[test]
fn any_bytes() {
    let decoder = Decoder::new(names());
    let mut seed = 1u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as u32
    };
    let check = |function, payload: Vec<u8>| {
        let len = payload.len();
        let decoded = decoder.message(&message(function, payload));
        let held: usize = decoded.fields.iter().map(|f| f.size).sum();
        assert!(held <= 4 * len, "{held} of {len}");
        for at in 0..len {
            let unknown = decoded.unknown.iter().any(|r| r.contains(&at));
            assert!(
                unknown != decoded.at(at).is_some(),
                "{function}: byte {at} of {len}"
            );
        }
    };
    let functions = [10, 71, 73, 76, 103, 0x1002, 0x1003, 0x1005, 0x100f, 0x10fe];
    for end in 0..=every().len() {
        check(76, every()[..end].to_vec());
    }
    for round in 0..4000 {
        let len = (random() % 200) as usize;
        let mut payload: Vec<u8> = (0..len).map(|_| (random() % 256) as u8).collect();
        // Half of them with small numbers, which go further.
        if round % 2 == 0 {
            payload
                .iter_mut()
                .enumerate()
                .for_each(|(n, b)| *b = if n % 4 == 0 { *b % 48 } else { 0 });
        }
        if round % 3 == 0 && len >= 12 {
            payload[8..12].copy_from_slice(&0x2080_0042u32.to_le_bytes());
        }
        check(functions[round % functions.len()], payload);
    }
}

/// A registry whose entries all point at the same long text does not multiply it.
#[test]
fn shared_bytes_are_bounded() {
    let mut p = bytes(&[0, 2000]);
    for _ in 0..2000 {
        p.extend(bytes(&[8, 2, 8, 60_000]));
    }
    let len = p.len();
    let decoded = decode(73, p);
    let held: usize = decoded.fields.iter().map(|f| f.size).sum();
    assert!(held <= 4 * len);
}
