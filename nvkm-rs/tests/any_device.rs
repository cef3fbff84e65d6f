// SPDX-License-Identifier: GPL-2.0

//! A session and a device that does what it likes: what the fuzzer tries, a little of it in every test run.

mod support;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_is_sent(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        support::check::receive(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn there_and_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        support::check::there_and_back(&bytes);
    }
}
