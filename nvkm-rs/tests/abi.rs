// SPDX-License-Identifier: GPL-2.0

//! The ABI layer against C: the same values through NVIDIA's own structures, laid out by the C compiler
//! (`abi/reference.c`), give the same bytes, in each version.

use std::path::Path;

use nvkm_rs_core::abi::core::arguments::{
    FmcBootParams, LibosRegion, RmArgs, SrMeta, UcodeDesc, WprMeta,
};
use nvkm_rs_core::abi::core::field::{Fault, Place};
use nvkm_rs_core::abi::core::names::{common_name, Event, Function};
use nvkm_rs_core::abi::core::services::{FbRegion, Graphics, InitStep, WprLayout};
use nvkm_rs_core::abi::core::sizing::{Libos, Rm, Sizing};
use nvkm_rs_core::abi::core::{framing, select, Abi, VERSIONS};

use support::*;

#[path = "abi/support.rs"]
mod support;

/// Writes one structure; the buffer is larger and holds rubbish before.
fn written(write: impl Fn(&mut [u8]) -> Result<usize, Fault>) -> Vec<u8> {
    let mut buffer = vec![0x5a; 0x4000];
    let size = write(&mut buffer).expect("it fits");
    assert!(
        buffer[size..].iter().all(|byte| *byte == 0x5a),
        "nothing behind it is touched"
    );
    // A byte less is an error, and not a panic.
    for len in [0, 1, size - 1] {
        let error = write(&mut buffer[..len]).expect_err("too short");
        assert!(matches!(error, Fault::Short { .. }), "{error}");
        assert!(error.to_string().contains("bytes where"));
    }
    buffer.truncate(size);
    buffer
}

#[test]
fn bytes_are_those_of_c() {
    for (abi, c) in versions() {
        let abi = *abi;
        let mut checked = 0;
        let mut same = |name: &str, bytes: Vec<u8>| {
            assert_eq!(bytes, c[name], "{name} of {}", abi.version());
            checked += 1;
        };
        same("wpr_meta", written(|out| abi.wpr_meta(&meta(abi), out)));
        let sr = SrMeta {
            data: range(0x2001),
        };
        same("sr_meta", written(|out| abi.sr_meta(&sr, out)));
        for (name, resume) in [("rm_args", false), ("rm_args_resume", true)] {
            let args = RmArgs {
                shared: 0x3001,
                pages: 0x3002,
                commands: 0x3003,
                messages: 0x3004,
                resume,
            };
            same(name, written(|out| abi.rm_args(&args, out)));
        }
        let region = LibosRegion {
            name: "LOGINIT",
            memory: range(0x4001),
        };
        same("libos", written(|out| abi.libos_region(&region, out)));
        for (name, suspend) in [("unloading", false), ("unloading_suspend", true)] {
            same(name, written(|out| abi.unloading(suspend, out)));
            assert_eq!(abi.unloading_size(), c[name].len());
        }
        same(
            "system_info",
            written(|out| abi.system_info(&system_info(), out)),
        );
        assert_eq!(abi.system_info_size(), c["system_info"].len());
        same("registry", written(|out| abi.registry(&REGISTRY, out)));
        assert_eq!(abi.registry_size(&REGISTRY), Some(c["registry"].len()));
        let params = FmcBootParams {
            meta: range(0x9001),
            libos: 0x9003,
        };
        let mut probe = vec![0; 0x1000];
        match abi.fmc_boot_params(&params, &mut probe).expect("it fits") {
            Some(_) => same(
                "fmc",
                written(|out| {
                    abi.fmc_boot_params(&params, out)
                        .map(|size| size.expect("it is known"))
                }),
            ),
            None => assert!(!c.contains_key("fmc"), "{}", abi.version()),
        }
        assert!(checked >= 7);
    }
}

#[test]
fn what_c_reads_is_read() {
    for (abi, c) in versions() {
        let abi = *abi;
        let info = abi.static_info(&c["static_info"]).expect("it is whole");
        assert_eq!(abi.static_info_size(), c["static_info"].len());
        assert_eq!(
            (info.client, info.device, info.subdevice),
            (0x7001, 0x7002, 0x7003)
        );
        assert_eq!((info.bar1_pdb, info.bar2_pdb), (0x7004, 0x7005));
        assert_eq!(info.region_count, 2);
        for (n, region) in (0..).zip(&info.regions[..2]) {
            let expected = FbRegion {
                base: 0x7100 + n,
                limit: 0x7110 + n,
                reserved: 0x7120 + n,
                performance: 0x7130 + n as u32,
                compressed: n == 0,
                iso: n == 1,
                protected: n == 0,
            };
            assert_eq!(*region, expected, "{}", abi.version());
        }
        assert_eq!(info.regions[2], FbRegion::default());
        let newer = module(abi) == "r570";
        // GPCs 0 and 2, with eight TPCs each.
        let graphics = Graphics { gpcs: 2, tpcs: 16 };
        assert_eq!(info.graphics, (!newer).then_some(graphics));
        let layout = WprLayout {
            non_wpr_heap: 0x7006,
            frts: 0x7007,
        };
        assert_eq!(info.wpr_layout, newer.then_some(layout));
        let asks = abi.init_steps().contains(&InitStep::GpcTpcMasks);
        assert_eq!(
            asks,
            info.graphics.is_none(),
            "what is not told must be asked for"
        );

        let desc = abi.ucode_desc(&c["ucode_desc"]).expect("it is whole");
        let expected = UcodeDesc {
            app_version: 0x8001,
            code_offset: 0x8002,
            data_offset: 0x8003,
            manifest_offset: 0x8004,
        };
        assert_eq!(desc, expected);
        // Bootloaders of Turing have two words less; what lacks the last field that is read is an error.
        assert_eq!(abi.ucode_desc(&c["ucode_desc"][..76]), Ok(expected));
        assert!(abi.ucode_desc(&c["ucode_desc"][..51]).is_err());
    }
}

#[test]
fn short_and_absurd_replies_are_errors() {
    for (abi, c) in versions() {
        let abi = *abi;
        let whole = &c["static_info"];
        for len in 0..whole.len() {
            assert!(abi.static_info(&whole[..len]).is_err(), "{len}");
        }
        // C takes any number of regions (vgpu-notes: numFBRegions unbounded).
        let count = {
            let mut found = None;
            for at in (0..whole.len() - 4).step_by(4) {
                let mut other = whole.clone();
                other[at..at + 4].copy_from_slice(&17_u32.to_le_bytes());
                if let Err(error) = abi.static_info(&other) {
                    assert_eq!(
                        error,
                        Fault::Value {
                            field: "numFBRegions",
                            value: 17,
                            most: 16
                        }
                    );
                    assert_eq!(found.replace(at), None);
                }
            }
            found.expect("there is such a field")
        };
        let mut most = whole.clone();
        most[count..count + 4].copy_from_slice(&16_u32.to_le_bytes());
        assert_eq!(abi.static_info(&most).expect("16 can be").region_count, 16);
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let ids = [0; 17];
    for abi in VERSIONS {
        let mut info = system_info();
        let mut acpi = info.acpi.expect("there is one");
        acpi.dod.1 = &ids;
        info.acpi = Some(acpi);
        let error = abi
            .system_info(&info, &mut [0; 0x1000])
            .expect_err("17 displays");
        assert_eq!(
            error,
            Fault::Value {
                field: "acpiIdList",
                value: 17,
                most: 16
            }
        );
        if module(*abi) != "r570" {
            let meta = WprMeta {
                pmu_reserved: 1,
                ..WprMeta::default()
            };
            let error = abi
                .wpr_meta(&meta, &mut [0; 0x1000])
                .expect_err("no such field");
            assert_eq!(error.to_string(), "pmuReservedSize: 0x1 is above 0x0");
        }
    }
}

#[test]
fn only_the_exact_version_is_known() {
    for abi in VERSIONS {
        let text = abi.version();
        assert_eq!(select(text.as_bytes()).map(Abi::version), Some(text));
        assert!(select(&text.as_bytes()[..text.len() - 1]).is_none());
        assert!(select(format!("{text}.1").as_bytes()).is_none());
    }
    for unknown in ["", "570", "570.144.00", "535.113.02", "575.51.02"] {
        assert!(select(unknown.as_bytes()).is_none(), "{unknown}");
    }
    let order: Vec<&str> = VERSIONS.iter().map(|abi| abi.version()).collect();
    assert!(order.is_sorted(), "oldest first: {order:?}");
}

#[test]
fn heap_sizes() {
    const MB: u64 = 1 << 20;
    const GB: u64 = 1 << 30;
    let heap = |version: &str, libos, rm, frame_buffer| {
        select(version.as_bytes())
            .expect("known")
            .sizing()
            .wpr_heap(libos, rm, frame_buffer)
    };
    // tu102_gsp_wpr_heap_size(): carve-out, RM, 96 KiB a begun gigabyte, 96 MiB for clients.
    for version in ["535.113.01", "550.163.01", "570.144"] {
        assert_eq!(
            heap(version, Libos::Two, Rm::Tu10x, 8 * GB),
            Some((8 + 1 + 96) * MB)
        );
        assert_eq!(
            heap(version, Libos::Two, Rm::Tu10x, 8 * GB + 1),
            Some((8 + 1 + 96) * MB)
        );
        assert_eq!(
            heap(version, Libos::Two, Rm::Tu10x, 11 * GB),
            Some((8 + 2 + 96) * MB)
        );
    }
    assert_eq!(
        heap("535.113.01", Libos::Three, Rm::Tu10x, 12 * GB),
        Some((20 + 8 + 2 + 96) * MB)
    );
    assert_eq!(
        heap("550.163.01", Libos::Three, Rm::Tu10x, 12 * GB),
        Some((22 + 8 + 2 + 96) * MB)
    );
    assert_eq!(
        heap("570.144", Libos::Three, Rm::Tu10x, 12 * GB),
        Some((22 + 8 + 2 + 96) * MB)
    );
    // The least counts megabytes; C compares it with bytes. No sum of today is below it.
    for (version, libos3) in [("535.113.01", 84), ("550.163.01", 86), ("570.144", 88)] {
        let sizing = select(version.as_bytes()).expect("known").sizing();
        assert_eq!(sizing.libos2.least, 64 * MB);
        assert_eq!(sizing.libos3.least, libos3 * MB);
        let small = Sizing {
            client: 0,
            ..*sizing
        };
        let heap = small.wpr_heap(Libos::Three, Rm::Tu10x, 0);
        assert_eq!(heap, Some(libos3 * MB), "{version}");
    }
    assert_eq!(heap("535.113.01", Libos::Three, Rm::Gh100, 80 * GB), None);
    assert_eq!(
        heap("550.163.01", Libos::Three, Rm::Gh100, 80 * GB),
        Some((22 + 14 + 8 + 96) * MB)
    );
}

#[test]
fn bytes_saved_at_suspend() {
    let meta = WprMeta {
        wpr_start: 0x10,
        wpr_end: 0x110,
        non_wpr_heap: range(0x8),
        frts: range(0x100),
        ..WprMeta::default()
    };
    let saved = |version: &str| {
        select(version.as_bytes())
            .expect("known")
            .sr_data_size(&meta)
    };
    assert_eq!(saved("535.113.01"), Some(0x100));
    assert_eq!(saved("550.163.01"), Some(0x100));
    assert_eq!(saved("570.144"), Some(0x100 + 0x101 - (0x8 + 0x9)));
    let upside_down = WprMeta {
        wpr_start: 1,
        ..WprMeta::default()
    };
    assert_eq!(VERSIONS[0].sr_data_size(&upside_down), None);
}

#[test]
fn numbers_and_names() {
    for abi in VERSIONS {
        for function in Function::ALL {
            assert_eq!(
                abi.name(abi.function(*function)),
                Some(function.name()),
                "{}",
                abi.version()
            );
        }
        let mut known = 0;
        for event in Event::ALL {
            if let Some(number) = abi.event_number(*event) {
                assert_eq!(abi.name(number), Some(event.name()), "{}", abi.version());
                assert_eq!(abi.event(number), Some(*event));
                known += 1;
            }
        }
        assert!(known >= 9);
        assert_eq!(abi.event(0), None);
        assert_eq!(abi.name(0xffff), None);
    }
    let number = |version: &str, event| {
        select(version.as_bytes())
            .expect("known")
            .event_number(event)
    };
    assert_eq!(
        number("535.113.01", Event::GspSendUserSharedData),
        Some(0x101b)
    );
    assert_eq!(number("570.144", Event::GspSendUserSharedData), None);
    assert_eq!(number("535.113.01", Event::GspLockdownNotice), Some(0x101d));
    assert_eq!(number("570.144", Event::GspLockdownNotice), Some(0x101c));
    assert_eq!(number("535.113.01", Event::GspPostNocatRecord), None);
    // Versions call 0x101b differently, so it has no name for those who do not know the version.
    assert_eq!(common_name(0x101b), None);
    assert_eq!(common_name(0x1001), Some("GSP_INIT_DONE"));
    assert_eq!(common_name(226), Some("CTRL_EXEC_PARTITIONS_EXPORT"));
}

#[test]
fn framing_is_that_of_c() {
    for (_, c) in versions() {
        let word = |place: Place, base: usize, bytes: &[u8]| {
            let at = base + place.offset;
            let mut raw = [0; 8];
            raw[..place.width].copy_from_slice(&bytes[at..at + place.width]);
            u64::from_le_bytes(raw)
        };
        let element = &c["element"];
        let (e, r) = (framing::ELEMENT, framing::RPC);
        let base = framing::ELEMENT_HEADER_SIZE;
        assert_eq!(element.len(), base + framing::RPC_HEADER_SIZE);
        for (n, place) in (0xa001..).zip([e.checksum, e.sequence, e.elem_count]) {
            assert_eq!(word(place, 0, element), n, "{}", place.name);
        }
        for (n, place) in (0xa004..).zip([
            r.header_version,
            r.signature,
            r.length,
            r.function,
            r.rpc_result,
            r.rpc_result_private,
            r.sequence,
            r.spare,
        ]) {
            assert_eq!(word(place, base, element), n, "{}", place.name);
        }
        let q = framing::QUEUE;
        assert_eq!(q.tx_size, c["queue"].len());
        for (n, place) in (0xb001..).zip([
            q.version,
            q.size,
            q.message_size,
            q.message_count,
            q.write_pointer,
            q.flags,
            q.rx_offset,
            q.entry_offset,
        ]) {
            assert_eq!(word(place, 0, &c["queue"]), n, "{}", place.name);
        }
    }
}

#[test]
fn what_is_inherited_is_listed() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/abi-inherited.json");
    let list: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&list).expect("the list is there"))
            .expect("JSON");
    // What the layer takes from a version: the words behind "$v::", and those of encode! and decoder!.
    let source = ["implementation.rs", "answers.rs", "framing.rs"]
        .map(|file| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("abi/core")
                .join(file);
            std::fs::read_to_string(path).expect("a source")
        })
        .concat();
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect()
    };
    let mut used: Vec<String> = source.split("$v::").skip(1).map(word).collect();
    used.extend(source.split("encode!($v, out, ").skip(1).map(word));
    used.sort();
    used.dedup();
    assert!(used.len() > 40, "{used:?}");
    for abi in VERSIONS {
        let name = module(*abi);
        let path = Path::new(env!("NVKM_GENERATED")).join(format!("abi/{name}.rs"));
        let own = std::fs::read_to_string(path).expect("it was made to build this");
        let has = |item: &str| {
            ["struct ", "union ", "const ", "type "].iter().any(|kind| {
                own.lines().any(|line| {
                    line.strip_prefix("pub ")
                        .and_then(|rest| rest.strip_prefix(kind))
                        .is_some_and(|rest| word(rest) == item)
                })
            })
        };
        let before = &VERSIONS[0];
        let oldest = module(*before);
        let first = std::fs::read_to_string(
            Path::new(env!("NVKM_GENERATED")).join(format!("abi/{oldest}.rs")),
        )
        .expect("made");
        // Items that the oldest has, and this one has not: it inherits them, or (by pick!) does without.
        let inherited: Vec<&String> = used
            .iter()
            .filter(|item| !has(item) && first.contains(&format!(" {item}")))
            .collect();
        if name == oldest {
            assert!(inherited.is_empty(), "{inherited:?}");
            continue;
        }
        let mut listed: Vec<&str> = ["inherits", "without"]
            .iter()
            .flat_map(|kind| list[&name][kind].as_array().expect("a list"))
            .filter_map(|item| item.as_str())
            .collect();
        listed.sort();
        assert_eq!(
            inherited, listed,
            "{name}: nvkm-rs/tests/data/abi-inherited.json"
        );
    }
}
