// SPDX-License-Identifier: GPL-2.0
//! Attacks on what is C whatever `rust_gsp` says: engines and RM objects. They say what remains to be done.

use super::bytes::{changed, set32, CONTROL};
use super::{After, Attack, Consumer, From, How, Scene, Which};
use crate::gsp::element::Element;

const fn boot(
    name: &'static str,
    what: &'static str,
    which: Which,
    make: fn(&Scene<'_>) -> Vec<Element>,
) -> Attack {
    Attack::new(name, Consumer::C, what, How::Reply(which, make))
        .after(After::Either)
        .quiet()
}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    boot(
        "device-info-many",
        "device info table of 0xffffffff entries",
        Which::control(0x2080_1112),
        |s| changed(s, |p| set32(p, CONTROL + 4, u32::MAX)),
    ),
    boot(
        "device-info-short",
        "device info table cut",
        Which::control(0x2080_1112),
        |s| changed(s, |p| p.truncate(CONTROL + 8)),
    ),
    boot(
        "context-buffers-huge",
        "context buffers of 0xfffff000 bytes",
        Which::control(0x2080_0a32),
        |s| changed(s, |p| set32(p, CONTROL, 0xffff_f000)),
    ),
    boot(
        "method-buffer-huge",
        "method buffers of 0xffffffff bytes",
        Which::control(0x2080_2a08),
        |s| changed(s, |p| set32(p, CONTROL, u32::MAX)),
    ),
    boot(
        "falcons-many",
        "0xffffffff constructed falcons",
        Which::control(0x2080_01b0),
        |s| changed(s, |p| set32(p, CONTROL, u32::MAX)),
    ),
    boot(
        "alloc-short",
        "reply to an allocation without its parameters",
        Which::first(103),
        |s| changed(s, |p| p.truncate(8)),
    ),
    // nvkm/engine/device reads what chip it is.
    Attack::new(
        "gone-at-power-on",
        Consumer::C,
        "the device answers 0xffffffff from the beginning",
        How::Gone(From::PowerOn),
    )
    .after(After::Refused),
    Attack::new(
        "rc-triggered-short",
        Consumer::C,
        "RC_TRIGGERED of 4 bytes",
        How::Post(|_| vec![Element::event(0x1004, vec![0; 4])]),
    ),
    Attack::new(
        "rc-triggered-channel",
        Consumer::C,
        "RC_TRIGGERED of channel 0xffffffff",
        How::Post(|s| {
            let mut p = vec![0; s.layout.rc_triggered];
            set32(&mut p, 4, u32::MAX);
            vec![Element::event(0x1004, p)]
        }),
    ),
];
