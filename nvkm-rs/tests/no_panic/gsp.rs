// SPDX-License-Identifier: GPL-2.0

//! All of `gsp`, called with bytes of which the compiler knows nothing; compiled to an object by `tests/no_panic.rs` as
//! the kernel compiles its own. What it returns goes out through functions that are defined nowhere.

#![no_std]

#[path = "../../abi"]
mod abi {
    pub(crate) use paste::paste;

    pub(crate) mod core;
}

#[path = "../../gsp"]
mod gsp {
    pub(crate) mod core;
}

use abi::core::services::{FbRegion, RegistryEntry, RegistryValue, FB_REGIONS};
use abi::core::Abi;
use gsp::core::regions::Usable;
use gsp::core::registry::{number, Part, Setting, REQUIRED};
use gsp::core::text::Printable;

extern "C" {
    fn bytes(which: u32, len: &mut usize) -> *mut u8;
    fn any() -> u64;
    fn entry_out(key: *const u8, key_len: usize, value: *const u8, value_len: usize);
    fn region_out(addr: u64, size: u64);
    fn number_out(value: u64);
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

fn word() -> u64 {
    // SAFETY: This is compiled and looked at, never run.
    unsafe { any() }
}

fn out(value: u64) {
    // SAFETY: This is compiled and looked at, never run.
    unsafe { number_out(value) }
}

fn out_pair(key: &[u8], value: &[u8]) {
    // SAFETY: This is compiled and looked at, never run.
    unsafe { entry_out(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

struct Console;

impl ::core::fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> ::core::fmt::Result {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { print(text.as_ptr(), text.len()) };
        Ok(())
    }
}

fn say(what: ::core::fmt::Arguments<'_>) {
    let _ = ::core::fmt::write(&mut Console, what);
}

#[no_mangle]
extern "C" fn registry() {
    let text = input(0);
    out(Setting::room(text).unwrap_or(0) as u64);
    let Some(setting) = Setting::new(text, input(1)) else {
        return;
    };
    for part in setting.parts() {
        match part {
            Part::Entry(RegistryEntry { key, value }) => match value {
                RegistryValue::Dword(number) => out(number.into()),
                RegistryValue::Binary(bytes) | RegistryValue::Text(bytes) => out_pair(key, bytes),
            },
            Part::NoPair(text) => say(format_args!("{}", Printable(text))),
            Part::LongKey(key, value) => out_pair(key, value),
        }
    }
    out(number(input(2)).unwrap_or(0).unsigned_abs());
    out(REQUIRED.len() as u64);
}

#[no_mangle]
extern "C" fn regions() {
    let all: [FbRegion; FB_REGIONS] = ::core::array::from_fn(|_| FbRegion {
        base: word(),
        limit: word(),
        reserved: word(),
        performance: 0,
        compressed: word() != 0,
        iso: word() != 0,
        protected: word() != 0,
    });
    match Usable::choose(&all) {
        Ok(usable) => {
            for region in usable.regions() {
                // SAFETY: This is compiled and looked at, never run.
                unsafe { region_out(region.addr, region.size) }
            }
            out(usable.reserved(word()).unwrap_or(0).into());
            if let Err(bad) = usable.check(word()) {
                say(format_args!("{bad}"));
            }
        }
        Err(bad) => say(format_args!("{bad}")),
    }
}

/// What the test must notice.
#[cfg(seeded)]
#[no_mangle]
extern "C" fn seeded(at: usize) -> u8 {
    input(0)[at]
}

/// Any version's interface: its functions are all in the table that this gives.
pub fn interface(version: &[u8]) -> Option<usize> {
    let abi: &dyn Abi = abi::core::select(version)?;
    Some(abi.static_info_size())
}
