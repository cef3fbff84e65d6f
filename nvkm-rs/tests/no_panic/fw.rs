// SPDX-License-Identifier: GPL-2.0

//! Every parser of `fw`, called with bytes of which the compiler knows nothing; compiled to an object by
//! `tests/no_panic.rs` as the kernel compiles its own. What they return goes out through functions that are defined nowhere.

#![no_std]

#[path = "../../fw"]
mod fw {
    pub(crate) mod core;
}

use fw::core::bl::Bl;
use fw::core::booter::{Booter, Kind};
use fw::core::bootloader::{Bootloader, UcodeDesc};
use fw::core::elf32::Fmc;
use fw::core::elf64::{self, Elf64Header, SectionTable};
use fw::core::error::FwError;
use fw::core::falcon::{Falcon, Signatures};
use fw::core::fwsec::{Command, Fwsec};
use fw::core::radix3::{Level, Radix3, Table};

extern "C" {
    fn bytes(which: u32, len: &mut usize) -> *mut u8;
    fn number() -> u64;
    fn slice_out(from: *const u8, len: usize);
    fn number_out(value: u64);
    fn falcon_out(falcon: &[u32; 14]);
    fn entry_out(index: usize, entry: &[u8; 8]) -> bool;
    fn print(text: *const u8, len: usize);
}

fn input(which: u32) -> &'static mut [u8] {
    let mut len = 0;
    // SAFETY: This is compiled and looked at, never run.
    unsafe {
        let at = bytes(which, &mut len);
        ::core::slice::from_raw_parts_mut(at, len)
    }
}

fn any() -> u64 {
    // SAFETY: This is compiled and looked at, never run.
    unsafe { number() }
}

fn out(slice: &[u8]) {
    // SAFETY: This is compiled and looked at, never run.
    unsafe { slice_out(slice.as_ptr(), slice.len()) }
}

fn out_number(value: u64) {
    // SAFETY: This is compiled and looked at, never run.
    unsafe { number_out(value) }
}

fn out_falcon(f: &Falcon) {
    // SAFETY: This is compiled and looked at, never run.
    unsafe {
        falcon_out(&[
            f.nmem_base_img,
            f.nmem_base,
            f.nmem_size,
            f.imem_base_img,
            f.imem_base,
            f.imem_size,
            f.dmem_base_img,
            f.dmem_base,
            f.dmem_size,
            f.dmem_sign,
            f.boot_addr,
            f.fuse_ver,
            f.engine_id,
            f.ucode_id,
        ]);
    }
}

fn out_signatures(signatures: &Signatures<'_>) {
    out(signatures.table);
    out_number(signatures.image_offset as u64);
    if let Some(signature) = signatures.get(any() as usize) {
        out(signature);
    }
}

struct Console;

impl ::core::fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> ::core::fmt::Result {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { print(text.as_ptr(), text.len()) };
        Ok(())
    }
}

fn settle(result: Result<(), FwError>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(error) => {
            let _ = ::core::fmt::write(&mut Console, format_args!("{error}"));
            error.errno() as i32 + 1
        }
    }
}

#[no_mangle]
extern "C" fn rm() -> i32 {
    settle((|| {
        out(elf64::section(input(0), input(1))?);
        let header = Elf64Header::parse(input(2))?;
        out_number(header.table_offset());
        out_number(header.table_size() as u64);
        let table = SectionTable::parse(&header, input(3), None)?;
        out_number(table.names().offset);
        let section = table.find(input(4), input(5))?;
        out_number(section.offset);
        out_number(section.size);
        Ok(())
    })())
}

#[no_mangle]
extern "C" fn fmc() -> i32 {
    settle(Fmc::parse(input(0)).map(|fmc| {
        out(fmc.hash);
        out(fmc.signature);
        out(fmc.public_key);
        out(fmc.image);
    }))
}

#[no_mangle]
extern "C" fn booter(turing: bool) -> i32 {
    let kind = match turing {
        true => Kind::Turing,
        false => Kind::Brom,
    };
    settle(Booter::parse(input(0), kind).map(|booter| {
        out(booter.image);
        out_falcon(&booter.falcon);
        out_signatures(&booter.signatures);
    }))
}

#[no_mangle]
extern "C" fn bootloader() -> i32 {
    settle(Bootloader::parse(input(0)).and_then(|bootloader| {
        out(bootloader.desc);
        out(bootloader.image);
        bootloader.check(&UcodeDesc {
            app_version: 0,
            manifest_offset: any() as u32,
            manifest_size: any() as u32,
            data_offset: any() as u32,
            data_size: any() as u32,
            code_offset: any() as u32,
            code_size: any() as u32,
        })
    }))
}

#[no_mangle]
extern "C" fn bl() -> i32 {
    settle(Bl::parse(input(0)).map(|bl| {
        out(bl.code);
        out_number(bl.boot_addr().into());
    }))
}

#[no_mangle]
extern "C" fn fwsec(frts: bool) -> i32 {
    let command = match frts {
        true => Command::Frts {
            addr: any(),
            size: any(),
        },
        false => Command::Sb,
    };
    settle(Fwsec::parse(input(0)).and_then(|fwsec| {
        out(fwsec.image);
        out_falcon(&fwsec.falcon);
        if let Some(signatures) = fwsec.signatures {
            out_signatures(&signatures);
        }
        fwsec.patch(input(1), command)
    }))
}

struct Pages;

impl Table for Pages {
    fn set(&mut self, index: usize, entry: [u8; 8]) -> bool {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { entry_out(index, &entry) }
    }
}

#[no_mangle]
extern "C" fn radix3(count: usize) -> i32 {
    settle(Radix3::new(any()).and_then(|radix3| {
        for level in [Level::L0, Level::L1, Level::L2] {
            out_number(radix3.size(level) as u64);
            radix3.fill(level, &mut Pages, (0..count).map(|_| any()))?;
            radix3.fill(level, input(0), (0..count).map(|_| any()))?;
        }
        Ok(())
    }))
}

/// What the test must notice.
#[cfg(seeded)]
#[no_mangle]
extern "C" fn seeded(at: usize) -> u8 {
    input(0)[at]
}
