// SPDX-License-Identifier: GPL-2.0
#![no_main]

#[path = "../../tests/gsp/check.rs"]
#[allow(dead_code)]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check::registry(bytes);
});
