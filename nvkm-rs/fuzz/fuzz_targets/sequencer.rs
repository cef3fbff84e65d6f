// SPDX-License-Identifier: GPL-2.0
#![no_main]

#[path = "../../tests/boot_support/check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check::sequencer(bytes);
});
