// SPDX-License-Identifier: GPL-2.0
//! Nothing that identifies the machine leaves it, and what is taken out does not change what is equal.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use flate2::read::GzDecoder;
use nvkm_ab::trace::to_hex as hex;
use nvkm_ab::trace::Message;
use nvkm_ab::trace::Queue;
use nvkm_hw::archive;
use nvkm_hw::scrub;
use nvkm_hw::scrub::Scrubber;
use nvkm_hw::secrets::Kind;
use nvkm_hw::secrets::Secrets;
use support::Fault;
use support::Machine;
use support::BOARD_SERIAL;
use support::HOST;
use support::MAC;
use support::MACHINE_ID;
use support::PHASES;

/// All files of an archive.
fn contents(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path).unwrap()));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(entry.path().unwrap().display().to_string(), bytes);
    }
    files
}

#[test]
fn the_archive_of_a_run_names_nobody() {
    let machine = Machine::new().boot(Fault::None);
    let out = machine.at("/run/out");
    let status = Command::new(env!("CARGO_BIN_EXE_nvkm-hw"))
        .arg("--root")
        .arg(machine.at("/"))
        .args(["run", "--yes", "--phases", PHASES, "--out"])
        .arg(&out)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
    let mut paths = fs::read_dir(&out).unwrap().flatten().map(|e| e.path());
    let archive = paths
        .find(|p| p.extension().is_some_and(|e| e == "gz"))
        .unwrap();
    assert!(archive
        .to_string_lossy()
        .contains("nvkm-report-ga106-570.144-"));
    let files = contents(&archive);
    let all: Vec<u8> = files.values().flatten().copied().collect();
    let text = String::from_utf8_lossy(&all).to_lowercase();
    // The raw trace has these, in a payload and in the log.
    let raw = fs::read_to_string(out.join("c1/trace.txt")).unwrap();
    assert!(raw.contains(&hex(HOST.as_bytes())));
    let gid = hex(b"GPU-serial-00042");
    assert!(raw.contains(&gid));
    for word in [
        HOST,
        MAC,
        MACHINE_ID,
        BOARD_SERIAL,
        "sieglinde",
        "nothung",
        "998877665544",
        "192.168.17.4",
        "walk",
        "3931364b",
    ] {
        assert!(!text.contains(&word.to_lowercase()), "{word} left");
        assert!(
            !text.contains(&hex(word.as_bytes())),
            "{word} left as digits"
        );
    }
    assert!(!text.contains(&gid));
    // What is left is of use.
    let dir = archive
        .file_name()
        .unwrap()
        .to_string_lossy()
        .replace(".tar.gz", "");
    let file = |name: &str| String::from_utf8_lossy(&files[&format!("{dir}/{name}")]).into_owned();
    assert!(
        file("c1/dmesg.txt").contains("machine <host> of <user>, board <serial>, <mac> at <ip>"),
        "{}",
        file("c1/dmesg.txt")
    );
    assert!(file("rust/mmio.txt").contains("R 0x300000 0x00000001"));
    assert_eq!(file("c1/wire.jsonl"), file("rust/wire.jsonl"));
    assert!(file("report.html").contains("class=\"verdict equal\""));
}

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add(Kind::Host, HOST);
    secrets.add(Kind::Mac, MAC);
    secrets.add(Kind::Uuid, "4c4c4544-0051-3610-8052-b9c04f463132");
    secrets.add(Kind::Serial, BOARD_SERIAL);
    secrets
}

#[test]
fn an_archive_that_leaks_is_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tar.gz");
    let write = |content: &[u8]| {
        let files = BTreeMap::from([("c1/wire.jsonl".to_string(), content.to_vec())]);
        archive::write(&path, "a", &files, &secrets())
    };
    assert!(write(b"nothing of interest, version 535.113.01, vbios 90.04.23.00.01").is_ok());
    assert!(path.exists());
    let mac = [0x3c, 0x7c, 0x3f, 1, 2, 3];
    let uuid = "4c4c4544005136108052b9c04f463132";
    let cases: Vec<Vec<u8>> = vec![
        HOST.as_bytes().to_vec(),
        format!("at {}.", HOST.to_uppercase()).into(),
        scrub::utf16(HOST),
        hex(HOST.as_bytes()).into(),
        hex(&scrub::utf16(HOST)).into(),
        format!("\"payload\":\"00{}00\"", hex(&mac)).into(),
        b"3c 7c 3f 01 02 03".to_vec(),
        MAC.into(),
        uuid.into(),
        // As SMBIOS keeps it.
        b"44454c4c510010368052b9c04f463132".to_vec(),
        BOARD_SERIAL.into(),
        // Of nobody that was collected, but of a form that says enough.
        b"aa:bb:cc:dd:ee:0f".to_vec(),
        b"from 10.1.2.3 on".to_vec(),
        b"00112233-4455-6677-8899-aabbccddeeff".to_vec(),
    ];
    for case in cases {
        let shown = String::from_utf8_lossy(&case).into_owned();
        let error = write(&case).expect_err(&shown);
        assert!(
            error.to_string().contains("still holds"),
            "{shown}: {error:#}"
        );
        assert!(
            !path.exists() && fs::read_dir(dir.path()).unwrap().count() == 0,
            "{shown}"
        );
    }
}

fn message(function: u32, payload: Vec<u8>) -> Message {
    Message {
        n: 0,
        q: Queue::Msgq,
        function,
        name: String::new(),
        len: 32 + payload.len() as u32,
        seq: 0,
        elem_seq: 0,
        result: 0,
        elems: 1,
        payload,
        mark: None,
    }
}

#[test]
fn what_was_equal_stays_equal_and_what_differed_differs() {
    let mut scrubber = Scrubber::new(&secrets());
    let mut info = |gid: &[u8], other: u8| {
        let mut payload = vec![0x11; 400];
        payload[36..292].fill(0);
        payload[36..36 + gid.len()].copy_from_slice(gid);
        payload[300] = other;
        let mut m = message(65, payload);
        scrubber.message(&mut m);
        m.payload
    };
    let (a, b, c, d) = (
        info(b"GPU-one", 1),
        info(b"GPU-one", 1),
        info(b"GPU-two", 1),
        info(b"GPU-one", 2),
    );
    assert_eq!(a, b);
    assert_ne!(a, c);
    assert_ne!(a, d);
    assert!(!a.windows(7).any(|w| w == b"GPU-one"));
    // All else stays.
    assert_eq!((&a[..36], a[300]), (&[0x11; 36][..], 1));
}

#[test]
fn values_in_payloads_are_found_in_any_form() {
    let mut scrubber = Scrubber::new(&secrets());
    for value in [
        HOST.as_bytes().to_vec(),
        scrub::utf16(HOST),
        vec![0x3c, 0x7c, 0x3f, 1, 2, 3],
        b"aa:bb:cc:dd:ee:0f".to_vec(),
    ] {
        let mut payload = vec![0xee; 20];
        payload.extend(&value);
        payload.extend([0xee; 20]);
        let mut m = message(76, payload);
        scrubber.message(&mut m);
        assert!(
            !m.payload.windows(value.len()).any(|w| w == value),
            "{value:x?}"
        );
        assert!(m.payload[..20]
            .iter()
            .chain(&m.payload[20 + value.len()..])
            .all(|b| *b == 0xee));
    }
}

#[test]
fn texts() {
    let scrubber = Scrubber::new(&secrets());
    for (text, clean) in [
        ("Brunhilde: hello", "<host>: hello"),
        ("brunhildes is another word", "brunhildes is another word"),
        (
            "bios: version 90.04.23.00.01",
            "bios: version 90.04.23.00.01",
        ),
        (
            "RM version: 570.144, 535.113.01",
            "RM version: 570.144, 535.113.01",
        ),
        ("nouveau 0000:01:00.0: pci", "nouveau 0000:01:00.0: pci"),
        ("from 10.20.30.40.", "from <ip>."),
        ("fe80::1234:5678 up", "<ip> up"),
        ("disk 00112233-4455-6677-8899-aabbccddeeff", "disk <uuid>"),
    ] {
        assert_eq!(scrubber.text(text), clean);
    }
}

#[test]
fn common_words_identify_nobody() {
    let mut secrets = Secrets::default();
    for word in [
        "localhost",
        "To Be Filled By O.E.M.",
        "0000-0000",
        "debian",
        "ab",
        "  ",
    ] {
        secrets.add(Kind::Serial, word);
    }
    assert!(secrets.list().is_empty(), "{:?}", secrets.list());
    secrets.add(Kind::Host, "Rheingold");
    secrets.allow(&["rheingold".into()]);
    assert!(secrets.list().is_empty());
}

#[test]
fn a_machine_is_searched_through() {
    let machine = Machine::new();
    machine.put("/proc/net/fib_trie", "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.168.17.4\n        /32 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n");
    machine.put(
        "/proc/net/if_inet6",
        "fe800000000000003e7c3ffffe010203 02 40 20 80     eth0\n",
    );
    machine.put("/sys/class/block/nvme0n1/wwid", "eui.0025385b71b00001");
    machine.put("/dev/disk/by-uuid/11112222-3333-4444-5555-666677778888", "");
    let found: Vec<String> = Secrets::collect(&machine.root())
        .list()
        .into_iter()
        .map(|s| s.value)
        .collect();
    for value in [
        HOST,
        MAC,
        MACHINE_ID,
        BOARD_SERIAL,
        "sieglinde",
        "Sieglinde Nothung",
        "Walkürenfelsen 3000",
        "192.168.17.4",
        "fe80::3e7c:3fff:fe01:203",
        "eui.0025385b71b00001",
        "11112222-3333-4444-5555-666677778888",
    ] {
        assert!(found.iter().any(|f| f == value), "{value} not in {found:?}");
    }
    assert!(!found.iter().any(|f| f.starts_with("127.")));
}
