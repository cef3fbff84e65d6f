// SPDX-License-Identifier: GPL-2.0
#![no_main]

#[path = "../../tests/fw_support/check.rs"]
#[allow(dead_code)]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check::bl(bytes);
});
