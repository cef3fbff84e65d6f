// SPDX-License-Identifier: GPL-2.0
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    support::check::receive(bytes);
});
