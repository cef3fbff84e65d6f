// SPDX-License-Identifier: GPL-2.0
//! A host without QEMU: memory, an interrupt that counts, and a driver small enough to be read at a glance.
#![allow(dead_code)] // each test file uses its own part

pub mod memory;

use nvkm_vgpu::chips::{self, Family};
use nvkm_vgpu::device::{Device, Options};
use nvkm_vgpu::gsp::queue::{self, Rpc, PAGE};
use nvkm_vgpu::mem::{le32, le64, put32, put64};
use nvkm_vgpu::rm::layout::Layout;
use nvkm_vgpu::trace::Recorder;
use nvkm_vgpu::vbios::Shape;

use memory::{Irq, Memory};

/// Where the driver puts things in guest memory.
pub mod place {
    pub const META: u64 = 0x10_0000;
    pub const LIBOS: u64 = 0x10_1000;
    pub const RMARGS: u64 = 0x10_2000;
    /// LOGINIT, LOGINTR and LOGRM, each of two pages.
    pub const LOGS: u64 = 0x10_4000;
    pub const RADIX: u64 = 0x20_0000;
    pub const IMAGE: u64 = 0x30_0000;
    pub const LOADER: u64 = 0x40_0000;
    pub const SHARED: u64 = 0x100_0000;
    pub const CODE: u64 = 0xf7ee_0000;
}

/// Bytes of FRTS where there is one.
pub const FRTS: u64 = 0x10_0000;

/// A device, its host, and the driver's own state.
pub struct Host {
    pub dev: Device,
    pub mem: Memory,
    pub irq: Irq,
    pub family: Family,
    pub layout: &'static Layout,
    cmdq: u64,
    msgq: u64,
    entries: u32,
    cmd_write: u32,
    cmd_seq: u32,
    msg_read: u32,
    rpc_seq: u32,
    /// Events seen while waiting for replies: (function, payload).
    pub events: Vec<(u32, Vec<u8>)>,
    /// Elements taken from the message queue.
    pub elements: u64,
}

impl Host {
    pub fn new(gpu: &str, fw: &'static str) -> Self {
        Self::with(gpu, fw, Shape::Small, false)
    }

    pub fn with(gpu: &str, fw: &'static str, vbios: Shape, window: bool) -> Self {
        let chip = chips::find(gpu).unwrap();
        let (mem, irq) = (Memory::default(), Irq::default());
        let rec = Recorder::default();
        let options = Options {
            chip,
            fw: None,
            sequencer: true,
            vbios,
            window,
        };
        let dev = Device::new(options, Box::new(mem.clone()), Box::new(irq.clone()), rec).unwrap();
        Self {
            dev,
            mem,
            irq,
            family: chip.family,
            layout: Layout::of(fw).unwrap(),
            cmdq: 0,
            msgq: 0,
            entries: 0,
            cmd_write: 0,
            cmd_seq: 0,
            msg_read: 0,
            rpc_seq: 0,
            events: Vec::new(),
            elements: 0,
        }
    }

    pub fn rd(&mut self, addr: u32) -> u32 {
        let mut b = [0; 4];
        self.dev.bar_read(0, u64::from(addr), &mut b);
        u32::from_le_bytes(b)
    }

    pub fn wr(&mut self, addr: u32, v: u32) {
        self.dev.bar_write(0, u64::from(addr), &v.to_le_bytes());
    }

    /// Writes everything that the booter reads, with queues of `pages` pages.
    pub fn prepare(&mut self, pages: u32) {
        let vram = self.dev.options.chip.vram;
        self.mem
            .put(place::SHARED, &vec![0; (2 * pages as usize + 2) * PAGE]);
        let (entries, cmdq, msgq) =
            queue::init_shared(self.dev.bus(), place::SHARED, pages).unwrap();
        self.cmdq = place::SHARED + cmdq;
        self.msgq = place::SHARED + msgq;
        self.entries = pages - 1;
        (self.cmd_write, self.cmd_seq, self.msg_read) = (0, 0, 0);
        (self.rpc_seq, self.elements) = (0, 0);

        let mut args = [0; 32];
        put64(&mut args, 0, place::SHARED);
        put32(&mut args, 8, entries);
        put64(&mut args, 16, cmdq);
        put64(&mut args, 24, msgq);
        self.mem.put(place::RMARGS, &args);
        memory::put_libos(&self.mem);

        // One page of level 2, three pages of image.
        self.mem
            .put(place::RADIX, &(place::RADIX + 0x1000).to_le_bytes());
        self.mem.put(
            place::RADIX + 0x1000,
            &(place::RADIX + 0x2000).to_le_bytes(),
        );
        for i in 0..3u64 {
            let at = place::IMAGE + (2 - i) * 0x1000;
            self.mem
                .put(place::RADIX + 0x2000 + i * 8, &at.to_le_bytes());
        }
        let text = format!("gsp-rm {}\0", self.layout.version);
        self.mem.put(place::IMAGE + 0x2ff0, text.as_bytes());

        let mut m = [0; 256];
        let (top, frts) = self.top();
        let words = [
            (0, 0xdc3a_ae21_371a_60b3),
            (8, 1),
            (16, place::RADIX),
            (24, 0x3000),
            (32, place::LOADER),
            (40, 0x1000),
            (72, place::LOADER),
            (80, 0x1000),
            (88, vram - 0x1000_0000),
            (96, vram - 0x1000_0000),
            (104, 0x10_0000),
            (112, vram - 0x0ff0_0000),
            (120, vram - 0x0fe0_0000),
            (128, 0x0800_0000),
            (152, top - frts),
            (160, frts),
            (168, top),
            (176, vram),
        ];
        for (off, v) in words {
            put64(&mut m, off, v);
        }
        self.mem.put(place::META, &m);
    }

    /// End of the firmware's region, below what is locked and a megabyte of workspace; bytes of FRTS there.
    pub fn top(&self) -> (u64, u64) {
        let chip = self.dev.options.chip;
        let top = (chip.vram - 0x10_0000).min(chip.memory_end()) & !0x1_ffff;
        (top, if self.family.has_frts() { FRTS } else { 0 })
    }

    /// FWSEC's data as the VBIOS holds it.
    pub fn fwsec_dmem(&mut self) -> Vec<u8> {
        let rom: Vec<u8> = (0..0x4_0000u32)
            .step_by(4)
            .flat_map(|o| self.rd(0x300000 + o).to_le_bytes())
            .collect();
        let at = rom.windows(4).position(|w| w == b"DMAP").unwrap() - 0x40;
        rom[at..at + 0x800].to_vec()
    }

    /// Puts FWSEC's command for a region of that size at the top of memory into its data.
    pub fn patch_fwsec(dmem: &mut [u8], cmd: u32, addr: u64, size: u64) {
        let cmd_in = le32(dmem, 0x48) as usize;
        put32(dmem, 0x6c, cmd);
        put32(dmem, cmd_in + 32, (addr >> 12) as u32);
        put32(dmem, cmd_in + 36, (size >> 12) as u32);
    }

    /// Writes data memory of a Falcon by PIO.
    pub fn pio(&mut self, base: u32, data: &[u8]) {
        self.wr(base + 0x1c0, 1 << 24);
        for w in data.chunks(4) {
            self.wr(base + 0x1c4, le32(w, 0));
        }
    }

    pub fn reset_falcon(&mut self, base: u32) {
        self.wr(base + 0x3c0, 1);
        self.wr(base + 0x3c0, 0);
    }

    /// FWSEC, booter, sequencer, up to INIT_DONE.
    pub fn boot(&mut self) {
        self.boot_with(64);
    }

    pub fn boot_with(&mut self, pages: u32) {
        self.prepare(pages);
        self.boot_prepared();
    }

    /// The same, with what was prepared.
    pub fn boot_prepared(&mut self) {
        let seq = self.start();
        self.run_sequencer(&seq);
        self.wait(0x1001);
    }

    /// FWSEC and booter, up to the sequencer's commands, which it gives.
    pub fn start(&mut self) -> Vec<u8> {
        let (top, frts) = self.top();
        if frts != 0 {
            self.run_frts(top - frts, frts);
            assert_eq!(self.rd(0x110040), 0);
            let begin = u64::from(self.rd(0x1fa824)) << 8;
            assert_eq!(begin, top - frts, "WPR2 begins at FRTS");
        }

        let info = vec![0; self.layout.system_info];
        self.push(72, &info);
        self.push(73, &[8, 0, 0, 0, 0, 0, 0, 0]);

        self.reset_falcon(0x110000);
        self.wr(0x110040, place::LIBOS as u32);
        self.wr(0x110044, 0);
        self.reset_falcon(0x840000);
        self.pio(0x840000, &[1, 2, 3, 4]);
        self.wr(0x840040, place::META as u32);
        self.wr(0x840044, 0);
        self.wr(0x840100, 2);
        assert_eq!(self.rd(0x840040), 0, "booter");
        self.wr(0x110080, 1);
        self.wait(0x1002)
    }

    /// Has FWSEC make its region.
    pub fn run_frts(&mut self, addr: u64, size: u64) {
        let mut dmem = self.fwsec_dmem();
        Self::patch_fwsec(&mut dmem, 0x15, addr, size);
        self.reset_falcon(0x110000);
        self.pio(0x110000, &dmem);
        self.wr(0x110100, 2);
    }

    pub fn riscv_active(&mut self) -> bool {
        let (off, bit) = self.family.riscv_active();
        self.rd(0x110000 + off) & bit != 0
    }

    /// Executes a RUN_CPU_SEQUENCER payload the way NVIDIA's driver and nouveau do.
    pub fn run_sequencer(&mut self, p: &[u8]) {
        let word = |i: usize| le32(p, 40 + i * 4);
        let count = le32(p, 4) as usize;
        let mut i = 0;
        let mut saved = [0; 8];
        while i < count {
            let op = word(i);
            let a = |n: usize| word(i + n);
            match op {
                0 => {
                    let (at, v) = (a(1), a(2));
                    self.wr(at, v);
                }
                1 => {
                    let (at, mask, v) = (a(1), a(2), a(3));
                    let old = self.rd(at);
                    self.wr(at, (old & !mask) | v);
                }
                2 => {
                    let (at, mask, v) = (a(1), a(2), a(3));
                    assert_eq!(self.rd(at) & mask, v, "poll {at:#x}");
                }
                3 => {}
                4 => {
                    let (at, slot) = (a(1), a(2) as usize);
                    saved[slot] = self.rd(at);
                }
                5 => self.reset_falcon(0x110000),
                6 => self.wr(0x110100, 2),
                7 => assert_ne!(self.rd(0x110100) & 0x10, 0, "halted"),
                8 => {
                    self.reset_falcon(0x110000);
                    assert!(!self.riscv_active());
                    self.wr(0x110040, place::LIBOS as u32);
                    self.wr(0x110044, 0);
                    assert_ne!(self.rd(0x840100) & 0x40, 0, "SEC2 alias");
                    self.wr(0x840130, 2);
                    assert_ne!(self.rd(0x1180f8) & (1 << 26), 0);
                    assert_eq!(self.rd(0x840040), 0);
                    self.wr(0x110080, 1);
                    assert!(self.riscv_active());
                }
                other => panic!("opcode {other}"),
            }
            i += [3, 4, 6, 2, 3, 1, 1, 1, 1][op as usize];
        }
    }

    /// Queues one element without ringing.
    pub fn push_element(&mut self, rpc: &Rpc) {
        let e = queue::encode(rpc, self.cmd_seq);
        self.cmd_seq += 1;
        self.push_raw(&e);
    }

    /// Queues the pages of an element as they are.
    pub fn push_raw(&mut self, e: &[u8]) {
        for page in e.chunks(PAGE) {
            let at = self.cmdq + PAGE as u64 * (1 + u64::from(self.cmd_write));
            self.mem.put(at, page);
            self.cmd_write = (self.cmd_write + 1) % self.entries;
        }
        self.mem
            .put(self.cmdq + 0x10, &self.cmd_write.to_le_bytes());
    }

    /// Queues an RPC, with continuation records if it is long, and rings for each element.
    pub fn push(&mut self, function: u32, payload: &[u8]) {
        let mut function = function;
        let parts: Vec<&[u8]> = if payload.is_empty() {
            vec![&[]]
        } else {
            payload.chunks(queue::MAX_PAYLOAD).collect()
        };
        for part in parts {
            let rpc = Rpc {
                function,
                result: !0,
                result_private: !0,
                sequence: self.rpc_seq,
                payload: part.to_vec(),
            };
            self.push_element(&rpc);
            self.wr(0x110c00, 0);
            function = 71;
        }
        self.rpc_seq += 1;
    }

    /// A page of the message queue, as it lies there.
    pub fn element(&self, n: u32) -> Vec<u8> {
        self.mem.get(
            self.msgq + u64::from(1 + n % self.entries) * PAGE as u64,
            PAGE,
        )
    }

    /// Takes the next element from the message queue: whole RPC, checksum verified.
    pub fn take(&mut self) -> Option<Rpc> {
        let write = self.mem.get32(self.msgq + 0x10);
        if write == self.msg_read {
            return None;
        }
        let at = |n: u32| self.msgq + PAGE as u64 * (1 + u64::from(n % self.entries));
        let pages = self.mem.get32(at(self.msg_read) + 0x28);
        let e: Vec<u8> = (0..pages)
            .flat_map(|i| self.mem.get(at(self.msg_read + i), PAGE))
            .collect();
        let taken = queue::decode(&e).unwrap();
        assert_eq!(taken.complaint, None);
        assert_eq!(u64::from(taken.elem_seq), self.elements);
        self.elements += 1;
        assert!(self.elements < 100_000, "the queue never ends");
        self.msg_read = (self.msg_read + pages) % self.entries;
        self.mem.put(self.cmdq + 0x20, &self.msg_read.to_le_bytes());
        Some(taken.rpc)
    }

    /// Waits for a message; events that come before it are kept.
    pub fn wait(&mut self, function: u32) -> Vec<u8> {
        loop {
            let rpc = self
                .take()
                .unwrap_or_else(|| panic!("no message {function:#x}: {:?}", self.dev.rec.errors));
            if rpc.function == function {
                assert_eq!(rpc.result, 0);
                return rpc.payload;
            }
            self.events.push((rpc.function, rpc.payload));
        }
    }

    /// Takes all that is queued as events.
    pub fn drain(&mut self) {
        while let Some(rpc) = self.take() {
            self.events.push((rpc.function, rpc.payload));
        }
    }

    /// Calls a function and returns its reply.
    pub fn call(&mut self, function: u32, payload: &[u8]) -> Vec<u8> {
        self.push(function, payload);
        let mut reply = self.wait(function);
        while reply.len() < payload.len() && payload.len() > queue::MAX_PAYLOAD {
            reply.extend(self.wait(71));
        }
        reply
    }

    /// RM_ALLOC; returns status and parameters.
    pub fn alloc(
        &mut self,
        client: u32,
        parent: u32,
        handle: u32,
        class: u32,
        params: &[u8],
    ) -> (u32, Vec<u8>) {
        let mut p = vec![0; 32];
        for (i, v) in [client, parent, handle, class, 0, params.len() as u32]
            .into_iter()
            .enumerate()
        {
            put32(&mut p, i * 4, v);
        }
        p.extend_from_slice(params);
        let r = self.call(103, &p);
        (le32(&r, 16), r[32..].to_vec())
    }

    /// RM_CONTROL; returns status and parameters.
    pub fn control(&mut self, client: u32, object: u32, cmd: u32, params: &[u8]) -> (u32, Vec<u8>) {
        let mut p = vec![0; 24];
        for (i, v) in [client, object, cmd, 0, params.len() as u32]
            .into_iter()
            .enumerate()
        {
            put32(&mut p, i * 4, v);
        }
        p.extend_from_slice(params);
        let r = self.call(76, &p);
        (le32(&r, 12), r[24..].to_vec())
    }

    /// FREE; returns status.
    pub fn free(&mut self, client: u32, handle: u32) -> u32 {
        let mut p = vec![0; 16];
        put32(&mut p, 0, client);
        put32(&mut p, 8, handle);
        le32(&self.call(10, &p), 12)
    }

    /// Client, device, subdevice and an address space whose tables begin at `pdb` in video memory.
    pub fn address_space(&mut self, client: u32, pdb: u64) {
        let layout = self.layout;
        assert_eq!(
            self.alloc(client, client, client, 0, &vec![0; layout.client])
                .0,
            0
        );
        assert_eq!(self.alloc(client, client, 0xde1d_0000, 0x80, &[0; 56]).0, 0);
        assert_eq!(
            self.alloc(client, 0xde1d_0000, 0x5d1d_0000, 0x2080, &[0; 4])
                .0,
            0
        );
        assert_eq!(
            self.alloc(client, 0xde1d_0000, 0x90f1_0000, 0x90f1, &[0; 48])
                .0,
            0
        );
        let mut p = [0; 32];
        put64(&mut p, 0, pdb);
        put32(&mut p, 8, 4);
        put32(&mut p, 16, 0x90f1_0000);
        assert_eq!(self.control(client, 0xde1d_0000, 0x0080_1813, &p).0, 0);
    }

    pub fn vram_put(&self, addr: u64, data: &[u8]) {
        self.dev.bus().vram.write(addr, data).unwrap();
    }

    pub fn vram_get(&self, addr: u64, len: usize) -> Vec<u8> {
        let mut d = vec![0; len];
        self.dev.bus().vram.read(addr, &mut d).unwrap();
        d
    }

    /// Maps `pages` 4 KB pages of video memory from `addr` at `va`, with tables at `pdb` (five pages).
    pub fn map(&self, pdb: u64, va: u64, addr: u64, pages: u64) {
        let index = |shift: u32, bits: u32| (va >> shift) & ((1 << bits) - 1);
        let pde = |to: u64| ((to >> 4) | 2).to_le_bytes();
        self.vram_put(pdb + index(47, 2) * 8, &pde(pdb + 0x1000));
        self.vram_put(pdb + 0x1000 + index(38, 9) * 8, &pde(pdb + 0x2000));
        self.vram_put(pdb + 0x2000 + index(29, 9) * 8, &pde(pdb + 0x3000));
        self.vram_put(pdb + 0x3000 + index(21, 8) * 16 + 8, &pde(pdb + 0x4000));
        for i in 0..pages {
            let entry = ((addr + i * 0x1000) >> 4) | 1;
            let at = pdb + 0x4000 + (((va >> 12) & 0x1ff) + i) * 8;
            self.vram_put(at, &entry.to_le_bytes());
        }
    }

    /// What `device.json` would say.
    pub fn report(&self) -> serde_json::Value {
        self.dev.report()
    }

    /// Value of a 64-bit field of a reply.
    pub fn u64_at(p: &[u8], off: usize) -> u64 {
        le64(p, off)
    }
}
