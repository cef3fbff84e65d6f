// SPDX-License-Identifier: GPL-2.0
//! Memory and interrupt of a host without QEMU.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use nvkm_vgpu::gsp::queue::PAGE;
use nvkm_vgpu::mem::{le32, put64, BusError, GuestMemory, Interrupt};

use super::place;

/// Memory below this address exists; it is zero until written.
const MEMORY_END: u64 = 1 << 40;

type Pages = HashMap<u64, Box<[u8; PAGE]>>;

/// Guest memory that comes into being when it is written.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Pages>>);

impl Memory {
    fn each(
        addr: u64,
        len: usize,
        mut f: impl FnMut(u64, usize, std::ops::Range<usize>),
    ) -> Result<(), BusError> {
        if addr.checked_add(len as u64).is_none_or(|e| e > MEMORY_END) {
            return Err(BusError { addr, len });
        }
        let mut done = 0;
        while done < len {
            let at = addr + done as u64;
            let off = (at % PAGE as u64) as usize;
            let n = (len - done).min(PAGE - off);
            f(at / PAGE as u64, off, done..done + n);
            done += n;
        }
        Ok(())
    }

    pub fn put(&self, addr: u64, data: &[u8]) {
        self.write(addr, data).unwrap();
    }

    pub fn get(&self, addr: u64, len: usize) -> Vec<u8> {
        let mut d = vec![0; len];
        self.read(addr, &mut d).unwrap();
        d
    }

    pub fn get32(&self, addr: u64) -> u32 {
        le32(&self.get(addr, 4), 0)
    }
}

impl GuestMemory for Memory {
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), BusError> {
        let pages = self.0.lock().unwrap();
        Self::each(addr, buf.len(), |page, off, range| {
            let n = range.len();
            match pages.get(&page) {
                Some(p) => buf[range].copy_from_slice(&p[off..off + n]),
                None => buf[range].fill(0),
            }
        })
    }

    fn write(&self, addr: u64, buf: &[u8]) -> Result<(), BusError> {
        let mut pages = self.0.lock().unwrap();
        Self::each(addr, buf.len(), |page, off, range| {
            let p = pages.entry(page).or_insert_with(|| Box::new([0; PAGE]));
            p[off..off + range.len()].copy_from_slice(&buf[range]);
        })
    }
}

/// Counts interrupt messages.
#[derive(Clone, Default)]
pub struct Irq(Arc<AtomicU64>);

impl Irq {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Interrupt for Irq {
    fn trigger(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// libos arguments: the log buffers with the lists of their pages, and RM's arguments.
pub fn put_libos(mem: &Memory) {
    let mut libos = [0; 4 * 32];
    let regions = [
        (b"\0LOGINIT", place::LOGS, 0x2000),
        (b"\0LOGINTR", place::LOGS + 0x2000, 0x2000),
        (b"\0\0\0LOGRM", place::LOGS + 0x4000, 0x2000),
        (b"\0\0RMARGS", place::RMARGS, 0x1000),
    ];
    for (n, (name, addr, size)) in regions.into_iter().enumerate() {
        put64(&mut libos, n * 32, u64::from_be_bytes(*name));
        put64(&mut libos, n * 32 + 8, addr);
        put64(&mut libos, n * 32 + 16, size);
        if addr >= place::LOGS {
            let mut log = vec![0; size as usize];
            put64(&mut log, 8, addr);
            put64(&mut log, 16, addr + 0x1000);
            mem.put(addr, &log);
        }
    }
    mem.put(place::LIBOS, &libos);
}
