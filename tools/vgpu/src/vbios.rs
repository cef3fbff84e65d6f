// SPDX-License-Identifier: GPL-2.0
//! A VBIOS that holds what drivers look for and nothing else: two images, a BIT table, and the FWSEC ucode's container.
//!
//! Shapes are those that nvkm/subdev/bios/{image,pcir,npde,bit,pmu}.c and nvkm/subdev/gsp/fwsec.c parse. The code inside is
//! zeroes: the model acts in its place.

use crate::chips::{Chip, Family};
use crate::mem::{put16, put32};

/// FWSEC application id in the ucode table.
const FWSEC_PROD: u8 = 0x85;
/// Bytes of one RSA-3K signature.
const SIGNATURE: usize = 384;
/// DMEM of the FWSEC ucode, as on GA106 (hw-traces: eight blocks of 256 bytes).
const DMEM_SIZE: usize = 0x800;
/// Where the signature goes in DMEM, as on GA106 (hw-traces: 0x111210 <- 0x5a4).
const PKC_OFFSET: u32 = 0x5a4;
/// Ucode id and engine mask, as on GA106 (hw-traces: 0x111198 <- 9, 0x11119c <- 0x400).
const UCODE_ID: u8 = 9;
const ENGINE_MASK: u16 = 0x400;

/// DMEM offset of the application interface table.
pub const INTERFACE: usize = 0x20;
/// DMEM offset of the DMEM mapper.
const MAPPER: usize = 0x40;
/// DMEM offset of the command buffer.
const CMD_IN: usize = 0x100;

/// How large the FWSEC code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As small as drivers accept.
    Small,
    /// As on a real GA106, so that its register trace can be compared access for access.
    Hardware,
}

/// What FWSEC is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FwsecCommand {
    /// Make the FRTS region.
    Frts {
        /// Address in video memory.
        addr: u64,
        /// Bytes.
        size: u64,
    },
    /// Secure boot cleanup.
    Sb,
    /// Anything else.
    Other(u32),
}

/// Reads FWSEC's command out of a Falcon's DMEM; `None` when that DMEM does not hold FWSEC's data.
pub fn fwsec_command(dmem: &[u8]) -> Option<FwsecCommand> {
    use crate::mem::le32;
    if dmem.get(INTERFACE..INTERFACE + 4)? != [1, 4, 8, 1] || le32(dmem, INTERFACE + 4) != 4 {
        return None;
    }
    let mapper = le32(dmem, INTERFACE + 8) as usize;
    let cmd_in = le32(dmem, mapper.checked_add(8)?) as usize;
    Some(match le32(dmem, mapper.checked_add(0x2c)?) {
        0x15 => FwsecCommand::Frts {
            addr: u64::from(le32(dmem, cmd_in.checked_add(32)?)) << 12,
            size: u64::from(le32(dmem, cmd_in.checked_add(36)?)) << 12,
        },
        0x19 => FwsecCommand::Sb,
        other => FwsecCommand::Other(other),
    })
}

/// The ROM.
pub struct Vbios {
    data: Vec<u8>,
}

impl Vbios {
    /// Makes the ROM of a chip.
    pub fn new(chip: &Chip, shape: Shape) -> Self {
        let mut image0 = image(chip, 0x00, 0x1000, false);
        let base1 = image0.len() as u32;
        let table = 0x100u32;
        let desc = 0x120u32;

        // BIT: entries 'i' (version) and 'p' (Falcon ucode table).
        image0[0x80..0x86].copy_from_slice(b"\xff\xb8BIT\0");
        put16(&mut image0, 0x86, 0x0100);
        image0[0x88] = 12;
        image0[0x89] = 6;
        image0[0x8a] = 2;
        image0[0x8c..0x92].copy_from_slice(&[b'i', 2, 5, 0, 0x10, 0x01]);
        image0[0x92..0x98].copy_from_slice(&[b'p', 2, 4, 0, 0x00, 0x01]);
        put32(&mut image0, 0x100, base1 + table);
        let arch = ((chip.boot0 >> 20) & 0xff) as u8;
        image0[0x110..0x115].copy_from_slice(&[0x01, 0x00, arch, 0x90, 0x00]);
        let sum = image0.iter().fold(0u8, |a, b| a.wrapping_add(*b));
        let last = image0.len() - 1;
        image0[last] = sum.wrapping_neg();

        let body = fwsec(chip.family, shape);
        let mut image1 = image(chip, 0xe0, desc as usize + body.len(), true);
        let t = table as usize;
        image1[t..t + 4].copy_from_slice(&[1, 6, 6, 1]);
        image1[t + 6] = FWSEC_PROD;
        image1[t + 7] = 7;
        put32(&mut image1, t + 8, base1 + desc);
        let d = desc as usize;
        image1[d..d + body.len()].copy_from_slice(&body);

        image0.extend_from_slice(&image1);
        Self { data: image0 }
    }

    /// Lets it be changed.
    pub fn change(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.data);
    }

    /// The dword at `off`; erased flash beyond the end.
    pub fn dword(&self, off: u32) -> u32 {
        let off = off as usize;
        match self.data.get(off..off + 4) {
            Some(_) => crate::mem::le32(&self.data, off),
            None => 0xffff_ffff,
        }
    }

    /// The whole ROM.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }
}

/// An expansion ROM image of at least `size` bytes with its PCIR and NPDE headers.
fn image(chip: &Chip, kind: u8, size: usize, last: bool) -> Vec<u8> {
    let blocks = size.max(0x1000).div_ceil(512);
    let mut d = vec![0; blocks * 512];
    put16(&mut d, 0x00, 0xaa55);
    d[0x02] = blocks.min(255) as u8;
    put16(&mut d, 0x18, 0x40);
    d[0x40..0x44].copy_from_slice(b"PCIR");
    put16(&mut d, 0x44, 0x10de);
    put16(&mut d, 0x46, chip.device_id);
    put16(&mut d, 0x4a, 0x18);
    d[0x4c] = 3;
    d[0x4e] = 0x02;
    d[0x4f] = 0x03;
    put16(&mut d, 0x50, blocks as u16);
    d[0x54] = kind;
    d[0x55] = if last { 0x80 } else { 0 };
    d[0x60..0x64].copy_from_slice(b"NPDE");
    put16(&mut d, 0x64, 0x0100);
    put16(&mut d, 0x66, 0x14);
    put16(&mut d, 0x68, blocks as u16);
    d[0x6a] = if last { 0x80 } else { 0 };
    d
}

/// Descriptor, signatures, IMEM and DMEM of FWSEC.
fn fwsec(family: Family, shape: Shape) -> Vec<u8> {
    let v3 = family.has_brom();
    let imem = match shape {
        Shape::Small => 0x200,
        // hw-traces: 225 blocks of 256 bytes.
        Shape::Hardware => 0xe100,
    };
    let mut d = if v3 {
        let signatures = 3;
        let size = 0x2c + signatures * SIGNATURE;
        let mut d = vec![0; size];
        put32(&mut d, 0x00, ((size as u32) << 16) | (3 << 8) | 1);
        put32(&mut d, 0x04, (imem + DMEM_SIZE) as u32);
        put32(&mut d, 0x08, PKC_OFFSET);
        put32(&mut d, 0x0c, INTERFACE as u32);
        put32(&mut d, 0x14, imem as u32);
        put32(&mut d, 0x20, DMEM_SIZE as u32);
        put16(&mut d, 0x24, ENGINE_MASK);
        d[0x26] = UCODE_ID;
        d[0x27] = signatures as u8;
        // One signature a fuse version: versions 0 to 2.
        put16(&mut d, 0x28, 0x7);
        for (n, s) in d[0x2c..].chunks_mut(SIGNATURE).enumerate() {
            s.fill(0xa0 + n as u8);
        }
        d
    } else {
        let size = 0x3c;
        let mut d = vec![0; size];
        put32(&mut d, 0x00, ((size as u32) << 16) | (2 << 8) | 1);
        put32(&mut d, 0x04, (imem + DMEM_SIZE) as u32);
        put32(&mut d, 0x08, (imem + DMEM_SIZE) as u32);
        put32(&mut d, 0x10, INTERFACE as u32);
        put32(&mut d, 0x18, imem as u32);
        put32(&mut d, 0x20, 0x100);
        put32(&mut d, 0x24, imem as u32 - 0x100);
        put32(&mut d, 0x28, imem as u32);
        put32(&mut d, 0x30, DMEM_SIZE as u32);
        d
    };
    d.resize(d.len() + imem, 0);

    let mut m = vec![0u8; DMEM_SIZE];
    m[INTERFACE..INTERFACE + 4].copy_from_slice(&[1, 4, 8, 1]);
    put32(&mut m, INTERFACE + 4, 4);
    put32(&mut m, INTERFACE + 8, MAPPER as u32);
    m[MAPPER..MAPPER + 4].copy_from_slice(b"DMAP");
    put16(&mut m, MAPPER + 4, 3);
    put16(&mut m, MAPPER + 6, 0x40);
    put32(&mut m, MAPPER + 0x08, CMD_IN as u32);
    put32(&mut m, MAPPER + 0x0c, 0x100);
    put32(&mut m, MAPPER + 0x10, 0x200);
    put32(&mut m, MAPPER + 0x14, 0x100);
    d.extend_from_slice(&m);
    d
}
