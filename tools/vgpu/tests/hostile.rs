// SPDX-License-Identifier: GPL-2.0
//! Attacks: each is done when it is asked for and once only, and the device behind it is an honest one.

mod support;

use std::sync::Arc;

use nvkm_vgpu::hostile::{self, Attack, How};
use nvkm_vgpu::mem::le32;
use support::Host;

const STRIKE: u32 = 0x0200_0000 | ((hostile::STRIKE as u32) << 16);
const CALM: u32 = 0x0200_0000 | ((hostile::CALM as u32) << 16);

fn host(attack: &'static Attack) -> Host {
    let mut h = Host::new(attack.gpu, "570.144");
    h.dev.arm(attack, Arc::new(h.mem.clone()));
    h
}

fn done(h: &Host) -> u64 {
    h.report()["attack"]["done"].as_u64().unwrap()
}

/// The pages of the message queue that were announced.
fn announced(h: &Host) -> u32 {
    h.report()["state"]["queue_pointers"][2].as_u64().unwrap() as u32
}

#[test]
fn an_honest_device_takes_no_such_command() {
    let mut h = Host::new("tu104", "570.144");
    h.boot();
    assert!(!h.dev.command(STRIKE));
    assert!(!h.dev.command(CALM));
    assert!(h.report().get("attack").is_none());
}

#[test]
fn what_waits_is_done_when_it_is_asked_for() {
    for attack in hostile::attacks().filter(|a| a.waits()) {
        if matches!(attack.how, How::Registers(..) | How::Gone(_)) {
            continue;
        }
        let mut h = host(attack);
        h.boot();
        assert_eq!(done(&h), 0, "{}", attack.name);
        assert!(h.dev.command(STRIKE), "{}", attack.name);
        match attack.how {
            // Those want a message to reply to.
            How::Reply(..) => assert_eq!(done(&h), 0, "{}", attack.name),
            How::Toggle(..) | How::TogglePointer(_) | How::Flood => {
                while done(&h) == 0 {
                    std::thread::yield_now();
                }
            }
            _ => assert_eq!(done(&h), 1, "{}", attack.name),
        }
        assert!(h.dev.command(CALM), "{}", attack.name);
    }
}

#[test]
fn a_lie_is_in_the_queue() {
    let attack = hostile::find("length-all-ones").unwrap();
    let mut h = host(attack);
    h.boot();
    let at = announced(&h);
    assert!(h.dev.command(STRIKE));
    assert_eq!(announced(&h), at + 1);
    let element = h.element(at);
    assert_eq!(le32(&element, 0x38), u32::MAX);
    assert_eq!(le32(&element, 0x3c), 0x1006);
}

#[test]
fn pointers_become_what_they_were() {
    let attack = hostile::find("write-pointer-all-ones").unwrap();
    let mut h = host(attack);
    h.boot();
    let at = announced(&h);
    assert!(h.dev.command(STRIKE));
    assert_eq!(announced(&h), u32::MAX);
    assert!(h.dev.command(CALM));
    assert_eq!(announced(&h), at);
}

#[test]
fn registers_lie_until_the_end() {
    let attack = hostile::find("gone-while-running").unwrap();
    let mut h = host(attack);
    h.boot();
    let boot0 = h.rd(0);
    assert!(h.dev.command(STRIKE));
    assert_eq!((h.rd(0), h.rd(0x11_0040)), (u32::MAX, u32::MAX));
    h.wr(0x00_1700, 5);
    assert!(h.dev.command(CALM));
    assert_eq!(h.rd(0), boot0);
    assert_ne!(h.rd(0x00_1700), 5, "nobody was there to take it");
}

#[test]
fn the_vbios_is_another_one_until_the_end() {
    let attack = hostile::find("vbios-ucodes-none").unwrap();
    let honest = Host::new("tu104", "570.144").rd(0x30_1100);
    let mut h = host(attack);
    assert_ne!(h.rd(0x30_1100), honest);
    assert_eq!(done(&h), 1);
    assert!(h.dev.command(CALM));
    assert_eq!(h.rd(0x30_1100), honest);
}
