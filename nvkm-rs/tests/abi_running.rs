// SPDX-License-Identifier: GPL-2.0

//! What a running RM answers and says, against C (`abi/running.c`), in each version; and any bytes at all.

use nvkm_rs_core::abi::core::field::Fault;
use nvkm_rs_core::abi::core::names::Event;
use nvkm_rs_core::abi::core::running::{
    Control, Engine, Gcx, Interrupt, LibosPrint, OsError, Shape, LIBOS_CLASS_PMU,
};
use nvkm_rs_core::abi::core::services::WprLayout;
use nvkm_rs_core::abi::core::VERSIONS;
use proptest::prelude::*;

use support::{module, versions};

#[path = "gsp/check.rs"]
#[allow(dead_code)]
mod check;
#[path = "abi/support.rs"]
#[allow(dead_code)]
mod support;

/// Numbers of the kinds, as the reference has them.
const KINDS: [Engine; 8] = [
    Engine::Gsp,
    Engine::Disp,
    Engine::Ce,
    Engine::Gr,
    Engine::Nvdec,
    Engine::Nvenc,
    Engine::Nvjpg,
    Engine::Ofa,
];

#[test]
fn engines_are_those_of_c() {
    for (abi, c) in versions() {
        let mut known = 0;
        for (index, pair) in (0..).zip(c["engines"].chunks(2)) {
            let expected = KINDS
                .get(usize::from(pair[0]))
                .map(|kind| (*kind, u32::from(pair[1])));
            assert_eq!(abi.engine(index), expected, "{index} of {}", abi.version());
            known += usize::from(expected.is_some());
        }
        // 550.163.01 tells DISP and CE alone.
        let least = if module(*abi) == "r550" { 11 } else { 33 };
        assert!(known >= least, "{known} of {}", abi.version());
        for index in [1024, 0x1_0000, u32::MAX] {
            assert_eq!(abi.engine(index), None);
        }
    }
}

#[test]
fn numbers_and_sizes_of_controls() {
    let expected = |control| match control {
        Control::InterruptTable => Some((0x2080_0a5c, "interrupts")),
        Control::MemsysConfig => Some((0x2080_0a1c, "memsys")),
        Control::GpcMask => Some((0x2080_0137, "gpc")),
        Control::TpcMask => Some((0x2080_0138, "tpc")),
        Control::GcxPrerequisites => Some((0x2080_a7d7, "gcx")),
    };
    for (abi, c) in versions() {
        for control in Control::ALL {
            let (command, name) = expected(control).expect("all of them");
            let asked = match control {
                Control::GpcMask | Control::TpcMask => module(*abi) != "r535",
                Control::GcxPrerequisites => module(*abi) == "r570",
                _ => true,
            };
            let shape = asked.then(|| Shape {
                command,
                size: c[name].len(),
            });
            assert_eq!(abi.control(control), shape, "{control:?}");
        }
    }
}

#[test]
fn the_interrupt_table_is_read() {
    for (abi, c) in versions() {
        let table = &c["interrupts"];
        assert_eq!(abi.interrupts(table), Ok(128));
        for n in 0..128 {
            let line = u32::try_from(n).expect("small");
            let expected = Interrupt {
                index: 0xd000 + line,
                pmc_mask: 0xd1000 + line,
                stall: 0xd2000 + line,
                nonstall: 0xd3000 + line,
            };
            assert_eq!(abi.interrupt(table, n), Ok(expected));
        }
        // There is no other line, and no other number of them.
        for n in [128, 129, usize::MAX] {
            assert!(abi.interrupt(table, n).is_err());
        }
        let mut more = table.clone();
        more[..4].copy_from_slice(&129_u32.to_le_bytes());
        let error = abi.interrupts(&more).expect_err("C reads on");
        assert_eq!(error.to_string(), "tableLen: 0x81 is above 0x80");
        for len in 0..table.len() {
            assert!(abi.interrupts(&table[..len]).is_err());
            assert!(abi.interrupt(&table[..len], 0).is_err());
        }
    }
}

#[test]
fn answers_are_read_as_c_reads_them() {
    for (abi, c) in versions() {
        assert_eq!(abi.raw_comptags(&c["memsys"]), Ok(true));
        assert_eq!(abi.gpc_mask(&c["gpc"]), Ok(0xc001));
        assert_eq!(abi.tpc_mask(&c["tpc"]), Ok(0xc002));
        let mut question = [0x5a; 64];
        let size = abi.tpc_question(0xc003, &mut question).expect("it fits");
        assert_eq!(question[..size], c["tpc_question"]);
        let ready = match c.get("gcx") {
            Some(answer) => {
                assert!(abi.gcx(&answer[..1]).is_err());
                abi.gcx(answer)
            }
            None => abi.gcx(&[]),
        };
        let newer = module(*abi) == "r570";
        assert_eq!(
            ready,
            Ok(Gcx {
                gc6: !newer,
                gcoff: true
            })
        );

        let layout = WprLayout {
            non_wpr_heap: 0xc004,
            frts: 0xc005,
        };
        let mut meta = vec![0xee; 0x200];
        let size = abi.wpr_moved(&layout, &mut meta).expect("it fits");
        assert_eq!(meta[..size], c["wpr_moved"]);
        assert!(meta[size..].iter().all(|byte| *byte == 0xee));
        assert!(abi.wpr_moved(&layout, &mut meta[..size - 1]).is_err());
    }
}

#[test]
fn events_are_read_as_c_reads_them() {
    for (abi, c) in versions() {
        let message = &c["post_event"];
        let post = abi.posted(message).expect("it is whole");
        assert_eq!(
            (post.client, post.event, post.notify_index, post.word),
            (0xc007, 0xc008, 0xc009, 0xc00a)
        );
        assert_eq!((post.status, post.notify_list), (0xc00b, 0x0c));
        assert_eq!(message[post.data], [1, 2, 3, 4, 5]);
        // A byte more or less than it says is not what it says.
        for (wrong, what) in [
            (
                &message[..message.len() - 1],
                "eventDataSize: 0x5 is above 0x4",
            ),
            (
                &[&message[..], &[0]].concat()[..],
                "eventDataSize: 0x5 is above 0x6",
            ),
        ] {
            assert_eq!(abi.posted(wrong).expect_err("wrong").to_string(), what);
        }

        let log = OsError {
            xid: 0xc006,
            text: b"an Xid",
        };
        assert_eq!(abi.os_error(&c["os_error"]), Ok(log));
        // C prints on, until there is a 0.
        let endless = abi.os_error(&c["os_error_endless"]).expect("it is whole");
        assert_eq!(endless.text, [b'x'; 256]);
        // The driver's C takes what has as much as the oldest version's.
        assert_eq!(abi.os_error(&c["os_error"][..268]), Ok(log));
        assert!(matches!(
            abi.os_error(&c["os_error"][..267]),
            Err(Fault::Short { .. })
        ));

        let print = LibosPrint {
            class: LIBOS_CLASS_PMU,
            size: 3,
            text: Some(b"pmu"),
        };
        let message = &c["libos_print"];
        assert_eq!(abi.libos_print(message), Ok(print));
        let cut = abi
            .libos_print(&message[..10])
            .expect("the words are there");
        assert_eq!((cut.size, cut.text), (3, None));
        assert!(abi.libos_print(&message[..7]).is_err());
    }
}

#[test]
fn what_only_some_versions_do() {
    for abi in VERSIONS {
        let name = module(*abi);
        assert_eq!(abi.wants_mux(), name != "r570");
        let dropped = |debug| abi.dropped(debug);
        if name == "r535" {
            for debug in [false, true] {
                assert_eq!(dropped(debug), [Event::GspSendUserSharedData]);
            }
        } else {
            assert_eq!(dropped(true), []);
            assert_eq!(
                dropped(false),
                [Event::GspPostNocatRecord, Event::GspLockdownNotice]
            );
        }
        for event in dropped(false) {
            assert!(abi.event_number(*event).is_some(), "{}", abi.version());
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        check::running(&bytes);
    }

    #[test]
    fn small_numbers_lead_further(
        len in 0_usize..4096,
        words in proptest::collection::vec((0_usize..64, 0_u32..300), 0..16),
    ) {
        let mut bytes = vec![0; len];
        for (at, word) in words {
            if let Some(slot) = bytes.get_mut(at * 4..at * 4 + 4) {
                slot.copy_from_slice(&word.to_le_bytes());
            }
        }
        check::running(&bytes);
    }
}
