// SPDX-License-Identifier: GPL-2.0

//! What nvkm's C does to a falcon, function by function under C's names, as lists of accesses. Written down from the C by
//! itself, addresses and bits as they stand there; nothing of the code under test is used.
//!
//! nvkm/falcon/{base,fw,gm200,gp102,ga100,ga102}.c, nvkm/subdev/gsp/{tu102,ga102,fwsec}.c, nvkm/engine/sec2/{tu102,ga102}.c

use nvkm_rs_core::boot::core::io::Unit;

use super::images::Loadable;
use super::Access;

/// One thing that C does.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// `nvkm_rd32(addr)`, and `nvkm_msec` with that: a device that is ready answers at once.
    Rd(u32),
    /// `nvkm_wr32(addr, value)`
    Wr(u32, u32),
    /// `nvkm_mask(addr, mask, value)`
    Mask(u32, u32, u32),
    /// `nvkm_wr32(to, nvkm_rd32(from))`
    Pass(u32, u32),
    /// `nvkm_mc_enable`, `nvkm_mc_disable`
    Mc(Unit, bool),
    /// `udelay(micros)`
    Udelay(u32),
}

use Item::{Mask, Mc, Pass, Rd, Udelay, Wr};

/// Holds what was done against what C does.
pub fn compare(what: &str, items: &[Item], done: &[Access]) {
    let mut done = done.iter().copied().enumerate();
    for (number, item) in items.iter().enumerate() {
        let mut next = || {
            let (at, access) = done
                .next()
                .unwrap_or_else(|| panic!("{what}: item {number}, {item:x?}, is missing"));
            (
                format!("{what}: item {number}, {item:x?}; access {at}"),
                access,
            )
        };
        let mut read = |addr| match next() {
            (_, Access::Read(at, value)) if at == addr => value,
            (place, other) => panic!("{place}: {other:?}"),
        };
        let should = match *item {
            Rd(addr) => {
                read(addr);
                continue;
            }
            Mask(addr, mask, value) => Access::Write(addr, read(addr) & !mask | value),
            Pass(from, to) => Access::Write(to, read(from)),
            Wr(addr, value) => Access::Write(addr, value),
            Mc(unit, on) => Access::Pmc(unit, on),
            Udelay(micros) => Access::Delay(micros),
        };
        let (place, access) = next();
        assert_eq!(access, should, "{place}");
    }
    let left: Vec<_> = done.collect();
    assert!(left.is_empty(), "{what}: and then {left:x?}");
}

/// `struct nvkm_falcon` with its functions.
#[derive(Clone, Copy)]
pub struct Flcn {
    pub unit: Unit,
    /// GA102's functions (`ga102_gsp_flcn`, `ga102_sec2_flcn`), not Turing's.
    pub ga102: bool,
    /// The RISC-V core is selected.
    pub riscv: bool,
    /// And so it is after each reset.
    pub reset_to: bool,
}

/// The registers that C reads the versions of ucode from.
const FUSE_NVDEC: u32 = 0x824100;
const FUSE_SEC2: u32 = 0x824140;
const FUSE_GSP: u32 = 0x8241c0;

impl Flcn {
    fn at(&self, addr: u32) -> u32 {
        addr + match self.unit {
            Unit::Gsp => 0x110000,
            Unit::Sec2 => 0x840000,
        }
    }

    fn debug(&self) -> bool {
        self.unit == Unit::Sec2 && !self.ga102
    }

    fn oneinit(&self) -> Vec<Item> {
        let mut list = vec![Rd(self.at(0x12c)), Rd(self.at(0x108))];
        if self.debug() {
            list.push(Rd(self.at(0x408)));
        }
        list
    }

    fn reset_prep(&self) -> Vec<Item> {
        match self.ga102 {
            true => vec![Rd(self.at(0x0f4)), Rd(self.at(0x0f4))],
            false => vec![],
        }
    }

    fn reset_wait_mem_scrubbing(&self) -> Vec<Item> {
        let state = if self.ga102 { 0x0f4 } else { 0x10c };
        vec![Mask(self.at(0x040), 0, 0), Rd(self.at(state))]
    }

    /// `gp102_flcn_reset_eng`
    fn reset_eng(&mut self) -> Vec<Item> {
        let mut list = self.reset_prep();
        list.push(Mask(self.at(0x3c0), 1, 1));
        list.push(Udelay(10));
        list.push(Mask(self.at(0x3c0), 1, 0));
        list.extend(self.reset_wait_mem_scrubbing());
        self.riscv = self.reset_to;
        list
    }

    fn select(&mut self) -> Vec<Item> {
        if !self.ga102 {
            return vec![];
        }
        let mut list = vec![Rd(self.at(0x1668))];
        if self.riscv {
            list.extend([Wr(self.at(0x1668), 0), Rd(self.at(0x1668))]);
        }
        self.riscv = false;
        list
    }

    /// `gm200_flcn_enable`
    fn enable(&mut self) -> Vec<Item> {
        let mut list = self.reset_eng();
        list.extend(self.select());
        if self.unit == Unit::Sec2 {
            list.push(Mc(self.unit, true));
        }
        list.extend(self.reset_wait_mem_scrubbing());
        list.push(Pass(0, self.at(0x084)));
        list
    }

    /// `gm200_flcn_disable`
    fn disable(&mut self) -> Vec<Item> {
        let mut list = self.select();
        list.push(Mask(self.at(0x048), 3, 0));
        list.push(Wr(self.at(0x014), 0xffff_ffff));
        if self.unit == Unit::Sec2 {
            list.extend(self.reset_prep());
            list.push(Mc(self.unit, false));
        }
        list.extend(self.reset_eng());
        list
    }

    /// `nvkm_falcon_reset`
    pub fn reset(&mut self) -> Vec<Item> {
        let mut list = self.disable();
        list.extend(self.enable());
        list
    }

    /// `gsp->func->reset`
    pub fn gsp_reset(&mut self) -> Vec<Item> {
        let mut list = self.reset_eng();
        if self.ga102 {
            list.push(Mask(self.at(0x1668), 0x111, 0x111));
        }
        list
    }

    /// `fw->func->signature`
    fn signature(&mut self, image: &Loadable) -> Vec<Item> {
        if image.table.is_none() {
            return vec![];
        }
        if !self.ga102 {
            // gm200_flcn_fw_signature; Turing's FWSEC has none.
            let mut list = self.enable();
            list.push(Rd(self.at(0x408)));
            return list;
        }
        let fuse = match image.layout.engine_id {
            id if id & 0x001 != 0 => FUSE_SEC2,
            id if id & 0x004 != 0 => FUSE_NVDEC,
            _ => FUSE_GSP,
        };
        vec![Rd(fuse + (image.layout.ucode_id - 1) * 4)]
    }

    /// `nvkm_falcon_pio_wr` to IMEM
    fn imem(&self, bytes: &[u8], base: u32, tag: u32, secure: bool) -> Vec<Item> {
        let secure = if secure { 1 << 28 } else { 0 };
        let mut list = vec![Wr(self.at(0x180), secure | (1 << 24) | base)];
        for (block, bytes) in bytes.chunks(0x100).enumerate() {
            list.push(Wr(self.at(0x188), tag + block as u32));
            list.extend(self.data(0x184, bytes));
        }
        list
    }

    /// `nvkm_falcon_pio_wr` to DMEM
    fn dmem(&self, bytes: &[u8], base: u32) -> Vec<Item> {
        let mut list = vec![Wr(self.at(0x1c0), (1 << 24) | base)];
        list.extend(self.data(0x1c4, bytes));
        list
    }

    fn data(&self, port: u32, bytes: &[u8]) -> Vec<Item> {
        let words = bytes.chunks(4);
        words
            .map(|word| Wr(self.at(port), u32::from_le_bytes(word.try_into().unwrap())))
            .collect()
    }

    /// `gm200_flcn_fw_load`; `image` is as it is after its signature was put into it, and `limit` is IMEM's size.
    fn pio_load(&self, image: &Loadable, limit: u32) -> Vec<Item> {
        let mut list = vec![Mask(self.at(0x624), 0x80, 0x80), Wr(self.at(0x10c), 0)];
        let (fw, bytes) = (&image.layout, image.bytes());
        let part = |base: u32, size: u32| &bytes[base as usize..(base + size) as usize];
        let Some(boot) = &image.loader else {
            let (nmem, imem) = (
                part(fw.nmem_base_img, fw.nmem_size),
                part(fw.imem_base_img, fw.imem_size),
            );
            list.extend(self.imem(nmem, fw.nmem_base, fw.nmem_base >> 8, false));
            list.extend(self.imem(imem, fw.imem_base, fw.imem_base >> 8, true));
            list.extend(self.dmem(part(fw.dmem_base_img, fw.dmem_size), fw.dmem_base));
            return list;
        };
        let base = limit - boot.len() as u32;
        list.extend(self.imem(boot, base, fw.boot_addr >> 8, false));
        // tu102_gsp_fwsec_load_bld
        let mut desc = [0; 84];
        let data = image.addr + u64::from(fw.dmem_base_img);
        desc[32..36].copy_from_slice(&4u32.to_le_bytes()); // ctx_dma
        desc[36..44].copy_from_slice(&image.addr.to_le_bytes()); // code_dma_base
        desc[44..48].copy_from_slice(&fw.nmem_base.to_le_bytes()); // non_sec_code_off
        desc[48..52].copy_from_slice(&fw.nmem_size.to_le_bytes()); // non_sec_code_size
        desc[52..56].copy_from_slice(&fw.imem_base.to_le_bytes()); // sec_code_off
        desc[56..60].copy_from_slice(&fw.imem_size.to_le_bytes()); // sec_code_size
        desc[64..72].copy_from_slice(&data.to_le_bytes()); // data_dma_base
        desc[72..76].copy_from_slice(&fw.dmem_size.to_le_bytes()); // data_size
        list.push(Mask(self.at(0x610), 0x7, 0x5));
        list.extend(self.dmem(&desc, 0));
        list
    }

    /// `nvkm_falcon_dma_wr`
    fn dma_wr(&self, addr: u64, from: u32, to: u32, size: u32, cmd: u32) -> Vec<Item> {
        let mut list = vec![
            Wr(self.at(0x110), (addr >> 8) as u32),
            Wr(self.at(0x128), 0),
        ];
        for at in (0..size).step_by(0x100) {
            list.push(Wr(self.at(0x114), to + at));
            list.push(Wr(self.at(0x11c), from + at));
            list.push(Wr(self.at(0x118), cmd));
            list.push(Rd(self.at(0x118)));
        }
        list
    }

    /// `ga102_flcn_fw_load`
    fn dma_load(&self, image: &Loadable) -> Vec<Item> {
        let mut list = vec![
            Mask(self.at(0x624), 0x80, 0x80),
            Wr(self.at(0x10c), 0),
            Mask(self.at(0x600), 0x10007, 0x5),
        ];
        let fw = &image.layout;
        let data = image.addr + u64::from(fw.dmem_base_img);
        list.extend(self.dma_wr(
            image.addr,
            fw.imem_base_img,
            fw.imem_base,
            fw.imem_size,
            0x614,
        ));
        list.extend(self.dma_wr(data, 0, fw.dmem_base, fw.dmem_size, 0x600));
        list
    }

    /// `gm200_flcn_fw_boot`, `ga102_flcn_fw_boot`
    fn boot(&self, image: &Loadable, mbox0: u32, mbox1: Option<u32>) -> Vec<Item> {
        let fw = &image.layout;
        let mut list = vec![];
        if self.ga102 {
            list.extend([
                Wr(self.at(0x1210), fw.dmem_sign),
                Wr(self.at(0x119c), fw.engine_id),
                Wr(self.at(0x1198), fw.ucode_id),
                Wr(self.at(0x1180), 1),
            ]);
        }
        list.push(Wr(self.at(0x040), mbox0));
        if let Some(mbox1) = mbox1 {
            list.push(Wr(self.at(0x044), mbox1));
        }
        list.extend([
            Wr(self.at(0x104), fw.boot_addr),
            Wr(self.at(0x100), 2),
            Rd(self.at(0x100)),
            Rd(self.at(0x040)),
            Rd(self.at(0x044)),
        ]);
        list
    }

    /// `nvkm_falcon_fw_boot`: `before` is the image as it was, `after` as it was loaded.
    pub fn fw_boot(
        &mut self,
        before: &Loadable,
        after: &Loadable,
        mbox0: u32,
        mbox1: Option<u32>,
    ) -> Vec<Item> {
        let mut list = self.oneinit();
        list.extend(self.signature(before));
        list.extend(self.reset());
        list.extend(match self.ga102 {
            true => self.dma_load(after),
            false => self.pio_load(after, 0x10000),
        });
        list.extend(self.boot(after, mbox0, mbox1));
        list
    }
}
