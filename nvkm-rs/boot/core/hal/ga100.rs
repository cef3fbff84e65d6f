// SPDX-License-Identifier: GPL-2.0

//! GA100: `ga100_gsp_flcn`, and for the rest Turing's (`tu102_gsp_fwsec`, `tu102_sec2_flcn`,
//! `gm200_flcn_fw`).

use super::Hal;

/// GA100.
pub(super) struct Ga100;

impl Hal for Ga100 {
    fn name(&self) -> &'static str {
        "ga100"
    }

    fn has_frts(&self) -> bool {
        false
    }

    fn locks_memory(&self) -> bool {
        true
    }
}
