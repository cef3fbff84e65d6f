// SPDX-License-Identifier: GPL-2.0

//! FWSEC's descriptor and command. No VBIOS of a card may be shipped, so these are synthetic ones, of the shape that the
//! virtual GPU has; what is patched is compared with what `nvkm_gsp_fwsec_patch` writes, worked out here by the layout of
//! its structures.

mod fw_support;

use fw_support::make::{self, FWSEC_BUFFER, FWSEC_DMEM, FWSEC_IMEM, FWSEC_MAPPER};
use fw_support::ours;
use nvkm_rs_core::fw::core::error::Errno;
use nvkm_rs_core::fw::core::fwsec::{Command, Fwsec, Version};
use serde_json::json;

const FRTS: Command = Command::Frts {
    addr: 0x1_7fe0_0000,
    size: 0x10_0000,
};

/// `nvkm_gsp_fwsec_patch(gsp, fw, if_offset, init_cmd)`: the bytes, by C's structures.
fn patched_by_c(image: &[u8], command: Command) -> Vec<u8> {
    let mut image = image.to_vec();
    let data = &mut image[FWSEC_IMEM..];
    let (code, frts) = match command {
        Command::Frts { addr, size } => (0x15, Some((addr, size))),
        Command::Sb => (0x19, None),
    };
    // dmemmap->v3.init_cmd: signature, version and size, four buffers' offset and size less one pair, three words.
    let init_cmd = FWSEC_MAPPER + 4 + 2 + 2 + 4 * 6 + 4 * 3;
    make::put32(data, init_cmd, code);
    // frtscmd->read_vbios
    let at = FWSEC_BUFFER;
    make::put32(data, at, 1); // ver
    make::put32(data, at + 4, 4 + 4 + 8 + 4 + 4); // hdr: its size
    make::put64(data, at + 8, 0); // addr
    make::put32(data, at + 16, 0); // size
    make::put32(data, at + 20, 2); // flags
    if let Some((addr, size)) = frts {
        // frtscmd->frts_region
        make::put32(data, at + 24, 1); // ver
        make::put32(data, at + 28, 5 * 4); // hdr
        make::put32(data, at + 32, (addr / 4096) as u32);
        make::put32(data, at + 36, (size / 4096) as u32);
        make::put32(data, at + 40, 2); // type: FB
    }
    image
}

#[test]
fn version_2_as_c_fills_the_falcon() {
    let vbios = make::fwsec_v2(0x123);
    let fwsec = Fwsec::parse(&vbios).unwrap();
    assert_eq!(fwsec.version, Version::V2);
    assert_eq!(fwsec.image, &vbios[0x3c..0x3c + FWSEC_IMEM + FWSEC_DMEM]);
    assert_eq!(fwsec.image_offset, 0x3c);
    assert_eq!(fwsec.signatures, None);
    let expected = json!({
        "nmem": [0, 0x1000, 0x100],
        "imem": [0, 0x100, 0x100],
        "dmem": [FWSEC_IMEM, 0x2000, FWSEC_DMEM, 0],
        "boot_addr": 0,
        "brom": [0, 0, 0],
    });
    assert_eq!(ours::falcon(&fwsec.falcon), expected);
}

#[test]
fn version_3_as_c_fills_the_falcon() {
    for count in 1..5 {
        let vbios = make::fwsec_v3(count, 0);
        let fwsec = Fwsec::parse(&vbios).unwrap();
        assert_eq!(fwsec.version, Version::V3);
        let start = 0x2c + count * 384;
        assert_eq!(fwsec.image, &vbios[start..]);
        let expected = json!({
            "nmem": [0, 0, 0],
            "imem": [0, 0x1000, FWSEC_IMEM],
            // The size in whole blocks, as the DMA moves it.
            "dmem": [FWSEC_IMEM, 0x2000, 0x300, 0x90],
            "boot_addr": 0,
            "brom": [(1 << count) - 1, 0x400, 9],
        });
        assert_eq!(ours::falcon(&fwsec.falcon), expected);
        let signatures = fwsec.signatures.unwrap();
        assert_eq!(
            (signatures.size, signatures.count, signatures.offset),
            (384, count, 0x2c)
        );
        assert_eq!(signatures.image_offset, FWSEC_IMEM + 0x90);
        assert_eq!(signatures.table, &vbios[0x2c..start]);
        assert_eq!(signatures.get(count - 1), Some(&vbios[start - 384..start]));
        assert_eq!(signatures.get(count), None);
        assert_eq!(signatures.get(usize::MAX), None);
    }
}

#[test]
fn commands_are_what_c_writes() {
    for vbios in [make::fwsec_v2(0), make::fwsec_v3(2, 0x10)] {
        let fwsec = Fwsec::parse(&vbios).unwrap();
        for command in [FRTS, Command::Sb] {
            let mut copy = fwsec.image.to_vec();
            fwsec.patch(&mut copy, command).unwrap();
            assert_eq!(copy, patched_by_c(fwsec.image, command));
            // A buffer of whole pages, as the driver has it.
            let mut page = vec![0x5a; 0x1000];
            page[..fwsec.image.len()].copy_from_slice(fwsec.image);
            fwsec.patch(&mut page, command).unwrap();
            assert_eq!(page[..copy.len()], copy);
            assert!(page[copy.len()..].iter().all(|byte| *byte == 0x5a));
        }
    }
}

/// The table's first entry for DMEM counts, wherever it is, with entries of any length.
#[test]
fn interface_tables() {
    let base = make::fwsec_v2(0);
    let start = 0x3c + FWSEC_IMEM;
    for (header, step, count, at, expected) in [
        (4u8, 8u8, 1u8, 4usize, Ok(())),
        (4, 12, 3, 4 + 24, Ok(())),
        (16, 8, 255, 16 + 8 * 9, Ok(())),
        (4, 8, 1, 12, Err(())),
        (4, 8, 0, 4, Err(())),
        // Entries on top of each other: C reads the first one again and again.
        (4, 0, 255, 4, Ok(())),
    ] {
        let mut vbios = base.clone();
        let table = 0x130;
        make::put32(&mut vbios, 0x10, table as u32);
        let data = &mut vbios[start..];
        data[table..table + 0x110].fill(0xee);
        data[table..table + 4].copy_from_slice(&[1, header, step, count]);
        make::words(data, table + at, &[4, FWSEC_MAPPER as u32]);
        let fwsec = Fwsec::parse(&vbios).unwrap();
        let mut copy = fwsec.image.to_vec();
        let result = fwsec.patch(&mut copy, FRTS);
        assert_eq!(
            result.map_err(|_| ()),
            expected,
            "{header} {step} {count} {at}"
        );
        if let Err(error) = result {
            // C: WARN and -EINVAL.
            assert_eq!(error.errno(), Errno::Invalid);
            assert_eq!(copy, fwsec.image);
        } else {
            assert_eq!(copy, patched_by_c(fwsec.image, FRTS));
        }
    }
}

/// Where the buffer for a command may lie: all of what this command needs must be in the data.
#[test]
fn a_command_must_have_room() {
    let base = make::fwsec_v3(1, 0);
    let start = 0x2c + 384 + FWSEC_IMEM;
    for (command, needed) in [(FRTS, 44), (Command::Sb, 24)] {
        for (buffer, fits) in [
            (FWSEC_DMEM - needed, true),
            (FWSEC_DMEM - needed + 1, false),
            (u32::MAX as usize, false),
        ] {
            let mut vbios = base.clone();
            make::put32(&mut vbios[start..], FWSEC_MAPPER + 8, buffer as u32);
            let fwsec = Fwsec::parse(&vbios).unwrap();
            let mut copy = fwsec.image.to_vec();
            let result = fwsec.patch(&mut copy, command);
            assert_eq!(result.is_ok(), fits, "{command:?} at {buffer:#x}");
            assert_eq!(copy == fwsec.image, !fits);
        }
    }
}

/// The region is told in pages, in 32 bits.
#[test]
fn a_region_that_cannot_be_told() {
    let vbios = make::fwsec_v2(0);
    let fwsec = Fwsec::parse(&vbios).unwrap();
    let last = u64::from(u32::MAX) << 12;
    for (addr, size, expected) in [
        (last | 0xfff, last | 0xfff, true),
        (last + 0x1000, 0x1000, false),
        (0, last + 0x1000, false),
    ] {
        let mut copy = fwsec.image.to_vec();
        let result = fwsec.patch(&mut copy, Command::Frts { addr, size });
        assert_eq!(result.is_ok(), expected, "{addr:#x} {size:#x}");
        assert_eq!(copy == fwsec.image, !expected);
    }
}
