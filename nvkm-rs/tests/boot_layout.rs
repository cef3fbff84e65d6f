// SPDX-License-Identifier: GPL-2.0

//! Where everything goes in the frame buffer, and what is handed over in system memory.

use std::collections::HashMap;

use nvkm_rs_core::abi::core::arguments::Range;
use nvkm_rs_core::boot::core::io::{Io, Unit};
use nvkm_rs_core::boot::core::layout::{Layout, Reserved, Sizes, Top};
use nvkm_rs_core::boot::core::libos::{self, shared};
use proptest::prelude::*;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Registers that only hold values.
struct Registers(HashMap<u32, u32>, Vec<u32>);

impl Io for Registers {
    fn size(&self) -> u32 {
        16 << 20
    }
    fn read(&mut self, addr: u32) -> u32 {
        self.1.push(addr);
        self.0.get(&addr).copied().unwrap_or(0)
    }
    fn write(&mut self, addr: u32, _: u32) {
        panic!("{addr:#x} is written");
    }
    fn now(&mut self) -> u64 {
        0
    }
    fn pause(&mut self) {}
    fn delay(&mut self, _: u32) {}
    fn pmc(&mut self, _: Unit, _: bool) {}
}

fn reserved(values: &[(u32, u32)], display: bool, lockable: bool) -> (Reserved, Vec<u32>) {
    let mut registers = Registers(values.iter().copied().collect(), Vec::new());
    let reserved = Reserved::read(&mut registers, display, lockable);
    (reserved, registers.1)
}

const SIZES: Sizes = Sizes {
    frts: MIB,
    boot: 0x2_3000,
    image: 0x1ab_c123,
    heap: 105 * MIB,
};

/// Reckoned by hand.
#[test]
fn eight_gigabytes() {
    let top = Top::new(8 * GIB, Reserved::default()).unwrap();
    assert_eq!(top.end, 0x1_fff0_0000);
    assert_eq!(top.vga_workspace.size, MIB);
    let layout = Layout::new(top, SIZES).unwrap();
    let at = |addr, size| Range { addr, size };
    assert_eq!(layout.frts, at(0x1_ffe0_0000, 0x10_0000));
    assert_eq!(layout.boot, at(0x1_ffdd_d000, 0x2_3000));
    assert_eq!(layout.image, at(0x1_fe32_0000, 0x1ab_c123));
    // 105 MiB below that, rounded down; what rounding leaves below a whole megabyte is nobody's.
    assert_eq!(layout.heap, at(0x1_f7a0_0000, 0x690_0000));
    assert_eq!(layout.wpr2, at(0x1_f790_0000, 0x860_0000));
    assert_eq!(layout.non_wpr_heap, at(0x1_f780_0000, 0x10_0000));

    let meta = layout.meta();
    assert_eq!(meta.wpr_end, 0x1_fff0_0000);
    assert_eq!(meta.wpr_start, 0x1_f790_0000);
    assert_eq!(meta.reserved_start, 0x1_f780_0000);
    assert_eq!(meta.frame_buffer, 8 * GIB);
    assert_eq!(meta.vga_workspace, at(0x1_fff0_0000, 0x10_0000));
}

#[test]
fn what_the_top_is_taken_for() {
    const VGA: u32 = 0x62_5f04;
    let frame_buffer = 8 * GIB;
    let top = |reserved| Top::new(frame_buffer, reserved).unwrap();

    // A display that says nothing valid, and none at all.
    let (none, read) = reserved(&[(VGA, 0x01ff_f800)], true, false);
    assert_eq!((none.vga_workspace, read), (None, vec![VGA]));
    let (none, read) = reserved(&[(VGA, 0x01ff_f808)], false, false);
    assert_eq!((none.vga_workspace, read.len()), (None, 0));

    let (valid, _) = reserved(&[(VGA, 0x01ff_f80a)], true, false);
    assert_eq!(valid.vga_workspace, Some(0x1_fff8_0000));
    assert_eq!(top(valid).end, 0x1_fff8_0000);
    assert_eq!(top(valid).vga_workspace.size, 0x8_0000);
    // Further down than can be: 128 KiB.
    let (low, _) = reserved(&[(VGA, 0x0100_0008)], true, false);
    assert_eq!(top(low).end, frame_buffer - 0x2_0000);
    // Beyond the end.
    let (high, _) = reserved(&[(VGA, 0xffff_ff08)], true, false);
    let error = Top::new(frame_buffer, high).unwrap_err().to_string();
    assert!(error.contains("the VGA workspace"), "{error}");
}

#[test]
fn what_the_vbios_has_locked() {
    const MASK: u32 = 0x1f_a7c8;
    const LO: u32 = 0x1f_a82c;
    const HI: u32 = 0x1f_a830;
    let read = |mask, lo, hi| {
        reserved(&[(MASK, mask), (LO, lo), (HI, hi)], false, true)
            .0
            .locked
    };
    // Bits 31:4 are bits 39:12 of the address.
    assert_eq!(read(1, 0x01ff_8000, 0x01ff_fff0), Some(0x1_ff80_0000));
    assert_eq!(read(0, 0x01ff_8000, 0x01ff_fff0), None);
    assert_eq!(read(0xfffe, 0x01ff_8000, 0x01ff_fff0), None);
    assert_eq!(read(1, 0x01ff_8000, 0x01ff_0000), None);
    assert_eq!(read(1, 0, 0x01ff_0000), None);
    let (_, order) = reserved(&[(MASK, 1)], false, true);
    assert_eq!(order, [MASK, LO, HI]);
    // Where nobody may look, nobody looks; where there is no such thing, neither.
    assert_eq!(reserved(&[], false, true).1, [MASK]);
    assert!(reserved(&[(MASK, 1)], true, false).1 == [0x62_5f04]);

    let locked = Reserved {
        locked: Some(0x1_ff80_0000),
        ..Reserved::default()
    };
    let top = Top::new(8 * GIB, locked).unwrap();
    assert_eq!(top.end, 0x1_ff80_0000);
    // The workspace is where it was.
    assert_eq!(top.vga_workspace.addr, 0x1_fff0_0000);
    // What is locked above it does not count.
    let above = Reserved {
        locked: Some(8 * GIB - 1),
        ..Reserved::default()
    };
    assert_eq!(Top::new(8 * GIB, above).unwrap().end, 0x1_fff0_0000);
}

#[test]
fn no_frts_takes_no_room() {
    let top = Top::new(40 * GIB, Reserved::default()).unwrap();
    let layout = Layout::new(top, Sizes { frts: 0, ..SIZES }).unwrap();
    assert_eq!(layout.frts.size, 0);
    assert_eq!(layout.frts.addr, 40 * GIB - MIB);
    assert_eq!(layout.boot.addr, 40 * GIB - MIB - 0x2_3000);
}

#[test]
fn too_little_memory_is_an_error_with_its_reason() {
    for (frame_buffer, sizes, what) in [
        (64 * MIB, SIZES, "GSP-RM's heap"),
        (16 * MIB, SIZES, "GSP-RM"),
        (
            GIB,
            Sizes {
                heap: u64::MAX,
                ..SIZES
            },
            "heap",
        ),
        (GIB, Sizes { boot: GIB, ..SIZES }, "bootloader"),
    ] {
        let top = Top::new(frame_buffer, Reserved::default()).unwrap();
        let error = Layout::new(top, sizes).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    assert!(Top::new(MIB - 1, Reserved::default()).is_err());
}

proptest! {
    /// Whatever the sizes: it fits and does not overlap, or is an error.
    #[test]
    fn nothing_overlaps(
        frame_buffer in any::<u64>(),
        vga in prop::option::of(any::<u64>()),
        locked in prop::option::of(any::<u64>()),
        frts in prop_oneof![Just(0), Just(MIB)],
        boot in 0..(1_u64 << 40),
        image in 0..(1_u64 << 40),
        heap in 0..(1_u64 << 40),
    ) {
        let Ok(top) = Top::new(frame_buffer, Reserved { vga_workspace: vga, locked }) else {
            return Ok(());
        };
        prop_assert!(top.end <= frame_buffer);
        let Ok(l) = Layout::new(top, Sizes { frts, boot, image, heap }) else {
            return Ok(());
        };
        let end = |range: Range| range.addr.checked_add(range.size);
        let order = [l.non_wpr_heap, l.heap, l.image, l.boot, l.frts];
        for pair in order.windows(2) {
            prop_assert!(end(pair[0]).unwrap() <= pair[1].addr, "{:x?}", l);
        }
        prop_assert!(end(l.frts).unwrap() <= top.end);
        prop_assert!(end(l.wpr2).unwrap() <= top.end);
        prop_assert!(l.heap.size >= heap / MIB * MIB);
        prop_assert!(l.wpr2.addr + 0x100 <= l.heap.addr);
        for (value, align) in [
            (l.wpr2.addr, MIB), (l.heap.addr, MIB), (l.heap.size, MIB), (l.image.addr, 0x1_0000),
            (l.boot.addr, 0x1000), (l.meta().wpr_end, 0x2_0000),
        ] {
            prop_assert_eq!(value % align, 0);
        }
    }
}

/// The shared memory, written into a buffer as the glue writes it.
#[test]
fn queues_and_their_pages() {
    assert_eq!(shared::PAGES, 129);
    assert_eq!(shared::SIZE, 0x8_1000);
    assert_eq!((shared::COMMANDS, shared::MESSAGES), (0x1000, 0x4_1000));
    assert_eq!(shared::ELEMENTS, 63);
    assert_eq!((shared::WRITE_POINTER, shared::READ_POINTER), (16, 32));

    let entries: Vec<_> = shared::list(0x1234_5000).collect();
    assert_eq!(entries.len(), 129);
    assert_eq!(entries[0], (0, 0x1234_5000_u64.to_le_bytes()));
    assert_eq!(
        entries[128],
        (1024, (0x1234_5000_u64 + 128 * 0x1000).to_le_bytes())
    );

    let mut header = [0_u8; 32];
    for (place, value) in shared::commands_header() {
        header[place.offset..place.offset + place.width].copy_from_slice(&value.to_le_bytes());
    }
    // version, size, msgSize, msgCount, writePtr, flags, rxHdrOff, entryOff (msgqTxHeader).
    let words: Vec<u32> = header
        .chunks(4)
        .map(|w| u32::from_le_bytes(w.try_into().unwrap()))
        .collect();
    assert_eq!(words, [0, 0x4_0000, 0x1000, 63, 0, 1, 32, 0x1000]);
}

#[test]
fn a_log_knows_its_own_pages() {
    let list: Vec<_> = libos::page_list(0x8000, libos::LOG_SIZE as u64, libos::LOG_LIST).collect();
    assert_eq!(list.len(), 16);
    assert_eq!(list[0], (8, 0x8000_u64.to_le_bytes()));
    assert_eq!(list[15], (128, 0x1_7000_u64.to_le_bytes()));
    // The last page may be a part of one.
    assert_eq!(libos::page_list(0, 0x1001, 0).count(), 2);
    // An address space that ends, ends the list.
    assert_eq!(libos::page_list(u64::MAX - 0x1fff, 0x4000, 0).count(), 2);
}
