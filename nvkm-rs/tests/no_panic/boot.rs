// SPDX-License-Identifier: GPL-2.0

//! Every step of `boot`, on a device and with images and messages of which the compiler knows nothing; compiled to an object
//! by `tests/no_panic.rs` as the kernel compiles its own. What they do goes out through functions that are defined nowhere.

#![no_std]

#[path = "../../abi"]
#[allow(unused_imports)]
// Others use more of it.
mod abi {
    pub(crate) use paste::paste;

    pub(crate) mod core;
}

#[path = "../../fw"]
mod fw {
    pub(crate) mod core;
}

#[path = "../../boot"]
mod boot {
    pub(crate) mod core;
}

use boot::core::error::{BootError, SequencerError};
use boot::core::hal;
use boot::core::image::{Image, SignatureTable};
use boot::core::io::{Io, Unit};
use boot::core::layout::{Layout, NoRoom, Reserved, Sizes, Top};
use boot::core::libos::{self, shared};
use boot::core::run::{Boot, Kind};
use boot::core::sequencer::{self, Resume};
use fw::core::falcon::Falcon;

extern "C" {
    fn number() -> u64;
    fn number_out(value: u64);
    fn register_read(addr: u32) -> u32;
    fn register_write(addr: u32, value: u32);
    fn image_word(which: u32, offset: u32, word: &mut u32) -> bool;
    fn image_set(offset: u32, word: u32) -> bool;
    fn bytes(len: &mut usize) -> *const u8;
    fn print(text: *const u8, len: usize);
}

fn any() -> u64 {
    // SAFETY: This is compiled and looked at, never run.
    unsafe { number() }
}

fn any32() -> u32 {
    any() as u32
}

fn flag() -> bool {
    any() & 1 != 0
}

fn out(value: u64) {
    // SAFETY: This is compiled and looked at, never run.
    unsafe { number_out(value) }
}

struct Device;

impl Io for Device {
    fn size(&self) -> u32 {
        any32()
    }

    fn read(&mut self, addr: u32) -> u32 {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { register_read(addr) }
    }

    fn write(&mut self, addr: u32, value: u32) {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { register_write(addr, value) }
    }

    fn now(&mut self) -> u64 {
        any()
    }

    fn pause(&mut self) {
        out(0);
    }

    fn delay(&mut self, microseconds: u32) {
        out(microseconds.into());
    }

    fn pmc(&mut self, unit: Unit, on: bool) {
        out(u64::from(unit == Unit::Gsp) << 1 | u64::from(on));
    }
}

struct Blob;

impl Image for Blob {
    fn layout(&self) -> Falcon {
        Falcon {
            nmem_base_img: any32(),
            nmem_base: any32(),
            nmem_size: any32(),
            imem_base_img: any32(),
            imem_base: any32(),
            imem_size: any32(),
            dmem_base_img: any32(),
            dmem_base: any32(),
            dmem_size: any32(),
            dmem_sign: any32(),
            boot_addr: any32(),
            fuse_ver: any32(),
            engine_id: any32(),
            ucode_id: any32(),
        }
    }

    fn addr(&self) -> u64 {
        any()
    }

    fn len(&self) -> u32 {
        any32()
    }

    fn word(&self, offset: u32) -> Option<u32> {
        let mut word = 0;
        // SAFETY: This is compiled and looked at, never run.
        unsafe { image_word(0, offset, &mut word) }.then_some(word)
    }

    fn set_word(&mut self, offset: u32, word: u32) -> bool {
        // SAFETY: This is compiled and looked at, never run.
        unsafe { image_set(offset, word) }
    }

    fn signatures(&self) -> Option<SignatureTable> {
        flag().then(|| SignatureTable {
            count: any32(),
            size: any32(),
            image_offset: any32(),
        })
    }

    fn signature_word(&self, offset: u32) -> Option<u32> {
        let mut word = 0;
        // SAFETY: This is compiled and looked at, never run.
        unsafe { image_word(1, offset, &mut word) }.then_some(word)
    }

    fn drop_signatures(&mut self) {
        out(1);
    }

    fn loader_size(&self) -> Option<u32> {
        flag().then(any32)
    }

    fn loader_word(&self, offset: u32) -> Option<u32> {
        let mut word = 0;
        // SAFETY: This is compiled and looked at, never run.
        unsafe { image_word(2, offset, &mut word) }.then_some(word)
    }

    fn sync(&mut self) {
        out(2);
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

fn say(what: &dyn ::core::fmt::Display) {
    let _ = ::core::fmt::write(&mut Console, format_args!("{what}"));
}

fn settle<T>(result: Result<T, BootError>) -> i32 {
    match result {
        Ok(_) => 0,
        Err(error) => {
            say(&error);
            error.errno() as i32 + i32::from(error.clock())
        }
    }
}

#[no_mangle]
extern "C" fn steps() -> i32 {
    let Some(hal) = hal::select(any32()) else {
        return -1;
    };
    out(hal.has_frts().into());
    out(hal.locks_memory().into());
    let mut device = Device;
    let mut boot = Boot {
        io: &mut device,
        hal,
    };
    let kind = match flag() {
        true => Kind::Fwsec,
        false => Kind::Booter,
    };
    let unit = match flag() {
        true => Unit::Gsp,
        false => Unit::Sec2,
    };
    let mailboxes = (any32(), flag().then(any32));
    boot.hand_over(any());
    settle((|| {
        let (mailbox0, mailbox1) = boot.run(unit, kind, &mut Blob, mailboxes)?;
        out(mailbox0.into());
        out(mailbox1.into());
        let (low, high) = boot.fwsec_frts(&mut Blob)?;
        out(low.into());
        out(high.into());
        boot.fwsec_sb(&mut Blob)?;
        boot.booter_load(&mut Blob, any())?;
        boot.reset()?;
        boot.start(any32())?;
        out(boot.wait_unloaded().into());
        boot.reset_falcon()?;
        out(boot.booter_unload(&mut Blob, flag().then(any))?.into());
        Ok(())
    })())
}

#[no_mangle]
extern "C" fn sequence() -> i32 {
    let Some(hal) = hal::select(any32()) else {
        return -1;
    };
    let mut device = Device;
    let mut boot = Boot {
        io: &mut device,
        hal,
    };
    let mut len = 0;
    // SAFETY: This is compiled and looked at, never run.
    let message = unsafe { ::core::slice::from_raw_parts(bytes(&mut len), len) };
    let resume = Resume {
        libos: any(),
        app_version: any32(),
    };
    let result = sequencer::run(&mut boot, message, &resume, &mut |command| say(command));
    match result {
        Ok(summary) => {
            out(summary.commands.into());
            out(summary.timeouts.into());
            if let Some((position, timeout)) = summary.last_timeout {
                out(position.into());
                say(&timeout);
            }
            for saved in summary.saved.into_iter().flatten() {
                out(saved.into());
            }
            0
        }
        Err(error) => {
            let error: SequencerError = error;
            say(&error);
            error.errno() as i32
        }
    }
}

#[no_mangle]
extern "C" fn layout() -> i32 {
    let result = (|| -> Result<Layout, NoRoom> {
        let reserved = Reserved::read(&mut Device, flag(), flag());
        let top = Top::new(any(), reserved)?;
        let sizes = Sizes {
            frts: any(),
            boot: any(),
            image: any(),
            heap: any(),
        };
        Layout::new(top, sizes)
    })();
    match result {
        Ok(layout) => {
            out(layout.heap.size);
            out(layout.meta().wpr_end);
            0
        }
        Err(error) => {
            say(&error);
            -1
        }
    }
}

#[no_mangle]
extern "C" fn lists() {
    let log = libos::page_list(any(), any(), any());
    for (offset, entry) in log.chain(shared::list(any())) {
        out(offset as u64);
        out(u64::from_le_bytes(entry));
    }
    for (place, value) in shared::commands_header() {
        out(place.offset as u64);
        out(value.into());
    }
}

/// What the test must notice.
#[cfg(seeded)]
#[no_mangle]
extern "C" fn seeded(at: usize) -> u8 {
    let mut len = 0;
    // SAFETY: This is compiled and looked at, never run.
    let slice = unsafe { ::core::slice::from_raw_parts(bytes(&mut len), len) };
    slice[at]
}
