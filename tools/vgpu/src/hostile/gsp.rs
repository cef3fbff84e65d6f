// SPDX-License-Identifier: GPL-2.0
//! Attacks on what RM tells of itself and of the GPU: counts of tables, regions, sizes and handles of events.

use super::bytes::{changed, set16, set32, set64, CONTROL};
use super::{After, Attack, Consumer, How, Scene, Which};
use crate::gsp::element::word::LENGTH;
use crate::gsp::element::Element;
use crate::gsp::queue::Rpc;

/// NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE
const TABLE: Which = Which::control(0x2080_0a5c);
/// NV2080_CTRL_CMD_GPU_GET_FERMI_GPC_INFO, of r570.
const GPCS: Which = Which::control(0x2080_0137);
/// NV2080_CTRL_CMD_GPU_GET_FERMI_TPC_INFO
const TPCS: Which = Which::control(0x2080_0138);
/// NV2080_CTRL_CMD_INTERNAL_MEMSYS_GET_STATIC_CONFIG
const MEMSYS: Which = Which::control(0x2080_0a1c);
/// GET_GSP_STATIC_INFO
const STATIC: Which = Which::first(65);

/// Static info with its regions changed: `change` gets the offset of fbRegionInfoParams.
fn regions(scene: &Scene<'_>, change: impl FnOnce(&mut [u8], usize)) -> Vec<Element> {
    let at = scene.layout.static_info.fb_regions;
    changed(scene, |p| change(p, at))
}

const fn boot(
    name: &'static str,
    what: &'static str,
    which: Which,
    make: fn(&Scene<'_>) -> Vec<Element>,
) -> Attack {
    Attack::new(name, Consumer::Gsp, what, How::Reply(which, make)).after(After::Refused)
}

const fn post(
    name: &'static str,
    what: &'static str,
    make: fn(&Scene<'_>) -> Vec<Element>,
) -> Attack {
    Attack::new(name, Consumer::Gsp, what, How::Post(make))
}

/// rpc_post_event_v17_00, nvrm/event.h: 32 bytes, and data from 29 on.
fn posted(client: u32, event: u32, size: u32, data: usize) -> Element {
    let mut p = vec![0xa5; 32 + data];
    p[..32].fill(0);
    set32(&mut p, 0, client);
    set32(&mut p, 4, event);
    set32(&mut p, 24, size);
    Element::event(0x1003, p)
}

/// rpc_ucode_libos_print_v1e_08, nvrm/msgfn.h
fn print(class: u32, size: u32, text: usize) -> Element {
    let mut p = vec![b'p'; 8 + text];
    set32(&mut p, 0, class << 8);
    set32(&mut p, 4, size);
    Element::event(0x100c, p)
}
const PMU: u32 = 0x00f3_d722;

fn os_error(scene: &Scene<'_>, text: &[u8]) -> Element {
    let mut p = vec![b'e'; scene.layout.os_error_log];
    p[..12].fill(0);
    set32(&mut p, 0, 31);
    for (to, from) in p[12..].iter_mut().zip(text) {
        *to = *from;
    }
    Element::event(0x1006, p)
}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    // GET_GSP_STATIC_INFO
    boot(
        "static-regions-many",
        "numFBRegions 0xffffffff",
        STATIC,
        |s| regions(s, |p, at| set32(p, at, u32::MAX)),
    ),
    boot(
        "static-regions-one-too-many",
        "numFBRegions 17 of 16",
        STATIC,
        |s| regions(s, |p, at| set32(p, at, 17)),
    ),
    boot("static-regions-none", "numFBRegions 0", STATIC, |s| {
        regions(s, |p, at| set32(p, at, 0))
    }),
    boot(
        "static-region-backwards",
        "region that ends before it begins",
        STATIC,
        |s| {
            regions(s, |p, at| {
                set64(p, at + 8, 0x1000_0000);
                set64(p, at + 16, 0x1000);
            })
        },
    ),
    boot(
        "static-region-everything",
        "region of all addresses",
        STATIC,
        |s| {
            regions(s, |p, at| {
                set64(p, at + 8, 0);
                set64(p, at + 16, u64::MAX);
            })
        },
    ),
    boot(
        "static-region-beyond",
        "region far behind the end of memory",
        STATIC,
        |s| {
            regions(s, |p, at| {
                set64(p, at + 8, 0xffff_ffff_0000_0000);
                set64(p, at + 16, 0xffff_ffff_ffff_efff);
            })
        },
    ),
    boot(
        "static-regions-overlap",
        "the same region sixteen times",
        STATIC,
        |s| {
            regions(s, |p, at| {
                set32(p, at, 16);
                let first = p
                    .get(at + 8..at + 56)
                    .map(<[u8]>::to_vec)
                    .unwrap_or_default();
                for n in 1..16 {
                    let place = at + 8 + n * 48;
                    if let Some(to) = p.get_mut(place..place + first.len()) {
                        to.copy_from_slice(&first);
                    }
                }
            })
        },
    ),
    boot("static-short", "static info of one byte", STATIC, |s| {
        changed(s, |p| p.truncate(1))
    }),
    boot(
        "static-length",
        "static info whose length says 8 bytes",
        STATIC,
        |s| vec![Element::of(s.rpc.clone()).with(LENGTH, 0x28)],
    ),
    boot(
        "static-failed",
        "static info with an rpc result",
        STATIC,
        |s| {
            vec![Element::of(Rpc {
                result: 0x65,
                ..s.rpc.clone()
            })]
        },
    ),
    boot(
        "static-handles-ones",
        "RM's own handles are 0xffffffff",
        STATIC,
        |s| {
            let at = s.layout.static_info.internal_client;
            changed(s, |p| (0..3).for_each(|n| set32(p, at + n * 4, u32::MAX)))
        },
    )
    .after(After::Either)
    .quiet(),
    // The interrupt table
    boot(
        "table-many",
        "interrupt table of 0xffffffff lines",
        TABLE,
        |s| changed(s, |p| set32(p, CONTROL, u32::MAX)),
    ),
    boot(
        "table-one-too-many",
        "interrupt table of 129 lines of 128",
        TABLE,
        |s| changed(s, |p| set32(p, CONTROL, 129)),
    ),
    boot(
        "table-full",
        "interrupt table of 128 lines of the same engine",
        TABLE,
        |s| {
            let ce = s.layout.mc.ce;
            changed(s, |p| {
                set32(p, CONTROL, 128);
                for n in 0..128 {
                    set16(p, CONTROL + 4 + n * 16, ce);
                }
            })
        },
    ),
    boot(
        "table-vectors",
        "interrupt vectors 0xfffffffe",
        TABLE,
        |s| {
            changed(s, |p| {
                for n in 0..8 {
                    set32(p, CONTROL + 4 + n * 16 + 8, u32::MAX - 1);
                    set32(p, CONTROL + 4 + n * 16 + 12, u32::MAX - 1);
                }
            })
        },
    )
    .after(After::Either)
    .quiet(),
    boot(
        "table-unknown-engines",
        "interrupts of engines that do not exist",
        TABLE,
        |s| {
            changed(s, |p| {
                (0..8).for_each(|n| set16(p, CONTROL + 4 + n * 16, 0xffff))
            })
        },
    )
    .after(After::Either)
    .quiet(),
    boot(
        "table-short",
        "interrupt table cut behind its count",
        TABLE,
        |s| changed(s, |p| p.truncate(CONTROL + 4)),
    ),
    boot(
        "table-failed",
        "interrupt table with an RM status",
        TABLE,
        |s| changed(s, |p| set32(p, 12, 0x65)),
    ),
    // Graphics and memory system
    boot("gpcs-all", "32 GPCs", GPCS, |s| {
        changed(s, |p| set32(p, CONTROL, u32::MAX))
    })
    .after(After::Either)
    .quiet(),
    boot("gpcs-short", "GPC mask cut", GPCS, |s| {
        changed(s, |p| p.truncate(CONTROL))
    }),
    boot("tpcs-all", "32 TPCs in a GPC", TPCS, |s| {
        changed(s, |p| set32(p, CONTROL + 4, u32::MAX))
    })
    .after(After::Either)
    .quiet(),
    boot("tpcs-short", "TPC mask cut", TPCS, |s| {
        changed(s, |p| p.truncate(CONTROL + 4))
    }),
    boot(
        "memsys-short",
        "memory system's configuration cut",
        MEMSYS,
        |s| changed(s, |p| p.truncate(CONTROL + 1)),
    ),
    // POST_EVENT
    post(
        "posted-size-all-ones",
        "POST_EVENT with 0xffffffff bytes of data",
        |_| vec![posted(0xc1d0_0000, 1, u32::MAX, 8)],
    ),
    post(
        "posted-size-above",
        "POST_EVENT with one byte more than it has",
        |_| vec![posted(0xc1d0_0000, 1, 9, 8)],
    ),
    post(
        "posted-size-below",
        "POST_EVENT with less data than it has",
        |_| vec![posted(0xc1d0_0000, 1, 4, 8)],
    ),
    post("posted-short", "POST_EVENT of 4 bytes", |_| {
        vec![Element::event(0x1003, vec![1; 4])]
    }),
    post("posted-empty", "POST_EVENT of nothing", |_| {
        vec![Element::event(0x1003, Vec::new())]
    }),
    post(
        "posted-unknown-client",
        "POST_EVENT for a client that never was",
        |_| vec![posted(0xdead_beef, 1, 0, 0)],
    ),
    post(
        "posted-freed-client",
        "POST_EVENT for a client that was freed",
        |s| {
            let (client, event) = s.facts.freed.unwrap_or((0xc1d0_0000, 1));
            vec![posted(client, event, 0, 0)]
        },
    )
    .after(After::Intact),
    post(
        "posted-unknown-event",
        "POST_EVENT for a living client's event that never was",
        |s| {
            let client = s.facts.client.unwrap_or(0xc1d0_0000);
            vec![posted(client, 0xdead_beef, 0, 0)]
        },
    ),
    // OS_ERROR_LOG
    post("error-log-short", "OS_ERROR_LOG of 8 bytes", |_| {
        vec![Element::event(0x1006, vec![1; 8])]
    }),
    post("error-log-empty", "OS_ERROR_LOG of nothing", |_| {
        vec![Element::event(0x1006, Vec::new())]
    }),
    post(
        "error-log-endless",
        "OS_ERROR_LOG whose text has no end",
        |s| vec![os_error(s, &[])],
    ),
    post(
        "error-log-escapes",
        "OS_ERROR_LOG with control characters and line ends",
        |s| {
            vec![os_error(
                s,
                b"\x1b[2J\r\n<0>[    0.000000] all is well\n\x07\xff\xfe\0",
            )]
        },
    ),
    // UCODE_LIBOS_PRINT: drivers drop it before they look at it.
    post(
        "print-size-all-ones",
        "libos print of 0xffffffff bytes",
        |_| vec![print(PMU, u32::MAX, 64)],
    )
    .quiet(),
    post(
        "mmu-fault-payload",
        "MMU_FAULT_QUEUED with a payload",
        |_| vec![Element::event(0x1005, vec![0xa5; 64])],
    ),
];
