// SPDX-License-Identifier: GPL-2.0
//! Attacks by way of the VBIOS: FWSEC's container. (Firmware files are the host's: tests change those on the disk.)
//!
//! Places are those of [`crate::vbios`]: two images of 0x1000 bytes at least; in the second one the table of ucodes at 0x100,
//! the descriptor at 0x120.

use super::bytes::{set16, set32};
use super::{After, Attack, Consumer, How};

const SECOND: usize = 0x1000;
const TABLE: usize = SECOND + 0x100;
const DESC: usize = SECOND + 0x120;

const fn vbios(name: &'static str, what: &'static str, change: fn(&mut Vec<u8>)) -> Attack {
    Attack::new(name, Consumer::Fw, what, How::Vbios(change)).after(After::Refused)
}

/// Sets a byte that is there.
fn set8(p: &mut [u8], at: usize, value: u8) {
    if let Some(b) = p.get_mut(at) {
        *b = value;
    }
}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    vbios(
        "vbios-ucodes-many",
        "table of 255 ucodes, none of which is FWSEC",
        |p| {
            set8(p, TABLE + 3, 255);
            set8(p, TABLE + 6, 0);
        },
    ),
    vbios("vbios-ucodes-none", "table without ucodes", |p| {
        set8(p, TABLE + 3, 0)
    }),
    vbios("vbios-ucode-entry-size", "ucode entries of 0 bytes", |p| {
        set8(p, TABLE + 2, 0)
    })
    .after(After::Either)
    .quiet(),
    vbios(
        "vbios-desc-beyond",
        "descriptor behind the end of the VBIOS",
        |p| {
            set32(p, TABLE + 8, 0x00ff_0000);
        },
    ),
    vbios("vbios-desc-far", "descriptor at 0xfffffff0", |p| {
        set32(p, TABLE + 8, 0xffff_fff0)
    }),
    vbios("vbios-desc-version", "descriptor of version 9", |p| {
        set8(p, DESC + 1, 9)
    }),
    vbios("vbios-desc-size", "descriptor of 0xffff bytes", |p| {
        set16(p, DESC + 2, 0xffff);
    }),
    vbios("vbios-stored-size", "ucode of 0xffffffff bytes", |p| {
        set32(p, DESC + 4, u32::MAX)
    })
    .after(After::Either)
    .quiet(),
    vbios("vbios-imem-size", "code of 0xffffff00 bytes", |p| {
        set32(p, DESC + 0x18, 0xffff_ff00)
    }),
    vbios("vbios-imem-size-ampere", "the same on Ampere", |p| {
        set32(p, DESC + 0x14, 0xffff_ff00)
    })
    .gpu("ga106"),
    vbios("vbios-dmem-size", "data of 0xffffff00 bytes", |p| {
        set32(p, DESC + 0x30, 0xffff_ff00)
    }),
    vbios("vbios-dmem-size-ampere", "the same on Ampere", |p| {
        set32(p, DESC + 0x20, 0xffff_ff00)
    })
    .gpu("ga106"),
    vbios(
        "vbios-dmem-offset",
        "data behind the end of the ucode",
        |p| set32(p, DESC + 0x28, 0x7fff_ff00),
    ),
    vbios(
        "vbios-interface-beyond",
        "interface table behind the end of the data",
        |p| {
            set32(p, DESC + 0x10, 0xffff_0000);
        },
    ),
    vbios("vbios-interface-beyond-ampere", "the same on Ampere", |p| {
        set32(p, DESC + 0x0c, 0xffff_0000);
    })
    .gpu("ga106"),
    vbios("vbios-signatures-none", "no signature at all", |p| {
        set8(p, DESC + 0x27, 0)
    })
    .gpu("ga106"),
    vbios(
        "vbios-signatures-many",
        "255 signatures in a descriptor of three",
        |p| {
            set8(p, DESC + 0x27, 255);
        },
    )
    .gpu("ga106")
    .after(After::Either)
    .quiet(),
    vbios(
        "vbios-pkc-offset",
        "signature that goes behind the end of the data",
        |p| {
            set32(p, DESC + 0x08, 0xffff_ff00);
        },
    )
    .gpu("ga106"),
];
