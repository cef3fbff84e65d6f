// SPDX-License-Identifier: GPL-2.0
//! The comparison, with traces that are written here: what is the same, what is not, and that nothing is passed over.

use serde_json::json;

use nvkm_ab::compare::Run;
use nvkm_ab::trace::mmio;
use nvkm_ab::trace::wire;
use nvkm_ab::trace::Trace;
use nvkm_nova::item::Area;
use nvkm_nova::item::How;
use nvkm_nova::item::Item;
use nvkm_nova::layout::Layouts;
use nvkm_nova::parity;
use nvkm_nova::parity::Beside;

/// As much of the bindings as these traces need.
const BINDINGS: &str = "pub type u32_ = u32;\npub type u64_ = u64;\npub type u8_ = u8;\n\
    pub struct GspSystemInfo {\n    pub gpuPhysAddr: u64_,\n    pub PCIDeviceID: u32_,\n    pub PCIRevisionID: u32_,\n}\n\
    pub struct GspFwWprMeta {\n    pub magic: u64_,\n    pub revision: u64_,\n    pub sysmemAddrOfRadix3Elf: u64_,\n    \
    pub sizeOfRadix3Elf: u64_,\n}\n";

/// A boot: GSP falcon reset, loaded by two ports, started, polled; reset again; SEC2; sequencer; RM runs.
const BOOT: &str = "# mark 0\nR 0x000000 0x164000a1\nR 0x118128 0x0\nR 0x118128 0x1\n\
    W 0x1103c0 0x1\nW 0x1103c0 0x0\nW 0x110180 0x01000000\nW 0x110184 0x11\nW 0x110184 0x22\nW 0x110104 0x0\n\
    W 0x110040 0x0\nW 0x110100 0x2\nR 0x110100 0x0\nR 0x110100 0x10\n\
    W 0x1103c0 0x1\nW 0x1103c0 0x0\nW 0x110040 0x5000000\nW 0x110044 0x0\n\
    W 0x8403c0 0x1\nW 0x840040 0x6000000\nW 0x840100 0x2\nR 0x840100 0x10\nW 0x110080 0x0\nR 0x111240 0x1\n\
    W 0x1103c0 0x1\nW 0x110040 0x5000000\nW 0x110080 0x0\nR 0x111240 0x1\nR 0x300000 0xaa55\nR 0x300004 0x0\n\
    # mark 2\nW 0x110c00 0x0\nR 0x110040 0x80000000\nW 0x1103c0 0x1\nW 0x110100 0x2\nW 0x8403c0 0x1\n\
    W 0x840100 0x2\nR 0x1fa828 0x0\n";

fn run(registers: &str, messages: &[(u32, &str, u32)], device: serde_json::Value) -> Run {
    let lines: Vec<String> = messages
        .iter()
        .enumerate()
        .map(|(n, (function, payload, seq))| {
            json!({"n": n, "q": "cmdq", "fn": function, "name": format!("F{function}"), "len": 32 + payload.len() / 2,
                "seq": seq, "elem_seq": n, "elems": 1, "payload": payload})
            .to_string()
        })
        .collect();
    Run {
        trace: Trace {
            messages: wire(&format!("{{\"mark\":0}}\n{}", lines.join("\n"))).unwrap(),
            accesses: mmio(registers).unwrap(),
            device,
            ..Trace::default()
        },
        guest: Default::default(),
        phases: ["load", "probe", "unbind", "unload"]
            .map(String::from)
            .to_vec(),
        fw: "570.144".into(),
    }
}

const INFO: &str = "000000fd00000000de10821e000000a1";
/// FREE is nvkm's alone.
const NVKM: [(u32, &str, u32); 2] = [(72, INFO, 0), (10, "00", 1)];

fn device(meta: &str, digest: &str) -> serde_json::Value {
    json!({"handed": [
        {"boot": 1, "mark": 0, "name": "fwsec-frts imem", "size": 256, "digest": "d0", "head": ""},
        {"boot": 1, "mark": 0, "name": "wpr_meta", "size": 32, "digest": "d1", "head": meta},
        {"boot": 1, "mark": 0, "name": "bootloader", "size": 4096, "digest": digest, "head": ""},
        {"boot": 2, "mark": 3, "name": "later", "size": 1, "digest": "d9", "head": ""},
    ], "errors": [], "pages": {}})
}

/// magic, revision, an address, a size.
fn meta(address: &str, size: &str) -> String {
    format!("b3601a3721ae3adc0100000000000000{address}{size}")
}

fn good() -> (Run, Run) {
    let nova = run(
        &BOOT.replace("0x5000000", "0x7000000"),
        &[(72, INFO, 0)],
        device(&meta("0070e60500000000", "a04eb30100000000"), "d2"),
    );
    let nvkm = run(
        BOOT,
        &NVKM,
        device(&meta("0010000000000000", "a04eb30100000000"), "d2"),
    );
    (nova, nvkm)
}

fn compare(nova: &Run, nvkm: &Run) -> Beside {
    parity::compare(nova, nvkm, &Layouts::parse(BINDINGS)).unwrap()
}

/// The one difference that is found after a change of nova-core's side.
fn one(change: impl FnOnce(&mut Run)) -> Item {
    let (mut nova, nvkm) = good();
    change(&mut nova);
    let found = compare(&nova, &nvkm).found;
    assert_eq!(found.items().len(), 1, "{:#?}", found.items());
    found.items()[0].clone()
}

fn registers(from: &str, to: &str) -> Item {
    let text = BOOT.replace("0x5000000", "0x7000000");
    assert!(text.contains(from), "{from}");
    one(|nova| nova.trace.accesses = mmio(&text.replacen(from, to, 1)).unwrap())
}

fn is(item: &Item, of: &str, what: &str, how: How) {
    let p = &item.place;
    assert_eq!(
        (p.of.as_str(), p.what.as_str(), p.how),
        (of, what, how),
        "{item:?}"
    );
}

#[test]
fn drivers_that_do_the_same_do_not_differ() {
    let (nova, nvkm) = good();
    let beside = compare(&nova, &nvkm);
    assert_eq!(beside.found.items(), []);
    let absent: Vec<&str> = beside.absent.iter().map(|a| a.title.as_str()).collect();
    assert_eq!(absent, ["F10"]);
    let equal = |area| -> usize {
        let of = beside.found.equal.iter().filter(|(a, ..)| *a == area);
        of.map(|(.., n)| n).sum()
    };
    assert_eq!((equal(Area::Message), equal(Area::Buffer)), (1, 3));
    // Two polls and a block of two words are one access each, the doorbell is none, and the VBIOS is one.
    assert_eq!(equal(Area::Register), 31);
}

#[test]
fn register_accesses() {
    // Another value, in every step by its name.
    is(
        &registers("R 0x000000 0x164000a1", "R 0x000000 0x1"),
        "identify",
        "R 0x000000",
        How::Differs,
    );
    is(
        &registers("W 0x110184 0x22", "W 0x110184 0x23"),
        "fwsec-frts",
        "W 0x110184…",
        How::Differs,
    );
    is(
        &registers("W 0x110044 0x0\n", "W 0x110044 0x1\n"),
        "libos",
        "W 0x110044",
        How::Differs,
    );
    is(
        &registers("R 0x840100 0x10", "R 0x840100 0x50"),
        "booter-load",
        "R 0x840100",
        How::Differs,
    );
    is(
        &registers("R 0x110040 0x80000000", "R 0x110040 0x0"),
        "shutdown",
        "R 0x110040",
        How::Differs,
    );
    is(
        &registers("R 0x1fa828 0x0", "R 0x1fa828 0x1"),
        "booter-unload",
        "R 0x1fa828",
        How::Differs,
    );
    // One more, one less, one elsewhere.
    is(
        &registers("W 0x110104 0x0\n", "W 0x110104 0x0\nW 0x110084 0x1\n"),
        "fwsec-frts",
        "W 0x110084",
        How::OnlyNova,
    );
    is(
        &registers("W 0x110104 0x0\n", ""),
        "fwsec-frts",
        "W 0x110104",
        How::OnlyNvkm,
    );
    is(
        &registers(
            "W 0x110104 0x0\nW 0x110040 0x0\n",
            "W 0x110040 0x0\nW 0x110104 0x0\n",
        ),
        "fwsec-frts",
        "W 0x110104",
        How::Moved,
    );
    // Where a boot has no business: nothing of nova-core's is passed over.
    is(
        &registers("# mark 2\n", "W 0x123456 0x1\n# mark 2\n"),
        "elsewhere",
        "W 0x123456",
        How::OnlyNova,
    );
    is(
        &registers("R 0x300004 0x0\n", ""),
        "vbios",
        "R 0x300000…",
        How::Differs,
    );
    // How often is polled is no difference, and neither are addresses, as long as they are used alike.
    let (mut nova, nvkm) = good();
    let polls = BOOT.replace("R 0x118128 0x0\n", "R 0x118128 0x0\nR 0x118128 0x0\n");
    nova.trace.accesses = mmio(&polls.replace("0x6000000", "0x1000")).unwrap();
    assert_eq!(compare(&nova, &nvkm).found.items(), []);
}

#[test]
fn nvkms_further_business_is_counted() {
    let (nova, mut nvkm) = good();
    let more = BOOT.replace("# mark 2\n", "W 0x123456 0x1\nR 0x110008 0x0\n# mark 2\n");
    nvkm.trace.accesses = mmio(&more).unwrap();
    let beside = compare(&nova, &nvkm);
    assert_eq!(beside.found.items(), []);
    assert_eq!(beside.elsewhere, 2);
}

#[test]
fn messages() {
    let changed = |payload: &str, seq: u32| {
        let payload = payload.to_string();
        one(move |nova| {
            nova.trace.messages = run("", &[(72, &payload, seq)], json!({})).trace.messages
        })
    };
    is(
        &changed(&INFO.replace("de10", "de11"), 0),
        "F72",
        "PCIDeviceID",
        How::Differs,
    );
    is(&changed(INFO, 5), "F72", "rpc.sequence", How::Differs);
    // What lies behind the structure.
    let (mut nova, nvkm) = good();
    nova.trace.messages = run("", &[(72, &format!("{INFO}01"), 0)], json!({}))
        .trace
        .messages;
    let found = compare(&nova, &nvkm).found;
    let what: Vec<&str> = found
        .items()
        .iter()
        .map(|i| i.place.what.as_str())
        .collect();
    assert_eq!(what, ["rpc.length", "behind+0x0"]);
    // One that nvkm does not send, and one at another place.
    let sent = |list: &[(u32, &str, u32)]| {
        let messages = run("", list, json!({})).trace.messages;
        let (mut nova, nvkm) = good();
        nova.trace.messages = messages;
        let found = compare(&nova, &nvkm).found;
        let order = found.items().iter().find(|i| i.place.what == "order");
        order.unwrap().clone()
    };
    is(
        &sent(&[(72, INFO, 0), (65, "00", 0)]),
        "F65",
        "order",
        How::OnlyNova,
    );
    is(
        &sent(&[(10, "00", 1), (72, INFO, 0)]),
        "F72",
        "order",
        How::Moved,
    );
}

/// A registry of one number, behind 8 bytes of header and 16 of entry.
fn registry(key: &str, data: u8, length: u8) -> String {
    let name: Vec<String> = key.bytes().map(|b| format!("{b:02x}")).collect();
    let entry = format!("18000000 01000000 {data:02x}000000 {length:02x}000000");
    format!("1a000000 01000000 {entry} {}00", name.concat()).replace(' ', "")
}

#[test]
fn settings_of_the_registry_are_compared_by_name() {
    let both = |ours: &str, theirs: &str| {
        let (mut nova, mut nvkm) = good();
        nova.trace.messages = run("", &[(73, ours, 0)], json!({})).trace.messages;
        nvkm.trace.messages = run("", &[(73, theirs, 0)], json!({})).trace.messages;
        let found = compare(&nova, &nvkm).found;
        let what = |i: &Item| (i.place.what.clone(), i.place.how);
        found.items().iter().map(what).collect::<Vec<_>>()
    };
    let plain = registry("A", 1, 4);
    assert_eq!(both(&plain, &plain), []);
    assert_eq!(
        both(&registry("A", 1, 0), &plain),
        [("A.length".to_string(), How::Differs)]
    );
    let other = both(&registry("B", 1, 4), &plain);
    assert_eq!(
        other,
        [
            ("B".to_string(), How::OnlyNova),
            ("A".to_string(), How::OnlyNvkm)
        ]
    );
    // Only the table's own size is another.
    let header = format!("1b{}", &plain[2..]);
    assert_eq!(
        both(&header, &plain),
        [("payload+0x0".to_string(), How::Differs)]
    );
}

#[test]
fn buffers() {
    let change = |meta: String, digest: &str| one(|nova| nova.trace.device = device(&meta, digest));
    let address = "0070e60500000000";
    is(
        &change(meta(address, "a14eb30100000000"), "d2"),
        "wpr_meta",
        "sizeOfRadix3Elf",
        How::Differs,
    );
    is(
        &change(meta("0000000000000000", "a04eb30100000000"), "d2"),
        "wpr_meta",
        "sysmemAddrOfRadix3Elf",
        How::Differs,
    );
    is(
        &change(meta(address, "a04eb30100000000"), "d3"),
        "bootloader",
        "digest",
        How::Differs,
    );
    let gone = one(|nova| {
        let handed = nova.trace.device["handed"].as_array_mut().unwrap();
        handed.remove(2);
    });
    is(&gone, "bootloader", "", How::OnlyNvkm);
    let swapped = one(|nova| {
        let handed = nova.trace.device["handed"].as_array_mut().unwrap();
        handed.swap(1, 2);
    });
    is(&swapped, "all", "order", How::Moved);
}

#[test]
fn complaints_of_the_model_are_differences() {
    let item = one(|nova| nova.trace.device["errors"] = json!(["WPR metadata: layout X { a: 1 }"]));
    assert_eq!(item.place.area, Area::Complaint);
    is(&item, "device", "WPR metadata: layout X", How::OnlyNova);
}

#[test]
fn what_is_left_to_chance_is_noted_and_no_difference() {
    let (mut nova, mut nvkm) = good();
    for (run, zero) in [(&mut nova, false), (&mut nvkm, true)] {
        run.trace.device["handed"][2]["facts"] = json!({"rest_zero": zero});
    }
    let found = compare(&nova, &nvkm).found;
    assert_eq!(found.items(), []);
    assert_eq!(
        found.chance,
        ["bootloader: rest_zero is false with nova-core"]
    );
    nova.trace.device["handed"][2]["facts"]["padding"] = json!(8);
    is(
        &compare(&nova, &nvkm).found.items()[0],
        "bootloader",
        "padding",
        How::Differs,
    );
}
